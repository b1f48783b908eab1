"""Records what passes on connections, so that it can be replayed."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..recognition.speech_context import SpeechContext
from ..recognition.turn_audio import TurnAudio
from ..transport.wire import Message, WireError
from ..watching.happenings import Answered, Connected, Disconnected, Happening, Received, Sent
from . import redaction
from .exchange import Exchange, RecordedConnection, RecordedMessage, Sender

_SPEECH = "/speech/"
"""In the path of each connection that brings audio; texts to speak are not recorded."""
MOST_BYTES = 64 << 20
_FIRST_ERROR = 400
_CLOSED_WITHOUT_CODE = 1006
_BEYOND_SECONDS = 1.0
"""What comes after the client has ended its audio has a place that the audio does not reach: a replay then
waits for that end."""


logger = logging.getLogger(__name__)


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
        recorded = self._placed("client", message, redaction.of_client(message))
        before = self._messages[-1] if self._messages else None
        if before is not None and message.body and _is_audio(before) and _is_audio(recorded):
            recorded = replace(recorded, count=before.count + 1)
            del self._messages[-1]
        self._messages.append(recorded)

    def service_sent(self, message: Message, *, binary: bool) -> None:
        recorded = self._placed("service", message, redaction.of_service(message, binary=binary))
        self._messages.append(replace(recorded, binary=binary))

    def service_sent_other(self, *, binary: bool) -> None:
        """A frame that is not a message of Azure Speech; nothing of it is kept."""
        self.service_sent(Message("unreadable"), binary=binary)

    def refused(self, status: int) -> None:
        """The service let nobody in."""
        self._ended = RecordedConnection(status=status)

    def service_closed(self, code: int, reason: str) -> None:
        self._ended = RecordedConnection(
            close_code=code, close_reason=redaction.words(reason), close_seconds=self._now()
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


class Recorder:
    """A watcher that records an emulator's speech connections.

    Recording ends for good at 64 MiB, most of it voices.

    Args:
        path: Where the recording is kept; it is written anew whenever a connection ends.

    Raises:
        OSError: It cannot be written there.
    """

    def __init__(self, path: Path) -> None:
        path.touch()
        self._path = path
        self._connections: dict[int, ConnectionRecorder] = {}
        self._ended: list[RecordedConnection] = []
        self._bytes_left = MOST_BYTES

    def __call__(self, happening: Happening) -> None:
        number = happening.connection
        match happening:
            case Connected(path=path) if _SPEECH in path:
                self._connections[number] = ConnectionRecorder(set())
            case Answered(path=path, status=status) if _SPEECH in path and status >= _FIRST_ERROR:
                self._end(RecordedConnection(status=status))
            case Disconnected() if number in self._connections:
                ended = self._connections.pop(number)
                if not happening.by_client:
                    code = _CLOSED_WITHOUT_CODE if happening.code is None else happening.code
                    ended.service_closed(code, happening.reason)
                self._end(ended.recorded)
            case Received(message=message) if recorder := self._recorder(number):
                with suppress(WireError):  # the service has refused it
                    recorder.client_sent(message)
            case Sent(message=message, binary=binary) if recorder := self._recorder(number):
                self._bytes_left -= len(message.body)
                recorder.service_sent(message, binary=binary)
            case _:
                pass

    def _recorder(self, number: int) -> ConnectionRecorder | None:
        return self._connections.get(number) if self._bytes_left > 0 else None

    def _end(self, connection: RecordedConnection) -> None:
        self._ended.append(connection)
        try:
            self._path.write_text(Exchange(connections=self._ended).to_json(), encoding="utf-8")
        except OSError as error:
            logger.error("the recording could not be written: %s", error)


def _is_audio(recorded: RecordedMessage) -> bool:
    return (recorded.sender, recorded.message.path) == ("client", "audio")
