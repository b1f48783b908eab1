"""The voices of a meeting: Azure's, and the fallback's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import tts as livekit_tts

from ..options import PERSONAL_VOICE
from ..stt import STT
from ..tts import TTS
from .client_contract import HeardIn
from .voice_choice import VoiceChoice


@dataclass(frozen=True)
class RouteVoices:
    """Who speaks each language.

    Attributes:
        azure_voice: Returns Azure's voice of a language for a speaker's choice; None: it has none.
        fallback: Returns the TTS that speaks a translation into a language whose voice is lost.
        fallback_speaks_corrections: The fallback also speaks what the glossary corrected.
    """

    azure_voice: Callable[[VoiceChoice, str], str | None]
    fallback: Callable[[str], livekit_tts.TTS[Any]] | None = None
    fallback_speaks_corrections: bool = False

    def heard_in(self, choice: VoiceChoice, language: str) -> HeardIn:
        """In which voice a translation into a language is heard, unless Azure's is lost."""
        if choice == "text":
            return "text"
        voice = self.azure_voice(choice, language)
        if voice is None:
            return "text" if self.fallback is None else "fallback"
        return "own" if voice == PERSONAL_VOICE else "prebuilt"

    def prepare(self, language: str) -> Callable[[STT], TTS]:
        """Get the fallback of a language. Returns what makes the TTS, once the STT speaks that language.

        Raises:
            Exception: The fallback cannot be made.
        """
        fallback = self.fallback and self.fallback(language)
        return lambda stt: TTS(
            stt,
            language=language,
            fallback=fallback,
            fallback_speaks_corrections=self.fallback_speaks_corrections,
        )
