"""Runs work that blocks in one thread, in order."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from .record import RecordError

T = TypeVar("T")
_MOST_WAITING = 16
"""The keeper hands out one batch at a time. More work waits only while the disk does not answer."""


class WorkerThread:
    """A thread that starts with the first work and ends with `stop`. It does not hold up the process's end.

    Args:
        name: The name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue(_MOST_WAITING)
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """Run something, after all that was given before. It is also run if the caller is cancelled.

        Raises:
            RecordError: Too much waits: the thread hangs.
            Exception: What `work` raises.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if not future.done():
                if error is None:
                    future.set_result(result)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
                else:
                    future.set_exception(error)

        def run() -> None:
            result: T | None = None
            failure: BaseException | None = None
            try:
                result = work()
            except BaseException as error:  # also SystemExit: the caller must not wait for ever
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, result, failure)

        self._put(run)
        return await future

    def stop(self) -> None:
        """End the thread after the work that it has. More work starts another one."""
        if self._thread is not None:
            with contextlib.suppress(queue.Full):  # it hangs
                self._work.put_nowait(None)
            self._thread = None

    def _put(self, run: Callable[[], None]) -> None:
        try:
            self._work.put_nowait(run)
        except queue.Full:
            raise RecordError("the disk of the record does not answer") from None
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
