from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import pytest
from fakes.parallel import PAIRS, lines

from livekit_plugins_azure_interpreter._simultaneous.policy import Outcome, SimultaneousPolicy
from livekit_plugins_azure_interpreter._simultaneous.words import words
from livekit_plugins_azure_interpreter.emulator import Revisions
from livekit_plugins_azure_interpreter.emulator.revisions import spoken_seconds

_NUMBERS = (
    "On 5 May at 12:30, 1 000 people paid 3,5 % of 20 000 €, and 2.5 million paid $1,000.00 more; 17 did not."
)
_INTERVAL_SECONDS = 0.3
_EXAMPLES = int(os.environ.get("EXAMPLES", "40"))
"""How many utterances are tried at each share; `nox -s nightly` tries more."""


def _prefixes(text: str) -> list[str]:
    parts = text.split()
    return [" ".join(parts[: count + 1]) for count in range(len(parts))]


def _interims(policy: SimultaneousPolicy, *texts: str) -> list[str]:
    """What is said after each of them; they come one a second."""
    return [policy.interim(text, float(now)) for now, text in enumerate(texts)]


def _said(policy: SimultaneousPolicy, *texts: str) -> str:
    """What was said after them."""
    for now, text in enumerate(texts):
        policy.interim(text, float(now))
    return policy.committed


def _policy(language: str, **choices: Any) -> SimultaneousPolicy:
    """Choices with which short texts show the rules."""
    return SimultaneousPolicy(language, **{"agreement": 2, "clause_words": 2, "held_words": 1, **choices})


class TestInterim:
    def test_one_interim_is_not_enough(self) -> None:
        assert _interims(_policy("en"), "we will go home") == [""]

    def test_two_interims_give_out_what_they_agree_on(self) -> None:
        assert _said(_policy("en"), "we will go", "we will stay here") == "we will"

    @pytest.mark.parametrize(("agreement", "said"), [(2, "we will go"), (3, "we will"), (4, "")])
    def test_agreement_says_how_many_interims_must_agree(self, agreement: int, said: str) -> None:
        policy = _policy("en", agreement=agreement)
        texts = ["we will be here", "we will go home now", "we will go home at once"]
        assert _said(policy, *texts) == {2: "we will go home", 3: "we will", 4: ""}[agreement]

    def test_the_last_word_may_grow(self) -> None:
        policy = _policy("en", clause_words=1)
        assert _said(policy, "we will go to the house", "we will go to the houseboat") == "we will go to the"

    def test_an_interim_holds_only_one_word_back_until_something_was_said(self) -> None:
        policy = _policy("en", clause_words=1, held_words=3)
        assert _interims(policy, *_prefixes("we will go home and eat")) == ["", "", "we", "", "", " will"]

    def test_a_repeated_interim_tells_nothing_new(self) -> None:
        policy = _policy("en", settled_seconds=1.0)
        assert [policy.interim("we will go", now) for now in (0.0, 0.3, 0.6, 0.9)] == [""] * 4
        assert policy.interim("we will go", 1.0) == "we will"

    def test_marks_and_case_that_move_do_not_matter(self) -> None:
        policy = _policy("en")
        assert _said(policy, "well we will. go", "Well, we will go, now") == "Well, we will"

    def test_a_few_words_are_given_out_at_once(self) -> None:
        policy = _policy("en", clause_words=3)
        assert _interims(policy, *_prefixes("one two three four five six seven eight")) == [
            "", "", "", "", "one two three", "", "", " four five six",
        ]  # fmt: skip

    def test_a_clause_is_given_out_although_it_is_short(self) -> None:
        policy = _policy("en", clause_words=4)
        assert _interims(policy, *_prefixes("Yes, we will go home")) == ["", "", "Yes,", "", ""]

    def test_a_number_is_not_divided(self) -> None:
        policy = _policy("fr", clause_words=1)
        texts = ["il y en a 1", "il y en a 1 000", "il y en a 1 000 000", "il y en a 1 000 000 ici"]
        assert _interims(policy, *texts) == ["", "il y en a", "", ""]
        assert policy.final("il y en a 1 000 000 ici", 4.0) == " 1 000 000 ici"

    def test_a_japanese_phrase_is_not_divided(self) -> None:
        text = "私は昨日東京で本を買いました。"
        pieces = _interims(_policy("ja"), *(text[:end] for end in range(1, len(text) + 1)))
        assert [piece for piece in pieces if piece] == ["私は昨日東京で"]

    def test_a_word_that_moves_along_at_the_end_is_not_said(self) -> None:
        policy = _policy("de", clause_words=1)
        said = _said(policy, "ich habe gelesen", "ich habe das gelesen", "ich habe das Buch gelesen")
        assert said == "ich habe das"

    def test_an_interim_that_is_shorter_than_what_was_said_says_nothing(self) -> None:
        policy = _policy("en")
        _said(policy, "we will go home now", "we will go home now then")
        assert (policy.interim("we will", 9.0), policy.interim("", 9.5)) == ("", "")

    def test_a_word_that_changed_after_it_was_said_does_not_stop_the_rest(self) -> None:
        policy = _policy("en")
        assert _said(policy, "we went home now and", "we went home now and then") == "we went home now"
        changed = ["we walk home now and then some more", "we walk home now and then some more or"]
        assert [policy.interim(text, 9.0) for text in changed] == ["", " and then some"]

    def test_a_word_that_changed_just_after_it_was_said_is_said_as_it_is_now(self) -> None:
        policy = _policy("en")
        assert _said(policy, "we went home", "we went home now and") == "we went"
        changed = ["we walk home now and then", "we walk home now and then some"]
        assert [policy.interim(text, 9.0) for text in changed] == ["", " walk home now and"]


