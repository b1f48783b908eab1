"""(a) From the first byte of a voice on the wire to the first frame at the session's audio output.

The bare SDK's own is the time to its callback. Pairs of runs alternate, so that both see the same machine.
"""

from __future__ import annotations

from itertools import chain

from .figures import Figure, Result, distribution, median, p99
from .service import Conversation, serve
from .setup import SDK_SETTINGS
from .worker import Job, run

_ONE = Conversation(0.18, 0.1, 0.06, voice_delay_ms=50)
_MANY = Conversation(4.02, 1.0, 0.5, voice_delay_ms=50)


def measure(*, quick: bool) -> list[Result]:
    voices, pairs = (25, 1) if quick else (200, 5)
    one = _measure(_ONE, 1, voices * _ONE.period_seconds, pairs, at_most_ms=5.0, at_most_times=2.0)
    if quick:
        return [one]
    return [one, _measure(_MANY, 50, voices / 50 * 4.02, pairs, at_most_ms=10.0, at_most_times=4.0)]


def _measure(
    conversation: Conversation,
    streams: int,
    seconds: float,
    pairs: int,
    *,
    at_most_ms: float,
    at_most_times: float,
) -> Result:
    ours: list[list[float]] = []
    bare: list[list[float]] = []
    period = conversation.period_seconds
    with serve(conversation) as service:
        for _ in range(pairs):
            bare.append(run(Job("bare", seconds, streams, period, SDK_SETTINGS), service).voice_ms)
            ours.append(run(Job("session", seconds, streams, period), service).voice_ms)
    over = median([median(we) - median(floor) for we, floor in zip(ours, bare, strict=True)])
    times = median([p99(we) / p99(floor) for we, floor in zip(ours, bare, strict=True)])
    all_ours, all_bare = list(chain(*ours)), list(chain(*bare))
    medians = f"{median(all_ours):.1f} and {median(all_bare):.1f} ms"
    tails = f"{p99(all_ours):.1f} and {p99(all_bare):.1f} ms"
    name = f"a voice's first byte to the session's output, {streams} at once"
    return Result(
        f"voice latency, {streams} at once",
        [
            Figure(f"{name}: over the bare SDK's", over, "ms", at_most_ms, beside=medians),
            Figure(
                f"{name}: 99th percentile, to the bare SDK's", times, "times", at_most_times, beside=tails
            ),
        ],
        {"pair": distribution(all_ours), "bare SDK": distribution(all_bare)},
        ("ms from the wire", "share of voices"),
    )
