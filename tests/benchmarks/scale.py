"""How many streams one process carries on this machine, the emulator beside it."""

from __future__ import annotations

from .cost import CONVERSATION
from .figures import Figure, Result, p99
from .service import Service, serve
from .stamps import FRAME_SECONDS
from .worker import Job, Report, run

_MOST = 400


def measure(*, quick: bool) -> list[Result]:
    seconds, step = (3.0, 40) if quick else (12.0, 20)
    most = 40 if quick else _MOST
    reports: dict[str, dict[int, Report]] = {"pair": {}, "official": {}}
    with serve(CONVERSATION) as service:
        going = list(reports)
        tries = 1 if quick else 2  # before one bad moment of the machine ends it
        for streams in range(step, most + 1, step):
            for kind in tuple(going):
                found = reports[kind]
                if not any(_try(kind, streams, seconds, service, found) for _ in range(tries)):
                    going.remove(kind)
    return [_scale(reports)]


def _scale(reports: dict[str, dict[int, Report]]) -> Result:
    largest = {
        kind: max((n for n, it in found.items() if _holds(it)), default=0) for kind, found in reports.items()
    }
    figure = Figure(
        "streams on time, to the official STT's",
        largest["pair"] / max(1, largest["official"]),
        "times",
        1.0,
        at_least=True,
        beside=f"{largest['pair']} and {largest['official']} streams",
    )
    series = {
        kind: [(float(n), report.cpu_ms) for n, report in found.items()] for kind, found in reports.items()
    }
    return Result("scale", [figure], series, ("streams", "ms of CPU per second of audio and stream"))


def _try(kind: str, streams: int, seconds: float, service: Service, found: dict[int, Report]) -> bool:
    job = Job(kind, seconds, streams, starting_seconds=CONVERSATION.period_seconds)
    found[streams] = run(job, service)
    return _holds(found[streams])


def _holds(report: Report) -> bool:
    return p99(report.late_ms) <= FRAME_SECONDS * 1000 and report.stalls == 0
