"""What a receiver of webhooks gets: an event's id, its body, and the headers that sign it. Pure.

The headers are those of Standard Webhooks (https://www.standardwebhooks.com), so receivers have libraries.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal, get_args

from .entries import Corrected, Ended, Entry, Started, Utterance, to_json
from .export import export
from .minutes import minutes

WebhookEvent = Literal["meeting.started", "meeting.utterance", "meeting.ended"]
EVENTS: tuple[WebhookEvent, ...] = get_args(WebhookEvent)
_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64
_TYPES: dict[type[Entry], WebhookEvent] = {
    Started: "meeting.started",
    Utterance: "meeting.utterance",
    Ended: "meeting.ended",
}


@dataclass(frozen=True)
class Message:
    """An event as it is sent.

    Attributes:
        id: The same at each try, also of another process.
        body: JSON, in ASCII.
    """

    id: str
    body: bytes


@dataclass(frozen=True, repr=False)
class Signer:
    """Signs messages with each of these keys."""

    keys: Sequence[bytes]

    @classmethod
    def of(cls, secrets: Sequence[str]) -> Signer:
        """Read the secrets.

        Raises:
            ValueError: There is none, or one is not in the form of Standard Webhooks.
        """
        if not secrets:
            raise ValueError("secret is empty: give the secret that the receiver has")
        return cls([_key(secret) for secret in secrets])

    def headers(self, message: Message, now: float) -> Mapping[str, str]:
        """The headers of a try at this time, in Unix seconds."""
        timestamp = str(int(now))
        signed = b".".join((message.id.encode(), timestamp.encode(), message.body))
        digests = (hmac.digest(key, signed, hashlib.sha256) for key in self.keys)
        return {
            "webhook-id": message.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests),
        }


def event_of(entry: Entry) -> WebhookEvent | None:
    """The event that an entry is; None: receivers are not told of it."""
    return _TYPES.get(type(entry))


def started(entry: Started) -> Message:
    """An interpreter has come."""
    # The first entry of a meeting is of its first interpreter.
    return _message(entry, {**_fields(entry), "resumed": entry.number > 1})


def said(entry: Utterance, later: Sequence[Entry]) -> Message:
    """Something was said; its corrections are among the entries after it."""
    corrections = [one for one in later if isinstance(one, Corrected) and one.utterance == entry.id]
    (known,) = minutes([entry, *corrections]).said
    return _message(entry, {**_fields(entry), "translations": dict(known.translations)})


def ended(entry: Ended, entries: Sequence[Entry], most_record_bytes: int) -> Message:
    """The interpreter has left; these are all entries of the meeting."""
    document = export(entries, "json")
    record = json.loads(document) if len(document) <= most_record_bytes else None
    return _message(entry, {**_fields(entry), "record": record, "record_bytes": len(document)})


def _message(entry: Entry, data: Mapping[str, Any]) -> Message:
    at = datetime.fromtimestamp(entry.at, timezone.utc).isoformat(timespec="milliseconds")
    body = {"type": event_of(entry), "timestamp": at, "data": data}
    # Neither a full stop nor a letter beyond ASCII may be in it, and both may be in the id of an entry.
    digest = hashlib.sha256(f"{entry.meeting}\n{entry.id}".encode("utf-8", "surrogatepass")).hexdigest()
    return Message(f"msg_{digest[:32]}", json.dumps(body, separators=(",", ":")).encode())


def _fields(entry: Entry) -> dict[str, Any]:
    fields = json.loads(to_json(entry))
    del fields["version"], fields["kind"]
    return {**fields, "number": entry.number}


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(
            f"secret must be {_PREFIX!r} and then {_LEAST_BYTES} to {_MOST_BYTES} random bytes in base64; "
            "`openssl rand -base64 32` makes such bytes"
        )
    return key
