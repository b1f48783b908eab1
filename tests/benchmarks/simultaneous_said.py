"""What is said in the benchmark of simultaneous interpretation, and an emulator that knows it.

A speech is the sentences of one language, one after the other. Each has a pitch, by which the emulator knows
it. A speaker who breathes pauses at some of the commas; what stands between two pauses has a pitch, too.

python -m benchmarks.simultaneous_said SHARE
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fakes.parallel import PAIRS, lines
from fakes.room import Audio, hertz

from livekit_plugins_azure_interpreter._simultaneous.words import Word, words
from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Revisions, Tap, Voice
from livekit_plugins_azure_interpreter.emulator.revisions import spoken_seconds

from .service import answer

SHORTEST_SECONDS, LONGEST_SECONDS = 4.0, 25.0
LONG_SECONDS = 16.0
"""From here on a sentence is a long one: about 20 s."""
VOICE_PACE = 0.9
"""The voice takes this share of the time that the speaker took."""
VOICE_SECONDS = 0.3
"""From a text to the first sound of its voice."""
SILENCE_MS = 500
"""As Azure does: so much silence ends an utterance, unless the pace is "quick"."""
PAUSES = 0.5
"""The share of the clause marks at which a speaker who breathes pauses."""
SPEECHES = 3
_PAUSE_SECONDS = 0.36
"""Long enough for "quick", and too short for "sentence"."""
_BETWEEN_SECONDS = 1.2
_LOWEST_HZ, _STEP_HZ = 300, 15
_LOUD_BYTES, _QUIET_BYTES = 28800, 3200
"""Syllables: a steady tone would be taken for noise."""


@dataclass(frozen=True)
class Part:
    """A sentence, or what is said of it between two breaths.

    Args:
        text: What is said.
        translations: By language.
        hertz: Its pitch.
    """

    text: str
    translations: dict[str, str]
    hertz: int

    @property
    def seconds(self) -> float:
        return spoken_seconds(self.text)


Sentence = tuple[Part, ...]


@lru_cache(maxsize=1)
def sentences() -> dict[tuple[str, bool], list[Sentence]]:
    """All sentences of 4 to 25 s, by the language in which they are said and whether the speaker breathes."""
    found: dict[tuple[str, bool], list[Sentence]] = {}
    pitch = _LOWEST_HZ
    for spoken in dict.fromkeys(spoken for spoken, _ in PAIRS):
        targets = [language for one, language in PAIRS if one == spoken]
        for breathes in (False, True):
            found[spoken, breathes] = []
            for line in lines():
                if not SHORTEST_SECONDS <= spoken_seconds(line[spoken]) <= LONGEST_SECONDS:
                    continue
                parts = list(_parts([line[spoken], *(line[one] for one in targets)], breathes=breathes))
                sentence = []
                for text, *translations in parts:
                    sentence.append(Part(text, dict(zip(targets, translations, strict=True)), pitch))
                    pitch += _STEP_HZ
                found[spoken, breathes].append(tuple(sentence))
    return found


def speech(spoken: str, count: int, *, number: int = 0, breathes: bool = False) -> list[Sentence]:
    """So many sentences of all lengths; long and short ones take turns.

    Args:
        spoken: Their language.
        count: How many.
        number: Which of `SPEECHES`: each has other sentences.
        breathes: The speaker pauses at some of the commas.
    """
    ordered = sorted(sentences()[spoken, breathes], key=lambda one: sum(part.seconds for part in one))
    step = (len(ordered) - 1) / max(1, count - 1)
    places = [at - number / SPEECHES if at else number / SPEECHES for at in range(count)]
    chosen = [ordered[round(place * step)] for place in places]
    return chosen[::2] + chosen[1::2]


def samples(said: Sequence[Sentence]) -> bytes:
    """16 bit mono PCM, 16 kHz."""
    audio, pcm = Audio(), Audio().silence(0.4)
    for sentence in said:
        for at, part in enumerate(sentence, 1):
            loud = bytearray(audio.burst(part.seconds, hertz=part.hertz))
            for quiet_at in range(_LOUD_BYTES, len(loud) - _LOUD_BYTES, _LOUD_BYTES + _QUIET_BYTES):
                loud[quiet_at : quiet_at + _QUIET_BYTES] = bytes(_QUIET_BYTES)
            pcm += bytes(loud) + audio.silence(_BETWEEN_SECONDS if at == len(sentence) else _PAUSE_SECONDS)
    return pcm


def behaviour(share: float) -> Behaviour:
    """An emulator that knows all sentences; so large a share of the words is another at first."""
    known = {
        part.hertz: Line(part.text, spoken, part.translations)
        for (spoken, _), several in sentences().items()
        for sentence in several
        for part in sentence
    }

    def script(voice: Voice) -> Line:
        heard = hertz(voice.pcm[:_LOUD_BYTES])
        return known[min(known, key=lambda pitch: abs(pitch - heard))]

    return Behaviour(script=script, silence_ms=SILENCE_MS, revisions=Revisions(share=share))


def _parts(texts: Sequence[str], *, breathes: bool) -> Iterator[list[str]]:
    """Texts in several languages, divided at some clause marks of the first, the others at the same share."""
    chance, found = random.Random(texts[0]), [words(text) for text in texts]
    first = [0] * len(texts)
    for at, word in enumerate(found[0], 1):
        last = [round(at / len(found[0]) * len(one)) for one in found]
        is_end = at == len(found[0])
        if not is_end and not (breathes and word.ends_clause and chance.random() < PAUSES):
            continue
        if is_end or all(start < end < len(one) for start, end, one in zip(first, last, found, strict=True)):
            yield [_text(one[start:end]) for start, end, one in zip(first, last, found, strict=True)]
            first = last


def _text(part: Sequence[Word]) -> str:
    return "".join(word.before + word.text for word in part).strip()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("share", type=float)
    asyncio.run(answer(behaviour(parser.parse_args().share), Tap(), lambda: None))
