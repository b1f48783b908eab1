"""A token of the web endpoint lets somebody join one room of a real server, speak and listen, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from fakes.limits import within
from livekit import api, rtc

from livekit_plugins_azure_interpreter.web import LiveKit, Meeting, OpenAdmission, create_app

from .conftest import Meeting as People
from .participant import RATE_HZ, Guest
from .server import Server
from .stalls import Stalls


@pytest.fixture
async def client(server: Server, meeting: People) -> AsyncIterator[Any]:
    """A client of an endpoint for the room of `meeting`."""
    app = create_app(
        LiveKit(server.url, server.key, server.secret), OpenAdmission(), meeting=Meeting(meeting.name)
    )
    site = TestServer(app)
    await site.start_server()
    async with ClientSession(str(site.make_url("/"))) as session:
        yield session
    await site.close()


@pytest.fixture
async def enter(client: Any, server: Server, meeting: People, closing: Any) -> Any:
    """Join with a token of the endpoint."""
    stalls = Stalls()
    closing(stalls.aclose)

    async def join(**fields: Any) -> Guest:
        async with client.post("/api/token", json=fields) as answer:
            token = (await answer.json())["participant_token"]
        guest = Guest(server, token, stalls)
        closing(guest.aclose)
        await guest.enter()
        return guest

    return join


async def test_a_guest_speaks_and_is_heard(enter: Any) -> None:
    alice = await enter(participant_name="Alice", participant_attributes={"language": "en"})
    bob = await enter(participant_name="<b>Bob</b>")
    await alice.publish()
    await bob.until(lambda: bob.tracks == [(alice.identity, "microphone")])
    seen = bob.room.remote_participants[alice.identity]
    assert (seen.name, dict(seen.attributes)) == ("Alice", {"language": "en"})
    assert seen.kind == rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
    others = alice.room.remote_participants
    await alice.until(lambda: [one.name for one in others.values()] == ["<b>Bob</b>"])


async def test_a_guest_changes_the_language(enter: Any) -> None:
    alice, bob = await enter(), await enter()
    await within(alice.room.local_participant.set_attributes({"language": "de"}))
    seen = bob.room.remote_participants[alice.identity]
    await bob.until(lambda: seen.attributes.get("language") == "de")


async def test_a_guest_sends_no_data(enter: Any, meeting: People) -> None:
    host, guest, other = await meeting.join("host"), await enter(), await meeting.join("other")
    heard: asyncio.Queue[rtc.DataPacket] = asyncio.Queue()
    host.room.on("data_received", heard.put_nowait)
    await within(guest.room.local_participant.publish_data(b"forged", reliable=True))
    # The server takes no offence, and passes nothing on. Each round would bring what came before it.
    for number in range(3):
        await within(other.room.local_participant.publish_data(b"%d" % number, reliable=True))
        assert (await within(heard.get())).data == b"%d" % number


async def test_a_guest_shares_no_screen(enter: Any) -> None:
    guest = await enter()
    source = rtc.AudioSource(RATE_HZ, 1)
    track = rtc.LocalAudioTrack.create_audio_track("screen", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)
    with pytest.raises((rtc.participant.PublishTrackError, asyncio.TimeoutError)):
        await within(guest.room.local_participant.publish_track(track, options))
    await source.aclose()


async def test_a_guest_administers_nothing(enter: Any, server: Server, meeting: People) -> None:
    guest = await enter()
    async with api.LiveKitAPI.with_token(guest.token, server.url) as livekit:
        with pytest.raises(api.TwirpError) as refused:
            await within(livekit.room.list_participants(api.ListParticipantsRequest(room=meeting.name)))
        assert refused.value.status in (401, 403)
        with pytest.raises(api.TwirpError):
            await within(livekit.room.list_rooms(api.ListRoomsRequest()))


async def test_the_first_guest_brings_the_interpreter(enter: Any, server: Server, meeting: People) -> None:
    await enter()
    async with api.LiveKitAPI(server.url, server.key, server.secret) as livekit:
        dispatches = await within(livekit.agent_dispatch.list_dispatch(meeting.name))
    assert [one.agent_name for one in dispatches] == ["azure-interpreter"]


async def test_an_invite_comes_from_somebody_in_the_room(enter: Any, client: Any) -> None:
    guest = await enter()
    bearer = {"Authorization": f"Bearer {guest.token}"}

    async def ask() -> int:
        async with client.post("/api/invite", headers=bearer) as answer:
            return int(answer.status)

    async def until(status: int) -> None:
        while await ask() != status:  # noqa: ASYNC110 - a server is asked
            await asyncio.sleep(0.3)  # the endpoint limits how often

    await within(until(201))
    await guest.leave()
    await within(until(409))
