"""The body of a request for a token, as LiveKit's TokenSource sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .refusals import Refusal
from .texts import checked_text

ATTRIBUTES = frozenset({"language", "read_language", "spoken_language", "voice"})
"""What participants may set. The others say what an interpreter does, or are LiveKit's."""
_MOST_OF_A_NAME = 80
_MOST_OF_AN_ATTRIBUTE = 80
_MOST_OF_AN_IDENTITY = 128


@dataclass(frozen=True)
class JoinRequest:
    """What a client asks for.

    Attributes:
        room_name: The room; "" for the one that the endpoint chooses.
        identity: The identity that it wants to have; "" for any.
        name: How the others see the person.
        attributes: The languages and the voice that the person chose.
    """

    room_name: str = ""
    identity: str = ""
    name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, body: object) -> JoinRequest:
        """Check what a client sent. Fields that LiveKit may add later are left out.

        Raises:
            Refusal: It is not what TokenSource sends, or asks for what only the server decides.
        """
        if not isinstance(body, dict):
            raise Refusal("The request must be a JSON object", code="malformed", status=400)
        for field_name in ("participant_metadata", "room_config"):
            if body.get(field_name):
                raise Refusal(
                    f"{field_name} is decided by the server: leave it out", code=f"{field_name}_refused"
                )
        return cls(
            room_name=checked_text(
                body.get("room_name"), what="A room's name", most=128, code="room_refused"
            ),
            identity=checked_text(
                body.get("participant_identity"),
                what="An identity",
                most=_MOST_OF_AN_IDENTITY,
                code="identity_refused",
            ),
            name=checked_text(
                body.get("participant_name"), what="A name", most=_MOST_OF_A_NAME, code="name_refused"
            ),
            attributes=_attributes(body.get("participant_attributes")),
        )


def _attributes(given: Any) -> Mapping[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Refusal("participant_attributes must be a JSON object", code="malformed", status=400)
    if others := sorted(set(given) - ATTRIBUTES):
        raise Refusal(
            f"Participants may not set the attribute {others[0][:_MOST_OF_AN_ATTRIBUTE]!r}",
            code="attribute_refused",
        )
    checked = {
        name: checked_text(value, what=f"{name}", most=_MOST_OF_AN_ATTRIBUTE, code="attribute_refused")
        for name, value in given.items()
    }
    return {name: value for name, value in checked.items() if value}
