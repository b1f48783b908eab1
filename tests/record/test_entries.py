from __future__ import annotations

import json
from dataclasses import replace

import pytest
from fakes.record import MEETING, utterance

from livekit_plugins_azure_interpreter.record.entries import (
    Corrected,
    Ended,
    Entry,
    Gap,
    Heard,
    Joined,
    LanguagesChanged,
    Left,
    Missed,
    Started,
    UnreadableEntryError,
    from_json,
    to_json,
)

_FRAME = {"id": "an-id", "meeting": MEETING, "at": 1000.25}
ENTRIES: list[Entry] = [
    utterance(),
    Started(**_FRAME, room="standup"),
    Ended(**_FRAME),
    Joined(**_FRAME, person="bob", name="Bob", hears="fr"),
    LanguagesChanged(**_FRAME, person="bob", hears="fr", reads="de"),
    Left(**_FRAME, person="bob"),
    Corrected(**_FRAME, person="alice", utterance="u", language="fr", text="LiveKit"),
    Heard(**_FRAME, person="alice", utterance="u", language="fr", outcome="voiced", listeners=("bob", "eve")),
    Heard(**_FRAME, person="alice", utterance="u", language="fr", outcome="lost", lost_reason="a reason"),
    Missed(**_FRAME, person="alice", language="fr", reason="late", seconds=1.5),
    Gap(**_FRAME, entries=3),
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.kind)
def test_each_entry_is_read_as_it_was_written(entry: Entry) -> None:
    assert from_json(to_json(entry), number=7) == replace(entry, number=7)


def test_the_json_form_names_its_version_and_its_kind_and_not_the_number() -> None:
    written = json.loads(to_json(replace(utterance(), number=7)))
    assert (written["version"], written["kind"]) == (1, "utterance")
    assert "number" not in written


def test_a_text_with_half_a_character_is_read_as_it_was_written() -> None:
    entry = utterance(text="half \ud83d", translations={"fr": "moitié \ude00"})
    assert to_json(entry).isascii()
    assert from_json(to_json(entry)) == entry


def test_a_field_of_a_later_version_of_the_package_is_ignored() -> None:
    written = {**json.loads(to_json(utterance())), "mood": "cheerful"}
    assert from_json(json.dumps(written)) == utterance()


def test_the_recognition_delay_is_from_the_last_word_to_the_final() -> None:
    assert utterance().recognition_delay_seconds == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ("{}", "is damaged"),
        ('{"version": 1, "kind": "left"}', "left lacks a field"),
        ('{"version": 2, "kind": "left"}', "version 2.*newer"),
        ('{"version": 1, "kind": "laughed"}', "'laughed'"),
    ],
)
def test_an_entry_that_cannot_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(UnreadableEntryError, match=message):
        from_json(text)
