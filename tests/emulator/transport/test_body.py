from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from livekit_plugins_azure_interpreter.emulator.transport.body import BodyTooLargeError, read_within


def _given(*pieces: bytes) -> Callable[[], Awaitable[bytes]]:
    rest = list(pieces)

    async def read() -> bytes:
        return rest.pop(0) if rest else b""

    return read


async def test_a_body_is_read_to_its_end() -> None:
    assert await read_within(_given(b"ab", b"c"), 3) == b"abc"


async def test_a_body_that_is_too_large_is_refused_where_it_becomes_so() -> None:
    read = _given(b"ab", b"cd", b"never read")
    with pytest.raises(BodyTooLargeError, match="more than 3 bytes"):
        await read_within(read, 3)
    assert await read() == b"never read"
