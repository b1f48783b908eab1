"""Tells a reader what happens: connections, turns, what was heard and answered, and the faults."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..faults.parser import written_fault
from ..recognition.speech_context import LanguageChange, SpeechContext
from ..transport.wire import Message, WireError
from .happenings import Answered, Connected, Disconnected, Happening, Received, Sent, Struck, Unserved

_TICKS_PER_SECOND = 10_000_000
_FIRST_ERROR = 400
_WRITTEN = {
    "connected": "{path} {client}",
    "left": "{code}",
    "closed": "{code} {reason}",
    "reset": "{reason}",
    "answered": "{method} {path}: {status}",
    "refused": "{method} {path}: {status}",
    "fault": "{fault}",
    "not served": "{name}",
    "asked": "for {wish}",
    "heard": '"{text}" ({language}, {start_seconds:.2f} to {end_seconds:.2f} s)',
    "translated": '{language}: "{text}"',
    "not translated": "{reason}",
    "voice": "{language}, {bytes} bytes",
    "told": "{status}",
    "unreadable": "{path}",
}
"""How the details of each event are written for a person."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of the live view.

    Attributes:
        at_seconds: When it happened, since the emulator began.
        connection: Which connection it concerns, from 1; 0 for none.
        what: What happened, in one or two words.
        details: More of it, by name; all of it can be written as JSON.
    """

    at_seconds: float
    connection: int
    what: str
    details: Mapping[str, Any] = field(default_factory=dict)


class Narrator:
    """A watcher that passes on what a reader wants to know, as events.

    Args:
        tell: Is called with each event.
    """

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._began_at = time.monotonic()
        self._voices: dict[tuple[int, str], tuple[str, int]] = {}

    def __call__(self, happening: Happening) -> None:
        at_seconds = time.monotonic() - self._began_at
        for what, details in self._events(happening):
            event = Event(at_seconds=at_seconds, connection=happening.connection, what=what, details=details)
            self._tell(event)

    def _events(self, happening: Happening) -> Iterator[tuple[str, dict[str, Any]]]:
        match happening:
            case Connected(path=path, client=client):
                yield "connected", {"path": path, "client": client}
            case Disconnected(code=code, reason=reason, by_client=by_client):
                self._forget(happening.connection)
                what = "left" if by_client else "reset" if code is None else "closed"
                yield what, {"code": code, "reason": reason}
            case Answered(method=method, path=path, status=status):
                what = "refused" if status >= _FIRST_ERROR else "answered"
                yield what, {"method": method, "path": path, "status": status}
            case Struck(fault=fault):
                yield "fault", {"fault": written_fault(fault)}
            case Unserved(what=what):
                yield "not served", {"name": what}
            case Received(message=message) if message.path == "speech.context":
                yield from _asked(message)
            case Received(message=message) if message.path == "event":
                yield from _asked_since(message)
            case Received(message=message) if message.path == "ssml":
                yield "asked", {"wish": "speech", "ssml_bytes": len(message.body)}
            case Sent(message=message) if message.path in ("translation.response", "speech.phrase"):
                yield from _results(message)
            case Sent(connection=connection, message=message):
                yield from self._of_voice(connection, message)
            case _:
                pass

    def _of_voice(self, connection: int, message: Message) -> Iterator[tuple[str, dict[str, Any]]]:
        voice = connection, message.headers.get("X-StreamId", "")
        if message.path == "audio.start":
            self._voices[voice] = str(message.json().get("TranslationLanguage", "")), 0
        elif message.path == "audio" and voice in self._voices:
            language, size = self._voices[voice]
            self._voices[voice] = language, size + len(message.body)
        elif message.path == "audio.end" and voice in self._voices:
            language, size = self._voices.pop(voice)
            yield "voice", {"language": language, "bytes": size, "status": message.json().get("Status")}
        elif message.path == "turn.end":
            yield "turn ended", {}

    def _forget(self, connection: int) -> None:
        self._voices = {key: voice for key, voice in self._voices.items() if key[0] != connection}


def as_json(event: Event) -> str:
    """An event for a program: a JSON object without a line break."""
    head = {"at_seconds": round(event.at_seconds, 3), "connection": event.connection, "what": event.what}
    return json.dumps({**head, **event.details}, ensure_ascii=False)


def as_line(event: Event) -> str:
    """An event for a person: `     2.41  #1   heard           "Good morning." (en-US, 0.52 to 1.73 s)`."""
    connection = f"#{event.connection}" if event.connection else ""
    written = _WRITTEN.get(event.what, "").format_map(event.details)
    return f"{event.at_seconds:9.2f}  {connection:5}{event.what:16}{written}".rstrip()


def _asked(message: Message) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        asked = SpeechContext.parse(message)
    except WireError:
        return  # the channel says so
    if asked.targets is None:
        yield "asked", {"wish": "words"}
    else:
        yield _wish(asked.targets, asked.voiced_languages)


def _asked_since(message: Message) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        change = LanguageChange.parse(message)
    except WireError:
        return  # the channel says so
    if change is None:
        return
    if change.voiced_languages is None:
        targets = list(change.targets)
        yield "asked", {"wish": f"{', '.join(targets)} in text", "targets": targets}
    else:
        yield _wish(change.targets, change.voiced_languages)


def _wish(targets: Sequence[str], voices: Sequence[str]) -> tuple[str, dict[str, Any]]:
    wish = f"{', '.join(targets)} in text, {', '.join(voices) or 'nothing'} spoken"
    return "asked", {"wish": wish, "targets": list(targets), "voices": list(voices)}


def _results(message: Message) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        result = message.json()
    except WireError:
        yield "unreadable", {"path": message.path}
        return
    phrase = result if message.path == "speech.phrase" else result.get("SpeechPhrase")
    if not isinstance(phrase, dict):
        return  # an interim result
    status = phrase.get("RecognitionStatus")
    if status != "Success":
        yield "told", {"status": status}
        return
    text = phrase.get("DisplayText", "")
    start = phrase.get("Offset", 0) / _TICKS_PER_SECOND
    if not text:
        yield "heard nothing", {}
        return
    yield (
        "heard",
        {
            "text": text,
            "language": (phrase.get("PrimaryLanguage") or {}).get("Language", ""),
            "start_seconds": round(start, 3),
            "end_seconds": round(start + phrase.get("Duration", 0) / _TICKS_PER_SECOND, 3),
        },
    )
    for translation in result.get("Translations") or ():
        yield "translated", {"language": translation["Language"], "text": translation["DisplayText"]}
    if result.get("TranslationStatus", "Success") != "Success":
        yield "not translated", {"reason": result.get("FailureReason", "")}
