"""Writes what happens in one meeting as entries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, Protocol

from livekit.agents import utils

from .._voices.meter import UtteranceMetrics
from ..reports import UtteranceRecognized
from .entries import (
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
from .keeper import Keeper
from .record import Record

_MOST_UNHEARD = 1000
"""So many utterances are remembered with their speaker until it is known what was heard of them."""


@dataclass(frozen=True)
class Presence:
    """Somebody in the meeting; the fields are those of `Joined`."""

    identity: str
    name: str = ""
    hears: str | None = None
    reads: str | None = None


@dataclass(frozen=True)
class Audience:
    """Those who hear a voice, and which; the fields are those of `Heard`."""

    listeners: frozenset[str] | None = None
    voice: str = ""


class Source(Protocol):
    """What tells of utterances: an `STT`, or a `TranslationModel`."""

    def on(self, event: Any, callback: Callable[..., None]) -> Any:
        """Have the callback called with each such event."""


class Scribe:
    """Turns the events of a meeting into entries. It never waits, except in `aclose`.

    Args:
        record: Keeps the entries. A `Keeper` may have several scribes, and stays open.
        meeting: The id of the meeting. Another interpreter of the same meeting goes on with its record.
        room: The name of the room.

    Attributes:
        keeper: Takes the entries.
    """

    def __init__(self, record: Record | Keeper, meeting: str, room: str = "") -> None:
        self.keeper, self._kept = Keeper.of(record)
        self._meeting = meeting
        # An utterance's id is unique in its process only, and a meeting may have several.
        self._run = utils.shortuuid("")
        self._numbers = count(1)
        self._present: dict[str, Presence] = {}
        self._put(Started, room=room)

    def present(self, people: Iterable[Presence]) -> None:
        """These are in the meeting now. Who has come, gone or changed since the last time gets an entry."""
        before, self._present = self._present, {one.identity: one for one in people}
        for identity in before.keys() - self._present.keys():
            self._put(Left, person=identity)
        for identity, now in self._present.items():
            then = before.get(identity)
            if then is None:
                self._put(Joined, person=identity, name=now.name, hears=now.hears, reads=now.reads)
            elif (then.hears, then.reads) != (now.hears, now.reads):
                self._put(LanguagesChanged, person=identity, hears=now.hears, reads=now.reads)

    def listen(
        self, source: Source, speaker: Callable[[], Presence], audience: Callable[[str], Audience]
    ) -> None:
        """Write what a source tells.

        Args:
            source: It tells of utterances.
            speaker: Returns who has said the utterance that has just become final.
            audience: Returns, for a language, who hears the voice that has just been spoken.
        """
        speakers: dict[str, str] = {}

        def recognized(utterance: UtteranceRecognized) -> None:
            who = speaker()
            speakers[utterance.id] = who.identity
            if len(speakers) > _MOST_UNHEARD:
                del speakers[next(iter(speakers))]
            self._recognized(utterance, who)

        def ended(metrics: UtteranceMetrics) -> None:
            if metrics.target_language:
                self._ended(metrics, speakers.get(metrics.id, ""), audience(metrics.target_language))

        source.on("utterance_recognized", recognized)
        source.on("utterance_metrics_collected", ended)

    def missed(
        self, speaker: str, language: str, reason: Literal["late", "failed", "forgotten"], seconds: float
    ) -> None:
        """Some speech is not heard; the arguments are the fields of `SpeechMissed`."""
        self._put(Missed, person=speaker, language=language, reason=reason, seconds=seconds)

    async def aclose(self) -> None:
        """The interpreter leaves; wait some seconds at most until its entries are kept."""
        self._put(Ended)
        await self._kept()

    def _recognized(self, utterance: UtteranceRecognized, who: Presence) -> None:
        said = utterance.transcript
        corrected = said.uncorrected_texts
        written = {language: str(text) for language, text in said.translations.items()}
        entry = Utterance(
            **self._frame(utterance.id, who.identity),
            name=who.name,
            started_at=utterance.started_at,
            ended_at=utterance.ended_at,
            language=said.source_language,
            text=said.source_text,
            translations={**written, **corrected},
        )
        corrections = (
            Corrected(
                **self._frame(f"{utterance.id}/{language}/corrected", who.identity),
                utterance=entry.id,
                language=language,
                text=written[language],
            )
            for language in corrected
        )
        self.keeper.put(entry, *corrections)

    def _ended(self, metrics: UtteranceMetrics, speaker: str, audience: Audience) -> None:
        by_azure = metrics.voice_seconds > 0 and metrics.outcome != "fallback"
        heard = audience.listeners if metrics.voice_seconds > 0 else frozenset[str]()
        entry = Heard(
            **self._frame(f"{metrics.id}/{metrics.target_language}/heard", speaker),
            utterance=self._id(metrics.id),
            language=metrics.target_language,
            outcome=metrics.outcome,
            voice=audience.voice if by_azure else "",
            listeners=None if heard is None else tuple(sorted(heard)),
            voice_seconds=metrics.voice_seconds,
            end_of_speech_to_first_sound_seconds=metrics.end_of_speech_to_first_sound_seconds,
            lost_reason=metrics.lost_reason,
        )
        self.keeper.put(entry)

    def _put(self, kind: type[Entry], *, person: str = "", **fields: Any) -> None:
        self.keeper.put(kind(**self._frame(str(next(self._numbers)), person), **fields))

    def _frame(self, name: str, person: str) -> Mapping[str, Any]:
        return {"id": self._id(name), "meeting": self._meeting, "at": time.time(), "person": person}

    def _id(self, name: str) -> str:
        return f"{self._run}/{name}"
