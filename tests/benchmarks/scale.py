"""How many streams this machine carries, the emulator beside them: in one process, and in several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .cost import CONVERSATION
from .figures import Figure, Result, p99
from .service import Service, serve
from .stamps import FRAME_SECONDS
from .worker import Job, Report, run

_MOST = 400
_PROCESSES = 4
"""A worker runs each job in a process of its own."""
_OFFICIAL = "official STT"


@dataclass(frozen=True)
class _Kind:
    """What carries streams, in how many processes, with which options."""

    kind: str
    processes: int = 1
    options: Mapping[str, object] = field(default_factory=dict)


_KINDS: Mapping[str, _Kind] = {
    "pair": _Kind("pair"),
    "pair, messages as long as the official STT's": _Kind("pair", options={"latency": "relaxed"}),
    _OFFICIAL: _Kind("official"),
    f"pair, {_PROCESSES} processes": _Kind("pair", _PROCESSES),
    f"official STT, {_PROCESSES} processes": _Kind("official", _PROCESSES),
}


def measure(*, quick: bool) -> list[Result]:
    """Streams are added until a frame or a voice is late."""
    seconds, step = (3.0, 40) if quick else (12.0, 20)
    most = 40 if quick else _MOST
    found: dict[str, dict[int, Sequence[Report]]] = {name: {} for name in _KINDS}
    with serve(CONVERSATION) as service:
        going = list(found)
        tries = 1 if quick else 2  # before one bad moment of the machine ends it
        for streams in range(step, most + 1, step):
            for name in tuple(going):
                if not any(_try(name, streams, seconds, service, found[name]) for _ in range(tries)):
                    going.remove(name)
    return [_scale(found)]


def _scale(found: Mapping[str, Mapping[int, Sequence[Report]]]) -> Result:
    largest = {
        name: max((n for n, reports in of_kind.items() if _holds(reports)), default=0)
        for name, of_kind in found.items()
    }
    figures = [
        Figure(
            f"streams on time, {name}",
            largest[name],
            "streams",
            at_least=True,
            goal=largest[_OFFICIAL] if kind.processes == 1 and name != _OFFICIAL else None,
        )
        for name, kind in _KINDS.items()
    ]
    series = {
        name: [(float(n), _cpu_ms(reports)) for n, reports in of_kind.items()]
        for name, of_kind in found.items()
    }
    return Result("scale", figures, series, ("streams", "ms of CPU per second of audio and stream"))


def _try(
    name: str, streams: int, seconds: float, service: Service, found: dict[int, Sequence[Report]]
) -> bool:
    kind = _KINDS[name]
    job = Job(kind.kind, seconds, streams // kind.processes, CONVERSATION.period_seconds, kind.options)
    with ThreadPoolExecutor(kind.processes) as processes:
        found[streams] = list(processes.map(lambda _: run(job, service), range(kind.processes)))
    return _holds(found[streams])


def _cpu_ms(reports: Sequence[Report]) -> float:
    return sum(report.cpu_ms for report in reports) / len(reports)


def _holds(reports: Sequence[Report]) -> bool:
    late_ms = [late for report in reports for late in report.late_ms]
    return p99(late_ms) <= FRAME_SECONDS * 1000 and not any(report.stalls for report in reports)
