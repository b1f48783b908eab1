"""Ctrl-C ends an example as its end does: everything is closed, and nothing complains."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any


def run_interruptibly(main: Coroutine[Any, Any, None]) -> None:
    """As `asyncio.run`. Before Python 3.11 that interrupts whatever task runs just then.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, and all is closed.
    """
    try:
        asyncio.run(_cancelled_by_ctrl_c(main))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _cancelled_by_ctrl_c(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.current_task()
    assert task is not None
    with contextlib.suppress(NotImplementedError):  # on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    await main
