"""What the endpoint answers: about the meeting, tokens, invites, a missing interpreter, and the record."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from aiohttp import web

from .._within import within
from .admission import Admission, Admitted, Visitor
from .interpreters import Rooms
from .invites import Invites
from .join_request import JoinRequest
from .qr_code import qr_svg
from .rate_limit import RateLimit
from .reach import Reach
from .refusals import Refusal
from .tokens import Guest, Tokens, new_identity
from .transcripts import TranscriptRequest, Transcripts

_BODY_SECONDS = 10.0


@dataclass(frozen=True, repr=False)
class LiveKit:
    """A LiveKit server, and the key with which people are let in.

    Args:
        url: The address at which browsers find it.
        key: Its API key.
        secret: Its API secret.
    """

    url: str
    key: str
    secret: str


@dataclass(frozen=True)
class Meeting:
    """What is offered.

    Args:
        room_name: The room of the meeting; None if each invite, or the admission, names a room.
        invites: Whether people who are in the meeting may invite others.
        is_emulated: Whether the emulator stands in for Azure, so that nothing is translated.
    """

    room_name: str | None = "meeting"
    invites: bool = True
    is_emulated: bool = False


class Endpoint:
    """Answers the requests of the page, and of LiveKit's own clients.

    Args:
        livekit: The server.
        admission: Decides who may join.
        meeting: What is offered.
        reach: How browsers get here.
        rooms: Gives what LiveKit is asked, once the application runs.
        transcripts: Writes what was said; None: meetings are not recorded.
        now: The time, in seconds since 1970.
    """

    def __init__(
        self,
        livekit: LiveKit,
        admission: Admission,
        meeting: Meeting,
        reach: Reach,
        *,
        rooms: Callable[[], Rooms],
        transcripts: Transcripts | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._server_url, self._admission, self._meeting, self._reach = livekit.url, admission, meeting, reach
        self._tokens, self._invites = Tokens(livekit.key, livekit.secret), Invites(livekit.secret)
        self._rooms, self._transcripts, self._now = rooms, transcripts, now
        # A class in one building has one address, and joins at the same time.
        self._requests = RateLimit(burst=60, per_second=5.0)
        self._wrong_credentials = RateLimit(burst=20, per_second=0.2)
        # Each reads and writes a whole meeting.
        self._downloads = RateLimit(burst=30, per_second=0.5)

    async def meeting(self, request: web.Request) -> web.Response:
        """What a page must know before somebody joins."""
        self._limit(request, self._requests)
        return web.json_response(
            {
                "room_name": self._meeting.room_name,
                "needs": self._admission.needs,
                "sign_in_url": self._admission.sign_in_url,
                "is_emulated": self._meeting.is_emulated,
                "invites": self._meeting.invites,
                "is_recorded": self._transcripts is not None,
            }
        )

    async def token(self, request: web.Request) -> web.Response:
        """A token, as LiveKit's TokenSource asks for it."""
        self._limit(request, self._requests)
        asked = JoinRequest.read(await _json(request))
        admitted = await self._admit(request, asked)
        room_name = admitted.room_name or self._meeting.room_name
        if not room_name or asked.room_name not in ("", room_name):
            raise Refusal("This is another room than the one of your meeting", code="room_refused")
        guest = self._guest(request, room_name)
        if asked.identity not in ("", guest.identity):
            raise Refusal("The server chooses the identity: leave it out", code="identity_refused")
        name = admitted.name or asked.name
        answer = {
            "server_url": self._server_url,
            "participant_token": self._tokens.make(guest, name=name, attributes=asked.attributes),
            "room_name": room_name,
            "participant_name": name,
        }
        return web.json_response(answer, status=201)

    async def invite(self, request: web.Request) -> web.Response:
        """A link for others, from somebody who is in the meeting."""
        guest = await self._present(request)
        if not self._meeting.invites:
            raise Refusal("Nobody can be invited to this meeting", code="invites_refused")
        invite, expires_at = self._invites.make(guest.room_name, now=self._now())
        path = request.path.removesuffix("api/invite")
        # After "#": browsers keep that to themselves, so no log and no other page has it.
        url = f"{self._reach.page_url(request.scheme, request.host, path)}#invite={invite}"
        answer = {
            "url": url,
            "qr_svg": qr_svg(url),
            "expires_at": datetime.fromtimestamp(expires_at, timezone.utc).isoformat(),
        }
        return web.json_response(answer, status=201)

    async def interpreter(self, request: web.Request) -> web.Response:
        """Have an interpreter come, for somebody who is in the meeting and sees none."""
        guest = await self._present(request)
        dispatched = await self._rooms().bring_interpreter(guest.room_name)
        return web.json_response({"dispatched": dispatched}, status=202)

    async def record(self, request: web.Request) -> web.Response:
        """What was said in a meeting that is recorded, for somebody who is in it."""
        guest = await self._present(request)
        if self._transcripts is None:
            raise Refusal("This meeting is not recorded", code="not_recorded", status=404)
        asked = TranscriptRequest.read(request.query)
        self._limit(request, self._downloads)
        written = await self._transcripts.write(guest, asked)
        return web.Response(
            # A text may have half an emoji.
            body=written.text.encode(errors="replace"),
            content_type=written.content_type,
            charset="utf-8",
            headers={"Content-Disposition": f'attachment; filename="meeting.{asked.format}"'},
        )

    async def _admit(self, request: web.Request, asked: JoinRequest) -> Admitted:
        # Whoever guesses is refused before the next guess is looked at.
        self._limit(request, self._wrong_credentials, counts=False)
        credential = _bearer(request)
        try:
            if room_name := self._invites.read(credential, now=self._now()):
                return Admitted(room_name)
            return await self._admission.admit(Visitor(credential, request.headers, asked.room_name))
        except Refusal:
            if credential:
                self._wrong_credentials.count(self._address(request), now=self._now())
            raise

    def _guest(self, request: web.Request, room_name: str) -> Guest:
        """Somebody who comes back to the room, or somebody new."""
        try:
            known = self._tokens.read(request.headers.get("X-Participant-Token", ""), now=self._now())
        except Refusal:
            known = None
        if known is not None and known.room_name == room_name:
            return known
        return Guest(new_identity(), room_name)

    async def _present(self, request: web.Request) -> Guest:
        """The guest who sent this; they must be in the room. That outlasts their token."""
        self._limit(request, self._requests)
        guest = self._tokens.read(_bearer(request), now=self._now())
        await self._rooms().check_presence(guest)
        return guest

    def _limit(self, request: web.Request, limit: RateLimit, *, counts: bool = True) -> None:
        address, now = self._address(request), self._now()
        if wait_seconds := limit.wait_seconds(address, now=now):
            raise Refusal(
                "Too many requests from your address: wait a moment",
                code="too_many_requests",
                status=429,
                retry_seconds=wait_seconds,
            )
        if counts:
            limit.count(address, now=now)

    def _address(self, request: web.Request) -> str:
        return self._reach.address(request.remote or "", request.headers.get("X-Forwarded-For", ""))


def _bearer(request: web.Request) -> str:
    kind, _, credential = request.headers.get("Authorization", "").partition(" ")
    return credential.strip() if kind.lower() == "bearer" else ""


async def _json(request: web.Request) -> object:
    # A foreign page can send a form without asking the browser, but no JSON.
    if request.content_type != "application/json":
        raise Refusal("The request must be application/json", code="malformed", status=415)
    try:
        body: object = json.loads(await within(request.read(), _BODY_SECONDS))
    except asyncio.TimeoutError as error:
        raise Refusal("The request does not end", code="malformed", status=408) from error
    except web.HTTPRequestEntityTooLarge as error:
        raise Refusal("The request is too large", code="malformed", status=413) from error
    except (ValueError, RecursionError) as error:
        raise Refusal("The request is not JSON", code="malformed", status=400) from error
    return body
