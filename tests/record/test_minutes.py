from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.record import MEETING, utterance

from livekit_plugins_azure_interpreter.record.entries import (
    Corrected,
    Entry,
    Heard,
    Joined,
    LanguagesChanged,
    Left,
    Started,
)
from livekit_plugins_azure_interpreter.record.minutes import minutes


def heard(name: str, language: str = "fr", **fields: object) -> Heard:
    frame = {"id": f"{name}/{language}", "meeting": MEETING, "at": 1005.0, "person": "alice"}
    return Heard(**{**frame, "utterance": name, "language": language, "outcome": "voiced", **fields})  # type: ignore[arg-type]


def corrected(name: str, text: str) -> Corrected:
    frame = {"id": f"{name}/c", "meeting": MEETING, "at": 1005.0}
    return Corrected(**frame, utterance=name, language="fr", text=text)  # type: ignore[arg-type]


def test_times_are_relative_to_the_first_time_in_the_meeting() -> None:
    written = minutes([Started(id="s", meeting=MEETING, at=1000.5), utterance(1), utterance(2)])
    assert written.started_at == 1000.5
    assert [(one.start_seconds, one.end_seconds) for one in written.said] == [(0.5, 1.5), (1.5, 2.5)]


def test_speech_from_before_the_first_entry_begins_at_zero() -> None:
    (said,) = minutes([utterance(1)]).said
    assert said.start_seconds == 0.0


def test_utterances_are_in_the_order_in_which_they_began() -> None:
    written = minutes([utterance(3), utterance(1), utterance(2)])
    assert [one.utterance.text for one in written.said] == ["sentence 1", "sentence 2", "sentence 3"]


def test_utterances_that_began_together_are_in_the_order_of_their_numbers() -> None:
    later, earlier = replace(utterance(1), number=2), replace(utterance(1, text="first"), number=1)
    assert [one.utterance.text for one in minutes([later, earlier]).said] == ["first", "sentence 1"]


def test_a_heard_voice_is_found_with_its_utterance() -> None:
    entries: list[Entry] = [utterance(1), utterance(2), heard("utterance-2"), heard("utterance-2", "de")]
    first, second = minutes(entries).said
    assert not first.heard
    assert set(second.heard) == {"fr", "de"}


def test_the_last_correction_stands() -> None:
    entries = [utterance(1), corrected("utterance-1", "once"), corrected("utterance-1", "twice")]
    (said,) = minutes(entries).said
    assert said.translations == {"fr": "twice"}
    assert said.utterance.translations == {"fr": "phrase 1"}


def test_the_rest_of_a_deleted_utterance_is_left_out() -> None:
    written = minutes([utterance(1), heard("deleted"), corrected("deleted", "text")])
    assert len(written.said) == 1
    assert written.others == []


def test_the_room_is_that_of_the_last_interpreter() -> None:
    rooms = [Started(id=room, meeting=MEETING, at=1000.0, room=room) for room in ("first", "second")]
    assert minutes(rooms).room == "second"
    assert minutes([utterance()]).room == ""


def test_other_entries_are_in_their_order_and_people_have_names() -> None:
    frame = {"meeting": MEETING, "at": 1000.0}
    others = [
        Joined(id="1", person="bob", name="Bob", **frame),  # type: ignore[arg-type]
        Joined(id="2", person="eve", **frame),  # type: ignore[arg-type]
        LanguagesChanged(id="3", person="bob", hears="fr", **frame),  # type: ignore[arg-type]
        Left(id="4", person="bob", **frame),  # type: ignore[arg-type]
    ]
    written = minutes([*others[:2], utterance(), *others[2:]])
    assert written.others == others
    assert written.names == {"bob": "Bob", "eve": "eve"}


@pytest.mark.parametrize(
    ("name", "person", "shown"), [("Alice", "a1", "Alice"), ("", "a1", "a1"), ("", "", "?")]
)
def test_a_speaker_without_a_name_is_shown_by_the_identity(name: str, person: str, shown: str) -> None:
    (said,) = minutes([utterance(name=name, person=person)]).said
    assert said.speaker == shown
