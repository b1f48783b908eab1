"""Tells a voice from other sounds, by a model that LiveKit Agents brings."""

from __future__ import annotations

import numpy as np
from livekit.local_inference import VAD, VAD_WINDOW_SAMPLES

from .speech_detector import SpeechDetector

_RATE_HZ = 16000
"""The only rate that the model takes."""
_VOICE_PROBABILITY = 0.2
"""Less than LiveKit's own 0.5: a sound that is taken for a voice costs a few seconds of audio, but a voice
that is taken for a sound is lost."""


class VoiceDetector:
    """Hears a voice in audio of 16 kHz, 16 bit, mono.

    The model (Silero, in `livekit-local-inference`) listens only to what is louder than the recent noise. So
    silence costs next to nothing.
    """

    def __init__(self) -> None:
        self._loudness = SpeechDetector()
        self._model = VAD()
        self._unheard = b""

    def is_voice(self, pcm: bytes) -> bool:
        """Whether there is a voice in the next audio; a tenth of a second suits it."""
        before, self._unheard = self._unheard, pcm
        if not self._loudness.push(pcm, _RATE_HZ):
            return False
        # The model also hears what came just before: the beginning of a sound tells much of it.
        samples = np.frombuffer(before + pcm, np.int16)
        heard = len(samples) - len(samples) % VAD_WINDOW_SAMPLES
        self._unheard = samples[heard:].tobytes()
        windows = samples[:heard].reshape(-1, VAD_WINDOW_SAMPLES)
        # It has a memory, so it hears all of them.
        probabilities = [self._model.predict(window) for window in windows]
        return max(probabilities, default=0.0) >= _VOICE_PROBABILITY
