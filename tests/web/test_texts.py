from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.web import Refusal
from livekit_plugins_azure_interpreter.web.texts import checked_text


def checked(text: Any) -> str:
    return checked_text(text, what="A name", most=20, code="name_refused")


@pytest.mark.parametrize(
    "name", ["Zoë", "<b>Zoe</b>", "مريم", "علی\u200cرضا", "山田 太郎", "👩‍💻", "'; DROP TABLE"]
)
def test_a_name_stays_as_it_is(name: str) -> None:
    assert checked(name) == name


def test_blanks_around_a_name_are_left_out() -> None:
    assert checked("  Zoe \u00a0") == "Zoe"


def test_no_name_is_an_empty_one() -> None:
    assert checked(None) == ""


@pytest.mark.parametrize(
    "name", ["a\nb", "a\x00b", "a\x1b[31m", "\u202eeoZ", "\u2066x", "half \ud83d", "a\u2028b", "a\x7fb"]
)
def test_a_letter_that_cannot_be_shown_or_disguises_a_name_is_refused(name: str) -> None:
    with pytest.raises(Refusal, match="A name has a character that cannot be shown") as refused:
        checked(name)
    assert (refused.value.code, refused.value.status) == ("name_refused", 400)


def test_a_text_that_is_too_long_is_refused() -> None:
    assert checked("x" * 20) == "x" * 20
    with pytest.raises(Refusal, match="A name may have at most 20 characters"):
        checked("x" * 21)


@pytest.mark.parametrize("name", [1, ["Zoe"], {"a": 1}, True])
def test_anything_but_a_text_is_refused(name: object) -> None:
    with pytest.raises(Refusal, match="A name must be a text"):
        checked(name)
