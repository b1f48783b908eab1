"""What somebody tries who means badly, on a socket: each is refused, or shown as text."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from datetime import timedelta
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession, TCPConnector
from fakes.limits import within
from fakes.livekit_api import KEY, SECRET
from livekit import api

from livekit_plugins_azure_interpreter.web import (
    InviteAdmission,
    Meeting,
    PasswordAdmission,
    Reach,
    rate_limit,
)
from livekit_plugins_azure_interpreter.web.invites import INVITE_SECONDS, Invites

pytestmark = pytest.mark.native


def token_of(
    identity: str, room: str = "meeting", secret: str = SECRET, ttl: timedelta = timedelta(hours=1)
) -> str:
    grants = api.VideoGrants(room_join=True, room=room)
    token = api.AccessToken(KEY, secret).with_identity(identity).with_grants(grants)
    return token.with_ttl(ttl).to_jwt()


class TestIdentity:
    async def test_the_identity_of_another_is_refused(self, site: Any) -> None:
        alice = await site.join(participant_name="Alice")
        answer = await site.join(participant_identity=alice.claims["sub"])
        assert (answer.status, answer.code) == (403, "identity_refused")

    async def test_the_identity_of_another_is_refused_with_a_token_of_ones_own(self, site: Any) -> None:
        alice, mallory = await site.join(), await site.join()
        answer = await site.join(
            earlier=mallory.body["participant_token"], participant_identity=alice.claims["sub"]
        )
        assert answer.code == "identity_refused"

    @pytest.mark.parametrize(
        "earlier",
        [
            token_of("guest-alice", secret="a secret that the attacker has chosen"),
            token_of("guest-alice", room="another"),
            token_of("guest-alice", ttl=timedelta(hours=-13)),
            token_of("agent-1"),
            jwt.encode({"sub": "guest-alice", "iss": KEY, "exp": 9e9}, "", algorithm="none"),
            "nonsense",
        ],
        ids=["forged", "another room", "too old", "an agent's", "unsigned", "nonsense"],
    )
    async def test_a_token_that_does_not_count_makes_somebody_new(self, site: Any, earlier: str) -> None:
        answer = await site.join(earlier=earlier)
        assert answer.status == 201
        assert answer.claims["sub"] not in ("guest-alice", "agent-1")

    @pytest.mark.parametrize("name", ["invite", "interpreter"])
    async def test_a_token_that_does_not_count_gets_nothing(self, site: Any, livekit: Any, name: str) -> None:
        livekit.join("meeting", "guest-alice")
        livekit.join("meeting", "agent-1")
        for token in (
            "",
            "nonsense",
            token_of("guest-alice", secret="a secret that the attacker has chosen"),
            token_of("agent-1"),
        ):
            answer = await site.as_guest(name, token)
            assert (answer.status, answer.code) == (401, "token_refused")
        assert livekit.dispatches == {}


class TestClaims:
    @pytest.mark.parametrize(
        "attribute",
        [
            "interpreter",
            "interpretation.TR_1",
            "lk.publish_on_behalf",
            "lk.agent.name",
            "sip.phoneNumber",
            "Language",
        ],
    )
    async def test_a_forged_attribute_is_refused(self, site: Any, attribute: str) -> None:
        answer = await site.join(participant_attributes={attribute: "ready", "language": "fr"})
        assert (answer.status, answer.code) == (403, "attribute_refused")

    @pytest.mark.parametrize(
        "fields",
        [
            {"participant_metadata": '{"admin": true}'},
            {"room_config": {"agents": [{"agent_name": "recorder"}]}},
            {"room_config": {"metadata": "x", "max_participants": 1}},
        ],
    )
    async def test_metadata_agents_and_the_configuration_of_the_room_are_the_servers(
        self, site: Any, fields: dict[str, Any]
    ) -> None:
        assert (await site.join(**fields)).status == 403

    async def test_grants_that_a_client_writes_are_not_read(self, site: Any) -> None:
        wished = {"room_admin": True, "roomAdmin": True, "can_publish_data": True, "hidden": True}
        claims = (await site.join(**wished, video=wished, kind="agent")).claims
        assert "kind" not in claims
        assert not claims["video"]["canPublishData"]
        assert not {"roomAdmin", "hidden"} & set(claims["video"])

    async def test_html_in_a_name_stays_text(self, site: Any) -> None:
        name = "<img src=x onerror=alert(1)>"
        answer = await site.join(participant_name=name)
        assert answer.claims["name"] == answer.body["participant_name"] == name
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("name", ["x" * 81, "a\x00b", "a\r\nb", "\u202egnp.exe", "\ud800"])
    async def test_a_name_that_is_too_long_or_cannot_be_shown_is_refused(self, site: Any, name: str) -> None:
        answer = await site.join(participant_name=name)
        assert (answer.status, answer.code) == (400, "name_refused")


class TestRooms:
    async def test_another_room_is_refused(self, site: Any) -> None:
        answer = await site.join(room_name="board")
        assert (answer.status, answer.code) == (403, "room_refused")

    async def test_an_invite_for_another_room_is_refused(self, serve: Any, clock: Any) -> None:
        site = await serve(InviteAdmission(), Meeting(None))
        invite, _ = Invites(SECRET).make("canteen", now=clock.now)
        answer = await site.join(bearer=invite, room_name="board")
        assert (answer.status, answer.code) == (403, "room_refused")
        assert (await site.join(bearer=invite)).body["room_name"] == "canteen"

    async def test_an_old_invite_is_refused(self, serve: Any, clock: Any) -> None:
        site = await serve(InviteAdmission())
        invite, _ = Invites(SECRET).make("meeting", now=clock.now - INVITE_SECONDS)
        answer = await site.join(bearer=invite)
        assert (answer.status, answer.code) == (401, "invite_expired")

    async def test_a_forged_invite_is_refused(self, serve: Any, clock: Any) -> None:
        site = await serve(InviteAdmission())
        invite, _ = Invites("a secret that the attacker has chosen").make("meeting", now=clock.now)
        assert (await site.join(bearer=invite)).code == "invite_needed"

    async def test_a_token_is_no_invite_and_no_password(self, serve: Any) -> None:
        site = await serve(InviteAdmission())
        assert (await site.join(bearer=token_of("guest-alice"))).code == "invite_needed"
        site = await serve(PasswordAdmission("right"))
        assert (await site.join(earlier=token_of("guest-alice"))).code == "password_needed"


class TestOtherPages:
    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
    async def test_another_origin_gets_no_token_and_may_read_nothing(self, site: Any, origin: str) -> None:
        answer = await site.join(headers={"Origin": origin})
        assert (answer.status, answer.code) == (403, "origin_refused")
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await site.request("OPTIONS", "/api/token", headers=asked)
        for one in (answer, preflight):
            assert not [name for name in one.headers if name.lower().startswith("access-control")]

    async def test_a_name_that_somebody_pointed_to_this_machine_is_refused(self, site: Any) -> None:
        for path in ("/", "/api/meeting", "/page/index.html"):
            answer = await site.get(path, headers={"Host": "evil.example"})
            assert (answer.status, answer.code) == (421, "host_refused")

    async def test_the_page_itself_is_let_in(self, site: Any) -> None:
        own = f"http://127.0.0.1:{site.port}"
        assert (await site.join(headers={"Origin": own})).status == 201


class TestBodies:
    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
    )
    async def test_a_form_of_a_foreign_page_is_refused(self, site: Any, kind: str) -> None:
        answer = await site.post("/api/token", data=b"{}", headers={"Content-Type": kind})
        assert (answer.status, answer.code) == (415, "malformed")

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"\xff\xfe", b"[" * 10_000, b"NaN", b"123", b'"text"', b"null", b"[]"]
    )
    async def test_a_body_that_is_no_object_is_refused(self, site: Any, body: bytes) -> None:
        answer = await site.post("/api/token", data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.code) == (400, "malformed")

    async def test_a_huge_body_is_refused_before_it_is_read(self, site: Any) -> None:
        huge = b'{"participant_name": "' + b"x" * 50_000_000
        answer = await site.post("/api/token", data=huge, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.code) == (413, "malformed")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH"])
    async def test_another_method_gives_no_token(self, site: Any, method: str) -> None:
        assert (await site.request(method, "/api/token")).status == 405


class TestFiles:
    @pytest.mark.parametrize(
        "path",
        [
            "/page/../server.py",
            "/page/..%2fserver.py",
            "/page/%2e%2e/server.py",
            "/page/..%5cserver.py",
            "/page//etc/passwd",
            "/page/%2fetc%2fpasswd",
            "/page/index.html%00.js",
            "/page/",
            "/page/.",
            "/../server.py",
        ],
    )
    async def test_nothing_beside_the_page_is_served(self, site: Any, path: str) -> None:
        answer = await within(_raw_status(site.port, path))
        assert answer in (400, 403, 404)


async def _raw_status(port: int, path: str, *, method: str = "GET", more: bytes = b"") -> int:
    """The status for a request that no client has tidied up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    writer.write(head.encode() + more + b"\r\n")
    status = (await reader.readline()).split()[1]
    writer.close()
    await writer.wait_closed()
    return int(status)


