"""The cases that touch voices, with four spoken languages over one connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from livekit_plugins_azure_interpreter.emulator import faults as f

from .cases import CASES, Case

FOUR = ("de", "fr", "ja", "es")
"""French is not the first, which is the main one: the voices before and behind a faulty one are heard."""
_ENDS_CONNECTION = (f.DropInVoice, f.VoiceError)
_FAULTS = (f.VoiceFault, f.Drop, f.Away, f.BadJson, f.MissingFields, f.GarbageFrame, f.RegionKeyed)
_OPTIONS = {"riff", "chunk_bytes", "connection_seconds", "utterances_per_turn"}
_QUICK = {"reset in mid-voice (4 languages)", "empty chunk in mid-voice (French of 4 languages)"}


def _of(case: Case, which: str, **changes: Any) -> Case:
    name = f"{case.name} ({which})"
    return replace(case, name=name, languages=FOUR, official=False, quick=name in _QUICK, **changes)


def _touches_voices(case: Case) -> bool:
    has_fault = any(isinstance(fault, _FAULTS) for fault in case.faults)
    return case.name == "nothing" or has_fault or not _OPTIONS.isdisjoint(case.behaviour)


def _with_voices_of_all() -> Iterator[Case]:
    for case in CASES:
        if _touches_voices(case) and not case.tokens:
            yield _of(case, "4 languages")


def _with_faults_of_french() -> Iterator[Case]:
    """Faults of the French voices alone."""
    for case in CASES:
        faults = [fault for fault in case.faults if isinstance(fault, f.VoiceFault)]
        french = [replace(fault, language="fr") for fault in faults]
        if any(isinstance(fault, _ENDS_CONNECTION) for fault in faults):
            # Each language may have a voice that sounds.
            yield _of(case, "French of 4 languages", faults=french, cuts=len(faults))
        elif any(isinstance(fault, f.UnannouncedVoice) for fault in faults):
            # Nobody knows whose voice it is.
            yield _of(case, "French of 4 languages", faults=french, connections=1)
        elif faults:
            yield _of(case, "French of 4 languages", faults=french, faulty_language="fr", connections=1)


def _with_a_connection_for_each() -> Iterator[Case]:
    """The service voices one language per connection."""
    connection_faults = ("nothing", "TCP reset in mid-utterance", "service away for 2 s")
    for case in CASES:
        if case.name in (*connection_faults, "voice pauses for 2 s"):
            yield _of(case, "4 languages refused", behaviour={"several_voices": "refused"}, connections=None)
        if case.name in connection_faults:
            yield _of(
                case,
                "1 voiced of 4 languages",
                behaviour={"several_voices": "first"},
                connections=None,
                # It is noticed by two voices that do not come in time, before the connection is lost.
                stt={"voice_timeout_seconds": 1.0},
            )


CASES_OF_SEVERAL: Sequence[Case] = (
    *_with_voices_of_all(),
    *_with_faults_of_french(),
    *_with_a_connection_for_each(),
)
