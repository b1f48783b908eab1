from __future__ import annotations

import sys
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from fakes.limits import within

from livekit_plugins_azure_interpreter.web import LiveKit, Meeting, OpenAdmission, Reach, create_app

from .serving import Site

pytestmark = pytest.mark.native
_ORIGIN = "https://pages.example"


async def test_the_page_is_served_with_its_policy(site: Any) -> None:
    page = await site.get("/")
    assert page.status == 200
    assert page.text.startswith("<!doctype html>")
    assert page.headers["Content-Type"] == "text/html"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/", "/page/index.html", "/page/missing.js", "/api/meeting", "/api/token", "/x"]
)
async def test_every_answer_has_the_headers_also_a_refusal(site: Any, path: str) -> None:
    answer = await site.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_file_is_asked_for_again_and_a_token_is_kept_nowhere(site: Any) -> None:
    assert (await site.get("/page/index.html")).headers["Cache-Control"] == "no-cache"
    assert (await site.join()).headers["Cache-Control"] == "no-store"


async def test_a_page_that_is_named_may_ask_with_its_headers(serve: Any) -> None:
    site = await serve(reach=Reach(origins=[_ORIGIN]))
    asked = {"Origin": _ORIGIN, "Access-Control-Request-Method": "POST"}
    permitted = await site.request("OPTIONS", "/api/token", headers=asked)
    assert permitted.status == 204
    assert permitted.headers["Access-Control-Allow-Origin"] == _ORIGIN
    assert "X-Participant-Token" in permitted.headers["Access-Control-Allow-Headers"]
    answer = await site.join(headers={"Origin": _ORIGIN})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (201, _ORIGIN)
    assert answer.headers["Vary"] == "Origin"


async def test_a_refusal_is_readable_by_a_page_that_is_named(serve: Any) -> None:
    site = await serve(reach=Reach(origins=[_ORIGIN]))
    answer = await site.join(headers={"Origin": _ORIGIN}, participant_metadata="x")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (403, _ORIGIN)


async def test_the_application_may_be_mounted_in_another(livekit: Any) -> None:
    whole = web.Application()
    access = LiveKit(livekit.url, "key", "a secret that is long enough for HS256")
    whole.add_subapp("/meet", create_app(access, OpenAdmission()))
    client = TestClient(TestServer(whole))
    await client.start_server()
    try:
        site = Site(client)
        assert (await site.get("/meet/")).status == 200
        joined = await site.post("/meet/api/token", json={})
        livekit.join("meeting", joined.claims["sub"])
        bearer = {"Authorization": f"Bearer {joined.body['participant_token']}"}
        invited = await site.post("/meet/api/invite", headers=bearer)
        assert "/meet/#invite=" in invited.body["url"]
    finally:
        await within(client.close())


async def test_a_refusal_says_when_to_try_again(site: Any, livekit: Any) -> None:
    joined = await site.join()
    livekit.refuses = True
    answer = await site.as_guest("interpreter", joined.body["participant_token"])
    assert answer.headers["Retry-After"] == "5"
    assert "Retry-After" not in (await site.join(participant_metadata="x")).headers


def test_a_meeting_without_invites_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    access = LiveKit("ws://127.0.0.1:7880", "key", "secret")
    create_app(access, OpenAdmission(), meeting=Meeting(invites=False))
    with pytest.raises(ImportError, match="needs the extra"):
        create_app(access, OpenAdmission())


def test_an_address_of_no_livekit_server_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="LIVEKIT_URL"):
        create_app(LiveKit("livekit.example.com", "key", "secret"), OpenAdmission())
