"""Which texts are the same translation."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator

import pytest
from livekit.agents.voice.transcription.filters import filter_emoji, filter_markdown

from livekit_plugins_azure_interpreter._voices.text_key import settled_key, text_key

TEXTS = [
    "Bonjour, ça va ?",
    "**Très** *bien*, __merci__.",
    "# Titre\n- un\n- deux",
    "> cité",
    "Voir [ici](https://example.com/a_b) et ![là](x.png)",
    "Tapez `ls` ~~puis~~ enfin",
    "2 * 3 = 6, snake_case",
    "Bravo 👏🏽 !",
    "👨\u200d👩\u200d👧 famille 🇫🇷 ❤\ufe0f",
    "Touche 1\ufe0f\u20e3, puis ❶",
    "🈁 ici, Ⓜ\ufe0f, ㊗\ufe0f",
    "© 2024 ™ ½ ①",
    "déjà vu",
    "क्षि हिन्दी",
    "한국어 입니다",
    "これはテストです。ｶﾅ",
    "مرحبا بالعالم",
]


async def through_livekit(text: str) -> str:
    """A text as LiveKit hands it to a TTS."""

    async def source() -> AsyncIterator[str]:
        yield text

    return "".join([part async for part in filter_emoji(filter_markdown(source()))])


@pytest.mark.parametrize("text", TEXTS)
async def test_a_text_keeps_its_key_through_livekits_filters(text: str) -> None:
    assert text_key(await through_livekit(text)) == text_key(text)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_a_text_keeps_its_key_through_unicode_normalisation(form: str) -> None:
    text = "Déjà vu à l'été ; ﬁn № ２, 한국어"
    # What is a letter only in some forms, such as the ligature, is the same in all.
    assert text_key(unicodedata.normalize(form, text)) == text_key(text)


@pytest.mark.parametrize("changed", [" a  b ", "a\nb", "a\tb", "a\u00a0b", "a\u202fb", "ab"])
def test_white_space_makes_no_difference(changed: str) -> None:
    assert text_key(changed) == text_key("a b")


@pytest.mark.parametrize(
    ("one", "other"),
    [("oui", "non"), ("un", "un deux"), ("1", "2"), ("Ou", "Où"), ("été", "ete"), ("क", "कि"), ("?", "!")],
)
def test_different_words_have_different_keys(one: str, other: str) -> None:
    assert text_key(one) != text_key(other)


def test_keys_of_joined_texts_are_the_joined_keys() -> None:
    assert text_key("Un, deux. Trois !") == text_key("Un, deux.") + text_key("Trois !")


@pytest.mark.parametrize(("text", "key"), [("?!", "?!"), (" ... ", "..."), ("👍", "👍")])
def test_a_text_without_letters_and_digits_is_its_own_key(text: str, key: str) -> None:
    assert text_key(text) == key


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_a_text_of_nothing_has_an_empty_key(text: str) -> None:
    assert text_key(text) == ""


@pytest.mark.parametrize("text", TEXTS)
def test_a_settled_key_begins_the_key_of_every_text_that_begins_like_it(text: str) -> None:
    key = text_key(text)
    settled = [settled_key(text[:end]) for end in range(len(text))]
    assert [one for one in settled if not key.startswith(one)] == []


@pytest.mark.parametrize(
    ("beginning", "settled"),
    [
        ("Bonjour, ça v", "Bonjourça"),
        ("Voir [ici](https", "Voir"),
        ("Voir ![là](x", "Voir"),
        ("enfin ~~puis", "enfin"),
        ("Bravo 👏🏽", "Bravo"),
        ("cafe\u0301", "caf"),
        ("…", ""),
        ("", ""),
    ],
    ids=["last letter", "link", "picture", "struck text", "emoji", "accent", "mark alone", "nothing"],
)
def test_a_settled_key_leaves_out_what_later_text_may_change(beginning: str, settled: str) -> None:
    assert settled_key(beginning) == settled
