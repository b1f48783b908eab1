"""Text to speech of the emulated service: over a WebSocket, as the SDK asks for it, and over HTTP."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from xml.etree import ElementTree

import numpy as np
from aiohttp import web

from .conversation import Behaviour
from .due import UtteranceFaults
from .script import Voice
from .sockets import send, until_closed
from .voices import voice_chunks
from .wire import Message, WireError, json_body

_FORMAT = re.compile(r"(raw|riff)-(\d+)(k?)hz-16bit-mono-pcm")
_JSON = {"Content-Type": "application/json; charset=utf-8"}

Send = Callable[[Message, bool], Awaitable[None]]


@dataclass(frozen=True)
class OutputFormat:
    """What a client wants to hear; `riff`: a header begins the audio."""

    sample_rate: int
    riff: bool

    @classmethod
    def parse(cls, name: str) -> OutputFormat:
        """Read Azure's name of a format, e.g. `raw-16khz-16bit-mono-pcm`.

        Raises:
            WireError: It is not 16 bit mono PCM; nothing else is spoken here.
        """
        found = _FORMAT.fullmatch(name)
        if found is None:
            raise WireError(f"the emulator speaks 16 bit mono PCM only, not {name!r}")
        return cls(int(found[2]) * (1000 if found[3] else 1), found[1] == "riff")


@dataclass(frozen=True)
class Synthesized:
    """A voice that was made for a text, as a client asked for it."""

    text: str
    voice: Voice


def read_ssml(ssml: bytes | str) -> str:
    """The words of an SSML document.

    Raises:
        WireError: It is not XML.
    """
    try:
        root = ElementTree.fromstring(ssml)
    except ElementTree.ParseError as error:
        raise WireError(f"the SSML is not XML: {error}") from error
    return "".join(root.itertext()).strip()


def synthesize(text: str, seconds: float, sample_rate: int) -> Voice:
    """A voice of so many seconds: noise that is the same for the same text, and no other's."""
    numbers = np.random.default_rng(zlib.crc32(text.encode()))
    samples = numbers.integers(1, 9000, round(seconds * sample_rate))
    return Voice(samples.astype("<i2").tobytes(), sample_rate)


async def speak(voice: Voice, form: OutputFormat, behaviour: Behaviour) -> AsyncIterator[bytes]:
    """The audio of a voice, piece by piece, as late and as fast as the behaviour says."""
    behaviour = replace(behaviour, riff="first" if form.riff else "none")
    await asyncio.sleep(behaviour.voice_delay_ms / 1000)
    for chunk in voice_chunks(voice, behaviour, UtteranceFaults()):
        yield chunk
        if behaviour.voice_speed is not None:
            await asyncio.sleep(len(chunk) / 2 / voice.sample_rate / behaviour.voice_speed)


class Synthesis:
    """Answers what one WebSocket asks to be spoken, one text after another.

    Args:
        behaviour: How long a voice is, and how it is sent.
        send: Sends a message; binary or not.
        synthesized: Called with each voice that was sent whole.
    """

    def __init__(self, behaviour: Behaviour, send: Send, synthesized: Callable[[Synthesized], None]) -> None:
        self._behaviour = behaviour
        self._send = send
        self._synthesized = synthesized
        self._formats: dict[str, OutputFormat] = {}

    async def take(self, message: Message) -> None:
        """Take a message of the client; a text is answered before this returns.

        Raises:
            WireError: It has another shape than Azure's.
        """
        if message.path == "synthesis.context":
            self._formats[message.request_id] = _wanted_format(message)
        elif message.path == "ssml":
            form = self._formats.pop(message.request_id, None)
            if form is None:
                raise WireError("ssml needs a synthesis.context before it")
            await self._answer(message, form)

    async def _answer(self, message: Message, form: OutputFormat) -> None:
        text = read_ssml(message.body)
        voice = synthesize(text, self._behaviour.synthesis_seconds, form.sample_rate)
        turn = {"X-RequestId": message.request_id}
        context = {"context": {"serviceTag": message.request_id}}
        audio = {"audio": {"type": "inline", "streamId": message.request_id}}
        await self._send(Message("turn.start", {**turn, **_JSON}, json_body(context)), False)
        await self._send(Message("response", {**turn, **_JSON}, json_body({**context, **audio})), False)
        async for chunk in speak(voice, form, self._behaviour):
            await self._send(Message("audio", {**turn, "X-StreamId": message.request_id}, chunk), True)
        await self._send(Message("turn.end", {**turn, **_JSON}, json_body({})), False)
        self._synthesized(Synthesized(text, voice))


class SynthesisService:
    """The two doors of text to speech: `connected` for a WebSocket, `posted` for HTTP.

    Args:
        behaviour: How long a voice is, and how it is sent.
        lets_in: Whether a client may come in.
        synthesized: Called with each voice that was sent whole.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        lets_in: Callable[[web.Request], bool],
        synthesized: Callable[[Synthesized], None],
    ) -> None:
        self._behaviour = behaviour
        self._lets_in = lets_in
        self._synthesized = synthesized

    async def connected(self, request: web.Request) -> web.StreamResponse:
        if not self._lets_in(request):
            return web.Response(status=401)
        websocket = web.WebSocketResponse(protocols=("USP",), max_msg_size=0)
        await websocket.prepare(request)
        answers = Synthesis(self._behaviour, partial(send, websocket), self._synthesized)
        await until_closed(websocket, answers.take)
        return websocket

    async def posted(self, request: web.Request) -> web.StreamResponse:
        if not self._lets_in(request):
            return web.Response(status=401)
        try:
            form = OutputFormat.parse(request.headers.get("X-Microsoft-OutputFormat", ""))
            text = read_ssml(await request.read())
        except WireError as error:
            return web.Response(status=400, text=str(error))
        voice = synthesize(text, self._behaviour.synthesis_seconds, form.sample_rate)
        response = web.StreamResponse(headers={"Content-Type": "audio/basic"})
        await response.prepare(request)
        async for chunk in speak(voice, form, self._behaviour):
            await response.write(chunk)
        self._synthesized(Synthesized(text, voice))
        return response


def _wanted_format(message: Message) -> OutputFormat:
    try:
        name = message.json()["synthesis"]["audio"]["outputFormat"]
    except (LookupError, TypeError) as error:
        raise WireError(f"{message.path} has another shape than Azure's") from error
    return OutputFormat.parse(str(name))
