"""Faults in the final result of an utterance."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, get_args

from .base import UtteranceFault

Confidence = Literal["Unknown", "Low", "Medium", "High"]


@dataclass(frozen=True)
class BadJson(UtteranceFault):
    """The result is not JSON.

    A TranslationRecognizer drops it silently; the voice still comes. A SpeechRecognizer connects
    again, and sends the audio again; after the fifth in a row it gives up, with a ServiceError.
    """


@dataclass(frozen=True)
class MissingFields(UtteranceFault):
    """The result lacks text and translations.

    The SDK reports TranslatedSpeech (a SpeechRecognizer: RecognizedSpeech) without either, and no language.
    """


@dataclass(frozen=True)
class WrongRequestId(UtteranceFault):
    """The result comes under the id of another turn, and then correctly.

    The SDK drops the first, and reports the second.
    """


@dataclass(frozen=True)
class GarbageFrame(UtteranceFault):
    """A binary frame that is not a message comes before the result.

    The SDK drops it.
    """


@dataclass(frozen=True)
class UnknownLanguage(UtteranceFault):
    """The speaker's language is called `xx-Unknown`.

    The SDK passes it on.
    """


@dataclass(frozen=True)
class BareLanguage(UtteranceFault):
    """The speaker's language is named without its region: `de`, as Azure does for the open range.

    The SDK passes it on.
    """


@dataclass(frozen=True)
class UnsureLanguage(UtteranceFault):
    """The service is not sure of the speaker's language.

    Args:
        confidence: How sure: Unknown, Low, Medium or High.
    """

    confidence: Confidence = dataclasses.field(default="Low", kw_only=True)

    def __post_init__(self) -> None:
        if self.confidence not in get_args(Confidence):
            names = ", ".join(get_args(Confidence))
            raise ValueError(f"confidence must be one of {names}, not {self.confidence!r}")
        super().__post_init__()


@dataclass(frozen=True)
class TextInNBest(UtteranceFault):
    """The words come as an alternative (NBest) only, without DisplayText."""


@dataclass(frozen=True)
class UnknownFields(UtteranceFault):
    """The result has fields that clients need not know.

    The SDK ignores them.
    """


@dataclass(frozen=True)
class OtherResults(UtteranceFault):
    """Results for other kinds of clients come before the result.

    A TranslationRecognizer reports `speech.fragment` and `speech.tentative.phrase` as interim results,
    and `speech.phrase` as RecognizedSpeech, without translations; it ignores `audio.metadata`.
    """


@dataclass(frozen=True)
class RegionKeyed(UtteranceFault):
    """The translations are keyed by language and region: `fr-FR` for `fr`.

    The SDK passes the keys on.
    """


@dataclass(frozen=True)
class NoTranslation(UtteranceFault):
    """The words are recognized, but not translated.

    The SDK reports RecognizedSpeech.

    Args:
        reason: The reason that the service gives (FailureReason).
    """

    reason: str = dataclasses.field(default="no translation", kw_only=True)
