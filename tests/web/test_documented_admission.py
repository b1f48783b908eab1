"""The admission of docs/web-meeting.md, as it stands there, with an issuer on loopback."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import rsa

from livekit_plugins_azure_interpreter.web import Admission

pytestmark = pytest.mark.native
_PAGE = Path(__file__).parents[2] / "docs" / "web-meeting.md"
_ISSUER, _AUDIENCE = "https://login.example.com", "the meeting"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return new_key()


@pytest.fixture
async def admission(key: rsa.RSAPrivateKey) -> AsyncIterator[Admission]:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))

    async def keys(_: web.Request) -> web.Response:
        return web.json_response({"keys": [{**public, "kid": "1", "use": "sig"}]})

    app = web.Application()
    app.router.add_get("/keys", keys)
    issuer = TestServer(app)
    await issuer.start_server()
    blocks = re.findall(r"```python\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(next(block for block in blocks if "class OidcAdmission" in block), names)
    yield names["OidcAdmission"](_ISSUER, _AUDIENCE, str(issuer.make_url("/keys")))
    await issuer.close()


Sign = Callable[..., str]


@pytest.fixture
def sign(key: rsa.RSAPrivateKey) -> Sign:
    def signed(by: rsa.RSAPrivateKey = key, kid: str = "1", **claims: Any) -> str:
        usual = {"iss": _ISSUER, "aud": _AUDIENCE, "exp": time.time() + 60, "name": "Zoe"}
        return jwt.encode({**usual, **claims}, by, algorithm="RS256", headers={"kid": kid})

    return signed


async def test_somebody_who_has_signed_in_joins_under_their_own_name(
    serve: Any, admission: Admission, sign: Sign
) -> None:
    site = await serve(admission)
    assert (await site.get("/api/meeting")).body["sign_in_url"] == "/oauth2/start?rd=/"
    answer = await site.join(bearer=sign(), participant_name="the chair")
    assert (answer.status, answer.body["participant_name"]) == (201, "Zoe")


async def test_another_token_lets_nobody_in(serve: Any, admission: Admission, sign: Sign) -> None:
    site = await serve(admission)
    for token in (
        "",
        "nonsense",
        sign(exp=time.time() - 60),
        sign(aud="another application"),
        sign(iss="https://evil.example"),
        sign(by=new_key()),
        sign(kid="2"),
        jwt.encode({"name": "Zoe"}, "", algorithm="none"),
    ):
        answer = await site.join(bearer=token)
        assert (answer.status, answer.code) == (401, "sign_in_needed")
