"""Clients that mean badly, and one that means well."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSMsgType

from .mutations import SPEECH, conversation

_LIMIT_SECONDS = 20.0
_SPEECH_SECONDS = 1.0
_RATE_HZ = 16000
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_UPGRADE = (
    "GET /speech/universal/v2 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n\r\n"
).encode()
_STARTS = (b"", _UPGRADE[:60], _UPGRADE, _UPGRADE + b"\x82\xfe\xff", _UPGRADE + b"\x81\xff" + bytes(7))
"""What an odd socket says, and then nothing more: silence, half a request, a WebSocket, half a frame."""


@dataclass
class Damage:
    """What became of damaged messages.

    Attributes:
        ends: How their connections ended: with which code of the service, or "client" where it was not ended.
        without_reason: The codes of the service that came without a reason.
        resets: How many were reset, which tells nobody what was wrong.
    """

    ends: Counter[str] = field(default_factory=Counter)
    without_reason: Counter[int] = field(default_factory=Counter)
    resets: int = 0


async def send_damaged(endpoint: str, count: int, seed: int) -> Damage:
    """Send so many messages, on as many connections as it takes."""
    chance, damage = random.Random(seed), Damage()
    sent = 0
    async with aiohttp.ClientSession() as http:
        while sent < count:
            path, frames = conversation(chance)
            try:
                async with http.ws_connect(_at(endpoint, path), max_msg_size=0) as socket:
                    sent += await asyncio.wait_for(_say(socket, frames, damage), _LIMIT_SECONDS)
            except ConnectionError:
                damage.resets += 1
    return damage


async def _say(socket: aiohttp.ClientWebSocketResponse, frames: list[str | bytes], damage: Damage) -> int:
    said = 0
    for frame in frames:
        with contextlib.suppress(ConnectionError):  # the service has ended it; the code is still to be read
            await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
            said += 1
    with contextlib.suppress(ConnectionError):
        await socket.ping()
    while True:
        try:
            answer = await socket.receive(0.05)
        except asyncio.TimeoutError:
            damage.ends["client"] += 1
            return said
        if answer.type is WSMsgType.CLOSE:
            damage.ends[str(answer.data)] += 1
            damage.without_reason[answer.data] += not answer.extra
            return said
        if answer.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            damage.resets += 1
            return said


@asynccontextmanager
async def odd_sockets(endpoint: str, count: int) -> AsyncIterator[None]:
    """So many sockets at the same time that begin something and never go on."""
    address = urlsplit(endpoint)
    opened = []
    for number in range(count):
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(_STARTS[number % len(_STARTS)])
        opened.append(writer)
    try:
        yield
    finally:
        for writer in opened:
            writer.close()


async def well_meant(endpoint: str, over: asyncio.Event) -> list[float]:
    """Recognize a sentence again and again; how long each took from its end to the result, in seconds."""
    times = []
    noise = os.urandom(round(_SPEECH_SECONDS * _RATE_HZ) * 2)
    async with aiohttp.ClientSession() as http, http.ws_connect(endpoint, max_msg_size=0) as socket:
        while not over.is_set():
            context, header, audio, end = SPEECH[1], SPEECH[2], SPEECH[3], SPEECH[5]
            assert isinstance(context, str)
            assert isinstance(header, bytes)
            assert isinstance(audio, bytes)
            assert isinstance(end, bytes)
            await socket.send_str(context)
            await socket.send_bytes(header)
            await socket.send_bytes(end + noise)
            began_at = time.monotonic()
            await socket.send_bytes(end)
            while b"SpeechPhrase" not in _data(await socket.receive(_LIMIT_SECONDS)):
                pass
            times.append(time.monotonic() - began_at)
            while b"turn.end" not in _data(await socket.receive(_LIMIT_SECONDS)):
                pass
            await asyncio.sleep(0.01)
    return times


def _data(frame: aiohttp.WSMessage) -> bytes:
    if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
        raise ConnectionError(f"the well-meant client was sent away: {frame}")
    return frame.data.encode() if isinstance(frame.data, str) else frame.data


def _at(endpoint: str, path: str) -> str:
    return endpoint.replace(urlsplit(endpoint).path, path)
