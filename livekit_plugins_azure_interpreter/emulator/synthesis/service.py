"""Text to speech of the emulated service: over a WebSocket, as the SDK asks for it, and over HTTP."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
from aiohttp import web

from ..behaviour import Behaviour
from ..channel import Channel
from ..faults import DropText, MuteText, RefuseText, TextFault
from ..faults.schedule import FaultSchedule, UtteranceFaults
from ..recognition.voices import voice_chunks
from ..script import Voice
from ..sockets import for_ever
from ..wire import Message, WireError, json_body

_FORMAT = re.compile(r"(raw|riff)-(\d{1,6}(?:\.\d{1,3})?)(k?)hz-16bit-mono-pcm")
_RATES_HZ = (8000, 16000, 22050, 24000, 44100, 48000)
_WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
_TICKS_PER_SECOND = 10_000_000
_MOST_SSML_BYTES = 65_536
"""A longer document is refused, as Azure does."""
_REFUSED = 1007
_JSON = {"Content-Type": "application/json; charset=utf-8"}

Send = Callable[[Message, bool], Awaitable[None]]
CloseConnection = Callable[[int | None], Awaitable[None]]


@dataclass(frozen=True)
class OutputFormat:
    """The audio format that a client wants; `riff`: a header begins the audio."""

    sample_rate: int
    riff: bool

    @classmethod
    def parse(cls, name: str) -> OutputFormat:
        """Read Azure's name of a format, e.g. `raw-16khz-16bit-mono-pcm`.

        Raises:
            WireError: It is not 16 bit mono PCM, the only format here.
        """
        found = _FORMAT.fullmatch(name)
        if found is None:
            raise WireError(f"the emulator speaks 16 bit mono PCM only, not {name!r}")
        sample_rate = round(float(found[2]) * (1000 if found[3] else 1))
        if sample_rate not in _RATES_HZ:
            raise WireError(f"Azure has no voice at {sample_rate} Hz")
        return cls(sample_rate, found[1] == "riff")


@dataclass(frozen=True)
class SynthesisRequest:
    """A request for one text: its format, and whether it includes the places of its words."""

    form: OutputFormat
    words: bool


@dataclass(frozen=True)
class Synthesized:
    """A voice that was made for a text, as a client asked for it.

    Attributes:
        text: The words.
        voice: Its samples.
        ssml: The SSML of the request; empty if only the words came.
    """

    text: str
    voice: Voice
    ssml: str = ""


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
    """A voice for a text: noise that is the same for the same text, and differs for every other.

    Args:
        text: The words.
        seconds: How long it is.
        sample_rate: In Hz.
    """
    numbers = np.random.default_rng(zlib.crc32(text.encode("utf-8", "surrogatepass")))
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


def word_boundaries(text: str, seconds: float) -> list[dict[str, Any]]:
    """The places of words and punctuation marks, as Azure reports them; each is as long as its letters."""
    found = list(_WORD.finditer(text))
    ticks = seconds * _TICKS_PER_SECOND / max(1, sum(len(word[0]) for word in found))
    at = 0
    boundaries = []
    for word in found:
        length = len(word[0])
        kind = "WordBoundary" if word[0][0].isalnum() else "PunctuationBoundary"
        place = {"Offset": round(at * ticks), "Duration": round(length * ticks)}
        name = {"Text": word[0], "Length": length, "BoundaryType": kind}
        boundaries.append({"Type": "WordBoundary", "Data": {**place, "text": name}})
        at += length
    return boundaries


class SynthesisConnection:
    """Answers the requests of one WebSocket, one text after another.

    Args:
        behaviour: How long a voice is, and how it is sent.
        send: Sends a message; binary or not.
        synthesized: Called with each voice that was sent completely.
        faults: The faults that happen.
        hang_up: Ends the connection: closes it with a code, or (None) as a crash does.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        send: Send,
        synthesized: Callable[[Synthesized], None],
        *,
        faults: FaultSchedule | None = None,
        hang_up: CloseConnection | None = None,
    ) -> None:
        self._behaviour = behaviour
        self._send = send
        self._synthesized = synthesized
        self._faults = faults or FaultSchedule()
        self._hang_up = hang_up
        self._wanted: dict[str, SynthesisRequest] = {}

    async def take(self, message: Message) -> None:
        """Take a message of the client; a text is answered before this returns.

        Raises:
            WireError: It has another shape than Azure's.
        """
        if message.path == "synthesis.context":
            self._wanted[message.request_id] = _wanted(message)
        elif message.path == "ssml":
            wanted = self._wanted.pop(message.request_id, None)
            if wanted is None:
                raise WireError("ssml needs a synthesis.context before it")
            await self._answer(message, wanted)

    async def _answer(self, message: Message, wanted: SynthesisRequest) -> None:
        if len(message.body) > _MOST_SSML_BYTES:
            await self._end(_REFUSED)
        text = read_ssml(message.body)
        fault = self._faults.of_next_text()
        if isinstance(fault, RefuseText):
            await self._end(fault.code)
        voice = synthesize(text, self._behaviour.synthesis_seconds, wanted.form.sample_rate)
        context = {"context": {"serviceTag": message.request_id}}
        audio = {"audio": {"type": "inline", "streamId": message.request_id}}
        await self._tell(message, "turn.start", context)
        await self._tell(message, "response", {**context, **audio})
        boundaries = word_boundaries(text, voice.seconds) if wanted.words else []
        sent = 0
        stream = {"X-RequestId": message.request_id, "X-StreamId": message.request_id}
        async for chunk in speak(voice, wanted.form, self._behaviour):
            await self._fail(fault, sent / len(voice.pcm))
            sent += len(chunk)
            # A word is reported before it is heard.
            due = sent / 2 / voice.sample_rate * _TICKS_PER_SECOND
            told = [boundary for boundary in boundaries if boundary["Data"]["Offset"] < due]
            boundaries = boundaries[len(told) :]
            if told:
                await self._tell(message, "audio.metadata", {"Metadata": told})
            await self._send(Message("audio", stream, chunk), True)
        await self._fail(fault, 1.0)
        await self._tell(message, "turn.end", {})
        self._synthesized(Synthesized(text, voice, message.body.decode(errors="replace")))

    async def _tell(self, message: Message, path: str, body: dict[str, Any]) -> None:
        headers = {"X-RequestId": message.request_id, **_JSON}
        await self._send(Message(path, headers, json_body(body)), False)

    async def _fail(self, fault: TextFault | None, share: float) -> None:
        if isinstance(fault, MuteText) and share >= fault.after:
            await for_ever()
        if isinstance(fault, DropText) and share >= fault.after:
            await self._end(None)

    async def _end(self, code: int | None) -> None:
        if self._hang_up is not None:
            await self._hang_up(code)
        raise ConnectionResetError("the service hung up")


