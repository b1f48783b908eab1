"""How many streams one process carries on this machine, the emulator beside it."""

from __future__ import annotations

from collections.abc import Mapping

from .cost import CONVERSATION
from .figures import Figure, Result, p99
from .service import Service, serve
from .stamps import FRAME_SECONDS
from .worker import Job, Report, run

_MOST = 400
_OFFICIAL = "official STT"
_KINDS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "pair": ("pair", {}),
    "pair, messages as long as the official STT's": ("pair", {"latency": "relaxed"}),
    _OFFICIAL: ("official", {}),
}


def measure(*, quick: bool) -> list[Result]:
    seconds, step = (3.0, 40) if quick else (12.0, 20)
    most = 40 if quick else _MOST
    reports: dict[str, dict[int, Report]] = {name: {} for name in _KINDS}
    with serve(CONVERSATION) as service:
        going = list(reports)
        tries = 1 if quick else 2  # before one bad moment of the machine ends it
        for streams in range(step, most + 1, step):
            for name in tuple(going):
                found = reports[name]
                if not any(_try(name, streams, seconds, service, found) for _ in range(tries)):
                    going.remove(name)
    return [_scale(reports)]


def _scale(reports: Mapping[str, Mapping[int, Report]]) -> Result:
    largest = {
        name: max((n for n, it in found.items() if _holds(it)), default=0) for name, found in reports.items()
    }
    figures = [
        Figure(
            f"streams on time, {name}, to the official STT's",
            largest[name] / max(1, largest[_OFFICIAL]),
            "times",
            1.0,
            at_least=True,
            beside=f"{largest[name]} and {largest[_OFFICIAL]} streams",
        )
        for name in _KINDS
        if name != _OFFICIAL
    ]
    series = {
        name: [(float(n), report.cpu_ms) for n, report in found.items()] for name, found in reports.items()
    }
    return Result("scale", figures, series, ("streams", "ms of CPU per second of audio and stream"))


def _try(name: str, streams: int, seconds: float, service: Service, found: dict[int, Report]) -> bool:
    kind, options = _KINDS[name]
    job = Job(kind, seconds, streams, CONVERSATION.period_seconds, options)
    found[streams] = run(job, service)
    return _holds(found[streams])


def _holds(report: Report) -> bool:
    return p99(report.late_ms) <= FRAME_SECONDS * 1000 and report.stalls == 0
