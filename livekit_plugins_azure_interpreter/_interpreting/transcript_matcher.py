"""Matches the text that a session reports with the final transcript that it came from."""

from __future__ import annotations

import contextlib
import inspect
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

_MAX_UNTOLD = 100


class TranscriptMatcher:
    """Finds the final transcript of a text, because a session reports only the text.

    Attributes:
        open_nodes: How many nodes may still give events.
    """

    def __init__(self) -> None:
        self.open_nodes = 0
        self._untold: deque[SpeechData] = deque(maxlen=_MAX_UNTOLD)

    async def observe(self, node: Any) -> AsyncIterator[SpeechEvent]:
        """Pass on the events of a LiveKit node, unchanged."""
        if inspect.isawaitable(node):
            node = await node
        if node is None:
            return
        self.open_nodes += 1
        try:
            async with contextlib.AsyncExitStack() as stack:
                if hasattr(node, "aclose"):
                    stack.push_async_callback(node.aclose)
                async for event in node:
                    if event.type is SpeechEventType.FINAL_TRANSCRIPT and event.alternatives:
                        self._untold.append(event.alternatives[0])
                    yield event
        finally:
            self.open_nodes -= 1

    def clear(self) -> None:
        """Forget all: the session reports none of them any more."""
        self._untold.clear()

    def take(self, text: str) -> SpeechData | None:
        """The first transcript with this text; earlier ones are not reported any more."""
        if all(data.text != text for data in self._untold):
            return None
        while (data := self._untold.popleft()).text != text:
            pass
        return data
