from __future__ import annotations

import jwt
import pytest

from livekit_plugins_azure_interpreter.web import Refusal
from livekit_plugins_azure_interpreter.web.invites import INVITE_SECONDS, Invites
from livekit_plugins_azure_interpreter.web.tokens import Guest, Tokens

_SECRET = "a secret that is long enough for HS256"
_INVITES = Invites(_SECRET)
_NOW = 1_800_000_000.0


def test_an_invite_is_for_its_room_until_it_expires() -> None:
    invite, expires_at = _INVITES.make("Réunion", now=_NOW)
    assert expires_at == _NOW + INVITE_SECONDS
    assert _INVITES.read(invite, now=_NOW) == "Réunion"
    assert _INVITES.read(invite, now=expires_at - 1) == "Réunion"


def test_an_expired_invite_is_refused() -> None:
    invite, expires_at = _INVITES.make("meeting", now=_NOW)
    with pytest.raises(Refusal, match="This invite has expired") as refused:
        _INVITES.read(invite, now=expires_at)
    assert refused.value.code == "invite_expired"


@pytest.mark.parametrize(
    "other",
    [
        "",
        "a password",
        "ünïcode",
        Invites("another secret").make("meeting", now=_NOW)[0],
        Tokens("key", _SECRET).make(Guest("guest-1", "meeting"), name="", attributes={}),
        jwt.encode({"aud": "azure-interpreter-invite", "room": "meeting", "exp": 9e9}, _SECRET),
        jwt.encode({"aud": "azure-interpreter-invite", "room": "meeting", "exp": 9e9}, "", algorithm="none"),
    ],
    ids=lambda text: text[:6],
)
def test_something_else_is_no_invite(other: str) -> None:
    assert _INVITES.read(other, now=_NOW) is None


def test_an_invite_lets_nobody_into_livekit() -> None:
    invite, _ = _INVITES.make("meeting", now=_NOW)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(invite, _SECRET, ["HS256"], audience="azure-interpreter-invite")


def test_the_secret_is_not_shown() -> None:
    assert _SECRET not in repr(_INVITES)
