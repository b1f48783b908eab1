"""(i) In a room: from the end of an utterance at the speaker to its interpretation at a listener's ear.

The floor is the bare SDK between two tracks. What the service itself takes is subtracted; the rest, such as
Opus and jitter buffers, is in each candidate alike.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import uuid
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from room.server import MISSING, OwnServer, Server, find_server

from .ear_people import INTERPRETER, LISTENER, PERIOD_SECONDS, SPEAKER, WARM_UP, Heard
from .ear_service import OWN_SECONDS, Wire
from .ear_worker import Passed
from .figures import Figure, Result, distribution, median, p90
from .service import Service, environment, serving

_NAMES = {
    "floor": "the bare SDK between two tracks",
    "meeting": "MeetingInterpreter",
    "pair": "AgentSession with the pair",
    "pair in long frames": "the same without room_options()",
    "cascade": "AgentSession with the official STT, an LLM that takes no time, the official TTS",
}
_MOST_BEYOND_FLOOR_MS = 40.0
_MOST_OF_CASCADE = 0.25
_STARTING_SECONDS = 120.0


@dataclass(frozen=True)
class _Utterance:
    """Where an utterance and its voice were when, in seconds of the shared clock.

    Attributes:
        said: The speaker's microphone captured its end.
        taken: The interpreter was handed that.
        wired: The service received it.
        voiced: The service sent the first byte of the voice; None: over HTTP.
        given: The interpreter captured the first sound of it.
        heard: The listener heard that.
    """

    said: float
    taken: float
    wired: float
    voiced: float | None
    given: float
    heard: float

    @property
    def added_ms(self) -> float:
        return (self.heard - self.said - OWN_SECONDS) * 1000

    @property
    def hops_ms(self) -> dict[str, float]:
        """What each hop adds. The service's own time is in none of them."""
        hops = {"speaker to interpreter": self.taken - self.said, "to the wire": self.wired - self.taken}
        if self.voiced is None:
            hops["service, voice to source"] = self.given - self.wired - OWN_SECONDS
        else:
            hops["service"] = self.voiced - self.wired - OWN_SECONDS
            hops["voice to source"] = self.given - self.voiced
        hops["source to listener"] = self.heard - self.given
        return {name: seconds * 1000 for name, seconds in hops.items()}


def measure(*, quick: bool) -> list[Result]:
    rounds, utterances = (1, 8) if quick else (6, 10)
    found = find_server()
    if found is None:
        print(f"ear: skipped, {MISSING}")
        return []
    seen: dict[str, list[list[_Utterance]]] = {kind: [] for kind in _NAMES}
    with running(found) as server, serving("benchmarks.ear_service") as service:
        for _ in range(rounds):
            for kind, of_rounds in seen.items():
                of_rounds.append(_run(kind, server, service, utterances))
    return [_result(seen, rounds * utterances)]


def _result(seen: Mapping[str, list[list[_Utterance]]], spoken: int) -> Result:
    """The figures of each candidate's rounds, in which so many utterances were spoken."""
    added = {kind: list(map(_added_ms, of_rounds)) for kind, of_rounds in seen.items()}
    best = {kind: _least_disturbed_ms(of_rounds) for kind, of_rounds in added.items()}
    beyond = {kind: of_kind - best["floor"] for kind, of_kind in best.items()}
    figures = [
        *(_figure(kind, list(chain(*of_rounds)), spoken) for kind, of_rounds in seen.items()),
        *(
            Figure(
                f"at the ear, {_NAMES[kind]}: beyond the floor, each in its best round",
                beyond[kind],
                "ms",
                _MOST_BEYOND_FLOOR_MS,
                beside=f"{best[kind]:.0f} and {best['floor']:.0f} ms",
            )
            for kind in ("meeting", "pair")
        ),
        Figure(
            "at the ear, beyond the floor, each in its best round: the pair's, to the official cascade's",
            beyond["pair"] / beyond["cascade"],
            "times",
            _MOST_OF_CASCADE,
            beside=f"{beyond['pair']:.0f} and {beyond['cascade']:.0f} ms",
        ),
    ]
    series = {_NAMES[kind]: distribution(list(chain(*of_rounds))) for kind, of_rounds in added.items()}
    return Result("at the ear", figures, series, ("ms beyond the service's time", "share of utterances"))


