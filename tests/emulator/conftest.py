"""Audio, a recorder for one turn, and a WebSocket client that speaks Azure Speech's wire by hand."""

from __future__ import annotations

import asyncio
import functools
import json
import random
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from fakes.limits import LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Spoken
from livekit_plugins_azure_interpreter.emulator.faults.schedule import TurnFaults
from livekit_plugins_azure_interpreter.emulator.recognition.conversation import Conversation
from livekit_plugins_azure_interpreter.emulator.recognition.speech_context import Detection, SpeechContext
from livekit_plugins_azure_interpreter.emulator.recognition.turn import Turn
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

FRAME_SECONDS = 0.1

_AS_THE_SERVICE = Detection()
_NO_FAULTS = TurnFaults()


@functools.cache
def _noise(count: int, seed: int) -> bytes:
    numbers = random.Random(seed)
    return struct.pack(
        f"<{count}h", *(numbers.choice((-1, 1)) * numbers.randrange(4000, 9000) for _ in range(count))
    )


class Audio:
    """16 bit mono PCM, 16 kHz unless told."""

    def silence(self, seconds: float, rate: int = 16000) -> bytes:
        return bytes(round(seconds * rate) * 2)

    def noise(self, seconds: float, rate: int = 16000, seed: int = 1) -> bytes:
        """Loud samples that differ from one another, so that a shift by one shows."""
        return _noise(round(seconds * rate), seed)

    def utterance(self, seed: int = 1) -> bytes:
        """Half a second of silence, one of speech, one of silence: speech from 0.4 to 1.6 s."""
        return self.silence(0.5) + self.noise(1.0, seed=seed) + self.silence(1.0)

    def riff(self, rate: int = 16000) -> bytes:
        """The header that the SDK sends first in each turn: 44 bytes, sizes 0."""
        return (
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0"
            + struct.pack("<II", rate, rate * 2)
            + b"\x02\0\x10\0data\0\0\0\0"
        )

    def frames(self, pcm: bytes, rate: int = 16000) -> list[bytes]:
        size = round(rate * FRAME_SECONDS) * 2
        return [pcm[at : at + size] for at in range(0, len(pcm), size)]


@pytest.fixture
def audio() -> Audio:
    return Audio()


class Sent:
    """The wire of a turn: what it sent, in order, and how it was dropped."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.times: list[float] = []
        self.binary: list[bool] = []
        self.drops: list[int | None] = []
        self._changed = asyncio.Condition()

    async def send(self, message: Message, binary: bool) -> None:
        self.messages.append(message)
        self.times.append(time.monotonic())
        self.binary.append(binary)
        async with self._changed:
            self._changed.notify_all()

    async def send_garbage(self) -> None:
        await self.send(Message("garbage"), True)

    def drop(self, code: int | None) -> None:
        self.drops.append(code)

    async def until(self, path: str, count: int = 1) -> None:
        await self._until(lambda: len(self.of(path)) >= count)

    def seconds_between(self, first: str, second: str) -> float:
        """From the first message of a kind to the first of another, as they were sent."""
        return self.times[self.paths.index(second)] - self.times[self.paths.index(first)]

    async def until_finals(self, count: int) -> None:
        await self._until(lambda: len(self.finals) >= count)

    async def _until(self, reached: Callable[[], bool]) -> None:
        async with self._changed:
            await within(self._changed.wait_for(reached))

    def of(self, path: str) -> list[Message]:
        return [message for message in self.messages if message.path == path]

    @property
    def paths(self) -> list[str]:
        return [message.path for message in self.messages]

    @property
    def finals(self) -> list[dict[str, Any]]:
        return [body for body in self._responses if "SpeechPhrase" in body]

    @property
    def hypotheses(self) -> list[dict[str, Any]]:
        return [body for body in self._responses if "SpeechHypothesis" in body]

    @property
    def texts(self) -> list[str]:
        return [body["SpeechPhrase"]["DisplayText"] for body in self.finals]

    @property
    def chunks(self) -> list[bytes]:
        return [message.body for message in self.of("audio")]

    @property
    def final_messages(self) -> list[Message]:
        return [message for message in self.of("translation.response") if "SpeechPhrase" in message.json()]

    @property
    def _responses(self) -> list[dict[str, Any]]:
        return [message.json() for message in self.of("translation.response")]


@dataclass
class Session:
    """A turn with what it sent and spoke."""

    turn: Turn
    sent: Sent
    spoken: list[Spoken]

    async def hear(self, pcm: bytes, rate: int = 16000) -> None:
        """Give the turn audio as the SDK does, in frames of 100 ms; the turn's tasks run in between."""
        for frame in Audio().frames(pcm, rate):
            await self.turn.hear(frame)
            await asyncio.sleep(0)

    async def finish(self) -> None:
        """End the audio and await the end of the turn."""
        await self.turn.hear(b"")
        await self.sent.until("turn.end")


