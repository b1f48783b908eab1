"""Processes that can be killed and frozen, all on one event loop of virtual time."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakSet

from fakes.clock import VirtualLoop

_CURRENT: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class FleetLoop(VirtualLoop):
    """Virtual time without threads and sockets, so that nothing real is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.set_task_factory(_task)

    def begin_at(self, seconds: float) -> None:
        """Set the time, before anything is scheduled."""
        self._virtual_now = seconds

    def wait(self, select: Callable[[], list[Any]], timeout: float | None) -> list[Any]:
        if timeout is None:
            return super().wait(select, timeout)
        self._virtual_now += timeout
        return []

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """The timers of a process that is frozen wait until it goes on."""
        process = _CURRENT.get() if context is None else context.get(_CURRENT)
        if process is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, _fire, process, callback, args, context=context)

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""


class Process:
    """A process of the fleet. What it begins, and all that this begins, is part of it.

    It meets the world only in the fakes, each of which waits for `running`: one that is frozen does nothing
    there before it goes on, and one that is dead never does.

    Attributes:
        tasks: What it works at.
        ended: Called once it is dead.
        frozen: Called when it freezes.
        thawed: Called when it goes on.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.ended: list[Callable[[], None]] = []
        self.frozen: list[Callable[[], None]] = []
        self.thawed: list[Callable[[], None]] = []
        self._runs = asyncio.Event()
        self._runs.set()
        self._late: list[Callable[[], object]] = []
        self._context = contextvars.copy_context()
        self._context.run(_CURRENT.set, self)

    @property
    def runs(self) -> bool:
        return self._runs.is_set() and not self.is_dead

    @property
    def is_frozen(self) -> bool:
        return not self._runs.is_set()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._context.copy().run(asyncio.get_running_loop().create_task, work)

    def tell(self, handler: Callable[[], object]) -> None:
        """Something has reached it from outside; it sees that once it runs."""
        if self.runs:
            asyncio.get_running_loop().call_soon(handler, context=self._context)
        else:
            self._late.append(handler)

    def freeze(self) -> None:
        self._runs.clear()
        _call(self.frozen)

    def thaw(self) -> None:
        if not self.is_dead and self.is_frozen:
            self._runs.set()
            _call(self.thawed)
            late, self._late = self._late, []
            for handler in late:
                self.tell(handler)

    async def until_running(self) -> None:
        if self.is_dead:
            await asyncio.Event().wait()
        await self._runs.wait()

    async def end(self) -> None:
        """It is dead, whether killed or finished: no task of it is left."""
        if self.is_dead:
            return
        self.is_dead = True
        _call(self.ended)
        current = asyncio.current_task()
        while tasks := {one for one in self.tasks if not one.done()} - {current}:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def running() -> None:
    """Wait until the process that calls may go on; each fake does so before it answers."""
    process = _CURRENT.get()
    if process is not None and not process.runs:
        await process.until_running()


def begin_in_world(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Begin something that is part of no process, whoever asked for it."""
    context = contextvars.copy_context()
    context.run(_CURRENT.set, None)
    return context.run(asyncio.get_running_loop().create_task, work)


WORLD = contextvars.Context()
"""For timers that are no process's."""


def _fire(process: Process, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
    if process.runs:
        callback(*args)
    else:
        process.tell(lambda: callback(*args))


def _call(handlers: list[Callable[[], None]]) -> None:
    for handler in tuple(handlers):
        handler()


def _task(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **options: Any
) -> asyncio.Task[Any]:
    task = asyncio.Task(work, loop=loop, **options)
    if (process := _CURRENT.get()) is not None:
        process.tasks.add(task)
    return task
