"""A small whole TTS that speaks every text as the same tone."""

from __future__ import annotations

import asyncio
import math
import struct
from typing import Literal

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, APIError, tts
from livekit.agents.utils import shortuuid


class ToneTTS(tts.TTS[Literal["metrics_collected", "error"]]):
    """Any text is `tone`.

    Args:
        streaming: Whether it offers `stream()` or only `synthesize()`.
        sample_rate: In Hz.
        seconds: How long the tone is.
        failures: How many of its first attempts raise an `APIError`.
    """

    def __init__(
        self, *, streaming: bool = True, sample_rate: int = 16000, seconds: float = 0.1, failures: int = 0
    ) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=streaming), sample_rate=sample_rate, num_channels=1
        )
        self.failures = failures
        self.texts: list[str] = []
        self.prewarmed = False
        self.tone = tone(880, seconds, sample_rate)

    def prewarm(self) -> None:
        self.prewarmed = True

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _Chunked(tts=self, input_text=text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        assert self.capabilities.streaming
        return _Stream(tts=self, conn_options=conn_options)

    def speak(self, text: str, emitter: tts.AudioEmitter) -> None:
        self.texts.append(text)
        if len(self.texts) <= self.failures:
            raise APIError("the tone is not available")
        emitter.push(self.tone)


class Pieces(ToneTTS):
    """Remembers the pieces in which its texts come.

    Attributes:
        pieces: Of all texts.
    """

    def __init__(self, *, failures: int = 0) -> None:
        super().__init__(failures=failures)
        self.pieces: list[str] = []

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        return _PieceStream(tts=self, conn_options=conn_options)


class Breaking(ToneTTS):
    """Fails when its tone can be heard."""

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        return _BreakingStream(tts=self, conn_options=conn_options)


class _Chunked(tts.ChunkedStream):
    _tts: ToneTTS

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=shortuuid(), sample_rate=self._tts.sample_rate, num_channels=1, mime_type="audio/pcm"
        )
        self._tts.speak(self._input_text, output_emitter)


class _Stream(tts.SynthesizeStream):
    _tts: ToneTTS

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=shortuuid(),
            sample_rate=self._tts.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        text = "".join([self._piece(part) async for part in self._input_ch if isinstance(part, str)])
        self._mark_started()
        output_emitter.start_segment(segment_id=shortuuid())
        self._tts.speak(text, output_emitter)
        output_emitter.end_segment()

    def _piece(self, piece: str) -> str:
        return piece


class _BreakingStream(_Stream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        await super()._run(output_emitter)
        while not output_emitter.pushed_duration():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        raise APIError("the tone broke off")


class _PieceStream(_Stream):
    _tts: Pieces

    def _piece(self, piece: str) -> str:
        self._tts.pieces.append(piece)
        return piece


def tone(hertz: float, seconds: float, sample_rate: int = 16000) -> bytes:
    """A loud tone that does not begin or end with a zero."""
    count = round(seconds * sample_rate)
    samples = (
        round(8000 * math.sin(2 * math.pi * hertz * (at + 0.5) / sample_rate)) or 1 for at in range(count)
    )
    return struct.pack(f"<{count}h", *samples)
