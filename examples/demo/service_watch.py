"""Whether the services of a session answer: what they fail with is told as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from livekit.agents import AgentSession, ErrorEvent, llm, stt, tts

_FIRST_ANSWER_SECONDS = 10.0
"""How long the first connection may take, with all attempts."""
_NEXT_ANSWER_SECONDS = 60.0
"""As long a service that has answered may be away: a short outage is lived through."""


class Failure(Exception):
    """A service does not answer, or the session gave up; the message is for the user."""


@dataclass
class _Unanswered:
    since: float
    limit_seconds: float
    error: str


class ServiceWatch:
    """Follows the errors of a session's services, and their answers.

    Args:
        session: Its STT, LLM and TTS are watched.
        tell: Is given each error from which LiveKit recovers, as one line.
    """

    def __init__(self, session: AgentSession[Any], tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._failed: Failure | None = None
        hearing = _Unanswered(self._loop.time(), _FIRST_ANSWER_SECONDS, "Azure Speech does not answer")
        self._unanswered = {"stt_error": hearing}
        session.on("error", self._on_error)
        for kind, service in (
            ("stt_error", session.stt),
            ("llm_error", session.llm),
            ("tts_error", session.tts),
        ):
            if isinstance(service, stt.STT | llm.LLM | tts.TTS):
                service.on("metrics_collected", partial(self._measured, kind))

    @property
    def all_answer(self) -> bool:
        """No service is in trouble, and the STT has its connection."""
        return not self._unanswered

    def check(self) -> None:
        """Whether to go on.

        Raises:
            Failure: An error from which LiveKit cannot recover; or a service has not answered for too long.
        """
        if self._failed is not None:
            raise self._failed
        for one in self._unanswered.values():
            if self._loop.time() - one.since >= one.limit_seconds:
                raise Failure(one.error)

    async def until_next_check(self) -> None:
        await asyncio.sleep(0.1)
        self.check()

    def _on_error(self, event: ErrorEvent) -> None:
        message = getattr(event.error.error, "message", str(event.error.error))
        if not event.error.recoverable:
            self._failed = self._failed or Failure(message)
            return
        if not getattr(event.error.error, "retryable", True):
            self._tell(message)  # e.g. one voice is lost
            return
        self._tell(f"{message} (trying again)")
        kind = event.error.type
        now = _Unanswered(self._loop.time(), _NEXT_ANSWER_SECONDS, message)
        self._unanswered.setdefault(kind, now).error = message

    def _measured(self, kind: str, metrics: Any) -> None:
        # An STT measures the audio that it is given, too; with a connection it tells how long that took.
        if kind != "stt_error" or metrics.acquire_time:
            self._unanswered.pop(kind, None)
