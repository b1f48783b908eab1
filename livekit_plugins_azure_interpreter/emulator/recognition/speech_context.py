"""Parses Azure's `speech.context`, the client's request at the start of a turn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..transport.wire import Message, WireError

_TICKS_PER_SECOND = 10_000_000
_SINGLE = "INTERACTIVE"
_DETAILED = "DETAILED"
_MOST_LANGUAGES = 200
"""More than Azure translates to."""
_SINGLE_SILENCE_SECONDS = 5.0
"""Azure's initial silence timeout of a turn for one phrase."""


@dataclass(frozen=True)
class Detection:
    """How the client wants phrases to be found (Azure's `phraseDetection`). None: as the service chooses.

    Args:
        is_single: The turn ends after one phrase (Azure's mode INTERACTIVE, the SDK's `recognize_once`).
        initial_silence_seconds: How much silence before the first phrase ends the turn; infinite: none does.
        trailing_silence_seconds: How much silence after a phrase ends the turn; infinite: none does.
        segment_silence_ms: How much silence ends a phrase.
        longest_seconds: A longer phrase is cut.
    """

    is_single: bool = False
    initial_silence_seconds: float | None = None
    trailing_silence_seconds: float | None = None
    segment_silence_ms: int | None = None
    longest_seconds: float | None = None

    def silence_seconds(self, own_seconds: float | None, *, has_heard: bool) -> float:
        """How much silence ends the turn.

        Args:
            own_seconds: The service's own limit, for a client that does not choose; None: none.
            has_heard: There was speech in the turn.
        """
        asked = self.trailing_silence_seconds if has_heard else self.initial_silence_seconds
        if asked is not None:
            return asked
        if self.is_single:
            return _SINGLE_SILENCE_SECONDS
        return math.inf if own_seconds is None else own_seconds

    @classmethod
    def parse(cls, wanted: dict[str, Any], mode: str = "") -> Detection:
        """Read a `phraseDetection`.

        Args:
            wanted: What it holds.
            mode: The mode, if it names none.

        Raises:
            AttributeError, TypeError, ValueError: It has another shape than Azure's.
        """
        mode = wanted.get("mode") or mode
        segmentation = (wanted.get(mode) or {}).get("segmentation") or {}
        silence_ms = _positive(segmentation.get("segmentationSilenceTimeoutMs"))
        longest_ms = _positive(segmentation.get("segmentationForcedTimeoutMs"))
        return cls(
            mode.upper() == _SINGLE,
            _silence_seconds(wanted.get("initialSilenceTimeout")),
            _silence_seconds(wanted.get("trailingSilenceTimeout")),
            None if silence_ms is None else round(silence_ms),
            None if longest_ms is None else longest_ms / 1000,
        )


@dataclass(frozen=True)
class SpeechContext:
    """Azure's `speech.context`.

    Args:
        request_id: The turn's own id, which all its messages carry.
        targets: The languages to translate to; None: the client only wants the words.
        voiced_languages: Those of them that are also spoken.
        start_seconds: Where the turn's audio begins in the session's; None: where the last turn's ended. Not
            every client says it: JavaScript's SDK never sends audio again.
        detailed: Final results also have alternatives, with words as they were said (Azure's NBest).
        word_timings: And the place of each word.
        detection: How phrases are found.
        speakers: Results name the speaker (the SDK's ConversationTranscriber).
    """

    request_id: str
    targets: tuple[str, ...] | None
    voiced_languages: tuple[str, ...]
    start_seconds: float | None
    detection: Detection = Detection()
    detailed: bool = False
    word_timings: bool = False
    speakers: bool = False

    @classmethod
    def parse(cls, message: Message, mode: str = "") -> SpeechContext:
        """Read a `speech.context`.

        Args:
            message: The message.
            mode: The mode in which phrases are found, if it names none.

        Raises:
            WireError: It has another shape than Azure's.
        """
        context = message.json()
        try:
            return cls._parse(message.request_id, context, mode)
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
            raise WireError(f"{message.path} has another shape than Azure's") from error

    @classmethod
    def _parse(cls, request_id: str, context: dict[str, Any], mode: str) -> SpeechContext:
        translation = context.get("translation")
        targets = None if translation is None else _languages(translation.get("targetLanguages", []))
        output, detection = context.get("phraseOutput") or {}, context.get("phraseDetection") or {}
        return cls(
            request_id,
            targets,
            _voiced_languages(translation or {}, context.get("synthesis") or {}, targets or ()),
            _start_seconds(context.get("continuation")),
            Detection.parse(detection, mode),
            str(output.get("format")).upper() == _DETAILED,
            "WordTimings" in ((output.get("detailed") or {}).get("options") or ()),
            bool(detection.get("speakerDiarization")),
        )


@dataclass(frozen=True)
class LanguageChange:
    """A client's wish, amid a turn, for other languages (Azure's `event` updateLanguage).

    Args:
        targets: The languages to translate to.
        voiced_languages: Those of them that are also spoken; None: as before.
    """

    targets: tuple[str, ...]
    voiced_languages: tuple[str, ...] | None

    @classmethod
    def parse(cls, message: Message) -> LanguageChange | None:
        """Read an `event`; None: it is another one.

        Raises:
            WireError: It has another shape than Azure's.
        """
        event = message.json()
        if event.get("name") != "updateLanguage":
            return None
        synthesis = event.get("synthesis")
        try:
            targets = _languages(event.get("to"))
            return cls(targets, None if synthesis is None else _voices_of(synthesis, targets))
        except (AttributeError, TypeError, ValueError) as error:
            raise WireError("updateLanguage needs lists of languages") from error


def _start_seconds(continuation: dict[str, Any] | None) -> float | None:
    if continuation is None:
        return None
    streams = continuation.get("audio", {}).get("streams", {})
    return int((streams.get("1") or {}).get("offset", 0)) / _TICKS_PER_SECOND


def _voiced_languages(
    translation: dict[str, Any], synthesis: dict[str, Any], targets: tuple[str, ...]
) -> tuple[str, ...]:
    if translation.get("onSuccess", {}).get("action") != "Synthesize":
        return ()
    return _voices_of(synthesis, targets)


def _voices_of(synthesis: dict[str, Any], targets: tuple[str, ...]) -> tuple[str, ...]:
    voices = synthesis.get("defaultVoices") or {}
    # None named means all that have a voice, in the order of the targets: a JSON object has no order.
    named = _languages(synthesis.get("synthesizedLanguages") or [one for one in targets if one in voices])
    return tuple(language for language in dict.fromkeys(named) if language in targets)


def _languages(wanted: Any) -> tuple[str, ...]:
    if not isinstance(wanted, list) or not all(isinstance(language, str) for language in wanted):
        raise TypeError("languages must be a list of strings")
    if len(wanted) > _MOST_LANGUAGES:
        raise ValueError(f"more than {_MOST_LANGUAGES} languages")
    return tuple(wanted)


def _silence_seconds(timeout_ms: Any) -> float | None:
    """Azure's timeout, of which 0 means that there is none."""
    if timeout_ms == 0:
        return math.inf
    milliseconds = _positive(timeout_ms)
    return None if milliseconds is None else milliseconds / 1000


def _positive(number: Any) -> float | None:
    if number is None:
        return None
    if not 0 < float(number) < math.inf:
        raise ValueError("a time must be positive")
    return float(number)
