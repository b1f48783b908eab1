"""Who hears, translates and speaks: the first choice, and the ones after it.

LiveKit's FallbackAdapters change from one to the next: they take one that fails off, let the next one do the
same work, and try in the background whether the first has come back.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from livekit.agents import inference, llm, stt, tts
from livekit.plugins import azure

import livekit_plugins_azure_interpreter as azure_interpreter

from .interpreter import Verbatim
from .metrics import Vendor, watch_pair, watch_vendors

VOICE = "fr-FR-DeniseNeural"
"""Speaks when Azure made no voice from the speaker's own."""


@dataclass(frozen=True)
class Vendors:
    """What a session is made of: three adapters, and all that is behind them, with the pair first."""

    pair: azure_interpreter.STT
    hearing: stt.STT[Any]
    translating: llm.LLM[Any]
    speaking: tts.TTS[Any]
    behind: Sequence[Vendor]

    async def aclose(self) -> None:
        """A session closes none of what it was given, nor do the adapters."""
        for one in (self.hearing, self.translating, self.speaking, *self.behind):
            await one.aclose()


def vendors(language: str, resources: azure_interpreter.SpeechResources | None = None) -> Vendors:
    """The pair first, everywhere; all of them are watched.

    Args:
        language: What everything is translated to.
        resources: Where the pair's streams are opened; None: at the one of AZURE_SPEECH_KEY and so on.
    """
    second_resource = _second_resource()
    # The pair: its STT translates, too, and its voices are the speaker's own.
    pair = azure_interpreter.STT(target_languages=language, speech_resources=resources)
    # The second choice only transcribes; an LLM translates. It should share as little as can be with the
    # first: another region at least. Any LiveKit STT will do, e.g. inference.STT("deepgram/nova-3").
    listeners: dict[str, stt.STT[Any]] = {"pair": pair, "second": azure.STT(**second_resource)}
    # LiveKit Inference gives the models of several vendors for the worker's own LiveKit key.
    # LIVEKIT_INFERENCE_URL: any service that speaks OpenAI's protocol, instead.
    translators: dict[str, llm.LLM[Any]] = {
        "first": inference.LLM(os.environ.get("TRANSLATOR", "openai/gpt-4.1-mini")),
        "second": inference.LLM(os.environ.get("SECOND_TRANSLATOR", "google/gemini-2.5-flash")),
        "verbatim": Verbatim(),
    }
    # A text without a voice of Azure's own is no failure of Azure's: `fallback` says that text alone. To the
    # adapter it would be one: it would take the pair's TTS off, and the next translations lose their voices.
    voice = azure_interpreter.PersonalVoiceTTS(voice=VOICE, sample_rate=16000, speech_resources=resources)
    speakers: dict[str, tts.TTS[Any]] = {
        "pair": azure_interpreter.TTS(pair, fallback=voice),
        "second": azure_interpreter.PersonalVoiceTTS(voice=VOICE, sample_rate=16000, **second_resource),
    }
    # The pair alone would try for longer, and interpret afterwards what was said meanwhile. An adapter keeps
    # no audio for the next one: the sooner it moves on, the less is lost.
    hearing = stt.FallbackAdapter([*listeners.values()], max_retry_per_stt=0)
    # A translation that is 3 s late is better than one that comes after the next sentence.
    translating = llm.FallbackAdapter([*translators.values()], attempt_timeout=3.0)
    speaking = tts.FallbackAdapter([*speakers.values()], max_retry_per_tts=0)
    watch_pair(pair, language)
    watch_vendors("stt", hearing, listeners)
    watch_vendors("llm", translating, translators)
    watch_vendors("tts", speaking, {**speakers, "voice": voice})
    behind: tuple[Vendor, ...] = (
        *listeners.values(),
        *translators.values(),
        *speakers.values(),
        voice,
    )
    return Vendors(pair, hearing, translating, speaking, behind)


def _second_resource() -> dict[str, Any]:
    """Its key, and its region or its address, such as that of a second emulator.

    None is given for the others: left out, `azure.STT` takes them from the variables of the first resource.
    """
    names = ("speech_key", "speech_region", "speech_endpoint", "speech_host")
    return {name: os.environ.get(f"BACKUP_{name.upper()}") or None for name in names}
