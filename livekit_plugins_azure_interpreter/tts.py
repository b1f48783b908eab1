"""The voice of the translations: the audio that Azure synthesized, unchanged."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterable
from typing import Any, Literal

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectOptions,
    APIError,
    APIStatusError,
    tts,
    utils,
)
from livekit.agents import stt as livekit_stt
from livekit.agents.metrics import TTSMetrics
from livekit.agents.metrics.base import Metadata
from livekit.agents.telemetry.trace_types import ATTR_TTS_METRICS
from livekit.agents.tts import AudioEmitter, ChunkedStream, SynthesizedAudio, TTSCapabilities, TTSError

from ._audio import MonoResampler
from ._fallback import speak
from ._interpreting_stts import InterpretingSTTs
from ._metering import Meter, span_attributes
from ._utterances import State, Translation, Utterance
from ._voice import Samples
from .stt import STT

_ENDS_QUIETLY = 499
"""LiveKit's base class ends a stream with this status without an error."""


class TTS(tts.TTS[Literal["metrics_collected", "error"]]):
    """Speaks translations of an `STT` in the voice that Azure made for them, sample for sample.

    Args:
        stt: Whose translations: the session's `STT`, or its `stt.FallbackAdapter` with one or more of them.
        fallback: Speaks any other text, and a translation whose voice is lost; any LiveKit TTS.
            Without one, other text is an `APIError`, and a lost voice a recoverable error.
        sample_rate: Of the frames, in Hz. A voice or fallback of another rate is resampled.

    Raises:
        TypeError: `stt` is not this package's `STT`, nor has one.
    """

    def __init__(
        self,
        stt: STT | livekit_stt.FallbackAdapter,
        *,
        fallback: tts.TTS[Any] | None = None,
        sample_rate: int = 16000,
    ) -> None:
        self._stt, self._interpreters = stt, InterpretingSTTs(stt)
        first = next(iter(self._interpreters), None)
        if first is None:
            raise TypeError(f"TTS(stt) speaks the translations of azure_interpreter.STT, not of {stt!r}")
        self._first = first
        for interpreter in self._interpreters:
            interpreter._is_spoken = True
        super().__init__(
            capabilities=TTSCapabilities(streaming=True), sample_rate=sample_rate, num_channels=1
        )
        self._fallback = fallback

    @property
    def stt(self) -> STT | livekit_stt.FallbackAdapter:
        """Whose translations it speaks."""
        return self._stt

    @property
    def model(self) -> str:
        return self._first.model

    @property
    def provider(self) -> str:
        return self._first.provider

    def prewarm(self) -> None:
        """Prepare the fallback. Azure's own voice needs no preparation."""
        if self._fallback is not None:
            self._fallback.prewarm()

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> ChunkedStream:
        return self._synthesize_with_stream(text, conn_options=conn_options)

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> SynthesizeStream:
        return SynthesizeStream(tts=self, conn_options=conn_options)