class TestFinal:
    def test_the_rest_follows(self) -> None:
        policy = _policy("en")
        _said(policy, *_prefixes("We will go home"))
        assert policy.final("We will go home now.", 5.0) == " go home now."
        assert policy.committed == "We will go home now."

    def test_all_of_it_is_the_rest_if_nothing_was_said(self) -> None:
        policy = _policy("en")
        assert policy.final(" We go. ", 5.0) == "We go."
        assert policy.outcome == Outcome(committed_words=2, given_at=(5.0, 5.0))

    def test_nothing_is_left_if_all_was_said(self) -> None:
        policy = _policy("en")
        _said(policy, "we will go", "we will go home")
        assert policy.final("We will!", 5.0) == ""

    def test_a_changed_number_is_said_again_with_the_words_around_it(self) -> None:
        policy = _policy("en")
        said = "We are there: on 5 May at noon we will all go home to eat and sleep"
        _said(policy, *_prefixes(said))
        rest = policy.final(said.replace("5", "6") + ".", 20.0)
        assert rest == " on 6 May and sleep."
        assert (policy.outcome.contradicted_words, policy.outcome.repeated_words) == (1, 3)

    def test_a_change_near_the_end_is_said_again_up_to_the_end(self) -> None:
        policy = _policy("en")
        _said(policy, *_prefixes("we all meet on 5 May at noon, all"))
        assert policy.committed == "we all meet on 5 May"
        assert policy.final("We all meet on 6 May at noon, all.", 9.0) == " on 6 May at noon, all."

    def test_a_negation_that_came_late_is_said(self) -> None:
        policy = _policy("en")
        _said(policy, *_prefixes("we will go to the big house"))
        rest = policy.final("We will not go to the big house.", 9.0)
        assert rest == " will not go to the big house."
        assert (policy.outcome.contradicted_words, policy.outcome.missed_words) == (0, 1)

    def test_a_change_is_not_said_again_with_words_of_another_clause(self) -> None:
        policy = _policy("en")
        said = "We are there, on 5, at noon, and we will all go home to eat"
        _said(policy, *_prefixes(said))
        assert policy.final(said.replace("5", "6") + ".", 20.0) == " on 6, to eat."

    def test_a_change_in_a_script_without_spaces_is_said_again_with_characters_that_make_a_word(self) -> None:
        policy = _policy("ja")
        said = "私は昨日東京で本を買いました。それから家に帰って寝ました。"
        _said(policy, *(said[:end] for end in range(1, len(said) + 1)))
        assert policy.final(said.replace("東", "北"), 20.0).startswith("私は昨日北京で本を")

    def test_a_change_without_a_meaning_is_not_said_again(self) -> None:
        policy = _policy("en")
        _said(policy, *_prefixes("we will go to the house by the lake"))
        assert policy.final("We will go to a house by the lake.", 9.0) == " by the lake."
        assert (policy.outcome.contradicted_words, policy.outcome.repeated_words) == (1, 0)

    def test_the_outcome_says_when_each_word_was_said(self) -> None:
        policy = _policy("en")
        _said(policy, *_prefixes("we will go home now"))
        policy.final("We will go home now.", 9.0)
        assert policy.outcome == Outcome(
            committed_words=5, words_before_end=2, given_at=(3.0, 3.0, 9.0, 9.0, 9.0)
        )


class TestRestarted:
    def test_nothing_is_said_again(self) -> None:
        policy = SimultaneousPolicy("en")
        texts = _prefixes("we will go to the big house")
        _said(policy, *texts)
        assert policy.committed == "we will go to"
        policy.restarted()
        assert _interims(policy, *texts[:6]) == [""] * 6
        assert policy.final("We will go to the big house.", 20.0) == " the big house."

    def test_interims_from_before_do_not_count(self) -> None:
        policy = SimultaneousPolicy("en")
        policy.interim("we will go home", 0.0)
        policy.restarted()
        assert policy.interim("we will go home now", 1.0) == ""


