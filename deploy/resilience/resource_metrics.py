"""How the Azure resources do, for the Prometheus endpoint of the worker.

All metrics have labels, for the reason that `metrics.py` gives. A gauge is the sum, or the most, over the
processes that live.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter as Counts
from collections.abc import Sequence
from pathlib import Path

import psutil
from prometheus_client import Counter, Gauge

import livekit_plugins_azure_interpreter as azure_interpreter

_RESOURCE = ("resource", "use")
_EVERY_SECONDS = 5.0

OPEN_STREAMS = Gauge(
    "interpreter_resource_open_streams", "Places that are taken", _RESOURCE, multiprocess_mode="livesum"
)
MAX_STREAMS = Gauge(
    "interpreter_resource_max_streams", "Places that there are", _RESOURCE, multiprocess_mode="livemax"
)
RESTING = Gauge(
    "interpreter_resource_resting", "Processes for which it rests", _RESOURCE, multiprocess_mode="livesum"
)
REFUSALS = Counter("interpreter_resource_refusals", "Streams that it refused or lost", (*_RESOURCE, "reason"))
MOVED = Counter("interpreter_resource_moved", "Streams that left it for another one", _RESOURCE)


async def watch_resources(resources: azure_interpreter.SpeechResources) -> None:
    """Show the states every few seconds, until this is cancelled; then nothing of this process is open."""
    shown = ShownResources()
    try:
        while True:
            shown.show(resources.states)
            await asyncio.sleep(_EVERY_SECONDS)
    finally:
        shown.show(resources.states, is_last=True)


def forget_ended_jobs() -> None:
    """Leave processes out of the gauges that have ended. The worker calls it now and then.

    The last words of a process that was killed are streams that it no longer has.
    """
    for path in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("gauge_live*.db"):
        if not psutil.pid_exists(int(path.stem.rpartition("_")[2])):
            path.unlink(missing_ok=True)


class ShownResources:
    """What the endpoint shows of this process."""

    def __init__(self) -> None:
        self._refusals: Counts[tuple[str, str, str]] = Counts()
        self._moved: Counts[tuple[str, str]] = Counts()

    def show(self, states: Sequence[azure_interpreter.ResourceState], *, is_last: bool = False) -> None:
        """Show these states; the last ones have no open stream and no rest any more."""
        for one in states:
            labels = (one.name, one.use)
            OPEN_STREAMS.labels(*labels).set(0 if is_last else one.open_streams)
            MAX_STREAMS.labels(*labels).set(one.max_streams)
            RESTING.labels(*labels).set(not is_last and one.resting_until is not None)
            for reason in ("quota", "outage", "rejected"):
                count = one.refusals.get(reason, 0)
                # Shown from the start, as 0: Prometheus sees no increase in what was not there before.
                REFUSALS.labels(*labels, reason).inc(count - self._refusals[one.name, one.use, reason])
                self._refusals[one.name, one.use, reason] = count
            MOVED.labels(*labels).inc(one.moved_streams - self._moved[labels])
            self._moved[labels] = one.moved_streams
