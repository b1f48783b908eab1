"""A recorded exchange with the service: the messages and their times."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from ..transport.wire import Message

FORMAT = "azure-speech-exchange/1"

Sender = Literal["client", "service"]


@dataclass(frozen=True, kw_only=True)
class RecordedMessage:
    """A message, and its place in its connection.

    Args:
        sender: The sender.
        at_seconds: When it was sent, from the first moment of the connection.
        message: The message, without the turn's id. Samples of the client's audio are not kept.
        turn: Which of the connection's turns (Azure's request ids) it belongs to, from 1; 0 for none.
        position_seconds: How far into the session's audio the client was, in that turn. Beyond its audio: the
            client had ended it.
        binary: It was a binary frame.
        count: How many messages of the client's audio it stands for; it is the last of them.
    """

    sender: Sender
    at_seconds: float
    message: Message
    turn: int = 0
    position_seconds: float = 0.0
    binary: bool = False
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class RecordedConnection:
    """A connection of a client.

    Args:
        messages: Its messages, in order.
        status: The HTTP status with which the client was refused; None: it was accepted.
        close_code: The code with which the service closed (1006: without one); None: it did not.
        close_reason: The reason of the close.
        close_seconds: When the service closed.
    """

    messages: Sequence[RecordedMessage] = ()
    status: int | None = None
    close_code: int | None = None
    close_reason: str = ""
    close_seconds: float = 0.0

    def said(self, path: str | None = None) -> list[RecordedMessage]:
        """The messages of the service; of one kind (Azure's `Path`) or all."""
        sent = (recorded for recorded in self.messages if recorded.sender == "service")
        return [recorded for recorded in sent if path in (None, recorded.message.path)]

    @property
    def turns(self) -> int:
        """How many turns the client began."""
        return max((recorded.turn for recorded in self.messages), default=0)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """All connections of a recording, in the order in which they were tried.

    Args:
        connections: The connections.
        about: How it was recorded; for readers.
    """

    connections: Sequence[RecordedConnection]
    about: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The recording as JSON, a message on each line."""
        head = json.dumps({"format": FORMAT, "about": dict(self.about)}, ensure_ascii=False, indent=1)
        connections = ",\n".join(map(_connection_json, self.connections))
        return f'{head[:-2]},\n "connections": [\n{connections}\n ]\n}}\n'


def load_exchange(path: Path) -> Exchange:
    """Read a recording.

    Raises:
        ValueError: It is not a recording; the message says where.
        OSError: The file cannot be read.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error})") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{path}: not a recorded exchange ({FORMAT})")
    try:
        connections = tuple(map(_connection, document["connections"]))
        about = {str(name): str(value) for name, value in document.get("about", {}).items()}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {type(error).__name__} in a recorded exchange: {error}") from error
    if not connections:
        raise ValueError(f"{path}: a recorded exchange without a connection")
    return Exchange(connections=connections, about=about)


def _connection_json(connection: RecordedConnection) -> str:
    head: dict[str, Any] = {}
    if connection.status is not None:
        head["status"] = connection.status
    if connection.close_code is not None:
        head["close"] = {
            "at": connection.close_seconds,
            "code": connection.close_code,
            "reason": connection.close_reason,
        }
    messages = ",\n".join(f"   {_dump(_message_json(recorded))}" for recorded in connection.messages)
    fields = [f'   "{name}": {_dump(value)}' for name, value in head.items()]
    return "  {\n" + ",\n".join([*fields, f'   "messages": [\n{messages}\n   ]']) + "\n  }"


def _message_json(recorded: RecordedMessage) -> dict[str, Any]:
    message = recorded.message
    fields: dict[str, Any] = {
        "at": round(recorded.at_seconds, 4),
        "from": recorded.sender,
        "path": message.path,
        "turn": recorded.turn,
        "position": round(recorded.position_seconds, 4),
    }
    if recorded.count > 1:
        fields["count"] = recorded.count
    if message.headers:
        fields["headers"] = dict(message.headers)
    if recorded.binary:
        fields["base64"] = base64.b64encode(message.body).decode()
    elif message.body:
        fields["text"] = message.body.decode()
    return fields


def _connection(fields: Mapping[str, Any]) -> RecordedConnection:
    close = fields.get("close")
    return RecordedConnection(
        messages=tuple(map(_message, fields["messages"])),
        status=None if fields.get("status") is None else int(fields["status"]),
        close_code=None if close is None else int(close["code"]),
        close_reason="" if close is None else str(close["reason"]),
        close_seconds=0.0 if close is None else float(close["at"]),
    )


def _message(fields: Mapping[str, Any]) -> RecordedMessage:
    sender = fields["from"]
    if sender not in get_args(Sender):
        raise ValueError(f"a message is from client or service, not from {sender!r}")
    binary = "base64" in fields
    try:
        body = (
            base64.b64decode(fields["base64"], validate=True) if binary else fields.get("text", "").encode()
        )
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from error
    headers = {str(name): str(value) for name, value in fields.get("headers", {}).items()}
    return RecordedMessage(
        sender=sender,
        at_seconds=float(fields["at"]),
        message=Message(str(fields["path"]), headers, body),
        turn=int(fields["turn"]),
        position_seconds=float(fields["position"]),
        binary=binary,
        count=int(fields.get("count", 1)),
    )


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
