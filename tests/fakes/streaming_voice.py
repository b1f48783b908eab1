"""A TTS that speaks as its text comes, word by word, and remembers the words and when they sounded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, APIError, tts
from livekit.agents.utils import shortuuid

from .room import Audio

WORD_SECONDS = 0.05


def _short(text: str) -> float:
    return WORD_SECONDS * max(1, len(text.split()))


@dataclass
class Speech:
    """What one stream was given.

    Attributes:
        pieces: The pieces of its text, each with when it sounded (`time.monotonic`).
        ended: Its text has ended.
    """

    pieces: list[tuple[str, float]] = field(default_factory=list)
    ended: bool = False

    @property
    def text(self) -> str:
        """Its whole text."""
        return "".join(piece for piece, _ in self.pieces)


class StreamingVoice(tts.TTS[Literal["metrics_collected", "error"]]):
    """Each word is a short noise, as soon as it comes.

    Args:
        failures: How many of its first streams fail before any sound.
        seconds_of: How long a piece of text takes to say.
        delay_seconds: From a piece of text to its sound.

    Attributes:
        speeches: All that it was given, a stream each.
    """

    def __init__(
        self,
        *,
        failures: int = 0,
        seconds_of: Callable[[str], float] = _short,
        delay_seconds: float = 0.0,
    ) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=16000, num_channels=1)
        self.failures = failures
        self.seconds_of, self.delay_seconds = seconds_of, delay_seconds
        self.speeches: list[Speech] = []

    @property
    def texts(self) -> list[str]:
        """What was heard, speech by speech."""
        return [speech.text for speech in self.speeches if speech.text]

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        raise NotImplementedError("it streams")

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        return _Stream(tts=self, conn_options=conn_options)


class _Stream(tts.SynthesizeStream):
    _tts: StreamingVoice

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        if self._tts.failures:
            self._tts.failures -= 1
            raise APIError("the voice is not available")
        output_emitter.initialize(
            request_id=shortuuid(), sample_rate=16000, num_channels=1, mime_type="audio/pcm", stream=True
        )
        output_emitter.start_segment(segment_id=shortuuid())
        speech = Speech()
        self._tts.speeches.append(speech)
        async for part in self._input_ch:
            if isinstance(part, str) and part:
                self._mark_started()
                if self._tts.delay_seconds:
                    await asyncio.sleep(self._tts.delay_seconds)
                speech.pieces.append((str(part), time.monotonic()))
                output_emitter.push(Audio().voice(self._tts.seconds_of(part), seed=len(part)).pcm)
        speech.ended = True
        output_emitter.end_segment()
