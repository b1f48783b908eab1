"""What is said of an utterance before its end, in each language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from livekit_plugins_azure_interpreter._recognition.running_translation import RunningTranslation
from livekit_plugins_azure_interpreter._recognition.simultaneous_speech import SimultaneousSpeech
from livekit_plugins_azure_interpreter._recognition.transcripts import Transcript
from livekit_plugins_azure_interpreter._voices.ledger import Ledger
from livekit_plugins_azure_interpreter._voices.ledgers import Ledgers
from livekit_plugins_azure_interpreter._voices.meter import RecognitionTimings
from livekit_plugins_azure_interpreter._voices.utterance import Utterance
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import Options

OPTIONS = Options(
    credentials=Credentials.resolve(key="any", region="westeurope"),
    target_languages=("fr", "de"),
    spoken_languages=("fr", "de"),
    voice=None,
    pace="simultaneous",
)
FRENCH = "un deux trois quatre cinq six sept huit neuf dix"
GERMAN = "eins zwei drei vier fünf sechs sieben acht neun zehn"
TIMINGS = RecognitionTimings(
    id="",
    session_id="",
    source_language="en-US",
    target_language="fr",
    speech_seconds=4.0,
    began_at=0.0,
    ended_at=4.0,
    recognized_at=4.5,
)


class Speaker:
    """Says a sentence, and hears what is made of it."""

    def __init__(self) -> None:
        self.speech = SimultaneousSpeech()
        self.begun: list[RunningTranslation] = []
        self.speech.begun = self.begun.append
        self.ledgers = Ledgers(lambda language, is_main: Ledger(language, is_main=is_main))
        self.ledgers.connected(OPTIONS.spoken, [])
        self._start = self._now = 0.0

    def says(self, words: int, options: Options = OPTIONS, source: str = "en-US") -> Any:
        self._now = max(self._now, self._start) + 0.4
        texts = {"fr": " ".join(FRENCH.split()[:words]), "de": " ".join(GERMAN.split()[:words])}
        transcript = Transcript(texts["fr"], "fr", "so far", source, texts, self._start, self._now, True)
        return self.speech.interim(transcript, options, self._now)

    @property
    def place(self) -> tuple[float, float]:
        """Where the present sentence begins, and ends so far."""
        return self._start, self._now

    def ends(self, **texts: str) -> dict[str, Utterance]:
        ended = self.ends_at(self.place, **texts)
        self._start = self._now + 0.5
        return ended

    def ends_at(self, times: tuple[float, float], **texts: str) -> dict[str, Utterance]:
        texts = texts or {"fr": FRENCH, "de": GERMAN}
        name = self.speech.name_of(*times)
        recognized = self.ledgers.recognized(texts, self._now, voiced=[], name=name)
        return self.speech.final(recognized, times, self.ledgers, self._now)

    def pauses(self) -> None:
        """The next interim result is of another sentence."""
        self._start = self._now + 0.5


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


async def heard(running: RunningTranslation) -> str:
    return "".join([clause async for clause in running])


async def test_each_spoken_language_is_said_from_its_first_certain_words_on(speaker: Speaker) -> None:
    for words in range(2, 11):
        found = speaker.says(words)
    assert [one.language for one in speaker.begun] == ["fr", "de"]
    assert found == {one.language: one for one in speaker.begun}
    assert [one.is_main for one in speaker.begun] == [True, False]
    assert [one.take() for one in speaker.begun] == [True, True]
    ended = speaker.ends()
    assert [await heard(one) for one in speaker.begun] == [FRENCH, GERMAN]
    assert {language: one.text for language, one in ended.items()} == {"fr": FRENCH, "de": GERMAN}
    assert all(one.is_being_said for one in ended.values())
    assert len({one.id for one in (*ended.values(), *speaker.begun)}) == 1
    assert list(speaker.ledgers.being_said) == list(ended.values())
    assert not speaker.ledgers.let_go_of_all()


async def test_nothing_is_said_early_at_another_pace_or_if_nobody_hears(speaker: Speaker) -> None:
    for words in range(2, 11):
        assert speaker.says(words, replace(OPTIONS, pace="quick")) == {}
    speaker.speech.is_heard = False
    for words in range(2, 11):
        assert speaker.says(words) == {}
    assert speaker.begun == []


async def test_a_language_that_nobody_takes_is_said_as_a_whole(speaker: Speaker) -> None:
    for words in range(2, 11):
        speaker.says(words)
    speaker.begun[0].take()
    assert speaker.speech.untaken == []
    ended = speaker.ends()
    assert {language: one.is_being_said for language, one in ended.items()} == {"fr": True, "de": False}
    assert ended["de"].unsaid == GERMAN


async def test_a_sentence_that_is_heard_again_is_not_said_again(speaker: Speaker) -> None:
    for words in range(2, 8):
        speaker.says(words)
    assert speaker.begun[0].take()
    speaker.speech.restarted()
    for words in range(2, 11):
        speaker.says(words)
    speaker.ends()
    assert await heard(speaker.begun[0]) == FRENCH


async def test_the_rest_of_a_speech_that_was_broken_off_is_said_with_the_final(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in range(2, 8):
        speaker.says(words)
    monkeypatch.setattr(f"{RunningTranslation.__module__}._PATIENCE_SECONDS", 0.0)
    assert speaker.begun[0].take()
    first = await heard(speaker.begun[0])
    for words in range(2, 11):
        speaker.says(words)
    final = speaker.ends()["fr"]
    assert (final.is_being_said, final.text) == (False, FRENCH)
    assert f"{first} {final.unsaid}" == FRENCH
    assert final.unsaid.utterance is final


async def test_a_sentence_without_a_translation_in_the_end_ends_what_was_said(speaker: Speaker) -> None:
    for words in range(2, 8):
        speaker.says(words)
    french, german = speaker.begun
    assert (french.take(), german.take()) == (True, True)
    ended = speaker.ends(de=GERMAN)
    assert list(ended) == ["de"]
    assert await heard(french) == french.said
    assert await heard(german) == GERMAN
    assert speaker.speech.untaken == []


async def test_words_of_a_later_sentence_wait_for_the_end_of_the_one_before(speaker: Speaker) -> None:
    for words in range(2, 8):
        speaker.says(words)
    place = speaker.place
    speaker.pauses()
    for words in range(2, 8):
        assert speaker.says(words) == {}
    french = speaker.begun[0]
    assert (french.take(), len(speaker.begun)) == (True, 2)
    speaker.ends_at(place)
    assert await heard(french) == FRENCH
    later = speaker.begun[2]
    assert (later.language, later.take()) == ("fr", True)
    assert FRENCH.startswith(later.said)
    assert later.id != french.id
    speaker.ends()
    assert await heard(later) == FRENCH


async def test_a_result_between_two_sentences_ends_neither_of_them(speaker: Speaker) -> None:
    speaker.pauses()
    for words in range(2, 8):
        speaker.says(words)
    french = speaker.begun[0]
    assert french.take()
    speaker.ends_at((0.0, 0.4))
    speaker.ends()
    assert await heard(french) == FRENCH


async def test_a_result_without_words_ends_the_first_sentence(speaker: Speaker) -> None:
    for words in range(2, 8):
        speaker.says(words)
    french = speaker.begun[0]
    assert french.take()
    speaker.speech.nothing()
    assert await heard(french) == french.said
    speaker.speech.nothing()


async def test_figures_are_those_of_what_was_said_before_the_end(speaker: Speaker) -> None:
    assert speaker.speech.measured(TIMINGS) is TIMINGS
    for words in range(2, 11):
        speaker.says(words)
    speaker.begun[0].take()
    speaker.ends(fr=FRENCH)
    measured = speaker.speech.measured(TIMINGS)
    assert measured.words_before_end_share is not None
    assert 0.5 < measured.words_before_end_share < 1.0
    assert measured.contradicted_share == 0.0
    assert measured.average_lagging_seconds is not None
    assert 0.0 < measured.average_lagging_seconds < 4.0
    assert speaker.speech.measured(replace(TIMINGS, target_language="de")).average_lagging_seconds is None


async def test_the_share_contradicted_is_of_the_words_said_before_the_end(speaker: Speaker) -> None:
    for words in range(2, 8):
        speaker.says(words)
    speaker.begun[0].take()
    before_end = len(speaker.begun[0].said.split())
    speaker.ends(fr=FRENCH.replace("deux", "de"))
    measured = speaker.speech.measured(TIMINGS)
    assert measured.contradicted_share == pytest.approx(1 / before_end)


async def test_a_sentence_that_ends_before_what_was_said_of_it_has_no_rest(
    speaker: Speaker,
) -> None:
    for words in range(2, 8):
        speaker.says(words)
    running = speaker.begun[0]
    running.take()
    speaker.speech.restarted()
    speaker.ends(fr=" ".join(FRENCH.split()[:5]))
    first = await heard(running)
    assert first.split() == FRENCH.split()[: len(first.split())]


async def test_a_stream_that_ends_ends_all_that_is_said(speaker: Speaker) -> None:
    for words in range(2, 8):
        speaker.says(words)
    assert all(one.take() for one in speaker.begun)
    speaker.speech.end()
    assert [await heard(one) for one in speaker.begun] == [one.said for one in speaker.begun]
    assert speaker.speech.untaken == []


class Again(Speaker):
    """Says a sentence until the connection is lost; then Azure hears two sentences in its place."""

    def is_cut(self, words: int, *, said: int) -> dict[str, Utterance]:
        """Eight words were heard when the connection was lost; the first sentence has so many."""
        for count in range(2, said + 1):
            self.says(count)
        self.begun[0].take(), self.begun[1].take()
        self.speech.restarted()
        found = self.ends_at((self._start, self._now / 2), fr=_first(FRENCH, words), de=_first(GERMAN, words))
        self._start = self._now / 2 + 0.01
        return found

    def goes_on(self, words: int, since: int) -> None:
        """The next sentence, so far."""
        self._now += 0.4
        texts = {"fr": _since(_first(FRENCH, words), since), "de": _since(_first(GERMAN, words), since)}
        transcript = Transcript(texts["fr"], "fr", "so far", "en-US", texts, self._start, self._now, True)
        self.speech.interim(transcript, OPTIONS, self._now)

    def hears_again(self, words: int, *, until: float) -> None:
        """The first sentence again, so far."""
        texts = {"fr": _first(FRENCH, words), "de": _first(GERMAN, words)}
        transcript = Transcript(texts["fr"], "fr", "so far", "en-US", texts, 0.0, until, True)
        self.speech.interim(transcript, OPTIONS, self._now)

    def pauses_at(self, seconds: float) -> None:
        """The next sentence begins here."""
        self._start = seconds

    def ends_with(self, since: int) -> dict[str, Utterance]:
        return self.ends_at(self.place, fr=_since(FRENCH, since), de=_since(GERMAN, since))


def _first(text: str, words: int) -> str:
    return " ".join(text.split()[:words])


def _since(text: str, words: int) -> str:
    return " ".join(text.split()[words:])


class TestCutElsewhereAfterALostConnection:
    async def test_speech_beyond_the_new_end_is_not_said_again(self) -> None:
        speaker = Again()
        ended = speaker.is_cut(3, said=8)
        assert {language: one.text for language, one in ended.items()} == {
            "fr": "un deux trois",
            "de": "eins zwei drei",
        }
        first = [await heard(one) for one in speaker.begun]
        assert [len(text.split()) for text in first] == [5, 5]
        for words in range(4, 11):
            speaker.goes_on(words, since=3)
        assert [one.take() for one in speaker.begun[2:]] == [True, True]
        speaker.ends_with(since=3)
        rest = [await heard(one) for one in speaker.begun[2:]]
        assert [" ".join(both) for both in zip(first, rest, strict=True)] == [FRENCH, GERMAN]

    async def test_the_rest_of_a_sentence_that_nobody_began_again_is_said_at_its_end(self) -> None:
        speaker = Again()
        speaker.is_cut(3, said=8)
        speaker.goes_on(5, since=3)
        ended = speaker.ends_with(since=3)
        assert ended["fr"].unsaid == _since(FRENCH, 5)
        assert not ended["fr"].is_being_said

    async def test_a_sentence_that_was_said_before_is_not_said_at_all(self) -> None:
        speaker = Again()
        speaker.is_cut(3, said=8)
        speaker.goes_on(4, since=3)
        ended = speaker.ends_at(speaker.place, fr="quatre cinq", de="vier fünf")
        assert all(one.is_being_said for one in ended.values())
        assert len(speaker.begun) == 2

    async def test_a_sentence_without_an_interim_result_has_only_its_rest_said(self) -> None:
        speaker = Again()
        speaker.is_cut(3, said=8)
        ended = speaker.ends_with(since=3)
        assert (ended["fr"].unsaid, ended["de"].unsaid) == (_since(FRENCH, 5), _since(GERMAN, 5))

    async def test_a_sentence_that_nobody_takes_in_time_has_only_its_rest_said(self) -> None:
        speaker = Again()
        speaker.is_cut(3, said=8)
        for words in range(4, 11):
            speaker.goes_on(words, since=3)
        assert len(speaker.begun) == 4
        ended = speaker.ends_with(since=3)
        assert (ended["fr"].unsaid, ended["de"].unsaid) == (_since(FRENCH, 5), _since(GERMAN, 5))

    async def test_a_sentence_that_is_cut_again_and_lost_again_is_said_once(self) -> None:
        speaker = Again()
        speaker.is_cut(2, said=8)
        speaker.goes_on(3, since=2)
        speaker.speech.restarted()
        start, now = speaker.place
        middle = (start + now) / 2
        ended = speaker.ends_at((start, middle), fr="trois", de="drei")
        assert all(one.is_being_said for one in ended.values())
        ended = speaker.ends_at((middle, now), fr=_since(FRENCH, 3), de=_since(GERMAN, 3))
        assert (ended["fr"].unsaid, ended["de"].unsaid) == (_since(FRENCH, 5), _since(GERMAN, 5))

    async def test_a_next_sentence_that_is_heard_before_the_final_result_is_said_once(self) -> None:
        speaker = Again()
        for count in range(2, 9):
            speaker.says(count)
        assert [one.take() for one in speaker.begun] == [True, True]
        speaker.speech.restarted()
        speaker.hears_again(3, until=1.2)
        speaker.pauses_at(1.25)
        for words in range(4, 11):
            speaker.goes_on(words, since=3)
        speaker.ends_at((0.0, 1.2), fr=_first(FRENCH, 3), de=_first(GERMAN, 3))
        ended = speaker.ends_with(since=3)
        assert [len((await heard(one)).split()) for one in speaker.begun] == [5, 5]
        assert (ended["fr"].unsaid, ended["de"].unsaid) == (_since(FRENCH, 5), _since(GERMAN, 5))

    async def test_a_later_sentence_is_said_as_any_other(self) -> None:
        speaker = Again()
        speaker.is_cut(3, said=8)
        speaker.pauses()
        for words in range(2, 11):
            speaker.says(words)
        assert [one.take() for one in speaker.begun[2:]] == [True, True]
        speaker.ends()
        assert [await heard(one) for one in speaker.begun[2:]] == [FRENCH, GERMAN]


async def test_a_sentence_that_waits_when_the_connection_is_lost_is_said_once(speaker: Speaker) -> None:
    for words in range(2, 7):
        speaker.says(words)
    assert [one.take() for one in speaker.begun] == [True, True]
    place = speaker.place
    speaker.pauses()
    for words in range(2, 7):
        speaker.says(words)
    speaker.speech.restarted()
    end = speaker.place[1]
    speaker.ends_at((place[0], end), fr=f"{FRENCH} {FRENCH}", de=f"{GERMAN} {GERMAN}")
    assert [await heard(one) for one in speaker.begun] == [f"{FRENCH} {FRENCH}", f"{GERMAN} {GERMAN}"]
