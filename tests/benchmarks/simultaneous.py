"""Simultaneous interpretation: how far it is behind, and what it gets wrong.

First over the real SDK, in real time (`simultaneous_streams`); then all sentences in virtual time, without
the SDK, where the emulator's generator tells the interim results. The sentences are those of
`fakes.parallel`, said at 2.5 words a second. What a voice adds is an assumption, the same for every pace.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from fakes.parallel import PAIRS, lines
from sacrebleu.metrics import CHRF

from livekit_plugins_azure_interpreter._simultaneous.lagging import average_lagging_seconds, ear_voice_spans
from livekit_plugins_azure_interpreter._simultaneous.policy import SimultaneousPolicy
from livekit_plugins_azure_interpreter._simultaneous.words import words
from livekit_plugins_azure_interpreter.emulator import Revisions
from livekit_plugins_azure_interpreter.emulator.revisions import spoken_seconds

from . import simultaneous_streams
from .figures import Figure, Result, median, p90
from .simultaneous_said import (
    LONG_SECONDS,
    LONGEST_SECONDS,
    PAUSES,
    SHORTEST_SECONDS,
    VOICE_PACE,
    VOICE_SECONDS,
)

_SHARES = (0.0, 0.1, 0.2, 0.3)
_INTERVAL_SECONDS = 0.3
_RECOGNITION_SECONDS = 0.2
"""From the silence that ends an utterance to its final result."""
_SILENCE_SECONDS = {"sentence": 0.5, "quick": 0.3, "simultaneous": 0.5}
_CHOICES = [(2, 1.0), (2, 1.2), (3, 1.0), (2, 3.0)]
"""How many interim translations agree, and how many words at their end are held back."""


@dataclass(frozen=True)
class Utterance:
    """A sentence that is said, and its translation."""

    spoken: str
    language: str
    text: str
    seconds: float


@dataclass
class Measured:
    """What was measured of many utterances at one pace.

    Attributes:
        spans: How far each word is behind, by the seconds of its utterance.
        first_spans: The same for the first sound of each utterance.
    """

    spans: list[tuple[float, float]] = field(default_factory=list)
    first_spans: list[tuple[float, float]] = field(default_factory=list)
    lagging: list[float] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    finals: list[str] = field(default_factory=list)
    before_end: int = 0
    contradicted: int = 0
    missed: int = 0
    repeated: int = 0
    pieces: int = 0
    cpu_seconds: float = 0.0

    def add(self, utterance: Utterance, given_at: Sequence[float], heard: str) -> None:
        sounds = _sounds_at(given_at, utterance.seconds)
        spans = ear_voice_spans(sounds, utterance.seconds)
        self.spans += [(utterance.seconds, span) for span in spans]
        self.first_spans.append((utterance.seconds, sounds[0]))
        self.lagging.append(average_lagging_seconds(given_at, utterance.seconds))
        self.heard.append(heard)
        self.finals.append(utterance.text)

    @property
    def words(self) -> int:
        return len(self.spans)

    @property
    def chrf(self) -> float:
        """Of all that was heard against the final translations, from 0 to 1."""
        return float(CHRF().corpus_score(self.heard, [self.finals]).score) / 100

    def span(self, *, long: bool = False) -> list[float]:
        return [span for seconds, span in self.spans if not long or seconds >= LONG_SECONDS]

    def first_span(self, *, long: bool = False) -> list[float]:
        return [span for seconds, span in self.first_spans if not long or seconds >= LONG_SECONDS]


def measure(*, quick: bool) -> list[Result]:
    seeds = range(1 if quick else 3)
    utterances = list(_utterances())
    results = [_paces(utterances, seeds), _revised(utterances, seeds), _pairs(utterances, seeds)]
    if not quick:
        results.append(_choices(utterances))
    for result in results:
        result.title = f"virtual time: {result.title}"
        result.figures = [replace(one, name=f"virtual time, {one.name}") for one in result.figures]
    return [*simultaneous_streams.measure(quick=quick), *results]


def _paces(utterances: Sequence[Utterance], seeds: Sequence[int]) -> Result:
    result = Result("ear-voice span", axes=("seconds of the sentence", "s from the first word to its sound"))
    measured = {
        "sentence": _at_the_end(utterances),
        "quick": _by_clauses(utterances, seeds),
        "simultaneous": _simultaneously(utterances, 0.1, seeds),
    }
    for pace, one in measured.items():
        goal = 3.0 if pace == "simultaneous" else None
        result.figures += [
            Figure(
                f"{pace}: first sound behind the first word, sentences of about 20 s, median",
                median(one.first_span(long=True)),
                "s",
                goal=goal,
                beside=f"90th {p90(one.first_span(long=True)):.1f} s; "
                f"all sentences {median(one.first_span()):.1f}, 90th {p90(one.first_span()):.1f} s",
            ),
            Figure(
                f"{pace}: each word behind its own, sentences of about 20 s, median",
                median(one.span(long=True)),
                "s",
                goal=goal,
                beside=f"90th {p90(one.span(long=True)):.1f} s; "
                f"all sentences {median(one.span()):.1f}, 90th {p90(one.span()):.1f} s; "
                f"average lagging {sum(one.lagging) / len(one.lagging):.1f} s",
            ),
        ]
        by_length: dict[int, list[float]] = {}
        for seconds, span in one.first_spans:
            by_length.setdefault(round(seconds / 3) * 3, []).append(span)
        result.series[pace] = [(float(length), median(spans)) for length, spans in sorted(by_length.items())]
    return result


def _revised(utterances: Sequence[Utterance], seeds: Sequence[int]) -> Result:
    result = Result("revised interim results")
    for share in _SHARES:
        one = _simultaneously(utterances, share, seeds)
        result.figures += _quality(one, f"{share:.0%} revised", goals=share == 0.1)
    return result


def _pairs(utterances: Sequence[Utterance], seeds: Sequence[int]) -> Result:
    result = Result("language pairs")
    for pair in PAIRS:
        own = [one for one in utterances if (one.spoken, one.language) == pair]
        result.figures += _quality(_simultaneously(own, 0.1, seeds), "-".join(pair))
    return result


def _choices(utterances: Sequence[Utterance]) -> Result:
    result = Result("choices of the policy")
    for (agreement, held), clause in itertools.product(_CHOICES, (1, 2, 3, 4)):
        one = _simultaneously(
            utterances, 0.1, range(1), agreement=agreement, held_words=held, clause_words=clause
        )
        result.figures.append(
            Figure(
                f"agreement {agreement}, held {held}, clause {clause}: each word behind its own, median",
                median(one.span()),
                "s",
                beside=f"first sound {median(one.first_span()):.1f} s; contradicted "
                f"{one.contradicted / one.before_end:.1%}; chrF {one.chrf:.3f}; "
                f"{one.before_end / one.pieces:.1f} words a piece",
            )
        )
    return result


def _quality(one: Measured, name: str, *, goals: bool = False) -> list[Figure]:
    return [
        Figure(
            f"{name}: words contradicted",
            100 * one.contradicted / one.before_end,
            "%",
            goal=3.0 if goals else None,
            beside=f"missed {one.missed / one.before_end:.1%}, said again {one.repeated / one.words:.1%}",
        ),
        Figure(
            f"{name}: chrF of what was heard",
            one.chrf,
            "",
            goal=0.95 if goals else None,
            at_least=True,
            beside=f"{one.before_end / one.words:.0%} of the words before the end; each word behind its own: "
            f"{median(one.span()):.1f} s, 90th {p90(one.span()):.1f} s; "
            f"policy {1e3 * one.cpu_seconds / _seconds(one):.2f} ms of CPU per second",
        ),
    ]


def _seconds(one: Measured) -> float:
    return sum(seconds for seconds, _ in one.first_spans)


def _utterances() -> Iterator[Utterance]:
    for (spoken, language), line in itertools.product(PAIRS, lines()):
        seconds = spoken_seconds(line[spoken])
        if SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
            yield Utterance(spoken, language, line[language], seconds)


def _at_the_end(utterances: Sequence[Utterance]) -> Measured:
    measured = Measured()
    for utterance in utterances:
        final_at = utterance.seconds + _SILENCE_SECONDS["sentence"] + _RECOGNITION_SECONDS
        measured.add(utterance, [final_at] * len(words(utterance.text)), utterance.text)
    return measured


def _by_clauses(utterances: Sequence[Utterance], seeds: Sequence[int]) -> Measured:
    """An utterance ends at some of the clause marks, where the speaker pauses."""
    measured = Measured()
    for utterance, seed in itertools.product(utterances, seeds):
        chance = random.Random(f"{seed} {utterance.text}")
        found = words(utterance.text)
        given_at: list[float] = []
        for at, word in enumerate(found, 1):
            if at == len(found) or (word.ends_clause and chance.random() < PAUSES):
                said_at = at / len(found) * utterance.seconds
                final_at = said_at + _SILENCE_SECONDS["quick"] + _RECOGNITION_SECONDS
                given_at += [final_at] * (at - len(given_at))
        measured.add(utterance, given_at, utterance.text)
    return measured


def _simultaneously(
    utterances: Sequence[Utterance], share: float, seeds: Sequence[int], **choices: float
) -> Measured:
    measured = Measured()
    for utterance, seed in itertools.product(utterances, seeds):
        _interpret(utterance, Revisions(share=share, seed=seed), measured, choices)
    return measured


def _interpret(
    utterance: Utterance, revisions: Revisions, measured: Measured, choices: dict[str, float]
) -> None:
    policy = SimultaneousPolicy(utterance.language, **choices)
    silent_at = utterance.seconds + _SILENCE_SECONDS["simultaneous"]
    interims = []
    for number in range(1, int(silent_at / _INTERVAL_SECONDS) + 1):
        now = number * _INTERVAL_SECONDS
        heard = revisions.heard(now, utterance.seconds)
        text = revisions.interim(utterance.text, heard, language=utterance.language, spoken=utterance.spoken)
        interims.append((text, now))
    began_at = time.process_time()
    pieces = [policy.interim(text, now) for text, now in interims]
    policy.final(utterance.text, silent_at + _RECOGNITION_SECONDS)
    measured.cpu_seconds += time.process_time() - began_at
    outcome = policy.outcome
    measured.add(utterance, outcome.given_at, policy.committed)
    measured.before_end += outcome.words_before_end
    measured.contradicted += outcome.contradicted_words
    measured.missed += outcome.missed_words
    measured.repeated += outcome.repeated_words
    measured.pieces += sum(map(bool, pieces))


def _sounds_at(given_at: Sequence[float], seconds: float) -> list[float]:
    """When each word is heard: one after the other, none before its voice has come."""
    word_seconds = VOICE_PACE * seconds / len(given_at)
    sounds: list[float] = []
    free_at = 0.0
    for at in given_at:
        sounds.append(max(at + VOICE_SECONDS, free_at))
        free_at = sounds[-1] + word_seconds
    return sounds
