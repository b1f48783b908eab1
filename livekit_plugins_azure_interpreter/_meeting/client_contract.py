"""What any client may read of a meeting: participant attributes of the interpreter. Pure.

docs/client-contract.md explains them, and client_contract.schema.json beside this file has their form.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from livekit.agents import APIConnectionError, APIStatusError

from .voice_choice import VoiceOffer

ATTRIBUTE_OFFER = "interpreter.offer"
"""What participants may ask for."""
ATTRIBUTE_STATE = "interpretation_state."
"""Followed by an identity: the state of a speaker's interpretations."""

HeardIn = Literal["own", "prebuilt", "text", "fallback"]

MOST_STATE_BYTES = 32_000
"""LiveKit refuses all attributes of a participant if they are longer than 64,000 bytes together."""

_REFUSALS = {401: "Azure refuses the interpreter's credentials"} | dict.fromkeys(
    (403, 429), "Azure serves no more at the moment"
)


@dataclass(frozen=True)
class LanguageState:
    """The state of one speaker's interpretation into one language.

    Attributes:
        state: "interpreted", "queued" (the speaker waits for a place) or "failed" (it is tried again).
        voice: In which voice the last translation was heard, or the next one will be.
        listeners: How many people hear it, or read it if it is only text.
        backlog_seconds: How much of its voice waits to be heard, or sounds.
        is_moving: A translation waits to be heard, or sounds.
        place: Where the speaker stands in the line of those who wait, from 1 on.
    """

    state: Literal["interpreted", "queued", "failed"]
    voice: HeardIn
    listeners: int
    backlog_seconds: float = 0.0
    is_moving: bool = False
    place: int | None = None


@dataclass(frozen=True)
class Failure:
    """Why an interpretation does not work, in words for people, and in how many seconds it is tried again."""

    words: str
    retry_seconds: float | None = None

    @classmethod
    def of(cls, error: BaseException | None, retry_seconds: float | None = None) -> Failure:
        """Without details: those may name what is none of a participant's business, and are logged."""
        words = "the interpreter has failed"
        if isinstance(error, APIStatusError):
            words = _REFUSALS.get(error.status_code, "Azure refuses the request")
        elif isinstance(error, APIConnectionError):
            words = "Azure could not be reached"
        return cls(words, retry_seconds)


@dataclass(frozen=True)
class SpeakerState:
    """The state of one speaker's interpretations.

    Attributes:
        languages: By language.
        still_listening: How many people hear something after the speaker has paused.
        failure: What does not work.
    """

    languages: Mapping[str, LanguageState]
    still_listening: int = 0
    failure: Failure | None = None

    @property
    def is_moving(self) -> bool:
        """It changes by itself, as time passes."""
        return any(one.is_moving for one in self.languages.values())

    def to_json(self) -> str:
        """The attribute; empty if there is nothing to tell."""
        if not self.languages:
            return ""
        state: dict[str, object] = {
            "languages": {
                language: {
                    "state": one.state,
                    "voice": one.voice,
                    # To half a second: a finer one would be sent again and again.
                    "backlog_seconds": round(one.backlog_seconds * 2) / 2,
                    "listeners": one.listeners,
                    **({} if one.place is None else {"place": one.place}),
                }
                for language, one in sorted(self.languages.items())
            },
            "still_listening": self.still_listening,
        }
        if self.failure is not None:
            state["error"] = self.failure.words
            if self.failure.retry_seconds is not None:
                state["retry_seconds"] = round(self.failure.retry_seconds, 1)
        return _json(state)


def offer(languages: Collection[str], voices: VoiceOffer, *, mode: str, originals: str) -> str:
    """The attribute that tells what participants may ask for."""
    return _json(
        {
            "languages": sorted(languages),
            "voices": voices.choices,
            "voice": voices.default,
            "mode": mode,
            "originals": originals,
        }
    )


def state_attributes(
    states: Mapping[str, SpeakerState], most_bytes: int = MOST_STATE_BYTES
) -> dict[str, str]:
    """The attributes that tell the states of these speakers; in a huge meeting, of those with news."""
    told: dict[str, str] = {}
    for identity, state in sorted(states.items(), key=lambda one: (not _is_news(one[1]), one[0])):
        name, value = f"{ATTRIBUTE_STATE}{identity}", state.to_json()
        most_bytes -= len(name.encode()) + len(value.encode())
        if most_bytes < 0:
            break
        if value:
            told[name] = value
    return told


def _is_news(state: SpeakerState) -> bool:
    return state.is_moving or any(one.state != "interpreted" for one in state.languages.values())


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
