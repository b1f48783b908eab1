"""The entries of a meeting's record, and their JSON form. Pure.

An entry never changes. What is known only later (who heard an utterance, in which voice) or changes (a
correction, somebody's language) is an entry of its own; `minutes.py` puts them together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from .._voices.meter import Outcome

VERSION = 1
"""Of the JSON form. A new field is no new version; a reader ignores fields that it does not know."""


class UnreadableEntryError(ValueError):
    """The JSON form of an entry is damaged, or newer than this package."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that happened in a meeting; all times are in Unix seconds.

    Attributes:
        id: Unique within the meeting. A record that is given the same id again keeps it once.
        meeting: The id of the meeting.
        at: When it happened.
        person: The identity of the participant whom it is about; empty if it is about nobody.
        number: Its number in the meeting, from 1 on. The record sets it; 0: it is not kept yet.
    """

    id: str
    meeting: str
    at: float
    person: str = ""
    number: int = 0

    @property
    def kind(self) -> str:
        """The name of its class in the JSON form, e.g. "languages_changed"."""
        return _kind(type(self))


@dataclass(frozen=True, kw_only=True)
class Started(Entry):
    """An interpreter has come. It comes again in a meeting whose interpreter was replaced.

    Attributes:
        room: The name of the room.
    """

    room: str = ""


@dataclass(frozen=True, kw_only=True)
class Ended(Entry):
    """The interpreter has left. An interpreter that was killed leaves none."""


@dataclass(frozen=True, kw_only=True)
class Joined(Entry):
    """A participant has come, or was there when the interpreter came.

    Attributes:
        name: Their name, as the room shows it.
        hears: The language that they want to hear; None: they hear the original.
        reads: The language that they want to read, if it is another one.
    """

    name: str = ""
    hears: str | None = None
    reads: str | None = None


@dataclass(frozen=True, kw_only=True)
class LanguagesChanged(Entry):
    """A participant wants other languages.

    Attributes:
        hears: The language that they want to hear; None: they hear the original.
        reads: The language that they want to read, if it is another one.
    """

    hears: str | None = None
    reads: str | None = None


@dataclass(frozen=True, kw_only=True)
class Left(Entry):
    """A participant has gone."""


@dataclass(frozen=True, kw_only=True)
class Utterance(Entry):
    """What the person said, as it became final; that was at `at`.

    Attributes:
        name: The speaker's name, as the room shows it.
        started_at: When its first word began.
        ended_at: When its last word ended.
        language: Its language, as Azure detected it; empty if Azure does not name it.
        text: The original.
        translations: The translations as Azure wrote them, by language.
    """

    name: str = ""
    started_at: float
    ended_at: float
    language: str = ""
    text: str
    translations: Mapping[str, str] = field(default_factory=dict)

    @property
    def recognition_delay_seconds(self) -> float:
        """From its last word to its final transcript."""
        return self.at - self.ended_at


@dataclass(frozen=True, kw_only=True)
class Corrected(Entry):
    """A translation was corrected, e.g. by the glossary. Azure's voice says the uncorrected text.

    Attributes:
        utterance: The id of its entry.
        language: The language of the translation.
        text: The corrected translation.
    """

    utterance: str
    language: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Heard(Entry):
    """What was heard of a translation that has a voice. It comes once per utterance and spoken language.

    Attributes:
        utterance: The id of its entry.
        language: The language of the voice.
        outcome: As in `UtteranceMetrics`: "voiced", "fallback", "lost" and others.
        voice: Azure's voice, e.g. "personal-voice", if it was heard; otherwise empty.
        listeners: The identities of those who heard it; None: not known, as in an AgentSession, which speaks
            to its whole room.
        voice_seconds: How much of the voice was handed to LiveKit.
        end_of_speech_to_first_sound_seconds: As in `UtteranceMetrics`.
        lost_reason: Why the voice was lost.
    """

    utterance: str
    language: str
    outcome: Outcome
    voice: str = ""
    listeners: tuple[str, ...] | None = None
    voice_seconds: float = 0.0
    end_of_speech_to_first_sound_seconds: float | None = None
    lost_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Missed(Entry):
    """Some of the person's speech is not heard in a language.

    Attributes:
        language: The language in which it is not heard.
        reason: "late", "failed" or "forgotten", as in `SpeechMissed`.
        seconds: How much speech.
    """

    language: str = ""
    reason: Literal["late", "failed", "forgotten"] = "forgotten"
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Gap(Entry):
    """Entries are missing, because the record was away for too long.

    Attributes:
        entries: How many.
    """

    entries: int


def to_json(entry: Entry) -> str:
    """An entry as one line of JSON, in ASCII. Without its number, which only the record knows."""
    values = {name: getattr(entry, name) for name in _names(type(entry)) if name != "number"}
    # ASCII: half a character, which Azure can send, has no other encoding.
    return json.dumps({"version": VERSION, "kind": entry.kind, **values}, separators=(",", ":"))


def from_json(text: str, number: int = 0) -> Entry:
    """The entry that `to_json` wrote.

    Raises:
        UnreadableEntryError: It is damaged, or newer than this package.
    """
    try:
        values: dict[str, Any] = json.loads(text)
        version, name = values.pop("version"), values.pop("kind")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise UnreadableEntryError("an entry of the record is damaged: it is not in the JSON form") from None
    kind = _KINDS.get(name)
    if kind is None or not isinstance(version, int) or version > VERSION:
        raise UnreadableEntryError(
            f"an entry of the record is newer than this package: version {version!r}, kind {name!r}; "
            "install a newer version"
        )
    known: dict[str, Any] = {name: values[name] for name in _names(kind) if name in values}
    if known.get("listeners") is not None:
        known["listeners"] = tuple(known["listeners"])
    try:
        return replace(kind(**known), number=number)
    except TypeError:
        raise UnreadableEntryError(f"an entry of the record is damaged: {name} lacks a field") from None


def _names(kind: type[Entry]) -> list[str]:
    return [one.name for one in fields(kind)]


def _kind(kind: type[Entry]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


_KINDS: dict[str, type[Entry]] = {
    _kind(one): one
    for one in (Started, Ended, Joined, LanguagesChanged, Left, Utterance, Corrected, Heard, Missed, Gap)
}
