"""Counts what a loop is given to do, and what of the package it runs: work, not time."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import livekit_plugins_azure_interpreter

_PACKAGE = str(Path(livekit_plugins_azure_interpreter.__file__).parent)
_EMULATOR = str(Path(_PACKAGE) / "emulator")
_COUNTED = ("call_soon_threadsafe", "call_soon", "call_at", "create_task")


class Work:
    """What happens on the running loop while the context lasts.

    Attributes:
        calls: How often a Python function of the package was called or resumed, on the loop's thread. Unlike
            time it does not depend on the machine, and unlike allocations hardly on the version of Python:
            from 3.12 on, comprehensions are no calls. `tracemalloc` is no choice: when it stops, it can
            crash a process in which the SDK's threads run.
        wakes: Calls from other threads (`call_soon_threadsafe`), which wake the loop.
        steps: What was scheduled at once (`call_soon`): a task's step, a callback of a future.
        timers: What was scheduled for later (`call_at`; `call_later` uses it, too).
        tasks: The tasks that were made.
    """

    def __init__(self) -> None:
        self._loop: Any = asyncio.get_running_loop()
        self._counts = dict.fromkeys(_COUNTED, 0)
        self.calls = 0

    def __enter__(self) -> Work:
        for name in _COUNTED:
            setattr(self._loop, name, self._counting(name))
        sys.setprofile(self._profile)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        sys.setprofile(None)
        for name in _COUNTED:
            delattr(self._loop, name)

    @property
    def wakes(self) -> int:
        return self._counts["call_soon_threadsafe"]

    @property
    def steps(self) -> int:
        return self._counts["call_soon"]

    @property
    def timers(self) -> int:
        return self._counts["call_at"]

    @property
    def tasks(self) -> int:
        return self._counts["create_task"]

    def _counting(self, name: str) -> Any:
        call = getattr(self._loop, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self._counts[name] += 1
            return call(*arguments, **named)

        return counted

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        path = frame.f_code.co_filename
        if event == "call" and path.startswith(_PACKAGE) and not path.startswith(_EMULATOR):
            self.calls += 1
