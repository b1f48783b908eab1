"""Runs blocking work in threads, and posts the results to the event loop."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_EXIT_SECONDS = 2.5
"""How long the end of the process waits for work that is under way."""

_working: set[threading.Thread] = set()


def in_thread(work: Callable[[], T], *, name: str) -> asyncio.Future[T]:
    """Run something that blocks.

    In a daemon thread of its own: a thread of the default executor would hold up the end of the
    process for as long as it blocks.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # also SystemExit: the caller must not wait for ever
            post_to(loop, _settle, future, None, error)
        else:
            post_to(loop, _settle, future, result, None)
        finally:
            _working.discard(threading.current_thread())

    thread = threading.Thread(target=run, name=name, daemon=True)
    _working.add(thread)
    thread.start()
    return future


def use_batch_scheduling() -> None:
    """Keep this thread, and all that it starts, from taking the core of the thread that wakes them.

    The SDK's threads are woken by each frame. On Linux they would otherwise run at once, in the place of
    the loop, which then comes late to all other streams. Elsewhere nothing happens.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a sandbox may forbid it: then nothing changes
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


@atexit.register
def finish_work() -> None:
    """Wait for the running work, but only for a limited time.

    A thread that is inside the SDK when the interpreter ends would abort the process.
    """
    until = time.monotonic() + _EXIT_SECONDS
    for thread in tuple(_working):
        thread.join(max(0.0, until - time.monotonic()))


def _settle(future: asyncio.Future[T], result: T, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def post_to(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: object) -> None:
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        # The loop is closed: there is no receiver any more.
        if not loop.is_closed():
            raise
