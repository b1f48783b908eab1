"""Azure's REST API for short audio: a recording with one phrase is posted, its words come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from ..recognition.conversation import Conversation
from ..script import Voice
from ..transport.body import BodyTooLargeError, read_within
from .audio import AudioError, read_audio
from .listening import listen
from .refusals import RefusalError

_MOST_SECONDS = 60.0
_MOST_BYTES = 12_000_000
"""60 s in the largest common format: 48 kHz, 16 bit, stereo."""
_KINDS = ("ogg", "wav")
_TICKS_PER_SECOND = 10_000_000
_FORMATS = ("simple", "detailed")
_CONTENT_TYPES = ("audio/", "application/octet-stream")
_FIELDS = ("RecognitionStatus", "Offset", "Duration", "DisplayText", "NBest")
"""The WebSocket service reports others, too."""
_NO_SESSION = "short audio"
"""Clients that name no session share one, so that each recording has the next line of the script."""


class ShortAudio:
    """Answers recordings of clients that were let in.

    Args:
        conversation: Finds the session of an id (Azure's X-ConnectionId).
    """

    def __init__(self, conversation: Callable[[str], Conversation]) -> None:
        self._conversation = conversation

    async def recognize(self, request: web.Request) -> web.Response:
        """Answer a recording with its first phrase."""
        form = request.query.get("format", "simple").lower()
        words = request.query.get("wordLevelTimestamps", "").lower() == "true"
        try:
            if not request.query.get("language"):
                raise RefusalError(400, "The query needs a language, e.g. language=en-US.")
            if form not in _FORMATS:
                raise RefusalError(400, f"The format must be one of {', '.join(_FORMATS)}.")
            recording = await _recording(request)
        except RefusalError as refusal:
            return refusal.of_gateway()
        conversation = self._conversation(request.headers.get("X-ConnectionId", _NO_SESSION))
        phrases = await listen(conversation, recording, once=True)
        if not phrases:
            return web.json_response(_silence(recording.seconds))
        result = phrases[0].result(detailed=form == "detailed", word_timings=words)
        return web.json_response({name: result[name] for name in _FIELDS if name in result})


async def _recording(request: web.Request) -> Voice:
    if not request.content_type.startswith(_CONTENT_TYPES):
        raise RefusalError(415, "The Content-Type must be audio/wav or audio/ogg.")
    try:
        body = await read_within(request.content.readany, _MOST_BYTES)
        return await read_audio(body, kinds=_KINDS, most_seconds=_MOST_SECONDS)
    except BodyTooLargeError as error:
        raise RefusalError(413, f"The recording is too large: {error}.") from error
    except AudioError as error:
        raise RefusalError(400, str(error)) from error


def _silence(seconds: float) -> dict[str, Any]:
    ticks = round(seconds * _TICKS_PER_SECOND)
    return {"RecognitionStatus": "InitialSilenceTimeout", "Offset": 0, "Duration": ticks}
