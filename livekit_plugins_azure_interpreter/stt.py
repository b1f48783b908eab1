"""Speech in any language to translated text, over Azure's Live Interpreter."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, cast

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
from ._audio import MonoResampler, is_loud
from ._connection import Connection, OpenRecognizer
from ._errors import to_api_error
from ._recognizer import AzureRecognizer
from ._retained import RetainedAudio
from ._transcripts import Transcriber, Transcript, joined_transcript
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
    Proxy,
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
_QUIET_SECONDS = 0.5
"""After so much silence no utterance is under way."""
_CHANGE_SECONDS = 10.0
"""How long a change of the options waits for the end of an utterance."""


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
        phrase_list: Names and terms to expect. Keyterms of the session are added to them.
        phrase_list_weight: How much they count, 0 (not at all) to 2.
        custom_endpoints: The id of a custom speech model's endpoint, by source language.
        proxy: The HTTP proxy to connect through: "http://host:port" or "http://user:password@host:port".
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
        phrase_list_weight: float = 1.0,
        custom_endpoints: Mapping[str, str] | None = None,
        proxy: str | None = None,
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
            phrase_list_weight=phrase_list_weight,
            custom_endpoints=tuple((custom_endpoints or {}).items()),
            proxy=Proxy.parse(proxy) if proxy else None,
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
                streaming=True,
                interim_results=True,
                aligned_transcript="chunk",
                offline_recognize=True,
                keyterms=True,
            )
        )
        self._voice_timeout_seconds = voice_timeout_seconds
        self._peer_timeout_seconds = peer_timeout_seconds
        self._max_audio_seconds = max_audio_seconds
        self._open_recognizer = _open_recognizer
        self.counts = Counts()
        self._phrase_list = self._options.phrase_list
        self._session_keyterms: tuple[str, ...] = ()
        self._streams: list[SpeechStream] = []
        self._batches: set[SpeechStream] = set()
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
        stream = self._make_stream(options, conn_options)
        self._streams.append(stream)
        self._ledgers.append(stream._ledger)
        return stream

    def _make_stream(self, options: Options, conn_options: APIConnectOptions) -> SpeechStream:
        ledger = Ledger(
            voice_timeout_seconds=self._voice_timeout_seconds,
            max_audio_seconds=self._max_audio_seconds,
            lost=lambda utterance: self._voice_lost(utterance, ledger),
        )
        return SpeechStream(stt=self, options=options, ledger=ledger, conn_options=conn_options)

    def update_options(
        self,
        *,
        target_languages: NotGivenOr[str | Sequence[str]] = NOT_GIVEN,
        source_languages: NotGivenOr[str | Sequence[str] | None] = NOT_GIVEN,
        voice: NotGivenOr[str | None] = NOT_GIVEN,
        phrase_list: NotGivenOr[Sequence[str]] = NOT_GIVEN,
        phrase_list_weight: NotGivenOr[float] = NOT_GIVEN,
    ) -> None:
        """Change what the streams that are open hear and speak, and those to come.

        It takes effect at the next utterance: what was said before is still interpreted, and voiced,
        as it was asked for then. A stream with a `language` of its own keeps that.

        Raises:
            ValueError: An argument is malformed; nothing was changed.
        """
        changes: dict[str, Any] = {}
        if is_given(target_languages):
            changes["target_languages"] = languages("target_languages", target_languages)
        if is_given(source_languages):
            changes["source_languages"] = languages("source_languages", source_languages)
        if is_given(voice):
            changes["voice"] = voice
        phrases = tuple(phrase_list) if is_given(phrase_list) else self._phrase_list
        changes["phrase_list"] = _merged(phrases, self._session_keyterms)
        if is_given(phrase_list_weight):
            changes["phrase_list_weight"] = phrase_list_weight
        self._change(changes)
        self._phrase_list = phrases

    def _update_session_keyterms(self, keyterms: list[str]) -> None:
        self._session_keyterms = tuple(keyterms)
        self._change({"phrase_list": _merged(self._phrase_list, self._session_keyterms)})

    def _change(self, changes: Mapping[str, Any]) -> None:
        self._options = replace(self._options, **changes)
        for stream in self._streams:
            stream._change(changes)

    async def aclose(self) -> None:
        """Close every stream. Voices that nobody has claimed yet are let go."""
        streams, self._streams = [*self._streams, *self._batches], []
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
        options = replace(self._options, voice=None)
        if is_given(language):
            options = replace(options, source_languages=(language,))
        # The base class tries again as often as the caller wants; it is a stream of its own each time,
        # and none that a TTS would ask for voices.
        stream = self._make_stream(options, replace(conn_options, max_retry=0))
        self._batches.add(stream)
        try:
            for frame in buffer if isinstance(buffer, list) else [buffer]:
                stream.push_frame(frame)
            stream.end_input()
            finals = [
                event.alternatives[0]
                async for event in stream
                if event.type is SpeechEventType.FINAL_TRANSCRIPT
            ]
        finally:
            self._batches.discard(stream)
            await stream.aclose()
        return joined_transcript(finals, stream._transcriber.request_id)


@dataclass(frozen=True)
class _Change:
    """Other options, at a place in the audio."""

    changes: Mapping[str, Any]


@dataclass
class _Hearing:
    """What one recognizer hears: the stream's audio from `start_seconds` on."""

    connection: Connection
    options: Options
    start_seconds: float
    voice: VoiceReader = field(default_factory=VoiceReader)


