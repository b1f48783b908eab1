"""Real sessions without a room: the pair as an interpreter, and the pipeline a user would build instead."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, Agent, AgentSession, APIConnectOptions, llm
from livekit.agents.testing import fake_job_context
from livekit.agents.utils import http_context
from livekit.agents.voice import io
from livekit.plugins import azure

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, session_options

from .stamps import age_ms
from .streams import Heard


class SessionStream:
    """A session with a microphone that is pushed into, and a loudspeaker that notes when voices begin."""

    def __init__(self, session: AgentSession[None]) -> None:
        self.heard = Heard()
        self._microphone = _Microphone()
        self._session = session
        session.input.audio, session.output.audio = self._microphone, _Loudspeaker(self.heard)

    async def start(self, agent: Agent) -> SessionStream:
        await self._session.start(agent, record=False)
        return self

    def push(self, frame: rtc.AudioFrame) -> None:
        self._microphone.frames.put_nowait(frame)

    async def aclose(self) -> None:
        await self._session.aclose()


async def interpreter(endpoint: str, options: dict[str, Any]) -> SessionStream:
    """The pair; `options` are the STT's."""
    return await SessionStream(interpreter_session(endpoint, options)).start(InterpreterAgent())


async def cascade(endpoint: str, synthesis_url: str, *, translator_seconds: float) -> SessionStream:
    """The official plugins."""
    session = cascade_session(endpoint, synthesis_url, translator_seconds=translator_seconds)
    return await SessionStream(session).start(translating_agent())


def interpreter_session(endpoint: str, options: dict[str, Any]) -> AgentSession[None]:
    """A session with the pair; `options` are the STT's."""
    stt = STT(target_languages="fr", speech_key="any", speech_endpoint=endpoint, **options)
    settings = session_options(session_close_transcript_timeout=0.1)
    return AgentSession[None](stt=stt, tts=TTS(stt), **settings)


def translating_agent() -> Agent:
    """The agent of a cascade."""
    return Agent(instructions="Translate into French.")


def cascade_session(endpoint: str, synthesis_url: str, *, translator_seconds: float) -> AgentSession[None]:
    """The official STT, an LLM that translates, the official TTS; LiveKit's defaults but for the VAD.

    The speech here is made in code, so no VAD would hear it. The STT tells when a turn ends, at once
    (`utterances_per_turn=1`), which a VAD could not: it waits for silence first.
    """
    return AgentSession[None](
        stt=azure.STT(speech_key="any", speech_endpoint=endpoint, language="en-US"),
        llm=_Translator(translator_seconds),
        tts=azure.TTS(speech_key="any", speech_endpoint=synthesis_url, sample_rate=16000),
        vad=None,
        turn_handling={"turn_detection": "stt"},
        session_close_transcript_timeout=0.1,
    )


@contextlib.asynccontextmanager
async def worker_context(room: rtc.Room | None = None) -> AsyncIterator[None]:
    """What a worker of LiveKit has around its sessions; `room` is that of its job."""
    with fake_job_context(room=room):
        async with http_context.open():
            yield


class _Translator(llm.LLM):
    """Translates anything in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> llm.LLMStream:
        return _Translating(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Translating(llm.LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, _Translator)
        await asyncio.sleep(self._llm.seconds)
        delta = llm.ChoiceDelta(role="assistant", content="phrase de celles qui sont dites ici.")
        self._event_ch.send_nowait(llm.ChatChunk(id="translation", delta=delta))


class _Microphone(io.AudioInput):
    def __init__(self) -> None:
        super().__init__(label="microphone")
        self.frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    async def __anext__(self) -> rtc.AudioFrame:
        return await self.frames.get()


class _Loudspeaker(io.AudioOutput):
    def __init__(self, heard: Heard) -> None:
        capabilities = io.AudioOutputCapabilities(pause=False)
        super().__init__(label="loudspeaker", capabilities=capabilities, sample_rate=16000)
        self._heard = heard
        self._began_at: float | None = None
        self._seconds = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self._began_at is None:
            self._heard.voice_ms.append(age_ms(frame.data.cast("B")))
            self._began_at, self._seconds = time.monotonic(), 0.0
            self._heard.sound_at.append(self._began_at)
            self.on_playback_started(created_at=time.time())
        await super().capture_frame(frame)
        self._seconds += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._began_at is not None:
            left = max(0.0, self._began_at + self._seconds - time.monotonic())
            asyncio.get_running_loop().call_later(left, self._finish, self._seconds)
            self._began_at = None

    def clear_buffer(self) -> None:
        if self._began_at is not None:
            self._began_at = None
            self.on_playback_finished(playback_position=0.0, interrupted=True)

    def _finish(self, seconds: float) -> None:
        self.on_playback_finished(playback_position=seconds, interrupted=False)