class TestEndedAt:
    def test_speech_beyond_the_end_is_of_the_next_utterance(self) -> None:
        policy = _policy("en")
        _said(policy, *_prefixes("we will go home now and then we eat at last"))
        beyond = policy.ended_at("We will go home.")
        assert beyond.keys == ["now", "and", "then", "we"]
        assert len(beyond.given_at) == 4
        assert policy.final("We will go home.", 20.0) == ""
        assert policy.outcome.contradicted_words == 0
        following = _policy("en", said=beyond)
        assert _interims(following, "now and", "now and then we eat at", "now and then we eat at last") == [
            "", "", "",
        ]  # fmt: skip
        assert following.final("Now and then we eat at last.", 21.0) == "eat at last."

    def test_nothing_is_beyond_an_end_that_was_not_reached(self) -> None:
        policy = _policy("en")
        _said(policy, *_prefixes("we will go home now"))
        assert policy.ended_at("We will go home now.").keys == []


def _utterances() -> Iterator[tuple[int, tuple[str, str, str, float]]]:
    """So many utterances as are tried, each with a seed; each seed has all of them, in another order."""
    every = [
        (spoken, language, line[language], spoken_seconds(line[spoken]))
        for (spoken, language), line in itertools.product(PAIRS, lines())
    ]
    yield 0, ("de", "en", _NUMBERS, 10.0)
    for seed in itertools.count():
        for utterance in random.Random(seed).sample(every, len(every)):
            yield seed, utterance


@lru_cache
def _runs(share: float) -> list[tuple[SimultaneousPolicy, str, list[str]]]:
    """Each utterance, its final text and its pieces. Half of them have a lost connection."""
    runs = []
    for seed, (spoken, language, text, seconds) in itertools.islice(_utterances(), _EXAMPLES):
        chance = random.Random(f"{seed} {text}")
        lost_at = chance.uniform(0, 2 * seconds)
        revisions = Revisions(share=share, seed=seed)
        policy = SimultaneousPolicy(language)
        pieces = []
        now = heard = 0.0
        while heard < seconds:
            now, heard = now + _INTERVAL_SECONDS, heard + _INTERVAL_SECONDS
            if now - _INTERVAL_SECONDS <= lost_at < now:
                policy.restarted()
                heard = _INTERVAL_SECONDS
            interim = revisions.interim(
                text, revisions.heard(heard, seconds), language=language, spoken=spoken
            )
            before = policy.committed
            pieces.append(policy.interim(interim, now))
            assert policy.committed == before + pieces[-1]
        pieces.append(policy.final(text, now + 1.0))
        assert policy.committed == "".join(pieces)
        runs.append((policy, text, [piece for piece in pieces if piece]))
    return runs


def _keys(text: str) -> list[str]:
    return [word.key for word in words(text)]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = row
        row = [0]
        for at, another in enumerate(other):
            row.append(before[at] + 1 if word == another else max(before[at + 1], row[at]))
    return row[-1]


class TestEverySeed:
    def test_the_final_is_heard_word_by_word_without_revisions(self) -> None:
        for policy, text, pieces in _runs(0.0):
            assert policy.committed == text
            outcome = policy.outcome
            assert (outcome.contradicted_words, outcome.missed_words, outcome.repeated_words) == (0, 0, 0)
            assert len(outcome.given_at) == outcome.committed_words == len(words(text))
            assert len(pieces) > 1 or len(text) < 30

    def test_no_piece_ends_within_a_word_or_a_number(self) -> None:
        for _, text, pieces in _runs(0.0):
            assert [word.text for piece in pieces for word in words(piece)] == [
                word.text for word in words(text)
            ]

    @pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
    def test_no_word_is_lost_and_none_said_twice_but_as_a_repair(self, share: float) -> None:
        for policy, text, _ in _runs(share):
            heard, final, outcome = _keys(policy.committed), _keys(text), policy.outcome
            lost = len(final) - _common(heard, final)
            assert lost <= outcome.contradicted_words + outcome.missed_words, (policy.committed, text)
            assert len(heard) <= len(final) + outcome.contradicted_words + outcome.repeated_words
            assert list(outcome.given_at) == sorted(outcome.given_at)
            assert len(outcome.given_at) == len(final)

    def test_more_revisions_contradict_more(self) -> None:
        shares = []
        for share in (0.0, 0.1, 0.3):
            outcomes = [policy.outcome for policy, _, _ in _runs(share)]
            contradicted = sum(outcome.contradicted_words for outcome in outcomes)
            shares.append(contradicted / sum(outcome.words_before_end for outcome in outcomes))
        assert shares[0] == 0.0 < shares[1] < 0.05 < shares[2] < 0.15
