"""The voice in; the same voice out, sample for sample, in step with frames of a face that speaks it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from face import Face
from livekit import rtc
from livekit.agents.utils.audio import AudioByteStream
from livekit.agents.voice.avatar import AudioSegmentEnd, VideoGenerator
from mouth import Mouth

Output = rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd


class FaceRenderer(VideoGenerator):
    """Between the two ends of LiveKit's `AvatarRunner`: it pushes the voice, and takes what is to be played.

    Args:
        face: What is drawn.
        fps: Pictures per second; the voice is cut into as many pieces, one for each.
        sample_rate: Of the voice, in Hz; 16 bit mono.
    """

    def __init__(self, face: Face, *, fps: int, sample_rate: int) -> None:
        self._face = face
        self._mouth = Mouth()
        self._frame_seconds = 1 / fps
        self._pieces = AudioByteStream(sample_rate, 1, sample_rate // fps)
        self._waiting: deque[rtc.AudioFrame | AudioSegmentEnd] = deque()
        self._arrived = asyncio.Event()

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        if isinstance(frame, AudioSegmentEnd):
            # The last piece of a speech is shorter; what follows is another speech.
            self._waiting += [*self._pieces.flush(), frame]
        else:
            self._waiting += self._pieces.push(frame.data)
        self._arrived.set()

    def clear_buffer(self) -> None:
        """The agent was interrupted: what was not played yet is not played at all."""
        self._waiting.clear()
        self._pieces.clear()

    def __aiter__(self) -> AsyncIterator[Output]:
        return self._play()

    async def _play(self) -> AsyncIterator[Output]:
        # The runner takes the next one when the room has taken the last: it sets the pace.
        while True:
            piece = await self._next()
            if isinstance(piece, AudioSegmentEnd):
                yield piece  # the runner tells the agent that this speech was played
                continue
            pcm = b"" if piece is None else bytes(piece.data)
            yield self._face.frame(self._mouth.speak(pcm, self._frame_seconds))
            if piece is not None:
                yield piece

    async def _next(self) -> rtc.AudioFrame | AudioSegmentEnd | None:
        """What is to be played; None: nothing has come for as long as a picture is shown."""
        if not self._waiting:
            self._arrived.clear()
            timer = asyncio.get_running_loop().call_later(self._frame_seconds, self._arrived.set)
            try:
                await self._arrived.wait()
            finally:
                timer.cancel()
        return self._waiting.popleft() if self._waiting else None
