"""CPU and memory per stream with voices; and, where ten run at once, (c) from microphone to wire."""

from __future__ import annotations

from collections.abc import Mapping

from .figures import Figure, Result, distribution, median, p99
from .service import Conversation, serve
from .setup import SDK_DEFAULTS, SDK_SETTINGS
from .worker import Job, Report, run

CONVERSATION = Conversation(4.02, 2.0, 2.0, recognition_delay_ms=100, voice_delay_ms=100, voice_speed=1.5)
_UPLOAD_STREAMS = 10
_KINDS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "pair": ("pair", {}),
    "bare SDK, set as the pair": ("bare", SDK_SETTINGS),
    "bare SDK, its defaults": ("bare", SDK_DEFAULTS),
    "official STT": ("official", {}),
    "the benchmark itself": ("nothing", {}),
}


class _Runs:
    """The reports and uploads of every kind, over the rounds, at one number of streams."""

    def __init__(self) -> None:
        self.reports: dict[str, list[Report]] = {name: [] for name in _KINDS}
        self.uploads: dict[str, list[float]] = {name: [] for name in _KINDS}

    def cpu_ms(self, name: str) -> float:
        """Per stream and second of audio, without what the benchmark itself takes."""
        own = self._cpu_ms("the benchmark itself")
        return self._cpu_ms(name) - own

    def _cpu_ms(self, name: str) -> float:
        return median([report.cpu_ms for report in self.reports[name]])

    def memory_mb(self, name: str) -> float:
        return median([report.memory_mb for report in self.reports[name]])


def measure(*, quick: bool) -> list[Result]:
    rounds, seconds, counts = (1, 4.0, (10,)) if quick else (5, 16.0, (1, 10, 50, 100))
    by_count = {}
    with serve(CONVERSATION) as service:
        for streams in counts:
            runs = by_count[streams] = _Runs()
            for _ in range(rounds):
                for name, (kind, options) in _KINDS.items():
                    service.take_uploads()
                    runs.reports[name].append(run(Job(kind, seconds, streams, options), service))
                    runs.uploads[name] += service.take_uploads()
    return [_cost(by_count), _memory(by_count), _upload(by_count[_UPLOAD_STREAMS])]


def _cost(by_count: Mapping[int, _Runs]) -> Result:
    result = Result("CPU per stream", axes=("streams", "ms of CPU per second of audio and stream"))
    for name in list(_KINDS)[:-1]:
        result.series[name] = [(float(count), runs.cpu_ms(name)) for count, runs in by_count.items()]
    for count, runs in by_count.items():
        ours = runs.cpu_ms("pair")
        bounds = (("bare SDK, set as the pair", 1.15), ("official STT", 1.4))
        for other, bound in bounds:
            theirs = runs.cpu_ms(other)
            result.figures.append(
                Figure(
                    f"CPU per stream, {count} at once, to the {other}",
                    ours / theirs,
                    "times",
                    bound if count == 50 else None,
                    beside=f"{ours:.1f} and {theirs:.1f} ms per second of audio",
                )
            )
    return result


def _memory(by_count: Mapping[int, _Runs]) -> Result:
    figures = [
        Figure(
            f"memory per stream, {count} at once",
            runs.memory_mb("pair"),
            "MB",
            1.5 if count == 50 else None,
            beside=f"bare SDK {runs.memory_mb('bare SDK, set as the pair'):.2f} MB",
        )
        for count, runs in by_count.items()
    ]
    series = {
        name: [(float(count), runs.memory_mb(name)) for count, runs in by_count.items()]
        for name in ("pair", "bare SDK, set as the pair", "official STT")
    }
    return Result("memory per stream", figures, series, ("streams", "MB per stream"))


def _upload(runs: _Runs) -> Result:
    ours, theirs = runs.uploads["pair"], runs.uploads["bare SDK, its defaults"]
    cpu = runs.cpu_ms("pair"), runs.cpu_ms("bare SDK, its defaults")
    return Result(
        "microphone to wire",
        [
            Figure(
                f"a frame's push to the wire, {_UPLOAD_STREAMS} at once, median",
                median(ours),
                "ms",
                20.0,
                beside=f"99th {p99(ours):.0f}; bare SDK: {median(theirs):.0f}, 99th {p99(theirs):.0f}",
            ),
            Figure(
                "that CPU, to the bare SDK's at its defaults",
                cpu[0] / cpu[1],
                "times",
                1.3,
                beside=f"{cpu[0]:.1f} and {cpu[1]:.1f} ms per second of audio",
            ),
        ],
        {"pair": distribution(ours), "bare SDK, its defaults": distribution(theirs)},
        ("ms from push to wire", "share of frames"),
    )
