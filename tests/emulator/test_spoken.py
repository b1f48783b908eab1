from __future__ import annotations

from livekit_plugins_azure_interpreter.emulator import Spoken, Voice
from livekit_plugins_azure_interpreter.emulator.spoken import KeptVoices


def test_the_oldest_voices_are_let_go_beyond_the_limit() -> None:
    kept: KeptVoices[Spoken] = KeptVoices(2.0)
    voices = [Spoken(text, "fr", Voice(bytes(32_000)), 0.0, 1.0) for text in "abc"]
    for voice in voices:
        kept.keep(voice)
    assert kept == voices[1:]
