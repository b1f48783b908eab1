"""Promises of time ("closing takes about a second at most"), on a machine that does other work too.

Other work only ever adds to a time. So a promise is kept where one of three tries keeps it: what breaks it
makes all three slow.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import ParamSpec

_TRIES = 3

P = ParamSpec("P")


class TooSlow(AssertionError):
    """Something took longer than was promised."""


def assert_less(took_seconds: float, bound_seconds: float) -> None:
    if took_seconds >= bound_seconds:
        raise TooSlow(f"it took {took_seconds:.2f} s, where less than {bound_seconds} s are promised")


@contextlib.contextmanager
def takes_less_than(bound_seconds: float) -> Iterator[None]:
    """Measure what is done inside; in a test that `tries_again`."""
    began_at = time.monotonic()
    yield
    assert_less(time.monotonic() - began_at, bound_seconds)


def tries_again(test: Callable[P, Awaitable[None]]) -> Callable[P, Awaitable[None]]:
    """Decorate a test that is done from its beginning again, twice at most, when something took too long."""

    @functools.wraps(test)
    async def tried(*args: P.args, **kwargs: P.kwargs) -> None:
        for _ in range(_TRIES - 1):
            with contextlib.suppress(TooSlow):
                return await test(*args, **kwargs)
        return await test(*args, **kwargs)

    return tried
