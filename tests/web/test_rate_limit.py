from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter.web import rate_limit
from livekit_plugins_azure_interpreter.web.rate_limit import RateLimit


def _granted(limit: RateLimit, address: str, *, now: float, times: int) -> int:
    granted = 0
    for _ in range(times):
        if not limit.wait_seconds(address, now=now):
            limit.count(address, now=now)
            granted += 1
    return granted


def test_a_burst_is_let_in_and_then_a_steady_rate() -> None:
    limit = RateLimit(burst=10, per_second=2.0)
    assert _granted(limit, "192.0.2.1", now=100.0, times=1000) == 10
    assert limit.wait_seconds("192.0.2.1", now=100.0) == pytest.approx(0.5)
    assert _granted(limit, "192.0.2.1", now=101.0, times=1000) == 2
    assert _granted(limit, "192.0.2.1", now=1000.0, times=1000) == 10


def test_the_present_time_gives_as_many() -> None:
    limit = RateLimit(burst=60, per_second=5.0)
    assert _granted(limit, "192.0.2.1", now=1_795_813_323.4567, times=1000) == 60


def test_each_address_has_its_own() -> None:
    limit = RateLimit(burst=1, per_second=1.0)
    assert _granted(limit, "192.0.2.1", now=0.0, times=5) == 1
    assert _granted(limit, "192.0.2.2", now=0.0, times=5) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("unknown", "unknown", True),
    ],
)
def test_one_home_has_one_limit(one: str, other: str, *, same: bool) -> None:
    limit = RateLimit(burst=1, per_second=1.0)
    limit.count(one, now=0.0)
    assert bool(limit.wait_seconds(other, now=0.0)) is same


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MOST_ADDRESSES", 100)
    limit = RateLimit(burst=1, per_second=0.001)
    for number in range(1000):
        limit.count(f"10.0.{number // 250}.{number % 250}", now=0.0)
    assert len(limit) == 100
    assert limit.wait_seconds("10.0.3.249", now=0.0)
    assert not limit.wait_seconds("10.0.0.0", now=0.0)
