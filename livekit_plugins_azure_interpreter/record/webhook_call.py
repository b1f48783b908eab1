"""One HTTP request to a receiver of webhooks, and what its answer means."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import aiohttp
from yarl import URL

from .webhook_messages import Message, Signer

_TIMEOUT = aiohttp.ClientTimeout(total=15.0, connect=5.0)
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_LONGEST_WISH_SECONDS = 3600.0
"""A receiver may ask by `Retry-After` to wait for so long."""
_REFUSALS = frozenset({400, 413, 415, 422})
"""They are about this message, and not about the receiver."""
_GONE = 410
_AGENT = "livekit-plugins-azure-interpreter"


@dataclass(frozen=True)
class Answer:
    """What a receiver has answered.

    Attributes:
        means: "delivered", "failed" (try again), "refused" (it does not want this message) or "gone" (it
            wants no more messages).
        reason: Why it was not delivered, for the log.
        wait_seconds: How long it asks to wait; 0: it does not say.
    """

    means: Literal["delivered", "failed", "refused", "gone"]
    reason: str = ""
    wait_seconds: float = 0.0


Post = Callable[[Message], Awaitable[Answer]]
"""Sends a message once."""


class Receiver:
    """Where webhooks go.

    Args:
        url: The address.
        signer: Signs each request.

    Raises:
        ValueError: The address is none of a web server.
    """

    def __init__(self, url: str, signer: Signer) -> None:
        try:
            self._url = URL(url)
        except ValueError:
            self._url = URL()
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ValueError("url must be an address such as https://example.com/hook")
        self._signer = signer

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @property
    def name(self) -> str:
        """For the log: an address may have a secret in its path."""
        return str(self._url.host)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncGenerator[Post]:
        """Send messages, one after the other, over one connection."""
        jar, connector = aiohttp.DummyCookieJar(), aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(
            cookie_jar=jar, connector=connector, timeout=_TIMEOUT, trust_env=True
        ) as session:

            async def post(message: Message) -> Answer:
                return await self._post(session, message)

            yield post

    async def _post(self, session: aiohttp.ClientSession, message: Message) -> Answer:
        headers = {
            **self._signer.headers(message, time.time()),
            "Content-Type": "application/json",
            "User-Agent": _AGENT,
        }
        try:
            # A redirect is a failure: it would lead what is said to somewhere else.
            async with session.post(
                self._url, data=message.body, headers=headers, allow_redirects=False
            ) as response:
                return answer_of(response.status, response.headers.get("Retry-After", ""))
        except asyncio.TimeoutError:
            return Answer("failed", "it gives no answer")
        except (aiohttp.ClientError, OSError) as error:
            # The text of an error may have the address.
            return Answer("failed", type(error).__name__)


def answer_of(status: int, retry_after: str) -> Answer:
    """What a status of HTTP means."""
    reason = f"HTTP {status}"
    if 200 <= status < 300:
        return Answer("delivered")
    if status == _GONE:
        return Answer("gone", reason)
    # Not the form with a date: clocks may differ.
    wait_seconds = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
    means: Literal["refused", "failed"] = "refused" if status in _REFUSALS else "failed"
    return Answer(means, reason, min(wait_seconds, _LONGEST_WISH_SECONDS))


def pause_seconds(tries: int, answer: Answer, dice: Callable[[], float] = random.random) -> float:
    """How long to wait before the next try: twice as long each time, and not in step with other processes.

    Args:
        tries: How many have failed.
        answer: The last answer.
        dice: Returns a random number from 0 to 1.
    """
    longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(tries - 1, 10))
    return max(answer.wait_seconds, longest * (0.5 + dice() / 2))
