from __future__ import annotations

import itertools

import pytest
from fakes.parallel import PAIRS, lines

from livekit_plugins_azure_interpreter.emulator import Revisions
from livekit_plugins_azure_interpreter.emulator.revisions import spoken_seconds

_TEXT = "We go home, and then we sleep."


def _told(revisions: Revisions, text: str, *, language: str = "en", spoken: str = "fr") -> list[str]:
    """The interim texts, a hundred of them."""
    return [revisions.interim(text, heard / 100, language=language, spoken=spoken) for heard in range(100)]


class TestRevisions:
    def test_each_interim_text_is_the_beginning_of_the_final_without_a_share(self) -> None:
        for text in _told(Revisions(share=0.0), _TEXT):
            assert _TEXT.startswith(text)

    @pytest.mark.parametrize("pair", PAIRS)
    def test_the_last_interim_text_is_the_final_without_a_share(self, pair: tuple[str, str]) -> None:
        spoken, language = pair
        for line in lines():
            text = line[language]
            assert Revisions(share=0.0).interim(text, 1.0, language=language, spoken=spoken) == text

    @pytest.mark.parametrize(("share", "pair"), list(itertools.product((0.1, 0.2, 0.3), PAIRS)))
    def test_the_share_says_how_many_words_are_revised(self, share: float, pair: tuple[str, str]) -> None:
        spoken, language = pair
        counted = [
            Revisions(share=share, seed=seed).revised_words(line[language], language=language, spoken=spoken)
            for seed in range(10)
            for line in lines()
        ]
        revised, all_words = map(sum, zip(*counted, strict=True))
        assert revised / all_words == pytest.approx(share, rel=0.15)

    def test_a_revised_text_is_corrected_later(self) -> None:
        line = lines()[0]["en"]
        told = _told(Revisions(share=0.3), line)
        assert any(not _is_begun(text, line) for text in told)
        assert sum(_is_begun(text, line) for text in told) > 10

    def test_a_text_is_always_told_in_the_same_way(self) -> None:
        assert _told(Revisions(share=0.3, seed=1), _TEXT) == _told(Revisions(share=0.3, seed=1), _TEXT)

    def test_another_seed_changes_other_words(self) -> None:
        text = lines()[0]["en"]
        assert _told(Revisions(share=0.3, seed=1), text) != _told(Revisions(share=0.3, seed=2), text)

    def test_a_number_becomes_another_number(self) -> None:
        text = "12 30 45 67 89 10 11"
        for told in _told(Revisions(share=1.0), text):
            assert told.replace(" ", "").isdigit()

    def test_a_mark_comes_later_than_its_word(self) -> None:
        told = _told(Revisions(share=0.001), _TEXT)
        assert "We go home" in told
        assert "We go home, and then we" in told

    def test_a_german_verb_is_told_before_the_words_in_front_of_it(self) -> None:
        text = "Wir haben das große rote Haus gesehen."
        told = [
            _told(Revisions(share=0.001, seed=seed), text, language="de", spoken="en") for seed in range(10)
        ]
        assert any("Wir haben das große gesehen" in texts for texts in told)

    def test_the_verb_of_a_german_sentence_is_translated_after_its_clause(self) -> None:
        text = "Wir haben das Haus gesehen, und dann gingen wir."
        late = 0
        for seed in range(40):
            texts = _told(Revisions(share=0.3, seed=seed), text, spoken="de")
            late += any("Wir das Haus gesehen" in one for one in texts)
        assert late > 0

    def test_japanese_comes_phrase_by_phrase(self) -> None:
        told = _told(Revisions(share=0.0), "私は東京で本を買いました。", language="ja")
        assert (
            list(dict.fromkeys(told))
            == ["私は", "私は東京で", "私は東京で本を", "私は東京で本を買いました。"][: len(set(told))]
        )

    @pytest.mark.parametrize("text", ["", "one", "。"])
    def test_a_short_text_is_told_as_it_is(self, text: str) -> None:
        assert Revisions(share=1.0).interim(text, 1.0, language="en", spoken="fr") in (text, f"{text}s", "")

    @pytest.mark.parametrize(
        ("seconds", "heard"), [(0.0, 0.0), (0.5, 0.0), (5.5, 0.5), (10.5, 1.0), (99.0, 1.0)]
    )
    def test_the_share_that_was_heard_is_late(self, seconds: float, heard: float) -> None:
        assert Revisions(delay_seconds=0.5).heard(seconds, 10.0) == heard

    def test_a_line_that_takes_no_time_was_heard(self) -> None:
        assert Revisions().heard(0.0, 0.0) == 1.0

    @pytest.mark.parametrize("share", [-0.1, 1.1])
    def test_a_share_that_is_none_is_refused(self, share: float) -> None:
        with pytest.raises(ValueError, match="share must be from 0 to 1"):
            Revisions(share=share)

    def test_a_negative_delay_is_refused(self) -> None:
        with pytest.raises(ValueError, match="delay_seconds must not be negative"):
            Revisions(delay_seconds=-1.0)


def test_people_say_five_words_in_two_seconds() -> None:
    assert (spoken_seconds("one two three four five"), spoken_seconds("私は東京で")) == (2.0, 0.8)


def _is_begun(text: str, final: str) -> bool:
    """Whether a final text begins with another, its marks left out."""
    return _plain(final).startswith(_plain(text))


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isalnum() or character == " ")
