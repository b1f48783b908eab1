"""Tells whether words that were said otherwise change the meaning. Pure.

A simple rule for every language: a number, a negation, or a content word. A content word is one of five
letters or more, or a sign that is a word or a part of one (Chinese characters, Katakana). Another form of the
same word ("house", "houses") changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_CONTENT_LETTERS = 5
_COMMON_SHARE = 0.6
"""Two words that begin with the same letters, to this share, are forms of one."""
_SIGN = re.compile("[\u30a1-\u30fa\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NEGATIONS = {
    "ar": "لا لم لن ليس ليست ما غير بدون",
    "da": "ikke ingen intet aldrig uden",
    "de": "nicht nichts nie niemals niemand kein keine keinen keinem keiner keines ohne weder",
    "en": "not no never none nothing nobody nowhere neither nor without cannot",
    "es": "no nunca jamás nada nadie ningún ninguno ninguna sin ni tampoco",
    "fr": "ne pas jamais rien aucun aucune personne sans ni non",
    "hi": "नहीं न मत बिना",
    "it": "non no mai niente nulla nessuno nessun nessuna senza né",
    "ja": "ない せん ず ぬ なく なか",
    "ko": "안 못 않 없 아니",
    "nb": "ikke ingen intet aldri uten",
    "nl": "niet niets nooit niemand geen zonder noch",
    "pl": "nie nigdy nic nikt bez ani żaden żadna żadne",
    "pt": "não nunca jamais nada ninguém nenhum nenhuma sem nem",
    "ru": "не нет никогда ничего никто без ни нельзя",
    "sv": "inte ingen inget inga aldrig utan",
    "th": "ไม่ มิ อย่า ไร้",
    "tr": "değil yok hiç asla",
    "zh": "不 没 沒 無 无 未 非 别 別 勿",
}
_WITHIN_WORDS = ("ja", "ko", "th", "zh")
"""Languages whose negations are parts of words, or of a text without spaces."""


def changes_meaning(said: Sequence[str], text: Sequence[str], language: str) -> bool:
    """Whether it makes a difference to hear some words in place of others.

    Args:
        said: The words that were said, as they are compared (`Word.key`).
        text: Those that stand in their place.
        language: BCP 47.
    """
    primary = language.partition("-")[0].lower()
    if _negations(said, primary) != _negations(text, primary):
        return True
    return any(
        _has_content(word) and not any(_is_form_of(word, other) for other in others)
        for one, others in ((said, text), (text, said))
        for word in one
    )


def _negations(keys: Sequence[str], language: str) -> set[str]:
    known = _NEGATIONS.get(language, "").split()
    if language in _WITHIN_WORDS:
        joined = "".join(keys)
        return {negation for negation in known if negation in joined}
    found = {key for key in keys if key in known}
    if language == "en":
        found |= {"not" for key in keys if key.endswith(("n't", "n’t"))}
    if language == "fr":
        found |= {"ne" for key in keys if key.startswith(("n'", "n’"))}
    return found


def _has_content(key: str) -> bool:
    return any(map(str.isdigit, key)) or len(key) >= _CONTENT_LETTERS or bool(_SIGN.search(key))


def _is_form_of(word: str, other: str) -> bool:
    if word == other:
        return True
    if any(map(str.isdigit, word + other)):
        return False
    common = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), None)
    if common is None:
        common = min(len(word), len(other))
    return common >= _COMMON_SHARE * max(len(word), len(other))
