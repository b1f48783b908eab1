"""A file as the microphone of an AgentSession, and a recording as its loudspeaker, on one clock."""

from __future__ import annotations

import asyncio
import time
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

FRAME_SECONDS = 0.02


@dataclass(frozen=True)
class Recording:
    """16 bit PCM, with interleaved channels."""

    pcm: bytes
    sample_rate: int
    channels: int

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.channels / self.sample_rate

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Read a WAV file.

        Raises:
            ValueError: It is not there, no 16 bit WAV file of one or two channels, or has no audio.
            OSError: It cannot be read.
        """
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        if not path.stat().st_size:
            raise ValueError(f"{path} is empty")
        try:
            with wave.open(str(path), "rb") as wav:
                recording = cls(wav.readframes(wav.getnframes()), wav.getframerate(), wav.getnchannels())
                bits = wav.getsampwidth() * 8
        except wave.Error as error:
            raise ValueError(f"{path} is not a PCM WAV file ({error})") from error
        except EOFError as error:
            raise ValueError(f"{path} is not a PCM WAV file (it ends too early)") from error
        if bits != 16 or recording.channels > 2:
            raise ValueError(f"{path} has {recording.channels} channels of {bits} bit; 16 bit, 1 or 2 needed")
        if not recording.pcm:
            raise ValueError(f"{path} has no audio in it")
        return recording

    def mono(self, sample_rate: int) -> bytes:
        """The same, mixed down to one channel and resampled."""
        samples = np.frombuffer(self.pcm, dtype=np.int16).reshape(-1, self.channels)
        mixed = samples.mean(axis=1).astype(np.int16)
        if sample_rate == self.sample_rate:
            return bytes(mixed.data)
        resampler = rtc.AudioResampler(self.sample_rate, sample_rate)
        frames = resampler.push(bytearray(mixed.data)) + resampler.flush()
        return b"".join(bytes(frame.data) for frame in frames)


class Clock:
    """Seconds since the first frame of the input was heard."""

    def __init__(self) -> None:
        self._start: float | None = None

    def start(self) -> None:
        self._start = time.perf_counter()

    @property
    def now(self) -> float:
        return 0.0 if self._start is None else time.perf_counter() - self._start


class FileInput(io.AudioInput):
    """Plays a recording at the pace of speech, then silence, as a microphone does."""

    def __init__(self, recording: Recording, clock: Clock) -> None:
        super().__init__(label="file")
        self._clock = clock
        self._frames = self._play(recording)

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.__anext__()

    async def _play(self, recording: Recording) -> AsyncIterator[rtc.AudioFrame]:
        self._clock.start()
        samples = round(recording.sample_rate * FRAME_SECONDS)
        size = samples * recording.channels * 2
        number = 0
        while True:
            pcm = recording.pcm[number * size : (number + 1) * size].ljust(size, b"\0")
            number += 1
            await asyncio.sleep(max(0.0, number * FRAME_SECONDS - self._clock.now))
            yield rtc.AudioFrame(pcm, recording.sample_rate, recording.channels, samples)


@dataclass
class Heard:
    """One speech as it was heard: when it began on the clock, and its samples."""

    start_seconds: float
    pcm: bytearray = field(default_factory=bytearray)


class RecordingOutput(io.AudioOutput):
    """Plays speeches one after another, at the pace of speech, and keeps what was heard.

    Attributes:
        heard: Every speech, in order.
    """

    def __init__(self, clock: Clock, sample_rate: int) -> None:
        super().__init__(
            label="recording",
            capabilities=io.AudioOutputCapabilities(pause=False),
            sample_rate=sample_rate,
        )
        self.heard: list[Heard] = []
        self._clock = clock
        self._rate_hz = sample_rate
        self._playing = False
        self._until = 0.0

    @property
    def busy(self) -> bool:
        """Something is being played, or about to be."""
        return self._playing or self._clock.now < self._until

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self._until = max(self._until, self._clock.now)
        if not self._playing:
            self._playing = True
            self.heard.append(Heard(self._until))
            self.on_playback_started(created_at=time.time())
        self.heard[-1].pcm += bytes(frame.data)
        self._until += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._playing:
            remaining = max(0.0, self._until - self._clock.now)
            asyncio.get_running_loop().call_later(remaining, self._finish, False)

    def clear_buffer(self) -> None:
        self._finish(True)

    def _finish(self, interrupted: bool) -> None:
        if self._playing:
            self._playing = False
            seconds = len(self.heard[-1].pcm) / 2 / self._rate_hz
            self.on_playback_finished(playback_position=seconds, interrupted=interrupted)


def check_output(path: Path) -> None:
    """Before the work begins that would have nowhere to go.

    Raises:
        ValueError: No file can be written there.
    """
    if not path.parent.is_dir():
        raise ValueError(f"--out: there is no folder {path.parent}")
    if path.is_dir():
        raise ValueError(f"--out: {path} is a folder, not a file")


def write_stereo(path: Path, left: bytes, heard: list[Heard], sample_rate: int) -> None:
    """Left what was said, right what was heard, on one clock (16 bit mono PCM each)."""
    ends = [round(speech.start_seconds * sample_rate) + len(speech.pcm) // 2 for speech in heard]
    mixed = np.zeros((max([len(left) // 2, *ends]), 2), dtype=np.int16)
    mixed[: len(left) // 2, 0] = np.frombuffer(left, dtype=np.int16)
    for speech, end in zip(heard, ends, strict=True):
        samples = np.frombuffer(bytes(speech.pcm), dtype=np.int16)
        mixed[end - len(samples) : end, 1] = samples
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(sample_rate)
        wav.writeframes(mixed.tobytes())
