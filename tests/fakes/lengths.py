"""Utterances that the emulator tells by their length, so that order and language can be seen."""

from __future__ import annotations

from typing import Any

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Voice

from .room import Audio

_AUDIO = Audio()


def behaviour(**more: Any) -> Behaviour:
    """Utterance 1 lasts 0.3 s, 2 lasts 0.4 s, ...; each has a voice by target language."""

    def recognize(samples: Voice) -> Line:
        # The emulator keeps a tenth of a second on either side.
        number = max(0, round((samples.seconds - 0.2) * 10) - 2)
        return Line(
            f"sentence {number}",
            translations={"fr": f"phrase {number}", "de": f"Satz {number}", "it": f"frase {number}"},
            voices={target: Voice(voice(number, target)) for target in _SEEDS},
        )

    return Behaviour(script=recognize, **{"silence_ms": 200, **more})


def utterance(number: int) -> bytes:
    """With silence on either side."""
    audio = _AUDIO
    return audio.silence(0.3) + audio.burst(0.2 + 0.1 * number) + audio.silence(0.5)


_SEEDS = {"fr": 0, "de": 100, "it": 200}


def voice(number: int, target: str) -> bytes:
    return _AUDIO.voice(0.4, seed=number + _SEEDS[target]).pcm
