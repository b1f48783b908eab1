"""Builds the interim and final result messages of an utterance."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from ..faults import (
    BadJson,
    BareLanguage,
    ErrorName,
    GarbageFrame,
    MissingFields,
    NoTranslation,
    OtherResults,
    RegionKeyed,
    TextInNBest,
    UnknownFields,
    UnknownLanguage,
    UnsureLanguage,
    WrongRequestId,
)
from ..faults.schedule import UtteranceFaults
from ..revisions import WORDS_PER_SECOND, Revisions, spoken_seconds
from ..script import Line
from ..transport.wire import Message, json_body
from .actions import Action, Send, SendGarbage

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_OTHER_REQUEST_ID = "0" * 32
_UNKNOWN_SPEAKER = "Unknown"
_UNKNOWN_FIELDS = {"Id": "a1b2c3", "Channel": 0, "UtteranceId": "u-1", "Novelty": {"Depth": [1, None]}}


@dataclass(frozen=True)
class PhraseMessages:
    """The results of a turn. Each has its place in the audio (`span`: Azure's Offset and Duration).

    Args:
        targets: The languages to translate to; None: the client only wants the words, and
            gets other messages.
        detailed: Final results also have alternatives (Azure's NBest).
        word_timings: And those the place of each word.
        speakers: Results name the speaker; interim ones do not know yet, as in Azure.
        revisions: How the texts of interim results change; None: they have the final's first words.
    """

    targets: Sequence[str] | None
    _: KW_ONLY
    detailed: bool = False
    word_timings: bool = False
    speakers: bool = False
    revisions: Revisions | None = None

    def interim(self, line: Line, seconds: float, span: dict[str, Any]) -> Message:
        """As many words as were heard in so many seconds."""
        text = self._heard(line, line.text, line.language, seconds)
        phrase = {"Text": text, **span, **_language(line.language)}
        phrase.update(self._speaker(_UNKNOWN_SPEAKER))
        if self.targets is None:
            return _message("speech.hypothesis", phrase)
        translations = [
            {"Language": target, "Text": self._heard(line, line.translation(target), target, seconds)}
            for target in self.targets
        ]
        hypothesis = {"SpeechHypothesis": phrase, "TranslationStatus": "Success"}
        return _message("translation.response", {**hypothesis, "Translations": translations})

    def final(
        self,
        line: Line,
        span: dict[str, Any],
        acknowledging: dict[str, str],
        faults: UtteranceFaults,
        *,
        commit_token: str = "",
    ) -> list[Action]:
        """All messages at the end of an utterance.

        Args:
            acknowledging: The headers that acknowledge its audio.
            commit_token: The client's id for its wish that the utterance ends here; empty: it had none.
        """
        message = self._final(line, span, faults, commit_token)
        actions: list[Action] = []
        if faults.get(GarbageFrame):
            actions.append(SendGarbage())
        if faults.get(WrongRequestId):
            other = {**acknowledging, "X-RequestId": _OTHER_REQUEST_ID}
            actions.append(Send(Message(message.path, other, message.body)))
        if faults.get(OtherResults):
            actions += [Send(other) for other in _other_results(line, span)]
        if faults.get(BadJson):
            # An unreadable result acknowledges nothing: a client that connects again sends the audio again.
            actions.append(Send(Message(message.path, {}, message.body[:-1])))
        else:
            actions.append(Send(Message(message.path, acknowledging, message.body)))
        return actions

    def nothing(self, span: dict[str, Any], *, entries: bool) -> Message:
        """A final result without words, as the service ends a turn in silence.

        Args:
            entries: It has an entry without words per target; else no entries.
        """
        targets = self.targets if entries and self.targets is not None else ()
        translations = [{"Language": target, "Text": ""} for target in targets]
        phrase = {"RecognitionStatus": "Success", "DisplayText": "", **span}
        return self._phrase(phrase, {"TranslationStatus": "Success", "Translations": translations})

    def no_match(self, span: dict[str, Any], commit_token: str) -> Message:
        """The answer to a client's wish to end an utterance while nothing was said."""
        phrase = {"RecognitionStatus": "NoMatch", **span, **_committed(commit_token)}
        return self._phrase(phrase, {"TranslationStatus": "Success", "Translations": []})

    def silence(self, span: dict[str, Any]) -> Message:
        """The result of a turn for one phrase in which nothing was said."""
        phrase = {"RecognitionStatus": "InitialSilenceTimeout", **span}
        return self._phrase(phrase, {"TranslationStatus": "Success", "Translations": []})

    def error(self, status: ErrorName, span: dict[str, Any]) -> Message:
        """A result that is an error."""
        return self._phrase({"RecognitionStatus": status, **span}, _untranslated("no translation"))

    def _final(self, line: Line, span: dict[str, Any], faults: UtteranceFaults, commit_token: str) -> Message:
        if faults.get(MissingFields):
            return self._phrase({"RecognitionStatus": "Success", **span}, {"TranslationStatus": "Success"})
        phrase = {"RecognitionStatus": "Success", "DisplayText": line.text, **span, **_heard_in(line, faults)}
        phrase.update(self._speaker(line.speaker) | _committed(commit_token))
        if self.detailed or faults.get(TextInNBest):
            phrase["NBest"] = [_best(line.text, span, word_timings=self.word_timings)]
        if faults.get(TextInNBest):
            del phrase["DisplayText"]
        if faults.get(UnknownFields):
            phrase.update(_UNKNOWN_FIELDS)
        failed = faults.get(NoTranslation)
        if failed or not line.translated:
            return self._phrase(phrase, _untranslated(failed.reason if failed else "no translation"))
        translations = [
            {
                "Language": _with_region(target) if faults.get(RegionKeyed) else target,
                "DisplayText": line.translation(target),
            }
            for target in self.targets or ()
        ]
        return self._phrase(phrase, {"TranslationStatus": "Success", "Translations": translations})

    def _phrase(self, phrase: dict[str, Any], translated: dict[str, Any]) -> Message:
        if self.targets is None:
            return _message("speech.phrase", phrase)
        return _message("translation.response", {"SpeechPhrase": phrase, **translated})

    def _heard(self, line: Line, text: str, language: str, seconds: float) -> str:
        if self.revisions is None:
            return _first(max(1, int(seconds * WORDS_PER_SECOND)), text)
        whole_seconds = spoken_seconds(line.text) if line.seconds is None else line.seconds
        heard = self.revisions.heard(seconds, whole_seconds)
        return self.revisions.interim(text, heard, language=language, spoken=line.language)

    def _speaker(self, name: str) -> dict[str, str]:
        return {"SpeakerId": name} if self.speakers else {}


def _best(text: str, span: dict[str, Any], *, word_timings: bool) -> dict[str, Any]:
    """The only alternative. Its words have no punctuation; each is as long as its letters."""
    words = _WORD.findall(text.lower())
    lexical = " ".join(words)
    best: dict[str, Any] = {
        "Confidence": 0.9,
        "Lexical": lexical,
        "ITN": lexical,
        "MaskedITN": lexical,
        "Display": text,
    }
    if word_timings:
        ticks = span["Duration"] / max(1, sum(map(len, words)))
        places = itertools.accumulate((len(word) * ticks for word in words), initial=float(span["Offset"]))
        best["Words"] = [
            {"Word": word, "Offset": round(at), "Duration": round(len(word) * ticks)}
            for word, at in zip(words, places, strict=False)
        ]
    return best


def _committed(token: str) -> dict[str, Any]:
    return {"clientAudioMetadata": {"X-Client-Commit-Token": token}} if token else {}


def _untranslated(reason: str) -> dict[str, Any]:
    return {"TranslationStatus": "Error", "FailureReason": reason, "Translations": []}


def _first(words: int, text: str) -> str:
    return " ".join(text.split()[:words])


def _heard_in(line: Line, faults: UtteranceFaults) -> dict[str, Any]:
    language = "xx-Unknown" if faults.get(UnknownLanguage) else line.language
    if faults.get(BareLanguage):
        language = language.partition("-")[0]
    unsure = faults.get(UnsureLanguage)
    return _language(language, unsure.confidence if unsure else "High")


def _language(language: str, confidence: str = "High") -> dict[str, Any]:
    return {"PrimaryLanguage": {"Language": language, "Confidence": confidence}}


def _other_results(line: Line, span: dict[str, Any]) -> list[Message]:
    """What the service sends to clients that translate nothing, and to those that want text spoken."""
    phrase = {"RecognitionStatus": "Success", "DisplayText": line.text, **span}
    return [
        _message("speech.fragment", {"Text": line.text, **span}),
        _message("speech.tentative.phrase", phrase),
        _message("speech.phrase", phrase),
        _message("audio.metadata", {"Metadata": []}),
    ]


def _with_region(language: str) -> str:
    return language if "-" in language else f"{language}-{language.upper()}"


def _message(path: str, body: dict[str, Any]) -> Message:
    return Message(path, {}, json_body(body))
