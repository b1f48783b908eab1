"""Speech in any language to translated text, over Azure's Live Interpreter."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    APIError,
    NotGivenOr,
    stt,
    utils,
)
from livekit.agents.stt import RecognitionUsage, SpeechEvent, SpeechEventType, STTCapabilities
from livekit.agents.utils import AudioBuffer, is_given

from . import _events as events
from ._audio import MonoResampler
from ._connection import Connection, OpenRecognizer
from ._errors import to_api_error
from ._recognizer import AzureRecognizer
from ._retained import RetainedAudio
from ._transcripts import Transcriber, Transcript
from ._utterances import Ledger, LostReason, Translation, Utterance
from ._voice import DEFAULT_RATE_HZ, Samples, VoiceFormatError, VoiceReader
from .log import logger
from .options import (
    DEFAULT_LATENCY,
    PERSONAL_VOICE,
    Credentials,
    Latency,
    Options,
    Profanity,
    SegmentationStrategy,
    languages,
)

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_USAGE_SECONDS = 5.0
_ENDED_LEDGERS = 16
"""Streams that have ended, and whose last voices can still be claimed."""
_CONNECT_SHARE = 0.9
"""Of the connect timeout: an attempt that ends at or above it would reset LiveKit's retry budget."""
_RECONNECT_SHARE = 0.8
_RETAINED_SECONDS = 60.0
"""How much audio that no final covers is kept for the next attempt."""


@dataclass(frozen=True)
class UtteranceRecognized:
    """An utterance is final (`stt.on("utterance_recognized")`); `id` names it in later events."""

    id: str
    transcript: Transcript


@dataclass(frozen=True)
class VoiceLost:
    """Azure's voice of an utterance will not come, or not whole (`stt.on("voice_lost")`).

    `seconds_heard` of it had come; where that is 0 and `TTS` has a fallback, the translation is
    heard in its voice. `seconds_missing` is an estimate, by the pace of the stream's earlier voices;
    None: there was none.
    """

    id: str
    reason: str
    seconds_heard: float
    seconds_missing: float | None


@dataclass
class Counts:
    """What was counted since an `STT` was made, over all its streams (`stt.counts`).

    Attributes:
        utterances: Final results with words.
        voices_lost: Voices that did not come, or not whole, by reason.
        voice_dropped_seconds: Audio that came and could be given to no utterance.
        speech_forgotten_seconds: Speech that could not be kept for another attempt any more.
    """

    utterances: int = 0
    voices_lost: Counter[str] = field(default_factory=Counter)
    voice_dropped_seconds: float = 0.0
    speech_forgotten_seconds: float = 0.0


