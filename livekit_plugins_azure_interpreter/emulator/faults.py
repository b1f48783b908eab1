"""What can go wrong at the service and on the way to it, each as an option of `Behaviour`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, get_type_hints


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong, `times` times in the emulator's life; None: always."""

    times: int | None = 1


@dataclass(frozen=True, kw_only=True)
class HandshakeFault(Fault):
    """It happens as a client connects, from the `from_connection`-th time on."""

    from_connection: int = 1


@dataclass(frozen=True, kw_only=True)
class PositionFault(Fault):
    """It happens when a session's audio reaches `at_seconds`."""

    at_seconds: float


@dataclass(frozen=True, kw_only=True)
class UtteranceFault(Fault):
    """It happens to one utterance, counted from 1 over the emulator's life; None: to any."""

    utterance: int | None = None


# As a client connects


@dataclass(frozen=True, kw_only=True)
class Refuse(HandshakeFault):
    """The handshake is answered with this HTTP status."""

    status: int


@dataclass(frozen=True, kw_only=True)
class HangHandshake(HandshakeFault):
    """The handshake is never answered."""


# At a position in the audio


@dataclass(frozen=True, kw_only=True)
class Drop(PositionFault):
    """The connection is closed with a WebSocket close code, or reset."""

    code: int | None = None


@dataclass(frozen=True, kw_only=True)
class Mute(PositionFault):
    """The service goes on listening on this connection, and never says anything again."""


@dataclass(frozen=True, kw_only=True)
class BlackHole(PositionFault):
    """The service does not even read from this connection any more."""


@dataclass(frozen=True, kw_only=True)
class Away(PositionFault):
    """The service resets every connection, and its port refuses new ones for `seconds`."""

    seconds: float


# In the final result of an utterance


@dataclass(frozen=True, kw_only=True)
class BadJson(UtteranceFault):
    """The result is no JSON. The SDK ends the session with a RuntimeError."""


@dataclass(frozen=True, kw_only=True)
class MissingFields(UtteranceFault):
    """The result lacks its phrase and its translations."""


@dataclass(frozen=True, kw_only=True)
class WrongRequestId(UtteranceFault):
    """The result comes under the id of another turn, which the SDK drops, and then as it should be."""


@dataclass(frozen=True, kw_only=True)
class GarbageFrame(UtteranceFault):
    """A binary frame that is no message comes before the result."""


@dataclass(frozen=True, kw_only=True)
class UnknownLanguage(UtteranceFault):
    """The language of the speaker has a name that nobody knows."""


@dataclass(frozen=True, kw_only=True)
class RegionKeyed(UtteranceFault):
    """The translations are keyed by language and region: `fr-FR` for `fr`."""


@dataclass(frozen=True, kw_only=True)
class NoTranslation(UtteranceFault):
    """The words are recognized, but not translated."""


# In the voice of an utterance


@dataclass(frozen=True, kw_only=True)
class NoVoice(UtteranceFault):
    """The voice is never sent."""


@dataclass(frozen=True, kw_only=True)
class EarlyVoice(UtteranceFault):
    """The voice begins before the final result."""


