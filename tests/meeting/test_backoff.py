"""The waits between attempts."""

from __future__ import annotations

from livekit_plugins_azure_interpreter._meeting.backoff import LONGEST_SECONDS, Backoff


def test_waits_grow_to_the_longest_and_begin_anew() -> None:
    backoff = Backoff()
    for failures in range(10):
        longest = min(2.0**failures, LONGEST_SECONDS)
        assert longest / 2 <= backoff.next_seconds() <= longest
    assert backoff.next_seconds(5.0) <= 5.0
    backoff.reset()
    assert backoff.next_seconds() <= 1.0
