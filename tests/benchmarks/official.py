"""The peer: the STT of the official `livekit-plugins-azure`, which carries no translation and no voice."""

from __future__ import annotations

import asyncio

from livekit import rtc
from livekit.agents import stt
from livekit.plugins import azure

from .streams import Heard


class OfficialStream:
    """A stream of the official STT, its events read."""

    def __init__(self, endpoint: str) -> None:
        self.heard = Heard()
        recognizer = azure.STT(speech_key="any", speech_endpoint=endpoint, language="en-US")
        self._stream = recognizer.stream()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, endpoint: str) -> OfficialStream:
        return cls(endpoint)

    def push(self, frame: rtc.AudioFrame) -> None:
        self._stream.push_frame(frame)

    async def aclose(self) -> None:
        await self._stream.aclose()
        await self._reading

    async def _read(self) -> None:
        async for event in self._stream:
            self.heard.finals += event.type is stt.SpeechEventType.FINAL_TRANSCRIPT
