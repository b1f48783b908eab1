"""Tokens with which people join a room, and with which they show later who they are."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import jwt
from livekit import api

from .refusals import Refusal

AGENT_NAME = "azure-interpreter"
"""The interpreter's name for LiveKit's dispatch; `worker.py` registers under it."""
TOKEN_SECONDS = 600.0
"""Long enough to join. LiveKit renews the token of a connection by itself."""
KNOWN_SECONDS = 12 * 3600.0
"""For so long after it expired, a token shows whose it was. It lets nobody join any more."""
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

    def make(
        self, room_name: str, *, identity: str = "", name: str = "", attributes: Mapping[str, str] | None = None
    ) -> str:
        """A token that lets somebody join one room, with a microphone and a camera.

        The first one to join a new room brings the interpreter.

        Args:
            room_name: The room.
            identity: Who comes back; "" for somebody new.
            name: How the others see them.
            attributes: Their languages and their voice.
        """
        grants = api.VideoGrants(
            room_join=True,
            room=room_name,
            can_publish_sources=_SOURCES,
            can_publish_data=False,
            can_update_own_metadata=True,
        )
        interpreter = api.RoomAgentDispatch(agent_name=AGENT_NAME)
        token = api.AccessToken(self.key, self.secret).with_identity(identity or _new_identity())
        token = token.with_name(name).with_grants(grants).with_attributes(dict(attributes or {}))
        token = token.with_room_config(api.RoomConfiguration(agents=[interpreter]))
        return token.with_ttl(timedelta(seconds=TOKEN_SECONDS)).to_jwt()

    def read(self, token: str) -> Guest:
        """Whose a token is. An expired one says so for another 12 hours.

        Raises:
            Refusal: It is none of these tokens.
        """
        verifier = api.TokenVerifier(self.key, self.secret, leeway=timedelta(seconds=KNOWN_SECONDS))
        try:
            claims = verifier.verify(token)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _unknown_token() from error
        grants = claims.video
        if grants is None or not grants.room_join or not claims.identity.startswith(_GUEST):
            raise _unknown_token()
        return Guest(claims.identity, grants.room)


def _new_identity() -> str:
    return _GUEST + secrets.token_urlsafe(9)


def _unknown_token() -> Refusal:
    return Refusal("This is no token of this meeting, or it is too old: join again", code="token_refused", status=401)
