from __future__ import annotations

import time

import pytest

from livekit_plugins_azure_interpreter.emulator.synthesis.voice_names import check_voice_name
from livekit_plugins_azure_interpreter.emulator.transport.wire import WireError


@pytest.mark.parametrize(
    "name",
    [
        "en-US-AvaMultilingualNeural",
        "fr-fr-DeniseNeural",
        "en-US-Ava:DragonHDLatestNeural",
        "en-US-AlloyMultilingualNeuralHD",
        "en-us-Jasper:MAI-Voice-1",
        "sr-Latn-RS-NicholasNeural",
        "zh-CN-liaoning-XiaobeiNeural",
        "Microsoft Server Speech Text to Speech Voice (en-US, AriaNeural)",
        "DragonLatestNeural",
        "PhoenixLatestNeural",
    ],
)
def test_a_name_of_azures_form_is_accepted(name: str) -> None:
    check_voice_name(name)


@pytest.mark.parametrize(
    "name", ["", "any", "Jenny", "JennyNeural", "en-US", "en-US-Neu ral", "alloy", "en-US-JessaRUS"]
)
def test_a_name_of_another_form_is_refused_in_azures_words(name: str) -> None:
    with pytest.raises(WireError) as caught:
        check_voice_name(name)
    assert str(caught.value) == f"Unsupported voice {name}."


def test_a_name_of_any_length_is_refused_at_once_and_shortened() -> None:
    began_at = time.monotonic()
    with pytest.raises(WireError) as caught:
        check_voice_name("en-US-" + "neural" * 100_000 + "!")
    assert len(str(caught.value)) < 123
    assert time.monotonic() - began_at < 5.0
