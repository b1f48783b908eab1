"""Processes that the launcher starts, waits for, and ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from .._within import within
from .reaper import kill_group

_TAIL_BYTES = 8192
_CHUNK_BYTES = 4096
_LINES_SHOWN = 15
_TIMES_ASKED = 3
_END_SECONDS = 3.0
_REAPER = Path(__file__).with_name("reaper.py")

T = TypeVar("T")
Output = Callable[[bytes], object]
"""Called with all that a process writes."""


class Child:
    """A process, with those that it starts itself. `Children` starts it.

    Args:
        name: What it is, for people.
        process: The process, which leads a group of its own.
        output: Called with all that it writes.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, output: Output) -> None:
        self.name = name
        self._process, self._output = process, output
        self._tail = b""
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Its process, and its group of processes."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.returncode

    async def until_written(self, pattern: str, *, seconds: float) -> str:
        """Wait until it has written this; what the first group of the pattern has matched.

        Args:
            pattern: A regular expression with a group.
            seconds: How long to wait.

        Raises:
            RuntimeError: It did not, or has ended.
        """

        async def wait() -> str:
            while (found := re.search(pattern, self._text())) is None:
                if self._reading.done():
                    raise self._failure("has ended")
                self._changed.clear()
                await self._changed.wait()
            return found[1]

        return await self._in_time(wait(), seconds)

    async def until_true(self, condition: Callable[[], bool], *, seconds: float) -> None:
        """Wait until a question to it is answered with yes.

        Args:
            condition: Asks; it runs in a thread, again and again.
            seconds: How long to wait.

        Raises:
            RuntimeError: It did not, or has ended.
        """

        async def wait() -> None:
            while not await asyncio.to_thread(condition):
                if self._reading.done():
                    raise self._failure("has ended")
                await asyncio.sleep(0.05)

        await self._in_time(wait(), seconds)

    async def until_ended(self) -> None:
        """Wait for an end that nobody asked for.

        Raises:
            RuntimeError: It has ended.
        """
        await asyncio.shield(self._reading)
        raise self._failure("has ended")

    async def end(self) -> None:
        """End it and what it started: by asking up to three times, and then by force."""
        # LiveKit's server takes no notice while it is starting.
        for _ in range(_TIMES_ASKED):
            with contextlib.suppress(ProcessLookupError, asyncio.TimeoutError):
                self._process.terminate()
                await within(self._until_exited(), _END_SECONDS)
        kill_group(self.pid)
        await self._until_exited()
        await asyncio.wait({self._reading}, timeout=_END_SECONDS)

    async def _until_exited(self) -> None:
        # asyncio's own `wait` also waits for the processes that have inherited the pipes.
        while self._process.returncode is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _in_time(self, waiting: Awaitable[T], seconds: float) -> T:
        try:
            return await within(waiting, seconds)
        except asyncio.TimeoutError as error:
            raise self._failure(f"was not ready within {seconds:.0f} s") from error

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(_CHUNK_BYTES):
            self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
            self._output(chunk)
            self._changed.set()
        self._changed.set()

    def _text(self) -> str:
        return self._tail.decode(errors="replace")

    def _failure(self, what: str) -> RuntimeError:
        last = self._text().splitlines()[-_LINES_SHOWN:]
        written = "".join(f"\n    {line}" for line in last) or " nothing"
        return RuntimeError(f"{self.name} {what}. The last that it wrote:{written}")


class Children:
    """Starts processes, and ends them all: the last one first. None outlives the launcher, however that ends.

    Args:
        output: Called with all that they write.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._started: list[Child] = []
        self._reaper: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Children:
        self._reaper = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(_REAPER), stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._started:
            await self.end(self._started[-1])
        assert self._reaper is not None
        assert self._reaper.stdin is not None
        self._reaper.stdin.close()
        with contextlib.suppress(asyncio.TimeoutError):
            await within(self._reaper.wait(), _END_SECONDS)

    async def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start a program.

        Args:
            name: What it is, for people.
            command: The program and its arguments.
            environment: What it gets beside the launcher's own variables.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C reaches the launcher alone, which ends its children in their order.
            start_new_session=True,
        )
        child = Child(name, process, self._output)
        self._started.append(child)
        self._tell_reaper(f"+{child.pid}")
        return child

    async def end(self, child: Child) -> None:
        """End one of them.

        Args:
            child: Which one.
        """
        await child.end()
        self._started.remove(child)
        self._tell_reaper(f"-{child.pid}")

    async def until_one_ends(self) -> None:
        """Wait for an end that nobody asked for.

        Raises:
            RuntimeError: One has ended.
        """
        await asyncio.gather(*(child.until_ended() for child in self._started))

    def _tell_reaper(self, line: str) -> None:
        assert self._reaper is not None
        assert self._reaper.stdin is not None
        self._reaper.stdin.write(f"{line}\n".encode())