class STT(stt.STT[Literal["utterance_recognized", "voice_lost"]]):
    """Hears any language and gives the translation (Azure: TranslationRecognizer, Live Interpreter).

    Speak its translations with `TTS(stt)`. Several streams may be open at once; each is a connection
    to Azure and keeps its own account of voices.

    Events: those of `livekit.agents.stt.STT`, and `utterance_recognized` (`UtteranceRecognized`) and
    `voice_lost` (`VoiceLost`). `counts` has the figures that a monitor wants.

    Args:
        target_languages: What to translate to, e.g. "fr" or ["fr", "de"]; the first one is spoken.
        source_languages: None hears any language (open range); one is fixed; 2 to 10 are candidates.
        voice: "personal-voice" is made of the speaker's own; or a prebuilt voice's name, e.g.
            "fr-FR-DeniseNeural"; None gives text only.
        sample_rate: Of the audio sent to Azure, in Hz: 8000, 16000, 24000 or 48000. Frames of any
            rate, mono or stereo, can be pushed.
        latency: How long audio may wait to be sent, for CPU time: "low" sends it every 20 ms,
            "balanced" every 40, "relaxed" every 100 (the SDK's own way); "lowest" as "low", and looks
            for results and audio five times as often.
        speech_key: Key of the Speech resource (AZURE_SPEECH_KEY).
        speech_region: Its region, e.g. "westeurope" (AZURE_SPEECH_REGION).
        speech_endpoint: Or a whole endpoint (AZURE_SPEECH_ENDPOINT), e.g. of a custom domain:
            "wss://NAME.cognitiveservices.azure.com/stt/speech/universal/v2".
        speech_host: Or the host of a container (AZURE_SPEECH_HOST), e.g. "ws://localhost:5000".
        speech_auth_token: A token instead of a key; or a function that gives one, which is called in a
            thread before each connection, so that a stream outlives its token.
        token_credential: Or an Entra ID credential (synchronous, of azure.core); needs speech_endpoint.
        segmentation_silence_timeout_ms: Silence that ends an utterance, 100 to 5000 ms.
        segmentation_max_time_ms: The longest utterance, 20000 to 70000 ms.
        segmentation_strategy: "Default", "Time" or "Semantic".
        profanity: "masked", "removed" or "raw".
        phrase_list: Names and terms to expect.
        voice_timeout_seconds: How long a translation that is next waits for its voice before it
            counts as lost.
        peer_timeout_seconds: Azure counts as gone when it says nothing for as long although it is sent
            speech; then it is connected to again.
        max_audio_seconds: How much voice waits to be spoken, per stream, before the oldest is lost.

    Raises:
        ValueError: An argument is missing, malformed or contradicts another; the message names it.
    """

    def __init__(
        self,
        *,
        target_languages: str | Sequence[str],
        source_languages: str | Sequence[str] | None = None,
        voice: str | None = PERSONAL_VOICE,
        sample_rate: int = 16000,
        latency: Latency = DEFAULT_LATENCY,
        speech_key: str | None = None,
        speech_region: str | None = None,
        speech_endpoint: str | None = None,
        speech_host: str | None = None,
        speech_auth_token: str | Callable[[], str] | None = None,
        token_credential: TokenCredential | None = None,
        segmentation_silence_timeout_ms: int | None = None,
        segmentation_max_time_ms: int | None = None,
        segmentation_strategy: SegmentationStrategy | None = None,
        profanity: Profanity | None = None,
        phrase_list: Sequence[str] = (),
        voice_timeout_seconds: float = 5.0,
        peer_timeout_seconds: float = 15.0,
        max_audio_seconds: float = 600.0,
        _open_recognizer: OpenRecognizer = AzureRecognizer,
    ) -> None:
        self._options = Options(
            target_languages=languages("target_languages", target_languages),
            source_languages=languages("source_languages", source_languages),
            voice=voice,
            sample_rate=sample_rate,
            latency=latency,
            segmentation_silence_timeout_ms=segmentation_silence_timeout_ms,
            segmentation_max_time_ms=segmentation_max_time_ms,
            segmentation_strategy=segmentation_strategy,
            profanity=profanity,
            phrase_list=tuple(phrase_list),
            credentials=Credentials.resolve(
                key=speech_key,
                region=speech_region,
                endpoint=speech_endpoint,
                host=speech_host,
                auth_token=speech_auth_token,
                token_credential=token_credential,
            ),
        )
        super().__init__(
            capabilities=STTCapabilities(
                streaming=True, interim_results=True, aligned_transcript="chunk", offline_recognize=False
            )
        )
        self._voice_timeout_seconds = voice_timeout_seconds
        self._peer_timeout_seconds = peer_timeout_seconds
        self._max_audio_seconds = max_audio_seconds
        self._open_recognizer = _open_recognizer
        self.counts = Counts()
        self._streams: list[SpeechStream] = []
        self._ledgers: list[Ledger] = []

    @property
    def model(self) -> str:
        return "live-interpreter"

    @property
    def provider(self) -> str:
        return "Azure"

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> SpeechStream:
        """Open a stream: one connection to Azure.

        Args:
            language: The one source language of this stream, in place of `source_languages`.
            conn_options: LiveKit's retries, and how long connecting may take.
        """
        options = self._options
        if is_given(language):
            options = replace(options, source_languages=(language,))
        ledger = Ledger(
            voice_timeout_seconds=self._voice_timeout_seconds,
            max_audio_seconds=self._max_audio_seconds,
            lost=lambda utterance: self._voice_lost(utterance, ledger),
        )
        stream = SpeechStream(stt=self, options=options, ledger=ledger, conn_options=conn_options)
        self._streams.append(stream)
        self._ledgers.append(ledger)
        return stream

    async def aclose(self) -> None:
        """Close every stream. Voices that nobody has claimed yet are let go."""
        streams, self._streams = self._streams, []
        await asyncio.gather(*(stream.aclose() for stream in streams))
        self._ledgers.clear()

    def next_translation(self, text: str) -> Translation | None:
        """The oldest translation with these words, each handed out once.

        `session.say()` it to have exactly this utterance's voice. None: the words are no translation
        of this STT, or all of theirs were handed out or spoken.
        """
        oldest = self._oldest(text, handed_out=False)
        if oldest is None:
            return None
        oldest.handed_out = True
        return oldest.translation

    def _claim(self, text: str) -> list[Utterance]:
        """For `TTS`: the utterances that a text says, if it says any."""
        if not isinstance(text, Translation) and (oldest := self._oldest(text)):
            text = oldest.translation
        claims = (found for ledger in self._ledgers if (found := ledger.claim(text)))
        return next(claims, [])

    def _oldest(self, text: str, *, handed_out: bool = True) -> Utterance | None:
        """Among all streams: the oldest utterance with these words."""
        ledgers = self._ledgers
        found = [one for ledger in ledgers if (one := ledger.find(text, handed_out=handed_out))]
        return min(found, key=lambda utterance: utterance.recognized_at, default=None)

    def _stream_ended(self, stream: SpeechStream) -> None:
        """Forget a stream that has ended; its ledger too, once nothing in it can be claimed."""
        if stream in self._streams:
            self._streams.remove(stream)
        self.counts.voice_dropped_seconds += stream._ledger.dropped_seconds
        live = [other._ledger for other in self._streams]
        ended = [other for other in self._ledgers if other not in live and not other.empty]
        self._ledgers = [*ended[-_ENDED_LEDGERS:], *live]

    def _voice_lost(self, utterance: Utterance, ledger: Ledger) -> None:
        if utterance.lost_reason is LostReason.TEXT_ONLY or utterance.lost_reason is None:
            return
        reason = utterance.lost_reason.value
        logger.warning("the voice of %s is lost: %s", utterance.id, reason)
        self.counts.voices_lost[reason] += 1
        expected = ledger.expected_seconds(utterance.text)
        missing = None if expected is None else max(0.0, expected - utterance.seconds)
        self.emit("voice_lost", VoiceLost(utterance.id, reason, utterance.seconds, missing))

    async def _recognize_impl(
        self, buffer: AudioBuffer, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> SpeechEvent:
        raise NotImplementedError("the Live Interpreter works on streams: use stream()")


class SpeechStream(stt.SpeechStream):
    """One connection to Azure: frames in, speech events out. Made by `STT.stream()`."""

    def __init__(
        self, *, stt: STT, options: Options, ledger: Ledger, conn_options: APIConnectOptions
    ) -> None:
        # No sample_rate for the base class: it resamples before it mixes down.
        super().__init__(stt=stt, conn_options=conn_options)
        self._interpreter = stt
        # A little less than connecting may take: then a refusal ends with the service's own reason.
        self._options = replace(options, reconnect_seconds=_RECONNECT_SHARE * conn_options.timeout)
        self._ledger = ledger
        self._timer: asyncio.TimerHandle | None = None
        self._mono = MonoResampler(options.sample_rate)
        self._voice = VoiceReader()
        self._retained = RetainedAudio(options.sample_rate, max_seconds=_RETAINED_SECONDS)
        self._attempt_start_seconds = 0.0
        self._reported_seconds = 0.0
        self._forgotten_seconds = 0.0
        self._unheard_attempts = 0
        self._renewed = False
        self._connection: Connection | None = None
        self._untranslated = False
        self._sent_again_until = 0.0
        self._first_offset: float | None = None
        self._transcriber = Transcriber(options.target_languages, utils.shortuuid("azure_"))
        self._task.add_done_callback(self._ended)

    async def _run(self) -> None:
        if self._first_offset is None:
            # Later the base class adds wall-clock time, which is not a position in the audio.
            self._first_offset = self.start_time_offset
        self._attempt_start_seconds = self._retained.start_seconds
        self._transcriber.offset_seconds = self._first_offset + self._attempt_start_seconds
        self._ledger.reconnected(self._now())
        self._voice = VoiceReader()
        self._report_forgotten()
        connection = Connection(
            self._interpreter._open_recognizer,
            self._options,
            connect_seconds=_CONNECT_SHARE * self._conn_options.timeout,
            peer_timeout_seconds=self._interpreter._peer_timeout_seconds * 2**self._unheard_attempts,
        )
        self._unheard_attempts += 1
        began_at = self._now()
        try:
            async with connection:
                await self._interpret(connection)
        except APIError as error:
            outlived = self._now() - began_at >= self._conn_options.timeout
            spent = self._unheard_attempts > self._conn_options.max_retry
            if outlived and spent and not connection.answered:
                # LiveKit counts anew after an attempt that outlived its timeout, as one does that waits
                # for an answer to speech: a service that stays mute would never be an error.
                error.retryable = False
            raise
        finally:
            self._emit(self._transcriber.ended())

    def _report_forgotten(self) -> None:
        seconds = self._retained.forgotten_seconds - self._forgotten_seconds
        if seconds > 0:
            self._forgotten_seconds += seconds
            self._interpreter.counts.speech_forgotten_seconds += seconds
            logger.warning("%.1f s of speech were not recognized before the connection was lost", seconds)

    async def _interpret(self, connection: Connection) -> None:
        self._connection = connection
        sending = asyncio.create_task(self._send(connection))
        receiving = asyncio.create_task(self._receive(connection))
        try:
            await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            await receiving
        finally:
            await utils.aio.cancel_and_wait(sending, receiving)

    async def _receive(self, connection: Connection) -> None:
        async for event in connection:
            self._handle(event, connection)
            self._arm()

    async def _send(self, connection: Connection) -> None:
        for pcm in self._retained:
            connection.write(pcm)
        async for item in self._input_ch:
            if isinstance(item, rtc.AudioFrame):
                self._write(connection, self._mono.push(item))
                self._report_usage(_USAGE_SECONDS)
            else:
                self._report_usage(0.0)
        self._write(connection, self._mono.flush())
        connection.end_audio()
        self._report_usage(0.0)

    def _write(self, connection: Connection, pcm: bytes) -> None:
        if pcm:
            # Kept before it is sent: an attempt may end at any moment.
            self._retained.add(pcm)
            connection.write(pcm)

    def _report_usage(self, least_seconds: float) -> None:
        seconds = self._retained.end_seconds - self._reported_seconds
        if seconds > 0 and seconds >= least_seconds:
            self._reported_seconds = self._retained.end_seconds
            usage = SpeechEvent(
                type=SpeechEventType.RECOGNITION_USAGE,
                request_id=self._transcriber.request_id,
                recognition_usage=RecognitionUsage(audio_duration=seconds),
            )
            self._emit([usage])

    def _handle(self, event: events.Event, connection: Connection) -> None:
        if isinstance(event, events.SpeechStarted):
            self._emit(self._transcriber.speech_started())
        elif isinstance(event, events.SpeechStopped):
            self._emit(self._transcriber.speech_stopped())
        elif isinstance(event, events.Recognizing):
            self._emit(self._transcriber.interim(event.phrase.read()))
        elif isinstance(event, events.Recognized):
            self._recognized(event.phrase.read(), connection.came_at)
        elif isinstance(event, events.NothingRecognized):
            self._emit(self._transcriber.ended())
        elif isinstance(event, events.VoiceChunk):
            self._voice_chunk(event.data, connection)
        elif isinstance(event, events.VoiceCompleted):
            self._voice.end()
            self._ledger.completed(connection.came_at)
        elif isinstance(event, events.Disconnected):
            self._voice = VoiceReader()
            self._ledger.reconnected(connection.came_at)
        elif isinstance(event, events.Connected):
            self._renewed = False
        elif isinstance(event, events.Failed):
            raise self._failure(event)

    def _failure(self, failed: events.Failed) -> APIError:
        renewed = self._options.credentials.renewable and not self._renewed
        self._renewed = True
        return to_api_error(failed, session_id=self._transcriber.request_id, renewed=renewed)

    def _recognized(self, phrase: events.Phrase, came_at: float) -> None:
        self._unheard_attempts = 0
        if self._ledger.has_stray_voice(phrase.offset_seconds) and self._may_send_again():
            raise to_api_error(events.Failed(events.RESULT_LOST, ""))
        self._retained.cover(self._attempt_start_seconds + phrase.end_seconds)
        if not phrase.text and not phrase.translations:
            self._emit(self._transcriber.ended())
            return
        transcript = self._transcriber.transcript(phrase)
        text, name = transcript.text, ""
        self._untranslated = not transcript.translated
        if transcript.translated:
            utterance = self._ledger.recognized(
                text,
                came_at,
                voice_expected=self._options.voice is not None,
                start=phrase.offset_seconds,
            )
            text, name = utterance.translation, utterance.id
        self._emit(self._transcriber.final(transcript, text))
        self._interpreter.counts.utterances += 1
        recognized = UtteranceRecognized(name or utils.shortuuid("untranslated-"), transcript)
        self._interpreter.emit("utterance_recognized", recognized)

    def _may_send_again(self) -> bool:
        """A result is missing: its audio is sent again, but only once, whatever comes of it."""
        end = self._retained.end_seconds
        # Speech that is not translated may have a voice as well, and that one's result is not missing.
        missing = not self._untranslated and self._retained.start_seconds >= self._sent_again_until
        self._sent_again_until = max(self._sent_again_until, end)
        return missing and self._conn_options.max_retry > 0

    def _voice_chunk(self, data: bytes, connection: Connection) -> None:
        try:
            samples = self._voice.read(data)
        except VoiceFormatError as error:
            # Noise is worse than the fallback. The voice takes its place in the line without a sound.
            logger.error("Azure sent a voice that cannot be played: %s", error)
            samples = Samples(b"", DEFAULT_RATE_HZ, starts=True)
        if samples is not None:
            self._ledger.audio(samples, connection.came_at, position=connection.written_seconds)

    def _emit(self, speech_events: Sequence[SpeechEvent]) -> None:
        for event in speech_events:
            if not self._event_ch.closed:
                self._event_ch.send_nowait(event)

    def _arm(self) -> None:
        """Have the ledger's next deadline kept, also while nothing is reported."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (deadline := self._ledger.deadline) is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._expire)

    def _expire(self) -> None:
        if self._connection is not None and self._connection.is_behind:
            # The loop was blocked: what came meanwhile may have come in time, and goes first.
            self._timer = asyncio.get_running_loop().call_later(0.0, self._expire)
            return
        stray = self._ledger.has_stray_voice(float("inf"))
        self._ledger.expire(self._now())
        self._arm()
        gone = stray and not self._ledger.has_stray_voice(float("inf"))
        if gone and self._connection is not None and self._may_send_again():
            self._connection.fail(events.Failed(events.RESULT_LOST, ""))

    def _ended(self, _: asyncio.Task[None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._ledger.end(self._now())
        self._interpreter._stream_ended(self)

    def _now(self) -> float:
        return self._task.get_loop().time()
