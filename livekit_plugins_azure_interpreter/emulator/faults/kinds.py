"""The faults of the service and of the way to it, each an option of `Behaviour`.

The docstrings say how the Azure SDK reacts if that is not obvious; it was seen with version 1.53.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, get_args

ErrorName = Literal["Error", "TooManyRequests", "BadRequest", "Forbidden", "ServiceUnavailable"]

Confidence = Literal["Unknown", "Low", "Medium", "High"]

_LONGEST_REASON_BYTES = 123
_RANGES: dict[str, tuple[float, float]] = {
    "times": (1, float("inf")),
    "from_connection": (1, float("inf")),
    "turn": (1, float("inf")),
    "utterance": (1, float("inf")),
    "text": (1, float("inf")),
    "at_seconds": (0, float("inf")),
    "seconds": (0, float("inf")),
    "after": (0, 1),
    "status": (400, 599),
    "code": (1000, 4999),
    "sample_rate": (1, 192_000),
    "channels": (1, 8),
    "factor": (1, float("inf")),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong.

    Args:
        times: How often, in the emulator's life; None: always.

    Raises:
        ValueError: An argument is out of its range.
    """

    times: int | None = 1

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name, None)
            if isinstance(value, (int, float)) and not least <= value <= most:
                limits = f"at least {least}" if most == float("inf") else f"from {least} to {most}"
                raise ValueError(f"{name} must be {limits}, not {value}")


@dataclass(frozen=True)
class HandshakeFault(Fault):
    """It happens when a client connects.

    Args:
        from_connection: The first connection that it affects, counted from 1.
    """

    from_connection: int = dataclasses.field(default=1, kw_only=True)


@dataclass(frozen=True)
class PositionFault(Fault):
    """It happens when the audio of a session, on any of its connections, reaches a position.

    Args:
        at_seconds: The position.
    """

    at_seconds: float


@dataclass(frozen=True)
class TurnFault(Fault):
    """It happens to one turn (Azure's request id), or to each.

    Args:
        turn: The number of the turn, counted from 1 over the emulator's life; None: each.
    """

    turn: int | None = None
    times: int | None = dataclasses.field(default=None, kw_only=True)


@dataclass(frozen=True)
class UtteranceFault(Fault):
    """It happens to one utterance, or to each.

    An utterance counts when its result is due, so one whose audio is sent again counts once.

    Args:
        utterance: The number of the utterance, counted from 1 over the emulator's life; None: each.
    """

    utterance: int | None = None
    times: int | None = dataclasses.field(default=None, kw_only=True)


@dataclass(frozen=True)
class TextFault(Fault):
    """It happens to one text that a synthesizer speaks, or to each.

    Args:
        text: The number of the text, counted from 1 over the emulator's life; None: each.
    """

    text: int | None = None
    times: int | None = dataclasses.field(default=None, kw_only=True)


# When a client connects


@dataclass(frozen=True)
class Refuse(HandshakeFault):
    """The handshake is answered with an HTTP status.

    The SDK gives up at once after 400, 401 and 403; otherwise it tries five times within a second.

    Args:
        status: The status, 400 to 599.
    """

    status: int


@dataclass(frozen=True)
class HangHandshake(HandshakeFault):
    """The handshake is never answered.

    The SDK reports nothing: after 150 s it still waited.
    """


# At a position in the audio


@dataclass(frozen=True)
class Drop(PositionFault):
    """The connection is reset, or closed with a code.

    The SDK gives up after 1002, 1007 and codes from 4000 on. Otherwise it connects again, and sends
    unacknowledged audio again; the voices that were under way never come.

    Args:
        code: The code of the WebSocket's close, 1000 to 4999; None: a reset.
        reason: The reason of the close, at most 123 bytes.
    """

    code: int | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        _check_reason(self.reason)
        super().__post_init__()


@dataclass(frozen=True)
class ErrorStatus(PositionFault):
    """A result reports an error, as RecognitionStatus.

    The SDK connects again; after the fifth in a row it gives up, with the code of that name.

    Args:
        status: The name of the error.
    """

    status: ErrorName = "Error"

    def __post_init__(self) -> None:
        if self.status not in get_args(ErrorName):
            raise ValueError(f"status must be one of {', '.join(get_args(ErrorName))}, not {self.status!r}")
        super().__post_init__()


@dataclass(frozen=True)
class Mute(PositionFault):
    """The service still reads, but sends nothing more on this connection.

    The SDK notices after 66 s of audio.
    """


@dataclass(frozen=True)
class BlackHole(PositionFault):
    """The service does not even read from this connection any more.

    The SDK notices after 66 s of audio.
    """


@dataclass(frozen=True)
class Away(PositionFault):
    """The service resets every connection, and its port refuses new ones for `seconds`.

    The SDK tries for about a second, unless it is configured to try longer.

    Args:
        seconds: How long.
    """

    seconds: float


# In a turn


@dataclass(frozen=True)
class RefuseTurn(TurnFault):
    """The connection is closed when the client asks for the turn (Azure's `speech.context`).

    Azure does so with 1007 for a setting, a language or a voice that it refuses, and without quota; with 4429
    for too many requests; with 1011 and 1012 for its own failures. The SDK gives up after 1007 and 4429, and
    passes on the reason.

    Args:
        code: The code of the WebSocket's close, 1000 to 4999.
        reason: The reason of the close, at most 123 bytes, e.g. "Quota exceeded. Cid: ".
    """

    code: int = dataclasses.field(default=1007, kw_only=True)
    reason: str = dataclasses.field(default="", kw_only=True)

    def __post_init__(self) -> None:
        _check_reason(self.reason)
        super().__post_init__()


