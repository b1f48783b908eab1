"""A session without a room: speech made in code, a microphone, a loudspeaker and another voice."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions
from livekit.agents import tts as livekit_tts
from livekit.agents.voice import io

from livekit_plugins_azure_interpreter.emulator import Line, Voice

from .limits import within

PADDING = bytes(320)
"""10 ms at 16 kHz: the silence with which LiveKit may end a segment."""
_MOST_PADDINGS = 2
"""The voice of a fallback passes two of LiveKit's emitters, its own and the pair's; each may add one."""

T = TypeVar("T")


class Audio:
    """16 bit mono PCM, 16 kHz unless told."""

    def silence(self, seconds: float, rate: int = 16000) -> bytes:
        return bytes(round(seconds * rate) * 2)

    def burst(self, seconds: float, rate: int = 16000, hertz: float = 440.0) -> bytes:
        """A loud tone: speech, for the emulator."""
        at = np.arange(round(seconds * rate)) / rate
        return (8000 * np.sin(2 * np.pi * hertz * at)).astype("<i2").tobytes()

    def speech(self, *bursts: tuple[float, float], end: float, rate: int = 16000) -> bytes:
        """Bursts from start to end, in seconds, each of its own pitch; silence around them."""
        pcm = b""
        for number, (start, stop) in enumerate(bursts):
            pcm += self.silence(start - len(pcm) / 2 / rate, rate)
            pcm += self.burst(stop - start, rate, hertz=300 + 130 * number)
        return pcm + self.silence(end - len(pcm) / 2 / rate, rate)

    def voice(self, seconds: float, seed: int, rate: int = 16000) -> Voice:
        """Noise whose every sample tells the seed, and its place; never silence."""
        samples = np.random.default_rng(seed).integers(1, 9000, round(seconds * rate))
        return Voice(samples.astype("<i2").tobytes(), rate)

    def line(self, number: int, seconds: float = 0.5, **more: Any) -> Line:
        """A line of its own words and its own voice."""
        voices = {"fr": self.voice(seconds, seed=number)}
        translations = {"fr": f"phrase numéro {number}", "de": f"Satz Nummer {number}"}
        return Line(f"sentence number {number}", **{"translations": translations, "voices": voices, **more})

    def frames(
        self, pcm: bytes, *, rate: int = 16000, channels: int = 1, frame_ms: float = 20
    ) -> list[rtc.AudioFrame]:
        size = round(rate * frame_ms / 1000) * 2 * channels
        parts = (pcm[at : at + size] for at in range(0, len(pcm), size))
        return [rtc.AudioFrame(part, rate, channels, len(part) // 2 // channels) for part in parts]

    def same(self, heard: bytes, voice: bytes) -> bool:
        """Sample for sample, but for the silence with which LiveKit may end a segment."""
        return heard in [voice + PADDING * count for count in range(_MOST_PADDINGS + 1)]


def hertz(pcm: bytes, rate: int = 16000) -> float:
    """The pitch of a tone."""
    samples = np.frombuffer(pcm, dtype="<i2")
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / max(1, len(samples)))


def by_pitch(lines: dict[int, Line]) -> Callable[[Voice], Line]:
    """A script for the emulator: each line is known by the pitch at which it is said."""

    def line(samples: Voice) -> Line:
        heard = hertz(samples.pcm, samples.sample_rate)
        return lines[min(lines, key=lambda pitch: abs(pitch - heard))]

    return line


class OtherVoice(livekit_tts.TTS):
    """A fallback: another voice for any text, as long as a tenth of a second, and what it was asked for."""

    def __init__(self) -> None:
        capabilities = livekit_tts.TTSCapabilities(streaming=False)
        super().__init__(capabilities=capabilities, sample_rate=16000, num_channels=1)
        self.texts: list[str] = []

    def pcm(self, text: str) -> bytes:
        return Audio().voice(0.1, seed=zlib.crc32(text.encode())).pcm

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> livekit_tts.ChunkedStream:
        self.texts.append(str(text))
        return _OtherStream(tts=self, input_text=text, conn_options=conn_options)


class _OtherStream(livekit_tts.ChunkedStream):
    async def _run(self, output_emitter: livekit_tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="other", sample_rate=16000, num_channels=1, mime_type="audio/pcm"
        )
        assert isinstance(self._tts, OtherVoice)
        output_emitter.push(self._tts.pcm(self._input_text))


class Microphone(io.AudioInput):
    """Gives what is spoken into it as frames, at the pace of speech or a multiple of it, then waits.

    Attributes:
        began_at: When the first frame was taken (`time.monotonic`).
    """

    def __init__(self, *, speed: float) -> None:
        super().__init__(label="microphone")
        self._speed = speed
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()
        self._next_at = 0.0
        self.began_at: float | None = None

    def speak(self, pcm: bytes, **how: Any) -> None:
        for frame in Audio().frames(pcm, **how):
            self.give(frame)

    def give(self, frame: rtc.AudioFrame) -> None:
        self._frames.put_nowait(frame)

    async def until_taken(self) -> None:
        """Wait until all that was spoken has been taken."""

        async def wait() -> None:
            while not self._frames.empty():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

        await within(wait())

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await self._frames.get()
        now = time.monotonic()
        await asyncio.sleep(max(0.0, self._next_at - now))
        self.began_at = self.began_at or now
        self._next_at = max(self._next_at, now) + frame.duration / self._speed
        return frame


class Speaker(io.AudioOutput):
    """Plays at the pace of speech, or a multiple of it, and remembers every sample.

    Attributes:
        segments: The samples of each segment (a speech), in order.
        played: How many of them were played to their end.
        cut: How many were interrupted.
        on_played: Called with the samples of each segment that was played to its end.
    """

    def __init__(self, *, speed: float) -> None:
        super().__init__(
            label="speaker", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=16000
        )
        self._speed = speed
        self.segments: list[bytes] = []
        self.played = 0
        self.cut = 0
        self.on_played: Callable[[bytes], None] = lambda pcm: None
        self._began_at: float | None = None
        self._finishing: asyncio.TimerHandle | None = None
        self._changed = asyncio.Condition()
        self._waking: set[asyncio.Task[None]] = set()

    @property
    def playing(self) -> bool:
        return self._began_at is not None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self._began_at is None:
            self._began_at = time.monotonic()
            self.segments.append(b"")
            self.on_playback_started(created_at=time.time())
        self.segments[-1] += bytes(frame.data)
        self._wake()

    def flush(self) -> None:
        super().flush()
        if self._began_at is not None:
            ends_at = self._began_at + self._seconds / self._speed
            wait = max(0.0, ends_at - time.monotonic())
            self._finishing = asyncio.get_running_loop().call_later(wait, self._finish)

    def clear_buffer(self) -> None:
        if self._began_at is None:
            return
        if self._finishing is not None:
            self._finishing.cancel()
        self.cut += 1
        self._began_at = None
        self.on_playback_finished(playback_position=0.0, interrupted=True)

    async def until_begun(self, segments: int) -> None:
        """Wait until so many segments were begun."""
        await self._until(lambda: len(self.segments) >= segments)

    async def until_played(self, segments: int) -> None:
        """Wait until so many segments were played whole."""
        await self._until(lambda: self.played >= segments)

    async def _until(self, reached: Callable[[], bool]) -> None:
        async with self._changed:
            await within(self._changed.wait_for(reached))

    @property
    def _seconds(self) -> float:
        return len(self.segments[-1]) / 2 / 16000

    def _finish(self) -> None:
        self.played += 1
        self._began_at, self._finishing = None, None
        self.on_playback_finished(playback_position=self._seconds, interrupted=False)
        self.on_played(self.segments[-1])
        self._wake()

    def _wake(self) -> None:
        async def wake() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.create_task(wake())
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)
