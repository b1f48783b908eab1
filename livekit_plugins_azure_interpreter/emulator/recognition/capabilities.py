"""What the emulator can do about a client's request, by the names of its parts.

A part that changes the answer in a way that the emulator cannot is refused, as Azure refuses a setting. Any
other part that it does nothing about is told by name: clients send many that a test does not need.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_KNOWN: dict[str, set[str]] = {
    "audio": {"streams"},
    "continuation": {"token", "previousservicetag", "audio"},
    "dgi": {"groups", "bias"},
    "languageid": {"languages", "mode", "onsuccess", "onunknown", "priority", "maxaudioduration"},
    "phrasedetection": {
        "conversation",
        "dictation",
        "initialsilencetimeout",
        "interactive",
        "language",
        "mode",
        "oninterim",
        "onsuccess",
        "speakerdiarization",
        "trailingsilencetimeout",
    },
    "phraseoutput": {"format", "detailed", "simple", "interimresults", "phraseresults"},
    "synthesis": {"defaultvoices", "synthesizedlanguages", "onerror"},
    "translation": {"targetlanguages", "onsuccess", "onpassthrough", "onerror", "output"},
}
"""The parts that the emulator serves, and those that change nothing in its answers.

In lower case: clients differ in that."""
_REFUSED = {
    "intent": "intent recognition",
    "keywordDetection": "keyword detection",
    "phraseDetection.enrichment.contentAssessment": "content assessment",
    "phraseDetection.enrichment.pronunciationAssessment": "pronunciation assessment",
}
_MOST_TOLD = 1000
_LONGEST_NAME = 80

logger = logging.getLogger(__name__)


def refusal(context: dict[str, Any]) -> str:
    """The reason why a `speech.context` is refused; empty: it is not."""
    for path, what in _REFUSED.items():
        part: Any = context
        for name in path.split("."):
            part = part.get(name) if isinstance(part, dict) else None
        if part is not None:
            return f"The emulator does not offer {what} ({path})."
    return ""


def unknown_parts(context: dict[str, Any]) -> Iterator[str]:
    """The names of the parts that the emulator does nothing about; an empty part asks for nothing."""
    for name, part in context.items():
        known = _KNOWN.get(name.lower())
        if known is None:
            if part:
                yield name
        elif isinstance(part, dict):
            yield from (
                f"{name}.{inner}" for inner, wanted in part.items() if wanted and inner.lower() not in known
            )


class Unknown:
    """Tells each unknown name once, in the log and to those who watch.

    Args:
        tell: Is called with each name, too.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def tell(self, names: Iterable[str]) -> None:
        """Tell those that were not told yet."""
        for name in names:
            short = name[:_LONGEST_NAME]
            if short not in self._told and len(self._told) < _MOST_TOLD:
                self._told.add(short)
                logger.warning("a client asked for %r, which the emulator does nothing about", short)
                self._tell(short)
