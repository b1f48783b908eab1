"""Checks that an InterpreterAgent's session can be heard: its STT, its TTS and how they are wrapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from livekit.agents import llm
from livekit.agents import stt as livekit_stt
from livekit.agents import tts as livekit_tts

from .._livekit_private import stts_in, tts_in, ttss_in
from ..stt import STT
from ..tts import TTS
from .stt_group import STTGroup


class PairingError(ValueError):
    """Nobody would hear the interpreter of this session; the message says how to change it."""


def says_other_text(tts: object) -> bool:
    """Whether it has a voice for a text that is not a translation."""
    if isinstance(tts, TTS):
        return tts.fallback is not None
    if isinstance(tts, livekit_tts.FallbackAdapter):
        return any(says_other_text(inner) for inner in ttss_in(tts))
    return isinstance(tts, livekit_tts.TTS)


def speaks_translations(tts: object) -> bool:
    """Whether it is the `TTS` of this package, which measures what it says."""
    if isinstance(tts, livekit_tts.FallbackAdapter):
        return any(speaks_translations(inner) for inner in ttss_in(tts))
    return isinstance(tts, TTS)


def has_other_stt(stt: object) -> bool:
    """Whether it contains an STT that does not interpret, or one whose translations cannot be recognized."""
    if isinstance(stt, livekit_stt.FallbackAdapter):
        return any(has_other_stt(inner) for inner in stts_in(stt))
    return not isinstance(stt, STT)


def check_pairing(
    stt: object, tts: object, model: object, *, other_stt_translates: bool, audible: bool = True
) -> None:
    """Check that a session can be heard.

    Args:
        stt, tts, model: Of the session, or the agent's own. `model` is its LLM.
        other_stt_translates: As `InterpreterAgent` takes it.
        audible: The session has an audio output. One without gives text only.

    Raises:
        PairingError: It cannot.
    """
    if isinstance(model, llm.RealtimeModel) and model.capabilities.user_transcription:
        raise PairingError(
            "The session has a RealtimeModel that transcribes, so it gets nothing from its STT. "
            "Leave llm out of a session with an InterpreterAgent."
        )
    if stt is None:
        raise PairingError("The session has no STT: make it AgentSession(stt=azure_interpreter.STT(...)).")
    _check_stt(stt, other_is_said=other_stt_translates and (not audible or says_other_text(tts)))
    if audible:
        _check_tts(tts, STTGroup(stt))


def _check_stt(stt: object, *, other_is_said: bool) -> None:
    if other_is_said:
        return
    for one in _parts(stt):
        if not isinstance(one, STT) and any(isinstance(inner, STT) for inner in _wrapped(one)):
            raise PairingError(
                f"{type(one).__name__} hides the translations of the azure_interpreter.STT in it. That STT "
                "streams by itself: give it to the session, and to TTS(stt), as it is."
            )
    if not list(STTGroup(stt)):
        raise PairingError(
            f"The session hears with {type(stt).__name__}, which is not an azure_interpreter.STT. Use that; "
            "or, if the other STT translates, InterpreterAgent(other_stt_translates=True) with a TTS that "
            "speaks any text, such as TTS(stt, fallback=...)."
        )


def _check_tts(tts: object, interpreters: STTGroup) -> None:
    if tts is None:
        raise PairingError("The session has no TTS: make it AgentSession(tts=azure_interpreter.TTS(stt)).")
    if isinstance(tts, livekit_tts.StreamAdapter):
        if isinstance(tts_in(tts), TTS):
            raise PairingError(
                "StreamAdapter cuts translations into sentences, which have no voice of their own. "
                "azure_interpreter.TTS streams by itself: give it to the session as it is."
            )
    elif isinstance(tts, livekit_tts.FallbackAdapter):
        for inner in ttss_in(tts):
            _check_tts(inner, interpreters)
    elif isinstance(tts, TTS):
        if not set(interpreters) <= set(STTGroup(tts.stt)):
            raise PairingError(
                "The TTS of this session speaks the translations of another STT. Make it from the session's "
                "own STT, TTS(stt), or from its whole FallbackAdapter, TTS(adapter)."
            )
        if tts.language is not None:
            raise PairingError(
                f"The TTS of this session speaks {tts.language!r}, and the agent says the translations into "
                "the first spoken language of the STT. Make it TTS(stt), without a language; or name that "
                "language first in spoken_languages."
            )
        if interpreters.are_simultaneous and tts.fallback is None:
            raise PairingError(
                'STT(pace="simultaneous") asks for no voice of Azure. Give TTS(stt, fallback=...) a TTS that '
                "speaks as text comes, such as PersonalVoiceTTS, or give that to the session as its tts."
            )
        if not tts.has_voices:
            raise PairingError(
                "STT(voice=None) has no voices, and TTS(stt) has no other. Choose a voice, such as "
                '"personal-voice"; or give TTS(stt, fallback=...) a TTS that speaks the text; or, for text '
                "only, session.output.set_audio_enabled(False) before the session starts."
            )


def _parts(stt: object) -> Iterator[object]:
    if isinstance(stt, livekit_stt.FallbackAdapter):
        for inner in stts_in(stt):
            yield from _parts(inner)
    else:
        yield stt


def _wrapped(stt: Any) -> Iterator[object]:
    """The STTs or TTSs inside an adapter of LiveKit, at any depth."""
    while (inner := getattr(stt, "wrapped_stt", None)) is not None:
        yield from _parts(inner)
        stt = inner
