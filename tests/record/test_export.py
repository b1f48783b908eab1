"""The formats are read back by other packages."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
import srt
import webvtt
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
)
from livekit_plugins_azure_interpreter.record.export import FORMATS, export

_NASTY = "a < b & c --> d\n\n00:00:01.000 --> 00:00:02.000\n<v Eve>\u2028\"'=1+1"
_FLAT = "a < b & c --> d 00:00:01.000 --> 00:00:02.000 <v Eve> \"'=1+1"


def frame(second: float, **fields: Any) -> dict[str, Any]:
    return {"id": f"at-{second}", "meeting": MEETING, "at": 1000.0 + second, **fields}


STARTED = Started(**frame(0.0), room="standup")


def cues(entries: Sequence[Entry], **how: Any) -> list[tuple[str, str, str, str | None]]:
    """Start, end, text and speaker, as webvtt-py reads them."""
    read = webvtt.from_buffer(io.StringIO(export(entries, "vtt", **how)))
    return [(one.start, one.end, one.text, one.voice) for one in read]


def subtitles(entries: Sequence[Entry], **how: Any) -> list[tuple[float, float, str]]:
    """Start, end and text, as `srt` reads them."""
    return [
        (one.start.total_seconds(), one.end.total_seconds(), one.content)
        for one in srt.parse(export(entries, "srt", **how))
    ]


def table(entries: Sequence[Entry], **how: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export(entries, "csv", **how), newline="")))


class TestVTT:
    def test_each_utterance_is_a_cue_with_its_speaker(self) -> None:
        bob = utterance(2, name="Bob & Co", person="bob")
        assert cues([STARTED, utterance(1), bob]) == [
            ("00:00:01.000", "00:00:02.000", "sentence 1", "Alice"),
            ("00:00:02.000", "00:00:03.000", "sentence 2", "Bob &amp; Co"),
        ]

    def test_no_text_breaks_the_file(self) -> None:
        entries = [STARTED, utterance(1, text=_NASTY, name="<b> --> \n\n& co"), utterance(2)]
        first, second = cues(entries)
        assert second[2] == "sentence 2"
        assert "a &lt; b &amp; c --&gt; d" in export(entries, "vtt")
        assert first[:2] == ("00:00:01.000", "00:00:02.000")

    def test_hours_are_told(self) -> None:
        (cue,) = cues([STARTED, utterance(1, started_at=1000.0 + 7384.5, ended_at=1000.0 + 7385.25)])
        assert cue[:2] == ("02:03:04.500", "02:03:05.250")

    def test_a_meeting_without_speech_is_a_valid_file(self) -> None:
        assert cues([STARTED]) == []


class TestSRT:
    def test_each_utterance_is_a_subtitle_with_its_speaker(self) -> None:
        assert subtitles([STARTED, utterance(1), utterance(2)]) == [
            (1.0, 2.0, "Alice: sentence 1"),
            (2.0, 3.0, "Alice: sentence 2"),
        ]

    def test_no_text_breaks_the_file(self) -> None:
        first, second = subtitles([STARTED, utterance(1, text=_NASTY), utterance(2)])
        assert first[2] == "Alice: " + _FLAT.replace("-->", "→")
        assert second == (2.0, 3.0, "Alice: sentence 2")

    def test_a_subtitle_without_a_duration_gets_one(self) -> None:
        (subtitle,) = subtitles([STARTED, utterance(1, ended_at=1001.0)])
        assert subtitle[:2] == (1.0, 1.5)

    def test_a_meeting_without_speech_is_a_valid_file(self) -> None:
        assert subtitles([STARTED]) == []


class TestLanguages:
    def test_a_language_shows_its_translations_in_any_spelling(self) -> None:
        for language in ("fr", "fr-FR", "français"):
            (subtitle,) = subtitles([utterance(1)], language=language)
            assert subtitle[2] == "Alice: phrase 1"

    def test_speech_in_the_language_stands_as_it_was_said(self) -> None:
        said = utterance(1, language="fr-CA", text="ben oui", translations={"fr": "oui", "en": "yes"})
        assert subtitles([said], language="fr")[0][2] == "Alice: ben oui"

    def test_speech_without_a_translation_stands_as_it_was_said(self) -> None:
        assert subtitles([utterance(1)], language="de")[0][2] == "Alice: sentence 1"

    def test_a_bilingual_export_has_the_original_and_all_its_translations(self) -> None:
        said = utterance(1, translations={"en": "sentence", "fr": "phrase", "de": "Satz"})
        assert subtitles([said], bilingual=True)[0][2] == "Alice: sentence 1\nphrase\nSatz"
        assert cues([said], bilingual=True)[0][2] == "sentence 1\nphrase\nSatz"

    def test_a_correction_stands_in_place_of_the_translation(self) -> None:
        fixed = Corrected(**frame(3.0), utterance="utterance-1", language="fr", text="corrigé")
        assert subtitles([utterance(1), fixed], language="fr")[0][2] == "Alice: corrigé"

    def test_a_language_that_is_none_is_an_error_that_names_the_nearest(self) -> None:
        with pytest.raises(ValueError, match="'fr'"):
            export([utterance(1)], "srt", language="frnch")


def test_a_text_has_what_was_said_and_what_happened_in_order() -> None:
    entries: list[Entry] = [
        STARTED,
        Joined(**frame(0.5, person="bob"), name="Bob", hears="fr"),
        Joined(**frame(0.6, person="eve")),
        utterance(1),
        LanguagesChanged(**frame(1.5, person="bob"), hears="de", reads="fr"),
        Missed(**frame(2.0, person="bob"), language="fr", reason="forgotten", seconds=3.25),
        Gap(**frame(3.0), entries=2),
        Left(**frame(3700.0, person="bob")),
        Ended(**frame(3701.0)),
    ]
    assert export(entries, "txt", bilingual=True).splitlines() == [
        "standup, 1970-01-01T00:16:40.000+00:00",
        "",
        "[00:00:00] * the interpreter came",
        "[00:00:00] * Bob joined (hears fr)",
        "[00:00:00] * eve joined (hears the originals)",
        "[00:00:01] Alice: sentence 1",
        "           phrase 1",
        "[00:00:01] * Bob chose other languages (hears de, reads fr)",
        "[00:00:02] * 3.2 s of Bob were not heard in fr (forgotten)",
        "[00:00:03] * 2 entries are missing here",
        "[01:01:40] * Bob left",
        "[01:01:41] * the interpreter left",
    ]


class TestCSV:
    def test_each_utterance_is_a_row(self) -> None:
        heard = Heard(**frame(3.0), utterance="utterance-1", language="fr", outcome="voiced")
        (row,) = table([STARTED, utterance(1), heard])
        assert row == {
            "number": "0",
            "start": "1970-01-01T00:16:41.000+00:00",
            "end": "1970-01-01T00:16:42.000+00:00",
            "start_seconds": "1.0",
            "end_seconds": "2.0",
            "identity": "alice",
            "speaker": "Alice",
            "language": "en-US",
            "original": "sentence 1",
            "fr": "phrase 1",
            "heard": "fr:voiced",
        }

    def test_a_language_is_the_only_column_of_translations(self) -> None:
        first, second = table(
            [utterance(1, translations={"fr": "f", "de": "d"}), utterance(2)], language="de"
        )
        assert "fr" not in first
        assert (first["de"], second["de"]) == ("d", "")

    def test_any_text_is_read_as_it_was_said(self) -> None:
        (row,) = table([utterance(1, text=_NASTY)])
        assert row["original"] == _NASTY

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
    def test_a_spreadsheet_runs_nothing(self, text: str) -> None:
        (row,) = table([utterance(1, text=text, name=text)])
        assert (row["original"], row["speaker"]) == (f"'{text}", f"'{text}")


def test_json_has_everything() -> None:
    entries: list[Entry] = [
        STARTED,
        utterance(1),
        Corrected(**frame(2.5), utterance="utterance-1", language="fr", text="corrigé"),
        Heard(**frame(3.0), utterance="utterance-1", language="fr", outcome="voiced", listeners=("bob",)),
    ]
    written = json.loads(export(entries, "json"))
    assert (written["version"], written["meeting"], written["room"]) == (1, MEETING, "standup")
    assert [event["kind"] for event in written["events"]] == ["started"]
    (said,) = written["utterances"]
    assert (said["text"], said["translations"]) == ("sentence 1", {"fr": "corrigé"})
    assert said["uncorrected_translations"] == {"fr": "phrase 1"}
    assert (said["start_seconds"], said["end_seconds"]) == (1.0, 2.0)
    assert said["recognition_delay_seconds"] == 1.0
    assert [(one["outcome"], one["listeners"]) for one in said["heard"]] == [("voiced", ["bob"])]


@pytest.mark.parametrize("format", FORMATS)
def test_a_meeting_without_entries_is_an_error(format: Any) -> None:
    with pytest.raises(ValueError, match="no entries"):
        export([], format)


def test_a_format_of_another_name_is_an_error_that_names_those_there_are() -> None:
    name: Any = "docx"
    with pytest.raises(ValueError, match="srt, vtt, txt, csv, json, not 'docx'"):
        export([utterance(1)], name)
