"""Speech made in code, the pair over the real SDK against an emulator, and a session without a room."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from fakes.limits import within
from fakes.proxy import Proxy
from fakes.room import Audio, Microphone, OtherVoice, Speaker
from livekit.agents import Agent, AgentSession
from livekit.agents import stt as livekit_stt
from livekit.agents import tts as livekit_tts
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, session_options
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Tap
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message


@pytest.fixture
def audio() -> Audio:
    return Audio()


@pytest.fixture
def other_voice() -> OtherVoice:
    return OtherVoice()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with Proxy() as proxy:
        yield proxy


class Contexts(Tap):
    """What the emulator is asked for: Azure's `speech.context` of each turn.

    Attributes:
        seen: In the order of arrival; connections that are open at the same time arrive in any order.
    """

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self._of_turns: dict[str, dict[str, Any]] = {}
        self._results: list[Message] = []

    def received(self, message: Message) -> None:
        if message.path == "speech.context":
            self.seen.append(message.json())
            self._of_turns[message.request_id] = message.json()

    def sending(self, message: Message) -> Message:
        if message.path == "translation.response":
            self._results.append(message)
        return message

    def of(self, words: str) -> dict[str, Any]:
        """Under which an utterance was recognized, by its words."""
        turn = next(one.request_id for one in self._results if f'"{words}"'.encode() in one.body)
        return self._of_turns[turn]


class Pair:
    """An STT and its TTS, with the emulator that they talk to, and all that they reported.

    Attributes:
        asked: Azure's `speech.context` of each turn, in the order of arrival.
        contexts: The same, and that of each utterance.
    """

    def __init__(self, emulator: Emulator, stt: STT, tts: TTS, contexts: Contexts) -> None:
        self.emulator, self.stt, self.tts = emulator, stt, tts
        self.contexts, self.asked = contexts, contexts.seen
        self.stream = stt.stream()
        self.events: list[livekit_stt.SpeechEvent] = []
        self.lost: list[Any] = []
        self.errors: list[Any] = []
        self.voices: list[bytes] = []
        self._changed = asyncio.Condition()
        stt.on("voice_lost", self.lost.append)
        stt.on("error", self.errors.append)
        tts.on("error", self.errors.append)

    def of(self, kind: str) -> list[livekit_stt.SpeechEvent]:
        return [event for event in self.events if event.type.value == kind]

    @property
    def finals(self) -> list[livekit_stt.SpeechData]:
        return [event.alternatives[0] for event in self.of("final_transcript")]

    def push(self, pcm: bytes, **how: Any) -> None:
        """Push audio at once; the SDK sends its first 5 s at once, too."""
        for frame in Audio().frames(pcm, **how):
            self.stream.push_frame(frame)

    async def interpret(self, pcm: bytes, **how: Any) -> list[bytes]:
        """Push audio to its end; the voice of each translation, in order."""
        self.push(pcm, **how)
        self.stream.end_input()
        await within(self.listen())
        return self.voices

    async def listen(self) -> None:
        """Take the stream's events to its end, and speak each translation."""
        async for event in self.stream:
            await self._take(event)

    async def listen_until(self, kind: str, count: int = 1) -> None:
        """Take the stream's events up to one of a kind; translations are not spoken."""

        async def take() -> None:
            while len(self.of(kind)) < count:
                self.events.append(await self.stream.__anext__())

        await within(take())

    async def _take(self, event: livekit_stt.SpeechEvent) -> None:
        self.events.append(event)
        if event.type.value == "final_transcript" and (event.alternatives[0].metadata or {})["translated"]:
            self.voices.append(await self.say(event.alternatives[0].text))

    async def say(self, text: str) -> bytes:
        """What the TTS makes of a text."""

        async def speak() -> bytes:
            async with self.tts.stream() as stream:
                stream.push_text(text)
                stream.end_input()
                return b"".join([bytes(audio.frame.data) async for audio in stream])

        return await within(speak())

    async def aclose(self) -> None:
        await within(self.stream.aclose())
        await within(self.stt.aclose())
        await within(self.tts.aclose())


OpenPair = Callable[..., Awaitable[Pair]]


@pytest.fixture
async def open_pair() -> AsyncIterator[OpenPair]:
    """Open a pair: with an emulator of this behaviour, unless an endpoint is given; options are the STT's."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(
            behaviour: Behaviour | None = None,
            *,
            fallback: livekit_tts.TTS | None = None,
            fallback_speaks_corrections: bool = False,
            speak_at: int = 16000,
            **options: Any,
        ) -> Pair:
            contexts = Contexts()
            emulator = await stack.enter_async_context(Emulator(behaviour, tap=contexts))
            wanted = {"target_languages": "fr", "speech_key": "any", "speech_endpoint": emulator.endpoint}
            stt = STT(**{**wanted, **options})
            tts = TTS(
                stt,
                fallback=fallback,
                fallback_speaks_corrections=fallback_speaks_corrections,
                sample_rate=speak_at,
            )
            pair = Pair(emulator, stt, tts, contexts)
            stack.push_async_callback(pair.aclose)
            return pair

        yield make


class Room:
    """A session in which an InterpreterAgent works, with its microphone and its speaker."""

    def __init__(self, pair: Pair, session: AgentSession[None], *, speed: float) -> None:
        self.pair, self.emulator, self.stt, self.session = pair, pair.emulator, pair.stt, session
        self.asked = pair.asked
        self.microphone, self.speaker = Microphone(speed=speed), Speaker(speed=speed)
        self.lost, self.errors = pair.lost, list[Any]()
        self.recognized_while_playing: list[bool] = []
        session.input.audio, session.output.audio = self.microphone, self.speaker
        session.on("error", self.errors.append)
        pair.stt.on("utterance_recognized", self._recognized)

    def _recognized(self, _: object) -> None:
        self.recognized_while_playing.append(self.speaker.playing)

    def heard(self, expected: Sequence[bytes]) -> bool:
        """All of these voices, in order, whole, sample for sample, and nothing else."""
        segments = self.speaker.segments
        return len(segments) == len(expected) and all(map(Audio().same, segments, expected))


@pytest.fixture
async def enter_room(open_pair: OpenPair) -> AsyncIterator[Callable[..., Awaitable[Room]]]:
    """Start a session; it hears and plays at `speed` times the pace of speech.

    `stt` and `tts` can wrap the pair; `pair_options` are the STT's, and all others the session's. `pair` is
    that of another room, which is shared.
    """
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(fake_job_context())

        async def make(
            behaviour: Behaviour | None = None,
            *,
            pair: Pair | None = None,
            fallback: livekit_tts.TTS | None = None,
            speed: float = 2.0,
            agent: Agent | None = None,
            stt: Callable[[STT], livekit_stt.STT] = lambda stt: stt,
            tts: Callable[[TTS], livekit_tts.TTS] = lambda tts: tts,
            pair_options: Mapping[str, Any] | None = None,
            audible: bool = True,
            **options: Any,
        ) -> Room:
            if pair is None:
                pair = await open_pair(behaviour, fallback=fallback, **(pair_options or {}))
            await pair.stream.aclose()  # the session opens its own
            # On closing, LiveKit would wait 2 s for a final of what was not spoken.
            options.setdefault("session_close_transcript_timeout", 0.1)
            session = AgentSession[None](stt=stt(pair.stt), tts=tts(pair.tts), **session_options(**options))
            room = Room(pair, session, speed=speed)
            session.output.set_audio_enabled(audible)
            stack.push_async_callback(session.aclose)
            await within(session.start(agent or InterpreterAgent(), record=False))
            return room

        yield make
