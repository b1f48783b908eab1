from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fakes.record import MemoryRecord

from livekit_plugins_azure_interpreter import Transcript, UtteranceMetrics, UtteranceRecognized
from livekit_plugins_azure_interpreter.record import scribe as _scribe
from livekit_plugins_azure_interpreter.record.entries import (
    Corrected,
    Ended,
    Entry,
    Heard,
    Joined,
    LanguagesChanged,
    Left,
    Missed,
    Started,
    Utterance,
)
from livekit_plugins_azure_interpreter.record.scribe import Audience, Presence, Scribe

_ALICE = Presence("alice", "Alice", hears="en")


class FakeSource:
    """What tells of utterances."""

    def __init__(self) -> None:
        self.emit: dict[str, Callable[[Any], None]] = {}

    def on(self, event: str, callback: Callable[..., None]) -> None:
        self.emit[event] = callback

    def recognize(self, name: str = "utterance-1", **transcript: Any) -> None:
        usual: dict[str, Any] = {
            "text": "phrase",
            "language": "fr",
            "source_text": "sentence",
            "source_language": "en-US",
            "translations": {"fr": "phrase", "de": "Satz"},
            "start_time": 0.0,
            "end_time": 1.0,
            "translated": True,
        }
        recognized = UtteranceRecognized(name, Transcript(**{**usual, **transcript}), 1000.0, 1001.0)
        self.emit["utterance_recognized"](recognized)

    def end(self, name: str = "utterance-1", **metrics: Any) -> None:
        usual: dict[str, Any] = {
            "session_id": "",
            "timestamp": 0.0,
            "source_language": "en-US",
            "target_language": "fr",
            "outcome": "voiced",
            "lost_reason": None,
            "speech_seconds": 1.0,
            "voice_seconds": 1.5,
            "recognition_delay_seconds": 0.5,
            "end_of_speech_to_first_sound_seconds": 0.9,
            "ear_voice_span_seconds": 1.9,
            "backlog_seconds": 0.0,
            "corrected": False,
        }
        self.emit["utterance_metrics_collected"](UtteranceMetrics(id=name, **{**usual, **metrics}))


class Room:
    """A meeting that is recorded."""

    def __init__(self, record: MemoryRecord | None = None) -> None:
        self.record, self.source = record or MemoryRecord(), FakeSource()
        self.scribe = Scribe(self.record, "RM_one", "standup")
        self.audience = Audience(frozenset({"eve", "bob"}), "personal-voice")
        self.scribe.listen(self.source, lambda: _ALICE, lambda language: self.audience)

    async def entries(self, kind: type[Entry]) -> list[Any]:
        await self.scribe.keeper.flush()
        return [entry for entry in self.record.entries if isinstance(entry, kind)]


async def test_an_utterance_is_written_as_it_becomes_final() -> None:
    room = Room()
    room.source.recognize()
    (said,) = await room.entries(Utterance)
    assert (said.meeting, said.person, said.name) == ("RM_one", "alice", "Alice")
    assert (said.started_at, said.ended_at) == (1000.0, 1001.0)
    assert (said.language, said.text) == ("en-US", "sentence")
    assert said.translations == {"fr": "phrase", "de": "Satz"}


async def test_a_heard_voice_follows_with_the_id_of_its_utterance() -> None:
    room = Room()
    room.source.recognize()
    room.source.end()
    (said,) = await room.entries(Utterance)
    (heard,) = await room.entries(Heard)
    assert (heard.utterance, heard.person, heard.language) == (said.id, "alice", "fr")
    assert (heard.outcome, heard.voice, heard.listeners) == ("voiced", "personal-voice", ("bob", "eve"))
    assert (heard.voice_seconds, heard.end_of_speech_to_first_sound_seconds) == (1.5, 0.9)


