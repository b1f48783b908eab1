"""What of a message is kept: no key, no token, no id, no address, and nothing about this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..transport.wire import Message
from .exchange import Exchange

REMOVED = "removed"
KEPT = (
    "The service's messages whole, so the words and the voices of what is said in the recording. "
    "Of the client: what it asked for (speech.context, event), and when it sent how much audio. "
    "Not kept: key, tokens, ids, addresses, all other headers and messages, the client's audio."
)

_HEADERS = {"Content-Type", "X-StreamId", "X-Continuation-Audio-Streams-1-Offset"}
_CLIENT_BODIES = {"speech.context", "event"}
_SECRET_FIELDS = {
    "servicetag",
    "previousservicetag",
    "token",
    "id",
    "sessionid",
    "requestid",
    "connectionid",
    "deviceid",
}
_SECRET_TEXT = re.compile(
    r"\b[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\b"  # an id
    r"|\b(?:wss?|https?)://\S+"
    r"|[A-Za-z0-9+/_=.-]{40,}"  # a token
)

_SHORTEST_SECRET = 8
"""A shorter one, such as the "any" of an emulator, may be part of a word."""


class SecretFound(Exception):
    """A secret was about to be written."""


def of_service(message: Message, *, binary: bool) -> Message:
    """What is kept of a message of the service."""
    body = message.body if binary else _text(message.body.decode()).encode()
    return Message(message.path, _headers(message.headers), body)


def of_client(message: Message) -> Message:
    """What is kept of a message of the client."""
    body = _text(message.body.decode()).encode() if message.path in _CLIENT_BODIES else b""
    return Message(message.path, {}, body)


def words(text: str) -> str:
    """A text without what is secret in it."""
    return _SECRET_TEXT.sub(REMOVED, text)


def checked(exchange: Exchange, secrets: set[str]) -> str:
    """An exchange as it is written.

    Raises:
        SecretFound: One of these texts is still in it; nothing should be written.
    """
    written = exchange.to_json()
    lowered = written.lower()
    if any(secret.lower() in lowered for secret in secrets if len(secret) >= _SHORTEST_SECRET):
        raise SecretFound("the key, an address or an id is in what the service said, and was not known there")
    return written


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    others = {name: REMOVED for name in headers if name not in _HEADERS and name != "X-RequestId"}
    return {**{name: value for name, value in headers.items() if name in _HEADERS}, **others}


def _text(body: str) -> str:
    try:
        value = json.loads(body)
    except ValueError:
        return words(body)
    return json.dumps(_value(value), ensure_ascii=False)


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: REMOVED if name.lower() in _SECRET_FIELDS and isinstance(found, str) else _value(found)
            for name, found in value.items()
        }
    if isinstance(value, list):
        return [_value(one) for one in value]
    return words(value) if isinstance(value, str) else value
