"""What the service says of an utterance: interim and final results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .faults import (
    BadJson,
    MissingFields,
    NoTranslation,
    RegionKeyed,
    UnknownLanguage,
    UtteranceFaults,
)
from .script import Line
from .wire import json_body

_WORDS_PER_SECOND = 2.5


class Results:
    """The bodies of results; `path_of_interim` and `path_of_final` are the messages that carry them.

    Args:
        targets: The languages to translate to; None: the client only wants the words.
    """

    def __init__(self, targets: Sequence[str] | None) -> None:
        self.targets = targets

    @property
    def path_of_interim(self) -> str:
        return "speech.hypothesis" if self.targets is None else "translation.response"

    @property
    def path_of_final(self) -> str:
        return "speech.phrase" if self.targets is None else "translation.response"

    def interim(self, line: Line, seconds: float, span: dict[str, Any]) -> bytes:
        """As many words as were heard in so many seconds."""
        words = max(1, int(seconds * _WORDS_PER_SECOND))
        phrase = {"Text": " ".join(line.text.split()[:words]), **span, **_language(line.language)}
        if self.targets is None:
            return json_body(phrase)
        translations = [
            {"Language": target, "Text": " ".join(line.translation(target).split()[:words])}
            for target in self.targets
        ]
        return json_body(
            {"SpeechHypothesis": phrase, "TranslationStatus": "Success", "Translations": translations}
        )

    def final(self, line: Line, span: dict[str, Any], faults: UtteranceFaults) -> bytes:
        """The words of an utterance, and its translations."""
        if faults.get(BadJson):
            return b'{"SpeechPhrase": {"RecognitionStatus": '
        if faults.get(MissingFields):
            return b"{}"
        language = "xx-Unknown" if faults.get(UnknownLanguage) else line.language
        phrase = {"RecognitionStatus": "Success", "DisplayText": line.text, **span, **_language(language)}
        if self.targets is None:
            return json_body(phrase)
        if not line.translated or faults.get(NoTranslation):
            failure = {"TranslationStatus": "Error", "FailureReason": "no translation", "Translations": []}
            return json_body({"SpeechPhrase": phrase, **failure})
        region = "-FR" if faults.get(RegionKeyed) else ""
        translations = [
            {"Language": target + region, "DisplayText": line.translation(target)} for target in self.targets
        ]
        return json_body(
            {"SpeechPhrase": phrase, "TranslationStatus": "Success", "Translations": translations}
        )


def _language(language: str) -> dict[str, Any]:
    return {"PrimaryLanguage": {"Language": language, "Confidence": "High"}}
