"""The voices of a meeting: Azure's, and the fallback's."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from livekit.agents import tts as livekit_tts

from ..options import PERSONAL_VOICE
from ..stt import STT
from ..tts import TTS
from .client_contract import HeardIn
from .voice_choice import VoiceChoice

Fallback = Callable[[str], livekit_tts.TTS[Any]] | Callable[[str, str], livekit_tts.TTS[Any]]
"""Returns the TTS for a language, or for a language and the identity of the speaker."""


def for_each_speaker(fallback: Fallback | None) -> Callable[[str, str], livekit_tts.TTS[Any]] | None:
    """The same, as a function of a language and a speaker."""
    if fallback is None:
        return None
    try:
        inspect.signature(fallback).bind("language", "speaker")
    except TypeError:
        by_language = cast(Callable[[str], livekit_tts.TTS[Any]], fallback)
        return lambda language, _: by_language(language)
    return cast(Callable[[str, str], livekit_tts.TTS[Any]], fallback)


@dataclass(frozen=True)
class RouteVoices:
    """Who speaks each language.

    Attributes:
        azure_voice: Returns Azure's voice of a language for a speaker's choice; None: it has none.
        fallback: Returns the TTS that speaks translations into a language, of a speaker, without a voice of
            Azure.
        fallback_speaks_corrections: The fallback also speaks what the glossary corrected.
    """

    azure_voice: Callable[[VoiceChoice, str], str | None]
    fallback: Callable[[str, str], livekit_tts.TTS[Any]] | None = None
    fallback_speaks_corrections: bool = False

    def heard_in(self, choice: VoiceChoice, language: str) -> HeardIn:
        """In which voice a translation into a language is heard, unless Azure's is lost."""
        if choice == "text":
            return "text"
        voice = self.azure_voice(choice, language)
        if voice is None:
            return "text" if self.fallback is None else "fallback"
        return "own" if voice == PERSONAL_VOICE else "prebuilt"

    def prepare(self, language: str, speaker: str) -> Callable[[STT], TTS]:
        """Get the fallback of a speaker in a language. Returns what makes the TTS, once the STT speaks that.

        Raises:
            Exception: The fallback cannot be made.
        """
        fallback = self.fallback and self.fallback(language, speaker)
        return lambda stt: TTS(
            stt,
            language=language,
            fallback=fallback,
            fallback_speaks_corrections=self.fallback_speaks_corrections,
        )