@dataclass(frozen=True, kw_only=True)
class SlowVoice(UtteranceFault):
    """The voice begins `seconds` late."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class StallVoice(UtteranceFault):
    """The voice pauses for `seconds` after a share of it."""

    seconds: float
    after: float = 0.5


@dataclass(frozen=True, kw_only=True)
class DropInVoice(UtteranceFault):
    """The connection is closed or reset after a share of the voice; 0: before its first chunk."""

    after: float = 0.5
    code: int | None = None


@dataclass(frozen=True, kw_only=True)
class VoiceNeverEnds(UtteranceFault):
    """The end of the voice is not told."""


@dataclass(frozen=True, kw_only=True)
class VoiceError(UtteranceFault):
    """The voice ends in its middle, with an error. The SDK then ends the session."""


@dataclass(frozen=True, kw_only=True)
class EmptyChunk(UtteranceFault):
    """A chunk in the middle of the voice is empty, which the SDK takes for its end."""


@dataclass(frozen=True, kw_only=True)
class OddChunks(UtteranceFault):
    """Chunks have odd sizes, so that samples are cut in two."""


@dataclass(frozen=True, kw_only=True)
class SplitHeader(UtteranceFault):
    """The RIFF header is cut in two by the end of a chunk."""


@dataclass(frozen=True, kw_only=True)
class LyingHeader(UtteranceFault):
    """The RIFF header tells sizes that are not true."""


@dataclass(frozen=True, kw_only=True)
class VoiceFormat(UtteranceFault):
    """The voice is sent in another format. Samples are told at the rate, not resampled to it."""

    sample_rate: int = 16000
    channels: int = 1
    bits: int = 16


@dataclass(frozen=True, kw_only=True)
class LongVoice(UtteranceFault):
    """The voice is sent so many times over."""

    factor: int = 10


KINDS: tuple[type[Fault], ...] = (
    *HandshakeFault.__subclasses__(),
    *PositionFault.__subclasses__(),
    *UtteranceFault.__subclasses__(),
)

F = TypeVar("F", bound=Fault)


class Faults:
    """The faults that are still to happen, and the count of utterances by which some are due."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = tuple(faults)
        self._left = [fault.times for fault in self._faults]
        self._utterances = 0

    def at_handshake(self, number: int) -> HandshakeFault | None:
        """What happens to the client that connects as the `number`-th."""
        due = self._take(HandshakeFault, lambda fault: fault.from_connection <= number, most=1)
        return due[0] if due else None

    def at_position(self, before: float, now: float) -> list[PositionFault]:
        """What happens while a session's audio goes on from one position to another, in seconds."""
        return self._take(PositionFault, lambda fault: before < fault.at_seconds <= now)

    def of_next_utterance(self) -> UtteranceFaults:
        """What happens to the utterance that was heard now."""
        self._utterances += 1
        number = self._utterances
        return UtteranceFaults(self._take(UtteranceFault, lambda fault: fault.utterance in (None, number)))

    def _take(self, kind: type[F], due: Callable[[F], bool], most: int | None = None) -> list[F]:
        taken: list[F] = []
        for number, (fault, left) in enumerate(zip(self._faults, self._left, strict=True)):
            if len(taken) != most and left != 0 and isinstance(fault, kind) and due(fault):
                taken.append(fault)
                self._left[number] = None if left is None else left - 1
        return taken


class UtteranceFaults:
    """What happens to one utterance."""

    def __init__(self, faults: Sequence[UtteranceFault] = ()) -> None:
        self._faults = faults

    def get(self, kind: type[F]) -> F | None:
        """The fault of this kind, if it happens."""
        return next((fault for fault in self._faults if isinstance(fault, kind)), None)


def parse_fault(text: str) -> Fault:
    """Read a fault as the command line names it: `drop at_seconds=5 code=1011`.

    Raises:
        ValueError: There is no such fault, or it has no such option; the message says which there are.
    """
    name, *options = text.split()
    kinds = {fault_name(kind): kind for kind in KINDS}
    if name not in kinds:
        raise ValueError(f"there is no fault {name!r}; there are: {', '.join(kinds)}")
    kind = kinds[name]
    types = get_type_hints(kind)
    given: dict[str, object] = {}
    for option in options:
        key, _, value = option.partition("=")
        if key not in types:
            raise ValueError(f"{name} has no option {key!r}; it has: {', '.join(types)}")
        try:
            given[key] = float(value) if types[key] is float else int(value)
        except ValueError:
            raise ValueError(f"{key} of {name} must be a number, not {value!r}") from None
    missing = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.name not in given
    ]
    if missing:
        raise ValueError(f"{name} needs {', '.join(missing)}")
    return kind(**given)  # type: ignore[arg-type]


def fault_name(kind: type[Fault]) -> str:
    """As the command line names it: `drop-in-voice`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in kind.__name__)[1:]
