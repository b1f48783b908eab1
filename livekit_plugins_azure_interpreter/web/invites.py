"""Signed invites: links that let people join one room until they expire."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import jwt
from jwt.types import Options

from .refusals import Refusal

INVITE_SECONDS = 24 * 3600.0
_ALGORITHM = "HS256"
_PURPOSE = "azure-interpreter-invite"


@dataclass(frozen=True, repr=False)
class Invites:
    """Makes invites and reads them again.

    They are signed with a key of their own, so that LiveKit takes none for a token.

    Args:
        secret: What the key is made of; LiveKit's API secret, so that invites outlive a restart.
    """

    secret: str

    def make(self, room_name: str, *, now: float) -> tuple[str, float]:
        """An invite to a room, and when it expires.

        Args:
            room_name: The room.
            now: The time, in seconds since 1970.
        """
        expires_at = now + INVITE_SECONDS
        claims = {"aud": _PURPOSE, "room": room_name, "exp": int(expires_at)}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM), expires_at

    def read(self, invite: str, *, now: float) -> str | None:
        """The room that it invites to; None if this is something else, such as a password.

        Raises:
            Refusal: It has expired.
        """
        options: Options = {"require": ["exp", "room"], "verify_exp": False}  # by the clock of the caller
        try:
            claims = jwt.decode(invite, self._key, [_ALGORITHM], options, audience=_PURPOSE)
        except (jwt.PyJWTError, ValueError):
            return None
        if claims["exp"] <= now:
            raise Refusal("This invite has expired: ask for a new one", code="invite_expired", status=401)
        return str(claims["room"])

    @property
    def _key(self) -> bytes:
        return hmac.digest(self.secret.encode(), _PURPOSE.encode(), hashlib.sha256)
