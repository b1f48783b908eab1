"""Voices that another connection brings: each utterance gets those that say its words, and no other."""

from __future__ import annotations

import pytest
from fakes.pieces import piece, tags

from livekit_plugins_azure_interpreter._voices.claims import Claims
from livekit_plugins_azure_interpreter._voices.relay import Relay
from livekit_plugins_azure_interpreter._voices.utterance import LostReason, State, Utterance

_TIMEOUT = 5.0


@pytest.fixture
def settled() -> list[Utterance]:
    return []


@pytest.fixture
def claims(settled: list[Utterance]) -> Claims:
    return Claims(max_audio_seconds=10.0, settled=settled.append)


@pytest.fixture
def relay(claims: Claims) -> Relay:
    return Relay(_TIMEOUT, claims)


def said(start: float, end: float, text: str = "oui") -> Utterance:
    """Words at this place in the audio."""
    return Utterance(f"{text} at {start}", text, 0.0, times=(start, end))


def voice(start: float, end: float, *tags_of_pieces: int) -> Utterance:
    """What the other connection made of words at this place: a whole voice, or one yet without a sound."""
    one = said(start, end)
    one.claim()
    for tag in tags_of_pieces:
        one.add(piece(tag=tag))
    if tags_of_pieces:
        one.complete()
    return one


class TestRelay:
    @pytest.fixture
    def utterance(self, relay: Relay, claims: Claims) -> Utterance:
        """It was said from 1 to 3 s, and waits for its voice."""
        one = said(1.0, 3.0)
        claims.wait(one)
        relay.recognized(one, 0.0)
        return one

    def test_a_voice_is_passed_on_as_it_comes(
        self, relay: Relay, utterance: Utterance, settled: list[Utterance]
    ) -> None:
        other = voice(1.1, 3.1)
        relay.came(other)
        other.add(piece(tag=1))
        assert (utterance.state, tags(utterance), settled) == (State.VOICING, [1], [])
        other.add(piece(tag=2))
        other.complete()
        assert (utterance.state, tags(utterance), settled) == (State.VOICED, [1, 2], [utterance])

    def test_a_whole_voice_is_freed_once_it_was_passed_on(self, relay: Relay, utterance: Utterance) -> None:
        other = voice(1.0, 3.0, 1)
        relay.came(other)
        assert (tags(utterance), other.samples) == ([1], [])

    def test_a_voice_may_come_before_the_utterance(self, relay: Relay, claims: Claims) -> None:
        relay.came(voice(1.0, 3.0, 1))
        one = said(1.0, 3.0)
        claims.wait(one)
        relay.recognized(one, 0.0)
        assert (one.state, tags(one)) == (State.VOICED, [1])

    def test_each_utterance_gets_the_voice_of_its_place(
        self, relay: Relay, claims: Claims, utterance: Utterance
    ) -> None:
        later = said(3.5, 4.5)
        claims.wait(later)
        relay.recognized(later, 1.0)
        relay.came(voice(3.4, 4.5, 2))
        relay.came(voice(1.0, 3.0, 1))
        assert (tags(utterance), tags(later)) == ([1], [2])

    def test_a_voice_of_another_place_is_nobodys(self, relay: Relay, utterance: Utterance) -> None:
        relay.came(voice(2.8, 5.0, 1))
        relay.came(voice(7.0, 7.0, 2))
        assert utterance.state is State.RECOGNIZED

    def test_a_voice_without_the_first_words_is_nobodys(self, relay: Relay, utterance: Utterance) -> None:
        # The other connection was opened amid the utterance.
        relay.came(voice(2.0, 3.0, 1))
        relay.expire(_TIMEOUT)
        assert (utterance.state, utterance.lost_reason) == (State.LOST, LostReason.TIMEOUT)

    @pytest.mark.parametrize("place", [(1.0, 5.0), (-1.0, 3.0)])
    def test_a_voice_that_says_more_is_nobodys(
        self, relay: Relay, utterance: Utterance, place: tuple[float, float]
    ) -> None:
        # It says the utterance before or behind, too, which would be heard twice.
        relay.came(voice(*place, 1))
        relay.expire(_TIMEOUT)
        assert (utterance.state, utterance.lost_reason) == (State.LOST, LostReason.TIMEOUT)

    def test_old_voices_that_are_nobodys_are_freed(self, relay: Relay) -> None:
        voices = [voice(at, at + 1.0, 1) for at in range(100, 121)]
        for one in voices:
            relay.came(one)
        assert [tags(one) for one in voices] == [[], *[[1]] * 20]

    def test_a_lost_voice_is_lost_for_the_same_reason(
        self, relay: Relay, utterance: Utterance, settled: list[Utterance]
    ) -> None:
        other = voice(1.0, 3.0)
        relay.came(other)
        other.add(piece(tag=1))
        other.lose(LostReason.RECONNECTED)
        assert (utterance.state, utterance.lost_reason) == (State.LOST, LostReason.RECONNECTED)
        assert settled == [utterance]

    def test_an_utterance_that_nobody_will_say_keeps_no_sound(
        self, relay: Relay, claims: Claims, utterance: Utterance
    ) -> None:
        claims.let_go(utterance)
        relay.came(voice(1.0, 3.0, 1))
        assert (utterance.state, tags(utterance)) == (State.VOICED, [])

    def test_an_utterance_that_is_lost_meanwhile_gets_no_more(
        self, relay: Relay, utterance: Utterance
    ) -> None:
        other = voice(1.0, 3.0)
        relay.came(other)
        for tag in range(12):  # nobody asks for them: 10 s may wait
            other.add(piece(tag=tag))
        other.complete()
        assert (utterance.state, utterance.lost_reason) == (State.LOST, LostReason.EVICTED)
        assert (relay.deadline, tags(other)) == (None, [])

    def test_an_utterance_that_is_lost_at_once_gets_no_more(self, relay: Relay, utterance: Utterance) -> None:
        relay.came(voice(1.0, 3.0, *range(12)))
        assert utterance.lost_reason is LostReason.EVICTED

    def test_an_utterance_that_is_lost_is_not_lost_again(
        self, relay: Relay, claims: Claims, utterance: Utterance
    ) -> None:
        claims.lose(utterance, LostReason.EVICTED)
        relay.abandon(LostReason.ENDED)
        assert utterance.lost_reason is LostReason.EVICTED

    def test_nothing_is_passed_on_after_the_end(self, relay: Relay, utterance: Utterance) -> None:
        other = voice(1.0, 3.0)
        relay.came(other)
        relay.came(voice(9.0, 10.0))
        relay.abandon(LostReason.ENDED)
        other.add(piece(tag=1))
        assert (utterance.lost_reason, utterance.samples) == (LostReason.ENDED, [])


