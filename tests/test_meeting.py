"""One meeting, in virtual time: what people and Azure do, and what the room gets of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from conftest import Until
from fakes.client_contract import as_objects, broken_rules, sent_too_soon
from fakes.clock import VirtualLoop, run
from fakes.livekit_room import FakeLiveKitRoom
from fakes.meeting import FIRST_UTTERANCE, SEGMENTATION_MS, FakeAzure, FakeRoom, Utterance
from fakes.record import MemoryRecord
from fakes.tts import ToneTTS
from livekit.agents import JobContext
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import (
    InterpretationChanged,
    MeetingInterpreter,
    Resource,
    SpeechResources,
)
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._sdk.events import Failed
from livekit_plugins_azure_interpreter.record import Missed, minutes
from livekit_plugins_azure_interpreter.record.scribe import Scribe

ALICE_FR = Route("alice", "fr")
BOB_EN = Route("bob", "en")


class Meeting:
    """A meeting with a microphone for everybody, and all that the interpreter told.

    `alice` speaks English, `bob` French and `carl` German.
    """

    def __init__(self, loop: VirtualLoop, **options: Any) -> None:
        self.loop = loop
        self.room = FakeRoom(loop)
        self.azure = FakeAzure(self.room, loop, seed=1)
        credentials = {"speech_key": "a-key", "speech_region": "westeurope"}
        fakes = {"segmentation_silence_timeout_ms": SEGMENTATION_MS, "_open_recognizer": self.azure}
        ours = {"catch_up": "none", **credentials, **fakes}
        self.interpreter = MeetingInterpreter(**{**ours, **options})
        self.changes: list[InterpretationChanged] = []
        self.interpreter.on("interpretation_changed", self.changes.append)
        self.interpreter._start(self.room)
        self._number = FIRST_UTTERANCE

    def join(self, identity: str, language: str, **attributes: str) -> None:
        self.room.join(identity, language=language, **attributes)
        self.room.publish_microphone(identity, f"{identity}-mic")

    async def say(
        self, speaker: str, language: str = "en", seconds: float = 1.0, *, voice_seconds: float = 1.0
    ) -> int:
        """Somebody says something; its number, once it was said."""
        self._number += 1
        now = self.loop.time()
        said = Utterance(self._number, speaker, language, f"{speaker}-mic", now, now + seconds, voice_seconds)
        self.room.say(said)
        await self.go_on(seconds)
        return said.number

    async def go_on(self, seconds: float) -> None:
        """Time passes."""
        await self.room.go_on(seconds)

    def heard(self, listener: str) -> list[tuple[int, str]]:
        """The utterances that somebody heard, in order, with the language."""
        pieces = [(piece.number, piece.language) for piece in self.room.played if listener in piece.listeners]
        return list(dict.fromkeys(pieces))

    def states(self, route: Route) -> list[str]:
        return [change.state for change in self.changes if (change.speaker, change.language) == route]

    def told(self, speaker: str) -> dict[str, Any]:
        """What any client is told of a speaker's interpretations; empty: nothing."""
        return as_objects(self.room.attributes).get(f"interpretation_state.{speaker}", {})

    def language_states(self, speaker: str) -> dict[str, str]:
        return {language: one["state"] for language, one in self.told(speaker).get("languages", {}).items()}

    @property
    def voices(self) -> dict[str, str]:
        """The voices that Azure is asked for by the streams that hear, by language."""
        return {language: voice for one in self.azure.hearing for language, voice in one.voices.items()}

    @property
    def tracks(self) -> list[str]:
        return sorted(output.route.name for output in self.room.outputs)


def in_a_meeting(**options: Any) -> Callable[[Callable[[Meeting], Awaitable[None]]], Callable[[], None]]:
    """Run a test in virtual time, and close the meeting after it."""

    def decorate(test: Callable[[Meeting], Awaitable[None]]) -> Callable[[], None]:
        async def held(loop: VirtualLoop) -> None:
            meeting = Meeting(loop, **options)
            await test(meeting)
            await meeting.interpreter.aclose()
            assert not meeting.azure.open
            assert not meeting.room.outputs
            assert meeting.room.closed
            assert [rules for _, told in meeting.room.told for rules in broken_rules(told)] == []
            assert sent_too_soon(meeting.room.told) == []

        def decorated() -> None:
            loop = VirtualLoop()
            run(loop, held(loop))

        decorated.__name__, decorated.__doc__ = test.__name__, test.__doc__
        return decorated

    return decorate


@in_a_meeting()
async def test_each_hears_the_other_in_their_language(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    first = await meeting.say("alice", "en")
    second = await meeting.say("bob", "fr")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(first, "fr")]
    assert meeting.heard("alice") == [(second, "en")]
    assert meeting.tracks == ["alice-fr", "bob-en"]


