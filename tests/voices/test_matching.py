"""Which utterance a voice belongs to: the line, the time limits and the modes, seen through a ledger."""

from __future__ import annotations

import pytest
from fakes.pieces import PieceLedger as Ledger
from fakes.pieces import piece, tags

from livekit_plugins_azure_interpreter._voices.matching import SameLanguage
from livekit_plugins_azure_interpreter._voices.samples import Samples
from livekit_plugins_azure_interpreter._voices.utterance import LostReason, State, Utterance

TIMEOUT = 5.0
PAUSE = 0.1


# Order


@pytest.mark.parametrize("header", [False, True])
def test_voices_belong_to_utterances_in_their_order(ledger: Ledger, header: bool) -> None:
    utterances = [ledger.recognized(text, 0.0) for text in ("un", "deux", "trois")]
    for tag in range(3):
        ledger.audio(piece(starts=header, tag=tag), 1.0 + tag)
        ledger.audio(piece(tag=tag), 1.1 + tag)
        ledger.completed(1.2 + tag)
    ledger.expire(4.0)
    assert [tags(utterance) for utterance in utterances] == [[0, 0], [1, 1], [2, 2]]
    assert {utterance.state for utterance in utterances} == {State.VOICED}


def test_an_utterance_is_voicing_from_its_first_piece_on(ledger: Ledger) -> None:
    first, second = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
    ledger.audio(piece(), 1.0)
    assert (first.state, second.state) == (State.VOICING, State.RECOGNIZED)


def test_a_voice_that_begins_before_recognized_is_held_for_it(ledger: Ledger) -> None:
    ledger.audio(piece(tag=1), 0.0)
    utterance = ledger.recognized("un", 0.5)
    ledger.audio(piece(tag=2), 1.0)
    ledger.completed(1.5)
    assert (tags(utterance), utterance.state) == ([1, 2], State.VOICED)


def test_voices_that_end_before_recognized_are_held_in_order(ledger: Ledger) -> None:
    for tag in (1, 2):
        ledger.audio(piece(tag=tag), 0.0)
        ledger.completed(0.1)
    first, second = ledger.recognized("un", 0.5), ledger.recognized("deux", 0.5)
    assert [(tags(one), one.state) for one in (first, second)] == [([1], State.VOICED), ([2], State.VOICED)]


def test_an_early_voice_without_a_sound_is_lost_as_empty_and_told_once(
    ledger: Ledger, lost: list[Utterance]
) -> None:
    ledger.audio(piece(0.0, starts=True), 0.0)
    ledger.completed(0.1)
    ledger.expire(0.1 + PAUSE)
    utterance = ledger.recognized("un", 0.5)
    assert (utterance.lost_reason, lost) == (LostReason.EMPTY, [utterance])


def test_an_early_voice_whose_utterance_never_comes_is_dropped_and_counted(ledger: Ledger) -> None:
    ledger.audio(piece(2.0), 0.0)
    ledger.completed(0.1)
    ledger.expire(TIMEOUT)
    assert ledger.dropped_seconds == 2.0


def test_an_early_voice_that_stalls_is_dropped_and_counted(ledger: Ledger) -> None:
    ledger.audio(piece(2.0), 0.0)
    ledger.expire(TIMEOUT)
    assert ledger.dropped_seconds == 2.0


