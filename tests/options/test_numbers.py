"""What is not a finite number within its bounds is refused as it is given, and the message names it."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.findings import assert_none

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, MeetingInterpreter, PersonalVoiceTTS
from livekit_plugins_azure_interpreter._options.numbers import check_number

_SERVICE: dict[str, Any] = {"speech_key": "a-key", "speech_region": "westeurope"}
_NO_NUMBERS = [-1, float("nan"), float("inf"), 10**400, "5", True, b"5"]
_NUMBERS: dict[str, Any] = {
    "voice_timeout_seconds": STT,
    "peer_timeout_seconds": STT,
    "max_audio_seconds": STT,
    "kept_audio_seconds": STT,
    "segmentation_silence_timeout_ms": STT,
    "segmentation_max_time_ms": STT,
    "phrase_list_weight": STT,
    "max_streams": MeetingInterpreter,
    "max_lag_seconds": MeetingInterpreter,
    "silent_track_seconds": MeetingInterpreter,
    "drain_timeout_seconds": InterpreterAgent,
    "rate": PersonalVoiceTTS,
    "sample_rate": TTS,
}
_ARGUMENTS: dict[Any, dict[str, Any]] = {
    STT: {"target_languages": "fr", **_SERVICE},
    MeetingInterpreter: _SERVICE,
    InterpreterAgent: {},
    TTS: {"stt": STT(target_languages="fr", **_SERVICE)},
    PersonalVoiceTTS: {"voice": "fr-FR-DeniseNeural", **_SERVICE},
}


def _is_refused_by_its_name(name: str, value: object) -> bool:
    kind = _NUMBERS[name]
    given = {name: value}
    try:
        kind(**_ARGUMENTS[kind], **given)
    except ValueError as error:
        return str(error).startswith(f"{name} must be ")
    return False


async def test_an_argument_that_is_not_such_a_number_is_refused_by_its_name() -> None:
    assert_none(
        f"{name}: {value!r:.9}"
        for name in _NUMBERS
        for value in _NO_NUMBERS
        if not _is_refused_by_its_name(name, value)
    )


async def test_a_time_of_zero_is_refused_but_for_a_drain_that_waits_for_nothing() -> None:
    taken = {name for name in _NUMBERS if not _is_refused_by_its_name(name, 0)}
    assert taken == {"drain_timeout_seconds", "phrase_list_weight"}
    InterpreterAgent(drain_timeout_seconds=0)


def test_a_text_in_place_of_a_number_is_not_shown() -> None:
    with pytest.raises(ValueError, match=r"^seconds must be a number more than 0, not a str$"):
        check_number("seconds", "a-secret-key", above=0)


def test_a_whole_number_is_not_a_fraction() -> None:
    check_number("count", 2, least=1, whole=True)
    with pytest.raises(ValueError, match=r"^count must be a whole number at least 1, or None, not 1\.5$"):
        check_number("count", 1.5, least=1, whole=True, or_none=True)
