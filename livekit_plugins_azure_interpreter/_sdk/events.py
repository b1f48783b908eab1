"""The events that a recognizer or a synthesizer reports: plain, frozen data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PHRASES = ("SpeechPhrase", "SpeechHypothesis")
"""The keys under which a message has its phrase; a message without them is a phrase itself."""
_HALVES = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair of UTF-16. JSON can contain one; encoded text cannot."""
TICKS_PER_SECOND = 10_000_000
TIMED_OUT = "TimedOut"
BUSY = "Busy"
RESULT_LOST = "ResultLost"
CALLBACK_FAILED = "CallbackFailed"
LANGUAGES_REFUSED = "LanguagesRefused"
PLACE_LOST = "PlaceLost"
"""Codes of failures that this package detects; the SDK has no codes for them."""
NO_FAULT_OF_THE_SERVICE = (RESULT_LOST, CALLBACK_FAILED, LANGUAGES_REFUSED, PLACE_LOST)
"""Those after which another resource would be no better."""


@dataclass(frozen=True)
class Phrase:
    """Words that were heard, and their translations.

    Args:
        offset_seconds: Where they begin in the audio of this attempt.
        duration_seconds: How long they are.
        text: The words in the language in which they were spoken.
        language: That language (BCP 47); empty if Azure does not name it.
        translations: The text per target language, keyed as Azure keys it (`fr` or `fr-FR`).
        failure_reason: The service's reason why they are not translated.
    """

    offset_seconds: float
    duration_seconds: float
    text: str
    language: str = ""
    translations: Mapping[str, str] = field(default_factory=dict)
    failure_reason: str = ""

    @property
    def end_seconds(self) -> float:
        return self.offset_seconds + self.duration_seconds


@dataclass(frozen=True)
class RawPhrase:
    """A phrase as the SDK's thread copied it; `read` parses it on the loop.

    Args:
        offset_seconds, duration_seconds: As in `Phrase`.
        body: The service's own message (JSON). The SDK's fields are cut at its buffer of 2,048 bytes.
    """

    offset_seconds: float
    duration_seconds: float
    body: str

    def read(self) -> Phrase:
        """The parsed phrase; parts that cannot be read are empty."""
        message = _object(self.body)
        spoken = next((found for key in _PHRASES if isinstance(found := message.get(key), dict)), message)
        primary = spoken.get("PrimaryLanguage")
        return Phrase(
            # The body counts from the start of a turn, the SDK from the start of the stream.
            self.offset_seconds,
            self.duration_seconds,
            _text(spoken),
            _words(primary.get("Language")) if isinstance(primary, dict) else "",
            _translations(message),
            _words(message.get("FailureReason")) if message.get("TranslationStatus") == "Error" else "",
        )


@dataclass(frozen=True)
class Connected:
    """The WebSocket to Azure was opened: for the first time, or again."""


@dataclass(frozen=True)
class Disconnected:
    """The WebSocket was lost. The SDK reconnects by itself, but a voice under way never comes back."""


@dataclass(frozen=True)
class MessageReceived:
    """A message of any kind came from the service; at most one is reported per second."""


@dataclass(frozen=True)
class SpeechStarted:
    """Azure heard somebody begin to speak."""

    offset_seconds: float


@dataclass(frozen=True)
class SpeechStopped:
    """Azure heard the end of speech: after an utterance, or once per turn."""

    offset_seconds: float


@dataclass(frozen=True)
class Recognizing:
    """An interim result, which the next one replaces."""

    phrase: RawPhrase


@dataclass(frozen=True)
class Recognized:
    """A final result. It has no translations if Azure recognized but did not translate the speech."""

    phrase: RawPhrase


@dataclass(frozen=True)
class WordsRecognized:
    """The words of a final result that may also come, or have come, with its translations."""

    phrase: RawPhrase


@dataclass(frozen=True)
class ResultUnread:
    """The SDK could not read a final result, so it did not report it."""


@dataclass(frozen=True)
class NothingRecognized:
    """Azure recognized nothing in a sound (its NoMatch)."""


