"""Who may join: a function of the deployer's. Three are here."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from .refusals import Refusal

Needs = Literal["nothing", "password", "invite", "sign-in"]
"""What a page asks a person for."""


@dataclass(frozen=True, repr=False)
class Visitor:
    """Somebody who wants to join.

    Attributes:
        credential: What the header `Authorization` has after "Bearer"; "" without one.
        headers: All headers of the request, also those that a proxy in front of the endpoint has set.
        room_name: The room that they ask for; "" for any.
    """

    credential: str
    headers: Mapping[str, str]
    room_name: str = ""


@dataclass(frozen=True)
class Admitted:
    """How somebody may join.

    Args:
        room_name: The room; "" for the room of the meeting.
        name: The name that they have; "" for the one that they choose.
    """

    room_name: str = ""
    name: str = ""


class Admission(Protocol):
    """Decides who may join. Invites are read before it is asked."""

    @property
    def needs(self) -> Needs:
        """What a page asks a person for, before it asks for a token."""
        ...

    @property
    def sign_in_url(self) -> str | None:
        """Where a page sends a person, if `needs` is "sign-in"."""
        ...

    async def admit(self, visitor: Visitor) -> Admitted:
        """Let a person in.

        Raises:
            Refusal: They may not join.
        """
        ...


class OpenAdmission:
    """Everybody may join who reaches the endpoint: for loopback, or behind a proxy that knows people."""

    needs: Needs = "nothing"
    sign_in_url: str | None = None

    async def admit(self, visitor: Visitor) -> Admitted:
        """Let them in."""
        return Admitted()


class InviteAdmission:
    """Nobody may join without an invite."""

    needs: Needs = "invite"
    sign_in_url: str | None = None

    async def admit(self, visitor: Visitor) -> Admitted:
        """Refuse: somebody with an invite does not come here."""
        raise Refusal(
            "This meeting is for people with an invite: ask for a link", code="invite_needed", status=401
        )


class PasswordAdmission:
    """One password lets everybody in.

    Args:
        password: The password, of letters, digits and signs of ASCII: browsers send it in a header.

    Raises:
        ValueError: It is empty, or no browser can send it.
    """

    needs: Needs = "password"
    sign_in_url: str | None = None

    def __init__(self, password: str) -> None:
        can_be_sent = password.isascii() and password.isprintable() and password == password.strip()
        if not password or not can_be_sent:
            raise ValueError(
                "the password of a meeting must have letters, digits and signs of ASCII, and none of them "
                "is a blank at its ends"
            )
        self._password = password.encode()

    async def admit(self, visitor: Visitor) -> Admitted:
        """Let them in if the credential is the password."""
        if not visitor.credential:
            raise Refusal("This meeting has a password", code="password_needed", status=401)
        if not hmac.compare_digest(visitor.credential.encode("utf-8", "surrogatepass"), self._password):
            raise Refusal("This is not the password", code="password_wrong", status=401)
        return Admitted()
