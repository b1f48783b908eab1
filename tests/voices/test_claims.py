"""Which text is spoken by which voice, and how much voice waits for that."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from fakes.pieces import PieceLedger as Ledger
from fakes.pieces import piece, tags

from livekit_plugins_azure_interpreter._voices import claims as _claims
from livekit_plugins_azure_interpreter._voices.utterance import LostReason, State, Utterance

# The bound


@pytest.fixture
def small(lost: list[Utterance]) -> Ledger:
    """A ledger that keeps two seconds."""
    return Ledger(max_audio_seconds=2.0, lost=lost.append)


def say(ledger: Ledger, text: str, seconds: float, now: float) -> Utterance:
    utterance = ledger.recognized(text, now)
    ledger.audio(piece(seconds), now)
    ledger.completed(now)
    return utterance


def test_nothing_leaves_up_to_the_bound(small: Ledger) -> None:
    utterances = [say(small, text, 1.0, 0.0) for text in ("un", "deux")]
    assert [one.state for one in utterances] == [State.VOICED, State.VOICED]


def test_the_oldest_unclaimed_utterance_leaves_beyond_the_bound(small: Ledger, lost: list[Utterance]) -> None:
    claimed, oldest = say(small, "un", 1.0, 0.0), say(small, "deux", 1.0, 0.0)
    small.claims.claim("un")
    newest = [say(small, text, 1.0, 0.0) for text in ("trois", "quatre")]
    assert [one.state for one in (claimed, *newest)] == [State.VOICED] * 3
    assert (oldest.lost_reason, small.claims.evicted, lost) == (LostReason.EVICTED, 1, [oldest])


def test_the_pieces_of_a_voice_count_together(small: Ledger, lost: list[Utterance]) -> None:
    oldest = small.recognized("un", 0.0)
    for _ in range(3):
        small.audio(piece(0.5), 0.0)
    assert small.claims.waiting_seconds == pytest.approx(1.5)
    small.completed(0.0)
    say(small, "deux", 1.0, 0.0)
    assert lost == [oldest]


def test_an_utterance_that_was_claimed_meanwhile_does_not_leave(small: Ledger) -> None:
    claimed, newest = say(small, "un", 1.0, 0.0), small.recognized("deux", 0.0)
    small.claims.claim("un")
    small.audio(piece(3.0), 1.0)
    assert (claimed.state, newest.lost_reason) == (State.VOICED, LostReason.EVICTED)


def test_audio_that_is_claimed_does_not_count(small: Ledger) -> None:
    for text in ("un", "deux", "trois"):
        say(small, text, 2.0, 0.0)
        small.claims.claim(text)
    assert small.claims.evicted == 0


def test_audio_that_is_lost_does_not_count(small: Ledger) -> None:
    small.recognized("un", 0.0)
    small.audio(piece(2.0), 0.0)
    small.reconnected(1.0)
    utterance = say(small, "deux", 2.0, 2.0)
    assert (utterance.state, small.claims.evicted) == (State.VOICED, 0)


def test_a_single_voice_beyond_the_bound_is_lost_once_and_its_rest_dropped(
    small: Ledger, lost: list[Utterance]
) -> None:
    utterance = small.recognized("un", 0.0)
    small.audio(piece(3.0), 1.0)
    small.audio(piece(1.0), 2.0)
    small.completed(3.0)
    assert (lost, small.claims.evicted, small.dropped_seconds) == ([utterance], 1, 1.0)


def test_the_voice_after_an_evicted_one_is_not_taken_for_its_rest(small: Ledger) -> None:
    small.recognized("un", 0.0)
    following = small.recognized("deux", 0.0)
    small.audio(piece(3.0, tag=1), 1.0)
    small.completed(2.0)
    small.audio(piece(tag=2), 3.0)
    assert tags(following) == [2]


def test_a_claimed_voice_without_end_is_lost_and_what_was_heard_stays(small: Ledger) -> None:
    utterance = small.recognized("un", 0.0)
    small.claims.claim("un")
    small.audio(piece(2.0), 1.0)
    small.audio(piece(1.0), 2.0)
    assert (utterance.lost_reason, utterance.seconds, small.claims.evicted) == (LostReason.EVICTED, 3.0, 1)


def test_an_early_voice_beyond_the_bound_is_lost_once(small: Ledger, lost: list[Utterance]) -> None:
    small.audio(piece(3.0), 0.0)
    utterance = small.recognized("un", 0.5)
    assert (utterance.lost_reason, lost, small.claims.evicted) == (LostReason.EVICTED, [utterance], 1)


def test_an_utterance_that_was_evicted_can_be_claimed_and_so_reaches_the_fallback(small: Ledger) -> None:
    evicted = say(small, "un", 3.0, 0.0)
    assert (small.claims.claim("un"), evicted.state) == ([evicted], State.LOST)


def test_translations_that_nobody_claims_are_bounded_too(
    small: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_claims, "_MAX_WAITING", 2)
    voiced = say(small, "un", 1.0, 0.0)
    for text in ("deux", "trois"):
        small.recognized(text, 1.0)
    assert (voiced.lost_reason, small.claims.claim("un"), small.claims.evicted) == (LostReason.EVICTED, [], 1)


def test_an_utterance_in_line_keeps_its_place_when_it_can_no_longer_be_claimed(
    small: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_claims, "_MAX_WAITING", 1)
    small.recognized("un", 0.0)
    following = small.recognized("deux", 0.0)
    for tag in (1, 2):
        small.audio(piece(tag=tag), 1.0)
        small.completed(1.0)
    assert (small.claims.claim("un"), tags(following)) == ([], [2])


# Claims


def test_a_translation_is_claimed_by_identity_before_an_older_one_with_the_same_words(ledger: Ledger) -> None:
    ledger.recognized("oui", 0.0)
    newer = ledger.recognized("oui", 0.0)
    assert ledger.claims.claim(newer.translation) == [newer]


def test_a_translation_can_be_claimed_once(ledger: Ledger) -> None:
    utterance = ledger.recognized("oui", 0.0)
    ledger.claims.claim(utterance.translation)
    assert ledger.claims.claim(utterance.translation) == []


def test_a_translation_of_another_ledger_is_not_claimed(ledger: Ledger) -> None:
    ledger.recognized("oui", 0.0)
    assert ledger.claims.claim(Ledger().recognized("oui", 0.0).translation) == []


CHANGED_TEXTS = {
    "unchanged": ("Bonjour, ça va ?", "Bonjour, ça va ?"),
    "emphasis removed": ("**Bonjour**, _ça_ va ?", "Bonjour, ça va ?"),
    "heading removed": ("# Bonjour", "Bonjour"),
    "link removed": ("Voir [ici](https://example.com)", "Voir ici"),
    "code removed": ("Tapez `ls`", "Tapez ls"),
    "emoji removed": ("Bonjour 👋🏽 !", "Bonjour !"),
    "white space": ("Bonjour,  ça\u00a0va ?\n", " Bonjour, ça va ?"),
    "composed": (unicodedata.normalize("NFD", "déjà"), unicodedata.normalize("NFC", "déjà")),
    "decomposed": (unicodedata.normalize("NFC", "déjà"), unicodedata.normalize("NFD", "déjà")),
}


@pytest.mark.parametrize(("text", "handed"), CHANGED_TEXTS.values(), ids=CHANGED_TEXTS)
def test_a_translation_is_claimed_by_its_text_after_the_frameworks_changes(
    ledger: Ledger, text: str, handed: str
) -> None:
    utterance = ledger.recognized(text, 0.0)
    assert ledger.claims.claim(handed) == [utterance]


def test_the_oldest_of_identical_texts_is_claimed_first(ledger: Ledger) -> None:
    utterances = [ledger.recognized("oui", 0.0) for _ in range(3)]
    assert [ledger.claims.claim("oui") for _ in range(4)] == [[one] for one in utterances] + [[]]


def test_joined_translations_are_claimed_in_order(ledger: Ledger) -> None:
    utterances = [ledger.recognized(text, 0.0) for text in ("Un.", "Deux !", "Trois ?", "Quatre")]
    assert ledger.claims.claim("Deux ! Trois ?") == utterances[1:3]


def test_a_text_that_is_one_translation_is_not_taken_for_two_joined(ledger: Ledger) -> None:
    ledger.recognized("Un", 0.0)
    ledger.recognized("deux", 0.0)
    whole = ledger.recognized("Un deux", 0.0)
    assert ledger.claims.claim("Un deux") == [whole]


@pytest.mark.parametrize("text", ["", " ", "trois", "un et", "un trois", "deux un", "u"])
def test_a_text_that_is_no_translation_claims_nothing(ledger: Ledger, text: str) -> None:
    utterances = [ledger.recognized(known, 0.0) for known in ("un", "deux")]
    assert ledger.claims.claim(text) == []
    assert not any(utterance.claimed for utterance in utterances)


def test_a_claim_before_the_voice_gets_the_voice_as_it_comes(ledger: Ledger) -> None:
    [utterance] = [ledger.recognized("un", 0.0)]
    ledger.claims.claim("un")
    changes: list[int] = []
    utterance.changed = lambda: changes.append(len(utterance.samples))
    ledger.audio(piece(), 1.0)
    ledger.audio(piece(), 2.0)
    ledger.completed(3.0)
    assert changes == [1, 2, 2]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda ledger: ledger.expire(5.0), id="timeout"),
        pytest.param(lambda ledger: ledger.reconnected(1.0), id="reconnected"),
        pytest.param(lambda ledger: ledger.end(1.0), id="end"),
    ],
)
def test_the_claimant_is_told_of_a_loss(ledger: Ledger, end: Callable[[Ledger], None]) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.claims.claim("un")
    seen: list[State] = []
    utterance.changed = lambda: seen.append(utterance.state)
    end(ledger)
    assert seen == [State.LOST]


def test_find_claims_nothing(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    assert (ledger.claims.find("un"), utterance.claimed) == (utterance, False)


def test_find_passes_over_what_was_handed_out_if_asked_to(ledger: Ledger) -> None:
    handed_out, free = ledger.recognized("oui", 0.0), ledger.recognized("oui", 0.0)
    handed_out.handed_out = True
    assert (ledger.claims.find("oui"), ledger.claims.find("oui", handed_out=False)) == (handed_out, free)


def test_find_finds_nothing_that_is_claimed(ledger: Ledger) -> None:
    ledger.recognized("oui", 0.0)
    ledger.claims.claim("oui")
    assert ledger.claims.find("oui") is None


def test_a_ledger_is_empty_when_nothing_waits_for_a_claim(ledger: Ledger) -> None:
    empty = [ledger.claims.empty]
    ledger.recognized("un", 0.0)
    empty.append(ledger.claims.empty)
    ledger.claims.claim("un")
    assert [*empty, ledger.claims.empty] == [True, False, True]


def test_an_utterance_that_is_let_go_does_not_wait_and_keeps_no_voice(ledger: Ledger) -> None:
    gone, kept = say(ledger, "oui", 1.0, 0.0), say(ledger, "oui", 0.5, 0.0)
    ledger.claims.let_go(gone)
    assert ledger.claims.waiting_seconds == pytest.approx(0.5)
    assert not gone.samples
    assert ledger.claims.claim("oui") == [kept]
    assert ledger.claims.claim(gone.translation) == []


def test_a_claimed_utterance_is_not_let_go(ledger: Ledger) -> None:
    utterance = ledger.recognized("oui", 0.0)
    ledger.claims.claim("oui")
    ledger.claims.let_go(utterance)
    assert utterance.wanted


def test_all_that_waits_can_be_let_go(ledger: Ledger) -> None:
    said, *waiting = (ledger.recognized(text, 0.0) for text in ("un", "deux", "trois"))
    ledger.claims.claim("un")
    ledger.claims.let_go_of_all()
    assert ledger.claims.empty
    assert (said.wanted, [one.wanted for one in waiting]) == (True, [False, False])


def test_a_translation_is_untold_until_it_is_handed_out(ledger: Ledger) -> None:
    utterances = [ledger.recognized(text, 0.0) for text in ("un", "deux")]
    untold = [ledger.claims.has_untold]
    for utterance in utterances:
        utterance.handed_out = True
        untold.append(ledger.claims.has_untold)
    assert untold == [True, True, False]


# Finals whose text was changed


def timed(ledger: Ledger, text: str, start_time: float, end_time: float) -> Utterance:
    utterance = ledger.recognized(text, 0.0)
    utterance.times = (start_time, end_time)
    return utterance


def test_a_final_is_found_by_its_id(ledger: Ledger) -> None:
    timed(ledger, "un", 1.0, 2.0)
    second = timed(ledger, "deux", 2.0, 3.0)
    assert ledger.claims.heard_as(second.id, 1.0, 2.0) is second


@pytest.mark.parametrize("name", [None, 1, "another id"])
def test_a_final_without_a_known_id_is_found_by_its_times(ledger: Ledger, name: object) -> None:
    timed(ledger, "un", 1.0, 2.0)
    second = timed(ledger, "deux", 2.0, 3.0)
    assert ledger.claims.heard_as(name, 2.0, 3.0) is second


def test_a_final_with_other_times_is_not_found(ledger: Ledger) -> None:
    timed(ledger, "un", 1.0, 2.0)
    assert ledger.claims.heard_as(None, 1.0, 2.5) is None


def test_a_final_without_times_is_not_found(ledger: Ledger) -> None:
    timed(ledger, "un", 0.0, 0.0)
    assert ledger.claims.heard_as(None, 0.0, 0.0) is None


def test_a_final_that_was_claimed_is_not_found(ledger: Ledger) -> None:
    utterance = timed(ledger, "un", 1.0, 2.0)
    ledger.claims.claim("un")
    assert ledger.claims.heard_as(utterance.id, 1.0, 2.0) is None


# Texts that come in pieces


@pytest.mark.parametrize("settled", ["", "De", "Deux", "DeuxTr", "DeuxTrois"])
def test_a_text_that_begins_like_waiting_translations_may_be_them(ledger: Ledger, settled: str) -> None:
    for text in ("Un.", "Deux !", "Trois ?"):
        ledger.recognized(text, 0.0)
    assert ledger.claims.begins(settled)


@pytest.mark.parametrize("settled", ["Dix", "DeuxUn", "TroisDeux", "TroisQuatre"])
def test_a_text_that_begins_otherwise_is_no_waiting_translation(ledger: Ledger, settled: str) -> None:
    for text in ("Un.", "Deux !", "Trois ?"):
        ledger.recognized(text, 0.0)
    assert not ledger.claims.begins(settled)


def test_a_text_begins_nothing_where_nothing_waits(ledger: Ledger) -> None:
    assert not ledger.claims.begins("")


def test_a_translation_that_is_claimed_is_no_beginning(ledger: Ledger) -> None:
    ledger.recognized("Un.", 0.0)
    ledger.claims.claim("Un.")
    assert not ledger.claims.begins("Un")


@pytest.mark.parametrize("text", ["Deux !", "Deux, Trois", "Un. Deux ! Trois ?"])
def test_a_waiting_translation_is_found_by_its_words(ledger: Ledger, text: str) -> None:
    for part in ("Un.", "Deux !", "Trois ?"):
        ledger.recognized(part, 0.0)
    assert ledger.claims.says(text)


@pytest.mark.parametrize("text", ["", "Dix", "Deux Un", "Deux Tr"])
def test_other_words_are_no_waiting_translation(ledger: Ledger, text: str) -> None:
    for part in ("Un.", "Deux !", "Trois ?"):
        ledger.recognized(part, 0.0)
    assert not ledger.claims.says(text)