@dataclass(frozen=True)
class TurnStarted:
    """The service began a turn (`turn.start`): it may use the names of its streams again."""


@dataclass(frozen=True)
class TurnEnded:
    """The service ended a turn (`turn.end`): no more results of it come."""


@dataclass(frozen=True)
class VoiceAnnounced:
    """A translated voice begins (`audio.start`).

    Args:
        stream_id: The service's name for the stream that it comes on (X-StreamId).
        body: The service's own message (JSON), which may name the language.
    """

    stream_id: str
    body: str

    @property
    def language(self) -> str | None:
        """Which target language the voice speaks (TranslationLanguage); None if it is not named."""
        return _words(_object(self.body).get("TranslationLanguage")) or None


@dataclass(frozen=True)
class VoiceChunk:
    """A piece of a translated voice, as it was sent: with or without a RIFF header.

    Args:
        data: The bytes.
        stream_id: The stream that it came on; empty if the SDK does not show it.
    """

    data: bytes
    stream_id: str = ""


@dataclass(frozen=True)
class VoiceCompleted:
    """A translated voice is complete, or an empty chunk of it came.

    Args:
        stream_id: The stream; empty if the SDK does not show it.
        told: The service said that it is complete (`audio.end`).
    """

    stream_id: str = ""
    told: bool = False


@dataclass(frozen=True)
class Finished:
    """All sent audio has been processed (Azure's EndOfStream)."""


@dataclass(frozen=True)
class Failed:
    """The recognizer gave up for good.

    Args:
        code: The name of the SDK's CancellationErrorCode, e.g. `AuthenticationFailure`; or TIMED_OUT,
            RESULT_LOST or CALLBACK_FAILED.
        details: The text of the SDK, or of this package.
    """

    code: str
    details: str


@dataclass(frozen=True)
class SynthesisStarted:
    """A text was handed to the service.

    Args:
        request_id: The id that Azure's support asks for.
    """

    request_id: str


@dataclass(frozen=True)
class SynthesisChunk:
    """A piece of the voice of a text: 16 bit mono PCM, without a header."""

    pcm: bytes


@dataclass(frozen=True)
class WordBoundary:
    """The place of a word, or of a punctuation mark, in the voice of a text.

    Args:
        word: The word as the text spells it.
        offset_seconds: Where it begins in that voice.
        duration_seconds: How long it is; 0 if the model does not report it.
        request_id: The request of its text; the SDK reports words on another thread than the voice.
    """

    word: str
    offset_seconds: float
    duration_seconds: float
    request_id: str


@dataclass(frozen=True)
class SynthesisCompleted:
    """The voice of a text is complete."""


VoiceEvent = TurnStarted | VoiceAnnounced | VoiceChunk | VoiceCompleted
"""The events that framing uses."""

Event = (
    Connected
    | Disconnected
    | MessageReceived
    | SpeechStarted
    | SpeechStopped
    | Recognizing
    | Recognized
    | WordsRecognized
    | ResultUnread
    | NothingRecognized
    | TurnEnded
    | VoiceEvent
    | Finished
    | Failed
)
"""The events of a recognizer."""

SynthesisEvent = (
    Connected | Disconnected | SynthesisStarted | SynthesisChunk | WordBoundary | SynthesisCompleted | Failed
)
"""The events of a synthesizer."""


def _object(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _translations(message: dict[str, Any]) -> dict[str, str]:
    entries = message.get("Translations")
    if not isinstance(entries, list):
        return {}
    texts = {
        language: _text(entry)
        for entry in entries
        if isinstance(entry, dict) and (language := _words(entry.get("Language")))
    }
    return {language: text for language, text in texts.items() if text}


def _text(entry: dict[str, Any]) -> str:
    """The text of a phrase or translation; empty if it has no word."""
    best = entry.get("NBest")
    others = [best[0].get("Display")] if isinstance(best, list) and best and isinstance(best[0], dict) else []
    texts = map(_words, (entry.get("DisplayText"), entry.get("Text"), *others))
    return next((text for text in texts if text.strip()), "")


def _words(value: object) -> str:
    return _HALVES.sub("", value) if isinstance(value, str) else ""
