"""The framing of Azure Speech's WebSocket messages: header lines, a blank line, a body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_HEADER_LENGTH_BYTES = 2


class WireError(ValueError):
    """A frame that is not one of Azure Speech's messages."""


@dataclass(frozen=True)
class Message:
    """One message, from either side.

    Args:
        path: What kind of message it is (Azure's `Path` header), e.g. `speech.context`.
        headers: All other headers, as they were written.
        body: The bytes after the headers: UTF-8 text in a text frame, anything in a binary one.
    """

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def request_id(self) -> str:
        """The turn that the message belongs to."""
        return self.headers.get("X-RequestId", "")

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            WireError: The body is something else.
        """
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise WireError(f"the body of {self.path} is not JSON") from error
        if not isinstance(value, dict):
            raise WireError(f"the body of {self.path} is not a JSON object")
        return value

    def to_text(self) -> str:
        """The message as a text frame."""
        return f"{self._head()}\r\n{self.body.decode()}"

    def to_binary(self) -> bytes:
        """The message as a binary frame."""
        head = self._head().encode()
        return len(head).to_bytes(_HEADER_LENGTH_BYTES, "big") + head + self.body

    def _head(self) -> str:
        lines = {"Path": self.path, **self.headers}
        return "".join(f"{name}:{value}\r\n" for name, value in lines.items())


def json_body(body: Mapping[str, Any]) -> bytes:
    """A JSON object as the body of a message. Half an emoji, which no UTF-8 can hold, is escaped."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")


def parse_text(frame: str) -> Message:
    """Read a text frame.

    Raises:
        WireError: There is no blank line, no Path, or a header line without a colon.
    """
    head, separator, body = frame.partition("\r\n\r\n")
    if not separator:
        raise WireError("a text frame needs a blank line between headers and body")
    return _message(head, body.encode())


def parse_binary(frame: bytes) -> Message:
    """Read a binary frame.

    Raises:
        WireError: It is shorter than the header length that it announces, or has no Path.
    """
    length = int.from_bytes(frame[:_HEADER_LENGTH_BYTES], "big")
    start = _HEADER_LENGTH_BYTES
    if len(frame) < start + length:
        raise WireError("a binary frame is shorter than its headers")
    try:
        head = frame[start : start + length].decode()
    except UnicodeDecodeError as error:
        raise WireError("the headers of a binary frame are not UTF-8") from error
    return _message(head, frame[start + length :])


def _message(head: str, body: bytes) -> Message:
    headers: dict[str, str] = {}
    for line in head.split("\r\n"):
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise WireError("a header line needs a colon")
        headers[name] = value.strip()
    path = headers.pop("Path", "")
    if not path:
        raise WireError("a message needs a Path header")
    return Message(path, headers, body)
