"""Parses Azure's `speech.context`, the client's request at the start of a turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .wire import Message, WireError

_TICKS_PER_SECOND = 10_000_000
_SILENCE_TIMEOUTS = ("initialSilenceTimeout", "trailingSilenceTimeout")


@dataclass(frozen=True)
class SpeechContext:
    """Azure's `speech.context`.

    Args:
        request_id: The turn's own id, which all its messages carry.
        targets: The languages to translate to; None: the client only wants the words.
        voiced_language: The language that is also spoken.
        start_seconds: Where the turn's audio begins in the session's.
        ends_in_silence: The service may end the turn when nothing is said for long.
    """

    request_id: str
    targets: tuple[str, ...] | None
    voiced_language: str | None
    start_seconds: float
    ends_in_silence: bool = True

    @classmethod
    def parse(cls, message: Message) -> SpeechContext:
        """Read a `speech.context`.

        Raises:
            WireError: It has another shape than Azure's.
        """
        context = message.json()
        try:
            return cls._parse(message.request_id, context)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise WireError(f"{message.path} has another shape than Azure's") from error

    @classmethod
    def _parse(cls, request_id: str, context: dict[str, Any]) -> SpeechContext:
        translation = context.get("translation")
        targets = None if translation is None else tuple(translation.get("targetLanguages", ()))
        voiced = context.get("synthesis", {}).get("synthesizedLanguages", [])
        wanted = (translation or {}).get("onSuccess", {}).get("action") == "Synthesize"
        streams = context.get("continuation", {}).get("audio", {}).get("streams", {})
        offset = int((streams.get("1") or {}).get("offset", 0))
        timeouts = (context.get("phraseDetection", {}).get(name) for name in _SILENCE_TIMEOUTS)
        return cls(
            request_id,
            targets,
            voiced[0] if wanted and voiced else None,
            offset / _TICKS_PER_SECOND,
            ends_in_silence=not any(timeout == 0 for timeout in timeouts),
        )