def _added_ms(seen: Sequence[_Utterance]) -> list[float]:
    return [one.added_ms for one in seen]


def _least_disturbed_ms(added: Sequence[Sequence[float]]) -> float:
    """The median of the best round: where a machine is busy, jitter buffers grow, each in its own room."""
    return min((median(of_round) for of_round in added if of_round), default=float("nan"))


def _figure(kind: str, seen: Sequence[_Utterance], spoken: int) -> Figure:
    added = _added_ms(seen)
    hops = ", ".join(
        f"{name} {median([one.hops_ms[name] for one in seen]):.0f}"
        for name in (seen[0].hops_ms if seen else ())
    )
    beside = f"90th {p90(added):.0f}; {hops}; {len(seen)} of {spoken} heard"
    return Figure(f"at the ear, {_NAMES[kind]}", median(added), "ms", beside=beside)


@contextlib.contextmanager
def running(found: Server | str) -> Iterator[Server]:
    """A server that runs already, or one of our own as long as the context lasts."""
    if isinstance(found, Server):
        yield found
        return
    server = OwnServer(found)
    try:
        yield server
    finally:
        server.kill()


def _run(kind: str, server: Server, service: Service, utterances: int) -> list[_Utterance]:
    """Have one candidate interpret in a room of its own."""
    room = f"ear-{uuid.uuid4().hex[:8]}"
    service.take()
    where = json.dumps({"endpoint": service.endpoint, "synthesis_url": service.synthesis_url})
    tokens = {
        SPEAKER: server.token(SPEAKER, room, {"language": "en"}),
        LISTENER: server.token(LISTENER, room, {"language": "fr"}),
    }
    limit_seconds = _STARTING_SECONDS + (WARM_UP + utterances) * PERIOD_SECONDS
    with (
        _started("benchmarks.ear_worker", kind, server.url, where) as worker,
        _started("benchmarks.ear_people", server.url, str(utterances)) as people,
    ):
        _tell(worker, server.token(INTERPRETER, room))
        _tell(people, json.dumps(tokens))
        heard = Heard(**_answer(people, limit_seconds))
        passed = Passed(**_answer(worker, _STARTING_SECONDS))
    return list(_utterances(heard, passed, Wire(**service.take()), over_http=kind == "cascade"))


@contextlib.contextmanager
def _started(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _answer(process: subprocess.Popen[str], limit_seconds: float) -> dict[str, list[float]]:
    """End its input; what it prints as the last line."""
    printed, _ = process.communicate(timeout=limit_seconds)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}; its errors are above")
    answer: dict[str, list[float]] = json.loads(printed.splitlines()[-1])
    return answer


def _utterances(heard: Heard, passed: Passed, wire: Wire, *, over_http: bool) -> Iterator[_Utterance]:
    """Those whose interpretation was heard before the next utterance."""
    for said in heard.said:
        until = said + PERIOD_SECONDS
        taken = _first(passed.taken, said, until)
        wired = _first(wire.heard, taken, until)
        voiced = None if over_http else _first(wire.voiced, wired, until)
        given = _first(passed.given, voiced or wired, until)
        sound = _first(heard.heard, given, until)
        if sound < until:
            yield _Utterance(said, taken, wired, voiced, given, sound)


def _first(moments: Sequence[float], after: float, until: float) -> float:
    """The first of these moments after another one; `until` if there is none before that."""
    at = bisect_right(moments, after)
    return min(moments[at], until) if at < len(moments) else until
