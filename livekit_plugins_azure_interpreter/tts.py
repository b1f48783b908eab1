"""The voice of the translations: the audio that Azure synthesized, unchanged."""

from __future__ import annotations

import asyncio
import time
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
from livekit.agents.tts import AudioEmitter, ChunkedStream, TTSCapabilities, TTSError

from ._audio import MonoResampler
from ._interpreting_stts import InterpretingSTTs
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
        return _WholeStream(tts=self, input_text=text, conn_options=conn_options)

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> SynthesizeStream:
        return SynthesizeStream(tts=self, conn_options=conn_options)


class SynthesizeStream(tts.SynthesizeStream):
    """Speaks one text: one translation, several joined, or any other. Made by `TTS.stream()`."""

    def __init__(self, *, tts: TTS, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, conn_options=conn_options)
        self._speech = _Speech(tts, conn_options)

    async def _run(self, output_emitter: AudioEmitter) -> None:
        text = await self._text()
        if text.strip():
            self._mark_started()
        await self._speech.say(text, output_emitter)

    async def _text(self) -> str:
        """All that was pushed; the very object, if it was one."""
        parts = [part async for part in self._input_ch if isinstance(part, str)]
        return parts[0] if len(parts) == 1 else "".join(parts)


class _WholeStream(ChunkedStream):
    """Speaks one text that is whole from the beginning. Made by `TTS.synthesize()`.

    LiveKit's own, which reads a stream, reports errors and metrics once for each of the two.
    """

    def __init__(self, *, tts: TTS, input_text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, input_text=input_text, conn_options=conn_options)
        self._speech = _Speech(tts, conn_options)

    async def _run(self, output_emitter: AudioEmitter) -> None:
        await self._speech.say(self._input_text, output_emitter)


class _Speech:
    """What one stream says, over all its attempts."""

    def __init__(self, tts: TTS, conn_options: APIConnectOptions) -> None:
        self._tts = tts
        self._fallback = tts._fallback
        self._conn_options = conn_options
        # Made once: the base class tries again after an error, with the same text.
        self._claimed: list[Utterance] | None = None

    async def say(self, text: str, emitter: AudioEmitter) -> None:
        emitter.initialize(
            request_id=utils.shortuuid("azure_"),
            sample_rate=self._tts.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        if not text.strip():
            return
        if self._claimed is None:
            self._claimed = self._tts._interpreters.claim(text)
        emitter.start_segment(segment_id=self._segment_id(text))
        if self._claimed:
            await self._speak(self._claimed, emitter)
        elif isinstance(text, Translation) and self._fallback is None:
            self._report_lost(text.utterance)
            raise APIStatusError("nothing to say", status_code=_ENDS_QUIETLY)
        else:
            await self._speak_other(text, emitter)
        emitter.end_segment()

    def _segment_id(self, text: str) -> str:
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
        emitted = 0
        try:
            while True:
                for samples in utterance.samples[emitted:]:
                    _push(emitter, resampler.push(_frame(samples)))
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
        return True

    async def _speak_lost(self, utterance: Utterance, emitter: AudioEmitter) -> bool:
        if self._fallback is None:
            self._report_lost(utterance)
            return False
        await self._speak_other(utterance.text, emitter)
        return True

    async def _speak_other(self, text: str, emitter: AudioEmitter) -> None:
        if self._fallback is None:
            raise APIError(
                "this text is no translation, so Azure has made no voice for it: give "
                "TTS(stt, fallback=...) a TTS that speaks other text",
                retryable=False,
            )
        resampler = MonoResampler(self._tts.sample_rate)
        async with _open(self._fallback, text, self._conn_options.timeout) as stream:
            async for audio in stream:
                _push(emitter, resampler.push(audio.frame))
        _push(emitter, resampler.flush())

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


def _open(fallback: tts.TTS[Any], text: str, timeout: float) -> tts.SynthesizeStream | ChunkedStream:
    # LiveKit runs our stream again after an error; retries within retries would silence the session.
    conn_options = APIConnectOptions(max_retry=0, timeout=timeout)
    if not fallback.capabilities.streaming:
        return fallback.synthesize(text, conn_options=conn_options)
    stream = fallback.stream(conn_options=conn_options)
    stream.push_text(text)
    stream.end_input()
    return stream


def _frame(samples: Samples) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.pcm, samples.sample_rate, 1, len(samples.pcm) // 2)


def _push(emitter: AudioEmitter, pcm: bytes) -> None:
    if pcm:
        emitter.push(pcm)
