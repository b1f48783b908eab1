"""A dead peer: speech that nothing answers."""

from __future__ import annotations

from livekit_plugins_azure_interpreter._sdk.watchdog import Watchdog


def test_nothing_is_owed_before_speech_was_sent() -> None:
    assert Watchdog(15).deadline is None


def test_the_first_speech_that_is_unanswered_sets_the_deadline() -> None:
    liveness = Watchdog(15)
    liveness.spoken(1.0, 50.0)
    liveness.spoken(3.0, 20.0)
    assert (liveness.unanswered, liveness.deadline, liveness.loudest) == (True, 16.0, 50.0)


def test_an_answer_ends_the_wait_and_later_speech_begins_another() -> None:
    liveness = Watchdog(15)
    liveness.spoken(1.0, 50.0)
    liveness.answered()
    assert (liveness.unanswered, liveness.deadline, liveness.loudest) == (False, None, 0.0)
    liveness.spoken(20.0, 50.0)
    assert liveness.deadline == 35.0


def test_a_new_connection_has_the_whole_time() -> None:
    liveness = Watchdog(15)
    liveness.spoken(1.0, 50.0)
    liveness.reconnected(8.0)
    assert liveness.deadline == 23.0


def test_a_new_connection_owes_nothing_for_silence() -> None:
    liveness = Watchdog(15)
    liveness.reconnected(8.0)
    assert liveness.deadline is None
