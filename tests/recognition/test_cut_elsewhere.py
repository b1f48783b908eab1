"""Speech that is heard again after a lost connection, and cut otherwise then: by seeds, in virtual time."""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from livekit_plugins_azure_interpreter._recognition.running_translation import RunningTranslation
from livekit_plugins_azure_interpreter._recognition.simultaneous_speech import SimultaneousSpeech
from livekit_plugins_azure_interpreter._recognition.transcripts import Transcript
from livekit_plugins_azure_interpreter._voices.ledger import Ledger
from livekit_plugins_azure_interpreter._voices.ledgers import Ledgers
from livekit_plugins_azure_interpreter._voices.utterance import Utterance
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import Options

_SEEDS = int(os.environ.get("EXAMPLES", "50"))
"""How many talks are tried; `nox -s nightly` tries more."""
_LANGUAGES = ("fr", "de")
_OPTIONS = Options(
    credentials=Credentials.resolve(key="any", region="westeurope"),
    target_languages=_LANGUAGES,
    spoken_languages=_LANGUAGES,
    voice=None,
    pace="simultaneous",
)
_WORD_SECONDS = 0.35
_MARGIN_SECONDS = 0.1
_INTERIM_SECONDS = 0.3
_REPAIRED_NEARBY = 3
"""A repair says so many words around a revised one again, at most."""


@dataclass(frozen=True)
class Talk:
    """What somebody says: its words, each with where it begins, and the pauses after some of them."""

    words: dict[str, list[str]]
    starts: list[float]
    pauses: list[float]

    @classmethod
    def of(cls, chance: random.Random, *, repeats: bool) -> Talk:
        """A talk; `repeats`: its words are few, and come again and again."""
        count = chance.randint(4, 45)
        pauses = [chance.choice((0.0, 0.0, 0.0, 0.25, 0.6)) for _ in range(count)]
        paces = [_WORD_SECONDS + pause for pause in pauses]
        starts = [0.2 + at for at in itertools.accumulate(paces[:-1], initial=0.0)]
        few = [f"mot{number}" for number in range(3)]
        names = [chance.choice(few) if repeats else _name(number) for number in range(count)]
        return cls({language: [language + one for one in names] for language in _LANGUAGES}, starts, pauses)

    def ends(self, word: int) -> float:
        return self.starts[word] + _WORD_SECONDS


