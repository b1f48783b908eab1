"""The voices of a meeting: Azure's, and the fallback's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import tts as livekit_tts

from ..stt import STT
from ..tts import TTS


@dataclass(frozen=True)
class RouteVoices:
    """Who speaks each language.

    Attributes:
        azure_voice: Returns Azure's voice of a language; None: it has none.
        fallback: Returns the TTS that speaks a translation into a language whose voice is lost.
        fallback_speaks_corrections: The fallback also speaks what the glossary corrected.
    """

    azure_voice: Callable[[str], str | None]
    fallback: Callable[[str], livekit_tts.TTS[Any]] | None = None
    fallback_speaks_corrections: bool = False

    def speak(self, language: str) -> bool:
        """Whether a language is spoken at all."""
        return self.fallback is not None or self.azure_voice(language) is not None

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
