"""Claims and appends of audio per second, with few and many utterances behind them."""

from __future__ import annotations

import time

from livekit_plugins_azure_interpreter._voices.ledger import Ledger

from .figures import Figure, Result, median

_BEHIND = (10, 1_000, 100_000)
_CHUNKS = 20
_CHUNK = b"\1\0" * 160


def measure(*, quick: bool) -> list[Result]:
    rounds, claims = (1, 200) if quick else (7, 1000)
    found: dict[str, dict[int, list[float]]] = {
        name: {behind: [] for behind in _BEHIND} for name in ("claim", "append")
    }
    for _ in range(rounds):
        for behind in _BEHIND:
            claim, append = _measure(behind, claims)
            found["claim"][behind].append(claim)
            found["append"][behind].append(append)
    result = Result("ledger", axes=("utterances behind", "microseconds"))
    for name, by_behind in found.items():
        costs = {behind: median(values) for behind, values in by_behind.items()}
        result.series[name] = [(float(behind), cost) for behind, cost in costs.items()]
        fewest, most = costs[_BEHIND[0]], costs[_BEHIND[-1]]
        beside = ", ".join(f"{1e6 / cost:,.0f} per second after {behind:,}" for behind, cost in costs.items())
        result.figures.append(
            Figure(
                f"one {name} after 100,000 utterances, to one after 10",
                most / fewest,
                "times",
                2.0,
                beside=beside,
            )
        )
    return [result]


def _measure(behind: int, claims: int) -> tuple[float, float]:
    """Microseconds for a claim by words and for an append, after utterances that nobody claimed."""
    ledger = Ledger(max_audio_seconds=float("inf"))
    now = 0.0
    for number in range(behind):
        now += 1.0
        _voice(ledger, f"earlier utterance {number}", now, 1)
    texts = [f"utterance {number}" for number in range(claims)]
    appending = 0.0
    for text in texts:
        now += 1.0
        appending += _voice(ledger, text, now, _CHUNKS)
    began_at = time.perf_counter()
    for text in texts:
        (utterance,) = ledger.claims.claim(text)
        assert utterance.text == text
    claiming = time.perf_counter() - began_at
    return claiming / claims * 1e6, appending / claims / _CHUNKS * 1e6


def _voice(ledger: Ledger, text: str, now: float, chunks: int) -> float:
    ledger.recognized(text, now)
    began_at = time.perf_counter()
    for _ in range(chunks):
        ledger.chunk(_CHUNK, now)
    took = time.perf_counter() - began_at
    ledger.completed(now)
    return took
