"""Plays the voice of a translation, or has the fallback speak, and reports the outcome."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, APIStatusError, tts, utils
from livekit.agents.metrics import TTSMetrics
from livekit.agents.metrics.base import Metadata
from livekit.agents.telemetry.trace_types import ATTR_TTS_METRICS
from livekit.agents.tts import AudioEmitter, TTSError
from opentelemetry.trace import Span

from .._livekit_private import note_request_id, speaking_scope
from .._sound.mono import MonoResampler
from .._voices.meter import Meter, span_attributes
from .._voices.samples import Samples
from .._voices.text_key import settled_key
from .._voices.utterance import Clause, State, Translation, Utterance
from .fallback import speak

_ENDS_QUIETLY = 499
"""LiveKit's base class ends a stream with this status without an error."""


class TranslationSource(Protocol):
    """The translations that wait for their turn."""

    def waiting_seconds(self, scope: object | None) -> float: ...

    def claim(self, text: str, scope: object | None) -> list[Utterance]: ...

    def begins(self, settled: str, scope: object | None) -> bool: ...


class Player:
    """Speaks the text of one stream, over all its attempts.

    Args:
        tts: The TTS of the stream; it reports metrics and errors.
        translations: The translations that have a voice.
        fallback: Speaks texts that have no voice.
        conn_options: Limits of the stream.
        streamed: Its text came in pieces; LiveKit's metrics report that.
        fallback_speaks_corrections: The fallback speaks a translation that was corrected, because its voice
            says something else.
    """

    def __init__(
        self,
        tts: tts.TTS[Any],
        translations: TranslationSource,
        fallback: tts.TTS[Any] | None,
        conn_options: APIConnectOptions,
        *,
        streamed: bool,
        fallback_speaks_corrections: bool = False,
    ) -> None:
        self._tts = tts
        self._translations = translations
        self._fallback = fallback
        self._conn_options = conn_options
        self._streamed = streamed
        self._fallback_speaks_corrections = fallback_speaks_corrections
        self._scope = speaking_scope()
        self._now = asyncio.get_running_loop().time
        self._backlog_seconds = 0.0
        # Made once: the base class tries again after an error, with the same text.
        self._claimed: list[Utterance] | None = None

    async def say(self, text: str, emitter: AudioEmitter) -> None:
        """Speak a text: a translation in its own voice, any other text by the fallback.

        Raises:
            APIError: It cannot be said.
        """
        if self._claimed is None:
            self._backlog_seconds = self._translations.waiting_seconds(self._scope)
            self._claimed = self._translations.claim(text, self._scope)
        self._begin(emitter)
        if not text.strip():
            return
        emitter.start_segment(segment_id=self._segment_id)
        note_request_id(emitter, self._session_id)
        if self._claimed:
            await self._speak(self._claimed, emitter)
        elif isinstance(text, Translation) and self._fallback is None:
            self._report_lost(text.utterance)
            raise APIStatusError("nothing to say", status_code=_ENDS_QUIETLY)
        else:
            await self._speak_other(text, emitter)
        emitter.end_segment()

    async def say_pieces(
        self, pieces: AsyncIterator[str], emitter: AudioEmitter, begins: Callable[[], None]
    ) -> None:
        """Speak a text that comes in pieces. While it may be a translation, wait until it is complete.

        Args:
            pieces: The text.
            emitter: Takes the sound.
            begins: Called when the voice is chosen.

        Raises:
            APIError: It cannot be said.
        """
        parts: list[str] = []
        async for piece in pieces:
            if isinstance(piece, Clause):
                self._claimed = [piece.utterance]
                begins()
                await self._say_clauses(piece.utterance, _chained(piece, pieces), emitter)
                return
            parts.append(piece)
            if self._is_other(parts):
                self._claimed = []
                begins()
                await self._say_other(_chained("".join(parts), pieces), emitter)
                return
        text = parts[0] if len(parts) == 1 else "".join(parts)
        if text.strip():
            begins()
        await self.say(text, emitter)

    def _is_other(self, parts: list[str]) -> bool:
        """Whether this cannot become a translation, and the fallback can speak it."""
        if self._fallback is None or self._claimed or any(isinstance(part, Translation) for part in parts):
            return False
        text = "".join(parts)
        known = self._claimed is not None  # in an earlier attempt
        return bool(text.strip()) and (known or not self._translations.begins(settled_key(text), self._scope))

    async def _say_other(self, pieces: AsyncIterable[str], emitter: AudioEmitter) -> None:
        self._begin(emitter)
        emitter.start_segment(segment_id=self._segment_id)
        await self._speak_other(pieces, emitter)
        emitter.end_segment()

    async def _say_clauses(
        self, utterance: Utterance, clauses: AsyncIterable[str], emitter: AudioEmitter
    ) -> None:
        """Speak a translation while its sentence is still being spoken."""
        utterance.meter.asked(self._now(), backlog_seconds=self._backlog_seconds)
        self._begin(emitter)
        emitter.start_segment(segment_id=self._segment_id)
        await self._speak_other(clauses, emitter, utterance.meter)
        emitter.end_segment()
        utterance.meter.outcome = "fallback"

    def _begin(self, emitter: AudioEmitter) -> None:
        emitter.initialize(
            request_id=self._session_id or utils.shortuuid("text-"),
            sample_rate=self._tts.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )

    def ended(self, span: Span | None, cancelled: bool) -> None:
        """The end: report the outcome of each utterance; LiveKit's span gets that of the first.

        It measures each voice of Azure, also an interrupted one; the fallback reports its own metrics.
        """
        for number, utterance in enumerate(self._claimed or ()):
            utterance.free_sound()  # not before: an attempt after an error speaks it from its beginning
            if (usage := self._usage(utterance, cancelled=cancelled)) is not None:
                if span is not None:
                    span.set_attribute(ATTR_TTS_METRICS, usage.model_dump_json())
                self._report(usage)
            outcome = utterance.meter.outcome or ("interrupted" if cancelled else "lost")
            reason = None if utterance.lost_reason is None else utterance.lost_reason.value
            metrics = utterance.meter.end(outcome, reason)
            if number == 0 and metrics is not None and span is not None:
                span.set_attributes(span_attributes(metrics))

    @property
    def _session_id(self) -> str:
        """Azure's session id of the first utterance; empty for other text."""
        timings = self._claimed[0].meter.timings if self._claimed else None
        return timings.session_id if timings else ""

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
        """Emit a voice as it comes. Returns whether anything was heard."""
        utterance.meter.asked(self._now(), backlog_seconds=self._backlog_seconds)
        needs_correction = utterance.corrected and self._fallback_speaks_corrections
        if needs_correction and await self._speak_correction(utterance, emitter):
            return True
        resampler = MonoResampler(self._tts.sample_rate)
        changed = asyncio.Event()
        utterance.changed = changed.set
        emitted = 0
        try:
            while True:
                if fresh := utterance.samples[emitted:]:
                    # What has come meanwhile goes on as one piece: LiveKit's work is by the piece.
                    _push(emitter, b"".join([resampler.push(_frame(samples)) for samples in fresh]))
                    utterance.meter.sounded(self._now(), sum(samples.seconds for samples in fresh))
                    emitted += len(fresh)
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

    async def _speak_correction(self, utterance: Utterance, emitter: AudioEmitter) -> bool:
        """Have the fallback speak it. If that fails before any sound, Azure's voice is better than none."""
        try:
            await self._speak_other(utterance.unsaid, emitter, utterance.meter)
        except APIError as error:
            if utterance.meter.by_fallback:
                raise
            self._report_recoverable(error)
            return False
        utterance.meter.outcome = "fallback"
        return True

    async def _speak_lost(self, utterance: Utterance, emitter: AudioEmitter) -> bool:
        if self._fallback is None:
            self._report_lost(utterance)
            return False
        await self._speak_other(utterance.unsaid, emitter, utterance.meter)
        utterance.meter.outcome = "fallback"
        return True

    async def _speak_other(
        self, text: str | AsyncIterable[str], emitter: AudioEmitter, meter: Meter | None = None
    ) -> None:
        if self._fallback is None:
            raise APIError(
                "this text is not a translation, so Azure made no voice for it: give "
                "TTS(stt, fallback=...) a TTS that speaks other text",
                retryable=False,
            )
        resampler = MonoResampler(self._tts.sample_rate)
        speaking = speak(self._fallback, text, timeout=self._conn_options.timeout, metered=self._report)
        async with contextlib.aclosing(speaking):
            async for frame in speaking:
                _push(emitter, resampler.push(frame))
                if meter is not None:
                    meter.sounded(self._now(), frame.duration, by_fallback=True)
        _push(emitter, resampler.flush())

    def _usage(self, utterance: Utterance, *, cancelled: bool) -> TTSMetrics | None:
        """LiveKit's metrics of a voice of Azure; None if none was heard."""
        meter = utterance.meter
        if meter.timings is None or meter.asked_at is None or meter.sound_at is None or meter.by_fallback:
            return None
        return TTSMetrics(
            label=self._tts.label,
            request_id=meter.timings.session_id,
            segment_id=utterance.id,
            timestamp=time.time(),
            ttfb=meter.sound_at - meter.asked_at,
            duration=self._now() - meter.asked_at,
            audio_duration=meter.voice_seconds,
            cancelled=cancelled and meter.outcome is None,
            characters_count=len(utterance.text),
            streamed=self._streamed,
            metadata=Metadata(model_name=self._tts.model, model_provider=self._tts.provider),
        )

    def _report(self, metrics: TTSMetrics) -> None:
        self._tts.emit("metrics_collected", metrics)

    def _report_lost(self, utterance: Utterance) -> None:
        """Report it, but do not fail: four unrecoverable errors in a row would close the session."""
        reason = utterance.lost_reason.value if utterance.lost_reason else "it was spoken before"
        error = APIError(
            f"Azure's voice of {utterance.id} is lost ({reason}), and TTS(stt, fallback=...) has no other",
            retryable=False,
        )
        self._report_recoverable(error)

    def _report_recoverable(self, error: APIError) -> None:
        self._tts.emit(
            "error",
            TTSError(timestamp=time.time(), label=self._tts.label, error=error, recoverable=True),
        )


async def _chained(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for piece in rest:
        yield piece


def _frame(samples: Samples) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.pcm, samples.sample_rate, 1, len(samples.pcm) // 2)


def _push(emitter: AudioEmitter, pcm: bytes) -> None:
    if pcm:
        emitter.push(pcm)
