"""What passes on a connection, kept as a `RecordedConnection`."""

from __future__ import annotations

import time
from dataclasses import replace

from livekit_plugins_azure_interpreter.emulator import RecordedConnection, RecordedMessage
from livekit_plugins_azure_interpreter.emulator.exchange import Sender
from livekit_plugins_azure_interpreter.emulator.recognition.speech_context import SpeechContext
from livekit_plugins_azure_interpreter.emulator.recognition.turn_audio import TurnAudio
from livekit_plugins_azure_interpreter.emulator.wire import Message

from . import kept

_BEYOND_SECONDS = 1.0
"""What comes after the client has ended its audio has a place that the audio does not reach: a replay then
waits for that end."""


class ConnectionRecorder:
    """Keeps the messages of one connection as they pass.

    Args:
        secrets: Where ids that pass are noted: none of them may be written.
    """

    def __init__(self, secrets: set[str]) -> None:
        self._secrets = secrets
        self._began_at = time.monotonic()
        self._messages: list[RecordedMessage] = []
        self._turns: dict[str, int] = {}
        self._audio = TurnAudio(0.0)
        self._beyond_seconds = 0.0
        self._ended = RecordedConnection()

    @property
    def recorded(self) -> RecordedConnection:
        """What has passed so far."""
        return replace(self._ended, messages=tuple(self._messages))

    def client_sent(self, message: Message) -> None:
        if message.path == "speech.context":
            self._turns.setdefault(message.request_id, len(self._turns) + 1)
            self._audio = TurnAudio(SpeechContext.parse(message).start_seconds or 0.0)
            self._beyond_seconds = 0.0
            self._secrets.add(message.request_id)
        if message.path == "audio":
            self._audio.append(message.body)
            self._audio.forget(self._audio.now)
            self._beyond_seconds = 0.0 if message.body else _BEYOND_SECONDS
        recorded = self._placed("client", message, kept.of_client(message))
        before = self._messages[-1] if self._messages else None
        if before is not None and message.body and _is_audio(before) and _is_audio(recorded):
            recorded = replace(recorded, count=before.count + 1)
            del self._messages[-1]
        self._messages.append(recorded)

    def service_sent(self, message: Message, *, binary: bool) -> None:
        recorded = self._placed("service", message, kept.of_service(message, binary=binary))
        self._messages.append(replace(recorded, binary=binary))

    def service_sent_other(self, *, binary: bool) -> None:
        """A frame that is no message of Azure Speech; of it nothing is kept."""
        self.service_sent(Message("unreadable"), binary=binary)

    def refused(self, status: int) -> None:
        """The service let nobody in."""
        self._ended = RecordedConnection(status=status)

    def service_closed(self, code: int, reason: str) -> None:
        self._ended = RecordedConnection(
            close_code=code, close_reason=kept.words(reason), close_seconds=self._now()
        )

    def _placed(self, sender: Sender, message: Message, keep: Message) -> RecordedMessage:
        return RecordedMessage(
            sender=sender,
            at_seconds=self._now(),
            message=keep,
            turn=self._turns.get(message.request_id, 0),
            position_seconds=self._audio.now + self._beyond_seconds,
        )

    def _now(self) -> float:
        return time.monotonic() - self._began_at


def _is_audio(recorded: RecordedMessage) -> bool:
    return (recorded.sender, recorded.message.path) == ("client", "audio")
