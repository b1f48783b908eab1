"""Kills processes (`kill -9`) at random moments of their work, which does not depend on the machine's pace.

Each process is a fork of this one, so that it begins in milliseconds; there may be no thread and no loop yet.
"""

from __future__ import annotations

import asyncio
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from .limits import LIMIT_SECONDS

Work = Callable[[], Coroutine[Any, Any, None]]


def kill_each(first: Work, works: list[Work], *, lines: int, seed: str) -> None:
    """Begin each work, and kill it before it would have printed so many lines.

    Args:
        first: Prints so many lines undisturbed, which tells how long that takes. It is killed after that.
        works: Run until they are killed. They print each line by one write.
        lines: How many.
        seed: Of the moments.
    """
    moments = random.Random(seed)
    longest_seconds = _seconds_of(first, lines)
    for work in works:
        begins, has_begun = os.pipe()
        child = os.fork()
        if not child:
            os.write(has_begun, b"!")
            asyncio.run(work())
        os.read(begins, 1)
        time.sleep(moments.uniform(0.0, longest_seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(begins)
        os.close(has_begun)


def _seconds_of(work: Work, lines: int) -> float:
    """How long it takes for so many lines, on this machine and now; what it prints is printed."""
    printed, to_print = os.pipe()
    began_at = time.monotonic()
    child = os.fork()
    if not child:
        os.dup2(to_print, sys.stdout.fileno())
        asyncio.run(work())
    os.close(to_print)
    text = b""
    try:
        while text.count(b"\n") < lines:
            if not select.select([printed], [], [], LIMIT_SECONDS)[0] or not (read := os.read(printed, 4096)):
                sys.exit("the first process prints nothing")
            text += read
        seconds = time.monotonic() - began_at
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    while read := os.read(printed, 4096):
        text += read
    os.write(sys.stdout.fileno(), text)
    return seconds
