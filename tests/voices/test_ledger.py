"""The ledger: which audio belongs to which translation."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from fakes.pieces import PieceLedger as Ledger
from fakes.pieces import chunk_of, piece, tags
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._voices.ledger import Ledger as LanguageLedger
from livekit_plugins_azure_interpreter._voices.utterance import LostReason, State, Utterance

TIMEOUT = 5.0
PAUSE = 0.1

reproducible = settings(
    derandomize=True,
    deadline=None,
    max_examples=int(os.environ.get("EXAMPLES", "100")),
    suppress_health_check=list(HealthCheck),
)


def test_ids_are_unique_over_ledgers() -> None:
    assert Ledger().recognized("a", 0.0).id != Ledger().recognized("a", 0.0).id


def test_voices_are_one_line_whatever_the_service_calls_their_language(ledger: Ledger) -> None:
    first, second = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
    ledger.turn_started()
    for stream_id, language in (("1", "fr"), ("2", "fr-FR")):
        ledger.voice_announced(stream_id, language, 1.0)
        ledger.chunk(chunk_of(piece(tag=int(stream_id))), 1.0, stream_id=stream_id)
    for stream_id in ("2", "1"):
        ledger.completed(1.0, stream_id=stream_id, told=True)
    assert [(tags(one), one.state) for one in (first, second)] == [([1], State.VOICED), ([2], State.VOICED)]


def test_audio_that_nobody_can_be_given_is_told(lost: list[Utterance]) -> None:
    problems: list[str] = []
    ledger = Ledger(lost=lost.append, problem=problems.append)
    ledger.recognized("un", 0.0)
    ledger.voice_announced("1", "fr", 1.0)
    ledger.chunk(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x55" + bytes(15) + b"data\0\0\0\0", 1.0, stream_id="1")
    ledger.completed(1.0, stream_id="1", told=True)
    ledger.chunk(chunk_of(piece(0.5)), 1.0, stream_id="1")
    ledger.finished(1.0)
    assert [problem.split(":")[0] for problem in problems] == [
        "Azure sent a voice that cannot be played",
        "0.5 s of audio belong to a voice that is over; dropped",
    ]
    assert ledger.dropped_seconds == 0.5
    assert [one.lost_reason for one in lost] == [LostReason.EMPTY]


def test_a_voice_that_came_before_the_words_of_the_next_result_is_not_its_voice(ledger: Ledger) -> None:
    ledger.audio(piece(2.0, tag=1), 1.0, position=1.0)
    ledger.completed(1.5)
    assert ledger.has_stray_voice(3.0)
    utterance = ledger.recognized("deux", 2.0, start=3.0)
    ledger.audio(piece(tag=2), 3.0, position=4.0)
    assert (tags(utterance), ledger.dropped_seconds) == ([2], 2.0)


def test_a_voice_is_expected_to_be_as_long_as_its_text_by_the_pace_of_earlier_ones(ledger: Ledger) -> None:
    unknown = ledger.expected_seconds("dix lettres")
    ledger.recognized("douze lettres", 0.0)
    ledger.audio(piece(1.0), 1.0)
    ledger.completed(1.0)
    assert (unknown, ledger.expected_seconds("dix lettres")) == (None, pytest.approx(11 / 13))


# The end of a connection, and of the stream


@pytest.mark.parametrize(
    ("cut", "reason"),
    [(Ledger.reconnected, LostReason.RECONNECTED), (Ledger.end, LostReason.ENDED)],
    ids=["reconnected", "end"],
)
class TestACut:
    def test_an_utterance_that_is_not_fully_voiced_is_lost(
        self, ledger: Ledger, cut: Callable[[Ledger, float], None], reason: LostReason
    ) -> None:
        under_way, in_line = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
        ledger.audio(piece(), 1.0)
        cut(ledger, 2.0)
        assert (under_way.lost_reason, in_line.lost_reason) == (reason, reason)

    def test_an_utterance_that_is_fully_voiced_can_still_be_claimed(
        self, ledger: Ledger, cut: Callable[[Ledger, float], None], reason: LostReason
    ) -> None:
        utterance = ledger.recognized("un", 0.0)
        ledger.audio(piece(starts=True), 1.0)
        ledger.completed(2.0)
        cut(ledger, 2.0)
        assert (ledger.claims.claim("un"), utterance.state) == ([utterance], State.VOICED)

    def test_the_sound_so_far_stays_for_the_claimant(
        self, ledger: Ledger, cut: Callable[[Ledger, float], None], reason: LostReason
    ) -> None:
        utterance = ledger.recognized("un", 0.0)
        ledger.claims.claim("un")
        ledger.audio(piece(tag=1), 1.0)
        cut(ledger, 2.0)
        assert (utterance.lost_reason, tags(utterance)) == (reason, [1])

    def test_early_voices_are_dropped_and_counted(
        self, ledger: Ledger, cut: Callable[[Ledger, float], None], reason: LostReason
    ) -> None:
        ledger.audio(piece(2.0), 0.0)
        cut(ledger, 1.0)
        assert ledger.dropped_seconds == 2.0

    def test_nothing_is_waited_for_any_more(
        self, ledger: Ledger, cut: Callable[[Ledger, float], None], reason: LostReason
    ) -> None:
        ledger.recognized("un", 0.0)
        ledger.recognized("deux", 0.0)
        ledger.audio(piece(), 1.0)
        cut(ledger, 2.0)
        assert ledger.deadline is None

    def test_a_doubt_is_over(
        self, ledger: Ledger, cut: Callable[[Ledger, float], None], reason: LostReason
    ) -> None:
        ledger.recognized("un", 0.0)
        ledger.audio(piece(), 6.0)
        cut(ledger, 6.5)
        utterance = ledger.recognized("deux", 7.0)
        ledger.audio(piece(tag=2), 7.5)
        assert tags(utterance) == [2]


# Only text


def test_an_utterance_is_lost_at_once_if_no_voice_was_asked_for(
    ledger: Ledger, lost: list[Utterance]
) -> None:
    utterance = ledger.recognized("un", 0.0, voice_expected=False)
    assert (utterance.lost_reason, lost) == (LostReason.TEXT_ONLY, [utterance])
    assert ledger.deadline is None


def test_an_utterance_of_only_text_can_be_claimed(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0, voice_expected=False)
    assert ledger.claims.claim("un") == [utterance]


# Properties

MAX_AUDIO = 4.0
texts = st.sampled_from(["oui", "non", "oui non", "...", ""])
reports = st.one_of(
    st.tuples(st.just("recognized"), texts),
    st.tuples(st.just("audio"), st.sampled_from([0.0, 0.5, 1.0, 16.0]), st.booleans()),
    st.tuples(st.just("completed")),
    st.tuples(st.just("wait"), st.sampled_from([1 / 16, 1 / 4, 1.0, TIMEOUT])),
    st.tuples(st.just("claim"), texts),
    st.tuples(st.just("claim object"), st.integers(0, 5)),
    st.tuples(st.just("reconnected")),
    st.tuples(st.just("end")),
)


class Stream:
    """A ledger, what was reported to it, and what must hold after each report."""

    def __init__(self) -> None:
        self.lost: list[Utterance] = []
        self.ledger = Ledger(
            voice_timeout_seconds=TIMEOUT, max_audio_seconds=MAX_AUDIO, lost=self.lost.append
        )
        self.utterances: list[Utterance] = []
        self.now = 0.0

    def report(self, kind: str, *details: object) -> None:
        getattr(self, kind.replace(" ", "_"))(*details)
        self.check()

    def recognized(self, text: str) -> None:
        self.utterances.append(self.ledger.recognized(text, self.now))

    def audio(self, seconds: float, starts: bool) -> None:
        self.ledger.audio(piece(seconds, starts=starts), self.now)

    def completed(self) -> None:
        self.ledger.completed(self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.ledger.expire(self.now)
        deadline = self.ledger.deadline
        assert deadline is None or deadline > self.now

    def claim(self, text: str) -> None:
        assert all(utterance.claimed for utterance in self.ledger.claims.claim(text))

    def claim_object(self, index: int) -> None:
        for utterance in self.utterances[index : index + 1]:
            before = utterance.claimed
            assert self.ledger.claims.claim(utterance.translation) == ([] if before else [utterance])

    def reconnected(self) -> None:
        self.ledger.reconnected(self.now)
        self.check_quiet()

    def end(self) -> None:
        self.ledger.end(self.now)
        self.check_quiet()

    def check(self) -> None:
        for utterance in self.utterances:
            assert (utterance.state is State.LOST) == (utterance.lost_reason is not None)
        assert len(self.lost) == len({utterance.id for utterance in self.lost})
        assert set(self.lost) == {one for one in self.utterances if one.state is State.LOST}
        assert sum(one.seconds for one in self.utterances if not one.claimed) <= MAX_AUDIO
        assert all(sum(one.seconds for one in each.samples) == each.seconds for each in self.utterances)

    def check_quiet(self) -> None:
        assert all(utterance.done for utterance in self.utterances)
        assert self.ledger.deadline is None


@reproducible
@given(st.lists(reports, max_size=30))
@example([("recognized", "oui"), ("audio", 16.0, False), ("completed",)])
@example([("audio", 16.0, False), ("recognized", "oui")])
def test_every_wait_ends_every_loss_has_a_reason_and_memory_is_bounded_whatever_is_reported(
    sequence: list[tuple[object, ...]],
) -> None:
    stream = Stream()
    for kind, *details in sequence:
        stream.report(str(kind), *details)
    stream.report("wait", 1000.0)
    stream.check_quiet()


@dataclass(frozen=True)
class Plan:
    """How a service that keeps the order voices one utterance; times in 1/64 s, exact as floats."""

    after: int
    """From the `recognized` before to this one."""
    missing: bool
    """The voice never comes; the service goes on only when the utterance was given up."""
    early: int
    """How long before `recognized` the voice may begin, if the voice before is over."""
    delay: int
    """From then, or from `recognized`, to the first piece, or to giving up."""
    gaps: tuple[int, ...]
    """Between the pieces, and between the last one and Completed."""


TICKS = 64
PATIENCE = int(0.5 * TIMEOUT * TICKS)
"""In ticks: how late a voice may begin before it may as well be of the utterance behind its own."""
SHORT = int(TIMEOUT * TICKS) - 1
"""In ticks: what is still in time."""
moments = st.one_of(st.integers(0, 32), st.integers(0, SHORT), st.integers(SHORT - 32, SHORT))
plans = st.builds(
    Plan,
    after=moments,
    missing=st.sampled_from([False, False, False, True]),
    early=st.one_of(st.just(0), moments),
    delay=moments,
    gaps=st.lists(moments, min_size=1, max_size=3).map(tuple),
)
Report = tuple[int, Callable[[Ledger, float], object]]


def ticks_of(plan_list: list[Plan]) -> tuple[list[Report], list[int]]:
    """All reports of such a service, in the order of time; and how many pieces each voice has."""
    happenings: list[Report] = []
    pieces = []
    recognized_at = over_at = moved_at = 0
    for number, plan in enumerate(plan_list):
        recognized_at += plan.after
        happenings.append((recognized_at, lambda ledger, now, n=number: ledger.recognized(f"text {n}", now)))
        if plan.missing:
            moved_at = max(moved_at, recognized_at) + SHORT + 1
            over_at = min(moved_at + plan.delay, moved_at + SHORT)
            pieces.append(0)
            continue
        at = max(over_at, recognized_at - plan.early)
        at += min(plan.delay, max(moved_at, recognized_at) + SHORT - at)
        for index, gap in enumerate(plan.gaps):
            samples = piece(1 / 4, starts=index == 0, tag=number)
            happenings.append((at, lambda ledger, now, samples=samples: ledger.audio(samples, now)))
            at += gap
        happenings.append((at, lambda ledger, now: ledger.completed(now)))
        over_at = moved_at = at
        pieces.append(len(plan.gaps))
    # Python's sort keeps what happens at once in the order of the service.
    return sorted(happenings, key=lambda happening: happening[0]), pieces


@reproducible
@given(st.lists(plans, min_size=1, max_size=8))
@example(
    # A missing voice; the next one is over before `recognized`, while it may still be the missing one.
    [
        Plan(after=0, missing=True, early=0, delay=0, gaps=(0,)),
        Plan(after=int(7.5 * TICKS), missing=False, early=int(1.5 * TICKS), delay=0, gaps=(TICKS,)),
        Plan(after=TICKS // 2, missing=False, early=0, delay=int(4.25 * TICKS), gaps=(0,)),
    ]
)
def test_no_utterance_ever_holds_a_sample_of_anothers_voice(plan_list: list[Plan]) -> None:
    ledger = Ledger(voice_timeout_seconds=TIMEOUT)
    happenings, pieces = ticks_of(plan_list)
    utterances = []
    for tick, happen in happenings:
        result = happen(ledger, tick / TICKS)
        if isinstance(result, Utterance):
            ledger.claims.claim(result.translation)  # so that what was heard stays, even if it is lost
            utterances.append(result)
    ledger.expire(1e6)
    for number, utterance in enumerate(utterances):
        assert set(tags(utterance)) <= {number}
        if utterance.state is State.VOICED:
            assert len(tags(utterance)) == pieces[number]
    if not any(plan.missing or plan.delay > PATIENCE for plan in plan_list):
        assert {utterance.state for utterance in utterances} == {State.VOICED}


class TestNobodyWillSayIt:
    """An utterance that was let go keeps its place in the line, and no memory."""

    def test_the_voice_of_a_skipped_utterance_is_not_given_to_the_next(
        self, ledger: Ledger, lost: list[Utterance]
    ) -> None:
        skipped, said = ledger.recognized("Oui.", 0.0), ledger.recognized("Non.", 0.1)
        ledger.claims.let_go(skipped)
        for now, tag in ((1.0, 1), (2.0, 2)):
            ledger.audio(piece(tag=tag), now)
            ledger.completed(now)
        assert (skipped.state, tags(skipped), skipped.seconds) == (State.VOICED, [], 1.0)
        assert tags(said) == [2]
        assert lost == []

    def test_the_voice_of_a_skipped_utterance_is_freed(self, ledger: Ledger) -> None:
        skipped = ledger.recognized("Oui.", 0.0)
        ledger.audio(piece(tag=1), 1.0)
        ledger.claims.let_go(skipped)
        ledger.audio(piece(tag=2), 1.1)
        assert (skipped.samples, ledger.claims.waiting_seconds, ledger.claims.empty) == ([], 0.0, True)

    def test_no_text_claims_it(self, ledger: Ledger) -> None:
        skipped, said = ledger.recognized("Oui.", 0.0), ledger.recognized("Oui.", 0.1)
        ledger.claims.let_go(skipped)
        assert ledger.claims.claim(skipped.translation) == []
        assert ledger.claims.claim("Oui.") == [said]

    def test_the_loss_of_a_skipped_utterance_is_not_reported(
        self, ledger: Ledger, lost: list[Utterance]
    ) -> None:
        skipped = ledger.recognized("Oui.", 0.0)
        ledger.claims.let_go(skipped)
        ledger.reconnected(1.0)
        assert skipped.state is State.LOST
        assert lost == []

    def test_the_voice_of_a_skipped_utterance_may_be_longer_than_the_bound(
        self, lost: list[Utterance]
    ) -> None:
        ledger = Ledger(max_audio_seconds=2.0, lost=lost.append)
        skipped, said = ledger.recognized("Oui.", 0.0), ledger.recognized("Non.", 0.1)
        ledger.claims.let_go(skipped)
        for number in range(5):
            ledger.audio(piece(tag=1), 1.0 + number)
        ledger.completed(6.0)
        ledger.audio(piece(tag=2), 6.5)
        assert (skipped.state, ledger.claims.evicted) == (State.VOICED, 0)
        assert tags(said) == [2]

    def test_one_that_is_claimed_stays_with_its_speech(self, ledger: Ledger) -> None:
        said = ledger.recognized("Oui.", 0.0)
        ledger.claims.claim("Oui.")
        ledger.claims.let_go(said)
        ledger.audio(piece(tag=1), 1.0)
        assert tags(said) == [1]


class TestUnread:
    """A result that cannot be read: its voice comes, and its words never do."""

    @pytest.mark.parametrize("early", [False, True])
    def test_the_voice_of_an_unread_result_is_nobodys_and_the_next_utterance_has_its_own(
        self, ledger: Ledger, lost: list[Utterance], early: bool
    ) -> None:
        if early:
            ledger.audio(piece(tag=1), 0.5)
        ledger.unread(1.0)
        following = ledger.recognized("deux", 1.1)
        ledger.audio(piece(tag=1), 1.2)
        ledger.completed(1.3)
        ledger.audio(piece(tag=2), 1.4)
        ledger.completed(1.5)
        assert (tags(following), following.state, lost) == ([2], State.VOICED, [])

    def test_no_text_claims_it(self, ledger: Ledger) -> None:
        ledger.unread(0.0)
        assert ledger.claims.empty


class TestRelayedVoices:
    """Where another connection brings the voices of a language."""

    @pytest.fixture
    def german(self) -> LanguageLedger:
        german = LanguageLedger("de", is_main=False, voice_timeout_seconds=TIMEOUT)
        german.relay(True)
        return german

    def _voice(self) -> Utterance:
        return Utterance("another", "eins", 0.0, times=(1.0, 2.0))

    def test_an_utterance_has_the_voice_of_the_same_place(self, german: LanguageLedger) -> None:
        utterance = german.recognized("eins", 0.0, times=(1.0, 2.0))
        voice = self._voice()
        german.relayed(voice)
        voice.add(piece(tag=7))
        voice.complete()
        assert (tags(utterance), utterance.state) == ([7], State.VOICED)

    def test_an_utterance_without_one_is_lost_in_time(self, german: LanguageLedger) -> None:
        utterance = german.recognized("eins", 0.0, times=(1.0, 2.0))
        assert german.deadline == TIMEOUT
        german.expire(TIMEOUT)
        assert utterance.lost_reason is LostReason.TIMEOUT

    def test_the_end_of_a_connection_leaves_it_waiting_and_that_of_the_stream_does_not(
        self, german: LanguageLedger
    ) -> None:
        utterance = german.recognized("eins", 0.0, times=(1.0, 2.0))
        german.abandon(LostReason.RECONNECTED)
        waiting = utterance.state
        german.end(LostReason.ENDED)
        assert (waiting, utterance.lost_reason) == (State.RECOGNIZED, LostReason.ENDED)

    def test_an_unread_result_takes_no_voice(self, german: LanguageLedger) -> None:
        german.unread(0.0)
        assert german.deadline is None


def test_a_ledger_is_searched_by_its_language_or_as_the_main_one() -> None:
    french, german = LanguageLedger("fr"), LanguageLedger("de", is_main=False)
    assert [(one.is_of(None), one.is_of("de")) for one in (french, german)] == [(True, False), (False, True)]


def test_a_ledger_in_doubt_gives_the_next_voice_to_nobody() -> None:
    ledger = LanguageLedger("fr")
    utterance = ledger.recognized("un", 0.0)
    ledger.doubt(0.5)
    assert utterance.lost_reason is LostReason.IN_DOUBT
