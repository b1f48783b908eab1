"""CPU and memory per stream with voices; and, where ten run at once, from microphone to wire.

CPU is that of the whole process, what pushes the frames included; nothing is subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping

from .figures import Figure, Result, distribution, median, p99
from .service import Conversation, Service, serve
from .setup import SDK_DEFAULTS, SDK_SETTINGS
from .worker import Job, Report, run

CONVERSATION = Conversation(4.02, 2.0, 2.0, recognition_delay_ms=100, voice_delay_ms=100, voice_speed=1.5)
_UPLOAD_STREAMS = 10
_ONE_BY_ONE = (30, 50)
"""Numbers of streams that begin one after the other, as people in many rooms do."""
_MEMORY_STREAMS = 50
_KEPT_MB = CONVERSATION.period_seconds * 16000 * 2 / 1e6
"""Speech since the last final, and until the next: 16 kHz, 16 bit."""
_ALIKE, _DEFAULTS, _OFFICIAL = "bare SDK, set as the pair", "bare SDK, its defaults", "official STT"
_KINDS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "pair": ("pair", {}),
    _ALIKE: ("bare", SDK_SETTINGS),
    _DEFAULTS: ("bare", SDK_DEFAULTS),
    _OFFICIAL: ("official", {}),
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
            service.take_uploads()
            self.reports[name].append(run(Job(kind, seconds, streams, starting_seconds, options), service))
            self.uploads[name] += service.take_uploads()

    def cpu_ms(self, name: str) -> float:
        """Per stream and second of audio."""
        return median([report.cpu_ms for report in self.reports[name]])

    def memory_mb(self, name: str) -> float:
        return median([report.memory_mb for report in self.reports[name]])


def measure(*, quick: bool) -> list[Result]:
    """Streams that all say the same at once; and speakers who begin one after the other."""
    seconds = 3.0 if quick else 12.0
    at_once = {_UPLOAD_STREAMS: 1} if quick else {1: 1, _UPLOAD_STREAMS: 3, _MEMORY_STREAMS: 3}
    one_by_one = {30: 1} if quick else dict.fromkeys(_ONE_BY_ONE, 5)
    with serve(CONVERSATION) as service:
        together = {streams: _runs(service, streams, seconds, rounds) for streams, rounds in at_once.items()}
        apart = {
            streams: _runs(service, streams, seconds, rounds, starting_seconds=CONVERSATION.period_seconds)
            for streams, rounds in one_by_one.items()
        }
    return [_cost(together, apart), _memory(together), _upload(together[_UPLOAD_STREAMS])]


def _runs(
    service: Service, streams: int, seconds: float, rounds: int, *, starting_seconds: float = 0.0
) -> _Runs:
    runs = _Runs()
    for _ in range(rounds):
        runs.add_round(service, streams, seconds, starting_seconds=starting_seconds)
    return runs


def _cost(together: Mapping[int, _Runs], apart: Mapping[int, _Runs]) -> Result:
    result = Result("CPU per stream", axes=("streams", "ms of CPU per second of audio and stream"))
    for name in _KINDS:
        result.series[name] = [(float(count), runs.cpu_ms(name)) for count, runs in together.items()]
    for count, runs in together.items():
        result.figures += _to_others(runs, f"{count} at once")
    for count, runs in apart.items():
        result.figures += _to_others(
            runs, f"{count} that begin one by one", goals={_ALIKE: 1.12, _OFFICIAL: 1.3}
        )
    return result


def _to_others(runs: _Runs, streams: str, *, goals: Mapping[str, float] | None = None) -> list[Figure]:
    ours = runs.cpu_ms("pair")
    return [
        Figure(
            f"CPU per stream, {streams}, to the {other}",
            ours / runs.cpu_ms(other),
            "times",
            goal=(goals or {}).get(other),
            beside=f"{ours:.1f} and {runs.cpu_ms(other):.1f} ms per second of audio",
        )
        for other in (_ALIKE, _OFFICIAL)
    ]


def _memory(by_count: Mapping[int, _Runs]) -> Result:
    figures = [
        Figure(
            f"memory per stream, {count} at once",
            runs.memory_mb("pair"),
            "MB",
            1.5 if count == _MEMORY_STREAMS else None,
            beside=f"bare SDK {runs.memory_mb(_ALIKE):.2f} MB; "
            f"in it audio kept for another attempt, at most {_KEPT_MB:.2f} MB",
        )
        for count, runs in by_count.items()
    ]
    series = {
        name: [(float(count), runs.memory_mb(name)) for count, runs in by_count.items()]
        for name in ("pair", _ALIKE, _OFFICIAL)
    }
    return Result("memory per stream", figures, series, ("streams", "MB per stream"))


def _upload(runs: _Runs) -> Result:
    ours, theirs = runs.uploads["pair"], runs.uploads[_DEFAULTS]
    return Result(
        "microphone to wire",
        [
            Figure(
                f"a frame's push to the wire, {_UPLOAD_STREAMS} at once, median",
                median(ours),
                "ms",
                20.0,
                beside=f"99th {p99(ours):.0f}; bare SDK: {median(theirs):.0f}, 99th {p99(theirs):.0f}",
            )
        ],
        {"pair": distribution(ours), _DEFAULTS: distribution(theirs)},
        ("ms from push to wire", "share of frames"),
    )
