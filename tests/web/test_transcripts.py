"""What was said in a meeting, for the people in it: from a record to a client of the endpoint."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import webvtt
from fakes.livekit_api import FakeLiveKit
from fakes.record import MemoryRecord, utterance

from livekit_plugins_azure_interpreter.record import Joined, Meeting, Started

pytestmark = pytest.mark.native


class Record(MemoryRecord):
    """A record that lists its meetings."""

    async def meetings(self) -> list[Meeting]:
        if self.error is not None:
            raise self.error
        started = [entry for entry in self.entries if isinstance(entry, Started)]
        return [Meeting(one.meeting, one.room, one.at, one.at, 1) for one in started]

    async def begin(self, meeting: str, identity: str, room: str = "meeting") -> None:
        """Somebody is in a meeting, and Alice says something."""
        await self.append(
            [
                Started(id=f"{meeting}/s", meeting=meeting, at=1000.0, room=room),
                Joined(id=f"{meeting}/j", meeting=meeting, at=1000.5, person=identity, name="Zoe"),
                utterance(1, id=f"{meeting}/1", meeting=meeting, text=f"said in {meeting} \ud83d"),
            ]
        )


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
async def recorded_site(serve: Any, record: Record) -> Any:
    return await serve(record=record)


@pytest.fixture
async def zoe(recorded_site: Any, livekit: FakeLiveKit) -> Any:
    """Somebody in the room."""
    joined = await recorded_site.join(participant_name="Zoe")
    livekit.join("meeting", joined.claims["sub"])
    return joined


def token(joined: Any) -> str:
    return str(joined.body["participant_token"])


async def test_people_are_told_of_a_record_before_they_join(recorded_site: Any) -> None:
    assert (await recorded_site.get("/api/meeting")).body["is_recorded"] is True


async def test_somebody_in_the_meeting_gets_what_was_said(recorded_site: Any, record: Any, zoe: Any) -> None:
    await record.begin("RM_one", zoe.claims["sub"])
    answer = await recorded_site.download(token(zoe), language="fr")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="meeting.vtt"'
    assert answer.headers["Cache-Control"] == "no-store"
    (caption,) = webvtt.from_buffer(io.StringIO(answer.text)).captions
    assert (caption.voice, caption.text) == ("Alice", "phrase 1")
    both = webvtt.from_buffer(io.StringIO((await recorded_site.download(token(zoe), bilingual="true")).text))
    assert both.captions[0].text == "said in RM_one ?\nphrase 1"


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        ("srt", "application/x-subrip"),
        ("txt", "text/plain"),
        ("csv", "text/csv"),
        ("json", "application/json"),
    ],
)
async def test_each_format_is_named_as_what_it_is(
    recorded_site: Any, record: Any, zoe: Any, wanted: str, kind: str
) -> None:
    await record.begin("RM_one", zoe.claims["sub"])
    answer = await recorded_site.download(token(zoe), format=wanted)
    assert answer.headers["Content-Type"].startswith(kind)
    assert "said in RM_one" in (
        json.loads(answer.text)["utterances"][0]["text"] if wanted == "json" else answer.text
    )


async def test_an_earlier_meeting_of_other_people_in_the_room_is_not_given(
    recorded_site: Any, record: Any, zoe: Any
) -> None:
    await record.begin("RM_old", "guest-other")
    answer = await recorded_site.download(token(zoe))
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (409, "nothing_recorded", "5")
    await record.begin("RM_new", zoe.claims["sub"])
    assert "said in RM_new" in (await recorded_site.download(token(zoe))).text


async def test_a_meeting_in_another_room_is_not_given(recorded_site: Any, record: Any, zoe: Any) -> None:
    await record.begin("RM_board", zoe.claims["sub"], room="board")
    assert (await recorded_site.download(token(zoe))).code == "nothing_recorded"


@pytest.mark.parametrize(
    "wanted", [{"format": "pdf"}, {"format": ""}, {"language": "xx"}, {"language": "f" * 99}]
)
async def test_a_format_or_a_language_that_is_none_is_refused(
    recorded_site: Any, record: Any, zoe: Any, wanted: dict[str, str]
) -> None:
    await record.begin("RM_one", zoe.claims["sub"])
    answer = await recorded_site.download(token(zoe), **wanted)
    assert (answer.status, answer.code) == (400, "malformed")


async def test_a_record_that_is_away_is_said_so(recorded_site: Any, record: Any, zoe: Any) -> None:
    record.go_away()
    answer = await recorded_site.download(token(zoe))
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "record_unreachable", "5")


async def test_a_meeting_without_a_record_has_none(site: Any, livekit: FakeLiveKit) -> None:
    joined = await site.join()
    livekit.join("meeting", joined.claims["sub"])
    answer = await site.download(token(joined))
    assert (answer.status, answer.code) == (404, "not_recorded")


async def test_somebody_who_is_not_in_the_meeting_gets_nothing(
    recorded_site: Any, record: Any, zoe: Any
) -> None:
    await record.begin("RM_one", zoe.claims["sub"])
    outside = await recorded_site.join()
    assert (await recorded_site.download(token(outside))).code == "not_in_room"
    for bearer in ("", "nonsense"):
        answer = await recorded_site.download(bearer)
        assert (answer.status, answer.code) == (401, "token_refused")


async def test_downloads_are_limited(recorded_site: Any, record: Any, zoe: Any, clock: Any) -> None:
    await record.begin("RM_one", zoe.claims["sub"])
    statuses = [(await recorded_site.download(token(zoe))).status for _ in range(32)]
    assert statuses == [200] * 30 + [429] * 2
    clock.now += 2
    assert (await recorded_site.download(token(zoe))).status == 200