def test_early_voices_are_bounded_and_counted(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.audio(piece(20.0), 0.0)
        ledger.completed(0.1)
    assert ledger.dropped_seconds == 40.0


def test_early_voices_up_to_the_bound_are_kept(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.audio(piece(10.0), 0.0)
    assert (ledger.recognized("un", 0.1).seconds, ledger.dropped_seconds) == (30.0, 0.0)


DROPPED_EARLY = {
    "never recognized": [(piece(starts=True), 0.0), (None, 0.1), (None, TIMEOUT)],
    "stalled": [(piece(starts=True), 0.0), (None, TIMEOUT)],
    "too long": [(piece(31.0, starts=True), 1.0)],
    "too long in all": [(piece(20.0, starts=True), 0.0), (None, 0.1), (piece(20.0, starts=True), 0.2)],
}


@pytest.mark.parametrize("reported", DROPPED_EARLY.values(), ids=DROPPED_EARLY)
def test_the_utterance_of_a_voice_that_was_dropped_early_does_not_get_the_next_voice(
    ledger: Ledger, reported: list[tuple[Samples | None, float]]
) -> None:
    for samples, now in reported:
        if samples is None:
            ledger.completed(now)
        else:
            ledger.audio(samples, now)
    utterance = ledger.recognized("un", TIMEOUT + 0.1)
    ledger.audio(piece(starts=True, tag=2), TIMEOUT + 0.2)
    assert (tags(utterance), utterance.state) == ([], State.LOST)


def test_a_quiet_timeout_heals_the_order_after_an_early_voice_was_dropped(ledger: Ledger) -> None:
    ledger.audio(piece(31.0), 0.0)
    ledger.completed(1.0)
    ledger.expire(1.0 + TIMEOUT)
    utterance = ledger.recognized("un", 7.0)
    ledger.audio(piece(tag=2), 8.0)
    assert tags(utterance) == [2]


# Time


def test_nothing_is_waited_for_at_first(ledger: Ledger) -> None:
    assert ledger.deadline is None


def test_an_utterance_waits_for_its_voice_from_recognized_on(ledger: Ledger) -> None:
    ledger.recognized("un", 2.0)
    assert ledger.deadline == 2.0 + TIMEOUT


def test_an_utterance_waits_for_its_voice_from_the_end_of_the_one_before(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    ledger.recognized("deux", 0.0)
    ledger.audio(piece(), 1.0)
    ledger.completed(4.0)
    assert ledger.deadline == 4.0 + TIMEOUT


def test_an_utterance_behind_a_voice_under_way_is_not_waited_for(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    behind = ledger.recognized("deux", 0.0)
    for at in range(10):
        ledger.audio(piece(), float(at))
    assert behind.state is State.RECOGNIZED


def test_an_utterance_recognized_after_the_voice_before_it_waits_from_then_on(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    ledger.audio(piece(), 1.0)
    ledger.completed(1.5)
    ledger.recognized("deux", 3.0)
    assert ledger.deadline == 3.0 + TIMEOUT


def test_an_utterance_is_not_lost_just_before_its_timeout(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.expire(TIMEOUT - 0.01)
    assert utterance.state is State.RECOGNIZED


def test_an_utterance_without_a_voice_is_lost_at_its_timeout(ledger: Ledger, lost: list[Utterance]) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.expire(TIMEOUT)
    assert (utterance.lost_reason, lost) == (LostReason.TIMEOUT, [utterance])


def test_any_report_ends_the_waits_that_are_over(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.recognized("deux", 100.0)
    assert utterance.lost_reason is LostReason.TIMEOUT


def test_each_piece_gives_a_voice_more_time(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    for at in (1.0, 5.0, 9.0):
        ledger.audio(piece(), at)
    assert (utterance.state, ledger.deadline) == (State.VOICING, 9.0 + TIMEOUT)


def test_a_voice_that_stalls_is_lost_and_what_was_heard_stays_for_the_claimant(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.claims.claim("un")
    ledger.audio(piece(tag=1), 1.0)
    ledger.expire(1.0 + TIMEOUT)
    assert (utterance.lost_reason, tags(utterance)) == (LostReason.STALLED, [1])


def test_nothing_is_waited_for_once_all_is_done(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    ledger.audio(piece(), 1.0)
    ledger.completed(2.0)
    assert ledger.deadline is None


# Voices that come too late


def test_a_late_voice_is_given_to_nobody_and_whoever_is_first_in_line_is_lost(ledger: Ledger) -> None:
    missing = ledger.recognized("un", 0.0)
    first, second = (ledger.recognized(text, 4.0) for text in ("deux", "trois"))
    ledger.expire(TIMEOUT)
    ledger.audio(piece(2.0), 6.0)
    assert missing.lost_reason is LostReason.TIMEOUT
    assert first.lost_reason is LostReason.IN_DOUBT
    assert second.state is State.RECOGNIZED
    assert ledger.dropped_seconds == 2.0


def test_each_voice_that_begins_in_doubt_costs_one_utterance(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    in_line = [ledger.recognized(text, 4.0) for text in ("deux", "trois", "quatre")]
    ledger.expire(TIMEOUT)
    for at in (6.0, 7.0):
        ledger.audio(piece(), at)
        ledger.audio(piece(), at + 0.1)
        ledger.completed(at + 0.2)
    assert [one.state for one in in_line] == [State.LOST, State.LOST, State.RECOGNIZED]


def test_the_moment_of_being_first_in_line_is_when_the_one_before_was_given_up(ledger: Ledger) -> None:
    ledger.recognized("zéro", 0.0)
    ledger.audio(piece(), 0.0)
    ledger.completed(0.0)
    ledger.recognized("un", 0.0)
    second = ledger.recognized("deux", 1.0)
    ledger.expire(2 * TIMEOUT - 0.1)
    assert second.state is State.RECOGNIZED
    ledger.expire(2 * TIMEOUT)
    assert second.lost_reason is LostReason.TIMEOUT


@pytest.mark.parametrize("voices", [0, 1])
def test_the_wait_does_not_grow_where_voices_do_not_come(ledger: Ledger, voices: int) -> None:
    for number in range(voices):
        ledger.recognized(f"with a voice {number}", 0.0)
        ledger.audio(piece(), 0.0)
        ledger.completed(0.0)
        ledger.recognized("the first without", 0.0)
        ledger.recognized("the second without", 0.0)
        ledger.expire(2 * TIMEOUT)
    for number in range(20):
        recognized_at = 2 * TIMEOUT + number
        without = ledger.recognized(f"without a voice {number}", recognized_at)
        ledger.expire(recognized_at + TIMEOUT)
        assert without.lost_reason is LostReason.TIMEOUT


@pytest.mark.parametrize(("latency", "quiet"), [(0.1, 1.0), (1.0, 3.0), (4.0, TIMEOUT)])
def test_a_doubt_ends_after_three_times_the_slowest_latency_where_that_is_known(
    ledger: Ledger, latency: float, quiet: float
) -> None:
    for number in range(3):
        ledger.recognized(f"text {number}", number * 10.0)
        ledger.audio(piece(), number * 10.0 + latency)
        ledger.completed(number * 10.0 + latency)
    ledger.recognized("missing", 100.0)
    ledger.recognized("in doubt", 103.0)
    ledger.audio(piece(), 106.0)
    ledger.completed(107.0)
    waiting = ledger.recognized("waiting", 107.0)
    assert ledger.deadline == pytest.approx(107.0 + quiet)
    ledger.audio(piece(), 107.0 + quiet)
    assert waiting.state is (State.VOICING if quiet < TIMEOUT else State.LOST)


def test_an_utterance_recognized_after_a_late_voice_is_in_doubt_too(ledger: Ledger) -> None:
    """The voice that nobody got may have been its own, early; the next is then another's."""
    ledger.recognized("un", 0.0)
    ledger.audio(piece(), 6.0)
    ledger.completed(6.5)
    late = ledger.recognized("deux", 7.0)
    assert (late.lost_reason, ledger.deadline) == (LostReason.IN_DOUBT, 7.0 + TIMEOUT)


def test_an_utterance_recognized_in_quiet_after_a_timeout_is_not_in_doubt(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    waiting = ledger.recognized("deux", 6.0)
    ledger.audio(piece(), 5.0 + TIMEOUT)
    assert waiting.state is State.VOICING


@pytest.mark.parametrize("last", ["audio", "completed"])
def test_doubt_lasts_until_it_was_quiet_for_the_timeout(ledger: Ledger, last: str) -> None:
    ledger.recognized("un", 0.0)
    ledger.audio(piece(), 9.0)
    if last == "audio":
        ledger.audio(piece(), 11.0)
    else:
        ledger.completed(11.0)
    assert ledger.deadline == 11.0 + TIMEOUT


def test_voices_are_given_again_after_a_quiet_timeout(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    ledger.audio(piece(tag=1), 6.0)
    ledger.completed(7.0)
    ledger.expire(7.0 + TIMEOUT)
    healed = ledger.recognized("deux", 12.5)
    ledger.audio(piece(tag=2), 13.0)
    assert tags(healed) == [2]


def test_a_doubt_outlasts_a_late_voice_that_stalls(ledger: Ledger) -> None:
    for text in ("un", "deux"):
        ledger.recognized(text, 0.0)
    for header in (True, False):
        ledger.audio(piece(starts=header, tag=1), 6.0)
    utterance = ledger.recognized("trois", 11.5)
    ledger.audio(piece(starts=True, tag=2), 12.0)
    assert utterance.lost_reason is LostReason.IN_DOUBT


def test_a_doubt_outlasts_the_rest_of_a_late_voice_that_stalled(ledger: Ledger) -> None:
    for text in ("un", "deux"):
        ledger.recognized(text, 0.0)
    ledger.audio(piece(starts=True, tag=1), 6.0)
    ledger.audio(piece(tag=1), 6.0)
    ledger.audio(piece(tag=1), 15.5)
    utterance = ledger.recognized("trois", 15.9)
    ledger.audio(piece(starts=True, tag=2), 16.5)
    assert utterance.lost_reason is LostReason.IN_DOUBT


def test_the_rest_of_a_voice_that_stalled_leaves_no_doubt_where_headers_tell_it_from_the_next(
    ledger: Ledger,
) -> None:
    _, following = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    ledger.audio(piece(tag=1), 1.0)
    ledger.expire(1.0 + TIMEOUT)
    ledger.audio(piece(2.0, tag=1), 7.0)
    assert (ledger.dropped_seconds, ledger.deadline) == (2.0, 7.0 + TIMEOUT)
    ledger.audio(piece(starts=True, tag=2), 8.0)
    assert tags(following) == [2]


def test_a_voice_under_way_is_lost_with_its_connection(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.audio(piece(), 1.0)
    ledger.reconnected(2.0)
    assert utterance.lost_reason is LostReason.RECONNECTED


class TestSameLanguage:
    """Azure may or may not send a voice of what was said in the target language."""

    @pytest.fixture
    def known(self) -> SameLanguage:
        return SameLanguage()

    @pytest.fixture
    def ledger(self, known: SameLanguage, lost: list[Utterance]) -> Ledger:
        return Ledger(voice_timeout_seconds=TIMEOUT, lost=lost.append, same_language=known)

    def say(self, ledger: Ledger, text: str, now: float, *, same: bool = False) -> Utterance:
        return ledger.recognized(text, now, same_language=same)

    def voice(self, ledger: Ledger, now: float, tag: int) -> None:
        ledger.audio(piece(tag=tag), now)
        ledger.completed(now)

    def test_a_same_language_utterance_alone_tells_by_its_voice(
        self, ledger: Ledger, known: SameLanguage
    ) -> None:
        same = self.say(ledger, "Oui.", 0.0, same=True)
        self.voice(ledger, 1.0, tag=1)
        assert known.voiced is True
        assert tags(same) == [1]

    def test_a_same_language_utterance_alone_tells_by_the_voice_that_does_not_come(
        self, ledger: Ledger, known: SameLanguage, lost: list[Utterance]
    ) -> None:
        same = self.say(ledger, "Oui.", 0.0, same=True)
        ledger.expire(TIMEOUT)
        assert known.voiced is False
        assert (lost, same.lost_reason) == ([same], LostReason.TIMEOUT)

    def test_a_voice_after_a_same_language_utterance_without_one_is_the_next_utterances(
        self, ledger: Ledger
    ) -> None:
        self.say(ledger, "Oui.", 0.0, same=True)
        ledger.expire(TIMEOUT)
        other = self.say(ledger, "Non.", TIMEOUT + 0.5)
        self.voice(ledger, TIMEOUT + 1.0, tag=2)
        assert tags(other) == [2]

    def test_an_ambiguous_voice_is_held_until_a_second_tells_whose_it_is(
        self, ledger: Ledger, known: SameLanguage, lost: list[Utterance]
    ) -> None:
        same, other = self.say(ledger, "Oui.", 0.0, same=True), self.say(ledger, "Non.", 0.1)
        self.voice(ledger, 1.0, tag=1)
        assert (tags(same), tags(other), known.voiced) == ([], [], None)
        ledger.audio(piece(tag=2), 2.0)
        assert (tags(same), tags(other), known.voiced) == ([1], [2], True)
        ledger.completed(3.0)
        assert [same.state, other.state, lost] == [State.VOICED, State.VOICED, []]

    def test_an_ambiguous_voice_is_the_other_utterances_when_no_second_comes(
        self, ledger: Ledger, known: SameLanguage
    ) -> None:
        same, other = self.say(ledger, "Oui.", 0.0, same=True), self.say(ledger, "Non.", 0.1)
        self.voice(ledger, 1.0, tag=1)
        assert ledger.deadline == 1.0 + TIMEOUT
        ledger.expire(1.0 + TIMEOUT)
        assert (tags(other), other.state, known.voiced) == ([1], State.VOICED, False)
        assert same.lost_reason is LostReason.SAME_LANGUAGE
        assert ledger.deadline is None

    @pytest.mark.parametrize("voiced", [True, False])
    def test_each_of_many_utterances_has_its_own_voice(
        self, ledger: Ledger, known: SameLanguage, voiced: bool
    ) -> None:
        found = [self.say(ledger, f"{at}", at / 10, same=at in (0, 2)) for at in range(5)]
        own = [one for one in found if voiced or not one.same_language]
        for utterance in own:
            self.voice(ledger, 1.0 + int(utterance.text), tag=1 + int(utterance.text))
        ledger.expire(30.0)
        assert [tags(one) for one in own] == [[1 + int(one.text)] for one in own]
        assert known.voiced is voiced

    def test_ambiguous_voices_are_told_apart_when_azure_has_sent_all(
        self, ledger: Ledger, known: SameLanguage
    ) -> None:
        same, other = self.say(ledger, "Oui.", 0.0, same=True), self.say(ledger, "Non.", 0.1)
        self.voice(ledger, 1.0, tag=2)
        ledger.finished(1.5)
        ledger.end(1.6)
        assert (tags(same), tags(other)) == ([], [2])
        assert known.voiced is False

    def test_a_voice_that_is_missing_at_the_end_leaves_them_in_doubt(self, ledger: Ledger) -> None:
        said = [self.say(ledger, "Oui.", 0.0, same=True), self.say(ledger, "Non.", 0.1)]
        said.append(self.say(ledger, "Si.", 0.2))
        self.voice(ledger, 1.0, tag=2)
        ledger.finished(1.5)
        ledger.end(1.6)
        assert [tags(one) for one in said] == [[], [], []]

    def test_one_behind_another_leaves_no_doubt_about_that_ones_voice(self, ledger: Ledger) -> None:
        other, same = self.say(ledger, "Non.", 0.0), self.say(ledger, "Oui.", 0.1, same=True)
        self.voice(ledger, 1.0, tag=1)
        assert (tags(other), tags(same)) == ([1], [])

    def test_no_voice_is_awaited_where_same_language_speech_has_none(
        self, ledger: Ledger, known: SameLanguage, lost: list[Utterance]
    ) -> None:
        known.voiced = False
        same, other = self.say(ledger, "Oui.", 0.0, same=True), self.say(ledger, "Non.", 0.1)
        self.voice(ledger, 1.0, tag=1)
        assert same.lost_reason is LostReason.SAME_LANGUAGE
        assert tags(other) == [1]

    def test_a_same_language_utterance_keeps_its_place_where_it_has_a_voice(
        self, ledger: Ledger, known: SameLanguage
    ) -> None:
        known.voiced = True
        same, other = self.say(ledger, "Oui.", 0.0, same=True), self.say(ledger, "Non.", 0.1)
        ledger.audio(piece(tag=1), 1.0)
        assert (tags(same), tags(other)) == ([1], [])

    def test_a_voice_of_nobody_unsettles_what_was_thought(self, ledger: Ledger, known: SameLanguage) -> None:
        known.voiced = False
        self.say(ledger, "Oui.", 0.0, same=True)
        ledger.audio(piece(tag=1), 1.0)
        assert known.voiced is None

    @pytest.mark.parametrize("how", ["stalled", "too long"])
    def test_a_voice_that_is_held_and_goes_wrong_is_given_to_nobody(
        self, ledger: Ledger, known: SameLanguage, how: str
    ) -> None:
        same, other = self.say(ledger, "Oui.", 0.0, same=True), self.say(ledger, "Non.", 0.1)
        for number in range(2 if how == "stalled" else 40):
            ledger.audio(piece(tag=1), 1.0 + number)
        if how == "stalled":
            ledger.expire(3.0 + TIMEOUT)
        assert [same.lost_reason, other.lost_reason] == [LostReason.IN_DOUBT] * 2
        assert known.voiced is None

    def test_a_lost_connection_ends_the_wait(self, ledger: Ledger) -> None:
        same, other = self.say(ledger, "Oui.", 0.0, same=True), self.say(ledger, "Non.", 0.1)
        self.voice(ledger, 1.0, tag=1)
        ledger.reconnected(2.0)
        assert [same.lost_reason, other.lost_reason] == [LostReason.RECONNECTED] * 2
        assert (ledger.dropped_seconds, ledger.deadline) == (1.0, None)


class TestOverdue:
    """The first in line waits for most of the timeout, and somebody is behind it: whose is a voice?"""

    def ledger(self, slowest: float = 0.5) -> Ledger:
        """Three voices have come, each after so many seconds."""
        ledger = Ledger(voice_timeout_seconds=5.0)
        for number in range(3):
            ledger.recognized(f"known {number}", number * 10.0)
            self.voice(ledger, number * 10.0 + slowest)
        return ledger

    def voice(self, ledger: Ledger, now: float) -> None:
        ledger.audio(Samples(b"\1\0" * 160, 16000), now)
        ledger.completed(now)

    def test_an_overdue_voice_is_given_to_nobody(self) -> None:
        ledger = self.ledger()
        skipped, behind = ledger.recognized("skipped", 30.0), ledger.recognized("behind", 33.0)
        self.voice(ledger, 33.5)
        assert (skipped.lost_reason, behind.lost_reason) == (LostReason.IN_DOUBT, LostReason.IN_DOUBT)

    def test_the_next_one_has_its_own_again(self) -> None:
        ledger = self.ledger()
        ledger.recognized("skipped", 30.0)
        ledger.recognized("behind", 33.0)
        self.voice(ledger, 33.5)
        later = ledger.recognized("later", 36.0)
        self.voice(ledger, 36.5)
        assert (later.state, later.seconds) == (State.VOICED, pytest.approx(0.01))

    def test_the_next_voice_may_be_as_late_where_the_second_has_waited_as_long(self) -> None:
        ledger = self.ledger()
        for text in ("first", "second", "third"):
            ledger.recognized(text, 30.0)
        self.voice(ledger, 33.5)  # of the first
        self.voice(ledger, 35.5)  # of the second
        third = ledger.claims.find("third")
        assert third is not None
        assert third.lost_reason is LostReason.IN_DOUBT

    @pytest.mark.parametrize(("slowest", "now"), [(0.5, 32.4), (1.5, 34.4)], ids=["in time", "as usual"])
    def test_a_voice_that_is_not_that_late_is_of_the_first(self, slowest: float, now: float) -> None:
        ledger = self.ledger(slowest)
        first = ledger.recognized("first", 30.0)
        ledger.recognized("behind", 30.5)
        self.voice(ledger, now)
        assert first.state is State.VOICED

    def test_a_late_voice_is_of_the_first_with_nobody_behind(self) -> None:
        ledger = self.ledger()
        first = ledger.recognized("first", 30.0)
        self.voice(ledger, 34.5)
        assert first.state is State.VOICED


class TestStrayVoice:
    """A voice whose result was lost, and that is still under way when the next result comes."""

    @pytest.fixture
    def next_result(self, ledger: Ledger) -> Utterance:
        ledger.recognized("un", 0.0)
        ledger.audio(piece(tag=1), 0.5, position=1.0)
        ledger.completed(0.6)
        ledger.audio(piece(tag=2), 1.0, position=1.0)
        return ledger.recognized("trois", 2.0, start=3.0)

    def test_a_stray_voice_that_stalls_is_dropped_and_leaves_the_order_in_doubt(
        self, ledger: Ledger, next_result: Utterance
    ) -> None:
        ledger.expire(1.0 + TIMEOUT)
        ledger.audio(piece(tag=3), 7.0, position=4.0)
        assert (next_result.lost_reason, tags(next_result)) == (LostReason.IN_DOUBT, [])

    def test_a_stray_voice_that_ends_leaves_the_order_in_doubt(
        self, ledger: Ledger, next_result: Utterance
    ) -> None:
        ledger.completed(2.5)
        ledger.audio(piece(tag=3), 3.0, position=4.0)
        assert (next_result.lost_reason, tags(next_result)) == (LostReason.IN_DOUBT, [])
