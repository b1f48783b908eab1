"""An STT whose recognizers are fakes, a listener, and ways to wait for what must become true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession, APIConnectOptions, stt
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, SpeechStream, session_options
from livekit_plugins_azure_interpreter._sdk.synthesizer_pool import SynthesizerPool
from livekit_plugins_azure_interpreter._voices.utterance import Utterance

from .limits import within
from .pieces import PieceLedger as Ledger
from .recognizer import FakeService
from .saying import Live, Saying
from .session import CLOSES_AT_ONCE, Room
from .synthesizer import OPTIONS, FakeSpeech
from .tts import ToneTTS

Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
def until() -> Until:
    """Wait for a condition; fail when it does not become true."""

    async def wait(condition: Callable[[], object]) -> None:
        async def poll() -> None:
            pause_seconds = 0.001
            while not condition():  # conditions of foreign threads, too
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(1.2 * pause_seconds, 0.01)  # a long wait looks less often

        await within(poll())

    return wait


@pytest.fixture
def lost() -> list[Utterance]:
    """The utterances that `ledger` reported as LOST."""
    return []


@pytest.fixture
def ledger(lost: list[Utterance]) -> Ledger:
    return Ledger(voice_timeout_seconds=5.0, lost=lost.append)


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    yield service
    service.shut_down()


@pytest.fixture
async def make_stt(service: FakeService) -> AsyncIterator[Callable[..., STT]]:
    """An STT on `service`; any argument of STT can be given."""
    made: list[STT] = []

    def make(**arguments: Any) -> STT:
        credentials = {"speech_key": "a-key", "speech_region": "westeurope"}
        interpreter = STT(
            **{"target_languages": "fr", **credentials, "_open_recognizer": service, **arguments}
        )
        made.append(interpreter)
        return interpreter

    yield make
    for interpreter in made:
        await within(interpreter.aclose())


class Listener:
    """Reads a stream to its end.

    Attributes:
        events: What came, in order.
        errors: What the STT reported as an "error" event.
    """

    def __init__(self, interpreter: STT, until: Until, **arguments: Any) -> None:
        self.events: list[SpeechEvent] = []
        self.errors: list[stt.STTError] = []
        interpreter.on("error", self.errors.append)
        self.stream: SpeechStream = interpreter.stream(**arguments)
        self._until = until
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self.stream:
            self.events.append(event)

    async def ended(self) -> None:
        """Wait for the end of the stream; raises what the stream raises."""
        await within(self._task)

    async def has(self, kind: SpeechEventType, count: int = 1) -> None:
        await self._until(lambda: len(self.of(kind)) >= count)

    def of(self, kind: SpeechEventType) -> list[SpeechEvent]:
        return [event for event in self.events if event.type is kind]

    @property
    def speech(self) -> list[str]:
        """The kinds of events, without usage."""
        kinds = (event.type for event in self.events)
        return [kind.value for kind in kinds if kind is not SpeechEventType.RECOGNITION_USAGE]

    @property
    def finals(self) -> list[SpeechData]:
        return [event.alternatives[0] for event in self.of(SpeechEventType.FINAL_TRANSCRIPT)]

    async def aclose(self) -> None:
        await within(self.stream.aclose())
        self._task.cancel()
        await asyncio.wait({self._task})


@pytest.fixture
async def listen(until: Until) -> AsyncIterator[Callable[..., Listener]]:
    listeners: list[Listener] = []

    def make(interpreter: STT, **arguments: Any) -> Listener:
        arguments.setdefault("conn_options", APIConnectOptions(max_retry=3, retry_interval=0.01, timeout=4))
        listeners.append(Listener(interpreter, until, **arguments))
        return listeners[-1]

    yield make
    for listener in listeners:
        await listener.aclose()


@pytest.fixture
async def live(
    make_stt: Callable[..., STT], listen: Callable[..., Listener], service: FakeService, until: Until
) -> Live:
    interpreter = make_stt()
    listener = listen(interpreter)
    await until(lambda: service.recognizers and service.last.started)
    return Live(interpreter, listener, service)


@pytest.fixture
async def say() -> AsyncIterator[Callable[..., Saying]]:
    speeches: list[Saying] = []

    def start(tts: TTS, *texts: str, whole: bool = True) -> Saying:
        speeches.append(Saying(tts, *texts, whole=whole))
        return speeches[-1]

    yield start
    for speech in speeches:
        await speech.aclose()


@pytest.fixture
async def open_at() -> AsyncIterator[Callable[[FakeSpeech], SynthesizerPool]]:
    """The synthesizers of a fake service."""
    made: list[tuple[FakeSpeech, SynthesizerPool]] = []

    def make(azure: FakeSpeech) -> SynthesizerPool:
        made.append((azure, SynthesizerPool(azure, OPTIONS)))
        return made[-1][1]

    yield make
    for azure, synthesizers in made:
        azure.let_go()  # closing waits for what is held
        await within(synthesizers.aclose())
        azure.shut_down()


@pytest.fixture
async def enter(
    make_stt: Callable[..., STT], service: FakeService, until: Until
) -> AsyncIterator[Callable[..., Any]]:
    """Start a session with a pair of its own, or one that another session has, too."""
    sessions: list[AgentSession[Any]] = []
    with fake_job_context():

        async def start(
            agent: Agent | None = None,
            *,
            interpreter: STT | None = None,
            wrap: Callable[[STT], Any] = lambda interpreter: interpreter,
            fallback: ToneTTS | None = None,
            **options: Any,
        ) -> Room:
            interpreter = interpreter or make_stt()
            session: AgentSession[Any] = AgentSession(
                stt=wrap(interpreter),
                tts=TTS(interpreter, fallback=fallback),
                **session_options(**{**CLOSES_AT_ONCE, **options}),
            )
            sessions.append(session)
            room = Room(interpreter, session, service, number=len(sessions) - 1)
            session.input.audio = room.microphone
            session.output.audio = room.speaker
            await within(session.start(agent or InterpreterAgent()))
            await until(lambda: len(service.recognizers) == len(sessions) and service.last.started)
            return room

        yield start
        for session in sessions:
            await within(session.aclose())
