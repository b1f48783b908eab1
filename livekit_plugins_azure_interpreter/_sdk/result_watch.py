"""Detects final results that the SDK dropped because it could not read them."""

from __future__ import annotations

import json

RESULT_PATH = "translation.response"


class ResultWatch:
    """Sees the service's messages, and the SDK's events, in the order in which they come.

    The event that a message causes comes before the next message.
    """

    def __init__(self) -> None:
        self._request_id = ""
        self._waiting = b""

    def came(self, path: str, request_id: str, body: bytes) -> bool:
        """A message came; whether the one before it was a final result that was not reported."""
        waiting, self._waiting = self._waiting, b""
        if path == "turn.start":
            # What the turn before did not acknowledge is sent again.
            self._request_id = request_id
            return False
        if path == RESULT_PATH and request_id == self._request_id:
            self._waiting = body
        return bool(waiting) and _tells_words(waiting)

    def reported(self) -> None:
        """The SDK reported what came."""
        self._waiting = b""


def _tells_words(body: bytes) -> bool:
    """Whether it is a final result, and no error, after which the SDK itself sends the audio again."""
    if b'"SpeechHypothesis"' in body:
        return False
    try:
        result = json.loads(body)
    except ValueError:
        return True
    if not isinstance(result, dict) or "SpeechPhrase" not in result:
        return False
    phrase = result["SpeechPhrase"]
    status = phrase.get("RecognitionStatus") if isinstance(phrase, dict) else None
    return status == "Success" or not isinstance(status, str)