class SynthesizeStream(tts.SynthesizeStream):
    """Speaks one text: one translation, several joined, or any other. Made by `TTS.stream()`."""

    def __init__(self, *, tts: TTS, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, conn_options=conn_options)
        self._interpreters = tts._interpreters
        self._fallback = tts._fallback
        # Made once: the base class runs `_run` again after an error, with the same text.
        self._claimed: list[Utterance] | None = None
        self._backlog_seconds = 0.0
        self._task.add_done_callback(self._ended)

    async def _run(self, output_emitter: AudioEmitter) -> None:
        text = await self._text()
        if self._claimed is None:
            self._backlog_seconds = self._interpreters.waiting_seconds
            self._claimed = self._interpreters.claim(text)
        session_id = self._session_id
        output_emitter.initialize(
            request_id=session_id or utils.shortuuid("text-"),
            sample_rate=self._tts.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        if not text.strip():
            return
        self._mark_started()
        output_emitter.start_segment(segment_id=self._segment_id)
        output_emitter._note_provider_request_id(session_id)
        if self._claimed:
            await self._speak(self._claimed, output_emitter)
        elif isinstance(text, Translation) and self._fallback is None:
            self._report_lost(text.utterance)
            raise APIStatusError("nothing to say", status_code=_ENDS_QUIETLY)
        else:
            await self._speak_other(text, output_emitter)
        output_emitter.end_segment()

    async def _text(self) -> str:
        """All that was pushed; the very object, if it was one."""
        parts = [part async for part in self._input_ch if isinstance(part, str)]
        return parts[0] if len(parts) == 1 else "".join(parts)

    @property
    def _session_id(self) -> str:
        """Azure's, of the first utterance; empty for other text."""
        heard = self._claimed[0].meter.heard if self._claimed else None
        return heard.session_id if heard else ""

    @property
    def _segment_id(self) -> str:
        return self._claimed[0].id if self._claimed else utils.shortuuid("text-")

    async def _speak(self, utterances: list[Utterance], emitter: AudioEmitter) -> None:
        heard = False
        for utterance in utterances:
            heard |= await self._speak_voice(utterance, emitter)
        if not heard:
            raise APIStatusError("nothing to say", status_code=_ENDS_QUIETLY)

    async def _speak_voice(self, utterance: Utterance, emitter: AudioEmitter) -> bool:
        """Emit a voice as it comes; whether anything was heard."""
        resampler = MonoResampler(self._tts.sample_rate)
        changed = asyncio.Event()
        utterance.changed = changed.set
        utterance.meter.asked(self._now(), backlog_seconds=self._backlog_seconds)
        emitted = 0
        try:
            while True:
                for samples in utterance.samples[emitted:]:
                    _push(emitter, resampler.push(_frame(samples)))
                    utterance.meter.sounded(self._now(), samples.seconds)
                    emitted += 1
                if utterance.done:
                    break
                changed.clear()
                await changed.wait()  # the ledger ends it by its deadlines
        finally:
            utterance.changed = None
        _push(emitter, resampler.flush())
        if utterance.state is State.LOST and not utterance.seconds:
            return await self._speak_lost(utterance, emitter)
        utterance.meter.outcome = "voiced" if utterance.state is State.VOICED else "lost"
        return True

    async def _speak_lost(self, utterance: Utterance, emitter: AudioEmitter) -> bool:
        if self._fallback is None:
            self._report_lost(utterance)
            return False
        await self._speak_other(utterance.text, emitter, utterance.meter)
        utterance.meter.outcome = "fallback"
        return True

    async def _speak_other(self, text: str, emitter: AudioEmitter, meter: Meter | None = None) -> None:
        if self._fallback is None:
            raise APIError(
                "this text is no translation, so Azure has made no voice for it: give "
                "TTS(stt, fallback=...) a TTS that speaks other text",
                retryable=False,
            )
        resampler = MonoResampler(self._tts.sample_rate)
        speaking = speak(
            self._fallback, text, timeout=self._conn_options.timeout, metered=self._report_metrics
        )
        async with contextlib.aclosing(speaking):
            async for frame in speaking:
                _push(emitter, resampler.push(frame))
                if meter is not None:
                    meter.sounded(self._now(), frame.duration, by_fallback=True)
        _push(emitter, resampler.flush())

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Tell what became of what was to be said."""
        span = self._tts_request_span
        for number, utterance in enumerate(self._claimed or ()):
            used = self._usage(utterance, cancelled=task.cancelled())
            if used is not None:
                if span is not None:
                    span.set_attribute(ATTR_TTS_METRICS, used.model_dump_json())
                self._report_metrics(used)
            meter = utterance.meter
            outcome = meter.outcome or ("interrupted" if task.cancelled() else "lost")
            metrics = meter.end(outcome, utterance.lost_reason and utterance.lost_reason.value)
            if metrics is not None and span is not None and not number:
                span.set_attributes(span_attributes(metrics))

    def _usage(self, utterance: Utterance, *, cancelled: bool) -> TTSMetrics | None:
        """What LiveKit counts of a voice of Azure's; None: none was heard."""
        meter = utterance.meter
        if meter.heard is None or meter.asked_at is None or meter.sound_at is None or meter.by_fallback:
            return None
        return TTSMetrics(
            label=self._tts.label,
            request_id=meter.heard.session_id,
            segment_id=utterance.id,
            timestamp=time.time(),
            ttfb=meter.sound_at - meter.asked_at,
            duration=self._now() - meter.asked_at,
            audio_duration=meter.voice_seconds,
            cancelled=cancelled and meter.outcome is None,
            characters_count=len(utterance.text),
            streamed=True,
            metadata=Metadata(model_name=self._tts.model, model_provider=self._tts.provider),
        )

    def _report_metrics(self, metrics: TTSMetrics) -> None:
        self._tts.emit("metrics_collected", metrics)

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[SynthesizedAudio]) -> None:
        # Each voice is metered by itself, also one that is interrupted; what the fallback says it reports.
        async for _ in event_aiter:
            pass

    def _now(self) -> float:
        return self._task.get_loop().time()

    def _report_lost(self, utterance: Utterance) -> None:
        """Tell, but do not fail: four unrecoverable errors in a row would close the session."""
        reason = utterance.lost_reason.value if utterance.lost_reason else "it was spoken before"
        error = APIError(
            f"Azure's voice of {utterance.id} is lost ({reason}), and TTS(stt, fallback=...) has no other",
            retryable=False,
        )
        self._tts.emit(
            "error",
            TTSError(timestamp=time.time(), label=self._tts.label, error=error, recoverable=True),
        )


def _frame(samples: Samples) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.pcm, samples.sample_rate, 1, len(samples.pcm) // 2)


def _push(emitter: AudioEmitter, pcm: bytes) -> None:
    if pcm:
        emitter.push(pcm)
