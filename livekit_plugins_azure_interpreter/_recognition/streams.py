"""The state that the streams of one STT share, and what they report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from livekit.agents import stt

from .._sdk.connection import OpenRecognizer
from .._voices.ledger import Ledger
from .._voices.meter import UtteranceMetrics
from .._voices.translations import Translations
from .._voices.utterance import LostReason, Utterance
from ..log import logger
from ..reports import Counts, SpeechForgotten, UtteranceRecognized, VoiceLost

_EXPECTED_LOSSES = (LostReason.TEXT_ONLY, LostReason.SAME_LANGUAGE)


@dataclass(eq=False)
class Streams:
    """What the streams of an STT share.

    Attributes:
        open_recognizer: Makes a recognizer.
        peer_timeout_seconds: How long Azure may owe an answer to speech.
        voice_timeout_seconds: How long a translation that is next waits for its voice.
        kept_audio_seconds: How much audio is kept for another attempt.
        emit: Tells the listeners of the STT.
        counts: What was counted so far.
        translations: What the open streams have translated, and those that have ended.
        open: The streams whose voices a TTS may ask for, the oldest first.
        unclaimed: Recordings, and probes: no TTS asks for their voices.
        is_spoken: There is a TTS.
    """

    open_recognizer: OpenRecognizer
    peer_timeout_seconds: float
    voice_timeout_seconds: float
    kept_audio_seconds: float
    emit: Callable[[str, object], None]
    counts: Counts = field(default_factory=Counts)
    translations: Translations = field(default_factory=Translations)
    open: dict[stt.SpeechStream, Ledger] = field(default_factory=dict)
    unclaimed: set[stt.SpeechStream] = field(default_factory=set)
    is_spoken: bool = False
    _places_streams: bool = False

    def add(self, stream: stt.SpeechStream, ledger: Ledger) -> None:
        """A stream was opened."""
        self.open[stream] = ledger
        self.translations.ledgers.append(ledger)

    def began(self, stream: stt.SpeechStream, *, placed: bool, has_retries: bool) -> bool:
        """A stream begins to hear; whether it is a probe, of whose results nobody hears.

        With one, LiveKit's FallbackAdapter finds out whether an STT has recovered, while another serves.
        It alone has no retries, and no place on the session's clock, which the stream before it had.
        """
        self._places_streams |= placed
        if placed or not self._places_streams or has_retries or stream not in self.open:
            return False
        self.unclaimed.add(stream)
        self.translations.ledgers.remove(self.open.pop(stream))
        return True

    def ended(self, stream: stt.SpeechStream, ledger: Ledger) -> None:
        """Forget a stream that has ended; its ledger too, once nothing in it can be claimed."""
        self.open.pop(stream, None)
        self.unclaimed.discard(stream)
        self.counts.voice_dropped_seconds += ledger.dropped_seconds
        self.translations.keep(list(self.open.values()))

    def recognized(self, utterance: UtteranceRecognized) -> None:
        """An utterance is final."""
        self.counts.utterances += 1
        self.emit("utterance_recognized", utterance)

    def utterance_ended(self, metrics: UtteranceMetrics) -> None:
        """It is known what became of an utterance."""
        self.counts.outcomes[metrics.outcome] += 1
        self.emit("utterance_metrics_collected", metrics)

    def forgot(self, seconds: float) -> None:
        """So much speech could not be kept for another attempt."""
        self.counts.speech_forgotten_seconds += seconds
        logger.warning("%.1f s of speech were not recognized before the connection was lost", seconds)
        self.emit("speech_forgotten", SpeechForgotten(seconds))

    def voice_lost(self, utterance: Utterance, ledger: Ledger) -> None:
        """The voice of an utterance will not come, or not whole."""
        if utterance.lost_reason in _EXPECTED_LOSSES or ledger not in self.translations.ledgers:
            return
        assert utterance.lost_reason is not None
        reason = utterance.lost_reason.value
        logger.warning("the voice of %s is lost: %s", utterance.id, reason)
        self.counts.voices_lost[reason] += 1
        expected = ledger.expected_seconds(utterance.text)
        missing = None if expected is None else max(0.0, expected - utterance.seconds)
        self.emit("voice_lost", VoiceLost(utterance.id, reason, utterance.seconds, missing))