@pytest.mark.parametrize(
    ("metrics", "voice", "listeners"),
    [
        ({"outcome": "fallback"}, "", ("bob", "eve")),
        ({"outcome": "lost", "voice_seconds": 0.7, "lost_reason": "why"}, "personal-voice", ("bob", "eve")),
        ({"outcome": "lost", "voice_seconds": 0.0, "lost_reason": "why"}, "", ()),
        ({"outcome": "late", "voice_seconds": 0.0}, "", ()),
    ],
)
async def test_a_translation_without_a_sound_has_no_voice_and_no_listeners(
    metrics: dict[str, Any], voice: str, listeners: tuple[str, ...]
) -> None:
    room = Room()
    room.source.recognize()
    room.source.end(**metrics)
    (heard,) = await room.entries(Heard)
    assert (heard.voice, heard.listeners) == (voice, listeners)
    assert heard.lost_reason == metrics.get("lost_reason")


async def test_the_speakers_of_the_last_utterances_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_scribe, "_MOST_UNHEARD", 2)
    room = Room()
    names = ("first", "second", "third")
    for name in names:
        room.source.recognize(name)
    for name in names:
        room.source.end(name)
    assert [heard.person for heard in await room.entries(Heard)] == ["", "alice", "alice"]


async def test_listeners_that_are_not_known_are_none() -> None:
    room = Room()
    room.audience = Audience()
    room.source.recognize()
    room.source.end()
    (heard,) = await room.entries(Heard)
    assert heard.listeners is None


async def test_an_utterance_without_a_translation_has_no_outcome() -> None:
    room = Room()
    room.source.recognize(translated=False, translations={}, text="sentence", language="en-US")
    room.source.end(target_language="", outcome="not_spoken", voice_seconds=0.0)
    assert len(await room.entries(Utterance)) == 1
    assert await room.entries(Heard) == []


async def test_a_correction_is_an_entry_of_its_own() -> None:
    room = Room()
    room.source.recognize(
        translations={"fr": "LiveKit", "de": "Satz"}, uncorrected_texts={"fr": "kit vivant"}
    )
    (said,) = await room.entries(Utterance)
    (corrected,) = await room.entries(Corrected)
    assert said.translations == {"fr": "kit vivant", "de": "Satz"}
    assert (corrected.utterance, corrected.language, corrected.text) == (said.id, "fr", "LiveKit")
    assert corrected.person == "alice"


async def test_people_who_come_go_and_change_have_entries() -> None:
    room = Room()
    bob = Presence("bob", "Bob", hears="fr")
    room.scribe.present([_ALICE, bob])
    room.scribe.present([_ALICE, bob])
    room.scribe.present([_ALICE, Presence("bob", "Robert", hears="fr", reads="de")])
    room.scribe.present([_ALICE])
    assert [(one.person, one.name, one.hears) for one in await room.entries(Joined)] == [
        ("alice", "Alice", "en"),
        ("bob", "Bob", "fr"),
    ]
    (changed,) = await room.entries(LanguagesChanged)
    assert (changed.person, changed.hears, changed.reads) == ("bob", "fr", "de")
    assert [one.person for one in await room.entries(Left)] == ["bob"]


async def test_missed_speech_has_an_entry() -> None:
    room = Room()
    room.scribe.missed("alice", "fr", "forgotten", 12.5)
    (missed,) = await room.entries(Missed)
    assert (missed.person, missed.language, missed.reason, missed.seconds) == (
        "alice",
        "fr",
        "forgotten",
        12.5,
    )


async def test_the_record_has_the_beginning_with_the_room_and_the_end() -> None:
    room = Room()
    await room.scribe.aclose()
    (started,) = await room.entries(Started)
    assert started.room == "standup"
    assert len(await room.entries(Ended)) == 1


async def test_another_interpreter_goes_on_with_the_same_meeting() -> None:
    """The ids of utterances begin anew in each process."""
    first = Room()
    first.source.recognize()
    await first.scribe.aclose()
    second = Room(first.record)
    second.source.recognize()
    assert len(await second.entries(Utterance)) == 2
    assert [entry.number for entry in first.record.entries] == [1, 2, 3, 4, 5]
