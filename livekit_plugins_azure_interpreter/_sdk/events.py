"""The events that a recognizer or a synthesizer reports: plain, frozen data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PHRASES = ("SpeechPhrase", "SpeechHypothesis")
"""Where a message has its phrase; one of words only is a phrase itself."""
_HALVES = re.compile("[\ud800-\udfff]")
"""Half of a letter, of those that UTF-16 has in two: JSON can escape one, and no text can hold it."""
TICKS_PER_SECOND = 10_000_000
TIMED_OUT = "TimedOut"
BUSY = "Busy"
RESULT_LOST = "ResultLost"
CALLBACK_FAILED = "CallbackFailed"
"""The codes of failures that are noticed here; the SDK has none for them."""


@dataclass(frozen=True)
class Phrase:
    """Words that were heard, and their translations.

    Args:
        offset_seconds: Where they begin in the audio of this attempt.
        duration_seconds: How long they are.
        text: The words in the language in which they were spoken.
        language: That language (BCP 47); empty where Azure did not say.
        translations: The text per target language, keyed as Azure keys it (`fr` or `fr-FR`).
        failure_reason: The service's own words on why they are not translated.
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
    """A phrase as the SDK's thread copied it; `read` makes sense of it, on the loop.

    Args:
        offset_seconds, duration_seconds: As in `Phrase`.
        body: The service's own message (JSON). The SDK's fields are cut at its buffer of 2,048 bytes.
    """

    offset_seconds: float
    duration_seconds: float
    body: str

    def read(self) -> Phrase:
        """The phrase, as far as the message can be read; what cannot is empty."""
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
    """Some message of the service came, of whatever kind; at most one is reported per second."""


@dataclass(frozen=True)
class SpeechStarted:
    """Azure heard somebody begin to speak."""

    offset_seconds: float


@dataclass(frozen=True)
class SpeechStopped:
    """Azure heard somebody end: after an utterance, or once per turn."""

    offset_seconds: float


@dataclass(frozen=True)
class Recognizing:
    """An interim result, which the next one replaces."""

    phrase: RawPhrase


@dataclass(frozen=True)
class Recognized:
    """A final result. Without translations: heard, but not translated."""

    phrase: RawPhrase


@dataclass(frozen=True)
class ResultUnread:
    """A final result came that the SDK could not read, and so did not report."""


@dataclass(frozen=True)
class NothingRecognized:
    """Azure gave up on something that was no speech (its NoMatch)."""


@dataclass(frozen=True)
class TurnStarted:
    """The service began a turn (`turn.start`): it may use the names of its streams again."""


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
        """Which target language the voice speaks (TranslationLanguage); None: the service does not say."""
        return _words(_object(self.body).get("TranslationLanguage")) or None


@dataclass(frozen=True)
class VoiceChunk:
    """A piece of a translated voice, as it was sent: with or without a RIFF header.

    Args:
        data: It.
        stream_id: On which stream it came; empty where the SDK does not show that.
    """

    data: bytes
    stream_id: str = ""


@dataclass(frozen=True)
class VoiceCompleted:
    """A translated voice is complete, or an empty chunk of it came.

    Args:
        stream_id: On which stream; empty where the SDK does not show that.
        told: The service said that it is complete (`audio.end`).
    """

    stream_id: str = ""
    told: bool = False


@dataclass(frozen=True)
class Finished:
    """All audio that was sent is dealt with (Azure's EndOfStream)."""


@dataclass(frozen=True)
class Failed:
    """The recognizer gave up for good.

    Args:
        code: The name of the SDK's CancellationErrorCode, e.g. `AuthenticationFailure`; or TIMED_OUT,
            RESULT_LOST or CALLBACK_FAILED.
        details: The SDK's own words, or the bridge's.
    """

    code: str
    details: str


@dataclass(frozen=True)
class SynthesisStarted:
    """A text was handed to the service.

    Args:
        request_id: What Azure's support asks for.
    """

    request_id: str


@dataclass(frozen=True)
class SynthesisChunk:
    """A piece of the voice of a text: 16 bit mono PCM, without a header."""

    pcm: bytes


@dataclass(frozen=True)
class WordBoundary:
    """A word, or a punctuation mark, has its place in the voice of a text.

    Args:
        word: As the text has it.
        offset_seconds: Where it begins in that voice.
        duration_seconds: How long it is; 0 where the model does not tell.
        request_id: Of which text; the SDK reports words on another thread than the voice.
    """

    word: str
    offset_seconds: float
    duration_seconds: float
    request_id: str


@dataclass(frozen=True)
class SynthesisCompleted:
    """The voice of a text is complete."""


VoiceEvent = TurnStarted | VoiceAnnounced | VoiceChunk | VoiceCompleted
"""What framing wants to know."""

Event = (
    Connected
    | Disconnected
    | MessageReceived
    | SpeechStarted
    | SpeechStopped
    | Recognizing
    | Recognized
    | ResultUnread
    | NothingRecognized
    | VoiceEvent
    | Finished
    | Failed
)
"""What a recognizer reports."""

SynthesisEvent = (
    Connected | Disconnected | SynthesisStarted | SynthesisChunk | WordBoundary | SynthesisCompleted | Failed
)
"""What a synthesizer reports."""


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
    """The text of a phrase or translation; empty, where it has no word."""
    best = entry.get("NBest")
    others = [best[0].get("Display")] if isinstance(best, list) and best and isinstance(best[0], dict) else []
    texts = map(_words, (entry.get("DisplayText"), entry.get("Text"), *others))
    return next((text for text in texts if text.strip()), "")


def _words(value: object) -> str:
    return _HALVES.sub("", value) if isinstance(value, str) else ""
