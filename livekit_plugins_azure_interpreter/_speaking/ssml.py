"""Describes a synthesis voice, and builds the SSML that requests it. Pure."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from .._options.languages import spelled
from .._options.numbers import check_number
from .._options.strings import trimmed
from ..options import check_languages, check_voice

PERSONAL_MODEL = "DragonLatestNeural"
"""The base model of Azure that sounds most like the speaker."""

_NAME = re.compile(r"[A-Za-z0-9]+([-:][A-Za-z0-9]+)*")
_PROFILE_ID = re.compile(r"[A-Za-z0-9-]+")
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][A-Za-z]+)?-([A-Z]{2}|[0-9]{3})(?=-)")
_DEFAULT_LOCALE = "en-US"
# Characters that XML 1.0 cannot contain in any form. Azure refuses a text with one of them.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPOKEN_KINDS = ("L", "N", "Sc", "Sm")


@dataclass(frozen=True, kw_only=True)
class SynthesisVoice:
    """The voice and its options, as `PersonalVoiceTTS` explains them.

    Args:
        name: The prebuilt voice, or the base model that speaks as the profile's speaker.
        speaker_profile_id: The profile of the enrolled speaker; None for a prebuilt voice.
        language: The language of the text; None lets Azure detect it.
        rate: How fast, as a multiple of the voice's own pace.
    """

    name: str
    speaker_profile_id: str | None = field(
        default=None, repr=False
    )  # Together with a key it gives access to somebody's voice.
    language: str | None = None
    rate: float | None = None

    def __post_init__(self) -> None:
        if self.speaker_profile_id is None:
            check_voice("voice", self.name)
        elif not _NAME.fullmatch(self.name):
            raise ValueError(f"model must be a name such as {PERSONAL_MODEL}")
        if self.speaker_profile_id is not None and not _PROFILE_ID.fullmatch(self.speaker_profile_id):
            raise ValueError("speaker_profile_id (AZURE_SPEAKER_PROFILE_ID) must be an id, such as a GUID")
        if self.language is not None:
            check_languages("language", (self.language,))
        check_number("rate", self.rate, least=0.5, most=2.0, or_none=True)

    @classmethod
    def resolve(
        cls,
        *,
        speaker_profile_id: str | None = None,
        model: str = PERSONAL_MODEL,
        voice: str | None = None,
        language: str | None = None,
        rate: float | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> SynthesisVoice:
        """A prebuilt voice if one is named, else a personal one.

        Raises:
            ValueError: There is neither, there are both, or one is invalid.
        """
        language = spelled(language) if language is not None else None
        if voice is not None and speaker_profile_id is not None:
            raise ValueError("voice and speaker_profile_id contradict each other: give one of them")
        if voice is not None:
            return cls(name=voice, language=language, rate=rate)
        speaker_profile_id = trimmed("speaker_profile_id", speaker_profile_id) or trimmed(
            "AZURE_SPEAKER_PROFILE_ID", environment.get("AZURE_SPEAKER_PROFILE_ID")
        )
        if not speaker_profile_id:
            raise ValueError(
                "no voice: give speaker_profile_id (or set AZURE_SPEAKER_PROFILE_ID) of an enrolled personal "
                "voice, or voice, e.g. 'fr-FR-DeniseNeural'"
            )
        return cls(name=model, speaker_profile_id=speaker_profile_id, language=language, rate=rate)

    def changed(self, arguments: Mapping[str, Any]) -> SynthesisVoice:
        """The voice with other arguments of `resolve`; a voice and a profile replace each other.

        Raises:
            ValueError: They contradict each other, or one is invalid.
        """
        present: dict[str, Any] = {"language": self.language, "rate": self.rate}
        if self.speaker_profile_id is None and "speaker_profile_id" not in arguments:
            present["voice"] = self.name
        elif self.speaker_profile_id is not None and "voice" not in arguments:
            present.update(speaker_profile_id=self.speaker_profile_id, model=self.name)
        return SynthesisVoice.resolve(**{**present, **arguments})

    def ssml(self, text: str) -> str:
        """The SSML document of a text; the text itself is escaped."""
        spoken = escape(_NO_XML.sub("", text))
        if self.rate is not None:
            spoken = f"<prosody rate={quoteattr(f'{(self.rate - 1) * 100:+.0f}%')}>{spoken}</prosody>"
        if self.language is not None:
            spoken = f"<lang xml:lang={quoteattr(self.language)}>{spoken}</lang>"
        if self.speaker_profile_id is not None:
            profile = quoteattr(self.speaker_profile_id)
            spoken = f"<mstts:ttsembedding speakerProfileId={profile}>{spoken}</mstts:ttsembedding>"
        locale = _LOCALE.match(self.name)
        return (
            '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" '
            'xmlns:mstts="http://www.w3.org/2001/mstts" '
            f'xml:lang="{locale[0] if locale else _DEFAULT_LOCALE}">'
            f"<voice name={quoteattr(self.name)}>{spoken}</voice></speak>"
        )


def is_speakable(text: str) -> bool:
    """Whether anything in it has a sound: a letter, a digit, a sign of money or mathematics."""
    return any(unicodedata.category(character).startswith(_SPOKEN_KINDS) for character in text)
