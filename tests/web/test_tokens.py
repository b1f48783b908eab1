from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from livekit import api

from livekit_plugins_azure_interpreter.web import Refusal
from livekit_plugins_azure_interpreter.web.invites import Invites
from livekit_plugins_azure_interpreter.web.tokens import (
    AGENT_NAME,
    KNOWN_SECONDS,
    TOKEN_SECONDS,
    Guest,
    Tokens,
    new_identity,
)

_KEY, _SECRET = "key", "a secret that is long enough for HS256"
_TOKENS = Tokens(_KEY, _SECRET)
_GUEST = Guest("guest-1", "meeting")


def _made() -> str:
    return _TOKENS.make(_GUEST, name="Zoe", attributes={"language": "fr"})


def _with(identity: str = "guest-1", secret: str = _SECRET, key: str = _KEY, **grants: Any) -> str:
    token = api.AccessToken(key, secret).with_identity(identity)
    return token.with_grants(api.VideoGrants(**{"room_join": True, "room": "meeting", **grants})).to_jwt()


def test_a_token_grants_one_room_and_no_more() -> None:
    claims = jwt.decode(_made(), options={"verify_signature": False})
    assert claims["video"] == {
        "roomJoin": True,
        "room": "meeting",
        "canPublish": True,
        "canPublishSources": ["microphone", "camera"],
        "canSubscribe": True,
        "canPublishData": False,
        "canUpdateOwnMetadata": True,
    }
    assert claims["exp"] - claims["nbf"] == TOKEN_SECONDS
    assert (claims["sub"], claims["name"]) == ("guest-1", "Zoe")
    assert claims["attributes"] == {"language": "fr"}
    assert claims["roomConfig"] == {"agents": [{"agentName": AGENT_NAME}]}


def test_a_token_says_whose_it_is() -> None:
    assert _TOKENS.read(_made(), now=time.time()) == _GUEST


def test_an_expired_token_says_so_for_twelve_hours() -> None:
    expires_at = jwt.decode(_made(), options={"verify_signature": False})["exp"]
    assert _TOKENS.read(_made(), now=expires_at + KNOWN_SECONDS - 60) == _GUEST
    with pytest.raises(Refusal, match="too old"):
        _TOKENS.read(_made(), now=expires_at + KNOWN_SECONDS + 60)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "not.a.token",
        "ünïcode",
        _with(identity="admin"),
        _with(secret="another secret that is long enough"),
        _with(key="another"),
        _with(room_join=False, room_list=True),
        api.AccessToken(_KEY, _SECRET).with_identity("guest-1").with_ttl(timedelta(hours=1)).to_jwt(),
        jwt.encode({"sub": "guest-1", "iss": _KEY, "video": {"roomJoin": True, "room": "a"}}, _SECRET),
        jwt.encode({"sub": "guest-1", "iss": _KEY, "exp": 9e9}, "", algorithm="none"),
        Invites(_SECRET).make("meeting", now=time.time())[0],
    ],
    ids=lambda token: token[:6],
)
def test_anything_but_a_token_of_a_guest_is_refused(token: str) -> None:
    with pytest.raises(Refusal) as refused:
        _TOKENS.read(token, now=time.time())
    assert (refused.value.code, refused.value.status) == ("token_refused", 401)


def test_an_identity_is_new_each_time() -> None:
    assert len({new_identity() for _ in range(1000)}) == 1000


def test_the_secret_is_not_shown() -> None:
    assert _SECRET not in repr(_TOKENS)
