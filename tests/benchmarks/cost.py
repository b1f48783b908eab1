"""CPU and memory per stream with voices; and, where ten run at once, (c) from microphone to wire."""

from __future__ import annotations

from collections.abc import Mapping

from .figures import Figure, Result, distribution, median, p99
from .service import Conversation, Service, serve
from .setup import SDK_DEFAULTS, SDK_SETTINGS
from .worker import Job, Report, run

CONVERSATION = Conversation(4.02, 2.0, 2.0, recognition_delay_ms=100, voice_delay_ms=100, voice_speed=1.5)
_UPLOAD_STREAMS = 10
_BOUND_STREAMS = 50
_KEPT_MB = CONVERSATION.period_seconds * 16000 * 2 / 1e6
"""Speech since the last final, and until the next: 16 kHz, 16 bit."""
_ITSELF = "the benchmark itself"
_KINDS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "pair": ("pair", {}),
    "bare SDK, set as the pair": ("bare", SDK_SETTINGS),
    "bare SDK, its defaults": ("bare", SDK_DEFAULTS),
    "official STT": ("official", {}),
    _ITSELF: ("nothing", {}),
}


class _Runs:
    """The reports and uploads of every kind, over the rounds, at one number of streams."""

    def __init__(self) -> None:
        self.reports: dict[str, list[Report]] = {name: [] for name in _KINDS}
        self.uploads: dict[str, list[float]] = {name: [] for name in _KINDS}

    def add_round(
        self, service: Service, streams: int, seconds: float, *, starting_seconds: float = 0.0
    ) -> None:
        for name, (kind, options) in _KINDS.items():
            if name == _ITSELF and self.reports[name]:
                continue  # next to nothing, and always the same
            service.take_uploads()
            self.reports[name].append(run(Job(kind, seconds, streams, starting_seconds, options), service))
            self.uploads[name] += service.take_uploads()

    def cpu_ms(self, name: str) -> float:
        """Per stream and second of audio, without what the benchmark itself takes."""
        return self._cpu_ms(name) - self._cpu_ms(_ITSELF)

    def _cpu_ms(self, name: str) -> float:
        return median([report.cpu_ms for report in self.reports[name]])

    def memory_mb(self, name: str) -> float:
        return median([report.memory_mb for report in self.reports[name]])


def measure(*, quick: bool) -> list[Result]:
    """All streams hear the same at the same time; and once, speakers who begin one after the other."""
    seconds = 3.0 if quick else 12.0
    rounds = {_UPLOAD_STREAMS: 1} if quick else {1: 1, _UPLOAD_STREAMS: 3, _BOUND_STREAMS: 3, 100: 1}
    by_count: dict[int, _Runs] = {}
    one_by_one = _Runs()
    with serve(CONVERSATION) as service:
        for streams, repeats in rounds.items():
            by_count[streams] = _Runs()
            for _ in range(repeats):
                by_count[streams].add_round(service, streams, seconds)
        for _ in range(rounds.get(_BOUND_STREAMS, 0)):
            starting_seconds = CONVERSATION.period_seconds
            one_by_one.add_round(service, _BOUND_STREAMS, seconds, starting_seconds=starting_seconds)
    cost = _cost(by_count)
    if not quick:
        cost.figures += _to_others(one_by_one, f"{_BOUND_STREAMS} that begin one by one")
    return [cost, _memory(by_count), _upload(by_count[_UPLOAD_STREAMS])]


def _cost(by_count: Mapping[int, _Runs]) -> Result:
    result = Result("CPU per stream", axes=("streams", "ms of CPU per second of audio and stream"))
    for name in _KINDS:
        if name != _ITSELF:
            result.series[name] = [(float(count), runs.cpu_ms(name)) for count, runs in by_count.items()]
    for count, runs in by_count.items():
        result.figures += _to_others(runs, f"{count} at once", bound=count == _BOUND_STREAMS)
    return result


def _to_others(runs: _Runs, streams: str, *, bound: bool = False) -> list[Figure]:
    ours = runs.cpu_ms("pair")
    return [
        Figure(
            f"CPU per stream, {streams}, to the {other}",
            ours / runs.cpu_ms(other),
            "times",
            most if bound else None,
            beside=f"{ours:.1f} and {runs.cpu_ms(other):.1f} ms per second of audio",
        )
        for other, most in (("bare SDK, set as the pair", 1.15), ("official STT", 1.4))
    ]


def _memory(by_count: Mapping[int, _Runs]) -> Result:
    figures = [
        Figure(
            f"memory per stream, {count} at once",
            runs.memory_mb("pair"),
            "MB",
            1.5 if count == _BOUND_STREAMS else None,
            beside=f"bare SDK {runs.memory_mb('bare SDK, set as the pair'):.2f} MB; "
            f"in it audio kept for another attempt, at most {_KEPT_MB:.2f} MB",
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
    kinds = ("pair", "bare SDK, its defaults", "bare SDK, set as the pair")
    cpu, least, alike = (runs.cpu_ms(kind) for kind in kinds)
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
                cpu / least,
                "times",
                1.3,
                beside=f"{cpu:.1f} and {least:.1f} ms per second of audio; "
                f"the bare SDK, set as the pair, {alike / least:.2f} times",
            ),
        ],
        {"pair": distribution(ours), "bare SDK, its defaults": distribution(theirs)},
        ("ms from push to wire", "share of frames"),
    )
