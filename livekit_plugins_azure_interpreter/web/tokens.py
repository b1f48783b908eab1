"""Tokens with which people join a room, and with which they show later who they are."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import jwt
from jwt.types import Options
from livekit import api

from .refusals import Refusal

AGENT_NAME = "azure-interpreter"
"""The interpreter's name for LiveKit's dispatch; `worker.py` registers under it."""
TOKEN_SECONDS = 600.0
"""Long enough to join. LiveKit renews the token of a connection by itself."""
KNOWN_SECONDS = 12 * 3600.0
"""For so long after it expired, a token shows whose it was. It lets nobody join any more."""
_ALGORITHM = "HS256"
_GUEST = "guest-"
_SOURCES = ["microphone", "camera"]


@dataclass(frozen=True)
class Guest:
    """Somebody to whom a token was given."""

    identity: str
    room_name: str


@dataclass(frozen=True, repr=False)
class Tokens:
    """Makes the tokens of one LiveKit server, and reads them again.

    Args:
        key: LiveKit's API key.
        secret: LiveKit's API secret.
    """

    key: str
    secret: str

    def make(self, guest: Guest, *, name: str, attributes: Mapping[str, str]) -> str:
        """A token that lets somebody join one room, with a microphone and a camera.

        The first one to join a new room brings the interpreter.

        Args:
            guest: Who, and which room.
            name: How the others see them.
            attributes: Their languages and their voice.
        """
        grants = api.VideoGrants(
            room_join=True,
            room=guest.room_name,
            can_publish_sources=_SOURCES,
            can_publish_data=False,
            can_update_own_metadata=True,
        )
        interpreter = api.RoomAgentDispatch(agent_name=AGENT_NAME)
        token = api.AccessToken(self.key, self.secret).with_identity(guest.identity).with_name(name)
        token = token.with_grants(grants).with_attributes(dict(attributes))
        token = token.with_room_config(api.RoomConfiguration(agents=[interpreter]))
        return token.with_ttl(timedelta(seconds=TOKEN_SECONDS)).to_jwt()

    def read(self, token: str, *, now: float) -> Guest:
        """Whose a token is. An expired one says so for another 12 hours.

        Args:
            token: One of these, or what LiveKit renewed it to.
            now: The time, in seconds since 1970.

        Raises:
            Refusal: It is none of these tokens, or too old.
        """
        options: Options = {"require": ["exp", "sub", "iss"], "verify_exp": False, "verify_nbf": False}
        try:
            claims = jwt.decode(token, self.secret, [_ALGORITHM], options, issuer=self.key)
        except (jwt.PyJWTError, ValueError) as error:
            raise _no_token() from error
        grants = claims.get("video") or {}
        guest = Guest(str(claims["sub"]), str(grants.get("room", "")))
        is_known = now < claims["exp"] + KNOWN_SECONDS
        if not (
            is_known and grants.get("roomJoin") and guest.room_name and guest.identity.startswith(_GUEST)
        ):
            raise _no_token()
        return guest


def new_identity() -> str:
    """An identity that nobody has, and nobody guesses."""
    return _GUEST + secrets.token_urlsafe(9)


def _no_token() -> Refusal:
    return Refusal(
        "This is no token of this meeting, or it is too old: join again", code="token_refused", status=401
    )
