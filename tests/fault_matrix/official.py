"""A case, run by the STT of the official `livekit-plugins-azure`, beside the pair."""

from __future__ import annotations

import asyncio
import time

from fakes.limits import within
from fakes.room import Audio
from livekit.agents import APIConnectOptions, APIError, stt
from livekit.plugins import azure

from livekit_plugins_azure_interpreter.emulator import Emulator

from . import speech
from .cases import Case
from .interpreted import behaviour
from .outcome import Final, Outcome, judge_texts

_SESSION_OPTIONS = APIConnectOptions(max_retry=3, retry_interval=2.0, timeout=10.0)
"""What an AgentSession gives its STT by default."""
_MOST_SPEED = 2.0
"""Its SDK sends audio no faster than that; the pair's is told to."""
_STUCK_SECONDS = 45.0


async def recognize(case: Case) -> Outcome:
    """Run a case, and judge what was recognized."""
    async with Emulator(behaviour(case)) as emulator:
        recognizer = azure.STT(speech_key="any", speech_endpoint=emulator.endpoint, language="en-US")
        return await _Run(case, recognizer.stream(conn_options=_SESSION_OPTIONS)).outcome()


class _Run:
    def __init__(self, case: Case, stream: stt.RecognizeStream) -> None:
        self._case = case
        self._speed = min(case.speed, _MOST_SPEED)
        self._stream = stream
        self._finals: list[Final] = []
        self._began_at = time.monotonic()
        self._error = ""

    async def outcome(self) -> Outcome:
        pushing, reading = asyncio.create_task(self._push()), asyncio.create_task(self._read())
        await self._until_heard(reading)
        pushing.cancel()
        try:
            await within(self._stream.aclose())
        except asyncio.TimeoutError:
            self._error = self._error or "did not close within 10 s"
        reading.cancel()
        await asyncio.gather(pushing, reading, return_exceptions=True)
        outcome = judge_texts(self._case.count, self._finals, self._case.spacing_seconds)
        outcome.error = self._error
        return outcome

    async def _push(self) -> None:
        at = 0.0
        for frame in Audio().frames(speech.conversation(self._case.count, self._case.spacing_seconds)):
            await asyncio.sleep(max(0.0, self._began_at + at / self._speed - time.monotonic()))
            if self._error:
                return
            self._stream.push_frame(frame)
            at += frame.duration

    async def _read(self) -> None:
        try:
            async for event in self._stream:
                if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
                    self._take(event.alternatives[0])
        except APIError as error:
            self._error = str(error)

    def _take(self, final: stt.SpeechData) -> None:
        number = speech.number_of(final.text)
        end = speech.start_seconds(number, self._case.spacing_seconds) + speech.SPEECH_SECONDS
        delay = time.monotonic() - self._began_at - end / self._speed
        self._finals.append(Final(number, final.start_time, delay))

    async def _until_heard(self, reading: asyncio.Task[None]) -> None:
        seen, since = -1, time.monotonic()
        while not reading.done():
            patience = 1.0 if seen >= self._case.count else _STUCK_SECONDS
            if time.monotonic() - since >= patience:
                return
            await asyncio.sleep(0.1)
            if len(self._finals) != seen:
                seen, since = len(self._finals), time.monotonic()