class TestTimeout:
    """How long an utterance waits for the other connection."""

    @pytest.fixture
    def utterance(self, relay: Relay, claims: Claims) -> Utterance:
        one = said(1.0, 3.0)
        claims.wait(one)
        relay.recognized(one, 10.0)
        return one

    def test_an_utterance_without_a_voice_is_lost(self, relay: Relay, utterance: Utterance) -> None:
        assert relay.deadline == 15.0
        relay.expire(14.9)
        assert utterance.state is State.RECOGNIZED
        relay.expire(15.0)
        assert (utterance.lost_reason, relay.deadline) == (LostReason.TIMEOUT, None)

    def test_a_voice_under_way_ends_by_its_own_connection(self, relay: Relay, utterance: Utterance) -> None:
        relay.came(voice(1.0, 3.0))
        relay.expire(15.0)
        assert (utterance.state, relay.deadline) == (State.RECOGNIZED, 20.0)


class TestParts:
    """The other connection cuts speech in two where this one does not."""

    @pytest.fixture
    def utterance(self, relay: Relay, claims: Claims) -> Utterance:
        one = said(1.0, 3.0)
        claims.wait(one)
        relay.recognized(one, 10.0)
        return one

    def test_parts_are_joined_in_their_order(self, relay: Relay, utterance: Utterance) -> None:
        first, second = voice(1.0, 2.0), voice(2.1, 3.0, 2)
        relay.came(first)
        relay.came(second)
        assert utterance.state is State.RECOGNIZED
        first.add(piece(tag=1))
        first.complete()
        assert (utterance.state, tags(utterance)) == (State.VOICED, [1, 2])

    def test_a_part_that_is_lost_ends_the_voice(self, relay: Relay, utterance: Utterance) -> None:
        first, second = voice(1.0, 2.0), voice(2.1, 3.0)
        relay.came(first)
        relay.came(second)
        first.lose(LostReason.STALLED)
        second.add(piece(tag=2))
        assert (utterance.lost_reason, utterance.samples) == (LostReason.STALLED, [])

    def test_the_wait_for_the_next_part_begins_when_one_ends(
        self, relay: Relay, utterance: Utterance
    ) -> None:
        first = voice(1.0, 2.0)
        relay.came(first)
        relay.expire(15.0)
        first.add(piece(tag=1))
        first.complete()
        relay.expire(20.0)
        assert (utterance.state, relay.deadline) == (State.VOICING, 25.0)
        relay.came(voice(2.1, 3.0, 2))
        assert (utterance.state, tags(utterance)) == (State.VOICED, [1, 2])

    def test_a_voice_whose_last_part_never_comes_ends_without_it(
        self, relay: Relay, utterance: Utterance, settled: list[Utterance]
    ) -> None:
        relay.came(voice(1.0, 2.0, 1))
        relay.expire(15.0)
        relay.expire(20.0)
        assert (utterance.state, tags(utterance), settled) == (State.VOICED, [1], [utterance])
        assert relay.deadline is None
