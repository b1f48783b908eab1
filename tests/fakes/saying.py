"""An STT that has heard something, and a text that a TTS is asked to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from livekit.agents import APIConnectOptions
from livekit.agents.stt import SpeechEventType
from livekit.agents.tts import SynthesizedAudio, TTSError

from livekit_plugins_azure_interpreter import STT, TTS, VoiceLost
from livekit_plugins_azure_interpreter._voices.utterance import Translation

from .azure import heard
from .limits import within
from .recognizer import FakeRecognizer, FakeService

OPTIONS = APIConnectOptions(max_retry=1, retry_interval=0.01, timeout=4)


class Live:
    """An STT that hears, and what there is to say."""

    def __init__(self, interpreter: STT, listener: Any, service: FakeService) -> None:
        self.stt = interpreter
        self.lost: list[VoiceLost] = []
        interpreter.on("voice_lost", self.lost.append)
        self._listener = listener
        self._service = service
        self._finals = 0

    @property
    def azure(self) -> FakeRecognizer:
        return self._service.last

    async def hears(self, text: str, *events: Any) -> Translation:
        """A translation and what follows it, e.g. its voice; returns the object that is to be said."""
        self.azure.post(heard(text, offset=1.0 + self._finals), *events)
        self._finals += 1
        await self._listener.has(SpeechEventType.FINAL_TRANSCRIPT, self._finals)
        translation: Translation = self._listener.finals[-1].text
        return translation

    async def ends(self) -> None:
        self._listener.stream.end_input()
        await self._listener.ended()


class Saying:
    """One text, said.

    Attributes:
        frames: What came out.
        errors: What the TTS reported meanwhile.
    """

    def __init__(self, tts: TTS, *texts: str, whole: bool = True) -> None:
        self.frames: list[SynthesizedAudio] = []
        self.errors: list[TTSError] = []
        tts.on("error", self.errors.append)
        self.stream = tts.stream(conn_options=OPTIONS)
        for text in texts:
            self.stream.push_text(text)
        if whole:
            self.stream.end_input()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for audio in self.stream:
            self.frames.append(audio)

    async def ended(self) -> None:
        """Wait for its end; raises what the stream raises."""
        await within(self._task)

    @property
    def pcm(self) -> bytes:
        return b"".join(bytes(audio.frame.data) for audio in self._voice)

    @property
    def seconds(self) -> float:
        return sum(audio.frame.duration for audio in self._voice)

    @property
    def _voice(self) -> list[SynthesizedAudio]:
        """Without the 10 ms of silence with which LiveKit marks an end."""
        if not self.frames:
            return []
        *rest, last = self.frames
        marker = last.is_final and not any(bytes(last.frame.data))
        return rest if marker else self.frames

    async def aclose(self) -> None:
        await within(self.stream.aclose())
        self._task.cancel()
        await asyncio.wait({self._task})


async def said(say: Callable[..., Saying], tts: TTS, *texts: str) -> Saying:
    speech = say(tts, *texts)
    await speech.ended()
    return speech