def _merged(phrases: Sequence[str], keyterms: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*phrases, *keyterms)))


class SpeechStream(stt.SpeechStream):
    """Frames in, speech events out. Made by `STT.stream()`.

    An attempt is one connection to Azure after another: a change of the options opens the next,
    while the one before is still answering. What they report is taken in the order of the audio.
    """

    def __init__(
        self, *, stt: STT, options: Options, ledger: Ledger, conn_options: APIConnectOptions
    ) -> None:
        # No sample_rate for the base class: it resamples before it mixes down.
        super().__init__(stt=stt, conn_options=conn_options)
        self._interpreter = stt
        # A little less than connecting may take: then a refusal ends with the service's own reason.
        self._options = replace(options, reconnect_seconds=_RECONNECT_SHARE * conn_options.timeout)
        self._fixed_language = options.source_languages != stt._options.source_languages
        self._ledger = ledger
        self._timer: asyncio.TimerHandle | None = None
        self._mono = MonoResampler(options.sample_rate)
        self._retained = RetainedAudio(options.sample_rate, max_seconds=_RETAINED_SECONDS)
        self._reported_seconds = 0.0
        self._forgotten_seconds = 0.0
        self._unheard_attempts = 0
        self._renewed = False
        self._hearings: deque[_Hearing] = deque()
        self._change_wanted_at: float | None = None
        self._quiet_seconds = 0.0
        self._came_at = float("-inf")
        self._untranslated = False
        self._sent_again_until = 0.0
        self._first_offset: float | None = None
        self._transcriber = Transcriber(options.target_languages, utils.shortuuid("azure_"))
        self._task.add_done_callback(self._ended)

    def _change(self, changes: Mapping[str, Any]) -> None:
        """From the next utterance on, hear and speak with other options."""
        if self._fixed_language:
            changes = {name: value for name, value in changes.items() if name != "source_languages"}
        if not self._hearings and self._input_ch.empty():
            self._options = replace(self._options, **changes)
        elif not self._input_ch.closed:
            # It takes its place in the audio: what was pushed before it is heard as it was asked for then.
            self._input_ch.send_nowait(cast(Any, _Change(changes)))

    def _begin_change(self, change: _Change) -> None:
        options = replace(self._options, **change.changes)
        if options != self._options:
            self._options = options
            self._change_wanted_at = self._now()
            self._quiet_seconds = self._retained.quiet_seconds

    async def _run(self) -> None:
        if self._first_offset is None:
            # Later the base class adds wall-clock time, which is not a position in the audio.
            self._first_offset = self.start_time_offset
        self._ledger.reconnected(self._now())
        self._report_forgotten()
        self._hearings.clear()
        first = self._next_hearing(self._retained.start_seconds)
        self._unheard_attempts += 1
        began_at = self._now()
        try:
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(first.connection)
                await self._interpret(first, stack)
        except APIError as error:
            outlived = self._now() - began_at >= self._conn_options.timeout
            spent = self._unheard_attempts > self._conn_options.max_retry
            if outlived and spent and not first.connection.answered:
                # LiveKit counts anew after an attempt that outlived its timeout, as one does that waits
                # for an answer to speech: a service that stays mute would never be an error.
                error.retryable = False
            raise
        finally:
            self._emit(self._transcriber.ended())

    def _next_hearing(self, start_seconds: float) -> _Hearing:
        connection = Connection(
            self._interpreter._open_recognizer,
            self._options,
            connect_seconds=_CONNECT_SHARE * self._conn_options.timeout,
            peer_timeout_seconds=self._interpreter._peer_timeout_seconds * 2**self._unheard_attempts,
        )
        self._change_wanted_at = None
        self._hearings.append(_Hearing(connection, self._options, start_seconds))
        return self._hearings[-1]

    def _report_forgotten(self) -> None:
        seconds = self._retained.forgotten_seconds - self._forgotten_seconds
        if seconds > 0:
            self._forgotten_seconds += seconds
            self._interpreter.counts.speech_forgotten_seconds += seconds
            logger.warning("%.1f s of speech were not recognized before the connection was lost", seconds)

    async def _interpret(self, first: _Hearing, stack: contextlib.AsyncExitStack) -> None:
        sending = asyncio.create_task(self._send(first, stack))
        receiving = asyncio.create_task(self._receive())
        try:
            await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            await receiving
        finally:
            await utils.aio.cancel_and_wait(sending, receiving)

    async def _receive(self) -> None:
        while True:
            hearing = self._hearings[0]
            assert self._first_offset is not None
            self._transcriber.offset_seconds = self._first_offset + hearing.start_seconds
            self._transcriber.target_languages = hearing.options.target_languages
            async for event in hearing.connection:
                # What the next one reported meanwhile came earlier than it is taken.
                self._came_at = max(self._came_at, hearing.connection.came_at)
                self._handle(event, hearing)
                self._arm()
            await hearing.connection.aclose()
            if len(self._hearings) == 1:
                return
            self._hearings.popleft()
            # It has said all: what is not voiced by now must not be given a voice of the next one's.
            self._ledger.end(self._came_at)

    async def _send(self, first: _Hearing, stack: contextlib.AsyncExitStack) -> None:
        connection = first.connection
        for pcm in self._retained:
            connection.write(pcm)
        async for item in self._input_ch:
            if isinstance(item, _Change):
                self._begin_change(item)
                continue
            if not isinstance(item, rtc.AudioFrame):
                self._report_usage(0.0)
                continue
            pcm = self._mono.push(item)
            if self._change_wanted_at is not None and self._may_change(pcm):
                connection = await self._change_over(connection, stack)
            self._write(connection, pcm)
            self._report_usage(_USAGE_SECONDS)
        self._write(connection, self._mono.flush())
        connection.end_audio()
        self._report_usage(0.0)

    def _may_change(self, pcm: bytes) -> bool:
        """Whether no utterance is under way; or it has lasted for so long that it is cut in two."""
        assert self._change_wanted_at is not None
        late = self._now() - self._change_wanted_at > _CHANGE_SECONDS
        if late or self._quiet_seconds >= _QUIET_SECONDS:
            return True
        seconds = len(pcm) / 2 / self._options.sample_rate
        self._quiet_seconds = 0.0 if is_loud(pcm) else self._quiet_seconds + seconds
        return False

    async def _change_over(self, old: Connection, stack: contextlib.AsyncExitStack) -> Connection:
        hearing = self._next_hearing(self._retained.end_seconds)
        await stack.enter_async_context(hearing.connection)
        old.end_audio()
        return hearing.connection

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

    def _handle(self, event: events.Event, hearing: _Hearing) -> None:
        if isinstance(event, events.SpeechStarted):
            self._emit(self._transcriber.speech_started())
        elif isinstance(event, events.SpeechStopped):
            self._emit(self._transcriber.speech_stopped())
        elif isinstance(event, events.Recognizing):
            self._emit(self._transcriber.interim(event.phrase.read()))
        elif isinstance(event, events.Recognized):
            self._recognized(event.phrase.read(), hearing)
        elif isinstance(event, events.NothingRecognized):
            self._emit(self._transcriber.ended())
        elif isinstance(event, events.VoiceChunk):
            self._voice_chunk(event.data, hearing)
        elif isinstance(event, events.VoiceCompleted):
            hearing.voice.end()
            self._ledger.completed(self._came_at)
        elif isinstance(event, events.Disconnected):
            hearing.voice = VoiceReader()
            self._ledger.reconnected(self._came_at)
        elif isinstance(event, events.Connected):
            self._renewed = False
        elif isinstance(event, events.Failed):
            raise self._failure(event)

    def _failure(self, failed: events.Failed) -> APIError:
        renewed = self._options.credentials.renewable and not self._renewed
        self._renewed = True
        return to_api_error(failed, session_id=self._transcriber.request_id, renewed=renewed)

    def _recognized(self, phrase: events.Phrase, hearing: _Hearing) -> None:
        self._unheard_attempts = 0
        start = hearing.start_seconds + phrase.offset_seconds
        if self._ledger.has_stray_voice(start) and self._may_send_again():
            raise to_api_error(events.Failed(events.RESULT_LOST, ""))
        if not phrase.text and not phrase.translations:
            # Nothing was said; or its words were lost, and a voice that comes all the same will tell.
            self._emit(self._transcriber.ended())
            return
        self._retained.cover(hearing.start_seconds + phrase.end_seconds)
        transcript = self._transcriber.transcript(phrase)
        text, name = transcript.text, ""
        self._untranslated = not transcript.translated
        if transcript.translated:
            utterance = self._ledger.recognized(
                text,
                self._came_at,
                voice_expected=hearing.options.voice is not None,
                start=start,
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

    def _voice_chunk(self, data: bytes, hearing: _Hearing) -> None:
        try:
            samples = hearing.voice.read(data)
        except VoiceFormatError as error:
            # Noise is worse than the fallback. The voice takes its place in the line without a sound.
            logger.error("Azure sent a voice that cannot be played: %s", error)
            samples = Samples(b"", DEFAULT_RATE_HZ, starts=True)
        if samples is not None:
            position = hearing.start_seconds + hearing.connection.written_seconds
            self._ledger.audio(samples, self._came_at, position=position)

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
        connection = self._hearings[0].connection
        if connection.is_behind:
            # The loop was blocked: what came meanwhile may have come in time, and goes first.
            self._timer = asyncio.get_running_loop().call_later(0.0, self._expire)
            return
        stray = self._ledger.has_stray_voice(float("inf"))
        self._ledger.expire(self._now())
        self._arm()
        gone = stray and not self._ledger.has_stray_voice(float("inf"))
        if gone and self._may_send_again():
            connection.fail(events.Failed(events.RESULT_LOST, ""))

    def _ended(self, _: asyncio.Task[None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._ledger.end(self._now())
        self._interpreter._stream_ended(self)

    def _now(self) -> float:
        return self._task.get_loop().time()
