"""Detects final results that the SDK dropped because it could not read them."""

from __future__ import annotations

import json
from collections import deque

RESULT_PATH = "translation.response"
_TURNS_KEPT = 10
"""The service may begin a turn of its own amid the client's; results come under both ids."""


class ResultWatch:
    """Sees the service's messages, and the SDK's events, in the order in which they come.

    The event that a message causes comes before the next message.
    """

    def __init__(self) -> None:
        self._request_ids: deque[str] = deque(maxlen=_TURNS_KEPT)
        self._waiting = b""

    def came(self, path: str, request_id: str, body: bytes) -> bool:
        """Note a message. Returns whether the previous one was a final result that the SDK did not report."""
        waiting, self._waiting = self._waiting, b""
        if path == "turn.start":
            # The SDK sends the unacknowledged audio of the previous turn again.
            self._request_ids.append(request_id)
            return False
        if path == RESULT_PATH and request_id in self._request_ids:
            self._waiting = body
        return bool(waiting) and _tells_words(waiting)

    def reported(self) -> None:
        """Note that the SDK reported the last message."""
        self._waiting = b""


def _tells_words(body: bytes) -> bool:
    """Whether it is a final result. After an error the SDK itself sends the audio again."""
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
