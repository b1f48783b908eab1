"""Takes the original voice of a speaker from the listeners of its interpretation, by the server's API."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import aiohttp
from livekit import api

from .._within import within
from ..log import logger

_GAP_SECONDS = 0.05
"""Between two requests: those of a big meeting must not occupy the server."""
_AGAIN_SECONDS = 2.0
"""A client subscribes to a new track by itself, maybe after the first request. So there is a second one."""
_TIMES = 2
_TRIES = 6
_LONGEST_RETRY_SECONDS = 8.0
_CLOSE_SECONDS = 5.0
_NEVER = float("inf")
_NONE: frozenset[str] = frozenset()

Send = Callable[[str, Sequence[str], bool], Awaitable[object]]
"""Subscribes a participant to tracks (True), or unsubscribes them."""


class Listener(NamedTuple):
    """A participant of a room; one who comes back has another sid, and hears everything again."""

    identity: str
    sid: str


@dataclass
class Originals:
    """The original tracks for one listener.

    Attributes:
        all: Those in the room.
        replaced: Those of them that are not to be heard.
    """

    all: frozenset[str]
    replaced: frozenset[str]


@dataclass
class _Requests:
    """What the server is to be asked for a listener, and was.

    Attributes:
        originals: What is to be.
        taken: The tracks that the server was asked to take from the listener.
        left: How many more times it is asked.
        failures: How often it failed since the last change.
        due_at: When it is asked next.
    """

    originals: Originals
    taken: frozenset[str] = _NONE
    left: int = 0
    failures: int = 0
    due_at: float = _NEVER

    @property
    def returned(self) -> frozenset[str]:
        """The tracks to be heard again."""
        return (self.taken - self.originals.replaced) & self.originals.all


class OriginalSubscriptions:
    """Asks the server, one request after the other, until each listener hears what they are to hear.

    A request says what shall be, not what changes; so the server may get it twice. One that fails is tried
    again, each time later. After six failures the listener stays as they are until something changes.

    Args:
        send: Sends a request.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._requests: dict[Listener, _Requests] = {}
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._now = asyncio.get_running_loop().time
        self._running = asyncio.create_task(self._run())

    def replace(self, originals: Mapping[Listener, Originals]) -> None:
        """Have everybody in the room hear these originals, and no others."""
        self._requests = {one: self._requests.get(one) or _Requests(its) for one, its in originals.items()}
        for listener, requests in self._requests.items():
            its, before = originals[listener], requests.originals.replaced
            requests.originals = its
            if its.replaced != before or its.replaced - requests.taken:
                requests.left = _TIMES if its.replaced else 1
                requests.failures, requests.due_at = 0, self._now()
        self._settled.clear()
        self._wake.set()

    async def aclose(self) -> None:
        """Have everybody hear everything again; in five seconds at most."""
        self.replace({one: Originals(its.originals.all, _NONE) for one, its in self._requests.items()})
        try:
            await within(self._settled.wait(), _CLOSE_SECONDS)
        except asyncio.TimeoutError:
            logger.error(
                "the server did not answer in time: some listeners do not hear the original voices again"
            )
        await self.stop()

    async def stop(self) -> None:
        """Stop asking; everybody stays as they are."""
        self._running.cancel()
        await asyncio.wait({self._running})

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            listener = min(self._requests, key=lambda one: self._requests[one].due_at, default=None)
            due_at = _NEVER if listener is None else self._requests[listener].due_at
            if listener is not None and due_at <= self._now():
                await self._ask(listener, self._requests[listener])
                await asyncio.sleep(_GAP_SECONDS)
            else:
                await self._wait(due_at)

    async def _wait(self, until: float) -> None:
        if until == _NEVER:
            self._settled.set()
            await self._wake.wait()
            return
        waking = asyncio.get_running_loop().call_at(until, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            waking.cancel()

    async def _ask(self, listener: Listener, requests: _Requests) -> None:
        requests.left -= 1
        requests.due_at = self._now() + _AGAIN_SECONDS if requests.left else _NEVER
        returned, replaced = requests.returned, requests.originals.replaced
        requests.taken |= replaced  # a request that fails may have been carried out
        try:
            if replaced:
                await self._send(listener.identity, sorted(replaced), False)
            if returned:
                await self._send(listener.identity, sorted(returned), True)
        except (aiohttp.ClientError, asyncio.TimeoutError, api.TwirpError) as error:
            self._failed(listener, requests, error)
        else:
            requests.taken -= returned

    def _failed(self, listener: Listener, requests: _Requests, error: Exception) -> None:
        if self._requests.get(listener) is not requests:
            return  # they have left
        requests.failures += 1
        if requests.failures == _TRIES:
            requests.left, requests.due_at = 0, _NEVER
            logger.error(
                "the server did not change what %r hears of the original voices; given up until something "
                "changes: %s",
                listener.identity,
                _reason(error),
            )
            return
        seconds = min(2.0 ** (requests.failures - 2), _LONGEST_RETRY_SECONDS)
        requests.left += 1
        requests.due_at = self._now() + seconds
        logger.warning(
            "the server did not change what %r hears of the original voices; asking again in %.1f s: %s",
            listener.identity,
            seconds,
            _reason(error),
        )


def check_environment() -> None:
    """Check that LiveKit's environment variables name a server, and let `open_api` in.

    Raises:
        RuntimeError: One is missing; the message names it.
    """
    needed = ["LIVEKIT_URL"]
    if not os.environ.get("LIVEKIT_TOKEN"):
        needed += ["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]
    if missing := [name for name in needed if not os.environ.get(name)]:
        raise RuntimeError(
            f'originals="replace" asks LiveKit\'s server to unsubscribe listeners: set {", ".join(missing)}'
        )


def open_api() -> api.LiveKitAPI:
    """The API of the server that LiveKit's environment variables name.

    Raises:
        RuntimeError: One is missing; the message names it.
    """
    check_environment()
    return api.LiveKitAPI()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