class TestHeaders:
    @pytest.mark.parametrize("credential", [b"\xe4", b"\xff\xfe.a.b", b"x" * 7000, b"", b"a.b.c"])
    async def test_bytes_that_are_no_text_are_a_wrong_password(self, serve: Any, credential: bytes) -> None:
        site = await serve(PasswordAdmission("right"))
        bearer = b"Authorization: Bearer " + credential + b"\r\nX-Participant-Token: " + credential + b"\r\n"
        body = b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        assert await within(_raw_status(site.port, "/api/token", method="POST", more=bearer + body)) == 401


class TestFloods:
    async def test_a_flood_is_refused_and_the_others_are_served(self, serve: Any, clock: Any) -> None:
        site = await serve(reach=Reach(public_url="https://meet.example.com"))
        async with ClientSession(connector=TCPConnector(limit=50)) as attacker:

            async def attack() -> tuple[int, str | None]:
                forged = {"X-Forwarded-For": "6.6.6.6, 192.0.2.1"}  # the proxy adds the last one
                url = f"http://127.0.0.1:{site.port}/api/token"
                async with attacker.post(url, json={}, headers=forged) as response:
                    return response.status, response.headers.get("Retry-After")

            answers, other = await within(
                asyncio.gather(
                    asyncio.gather(*(attack() for _ in range(1000))),
                    site.join(headers={"X-Forwarded-For": "192.0.2.2"}),
                )
            )
        counts = Counter(status for status, _ in answers)
        assert counts == {201: 60, 429: 940}
        assert {after for status, after in answers if status == 429} == {"1"}
        assert other.status == 201
        clock.now += 1
        assert (await site.join(headers={"X-Forwarded-For": "192.0.2.1"})).status == 201

    async def test_addresses_that_never_end_take_a_bounded_memory(
        self, serve: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rate_limit, "_MOST_ADDRESSES", 100)
        site = await serve(reach=Reach(public_url="https://meet.example.com"))

        url = f"http://127.0.0.1:{site.port}/api/meeting"

        async def visit(attacker: ClientSession, numbers: range) -> int:
            for number in numbers:
                forwarded = {"X-Forwarded-For": f"10.0.{number >> 8}.{number & 255}"}
                async with attacker.get(url, headers=forwarded) as answer:
                    assert answer.status == 200
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        async with ClientSession() as attacker:
            tracemalloc.start()
            try:
                before = await visit(attacker, range(150))
                grown = await visit(attacker, range(150, 1150)) - before
            finally:
                tracemalloc.stop()
        assert grown < 100_000  # 100 bytes for each address that came

    async def test_guessing_a_password_is_slow_whatever_the_guess(self, serve: Any, clock: Any) -> None:
        site = await serve(PasswordAdmission("right"))
        guesses = [await site.join(bearer=f"guess {number}") for number in range(25)]
        assert Counter(one.code for one in guesses) == {"password_wrong": 20, "too_many_requests": 5}
        assert (await site.join(bearer="right")).code == "too_many_requests"
        clock.now += 5
        assert (await site.join(bearer="right")).status == 201