@in_a_meeting()
async def test_a_member_who_is_alone_costs_nothing(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("ann", "en-GB")
    await meeting.say("alice")
    assert not meeting.azure.streams
    assert not meeting.tracks


@in_a_meeting()
async def test_a_muted_speaker_has_a_track_and_no_stream(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = await meeting.say("alice")
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(5.0)
    assert meeting.azure.languages == ["en"]
    assert meeting.heard("bob") == [(said, "fr")], "what was said just before"
    assert "alice-fr" in meeting.tracks
    meeting.room.mute("alice", "alice-mic", muted=False)
    again = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(said, "fr"), (again, "fr")]


@in_a_meeting()
async def test_a_speaker_who_leaves_is_heard_to_the_end(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = await meeting.say("alice")
    meeting.room.leave("alice")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(said, "fr")]
    assert not meeting.tracks
    assert not meeting.azure.open


@in_a_meeting()
async def test_the_interpretation_ends_at_once_when_the_last_listener_leaves(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.say("alice")
    meeting.room.leave("bob")
    await meeting.go_on(0.2)
    assert not meeting.tracks
    assert not meeting.azure.open


@in_a_meeting()
async def test_a_change_of_language_goes_for_what_is_said_after_it(meeting: Meeting) -> None:
    for identity, language in {"alice": "en", "bob": "fr", "carl": "de", "dora": "de"}.items():
        meeting.join(identity, language)
    before = await meeting.say("alice")
    meeting.room.set("carl", language="fr")
    after = await meeting.say("alice")
    await meeting.go_on(6.0)
    assert meeting.heard("carl") == [(before, "de"), (after, "fr")]
    assert meeting.heard("dora") == [(before, "de"), (after, "de")]
    assert meeting.heard("bob") == [(before, "fr"), (after, "fr")]


@in_a_meeting(language_attribute="hears", spoken_attribute="speaks")
async def test_the_attributes_have_the_names_that_were_asked_for(meeting: Meeting) -> None:
    meeting.join("alice", "it", hears="en", speaks="de")
    meeting.join("bob", "it", hears="fr-FR")
    await meeting.go_on(1.0)
    assert meeting.tracks == ["alice-fr", "bob-en"]


@in_a_meeting(
    language_of=lambda participant: participant.attributes.get("sip.h.x-language"), default_language="de"
)
async def test_telephones_hear_the_language_of_their_header_or_the_default(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("telephone", **{"sip.h.x-language": "fr"})
    meeting.room.join("another telephone")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert meeting.heard("telephone") == [(said, "fr")]
    assert meeting.heard("another telephone") == [(said, "de")]


@in_a_meeting()
async def test_another_track_is_heard_in_the_same_stream(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.room.mute("bob", "bob-mic")
    meeting.room.publish_microphone("alice", "alice-screen")
    first = await meeting.say("alice")
    meeting.room.unpublish("alice", "alice-mic")
    now = meeting.loop.time()
    meeting.room.say(Utterance(1900, "alice", "en", "alice-screen", now, now + 1.0, 1.0))
    await meeting.go_on(6.0)
    assert meeting.heard("bob") == [(first, "fr"), (1900, "fr")]
    assert [stream.languages for stream in meeting.azure.streams] == [{"fr"}]


@in_a_meeting()
async def test_a_speaker_has_one_stream_whatever_the_languages(meeting: Meeting) -> None:
    languages = {"alice": "en", "bob": "fr", "carl": "de", "dora": "ja", "erik": "es"}
    for identity, language in languages.items():
        meeting.join(identity, language)
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert meeting.interpreter.open_streams == len(meeting.azure.streams) == 5
    assert len(meeting.tracks) == 20
    for identity, language in languages.items():
        assert meeting.heard(identity) == ([] if identity == "alice" else [(said, language)])


@in_a_meeting()
async def test_a_change_of_language_opens_no_stream(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr", spoken_language="fr")
    await meeting.say("alice")
    for language in ("de", "ja", "es"):
        meeting.room.set("bob", language=language)
        await meeting.go_on(0.5)
        await meeting.say("alice")
    await meeting.go_on(5.0)
    assert [language for _, language in meeting.heard("bob")] == ["fr", "de", "ja", "es"]
    assert meeting.azure.languages == ["en", "es"]
    assert len(meeting.azure.streams) == 2
    assert meeting.tracks == ["alice-es", "bob-en"]


@in_a_meeting()
async def test_a_member_may_read_another_language_than_they_hear(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr", read_language="Deutsch")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(said, "fr")]
    assert meeting.azure.languages == ["(de) fr"]
    assert [one.text for one in meeting.room.captions] == [f"{said}", f"{said} in de"]
    assert meeting.interpreter.interpretations == {ALICE_FR: {"bob"}, ("alice", "de"): frozenset()}


@in_a_meeting(reading_attribute="captions")
async def test_a_member_who_only_reads_hears_nothing(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", captions="fr")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert not meeting.tracks
    assert meeting.azure.languages == ["(fr)"]
    assert [(one.text, one.readers) for one in meeting.room.captions] == [
        (f"{said}", frozenset({"bob"})),
        (f"{said} in fr", frozenset({"bob"})),
    ]
    meeting.room.set("bob", captions="")
    await meeting.go_on(5.0)
    assert not meeting.azure.open
    assert meeting.states(ALICE_FR) == ["started", "ended"]


@in_a_meeting(voice={"fr": "fr-FR-DeniseNeural"})
async def test_a_language_may_have_a_voice_of_its_own(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.join("carl", "de")
    await meeting.go_on(1.0)
    voices = {name: voice for stream in meeting.azure.streams for name, voice in stream.voices.items()}
    assert voices == {"fr": "fr-FR-DeniseNeural", "de": "personal-voice", "en": "personal-voice"}


@in_a_meeting(max_streams=1)
async def test_each_language_of_a_speaker_who_waits_is_reported(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.room.join("carl", language="de")
    await meeting.go_on(0.5)
    assert meeting.states(Route("bob", "de")) == ["queued"]
    meeting.room.join("dora", language="ja")
    await meeting.go_on(0.5)
    assert meeting.states(Route("bob", "ja")) == ["queued"]
    assert meeting.states(Route("alice", "ja")) == ["started"]


@in_a_meeting(max_streams=1)
async def test_speakers_beyond_the_ceiling_wait_and_that_is_reported(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert len(meeting.azure.open) == 1
    assert meeting.states(ALICE_FR) == ["started"]
    assert meeting.states(BOB_EN) == ["queued"]
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(1.0)
    assert meeting.states(BOB_EN) == ["queued", "started"]
    assert len(meeting.azure.open) == 1


def _of_resources(*max_streams: int) -> dict[str, Any]:
    """The options of a meeting with several resources."""
    resources = [
        Resource(speech_key="a-key", speech_region=region, max_streams=most)
        for region, most in zip(("westeurope", "northeurope"), max_streams, strict=False)
    ]
    return {"speech_key": None, "speech_region": None, "speech_resources": SpeechResources(resources)}


def _places_in_line(meeting: Meeting) -> dict[str, int]:
    states = {name: json.loads(value) for name, value in meeting.room.attributes.items() if "_state." in name}
    return {
        name.partition(".")[2]: state["place"]
        for name, told in states.items()
        for state in told["languages"].values()
        if state["state"] == "queued"
    }


@in_a_meeting(**_of_resources(1, 1))
async def test_speakers_are_heard_at_the_resources_that_have_a_place(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(1.0)
    assert len(meeting.azure.open) == 2
    assert [change.state for change in meeting.changes] == ["started", "started"]


@in_a_meeting(**_of_resources(1))
async def test_speakers_without_a_place_at_a_resource_wait_in_line_and_are_told_their_place(
    meeting: Meeting,
) -> None:
    for identity, language in (("alice", "en"), ("bob", "fr"), ("carl", "de")):
        meeting.join(identity, language)
        await meeting.go_on(0.1)
    await meeting.go_on(2.0)
    assert len(meeting.azure.open) == 1
    assert _places_in_line(meeting) == {"bob": 1, "carl": 2}
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(3.0)
    assert meeting.states(BOB_EN) == ["queued", "started"]
    assert _places_in_line(meeting) == {"carl": 1}
    assert len(meeting.azure.open) == 1


@in_a_meeting(**_of_resources(1))
async def test_a_speaker_who_leaves_the_line_is_not_waited_for(meeting: Meeting) -> None:
    for identity, language in (("alice", "en"), ("bob", "fr"), ("carl", "de")):
        meeting.join(identity, language)
        await meeting.go_on(0.1)
    await meeting.go_on(1.0)
    meeting.room.mute("bob", "bob-mic")
    await meeting.go_on(1.5)
    assert _places_in_line(meeting) == {"carl": 1}
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(3.0)
    assert meeting.states(Route("carl", "en")) == ["queued", "started"]


@in_a_meeting()
async def test_one_that_fails_touches_no_other_and_comes_back(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.join("carl", "de")
    await meeting.go_on(0.5)
    others = [stream for stream in meeting.azure.open if stream.languages != {"de", "fr"}]
    (failing,) = [stream for stream in meeting.azure.open if stream.languages == {"de", "fr"}]
    failing.fail()
    await meeting.go_on(0.2)
    failed = [change for change in meeting.changes if change.state == "failed"]
    assert [(one.speaker, one.language) for one in failed] == [("alice", "fr"), ("alice", "de")]
    assert all(one.error is not None and 0.5 <= (one.retry_seconds or 0.0) <= 1.0 for one in failed)
    await meeting.go_on(1.0)
    assert all(stream.open for stream in others)
    assert meeting.azure.languages == ["de en", "de fr", "en fr"]
    assert meeting.states(ALICE_FR) == ["started", "failed", "started"]
    assert meeting.states(Route("alice", "de")) == ["started", "failed", "started"]
    said = await meeting.say("alice", "en")
    await meeting.go_on(5.0)
    assert (said, "fr") in meeting.heard("bob")
    assert (said, "de") in meeting.heard("carl")


@in_a_meeting()
async def test_an_interpretation_that_fails_repeatedly_is_tried_less_often(meeting: Meeting) -> None:
    meeting.azure.failing = lambda stream: stream.languages == {"fr"}
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(300.0)
    waits = [change.retry_seconds or 0.0 for change in meeting.changes if change.state == "failed"]
    longest = [min(2.0**n, 60.0) for n in range(len(waits))]
    assert longest[-1] == 60.0
    assert all(limit / 2 <= wait <= limit for limit, wait in zip(longest, waits, strict=True))
    meeting.azure.failing = lambda stream: False
    await meeting.go_on(60.0)
    assert meeting.azure.languages == ["en", "fr"]


@in_a_meeting()
async def test_a_room_that_refuses_a_track_is_asked_again(meeting: Meeting) -> None:
    meeting.room.refusals = 1
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = {"alice": await meeting.say("alice", "en"), "bob": await meeting.say("bob", "fr")}
    await meeting.go_on(6.0)
    assert meeting.heard("bob") == [(said["alice"], "fr")]
    assert meeting.heard("alice") == [(said["bob"], "en")]


@in_a_meeting()
async def test_captions_are_for_those_who_listen_in_both_languages(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    captions = [(one.original, one.text, one.language, one.final) for one in meeting.room.captions]
    assert captions == [(True, f"{said}", "en-XX", True), (False, f"{said} in fr", "fr", True)]
    assert {one.readers for one in meeting.room.captions} == {frozenset({"bob"})}
    assert len({one.id for one in meeting.room.captions}) == 2


@in_a_meeting()
async def test_a_speaker_who_speaks_the_wanted_language_after_all_is_not_repeated(meeting: Meeting) -> None:
    meeting.room.join("alice")
    meeting.room.publish_microphone("alice", "alice-mic")
    meeting.join("bob", "fr")
    await meeting.say("alice", "fr")
    await meeting.go_on(6.0)
    assert not meeting.heard("bob")
    assert [one.original for one in meeting.room.captions] == [True]


@pytest.mark.parametrize("value", ["fr", "FR", " fr ", "fr_FR", "fr-FR", "français", "French"])
def test_a_language_may_be_wanted_by_any_of_its_names(value: str) -> None:
    @in_a_meeting()
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.join("bob", value)
        await meeting.say("alice")
        await meeting.go_on(1.0)
        assert "alice-fr" in meeting.tracks
        assert not meeting.room.refused

    meet()


@pytest.mark.parametrize("value", ["xx", "fr,de", "gsw", "no language at all"])
def test_a_wanted_language_without_translation_is_reported_once(
    caplog: pytest.LogCaptureFixture, value: str
) -> None:
    @in_a_meeting()
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.join("bob", value)
        await meeting.go_on(1.0)
        meeting.join("carl", "en")
        await meeting.go_on(1.0)
        assert [stream.languages for stream in meeting.azure.streams] == [{"en"}], "none into bob's"
        assert list(meeting.room.refused) == ["bob"]
        assert value in meeting.room.refused["bob"]
        meeting.room.set("bob", language="fr")
        await meeting.go_on(1.0)
        assert not meeting.room.refused

    with caplog.at_level(logging.WARNING):
        meet()
    assert sum("'bob' is not served as they ask" in record.message for record in caplog.records) == 1


@in_a_meeting()
async def test_cantonese_and_mandarin_are_interpreted_both_ways(meeting: Meeting) -> None:
    meeting.join("alice", "zh-HK")
    meeting.join("bob", "zh-Hans")
    meeting.join("carl", "zh-TW")
    await meeting.go_on(1.0)
    assert set(meeting.interpreter.interpretations) == {
        ("alice", "zh-Hans"),
        ("alice", "zh-Hant"),
        ("bob", "yue"),
        ("carl", "yue"),
    }


@in_a_meeting()
async def test_two_people_at_one_device_hear_each_other_and_are_heard(meeting: Meeting) -> None:
    meeting.room.join("table", between="en,fr")
    meeting.room.publish_microphone("table", "table-mic")
    english = await meeting.say("table", "en")
    await meeting.go_on(3.0)
    french = await meeting.say("table", "fr")
    await meeting.go_on(8.0)  # whether the English words have an English voice is not known yet
    assert meeting.heard("table") == [(english, "fr"), (french, "en")]
    # A third language is heard in the first of the two, and by others in theirs.
    meeting.room.join("bob", language="fr")
    await meeting.go_on(1.0)
    german = await meeting.say("table", "de")
    await meeting.go_on(5.0)
    assert meeting.heard("table")[2:] == [(german, "en")]
    assert meeting.heard("bob") == [(german, "fr")]
    assert len(meeting.azure.streams) == 1


@in_a_meeting(originals="replace")
async def test_a_device_of_two_languages_hears_the_originals_too(meeting: Meeting) -> None:
    meeting.room.join("table", between="en,fr")
    meeting.room.publish_microphone("table", "table-mic")
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    said = await meeting.say("alice", "en")
    await meeting.go_on(3.0)
    assert meeting.heard("table") == [(said, "fr")]
    assert meeting.room.replaced == {"alice": {"bob"}, "bob": {"alice"}, "table": {"alice", "bob"}}


@in_a_meeting(originals="replace")
async def test_listeners_do_not_hear_the_original_while_they_have_an_interpretation(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.room.join("carl", read_language="fr")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {"alice": {"bob"}, "bob": {"alice"}}
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(5.0)
    assert meeting.room.replaced["alice"] == {"bob"}, "so that the first word is not heard twice"
    meeting.room.set("bob", language="en")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {}


@in_a_meeting()
async def test_originals_are_kept_by_default(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {}


@in_a_meeting(originals="replace")
async def test_the_original_is_heard_while_its_interpretation_has_failed(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    await meeting.go_on(0.5)
    (stream,) = meeting.azure.open
    meeting.azure.failing = lambda stream: True
    stream.fail()
    await meeting.go_on(0.2)
    assert meeting.states(ALICE_FR) == ["started", "failed"]
    assert meeting.room.replaced == {}
    meeting.azure.failing = lambda stream: False
    await meeting.go_on(60.0)
    assert meeting.room.replaced == {"alice": {"bob"}}


@in_a_meeting(originals="replace", max_streams=1)
async def test_the_original_of_a_speaker_who_waits_is_heard(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {"alice": {"bob"}}


@in_a_meeting(originals="replace", voice=None)
async def test_the_original_of_an_interpretation_without_a_voice_is_heard(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {}


def test_same_language_speech_is_spoken_if_the_original_is_not_heard() -> None:
    fallback = ToneTTS()

    @in_a_meeting(originals="replace", fallback=lambda language: fallback)
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.room.join("bob", language="fr")
        said = await meeting.say("alice", "fr")
        await meeting.go_on(8.0)
        assert fallback.texts == [f"{said} in fr"], "Azure's voice of what is in the language already"

    meet()


def turns(meeting: Meeting) -> list[dict[str, str] | None]:
    """Whose turn it was, as everybody was told; None: nobody's."""
    told = [one["interpreter.turn"] for _, one in meeting.room.told if "interpreter.turn" in one]
    return [json.loads(turn) if turn else None for turn in told]


@in_a_meeting(mode="consecutive")
async def test_others_wait_while_an_interpretation_is_heard_and_then_they_are_interpreted(
    meeting: Meeting,
) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    first = await meeting.say("alice", voice_seconds=4.0)
    await meeting.go_on(2.0)
    await meeting.say("bob", "fr")  # amid the interpretation of what alice has said
    await meeting.go_on(5.0)
    second = await meeting.say("bob", "fr")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(first, "fr")]
    assert meeting.heard("alice") == [(second, "en")]
    assert turns(meeting) == [
        {"speaker": "alice", "phase": "speaking"},
        {"speaker": "alice", "phase": "interpretation"},
        None,
        {"speaker": "bob", "phase": "speaking"},
        {"speaker": "bob", "phase": "interpretation"},
        None,
    ]
    times = [at for at, told in meeting.room.told if "interpreter.turn" in told]
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))


@in_a_meeting(mode="consecutive")
async def test_a_speaker_who_began_before_the_interpretation_finishes(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    first = await meeting.say("alice", voice_seconds=4.0)
    second = await meeting.say("bob", "fr", seconds=3.0)
    await meeting.go_on(8.0)
    assert meeting.heard("bob") == [(first, "fr")]
    assert meeting.heard("alice") == [(second, "en")]
    heard = sum(piece.seconds for piece in meeting.room.played if piece.number == second)
    assert heard == pytest.approx(1.0, abs=0.05), "all of it"


@in_a_meeting()
async def test_nobody_waits_by_default(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.say("alice", voice_seconds=4.0)
    await meeting.go_on(2.0)
    said = await meeting.say("bob", "fr")
    await meeting.go_on(5.0)
    assert meeting.heard("alice") == [(said, "en")]
    assert turns(meeting) == []


@in_a_meeting()
async def test_everything_ends_when_the_room_is_gone(meeting: Meeting) -> None:
    over: list[bool] = []
    meeting.interpreter.on("closed", lambda: over.append(True))
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.say("alice")
    meeting.room.vanish()
    await meeting.go_on(3.0)
    assert over == [True]
    assert not meeting.azure.open


@in_a_meeting()
async def test_the_meeting_tells_who_hears_what(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert meeting.interpreter.interpretations == {ALICE_FR: {"bob"}, BOB_EN: {"alice"}}
    assert meeting.interpreter.open_streams == 2


@in_a_meeting()
async def test_closing_as_somebody_comes_begins_nothing(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.interpreter.aclose()
    await meeting.go_on(1.0)
    assert not meeting.azure.streams


@pytest.fixture
def interpreter() -> MeetingInterpreter:
    return MeetingInterpreter(speech_key="a-key", speech_region="westeurope")


class TestInAJob:
    @pytest.fixture
    def job(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobContext]:
        """A job whose room is not connected yet."""
        room: Any = FakeLiveKitRoom(connected=False)

        async def connect(**_: Any) -> None:
            room.connected = True

        with fake_job_context(room=room) as job:
            monkeypatch.setattr(job, "connect", connect)
            yield job

    async def test_the_jobs_room_is_connected(
        self, interpreter: MeetingInterpreter, job: JobContext, until: Until
    ) -> None:
        await interpreter.start(job.room)
        await until(lambda: job.room.local_participant.attributes.get("interpreter") == "ready")
        assert job.room.isconnected()
        await interpreter.aclose()

    async def test_another_room_is_interpreted_and_the_jobs_room_is_left_alone(
        self, interpreter: MeetingInterpreter, job: JobContext, until: Until
    ) -> None:
        other: Any = FakeLiveKitRoom()
        await interpreter.start(other)
        await until(lambda: other.local_participant.attributes.get("interpreter") == "ready")
        assert not job.room.isconnected()
        await interpreter.aclose()

    async def test_another_room_that_is_not_connected_is_refused(
        self, interpreter: MeetingInterpreter, job: JobContext
    ) -> None:
        with pytest.raises(RuntimeError, match="the room is not connected"):
            await interpreter.start(FakeLiveKitRoom(connected=False))  # type: ignore[arg-type]


class TestOutsideAJob:
    async def test_a_meeting_outside_a_job_ends_with_the_room(
        self, interpreter: MeetingInterpreter, until: Until
    ) -> None:
        over: list[bool] = []
        interpreter.on("closed", lambda: over.append(True))
        room = FakeLiveKitRoom()
        await interpreter.start(room)  # type: ignore[arg-type]
        room.connected = False
        room.emit("disconnected", None)
        await until(lambda: over == [True])

    async def test_replacing_originals_without_a_key_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("LIVEKIT_URL", "LIVEKIT_TOKEN", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
            monkeypatch.delenv(name, raising=False)
        interpreter = MeetingInterpreter(speech_key="a-key", speech_region="eu", originals="replace")
        with pytest.raises(RuntimeError, match="set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET"):
            await interpreter.start(FakeLiveKitRoom())  # type: ignore[arg-type]

    async def test_a_room_that_is_not_connected_is_refused(self, interpreter: MeetingInterpreter) -> None:
        with pytest.raises(RuntimeError, match="the room is not connected"):
            await interpreter.start(FakeLiveKitRoom(connected=False))  # type: ignore[arg-type]

    async def test_one_that_was_never_started_can_be_closed(self, interpreter: MeetingInterpreter) -> None:
        over: list[bool] = []
        interpreter.on("closed", lambda: over.append(True))
        await interpreter.aclose()
        assert over == [True]


@in_a_meeting()
async def test_an_interpreter_serves_one_meeting(meeting: Meeting) -> None:
    with pytest.raises(RuntimeError, match="another one"):
        meeting.interpreter._start(meeting.room)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_streams": 0}, "max_streams"),
        ({"sample_rate": 11025}, "sample_rate"),
        ({"proxy": "x"}, "proxy"),
        ({"track_sources": []}, "track_sources"),
        ({"catch_up": "faster"}, "catch_up"),
        ({"max_lag_seconds": 0}, "max_lag_seconds"),
        ({"originals": "mix"}, "originals"),
        ({"mode": "parallel"}, "mode"),
        ({"default_language": "xx"}, "default_language"),
        ({"kept_audio_seconds": 0}, "kept_audio_seconds"),
        ({"glossary": {"gsw": {}}}, "glossary"),
        ({"fallback_speaks_corrections": True}, "fallback_speaks_corrections needs a fallback"),
        ({"voices": ["prebuilt"]}, "voices has 'prebuilt': name one in prebuilt_voices"),
        ({"voice": "fr-FR-DeniseNeural", "voices": ["own"]}, "voices has 'own': voice names another voice"),
        ({"default_voice": "prebuilt"}, "default_voice must be in voices"),
        ({"prebuilt_voices": {"fr": "Denise"}}, "prebuilt_voices must be the full name"),
    ],
)
def test_a_mistake_is_told_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MeetingInterpreter(**{"speech_key": "a-key", "speech_region": "westeurope", **options})


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("sample_rte", "MeetingInterpreter has no option 'sample_rte'; the nearest is 'sample_rate'"),
        ("max_stream", "MeetingInterpreter has no option 'max_stream'; the nearest is 'max_streams'"),
        ("target_languages", "MeetingInterpreter takes no target_languages: each listener's attribute"),
        ("spoken_languages", "MeetingInterpreter takes no spoken_languages: each listener's attribute"),
    ],
)
def test_a_wrong_name_of_an_option_is_told_with_what_was_meant(option: str, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        MeetingInterpreter(**{"speech_key": "a-key", "speech_region": "westeurope", option: "fr"})


@in_a_meeting(glossary={"fr": {"in fr": "en français"}, "de": {"in de": "auf Deutsch"}})
async def test_captions_are_corrected_in_each_language_and_voices_stay(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.join("carl", "de")
    said = await meeting.say("alice", "en")
    await meeting.go_on(5.0)
    texts = {one.text for one in meeting.room.captions if not one.original}
    assert texts == {f"{said} en français", f"{said} auf Deutsch"}
    assert meeting.heard("bob") == [(said, "fr")]


def test_corrections_are_spoken_by_the_fallback_of_their_language_if_asked_for() -> None:
    fallbacks = {language: ToneTTS() for language in ("fr", "de", "en")}

    @in_a_meeting(
        glossary={"fr": {"in fr": "en français"}},
        fallback=fallbacks.__getitem__,
        fallback_speaks_corrections=True,
    )
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.join("bob", "fr")
        meeting.join("carl", "de")
        said = await meeting.say("alice", "en")
        await meeting.go_on(5.0)
        assert fallbacks["fr"].texts == [f"{said} en français"]
        assert meeting.heard("carl") == [(said, "de")]

    meet()
    assert fallbacks["de"].texts == []


def none_for_french(language: str) -> ToneTTS:
    if language == "fr":
        raise RuntimeError("there is none")
    return ToneTTS()


@in_a_meeting(fallback=none_for_french)
async def test_a_speaker_who_cannot_be_interpreted_stops_nobody(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = await meeting.say("bob", "fr")
    await meeting.go_on(5.0)
    assert meeting.heard("alice") == [(said, "en")]
    assert set(meeting.states(ALICE_FR)) == {"failed"}


def test_each_language_may_have_its_fallback() -> None:
    asked: list[str] = []

    def fallback(language: str) -> ToneTTS:
        asked.append(language)
        return ToneTTS()

    @in_a_meeting(fallback=fallback)
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.join("bob", "fr")
        await meeting.go_on(0.5)

    meet()
    assert sorted(asked) == ["en", "fr"]


@in_a_meeting(skip_silence=True)
async def test_a_sound_after_a_silence_that_is_no_voice_is_not_sent(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(3.0)
    await meeting.say("alice", seconds=5.0)
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == []
    assert all(stream.heard_seconds < 1.5 for stream in meeting.azure.open)


# Whose voice is heard

PREBUILT = {"fr": "fr-FR-DeniseNeural"}


@in_a_meeting(prebuilt_voices=PREBUILT)
async def test_each_speaker_has_the_voice_of_their_choice(meeting: Meeting) -> None:
    for identity, voice in {"alice": "own", "ann": " Prebuilt", "amy": "text", "abe": ""}.items():
        meeting.join(identity, "en", voice=voice)
    meeting.room.join("bob", language="fr")
    await meeting.go_on(0.5)
    asked = sorted(stream.voices.get("fr", "none") for stream in meeting.azure.open)
    assert asked == ["fr-FR-DeniseNeural", "none", "personal-voice", "personal-voice"]
    assert meeting.tracks == ["abe-fr", "alice-fr", "ann-fr"]


@in_a_meeting(prebuilt_voices=PREBUILT, default_voice="prebuilt")
async def test_the_default_is_the_voice_of_those_who_choose_none(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    await meeting.go_on(0.5)
    assert meeting.voices == PREBUILT


@in_a_meeting(prebuilt_voices=PREBUILT)
async def test_a_language_without_a_prebuilt_voice_is_only_read(meeting: Meeting) -> None:
    meeting.join("alice", "en", voice="prebuilt")
    meeting.room.join("bob", language="fr")
    meeting.room.join("carl", language="de")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert (meeting.tracks, meeting.voices) == (["alice-fr"], PREBUILT)
    assert meeting.heard("bob") == [(said, "fr")]
    assert {one.text for one in meeting.room.captions if "carl" in one.readers and not one.original} == {
        f"{said} in de"
    }


def _hum(language: str) -> ToneTTS:
    """A fallback that sounds like no number."""
    fallback = ToneTTS()
    fallback.tone = bytes(len(fallback.tone))
    return fallback


@in_a_meeting(fallback=_hum)
async def test_a_language_without_a_prebuilt_voice_is_spoken_by_the_fallback(meeting: Meeting) -> None:
    meeting.join("alice", "en", voice="prebuilt")
    meeting.room.join("bob", language="fr")
    await meeting.say("alice")
    await meeting.go_on(5.0)
    assert (meeting.tracks, meeting.voices) == (["alice-fr"], {})
    assert meeting.told("alice")["languages"]["fr"]["voice"] == "fallback"


@in_a_meeting(prebuilt_voices=PREBUILT)
async def test_a_change_of_the_voice_counts_from_the_next_word_on_and_loses_nothing(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    before = await meeting.say("alice")
    meeting.room.set("alice", voice="prebuilt")
    await meeting.go_on(0.1)
    assert meeting.voices == PREBUILT
    after = await meeting.say("alice")
    await meeting.go_on(0.5)
    meeting.room.set("alice", voice="text")
    last = await meeting.say("alice")
    await meeting.go_on(8.0)
    assert meeting.heard("bob") == [(before, "fr"), (after, "fr")]
    read = [one.text for one in meeting.room.captions if one.final and not one.original]
    assert read == [f"{said} in fr" for said in (before, after, last)]
    assert meeting.tracks == []


@in_a_meeting(prebuilt_voices=PREBUILT)
async def test_a_speaker_who_comes_back_without_their_attribute_has_not_said_yes(meeting: Meeting) -> None:
    meeting.join("alice", "en", voice="prebuilt")
    meeting.room.join("bob", language="fr")
    await meeting.say("alice")
    meeting.room.leave("alice")
    await meeting.go_on(5.0)
    meeting.join("alice", "en")
    await meeting.say("alice")
    assert [stream.voices for stream in meeting.azure.streams] == [PREBUILT, PREBUILT]


@in_a_meeting(voices=["own"], language_attribute="hears", voice_attribute="my_voice")
async def test_a_refused_voice_is_never_the_own_one_and_is_told_beside_a_refused_language(
    meeting: Meeting,
) -> None:
    meeting.room.join("alice", hears="Elvish", my_voice="prebuilt")
    meeting.room.publish_microphone("alice", "alice-mic")
    meeting.room.join("bob", hears="fr")
    await meeting.go_on(0.5)
    assert (meeting.voices, meeting.azure.languages) == ({}, ["(fr)"])
    language, voice = meeting.room.refused["alice"].split("; the attribute ")
    assert "Azure does not translate to 'Elvish'" in language
    assert voice == (
        "'my_voice' is ignored: 'prebuilt' is not on offer, choose \"own\"; "
        "until then the translations are only text"
    )
    meeting.room.set("alice", hears="en", my_voice="own")
    await meeting.go_on(0.5)
    assert (meeting.room.refused, meeting.voices) == ({}, {"fr": "personal-voice"})


# What any client is told


@in_a_meeting(prebuilt_voices=PREBUILT, default_voice="text")
async def test_clients_are_told_what_is_on_offer(meeting: Meeting) -> None:
    await meeting.go_on(0.1)
    offered = as_objects(meeting.room.attributes)["interpreter.offer"]
    assert {"fr", "de", "zh-Hans"} <= set(offered.pop("languages"))
    assert offered == {
        "voices": ["own", "prebuilt", "text"],
        "voice": "text",
        "mode": "simultaneous",
        "originals": "keep",
    }


@in_a_meeting()
async def test_clients_are_told_what_becomes_of_a_speaker(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    meeting.room.join("carl", read_language="de")
    await meeting.go_on(2.0)
    assert meeting.told("alice") == {
        "languages": {
            "de": {"state": "interpreted", "voice": "text", "backlog_seconds": 0.0, "listeners": 1},
            "fr": {"state": "interpreted", "voice": "own", "backlog_seconds": 0.0, "listeners": 1},
        },
        "still_listening": 0,
    }
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(2.0)
    assert meeting.told("alice") == {}


@in_a_meeting()
async def test_a_speaker_is_told_how_many_still_listen(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    for identity, language in {"bob": "fr", "ben": "fr", "carl": "de"}.items():
        meeting.room.join(identity, language=language)
    await meeting.go_on(1.0)
    await meeting.say("alice", voice_seconds=6.0)
    await meeting.go_on(3.0)
    told = meeting.told("alice")
    assert told["still_listening"] == 3
    assert 1.0 <= told["languages"]["fr"]["backlog_seconds"] <= 6.0
    await meeting.go_on(10.0)
    told = meeting.told("alice")
    assert (told["still_listening"], told["languages"]["fr"]["backlog_seconds"]) == (0, 0.0)


@in_a_meeting(max_streams=1)
async def test_clients_are_told_who_waits(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr", voice="text")
    await meeting.go_on(2.0)
    waits = {"state": "queued", "voice": "text", "backlog_seconds": 0.0, "listeners": 1, "place": 1}
    assert meeting.told("bob") == {"languages": {"en": waits}, "still_listening": 0}
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(2.0)
    assert (meeting.told("alice"), meeting.language_states("bob")) == ({}, {"en": "interpreted"})


@in_a_meeting()
async def test_clients_are_told_what_fails_in_words_and_that_it_works_again(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    await meeting.go_on(2.0)
    meeting.azure.failing = lambda stream: True
    meeting.azure.failure = Failed("ConnectionFailure", "wss://a-host?key=a-secret")
    for stream in meeting.azure.open:
        stream.fail()
    await meeting.go_on(30.0)
    told = meeting.told("alice")
    assert (told["error"], meeting.language_states("alice")) == (
        "Azure could not be reached",
        {"fr": "failed"},
    )
    assert 0.0 < told["retry_seconds"] <= 5.0
    meeting.azure.failing = lambda stream: False
    await meeting.go_on(20.0)
    assert meeting.language_states("alice") == {"fr": "interpreted"}
    assert "error" not in meeting.told("alice")


@in_a_meeting()
async def test_clients_are_told_of_a_track_that_fails_and_that_it_works_again(meeting: Meeting) -> None:
    meeting.room.refusals = 2
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    await meeting.go_on(0.3)
    assert meeting.language_states("alice") == {"fr": "failed"}
    assert meeting.told("alice")["error"] == "the voice cannot be played at the moment"
    await meeting.go_on(6.0)
    assert meeting.language_states("alice") == {"fr": "interpreted"}
    assert "error" not in meeting.told("alice")


def _no_french(language: str) -> ToneTTS:
    if language == "fr":
        raise RuntimeError("a-secret")
    return ToneTTS()


@in_a_meeting(fallback=_no_french)
async def test_clients_are_told_of_one_language_that_fails(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    meeting.room.join("carl", language="de")
    await meeting.go_on(2.0)
    assert meeting.language_states("alice") == {"de": "interpreted", "fr": "failed"}
    assert meeting.told("alice")["error"] == "the interpreter has failed"


@in_a_meeting()
async def test_a_quiet_meeting_tells_nothing_again_and_again(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(2.0)
    told = len(meeting.room.told)
    await meeting.go_on(120.0)
    assert len(meeting.room.told) == told
    assert not any("in fr" in value for _, one in meeting.room.told for value in one.values())


class TestRecord:
    def test_the_record_says_who_heard_what(self) -> None:
        record = MemoryRecord()

        @in_a_recorded_meeting(record, fallback=lambda language: ToneTTS())
        async def held(meeting: Meeting) -> None:
            meeting.join("alice", "en")
            meeting.join("bob", "fr")
            meeting.join("eve", "fr")
            await meeting.say("alice", "en")
            await meeting.go_on(5.0)
            meeting.room.leave("bob")
            await meeting.say("alice", "en")
            await meeting.go_on(5.0)
            meeting.room.set("eve", language="de")
            await meeting.go_on(1.0)

        held()
        first, second = sorted(minutes(record.entries).said, key=lambda said: said.utterance.number)
        assert (first.utterance.person, first.utterance.text) == ("alice", "1001")
        assert first.translations["fr"] == "1001 in fr"
        assert first.heard["fr"].outcome == "voiced"
        assert first.heard["fr"].voice == "personal-voice"
        assert first.heard["fr"].listeners == ("bob", "eve")
        assert second.heard["fr"].listeners == ("eve",)
        kinds = [entry.kind for entry in record.entries if entry.kind not in ("utterance", "heard")]
        assert kinds == ["started", "joined", "joined", "joined", "left", "languages_changed", "ended"]

    def test_speech_that_is_too_late_was_heard_by_nobody(self) -> None:
        record = MemoryRecord()

        @in_a_recorded_meeting(record, max_lag_seconds=0.001)
        async def held(meeting: Meeting) -> None:
            meeting.join("alice", "en")
            meeting.join("bob", "fr")
            await meeting.say("alice", "en")
            await meeting.go_on(5.0)

        held()
        (said,) = minutes(record.entries).said
        assert (said.heard["fr"].outcome, said.heard["fr"].listeners) == ("late", ())
        assert [entry.reason for entry in record.entries if isinstance(entry, Missed)] == ["late"]

    def test_a_record_that_is_away_changes_nothing_for_the_listeners(self) -> None:
        heard = []

        async def held(meeting: Meeting) -> None:
            meeting.join("alice", "en")
            meeting.join("bob", "fr")
            for _ in range(5):
                await meeting.say("alice", "en")
                await meeting.go_on(1.0)
            await meeting.go_on(5.0)
            heard.append([(piece.number, piece.at) for piece in meeting.room.played])

        away = MemoryRecord()
        away.go_away()
        hanging = MemoryRecord()
        hanging.answers.clear()
        in_a_meeting()(held)()
        for record in (MemoryRecord(), away, hanging):
            in_a_recorded_meeting(record)(held)()
        assert len(heard[0]) > 5
        assert heard == heard[:1] * 4, "to the millisecond"


def in_a_recorded_meeting(
    record: MemoryRecord, **options: Any
) -> Callable[[Callable[[Meeting], Awaitable[None]]], Callable[[], None]]:
    """As `in_a_meeting`, recorded from its beginning."""

    def decorate(test: Callable[[Meeting], Awaitable[None]]) -> Callable[[], None]:
        async def held(meeting: Meeting) -> None:
            meeting.interpreter._recording._scribe = Scribe(record, "RM_one", "standup")
            await test(meeting)

        return in_a_meeting(record=record, **options)(held)

    return decorate
