"""Sends a speaker's audio to Azure while they speak, and withholds it while they are silent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from livekit import rtc

from .room import RATE_HZ

_JUDGED_SAMPLES = RATE_HZ // 10
"""It opens and closes at most so often."""
_PRE_ROLL_SAMPLES = RATE_HZ // 2
"""So much audio from before a voice is sent with it: a soft first sound is not yet known to be a voice."""
_OPEN_SAMPLES = RATE_HZ
"""It is open for a second at least. By then the stream has noticed the speech."""
_SIGN_OF_LIFE_SAMPLES = 15 * RATE_HZ
"""In a longer silence, a tenth of a second of audio is sent so often: else Azure ends an idle connection."""


class SilenceGate:
    """Frames in; those that are sent, in order, out. Open at the beginning.

    It closes only when the stream says that all has been recognized, so an utterance always has the silence
    that ends it. A voice opens it again. What is withheld is gone: the stream's time stands still meanwhile.
    Pure: time is the length of the audio.

    Args:
        send: Called with each frame that is sent.
        is_silent: Whether all that was sent is recognized, and the last of it is a pause.
        is_voice: Whether there is a voice in the next audio, given as PCM. Asked only while it is closed.
    """

    def __init__(
        self,
        send: Callable[[rtc.AudioFrame], None],
        *,
        is_silent: Callable[[], bool],
        is_voice: Callable[[bytes], bool],
    ) -> None:
        self._send = send
        self._is_silent, self._is_voice = is_silent, is_voice
        self._is_open = True
        self._open_samples = self._withheld_samples = 0
        self._unjudged: list[rtc.AudioFrame] = []
        # What may still be sent; frames that were judged together stay together.
        self._pre_roll: deque[list[rtc.AudioFrame]] = deque()

    def push(self, frame: rtc.AudioFrame) -> None:
        """Take the next frame, as a room gives it."""
        self._unjudged.append(frame)
        if self._is_open:
            self._send(frame)
        if _samples(self._unjudged) >= _JUDGED_SAMPLES:
            frames, self._unjudged = self._unjudged, []
            if self._is_open:
                self._close_in_silence(frames)
            else:
                self._open_for_voice(frames)

    def _close_in_silence(self, frames: list[rtc.AudioFrame]) -> None:
        self._open_samples += _samples(frames)
        self._is_open = self._open_samples < _OPEN_SAMPLES or not self._is_silent()
        self._withheld_samples = 0

    def _open_for_voice(self, frames: list[rtc.AudioFrame]) -> None:
        self._pre_roll.append(frames)
        if self._is_voice(b"".join(frame.data for frame in frames)) or not self._is_silent():
            while self._pre_roll:
                self._send_all(self._pre_roll.popleft())
            self._is_open, self._open_samples = True, 0
        elif sum(map(_samples, self._pre_roll)) - _samples(self._pre_roll[0]) >= _PRE_ROLL_SAMPLES:
            self._withhold(self._pre_roll.popleft())

    def _withhold(self, frames: list[rtc.AudioFrame]) -> None:
        self._withheld_samples += _samples(frames)
        if self._withheld_samples >= _SIGN_OF_LIFE_SAMPLES:
            self._withheld_samples = 0
            self._send_all(frames)

    def _send_all(self, frames: list[rtc.AudioFrame]) -> None:
        for frame in frames:
            self._send(frame)


def _samples(frames: list[rtc.AudioFrame]) -> int:
    return sum(frame.samples_per_channel for frame in frames)