@dataclass(frozen=True)
class EndWithoutOffset(TurnFault):
    """The end of the speech is told without its position.

    The SDK then names the start of the turn.
    """


# In the final result of an utterance


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


# In the voice of an utterance


@dataclass(frozen=True)
class NoVoice(UtteranceFault):
    """The voice is never sent."""


@dataclass(frozen=True)
class EarlyVoice(UtteranceFault):
    """The voice begins before the final result."""


@dataclass(frozen=True)
class SlowVoice(UtteranceFault):
    """The voice begins `seconds` late.

    Args:
        seconds: How late.
    """

    seconds: float = dataclasses.field(kw_only=True)


@dataclass(frozen=True)
class StallVoice(UtteranceFault):
    """The voice pauses for `seconds` when a share of it was sent.

    Args:
        seconds: How long.
        after: The share, 0 to 1.
    """

    seconds: float = dataclasses.field(kw_only=True)
    after: float = dataclasses.field(default=0.5, kw_only=True)


@dataclass(frozen=True)
class DropInVoice(UtteranceFault):
    """The connection is reset, or closed, when a share of the voice was sent.

    The SDK connects again; the rest of the voice never comes, and no event reports that.

    Args:
        after: The share, 0 to 1.
        code: The code of the WebSocket's close, 1000 to 4999; None: a reset.
    """

    after: float = dataclasses.field(default=0.5, kw_only=True)
    code: int | None = dataclasses.field(default=None, kw_only=True)


@dataclass(frozen=True)
class VoiceNeverEnds(UtteranceFault):
    """The end of the voice is not reported.

    The SDK reports no SynthesizingAudioCompleted.
    """


@dataclass(frozen=True)
class VoiceError(UtteranceFault):
    """The voice ends early, with an error.

    The SDK ends the whole session, with a ServiceError; voices behind it may still come after that.

    Args:
        after: The share of it that is sent, 0 to 1.
    """

    after: float = dataclasses.field(default=0.5, kw_only=True)


@dataclass(frozen=True)
class EmptyChunk(UtteranceFault):
    """A chunk within the voice is empty.

    The SDK reports SynthesizingAudioCompleted there, and at the end once more.

    Args:
        after: The share that is sent before, 0 to 1.
    """

    after: float = dataclasses.field(default=0.5, kw_only=True)


@dataclass(frozen=True)
class OddChunks(UtteranceFault):
    """Chunks have odd sizes, so that samples are cut in two."""


@dataclass(frozen=True)
class SplitHeader(UtteranceFault):
    """The RIFF header is cut in two by the end of a chunk."""


@dataclass(frozen=True)
class LyingHeader(UtteranceFault):
    """The sizes in the RIFF header are wrong: 4 GB in all, 2 bytes of samples."""


@dataclass(frozen=True)
class SilentVoice(UtteranceFault):
    """The voice is a header and zeros, as for a phrase that could not be spoken."""


@dataclass(frozen=True)
class UnannouncedVoice(UtteranceFault):
    """The voice comes without its beginning (`audio.start`), which names its language."""


@dataclass(frozen=True)
class ServiceTurn(UtteranceFault):
    """The voice comes in a turn that the service begins itself, with an id of its own.

    The SDK reports such a voice as it reports others.
    """


@dataclass(frozen=True)
class StrayVoice(UtteranceFault):
    """The voice comes under the id of a turn that never began.

    The SDK drops it.
    """


@dataclass(frozen=True)
class VoiceFormat(UtteranceFault):
    """The voice comes in another format: repeated per channel, in 16 or 8 bits.

    Its header has the rate; the samples are not resampled to it.

    Args:
        sample_rate: In Hz.
        channels: How many, 1 to 8.
        bits: Of a sample, 8 or 16.
    """

    sample_rate: int = dataclasses.field(default=16000, kw_only=True)
    channels: int = dataclasses.field(default=1, kw_only=True)
    bits: int = dataclasses.field(default=16, kw_only=True)

    def __post_init__(self) -> None:
        if self.bits not in (8, 16):
            raise ValueError(f"bits must be 8 or 16, not {self.bits}")
        super().__post_init__()


@dataclass(frozen=True)
class LongVoice(UtteranceFault):
    """The voice is `factor` times as long: it is sent over and over.

    Args:
        factor: How many times.
    """

    factor: int = dataclasses.field(default=10, kw_only=True)


# When a text is spoken, over a WebSocket


@dataclass(frozen=True)
class RefuseText(TextFault):
    """The connection is closed instead of an answer, as Azure does for an unknown voice.

    The SDK gives up.

    Args:
        code: The code of the WebSocket's close, 1000 to 4999.
    """

    code: int = dataclasses.field(default=1007, kw_only=True)


@dataclass(frozen=True)
class MuteText(TextFault):
    """The service sends nothing more after a share of the voice; at 0, it sends nothing at all.

    Args:
        after: The share, 0 to 1.
    """

    after: float = dataclasses.field(default=0.0, kw_only=True)


@dataclass(frozen=True)
class DropText(TextFault):
    """The connection is reset when a share of the voice was sent.

    Before the first sound the SDK asks once more on a new connection; after it, it gives up.

    Args:
        after: The share, 0 to 1.
    """

    after: float = dataclasses.field(default=0.5, kw_only=True)


def _check_reason(reason: str) -> None:
    if len(reason.encode()) > _LONGEST_REASON_BYTES:
        raise ValueError(f"reason must be at most {_LONGEST_REASON_BYTES} bytes")


KINDS: tuple[type[Fault], ...] = (
    *HandshakeFault.__subclasses__(),
    *PositionFault.__subclasses__(),
    *TurnFault.__subclasses__(),
    *UtteranceFault.__subclasses__(),
    *TextFault.__subclasses__(),
)
"""All faults."""
