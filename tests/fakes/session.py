"""A session without a server: its microphone, its speaker, and a fake service behind it."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities

from livekit_plugins_azure_interpreter import STT

from .recognizer import FakeRecognizer, FakeService

CLOSES_AT_ONCE = {"session_close_transcript_timeout": 0.01}


class Microphone(AudioInput):
    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    def push(self, pcm: bytes) -> None:
        self._frames.put_nowait(rtc.AudioFrame(pcm, 16000, 1, len(pcm) // 2))

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.get()


class Speaker(AudioOutput):
    """Plays in no time, unless it is held: then each speech lasts until `release`.

    Attributes:
        heard: The speeches that were played to their end.
        playing: A speech is complete and held.
    """

    def __init__(self) -> None:
        super().__init__(
            label="speaker", capabilities=AudioOutputCapabilities(pause=False), sample_rate=16000
        )
        self.heard: list[bytes] = []
        self.interrupted = 0
        self.held = False
        self.playing = False
        self._speech = b""

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self._speech += bytes(frame.data)

    def flush(self) -> None:
        super().flush()
        if self._speech and self.held:
            self.playing = True
        elif self._speech:
            self._finish()

    def clear_buffer(self) -> None:
        self.interrupted += 1

    def release(self) -> None:
        self.held = self.playing = False
        self._finish()

    def _finish(self) -> None:
        speech, self._speech = self._speech, b""
        silence = bytes(320)  # with which LiveKit marks an end
        self.heard.append(speech.removesuffix(silence))
        self.on_playback_finished(playback_position=len(speech) / 32000, interrupted=False)


class Room:
    """A running session with a fake service behind it."""

    def __init__(
        self, interpreter: STT, session: AgentSession[Any], service: FakeService, *, number: int
    ) -> None:
        self.stt = interpreter
        self.session = session
        self.microphone = Microphone()
        self.speaker = Speaker()
        self.errors: list[Any] = []
        self.closed: list[Any] = []
        self.outcomes: list[str] = []
        session.on("error", self.errors.append)
        session.on("close", self.closed.append)
        interpreter.on("utterance_metrics_collected", lambda metrics: self.outcomes.append(metrics.outcome))
        self._service = service
        self._number = number

    @property
    def recognizer(self) -> FakeRecognizer:
        """Its first."""
        return self._service.recognizers[self._number]

    def hears(self, *events: Any) -> None:
        self.recognizer.post(*events)
