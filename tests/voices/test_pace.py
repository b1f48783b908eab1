"""What is known of a service's pace."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._voices.pace import Pace

TIMEOUT = 5.0


@pytest.fixture
def pace() -> Pace:
    return Pace(TIMEOUT)


def test_quiet_lasts_the_timeout_until_three_voices_have_begun(pace: Pace) -> None:
    pace.began(0.5)
    pace.began(0.5)
    assert pace.quiet_seconds == TIMEOUT
    pace.began(0.5)
    assert pace.quiet_seconds == 1.5


@pytest.mark.parametrize(("waited", "quiet"), [(0.1, 1.0), (4.0, TIMEOUT)])
def test_quiet_is_a_second_at_least_and_the_timeout_at_most(pace: Pace, waited: float, quiet: float) -> None:
    for _ in range(3):
        pace.began(waited)
    assert pace.quiet_seconds == quiet


def test_patience_grows_with_the_slowest_voice(pace: Pace) -> None:
    assert pace.patience_seconds == 2.5
    pace.waited(1.5)
    pace.waited(0.5)
    assert pace.patience_seconds == 4.5


def test_the_length_of_a_voice_is_expected_by_the_characters_of_those_before(pace: Pace) -> None:
    assert pace.expected_seconds("four") is None
    pace.voiced(2.0, 8)
    assert pace.expected_seconds("four") == 1.0
