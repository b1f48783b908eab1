"""What Azure reports, in one line each."""

from __future__ import annotations

import json
from collections.abc import Mapping

from livekit_plugins_azure_interpreter._sdk.events import (
    Event,
    RawPhrase,
    Recognized,
    Recognizing,
    VoiceChunk,
    VoiceCompleted,
)


def phrase(
    text: str = "Yes.",
    translations: Mapping[str, str] | str = "Oui.",
    *,
    offset: float = 1.0,
    duration: float = 0.5,
    language: str = "en-US",
    failure_reason: str = "",
) -> RawPhrase:
    texts = {"fr": translations} if isinstance(translations, str) else translations
    body = {
        "SpeechPhrase": {"DisplayText": text, "PrimaryLanguage": {"Language": language}},
        "TranslationStatus": "Success" if texts else "Error",
        "FailureReason": failure_reason,
        "Translations": [{"Language": target, "DisplayText": said} for target, said in texts.items()],
    }
    return RawPhrase(offset, duration, json.dumps(body))


def heard(translation: str, *, offset: float = 1.0) -> Recognized:
    """A final result that is translated to French."""
    return Recognized(phrase("what was said", translation, offset=offset))


def spoken_in(language: str, translation: str) -> Recognized:
    """A final result that is translated to French, and was said in a language (empty: Azure does not say)."""
    return Recognized(phrase("what was said", translation, language=language))


def hearing(translation: str) -> Recognizing:
    return Recognizing(phrase("what is being said", translation))


def untranslated(text: str) -> Recognized:
    return Recognized(phrase(text, {}))


def voice(pcm: bytes, *, chunk_bytes: int = 3200) -> list[Event]:
    """A whole voice without headers, whose end is known at once."""
    chunks = [VoiceChunk(pcm[at : at + chunk_bytes]) for at in range(0, len(pcm), chunk_bytes)]
    return [*chunks, VoiceCompleted()]
