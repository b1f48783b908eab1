"""Who of the speakers has a place at a resource, in virtual time."""

from __future__ import annotations

import asyncio

from fakes.clock import in_virtual_time
from fakes.places import opened, two_places

from livekit_plugins_azure_interpreter._meeting.speaker_places import SpeakerPlaces


class _Meeting:
    """Two places, and how often the plan was to change."""

    def __init__(self) -> None:
        self.changes = 0
        self.places = two_places()
        self.speakers = SpeakerPlaces(self.places, self._changed)

    def _changed(self) -> None:
        self.changes += 1


@in_virtual_time
async def test_speakers_get_places_in_their_order_and_the_others_wait() -> None:
    meeting = _Meeting()
    assert meeting.speakers.ask("abc", ()) == frozenset()
    await asyncio.sleep(0.1)
    assert meeting.changes == 2
    assert meeting.speakers.ask("abc", ()) == {"a", "b"}
    assert not meeting.speakers.is_waiting("c")
    await asyncio.sleep(0.5)
    assert meeting.speakers.is_waiting("c")
    assert meeting.changes == 5
    meeting.speakers.close()
    await asyncio.sleep(0.1)
    assert opened(meeting.places) == [0, 0]


@in_virtual_time
async def test_a_place_is_handed_over_once() -> None:
    meeting = _Meeting()
    meeting.speakers.ask("a", ())
    assert meeting.speakers.hand_over("a") is None
    await asyncio.sleep(0.1)
    place = meeting.speakers.hand_over("a")
    assert place is not None
    assert meeting.speakers.hand_over("a") is None
    assert meeting.speakers.ask("a", ["a"]) == {"a"}
    meeting.speakers.close()
    assert opened(meeting.places) == [1, 0]
    place.release()


@in_virtual_time
async def test_a_speaker_who_is_not_to_be_heard_any_more_gives_the_place_back() -> None:
    meeting = _Meeting()
    meeting.speakers.ask("abc", ())
    await asyncio.sleep(0.1)
    meeting.speakers.ask("bc", ())
    await asyncio.sleep(0.1)
    assert meeting.speakers.ask("bc", ()) == {"b", "c"}
    meeting.speakers.ask("", ())
    await asyncio.sleep(0.1)
    assert opened(meeting.places) == [0, 0]
