"""Ends the launcher's processes if the launcher cannot.

It is a process of its own, with nothing but Python. It reads "+PID" for each group of processes that was
started, and "-PID" for each that has ended. When the launcher is gone, whatever the reason, the input ends;
what is left then is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable


def groups_left(lines: Iterable[str]) -> list[int]:
    """The groups that were started and have not ended.

    Args:
        lines: What the launcher wrote.
    """
    left: dict[int, None] = {}
    for line in lines:
        pid = int(line[1:])
        if line.startswith("+"):
            left[pid] = None
        else:
            left.pop(pid, None)
    return list(left)


def kill_group(pid: int) -> None:
    """Kill a process and all that it started.

    Args:
        pid: The process, which leads a group.
    """
    # Windows has neither; its SIGTERM is as hard as SIGKILL.
    kill = getattr(os, "killpg", os.kill)
    with contextlib.suppress(ProcessLookupError):
        kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


if __name__ == "__main__":
    for group in groups_left(sys.stdin):
        kill_group(group)
