"""Sentences of the Universal Declaration of Human Rights in several languages: text in the public domain."""

from __future__ import annotations

import json
from pathlib import Path

from livekit_plugins_azure_interpreter.emulator import Line

PAIRS = (("en", "fr"), ("en", "de"), ("en", "ja"), ("de", "en"), ("ja", "en"))
"""From which language to which; German and Japanese have the verb at the end."""

_FILE = Path(__file__).with_name("udhr.json")


def lines() -> list[dict[str, str]]:
    """Each sentence by its language: de, en, es, fr, ja."""
    document = json.loads(_FILE.read_text(encoding="utf-8"))
    return [{name: text for name, text in one.items() if name != "article"} for one in document["sentences"]]


def script(spoken: str, *languages: str) -> list[Line]:
    """A script for the emulator: all sentences in one language, translated to others."""
    return [
        Line(line[spoken], language=spoken, translations={one: line[one] for one in languages})
        for line in lines()
    ]
