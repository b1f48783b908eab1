"""What each choice of `STT(latency=)` brings, and what it costs."""

from __future__ import annotations

from typing import get_args

from livekit_plugins_azure_interpreter.options import Latency

from .cost import CONVERSATION
from .figures import Figure, Result, median, p99
from .service import serve
from .worker import Job, Report, run

_STREAMS = 10
_SECONDS = 8.0
_ROUNDS = 3


def measure(*, quick: bool) -> list[Result]:
    """A quick run leaves it out: choices are compared once, and not after each change."""
    if quick:
        return []
    choices = get_args(Latency)
    uploads: dict[str, list[float]] = {choice: [] for choice in choices}
    reports: dict[str, list[Report]] = {choice: [] for choice in choices}
    with serve(CONVERSATION) as service:
        for _ in range(_ROUNDS):
            for choice in choices:
                service.take_uploads()
                job = Job("pair", _SECONDS, _STREAMS, options={"latency": choice})
                reports[choice].append(run(job, service))
                uploads[choice] += service.take_uploads()
    cpu_ms = {choice: median([report.cpu_ms for report in reports[choice]]) for choice in choices}
    figures = [
        Figure(
            f'latency="{choice}", {_STREAMS} at once: a frame\'s push to the wire',
            median(uploads[choice]),
            "ms",
            beside=f"99th {p99(uploads[choice]):.0f}; {cpu_ms[choice]:.1f} ms of CPU per second of audio",
        )
        for choice in choices
    ]
    points = {choice: [(cpu_ms[choice], median(uploads[choice]))] for choice in choices}
    axes = ("ms of CPU per second of audio and stream", "ms from push to wire")
    return [Result("choices of latency", figures, points, axes)]
