"""The voices of a meeting: Azure's, and the fallback's."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from livekit.agents import tts as livekit_tts

from ..options import PERSONAL_VOICE
from ..stt import STT
from ..tts import TTS
from .client_contract import HeardIn
from .voice_choice import VoiceChoice

Fallback = Callable[[str], livekit_tts.TTS[Any]] | Callable[[str, str], livekit_tts.TTS[Any]]
"""Returns the TTS of a language; or of a language, for the speaker with an identity."""


@dataclass(frozen=True)
class RouteVoices:
    """Who speaks each language.

    Attributes:
        azure_voice: Returns Azure's voice of a language for a speaker's choice; None: it has none.
        fallback: Returns the TTS that speaks translations without a voice of Azure.
        fallback_speaks_corrections: The fallback also speaks what the glossary corrected.
    """

    azure_voice: Callable[[VoiceChoice, str], str | None]
    fallback: Fallback | None = None
    fallback_speaks_corrections: bool = False

    def heard_in(self, choice: VoiceChoice, language: str) -> HeardIn:
        """In which voice a translation into a language is heard, unless Azure's is lost."""
        if choice == "text":
            return "text"
        voice = self.azure_voice(choice, language)
        if voice is None:
            return "text" if self.fallback is None else "fallback"
        return "own" if voice == PERSONAL_VOICE else "prebuilt"

    def of_speaker(self, identity: str) -> RouteVoices:
        """The same, for one speaker."""
        fallback = self.fallback
        if fallback is None or not _takes_speakers(fallback):
            return self
        of_both = cast(Callable[[str, str], livekit_tts.TTS[Any]], fallback)
        return replace(self, fallback=lambda language: of_both(language, identity))

    def prepare(self, language: str) -> Callable[[STT], TTS]:
        """Get the fallback of a language. Returns what makes the TTS, once the STT speaks that language.

        Raises:
            Exception: The fallback cannot be made.
        """
        of_language = cast("Callable[[str], livekit_tts.TTS[Any]] | None", self.fallback)
        fallback = of_language and of_language(language)
        return lambda stt: TTS(
            stt,
            language=language,
            fallback=fallback,
            fallback_speaks_corrections=self.fallback_speaks_corrections,
        )


def _takes_speakers(fallback: Fallback) -> bool:
    try:
        inspect.signature(fallback).bind("language", "identity")
    except (TypeError, ValueError):  # ValueError: a builtin, such as the method of a dict, tells no signature
        return False
    return True