@pytest.fixture
async def begin() -> AsyncIterator[Callable[..., Session]]:
    turns: list[Turn] = []

    def make(
        behaviour: Behaviour | None = None,
        *,
        targets: tuple[str, ...] | None = ("fr",),
        voiced: tuple[str, ...] = ("fr",),
        start_seconds: float = 0.0,
        conversation: Conversation | None = None,
        request_id: str = "r1",
        detection: Detection = _AS_THE_SERVICE,
        faults: TurnFaults = _NO_FAULTS,
    ) -> Session:
        behaviour = behaviour or Behaviour()
        sent, spoken = Sent(), list[Spoken]()
        request = SpeechContext(request_id, targets, voiced, start_seconds, detection)
        turn = Turn(request, conversation or Conversation(behaviour), sent, spoken.append, faults)
        turns.append(turn)
        return Session(turn, sent, spoken)

    yield make
    for turn in turns:
        await turn.aclose()


@dataclass(frozen=True)
class Frame:
    """A message as it came off the socket."""

    path: str
    headers: dict[str, str]
    body: bytes
    binary: bool

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_final(self) -> bool:
        return self.path == "translation.response" and "SpeechPhrase" in self.json()


class Client:
    """A plain client of the wire; it shares no code with the emulator."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.received: list[Frame] = []

    async def text(self, path: str, body: Any, request_id: str = "r1", **headers: str) -> None:
        """Send a text message; of a header's name each "_" is a "-"."""
        content = body if isinstance(body, str) else json.dumps(body)
        head = f"Path:{path}\r\nX-RequestId:{request_id}\r\nContent-Type:application/json\r\n"
        head += "".join(f"{name.replace('_', '-')}:{value}\r\n" for name, value in headers.items())
        await self.socket.send_str(f"{head}\r\n{content}")

    async def audio(self, payload: bytes, request_id: str = "r1", stream_id: str = "1") -> None:
        head = f"Path:audio\r\nX-RequestId:{request_id}\r\nX-StreamId:{stream_id}\r\n".encode()
        await self.socket.send_bytes(struct.pack(">H", len(head)) + head + payload)

    async def open_turn(
        self,
        request_id: str = "r1",
        *,
        targets: tuple[str, ...] | None = ("fr",),
        voice: bool = True,
        offset: str | None = None,
        rate: int = 16000,
    ) -> None:
        """speech.config, speech.context and the RIFF header. Without targets it only wants the words."""
        context: dict[str, Any] = {
            "phraseDetection": {"mode": "CONVERSATION", "onSuccess": {"action": "Translate"}},
            "audio": {"streams": {"1": None}},
        }
        if targets is not None:
            action = "Synthesize" if voice else "None"
            context["translation"] = {"targetLanguages": [*targets], "onSuccess": {"action": action}}
        if targets and voice:
            context["synthesis"] = {
                "synthesizedLanguages": [targets[0]],
                "defaultVoices": {targets[0]: "personal-voice"},
            }
        if offset is not None:
            streams = {"1": {"offset": offset}}
            context["continuation"] = {"token": "t", "previousServiceTag": "s", "audio": {"streams": streams}}
        await self.text("speech.config", {"context": {"system": {"name": "test"}}}, request_id)
        await self.text("speech.context", context, request_id)
        await self.audio(Audio().riff(rate), request_id)

    async def say(self, pcm: bytes, request_id: str = "r1", rate: int = 16000) -> None:
        for frame in Audio().frames(pcm, rate):
            await self.audio(frame, request_id)

    async def until(self, path: str) -> Frame:
        """Receive up to the next message of a kind."""
        return await self._until(lambda frame: frame.path == path)

    async def until_final(self) -> dict[str, Any]:
        frame = await self._until(lambda frame: frame.is_final)
        return dict(frame.json())

    async def whole_turn(self, pcm: bytes, request_id: str = "r1", **context: Any) -> list[Frame]:
        """A turn with its audio; all that comes back."""
        await self.open_turn(request_id, **context)
        await self.say(pcm, request_id)
        await self.audio(b"", request_id)
        await self.until("turn.end")
        return self.received

    def of(self, path: str) -> list[Frame]:
        return [frame for frame in self.received if frame.path == path]

    @property
    def paths(self) -> list[str]:
        return [frame.path for frame in self.received]

    @property
    def voice(self) -> bytes:
        return b"".join(frame.body for frame in self.of("audio"))

    async def closed(self) -> int | None:
        """Receive to the end; the code with which the service closed."""
        while (await self.socket.receive(LIMIT_SECONDS)).type in (
            aiohttp.WSMsgType.TEXT,
            aiohttp.WSMsgType.BINARY,
        ):
            pass
        code: int | None = self.socket.close_code
        return code

    async def _until(self, wanted: Callable[[Frame], bool]) -> Frame:
        async def search() -> Frame:
            while True:
                frame = _frame(await self.socket.receive())
                self.received.append(frame)
                if wanted(frame):
                    return frame

        return await within(search())