def _name(number: int) -> str:
    """A word that no other number has, short or long, without a digit."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in f"{number:02}")
    return letters * (1 + number % 3)


@dataclass
class Revised:
    """How words are told at first: as another one, or not at all, until a few more were heard."""

    chance: random.Random
    share: float
    words: set[int] = field(default_factory=set)
    _early: dict[int, tuple[str, int]] = field(default_factory=dict)

    def forget(self) -> None:
        """Another connection tells other words otherwise."""
        self._early.clear()

    def told(self, words: Sequence[str], first: int, count: int) -> str:
        """The words from `first` on, after so many of them were heard."""
        told = []
        for at, word in enumerate(words[first : first + count], first):
            if at not in self._early:
                self._early[at] = (word, 0)
                if self.chance.random() < self.share:
                    self.words.add(at)
                    settles = 999 if self.chance.random() < 0.1 else at + self.chance.randint(2, 6)
                    self._early[at] = (self.chance.choice(("", "x" + word)), settles)
            early, settles_at = self._early[at]
            told.append(early if first + count < settles_at else word)
        return " ".join(word for word in told if word)


@dataclass(frozen=True)
class Result:
    """A result of the service, when it comes, and how many words of the talk it ends with."""

    at: float
    texts: dict[str, str]
    start: float
    end: float
    final_words: int | None = None


class Service:
    """Hears a talk, and cuts it into sentences as it likes."""

    def __init__(self, talk: Talk, chance: random.Random, share: float) -> None:
        self.talk, self._chance = talk, chance
        self.revised = Revised(chance, share)

    def hears(self, first: int, now: float) -> list[Result]:
        """The results of a connection that hears the talk from a word on; what was said comes at once.

        A final result may come after interim results of the next sentence, if it has interim results.
        """
        self.revised.forget()
        chance, results, decided, until = self._chance, [], now, 0.0
        late = chance.uniform(0.0, 0.8)
        for begin, end in self._sentences(first):
            stops = self.talk.ends(end - 1)
            heard = stops + min(self.talk.pauses[end - 1], 0.3)
            start = max(until, self.talk.starts[begin] - _MARGIN_SECONDS)
            until = stops + min(self.talk.pauses[end - 1], _MARGIN_SECONDS)
            is_in_time = decided <= max(heard, now)
            decided = max(decided, heard, now)
            if not (is_in_time and chance.random() < 0.2):
                results += self._interims(begin, end, (start, heard), now)
                decided += chance.choice((0.0, 0.0, chance.uniform(0.0, late)))
            texts = {one: " ".join(words[begin:end]) for one, words in self.talk.words.items()}
            results.append(Result(decided, texts, start, until, end))
        return sorted(results, key=lambda one: one.at)

    def _sentences(self, first: int) -> Iterator[tuple[int, int]]:
        longest = self._chance.choice((4, 12, 45))
        while first < len(self.talk.starts):
            end = min(len(self.talk.starts), first + self._chance.randint(1, longest))
            yield first, end
            first = end

    def _interims(self, begin: int, end: int, times: tuple[float, float], now: float) -> Iterator[Result]:
        start, until = times
        delay, skips = self._chance.uniform(0.0, 0.5), self._chance.choice((0.0, 0.3, 0.8))
        heard = start
        is_first = True
        while (heard := heard + _INTERIM_SECONDS) < until:
            if not is_first and self._chance.random() < skips:
                continue
            is_first = False
            count = sum(self.talk.ends(word) <= heard - delay for word in range(begin, end))
            texts = {
                language: self.revised.told(words, begin, max(1, count))
                for language, words in self.talk.words.items()
            }
            yield Result(max(heard, now), texts, start, heard)


class Listener:
    """Says what is certain, and whole finals that nobody began."""

    def __init__(self, chance: random.Random) -> None:
        self.speech = SimultaneousSpeech()
        self.speech.begun = self._begun
        self._ledgers = Ledgers(lambda language, is_main: Ledger(language, is_main=is_main))
        self._ledgers.connected(_LANGUAGES, [])
        self._chance = chance
        self._waiting: list[Callable[[], None]] = []
        self._said: dict[str, list[RunningTranslation | str]] = {language: [] for language in _LANGUAGES}

    def hears(self, result: Result) -> None:
        times = result.start, result.end
        if result.final_words is None:
            transcript = Transcript(result.texts["fr"], "fr", "any", "en-US", result.texts, *times, True)
            self.speech.interim(transcript, _OPTIONS, result.at)
        else:
            name = self.speech.name_of(*times)
            recognized = self._ledgers.recognized(result.texts, result.at, voiced=[], times=times, name=name)
            for language, one in self.speech.final(recognized, times, self._ledgers, result.at).items():
                self._ended(language, one)
        if self._chance.random() < 0.7:
            self.takes()

    def takes(self) -> None:
        """Begin to say what waits for it."""
        for take in self._waiting:
            take()
        self._waiting.clear()

    def heard(self, language: str) -> list[str]:
        """All words that were heard, in order."""
        said = self._said[language]
        return " ".join(one if isinstance(one, str) else one.said for one in said).split()

    def _begun(self, running: RunningTranslation) -> None:
        def take() -> None:
            if running.take():
                self._said[running.language].append(running)

        self._waiting.append(take)

    def _ended(self, language: str, utterance: Utterance) -> None:
        if not utterance.is_being_said:
            self._said[language].append(str(utterance.unsaid))


def interpret(seed: int, *, share: float = 0.0, repeats: bool = False) -> tuple[Talk, Listener, set[int]]:
    """A talk with up to three lost connections; with which words were told otherwise at first."""
    chance = random.Random(f"{seed} {share} {repeats}")
    talk = Talk.of(chance, repeats=repeats)
    service, listener = Service(talk, chance, share), Listener(chance)
    heard, now, drops = 0, 0.0, chance.choice((0, 1, 1, 1, 2, 3))
    while heard < len(talk.starts):
        lost_at = now + chance.uniform(0.0, talk.starts[-1] + 1.0) if drops else float("inf")
        drops -= 1
        for result in service.hears(heard, now):
            if result.at > lost_at:
                break
            now = max(now, result.at)
            listener.hears(replace(result, at=now))
            heard = result.final_words or heard
        if heard < len(talk.starts):
            now = max(now, lost_at) + chance.uniform(0.0, 2.0)
            listener.speech.restarted()
    return talk, listener, service.revised.words


@pytest.mark.parametrize("repeats", [False, True])
def test_every_word_is_heard_once_and_in_order_without_revisions(repeats: bool) -> None:
    for seed in range(_SEEDS):
        talk, listener, _ = interpret(seed, repeats=repeats)
        for language, words in talk.words.items():
            assert listener.heard(language) == words, seed


def test_every_word_that_was_not_revised_is_heard_once() -> None:
    for seed in range(_SEEDS):
        talk, listener, revised = interpret(seed, share=0.1)
        for language, words in talk.words.items():
            heard = Counter(listener.heard(language))
            for at, word in enumerate(words):
                if at not in revised:
                    assert heard[word], (seed, word)
                if not any(abs(at - other) <= _REPAIRED_NEARBY for other in revised):
                    assert heard[word] == 1, (seed, word)
