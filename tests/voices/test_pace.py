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
    assert pace.patience_seconds == 3.0
    pace.waited(1.5)
    pace.waited(0.5)
    assert pace.patience_seconds == 4.5


@pytest.mark.parametrize(("waited", "patience"), [(0.1, 1.5), (0.8, 2.4)])
def test_patience_follows_the_streams_own_pace_once_three_voices_have_begun(
    pace: Pace, waited: float, patience: float
) -> None:
    pace.began(waited)
    pace.began(waited)
    assert pace.patience_seconds == 3.0
    pace.began(waited)
    assert pace.patience_seconds == pytest.approx(patience)


def test_patience_is_never_longer_for_a_known_pace_than_the_timeout_asks() -> None:
    pace = Pace(0.4)
    for _ in range(3):
        pace.began(0.01)
    assert pace.patience_seconds == pytest.approx(0.24)


def test_the_length_of_a_voice_is_expected_by_the_characters_of_those_before(pace: Pace) -> None:
    assert pace.expected_seconds("four") is None
    pace.voiced(2.0, 8)
    assert pace.expected_seconds("four") == 1.0