def _frame(message: aiohttp.WSMessage) -> Frame:
    if message.data == b"\xff\xff no message":
        return Frame("garbage", {}, message.data, True)
    if message.type is aiohttp.WSMsgType.TEXT:
        head, _, text = message.data.partition("\r\n\r\n")
        body = text.encode()
    else:
        assert message.type is aiohttp.WSMsgType.BINARY, f"the socket is over: {message}"
        (length,) = struct.unpack_from(">H", message.data)
        head, body = message.data[2 : 2 + length].decode().rstrip("\r\n"), message.data[2 + length :]
    headers = dict(line.split(":", 1) for line in head.split("\r\n"))
    return Frame(headers.pop("Path"), headers, body, message.type is aiohttp.WSMsgType.BINARY)


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Await what no event tells."""

    async def wait(reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        while not reached():
            assert time.monotonic() < deadline
            await asyncio.sleep(0)

    return wait


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[Emulator]]]:
    emulators: list[Emulator] = []

    async def make(behaviour: Behaviour | None = None, **options: Any) -> Emulator:
        emulator = Emulator(behaviour, **options)
        await emulator.start()
        emulators.append(emulator)
        return emulator

    yield make
    for emulator in emulators:
        await emulator.aclose()


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    async with aiohttp.ClientSession() as http:

        async def make(
            endpoint: str,
            *,
            session_id: str | None = "session-1",
            key: str | None = "any",
            authorization: str | None = None,
        ) -> Client:
            headers = {} if session_id is None else {"X-ConnectionId": session_id}
            if authorization is not None:
                headers["Authorization"] = authorization
            elif key is not None:
                headers["Ocp-Apim-Subscription-Key"] = key
            return Client(await http.ws_connect(endpoint, headers=headers, protocols=("USP",)))

        yield make
