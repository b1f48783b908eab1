"""Writes the minutes of a meeting as subtitles, text, a table or JSON. Pure."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Literal, get_args

from .._options.languages import in_language, same_text, target
from .entries import VERSION, Entry, Joined, LanguagesChanged, to_json
from .minutes import Minutes, Said, minutes

Format = Literal["srt", "vtt", "txt", "csv", "json"]
FORMATS: tuple[str, ...] = get_args(Format)
_SHORTEST_SECONDS = 0.5
"""A subtitle without a duration is not shown by all players."""
_COLUMNS = (
    "number",
    "start",
    "end",
    "start_seconds",
    "end_seconds",
    "identity",
    "speaker",
    "language",
    "original",
)
_EVENTS = {
    "started": "the interpreter came",
    "ended": "the interpreter left",
    "joined": "{who} joined ({wishes})",
    "languages_changed": "{who} chose other languages ({wishes})",
    "left": "{who} left",
    "missed": "{seconds:.1f} s of {who} were not heard in {language} ({reason})",
    "gap": "{entries} entries are missing here",
}
"""The entries that are about no utterance, as a text has them."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(
    entries: Sequence[Entry], format: Format, *, language: str | None = None, bilingual: bool = False
) -> str:
    """Write a meeting.

    Args:
        entries: The entries of one meeting; at least one.
        format: "srt" or "vtt" (subtitles, timed from the beginning of the meeting), "txt", "csv" or "json".
        language: Write the translations into this language; an utterance without one stands in its own
            words. None: the originals. "csv" always has the originals, too, and "json" all languages.
        bilingual: Write each original, and all its translations below. "csv" has them anyway.

    Raises:
        ValueError: There are no entries, or the format or the language is not known.
    """
    if not entries:
        raise ValueError("the meeting has no entries")
    code = language and target(language)
    written = minutes(entries)

    def lines(said: Said) -> list[str]:
        return _lines(said, code, bilingual=bilingual)

    match format:
        case "srt":
            return _srt(written, lines)
        case "vtt":
            return _vtt(written, lines)
        case "txt":
            return _txt(written, lines)
        case "csv":
            return _csv(written, code)
        case "json":
            return _json(written)
        case _:
            raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")


Lines = Callable[[Said], Sequence[str]]
"""The lines of an utterance, without line breaks in them."""


def _lines(said: Said, language: str | None, *, bilingual: bool) -> list[str]:
    original, spoken = _line(said.utterance.text), said.utterance.language
    if bilingual:
        others = [text for one, text in said.translations.items() if not same_text(spoken, one)]
        return [original, *map(_line, others)]
    if language is None or same_text(spoken, language):
        return [original]
    return [_line(in_language(said.translations, language) or original)]


def _line(text: str) -> str:
    """A text in one line: an empty line would end a subtitle."""
    return " ".join(text.split())


def _srt(written: Minutes, lines: Lines) -> str:
    def cue(number: int, said: Said) -> str:
        # Nothing can be escaped here; an arrow would be taken for that of the times.
        shown = "\n".join(lines(said)).replace("-->", "→")
        return f"{number}\n{_times(said, ',')}\n{_line(said.speaker).replace('-->', '→')}: {shown}\n"

    return "\n".join(cue(number, said) for number, said in enumerate(written.said, 1))


def _vtt(written: Minutes, lines: Lines) -> str:
    def cue(said: Said) -> str:
        speaker = html.escape(_line(said.speaker), quote=False)
        shown = "\n".join(html.escape(line, quote=False) for line in lines(said))
        return f"{said.utterance.number}\n{_times(said, '.')}\n<v {speaker}>{shown}</v>\n"

    return "\n".join(["WEBVTT\n", *map(cue, written.said)])


def _times(said: Said, point: str) -> str:
    end = max(said.end_seconds, said.start_seconds + _SHORTEST_SECONDS)
    return f"{_clock(said.start_seconds, point)} --> {_clock(end, point)}"


def _clock(seconds: float, point: str) -> str:
    ms = round(max(0.0, seconds) * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _txt(written: Minutes, lines: Lines) -> str:
    happened = [(one.start_seconds, _paragraph(one, lines)) for one in written.said]
    happened += [(one.at - written.started_at, _event(one, written)) for one in written.others]
    happened.sort(key=lambda one: one[0])
    title = f"{_line(written.room or written.meeting)}, {_date(written.started_at)}"
    return "\n".join([title, "", *(f"[{_clock(at, '.')[:8]}] {text}" for at, text in happened), ""])


def _paragraph(said: Said, lines: Lines) -> str:
    return f"{_line(said.speaker)}: " + "\n           ".join(lines(said))


def _event(entry: Entry, written: Minutes) -> str:
    fields = {**vars(entry), "who": _line(written.names.get(entry.person, entry.person))}
    if isinstance(entry, (Joined, LanguagesChanged)):
        reading = f", reads {entry.reads}" if entry.reads else ""
        fields["wishes"] = f"hears {entry.hears or 'the originals'}{reading}"
    return "* " + _EVENTS[entry.kind].format(**fields)


def _csv(written: Minutes, language: str | None) -> str:
    languages = (
        [language] if language else sorted({one for said in written.said for one in said.translations})
    )
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow([*_COLUMNS, *languages, "heard"])
    for said in written.said:
        one = said.utterance
        texts = [one.text, *(in_language(said.translations, name) or "" for name in languages)]
        times = [_date(one.started_at), _date(one.ended_at), said.start_seconds, said.end_seconds]
        outcomes = " ".join(f"{name}:{heard.outcome}" for name, heard in sorted(said.heard.items()))
        words = map(_cell, [one.person, said.speaker, one.language, *texts])
        writer.writerow([one.number, *times, *words, outcomes])
    return table.getvalue()


def _cell(text: str) -> str:
    """A text for a table; a spreadsheet would run what begins like a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _json(written: Minutes) -> str:
    document = {
        "version": VERSION,
        "meeting": written.meeting,
        "room": written.room,
        "started_at": written.started_at,
        "utterances": [_utterance(said) for said in written.said],
        "events": [_fields(entry) for entry in written.others],
    }
    return json.dumps(document, indent=2) + "\n"


def _utterance(said: Said) -> dict[str, Any]:
    return {
        **_fields(said.utterance),
        "start_seconds": said.start_seconds,
        "end_seconds": said.end_seconds,
        "recognition_delay_seconds": said.utterance.recognition_delay_seconds,
        "translations": dict(said.translations),
        "uncorrected_translations": {
            language: text
            for language, text in said.utterance.translations.items()
            if text != said.translations[language]
        },
        "heard": [_fields(heard) for heard in said.heard.values()],
    }


def _fields(entry: Entry) -> Mapping[str, Any]:
    fields: dict[str, Any] = {**json.loads(to_json(entry)), "number": entry.number}
    del fields["version"], fields["meeting"]
    return fields


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
