"""Whose turn it is, and whose microphone counts meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.turns import (
    _PAUSE_SECONDS,
    _VOICE_COMES_SECONDS,
    LONGEST_WAIT_SECONDS,
    Turn,
    Turns,
)

ALICE_FR, ALICE_DE, BOB_EN = Route("alice", "fr"), Route("alice", "de"), Route("bob", "en")


def speaks(turns: Turns, who: str, now: float) -> bool:
    return turns.may_speak(who, now, is_speaking=True, has_begun=True)


def begins(turns: Turns, who: str, now: float) -> bool:
    return turns.may_speak(who, now, is_speaking=False, has_begun=True)


def is_silent(turns: Turns, who: str, now: float) -> bool:
    return turns.may_speak(who, now, is_speaking=False, has_begun=False)


class TestTheFloor:
    def test_the_floor_is_free_at_first(self) -> None:
        turns = Turns()
        assert turns.turn(0.0) is None
        assert is_silent(turns, "alice", 0.0)

    def test_the_first_to_speak_has_it_and_others_may_speak_too(self) -> None:
        turns = Turns()
        assert speaks(turns, "alice", 0.0)
        assert speaks(turns, "bob", 1.0)
        assert turns.turn(1.0) == Turn("alice", "speaking")

    def test_a_sound_takes_no_turn(self) -> None:
        turns = Turns()
        assert begins(turns, "alice", 0.0)
        assert turns.turn(0.0) is None

    def test_the_turn_lasts_until_the_interpretation_has_had_time_to_begin(self) -> None:
        turns = Turns()
        speaks(turns, "alice", 0.0)
        is_silent(turns, "alice", 1.0)
        assert turns.turn(0.9 + _VOICE_COMES_SECONDS) == Turn("alice", "speaking")
        assert turns.turn(1.0 + _VOICE_COMES_SECONDS) is None

    def test_the_turn_lasts_while_the_interpretation_is_heard(self) -> None:
        turns = Turns()
        speaks(turns, "alice", 0.0)
        is_silent(turns, "alice", 1.0)
        speaks(turns, "bob", 1.5)
        turns.began(ALICE_FR, 2.0)
        assert turns.turn(60.0) == Turn("alice", "interpretation")
        turns.ended(ALICE_FR, 61.0)
        assert turns.turn(61.0) == Turn("alice", "interpretation"), "another translation may follow"
        assert turns.turn(61.0 + _PAUSE_SECONDS) == Turn("bob", "speaking")

    def test_the_floor_is_free_after_the_interpretation_of_a_speaker_who_is_silent(self) -> None:
        turns = Turns()
        speaks(turns, "alice", 0.0)
        is_silent(turns, "alice", 1.0)
        turns.began(ALICE_FR, 1.1)
        turns.ended(ALICE_FR, 1.5)
        assert turns.turn(1.5 + _PAUSE_SECONDS) is None

    def test_the_floor_is_free_when_the_speaker_has_left(self) -> None:
        turns = Turns()
        speaks(turns, "alice", 0.0)
        turns.left("alice", 0.5)
        assert turns.turn(0.5 + _VOICE_COMES_SECONDS) is None

    def test_an_interpretation_that_never_began_ends_nothing(self) -> None:
        turns = Turns()
        turns.ended(ALICE_FR, 0.0)
        turns.left("alice", 0.0)
        assert turns.turn(0.0) is None


class TestMicrophones:
    def test_the_others_wait_while_an_interpretation_is_heard(self) -> None:
        turns = Turns()
        turns.began(ALICE_FR, 0.0)
        assert is_silent(turns, "alice", 1.0)
        assert not is_silent(turns, "bob", 1.0)
        turns.ended(ALICE_FR, 2.0)
        assert not is_silent(turns, "bob", 1.9 + _PAUSE_SECONDS)
        assert is_silent(turns, "bob", 2.0 + _PAUSE_SECONDS)

    def test_an_interpretation_into_another_language_may_take_longer(self) -> None:
        turns = Turns()
        turns.began(ALICE_FR, 0.0)
        turns.began(ALICE_DE, 0.5)
        turns.ended(ALICE_FR, 1.0)
        assert not is_silent(turns, "bob", 5.0)

    def test_a_speaker_who_had_begun_finishes_and_then_waits(self) -> None:
        turns = Turns()
        begins(turns, "bob", 0.0)
        turns.began(ALICE_FR, 0.1)
        assert begins(turns, "bob", 0.2)
        assert speaks(turns, "bob", 3.0)
        assert not is_silent(turns, "bob", 3.1)
        assert not is_silent(turns, "bob", 3.2)

    def test_a_speaker_finishes_when_anothers_interpretation_begins_beside_their_own(self) -> None:
        turns = Turns()
        speaks(turns, "bob", 0.0)
        turns.began(ALICE_FR, 0.1)
        turns.began(BOB_EN, 2.0)
        assert speaks(turns, "bob", 3.0)
        assert not is_silent(turns, "alice", 3.0)

    def test_a_speaker_who_left_and_came_back_waits(self) -> None:
        turns = Turns()
        speaks(turns, "bob", 0.0)
        turns.began(ALICE_FR, 0.1)
        turns.left("bob", 1.0)
        assert not is_silent(turns, "bob", 2.0)

    def test_no_speaker_waits_longer_than_the_limit(self) -> None:
        turns = Turns()
        turns.began(ALICE_FR, 0.0)
        assert not is_silent(turns, "bob", 1.0)
        assert not is_silent(turns, "bob", 0.9 + LONGEST_WAIT_SECONDS)
        assert is_silent(turns, "bob", 1.0 + LONGEST_WAIT_SECONDS)
        assert speaks(turns, "bob", 50.0 + LONGEST_WAIT_SECONDS)
        # The next wait is a new one.
        turns.ended(ALICE_FR, 90.0)
        assert is_silent(turns, "bob", 91.0)
        turns.began(ALICE_FR, 92.0)
        assert not is_silent(turns, "bob", 93.0)

    @given(
        st.lists(
            st.tuples(
                st.floats(0.0, 5.0),
                st.sampled_from(["alice", "bob", "carl"]),
                st.sampled_from(["speaks", "begins", "is_silent", "began", "ended", "left"]),
            ),
            max_size=60,
        )
    )
    def test_no_speaker_waits_longer_whatever_happens(self, steps: list[tuple[float, str, str]]) -> None:
        turns, now = Turns(), 0.0
        for seconds, who, what in steps:
            now += seconds
            if what in ("began", "ended"):
                getattr(turns, what)(Route(who, "fr"), now)
            elif what == "left":
                turns.left(who, now)
            else:
                globals()[what](turns, who, now)
        for who in ("alice", "bob", "carl"):
            is_silent(turns, who, now)
            assert is_silent(turns, who, now + LONGEST_WAIT_SECONDS + 0.001)  # rounded
