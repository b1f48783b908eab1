"""Turns Azure's results into LiveKit's speech events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from .._options.languages import in_language, same_speech
from .._sdk.events import Phrase
from .._sdk.reasons import redact
from .._voices.utterance import Translation
from ..options import Options
from .running_translation import RunningTranslation

_RUNNING = "running"
NOT_RUNNING: Mapping[str, RunningTranslation] = MappingProxyType({})


@dataclass(frozen=True)
class Transcript:
    """An utterance for the user: all its languages, with times on the stream's clock.

    Attributes:
        text: The translation into the first spoken language, or, between two languages, into the one that was
            not spoken; the source text if there is none.
        language: The language of `text`.
        source_text: The words that were said.
        source_language: Their language, as Azure detected it (BCP 47); empty if Azure does not name it.
        translations: All translations, by target language as the user wrote it. In an event, those into
            spoken languages are the objects that `TTS` recognizes.
        start_time: Where it began, in seconds on the clock of the stream.
        end_time: Where it ended.
        translated: There is this translation.
        failure_reason: The service's reason why there is no translation; empty if it gives none.
        uncorrected_texts: The translations that the glossary changed, by target language, as Azure wrote
            them; a voice of Azure says these.
    """

    text: str
    language: str
    source_text: str
    source_language: str
    translations: Mapping[str, str]
    start_time: float
    end_time: float
    translated: bool
    failure_reason: str = ""
    uncorrected_texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def corrected(self) -> bool:
        """Whether the glossary changed `text`, so that Azure's voice says something else."""
        return self.translated and self.language in self.uncorrected_texts

    @property
    def same_language(self) -> bool:
        """Whether it was said in the language of `text`, of any region; False for an unknown language."""
        return self.translated and self.is_in(self.language)

    def is_in(self, language: str) -> bool:
        """Whether it was said in this language, of any region; False for an unknown language."""
        return same_speech(self.source_language, language)

    def with_translations(self, translations: Mapping[str, Translation]) -> Transcript:
        """The same, with the translations that know their voices."""
        found = {**self.translations, **translations}
        return replace(self, text=found[self.language] if self.translated else self.text, translations=found)


Say = Callable[[Transcript, Options], Mapping[str, RunningTranslation]]
"""Takes an utterance so far; returns what is being said of it, by language."""


def say_nothing(transcript: Transcript, options: Options) -> Mapping[str, RunningTranslation]:
    """Nothing is said of it before its end."""
    return NOT_RUNNING


@dataclass
class Transcriber:
    """Turns phrases into speech events.

    Args:
        options: The languages of what is said now, and their glossary.
        request_id: Azure's session id, which the events carry.
        offset_seconds: Where the audio of this attempt begins on the stream's clock.
    """

    options: Options
    request_id: str = ""
    offset_seconds: float = 0.0
    _speaking: bool = field(default=False, init=False)
    _heard_words: bool = field(default=False, init=False)

    def speech_started(self) -> list[SpeechEvent]:
        if self._speaking:
            return []
        self._speaking, self._heard_words = True, False
        return [self._event(SpeechEventType.START_OF_SPEECH)]

    def speech_stopped(self) -> list[SpeechEvent]:
        """Azure heard the end. If words were heard, their final follows, and ends the speech."""
        return [] if self._heard_words else self.ended()

    def interim(self, phrase: Phrase, say: Say = say_nothing) -> list[SpeechEvent]:
        """The events of an utterance so far; `say` returns what is being said of it."""
        transcript = self.transcript(phrase, self.options)
        running = say(transcript, self.options)
        started = self.speech_started()
        self._heard_words = True
        if not transcript.text:
            return started
        data = self._data(transcript)
        if running:
            data.metadata = {**(data.metadata or {}), _RUNNING: running}
        return [*started, self._event(SpeechEventType.INTERIM_TRANSCRIPT, data)]

    def final(self, transcript: Transcript) -> list[SpeechEvent]:
        """The events of a final transcript, with the same text objects that will be spoken."""
        data = self._data(transcript)
        final = self._event(SpeechEventType.FINAL_TRANSCRIPT, data)
        return [*self.speech_started(), final, *self.ended()]

    def ended(self) -> list[SpeechEvent]:
        """The events for the end of speech."""
        if not self._speaking:
            return []
        self._speaking = self._heard_words = False
        return [self._event(SpeechEventType.END_OF_SPEECH)]

    def transcript(self, phrase: Phrase, options: Options) -> Transcript:
        """The transcript of a phrase that was said under these options."""
        main = options.language_to_say(phrase.language)
        written = {
            target: text
            for target in ((main,) if options.between else options.target_languages)
            if (text := in_language(phrase.translations, target))
        }
        found = {target: options.glossary.corrected(text, target) for target, text in written.items()}
        translated = main in found
        return Transcript(
            found.get(main, phrase.text),
            main if translated else phrase.language,
            phrase.text,
            phrase.language,
            found,
            self.offset_seconds + phrase.offset_seconds,
            self.offset_seconds + phrase.end_seconds,
            translated,
            redact(phrase.failure_reason),
            {target: text for target, text in written.items() if text != found[target]},
        )

    def _data(self, transcript: Transcript) -> SpeechData:
        return SpeechData(
            language=LanguageCode(transcript.language),
            text=transcript.text,
            start_time=transcript.start_time,
            end_time=transcript.end_time,
            source_languages=[LanguageCode(transcript.source_language)],
            source_texts=[transcript.source_text],
            target_languages=[LanguageCode(language) for language in transcript.translations],
            target_texts=list(transcript.translations.values()),
            metadata=_metadata(transcript),
        )

    def _event(self, kind: SpeechEventType, *data: SpeechData) -> SpeechEvent:
        return SpeechEvent(type=kind, request_id=self.request_id, alternatives=list(data))


def running_translations(data: SpeechData) -> Mapping[str, RunningTranslation]:
    """What is being said of an utterance that has not ended, by language."""
    running: Mapping[str, RunningTranslation] = (data.metadata or {}).get(_RUNNING, NOT_RUNNING)
    return running


def joined_transcript(finals: Sequence[SpeechData], request_id: str) -> SpeechEvent:
    """All utterances of a recording as one final transcript; without any, its text is empty."""
    if not finals:
        nothing = [SpeechData(language=LanguageCode(""), text="")]
        return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, request_id, nothing)
    data = SpeechData(
        language=finals[0].language,
        text=" ".join(final.text for final in finals),
        start_time=finals[0].start_time,
        end_time=finals[-1].end_time,
        source_languages=[language for final in finals for language in final.source_languages or []],
        source_texts=[text for final in finals for text in final.source_texts or []],
        target_languages=[language for final in finals for language in final.target_languages or []],
        target_texts=[text for final in finals for text in final.target_texts or []],
        metadata={"translated": all((final.metadata or {}).get("translated") for final in finals)},
    )
    return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, request_id, [data])


def _metadata(transcript: Transcript) -> dict[str, Any]:
    metadata: dict[str, Any] = {"translated": transcript.translated}
    if transcript.failure_reason:
        metadata["failure_reason"] = transcript.failure_reason
    if transcript.uncorrected_texts:
        metadata["uncorrected_texts"] = dict(transcript.uncorrected_texts)
    for text in transcript.translations.values():
        if isinstance(text, Translation):
            metadata["id"] = text.utterance.id  # the same in each language
    return metadata
