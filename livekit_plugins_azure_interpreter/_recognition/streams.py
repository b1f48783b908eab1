"""The state that the streams of one STT share, and their reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import stt

from .._sdk.connection import OpenRecognizer
from .._voices.ledger import Ledger
from .._voices.ledgers import Ledgers
from .._voices.meter import UtteranceMetrics
from .._voices.translations import Translations
from .._voices.utterance import LostReason, Utterance
from .._voices.voice_sharing import VoiceSharing
from ..log import logger
from ..options import Options
from ..reports import Counts, SpeechForgotten, UtteranceRecognized, VoiceLost
from .placement import PlacesOfSTT
from .stream_audio import StreamAudio

_EXPECTED_LOSSES = (LostReason.TEXT_ONLY, LostReason.SAME_LANGUAGE)


@dataclass(eq=False)
class OpenStream:
    """A stream, and the parts of it that the rest of the package uses.

    Attributes:
        stream: The stream that users see.
        ledgers: Its utterances.
        audio: Its audio; when the stream has ended, its replacement takes it.
        change: Changes the options from the next utterance on.
        withdraw_own_voice: Has the voices of other options asked for in place of the speaker's own, at once.
        is_succeeded: If it fails, another stream may take its place, and its audio.
        connected: Called when it has a connection to the service; its owner sets it.
        ended: It takes no more audio; its last events may still be unread.
    """

    stream: stt.SpeechStream
    ledgers: Ledgers
    audio: StreamAudio
    change: Callable[[Mapping[str, Any]], None]
    withdraw_own_voice: Callable[[Options], None]
    is_succeeded: bool = False
    connected: Callable[[], None] = lambda: None
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Streams:
    """The state that the streams of an STT share.

    Attributes:
        open_recognizer: Makes a recognizer.
        peer_timeout_seconds: How long Azure may leave speech without an answer.
        voice_timeout_seconds: How long the next translation waits for its voice.
        kept_audio_seconds: How much audio is kept for another attempt.
        emit: Emits an event of the STT.
        places: Where connections take places, if there are several resources.
        sharing: Learns whether the service voices several languages over one connection.
        counts: The counts so far.
        translations: The translations of the open streams, and of those that have ended.
        open: The streams whose voices a TTS may ask for, the oldest first.
        unclaimed: Recordings, and probes: no TTS asks for their voices.
        spoken_languages: The languages that a TTS speaks; None stands for the main one.
    """

    open_recognizer: OpenRecognizer
    peer_timeout_seconds: float
    voice_timeout_seconds: float
    kept_audio_seconds: float
    emit: Callable[[str, object], None]
    places: PlacesOfSTT | None = None
    sharing: VoiceSharing = field(default_factory=VoiceSharing)
    counts: Counts = field(default_factory=Counts)
    translations: Translations = field(default_factory=Translations)
    open: dict[stt.SpeechStream, OpenStream] = field(default_factory=dict)
    unclaimed: dict[stt.SpeechStream, OpenStream] = field(default_factory=dict)
    spoken_languages: set[str | None] = field(default_factory=set)
    _places_streams: bool = False

    @property
    def open_connections(self) -> int:
        """How many connections to Azure the streams have; for a moment, one that changes over has two."""
        return len(self.open) + len(self.unclaimed)

    def add(self, opened: OpenStream, *, claimable: bool) -> None:
        """Add a stream that was opened; `claimable` if a TTS may ask for its voices."""
        if claimable:
            self.open[opened.stream] = opened
            self.translations.streams.append(opened.ledgers)
        else:
            self.unclaimed[opened.stream] = opened

    def began(self, stream: stt.SpeechStream, *, placed: bool, has_retries: bool, probed: bool) -> bool:
        """Note that a stream begins to hear. Returns whether it is a probe, whose results nobody reads.

        LiveKit's FallbackAdapter opens a probe to find out whether an STT has recovered, while another one
        serves. A probe has no retries, and no place on the session's clock, although the stream before it had
        one.
        """
        self._places_streams |= placed
        is_probe = probed and self._places_streams and not placed and not has_retries
        if not is_probe or stream not in self.open:
            return False
        opened = self.unclaimed[stream] = self.open.pop(stream)
        self.translations.streams.remove(opened.ledgers)
        return True

    def ended(self, stream: stt.SpeechStream) -> None:
        """Forget a stream that has ended; its ledger too, once nothing in it can be claimed."""
        ended = self.open.pop(stream, None) or self.unclaimed.pop(stream)
        ended.ended.set()
        self.counts.voice_dropped_seconds += ended.ledgers.dropped_seconds
        self.translations.keep([opened.ledgers for opened in self.open.values()])

    def speaks(self, language: str, *, is_main: bool) -> bool:
        """Whether a TTS speaks the translations into a language."""
        return language in self.spoken_languages or (is_main and None in self.spoken_languages)

    def recognized(self, utterance: UtteranceRecognized) -> None:
        """An utterance is final."""
        self.counts.utterances += 1
        self.emit("utterance_recognized", utterance)

    def utterance_ended(self, metrics: UtteranceMetrics) -> None:
        """Count and report the outcome of an utterance."""
        self.counts.outcomes[metrics.outcome] += 1
        self.emit("utterance_metrics_collected", metrics)

    def report_forgotten(self, audio: StreamAudio) -> None:
        """Report how much speech could not be kept for another attempt."""
        if seconds := audio.replay_buffer.take_forgotten_seconds():
            self._forgot(seconds)

    def give_up(self, audio: StreamAudio) -> None:
        """Report the kept speech of a failed stream that is not replaced."""
        self.report_forgotten(audio)
        if seconds := audio.replay_buffer.speech_seconds:
            self._forgot(seconds)

    def _forgot(self, seconds: float) -> None:
        self.counts.speech_forgotten_seconds += seconds
        logger.warning("%.1f s of speech were not recognized before the connection was lost", seconds)
        self.emit("speech_forgotten", SpeechForgotten(seconds))

    def voice_lost(self, utterance: Utterance, ledger: Ledger) -> None:
        """Report that the voice of an utterance will not come, or not completely."""
        claimable = any(ledger in ledgers for ledgers in self.translations.streams)
        if utterance.lost_reason in _EXPECTED_LOSSES or not claimable:
            return
        assert utterance.lost_reason is not None
        reason = utterance.lost_reason.value
        logger.warning("the voice of %s in %s is lost: %s", utterance.id, ledger.language, reason)
        self.counts.voices_lost[reason] += 1
        expected = ledger.expected_seconds(utterance.text)
        missing = None if expected is None else max(0.0, expected - utterance.seconds)
        self.emit("voice_lost", VoiceLost(utterance.id, ledger.language, reason, utterance.seconds, missing))
