"""An event loop whose time is virtual: it stands still while anybody works, and else jumps.

Hours of a schedule run in seconds, and a deadline never passes because a machine is slow.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from .limits import LIMIT_SECONDS

T = TypeVar("T")

STUCK_SECONDS = LIMIT_SECONDS
"""Real seconds in which something must happen, where nothing is scheduled or a thread is at work."""
_POLL_SECONDS = 0.00002
_THREADS = "azure-interpreter-"
"""How the threads are named in which the package opens and closes."""


class StuckError(Exception):
    """Nothing is scheduled that could ever wake the loop, or a thread works without end."""


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Waits for what really happens; the rest of waiting is the loop's."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        return self.loop.wait(lambda: super(_Selector, self).select(0), timeout)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with virtual time, and a world outside of it.

    The world (`happen`) goes on while the loop is blocked (`block`), as a service does.

    Attributes:
        idle: Whether all threads, besides those of the package, have reported what they have to.
    """

    def __init__(self) -> None:
        self._virtual_now = 1000.0
        self._world: list[tuple[float, int, Callable[[], None]]] = []
        self._lock = threading.Lock()
        self._count = itertools.count()
        self.idle: Callable[[], bool] = lambda: True
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual_now

    def happen(self, after: float, what: Callable[[], None]) -> None:
        """Have something happen in the world, `after` seconds from now. Any thread may call it."""
        with self._lock:
            at = self._virtual_now + max(0.0, after)
            heapq.heappush(self._world, (at, next(self._count), what))

    def block(self, seconds: float) -> None:
        """Called in a callback: block the loop, while the world goes on."""
        until = self._virtual_now + seconds
        while self._world and self._world[0][0] <= until:
            self._next_happening()
            self._let_threads_work(lambda: None)
        self._virtual_now = until

    def wait(self, select: Callable[[], list[Any]], timeout: float | None) -> list[Any]:
        """What became ready; where nothing can, after the next thing has happened in the world."""
        ready = select()
        if ready or timeout == 0:
            return ready
        until = None if timeout is None else self._virtual_now + timeout
        while True:
            # Twice: what a thread reported just before it was done is ready now.
            if ready := self._let_threads_work(select) or select():
                return ready
            if self._world and (until is None or self._world[0][0] <= until):
                self._next_happening()
            elif until is not None:
                self._virtual_now = max(self._virtual_now, until)
                return []
            else:
                names = sorted(task.get_name() for task in asyncio.all_tasks(self))
                raise StuckError(f"nothing is scheduled and nobody is at work; waiting: {names}")

    def _next_happening(self) -> None:
        with self._lock:
            at, _, what = heapq.heappop(self._world)
            self._virtual_now = max(self._virtual_now, at)
        what()

    def _let_threads_work(self, select: Callable[[], list[Any] | None]) -> list[Any]:
        limit = time.monotonic() + STUCK_SECONDS
        while not self.idle() or _package_works():
            if ready := select():
                return ready
            if time.monotonic() > limit:
                raise StuckError(f"a thread has worked for {STUCK_SECONDS} s")
            time.sleep(_POLL_SECONDS)
        return []


def run(loop: VirtualLoop, main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, on this loop; fails if `main` leaves a task or a timer behind."""
    try:
        result = loop.run_until_complete(main)
        loop.run_until_complete(loop.shutdown_asyncgens())
        _finish_closing_generators(loop)
        left = [repr(task) for task in asyncio.all_tasks(loop)]
        timers = [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        assert not left, f"tasks are left behind: {left}"
        assert not timers, f"timers are left behind: {timers}"
        return result
    finally:
        _cancel_all(loop)
        loop.close()


def in_virtual_time(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on such a loop."""

    def decorated() -> None:
        run(VirtualLoop(), test())

    decorated.__name__, decorated.__doc__ = test.__name__, test.__doc__
    return decorated


def _finish_closing_generators(loop: VirtualLoop) -> None:
    """An asynchronous generator that is collected as garbage is closed by a task of the loop's own."""
    tasks = asyncio.all_tasks(loop)
    closing = [task for task in tasks if type(task.get_coro()).__name__ == "async_generator_athrow"]
    if closing:
        loop.run_until_complete(asyncio.gather(*closing))


def _cancel_all(loop: VirtualLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


def _package_works() -> bool:
    return any(thread.name.startswith(_THREADS) for thread in threading.enumerate())