class SynthesisService:
    """The two entries of text to speech: `connected` for a WebSocket, `posted` for HTTP.

    Args:
        behaviour: How long a voice is, and how it is sent.
        lets_in: Whether to accept a client.
        accept: Completes the handshake of a WebSocket.
        synthesized: Called with each voice that was sent completely.
        faults: The faults that happen with texts over a WebSocket.

    Attributes:
        connections: How many WebSockets were opened.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        lets_in: Callable[[web.Request], bool],
        accept: Callable[[web.Request], Awaitable[Channel]],
        synthesized: Callable[[Synthesized], None],
        faults: FaultSchedule | None = None,
    ) -> None:
        self._behaviour = behaviour
        self._lets_in = lets_in
        self._accept = accept
        self._synthesized = synthesized
        self._faults = faults
        self.connections = 0

    async def connected(self, request: web.Request) -> web.StreamResponse:
        if not self._lets_in(request):
            return web.Response(status=401)
        self.connections += 1
        channel = await self._accept(request)

        async def hang_up(code: int | None) -> None:
            if code is None:
                channel.hang_up(None)
            else:
                await channel.close(code, "closed by the emulator")

        answers = SynthesisConnection(
            self._behaviour,
            channel.send,
            self._synthesized,
            faults=self._faults,
            hang_up=hang_up,
        )
        await channel.serve(answers.take)
        return channel.response

    async def posted(self, request: web.Request) -> web.StreamResponse:
        if not self._lets_in(request):
            return web.Response(status=401)
        try:
            form = OutputFormat.parse(request.headers.get("X-Microsoft-OutputFormat", ""))
            ssml = await request.read()
            if len(ssml) > _MOST_SSML_BYTES:
                raise WireError(f"the SSML has {len(ssml)} bytes, more than {_MOST_SSML_BYTES}")
            text = read_ssml(ssml)
        except WireError as error:
            return web.Response(status=400, text=str(error))
        voice = synthesize(text, self._behaviour.synthesis_seconds, form.sample_rate)
        response = web.StreamResponse(headers={"Content-Type": "audio/basic"})
        await response.prepare(request)
        async for chunk in speak(voice, form, self._behaviour):
            await response.write(chunk)
        self._synthesized(Synthesized(text, voice, ssml.decode(errors="replace")))
        return response


def _wanted(message: Message) -> SynthesisRequest:
    try:
        audio = message.json()["synthesis"]["audio"]
        name = audio["outputFormat"]
        words = audio.get("metadataOptions", {}).get("wordBoundaryEnabled", False)
    except (LookupError, TypeError, AttributeError) as error:
        raise WireError(f"{message.path} has another shape than Azure's") from error
    return SynthesisRequest(OutputFormat.parse(str(name)), str(words).lower() == "true")
