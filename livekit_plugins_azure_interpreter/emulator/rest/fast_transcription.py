"""Azure's fast transcription: a recording is posted, all of its words come back at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ..recognition.conversation import Conversation
from ..script import Voice
from ..transport.body import BodyTooLargeError, read_within
from .audio import AudioError, AudioTooLongError, read_audio
from .listening import Phrase, listen
from .refusals import RefusalError

_MOST_SECONDS = 1800.0
_MOST_AUDIO_BYTES = 64_000_000
_MOST_DEFINITION_BYTES = 65_536
_TICKS_PER_MS = 10_000
_UNKNOWN_LANGUAGE = "und"


class FastTranscription:
    """Answers recordings of clients that were let in. Each begins with the first line of the script.

    Args:
        conversation: Makes a new session.
    """

    def __init__(self, conversation: Callable[[], Conversation]) -> None:
        self._conversation = conversation

    async def transcribe(self, request: web.Request) -> web.Response:
        """Answer a form with `audio`, and perhaps `definition`."""
        try:
            if "api-version" not in request.query:
                raise RefusalError(400, "The query needs an api-version.")
            parts = await _parts(request)
            locales = _locales(parts.get("definition", b"{}"))
            if not parts.get("audio"):
                raise RefusalError(400, "The form needs audio.", detail="EmptyAudioFile")
            recording = await _recording(parts["audio"])
        except RefusalError as refusal:
            return refusal.of_api()
        phrases = await listen(self._conversation(), recording)
        text = " ".join(phrase.line.text for phrase in phrases)
        return web.json_response(
            {
                "durationMilliseconds": round(recording.seconds * 1000),
                "combinedPhrases": [{"text": text}] if phrases else [],
                "phrases": [_phrase(phrase, locales) for phrase in phrases],
            }
        )


async def _parts(request: web.Request) -> dict[str, bytes]:
    if request.content_type != "multipart/form-data":
        raise RefusalError(415, "The Content-Type must be multipart/form-data.", "UnsupportedMediaType")
    most = {"audio": _MOST_AUDIO_BYTES, "definition": _MOST_DEFINITION_BYTES}
    parts: dict[str, bytes] = {}
    try:
        form = await request.multipart()
        while (part := await form.next()) is not None:
            if not isinstance(part, aiohttp.BodyPartReader) or part.name not in most:
                raise RefusalError(400, f"The form may have {' and '.join(most)} only.")
            parts[part.name] = await read_within(part.read_chunk, most[part.name])
    except BodyTooLargeError as error:
        raise RefusalError(413, f"The form is too large: {error}.") from error
    except (ValueError, HttpProcessingError) as error:
        raise RefusalError(400, "The form is broken.", detail="InvalidRequestBodyFormat") from error
    return parts


def _locales(definition: bytes) -> list[str]:
    try:
        wanted = json.loads(definition)
    except (ValueError, RecursionError) as error:
        raise RefusalError(400, "The definition is not JSON.", detail="InvalidRequestBodyFormat") from error
    locales = wanted.get("locales") or [] if isinstance(wanted, dict) else None
    if not isinstance(locales, list) or not all(isinstance(locale, str) for locale in locales):
        message = "The definition must be an object, and its locales a list of strings."
        raise RefusalError(400, message, "InvalidArgument", "InvalidParameterValue")
    return locales


async def _recording(file: bytes) -> Voice:
    try:
        return await read_audio(file, most_seconds=_MOST_SECONDS)
    except AudioTooLongError as error:
        raise RefusalError(422, str(error), detail="AudioLengthLimitExceeded") from error
    except AudioError as error:
        raise RefusalError(422, str(error), detail="InvalidAudioFormat") from error


def _phrase(phrase: Phrase, locales: list[str]) -> dict[str, Any]:
    result = phrase.result(word_timings=True)
    best = result["NBest"][0]
    language = phrase.line.language
    return {
        **_place(result),
        "text": phrase.line.text,
        "words": [{"text": word["Word"], **_place(word)} for word in best["Words"]],
        "locale": locales[0] if locales and language == _UNKNOWN_LANGUAGE else language,
        "confidence": best["Confidence"],
    }


def _place(entry: dict[str, Any]) -> dict[str, int]:
    return {
        "offsetMilliseconds": round(entry["Offset"] / _TICKS_PER_MS),
        "durationMilliseconds": round(entry["Duration"] / _TICKS_PER_MS),
    }
