from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from fakes.livekit_api import FakeLiveKit

from livekit_plugins_azure_interpreter.web import (
    Admitted,
    InviteAdmission,
    Meeting,
    OpenAdmission,
    PasswordAdmission,
    Reach,
    Visitor,
    endpoint,
)
from livekit_plugins_azure_interpreter.web.invites import INVITE_SECONDS

pytestmark = pytest.mark.native


class NamedAdmission(OpenAdmission):
    """Knows people, and where they belong."""

    async def admit(self, visitor: Visitor) -> Admitted:
        return Admitted(room_name=f"room-{visitor.room_name or 1}", name=visitor.headers["X-User"])


class TestMeeting:
    async def test_a_page_is_told_what_to_ask_for(self, serve: Any) -> None:
        site = await serve(PasswordAdmission("a"), Meeting("board", invites=False, is_emulated=True))
        answer = await site.get("/api/meeting")
        assert answer.body == {
            "room_name": "board",
            "needs": "password",
            "sign_in_url": None,
            "is_emulated": True,
            "invites": False,
            "is_recorded": False,
        }
        assert answer.headers["Cache-Control"] == "no-store"


class TestToken:
    async def test_the_answer_is_livekits(self, site: Any, livekit: FakeLiveKit) -> None:
        answer = await site.join(
            participant_name="Zoe", room_name="meeting", participant_attributes={"language": "fr"}
        )
        assert answer.status == 201
        assert answer.body == {
            "server_url": livekit.url,
            "participant_token": answer.body["participant_token"],
            "room_name": "meeting",
            "participant_name": "Zoe",
        }
        assert answer.claims["attributes"] == {"language": "fr"}
        assert answer.claims["video"]["room"] == "meeting"

    async def test_two_tabs_are_two_people_and_a_reload_is_the_same_one(self, site: Any, clock: Any) -> None:
        first, second = await site.join(), await site.join()
        clock.now = float(first.claims["exp"]) + 3600  # LiveKit has renewed the connection since
        again = await site.join(earlier=first.body["participant_token"])
        assert again.claims["sub"] == first.claims["sub"] != second.claims["sub"]

    async def test_a_client_may_name_the_identity_that_it_has(self, site: Any) -> None:
        first = await site.join()
        identity = first.claims["sub"]
        again = await site.join(earlier=first.body["participant_token"], participant_identity=identity)
        assert again.claims["sub"] == identity

    async def test_an_invite_lets_into_its_room(self, serve: Any, livekit: FakeLiveKit) -> None:
        site = await serve(PasswordAdmission("right"))
        token = (await site.join(bearer="right")).body["participant_token"]
        livekit.join("meeting", (await site.join(bearer="right", earlier=token)).claims["sub"])
        url = (await site.as_guest("invite", token)).body["url"]
        answer = await site.join(bearer=url.partition("#invite=")[2])
        assert answer.body["room_name"] == "meeting"

    async def test_the_deployer_may_choose_the_room_and_the_name(self, serve: Any) -> None:
        site = await serve(NamedAdmission(), Meeting(None))
        answer = await site.join(headers={"X-User": "Zoe"}, participant_name="the chair")
        assert (answer.body["room_name"], answer.body["participant_name"]) == ("room-1", "Zoe")
        assert answer.claims["name"] == "Zoe"

    @pytest.mark.parametrize(
        ("fields", "code"),
        [({"room_name": "board"}, "room_refused"), ({"participant_identity": "guest-1"}, "identity_refused")],
    )
    async def test_another_room_or_identity_is_refused(
        self, site: Any, fields: dict[str, str], code: str
    ) -> None:
        answer = await site.join(**fields)
        assert (answer.status, answer.code) == (403, code)

    async def test_a_burst_is_answered_and_then_refused(self, site: Any, clock: Any) -> None:
        codes = [(await site.join()).status for _ in range(65)]
        assert codes == [201] * 60 + [429] * 5
        clock.now += 1
        assert (await site.join()).status == 201

    async def test_a_wrong_password_counts_and_none_does_not(self, serve: Any) -> None:
        site = await serve(PasswordAdmission("right"))
        assert {(await site.join()).code for _ in range(25)} == {"password_needed"}
        codes = [(await site.join(bearer="wrong")).code for _ in range(21)]
        assert codes == ["password_wrong"] * 20 + ["too_many_requests"]

    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b"{}", "text/plain", 415),
            (b"{", "application/json", 400),
            (b'"' + b"x" * 20_000 + b'"', "application/json", 413),
        ],
    )
    async def test_a_body_that_is_no_request_is_refused(
        self, site: Any, body: bytes, kind: str, status: int
    ) -> None:
        answer = await site.post("/api/token", data=body, headers={"Content-Type": kind})
        assert (answer.status, answer.code) == (status, "malformed")

    async def test_a_body_that_does_not_end_is_refused(
        self, site: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(endpoint, "_BODY_SECONDS", 0.05)

        async def endless() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.sleep(0.5)
            yield b"}"

        answer = await site.post("/api/token", data=endless(), headers={"Content-Type": "application/json"})
        assert (answer.status, answer.code) == (408, "malformed")


class TestInvite:
    async def test_the_link_has_the_invite_where_no_log_sees_it(
        self, site: Any, livekit: FakeLiveKit, clock: Any
    ) -> None:
        joined = await site.join()
        livekit.join("meeting", joined.claims["sub"])
        answer = await site.as_guest("invite", joined.body["participant_token"])
        assert answer.status == 201
        assert re.fullmatch(rf"http://127\.0\.0\.1:{site.port}/#invite=[\w.-]+", answer.body["url"])
        assert answer.body["qr_svg"].startswith("<svg ")
        assert "<script" not in answer.body["qr_svg"]
        expires_at = datetime.fromisoformat(answer.body["expires_at"]).timestamp()
        assert expires_at == pytest.approx(clock.now + INVITE_SECONDS)

    async def test_the_link_has_the_public_address(self, serve: Any, livekit: FakeLiveKit) -> None:
        site = await serve(reach=Reach(public_url="https://meet.example.com"))
        joined = await site.join()
        livekit.join("meeting", joined.claims["sub"])
        answer = await site.as_guest("invite", joined.body["participant_token"])
        assert answer.body["url"].startswith("https://meet.example.com/#invite=")

    async def test_a_meeting_may_have_no_invites(self, serve: Any, livekit: FakeLiveKit) -> None:
        site = await serve(meeting=Meeting(invites=False))
        joined = await site.join()
        livekit.join("meeting", joined.claims["sub"])
        answer = await site.as_guest("invite", joined.body["participant_token"])
        assert (answer.status, answer.code) == (403, "invites_refused")

    @pytest.mark.parametrize("name", ["invite", "interpreter"])
    async def test_somebody_who_has_left_is_refused(self, site: Any, name: str) -> None:
        joined = await site.join()
        answer = await site.as_guest(name, joined.body["participant_token"])
        assert (answer.status, answer.code) == (409, "not_in_room")


class TestInterpreter:
    async def test_an_interpreter_is_sent_once(self, site: Any, livekit: FakeLiveKit, clock: Any) -> None:
        livekit.now = clock.now
        joined = await site.join()
        livekit.join("meeting", joined.claims["sub"])
        token = joined.body["participant_token"]
        answers = await asyncio.gather(*(site.as_guest("interpreter", token) for _ in range(3)))
        assert [answer.status for answer in answers] == [202] * 3
        assert sorted(answer.body["dispatched"] for answer in answers) == [False, False, True]

    async def test_a_server_that_does_not_answer_is_said_so(self, site: Any, livekit: FakeLiveKit) -> None:
        joined = await site.join()
        livekit.refuses = True
        answer = await site.as_guest("interpreter", joined.body["participant_token"])
        assert (answer.status, answer.code) == (502, "livekit_unreachable")
        assert answer.headers["Retry-After"] == "5"


class TestNeeds:
    async def test_an_invite_is_needed_where_only_the_invited_may_join(self, serve: Any) -> None:
        site = await serve(InviteAdmission())
        assert (await site.join()).code == "invite_needed"
