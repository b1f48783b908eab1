"""The cases that touch voices, with four spoken languages over one connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from livekit_plugins_azure_interpreter.emulator import faults as f

from .cases import CASES, Case

FOUR = ("fr", "de", "ja", "es")
_ENDS_CONNECTION = (f.DropInVoice, f.VoiceError, f.Drop, f.Away)
_FAULTS = (f.VoiceFault, f.Drop, f.Away, f.BadJson, f.MissingFields, f.GarbageFrame, f.RegionKeyed)
_OPTIONS = {"riff", "chunk_bytes", "connection_seconds", "utterances_per_turn"}


def _in_four(case: Case, which: str = "4 languages", **changes: Any) -> Case:
    return replace(
        case, name=f"{case.name} ({which})", languages=FOUR, official=False, quick=False, **changes
    )


def _touches_voices(case: Case) -> bool:
    return any(isinstance(fault, _FAULTS) for fault in case.faults) or not _OPTIONS.isdisjoint(case.behaviour)


def _of_french() -> Iterator[Case]:
    """Faults of the French voice alone. One that ends the connection is of all languages."""
    for case in CASES:
        faults = [fault for fault in case.faults if isinstance(fault, f.VoiceFault)]
        if faults and not isinstance(faults[0], _ENDS_CONNECTION):
            french = [replace(fault, language="fr") for fault in faults]
            yield _in_four(case, "French of 4 languages", faults=french, faulty_language="fr")


def _named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def _separate() -> Iterator[Case]:
    """The service voices one language per connection."""
    for name in ("nothing", "TCP reset in mid-utterance", "service away for 2 s", "voice pauses for 2 s"):
        yield _in_four(
            _named(name), "4 languages refused", behaviour={"several_voices": "refused"}, connections=None
        )
        yield _in_four(
            _named(name),
            "1 voiced of 4 languages",
            behaviour={"several_voices": "first"},
            connections=None,
        )


CASES_OF_SEVERAL: Sequence[Case] = (
    *(
        _in_four(case)
        for case in CASES
        if case.name == "nothing" or (_touches_voices(case) and not case.tokens)
    ),
    *_of_french(),
    *_separate(),
)
