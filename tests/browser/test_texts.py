"""The page's texts: all languages have the same, and none stands anywhere else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fakes.findings import assert_none

from livekit_plugins_azure_interpreter._options.language_table import TARGETS
from livekit_plugins_azure_interpreter.web.server import PAGE

LANGUAGES = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (PAGE / "languages").glob("*.json")
}
MODULES = sorted(PAGE.glob("*.js"))
_PLURALS = {"zero", "one", "two", "few", "many", "other"}
_FROM_A_SERVER = {"left", "refused", "state", "transcript", "turn", "voice"}
"""The first parts of keys whose rest is named by somebody else, such as a code of the server."""
_ATTRIBUTES_OF_THE_INTERPRETER = {"interpreter.offer", "interpreter.recorded", "interpreter.turn"}
_ATTRIBUTES = {"alt", "aria-label", "placeholder", "title"}


@pytest.fixture(params=sorted(LANGUAGES))
def texts(request: pytest.FixtureRequest) -> dict[str, Any]:
    return LANGUAGES[request.param]


def test_the_languages_of_the_page_are_those_of_the_folder() -> None:
    source = (PAGE / "texts.js").read_text(encoding="utf-8")
    named = re.search(r"PAGE_LANGUAGES = \[(.*?)\]", source)
    assert named is not None
    assert set(re.findall(r'"(\w+)"', named[1])) == set(LANGUAGES) == {"ar", "de", "en", "es", "fr"}


def test_all_languages_have_the_same_texts(texts: Any) -> None:
    assert list(texts) == list(LANGUAGES["en"])


def test_all_languages_have_the_same_places_for_values(texts: Any) -> None:
    for key, text in LANGUAGES["en"].items():
        assert _places(texts[key]) == _places(text), key


def test_a_text_with_several_forms_has_one_for_every_other_number(texts: Any) -> None:
    for key, text in texts.items():
        if isinstance(text, dict):
            assert {"other"} <= set(text) <= _PLURALS, key


def test_every_text_is_used_and_every_key_exists() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (*MODULES, PAGE / "index.html"))
    quoted = re.findall(r'["`]([a-z]+\.[A-Za-z_]+)["`]', sources)
    used = {key for key in quoted if _is_key(key)} - _ATTRIBUTES_OF_THE_INTERPRETER
    keys = set(LANGUAGES["en"])
    assert used - keys == set()
    unused = {key for key in keys - used if key.partition(".")[0] not in _FROM_A_SERVER}
    assert unused == set()


def test_no_text_stands_in_the_html() -> None:
    assert _Words.of((PAGE / "index.html").read_text(encoding="utf-8")) == []


def test_the_html_has_no_inline_script_and_no_style() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<style|\sstyle=|<script(?![^>]* src=)|\son\w+=|javascript:", html) == []


def test_no_text_stands_in_a_module() -> None:
    assert len(MODULES) > 20
    assert_none(f"{module.name}: {text}" for module in MODULES for text in _texts_in(module))


def _texts_in(module: Path) -> list[str]:
    source = module.read_text(encoding="utf-8")
    code = re.sub(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", "", source, flags=re.DOTALL)
    shown = re.findall(r'"([^"\n]*)"|`([^`]*)`', code)
    sentences = [text for pair in shown for text in pair if re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", text)]
    return [text for text in sentences if not (_is_list_of_codes(text) or text[0] in ".#[")]


def test_the_page_knows_the_languages_that_azure_translates_to() -> None:
    source = (PAGE / "languages.js").read_text(encoding="utf-8")
    named = re.search(r"TARGETS = `(.*?)`", source, re.DOTALL)
    assert named is not None
    assert set(named[1].split()) == {line.partition(":")[0] for line in TARGETS.split("\n") if line}


def _is_key(name: str) -> bool:
    return name.partition(".")[0] in {key.partition(".")[0] for key in LANGUAGES["en"]}


def _is_list_of_codes(text: str) -> bool:
    return all(len(word.partition("-")[0]) <= 3 for word in text.split())


def _places(text: str | dict[str, str]) -> set[str]:
    forms = text.values() if isinstance(text, dict) else [text]
    found = {place for form in forms for place in re.findall(r"\{(\w+)\}", form)}
    return found - {"count"}  # "one person" needs no number


class _Words(HTMLParser):
    """Collects what a document would show, or say, before the page speaks a language."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def of(cls, document: str) -> list[str]:
        parser = cls()
        parser.feed(document)
        return parser.found

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in _ATTRIBUTES and value]
