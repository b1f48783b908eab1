"""Reads what clients post, within bounds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


class BodyTooLargeError(ValueError):
    """A client posts more than is allowed."""


async def read_within(read: Callable[[], Awaitable[bytes]], most_bytes: int) -> bytes:
    """Read to the end.

    Args:
        read: Gives the next piece; empty at the end.
        most_bytes: How much there may be.

    Raises:
        BodyTooLargeError: There is more.
    """
    body = bytearray()
    while piece := await read():
        body += piece
        if len(body) > most_bytes:
            raise BodyTooLargeError(f"the body has more than {most_bytes} bytes")
    return bytes(body)
