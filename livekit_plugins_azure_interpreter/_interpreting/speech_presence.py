"""Tells whether somebody speaks, or has spoken and Azure's result is still to come. Pure."""

from __future__ import annotations

from livekit import rtc
from livekit.agents.stt import SpeechEvent, SpeechEventType

from .._sound.mono import mono
from .._sound.speech_detector import SpeechDetector

_EDGE_SECONDS = 0.3
"""How long before the last sound of its utterance a final may end."""
_NOISE_SECONDS = 5.0
"""How long a sound without a result counts as speech."""
_JUDGED_SECONDS = 0.1
"""Sounds are looked for in so much audio at once, which costs little more than in one frame."""


class SpeechPresence:
    """Takes the audio of one speaker, and Azure's events for it.

    Azure may not report the start of speech. So a sound counts as speech, too, until a result covers it.

    Attributes:
        pushed_seconds: How much audio was pushed.
        covered_until: Where the last utterance ends that has its result.
        is_told: Azure has reported the start of speech, and not its end.
    """

    def __init__(self) -> None:
        self.pushed_seconds = 0.0
        self.covered_until = 0.0
        self._detector = SpeechDetector()
        self._unjudged: list[bytes] = []
        self._unjudged_hz = 0
        self._judged_seconds = 0.0
        self._loud_until = 0.0
        self._noise_seconds = _NOISE_SECONDS
        self.is_told = False

    @property
    def is_speech(self) -> bool:
        """Whether somebody speaks, or the result of their speech is still to come."""
        return self.is_told or self._expects_result

    @property
    def quiet_seconds(self) -> float:
        """How much audio without a sound was pushed last."""
        self._judge()
        return self.pushed_seconds - self._loud_until

    @property
    def _expects_result(self) -> bool:
        self._judge()
        lately = self.pushed_seconds - self._loud_until < self._noise_seconds
        return lately and self._loud_until > self.covered_until + _EDGE_SECONDS

    def push(self, frame: rtc.AudioFrame) -> None:
        """Add audio."""
        if frame.sample_rate != self._unjudged_hz:
            self._judge()
            self._unjudged_hz = frame.sample_rate
        self._unjudged.append(mono(frame))
        self.pushed_seconds += frame.duration
        if self.pushed_seconds - self._judged_seconds >= _JUDGED_SECONDS:
            self._judge()

    def heard(self, event: SpeechEvent) -> None:
        """Take an event of Azure."""
        if event.type is SpeechEventType.START_OF_SPEECH:
            self.is_told = True
        elif event.type is SpeechEventType.END_OF_SPEECH:
            self.is_told = False
        elif event.type is SpeechEventType.FINAL_TRANSCRIPT:
            self.covered_until = max(self.covered_until, event.alternatives[0].end_time)

    def stream_failed(self) -> None:
        """No stream listens until `stream_replaced`: until then a sound keeps its meaning."""
        self.is_told = False
        self._noise_seconds = float("inf")

    def stream_replaced(self, kept_seconds: float) -> None:
        """Azure must hear the kept audio first: a sound in it does not count as noise before that."""
        self._noise_seconds = _NOISE_SECONDS + kept_seconds

    def _judge(self) -> None:
        """Look for sounds in what was pushed since the last time."""
        if not self._unjudged:
            return
        if self._detector.push(b"".join(self._unjudged), self._unjudged_hz):
            self._loud_until = self.pushed_seconds
        self._unjudged = []
        self._judged_seconds = self.pushed_seconds
