"""A file as the microphone of an AgentSession, and a recording as its loudspeaker, on one clock."""

from __future__ import annotations

import asyncio
import time
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import av.error
import numpy as np
from livekit import rtc
from livekit.agents.voice import io

SAMPLE_RATE_HZ = 16000
FRAME_SECONDS = 0.02


@dataclass(frozen=True)
class Recording:
    """16 bit mono PCM at SAMPLE_RATE_HZ."""

    pcm: bytes

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / SAMPLE_RATE_HZ

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Read an audio file of any kind, by the decoder that LiveKit uses.

        Raises:
            ValueError: It is not there, or no audio can be read from it; the message is for the user.
        """
        if path.is_dir():
            raise ValueError(f"{path} is a folder, not a recording")
        if not path.exists():
            raise ValueError(f"there is no file {path}")
        try:
            pcm = _decoded(path)
        except av.error.FFmpegError as error:
            raise ValueError(f"{path} cannot be read as audio: {error.strerror}") from error
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        if not pcm:
            raise ValueError(f"{path} has no audio in it")
        return cls(pcm)


def _decoded(path: Path) -> bytes:
    # LiveKit's `audio_frames_from_file` cannot seek (MP4), and only logs what it cannot read.
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    with path.open("rb") as file, av.open(file) as container:
        if not container.streams.audio:
            return b""
        decoded = [*container.decode(audio=0), None]  # None: give what the resampler holds back
        frames = [frame for part in decoded for frame in resampler.resample(part)]
    return b"".join(frame.to_ndarray().tobytes() for frame in frames)


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
        samples = round(SAMPLE_RATE_HZ * FRAME_SECONDS)
        size = samples * 2
        number = 0
        while True:
            pcm = recording.pcm[number * size : (number + 1) * size].ljust(size, b"\0")
            number += 1
            await asyncio.sleep(max(0.0, number * FRAME_SECONDS - self._clock.now))
            yield rtc.AudioFrame(pcm, SAMPLE_RATE_HZ, 1, samples)


@dataclass
class Heard:
    """One speech as it was heard: when it began on the clock, and its samples."""

    start_seconds: float
    pcm: bytearray = field(default_factory=bytearray)


class RecordingOutput(io.AudioOutput):
    """Plays speeches one after another, at the pace of speech, and keeps what was heard.

    Attributes:
        clock: The input's, too.
        heard: Every speech, in order.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(
            label="recording",
            capabilities=io.AudioOutputCapabilities(pause=False),
            sample_rate=SAMPLE_RATE_HZ,
        )
        self.heard: list[Heard] = []
        self.clock = clock
        self._playing = False
        self._until = 0.0

    @property
    def busy(self) -> bool:
        """Something is being played, or about to be."""
        return self._playing or self.clock.now < self._until

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        gap_seconds = max(0.0, self.clock.now - self._until)
        self._until += gap_seconds
        if not self._playing:
            self._playing = True
            self.heard.append(Heard(self._until))
            self.on_playback_started(created_at=time.time())
        else:  # the voice has waited for words
            self.heard[-1].pcm += bytes(2 * round(gap_seconds * SAMPLE_RATE_HZ))
        self.heard[-1].pcm += bytes(frame.data)
        self._until += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._playing:
            remaining = max(0.0, self._until - self.clock.now)
            asyncio.get_running_loop().call_later(remaining, self._finish, False)

    def clear_buffer(self) -> None:
        self._finish(True)

    def _finish(self, interrupted: bool) -> None:
        if self._playing:
            self._playing = False
            seconds = len(self.heard[-1].pcm) / 2 / SAMPLE_RATE_HZ
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
    is_new = not path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise ValueError(f"--out: {path} cannot be written: {error.strerror}") from error
    if is_new:
        path.unlink()


def write_stereo(path: Path, left: bytes, heard: list[Heard]) -> None:
    """Left what was said, right what was heard, on one clock (16 bit mono PCM at SAMPLE_RATE_HZ each)."""
    right = on_the_clock(heard)
    mixed = np.zeros((max(len(left), len(right)) // 2, 2), dtype=np.int16)
    for side, pcm in enumerate((left, right)):
        mixed[: len(pcm) // 2, side] = np.frombuffer(pcm, dtype=np.int16)
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE_HZ)
        wav.writeframes(mixed.tobytes())


def on_the_clock(heard: list[Heard]) -> bytes:
    """All speeches, each where it was heard, with silence between them (16 bit mono PCM)."""
    placed = bytearray()
    for speech in heard:
        placed += bytes(max(0, 2 * round(speech.start_seconds * SAMPLE_RATE_HZ) - len(placed)))
        placed += speech.pcm
    return bytes(placed)
