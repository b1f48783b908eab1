"""A case, run by the pair in a real AgentSession over the real Azure SDK."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from fakes.room import Microphone, OtherVoice, Speaker
from livekit import rtc
from livekit.agents import Agent, AgentSession, ModelSettings
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, UtteranceRecognized, session_options
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from . import speech
from .cases import Case
from .outcome import Final, Outcome, judge_texts, judge_voices

STUCK_SECONDS = 75.0
"""With nothing new for so long, nothing more will be heard."""


def behaviour(case: Case) -> Behaviour:
    def recognize(samples: Voice) -> Line:
        return speech.line(speech.hear(samples), case.voice_seconds, case.languages)

    return Behaviour(**{"script": recognize, "faults": case.faults, "silence_ms": 200, **case.behaviour})


class _Listener(InterpreterAgent):
    """Remembers the text of each speech."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    async def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncIterator[rtc.AudioFrame]:
        said: list[str] = []

        async def listened() -> AsyncIterator[str]:
            async for part in text:
                said.append(part)
                yield part

        silent = True
        async for frame in Agent.default.tts_node(self, listened(), model_settings):
            if silent:
                silent = False
                self.texts.append("".join(said))
            yield frame


async def interpret(case: Case, *, patience_seconds: float = STUCK_SECONDS) -> Outcome:
    """Run a case, and judge what was heard."""
    with fake_job_context():
        async with Emulator(behaviour(case)) as emulator:
            credentials: dict[str, Any] = {"speech_key": "any"}
            if case.tokens:
                credentials = {"speech_auth_token": emulator.issue_token}
            stt = STT(target_languages="fr", speech_endpoint=emulator.endpoint, **credentials, **case.stt)
            outcome = await _Run(case, stt, patience_seconds).outcome()
            outcome.connections = emulator.connections
            return outcome


class _Run:
    def __init__(self, case: Case, stt: STT, patience_seconds: float) -> None:
        self._case = case
        self._patience_seconds = patience_seconds
        self._agent = _Listener()
        self._microphone = Microphone(speed=case.speed)
        self._speaker = Speaker(speed=case.listening_speed or case.speed)
        self._finals: list[Final] = []
        self._errors: list[str] = []
        options = session_options(session_close_transcript_timeout=0.1)
        self._session = AgentSession[None](stt=stt, tts=TTS(stt, fallback=OtherVoice()), **options)
        self._session.input.audio, self._session.output.audio = self._microphone, self._speaker
        self._session.on("close", lambda event: self._errors.append(str(event.error or "")))
        stt.on("utterance_recognized", self._recognized)

    async def outcome(self) -> Outcome:
        case = self._case
        await self._session.start(self._agent, record=False)
        self._microphone.speak(speech.conversation(case.count, case.spacing_seconds, case.speech_seconds))
        blocking = asyncio.create_task(self._block())
        await self._until_heard()
        blocking.cancel()
        outcome = judge_texts(case.count, self._finals, case.spacing_seconds)
        heard = [*zip(self._agent.texts, self._speaker.segments, strict=False)]
        judge_voices(outcome, heard, self._voices_of)
        outcome.error = "; ".join(filter(None, self._errors))
        await self._session.aclose()
        return outcome

    def _recognized(self, event: UtteranceRecognized) -> None:
        said = event.transcript
        assert self._microphone.began_at is not None
        pushed_at = self._microphone.began_at + said.end_time / self._case.speed
        number = speech.number_of(said.source_text)
        self._finals.append(Final(number, said.start_time, time.monotonic() - pushed_at))

    def _voices_of(self, number: int) -> list[bytes]:
        voice = speech.line(number, self._case.voice_seconds).voices["fr"].pcm
        return [voice, self._case.heard_as(voice)]

    async def _until_heard(self) -> None:
        """Until every utterance was played, and a little longer for what should not come; or stuck."""
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < (self._patience_seconds if seen < self._case.count else 1.0):
            await asyncio.sleep(0.1)
            now = self._speaker.played
            if now != seen:
                seen, since = now, time.monotonic()

    async def _block(self) -> None:
        while self._case.blocks_seconds:
            await asyncio.sleep(4.0 - self._case.blocks_seconds)
            time.sleep(self._case.blocks_seconds)  # noqa: ASYNC251 - this is what the case is about
