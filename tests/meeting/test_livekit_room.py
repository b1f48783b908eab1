"""The port over LiveKit's room: who is in it, who may hear what, and what is sent to be read."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from fakes.limits import within
from fakes.livekit_room import FakeLiveKitRoom, FakeServer, Publication
from livekit import rtc

from livekit_plugins_azure_interpreter._meeting import returning_members as _returning_members
from livekit_plugins_azure_interpreter._meeting.livekit_room import LiveKitRoom
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.room import RATE_HZ, Caption
from livekit_plugins_azure_interpreter._sound.voice_track import voice_track_options

Until = Callable[[Callable[[], object]], Awaitable[None]]

ALICE_FR, ALICE_DE = Route("alice", "fr"), Route("alice", "de")
BOB = frozenset({"bob"})
FILM = Publication("TR_film", source=rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)
SILENCE = rtc.AudioFrame(bytes(640), RATE_HZ, 1, 320)


@pytest.fixture
async def fake() -> FakeLiveKitRoom:
    return FakeLiveKitRoom()


@pytest.fixture
async def room(fake: FakeLiveKitRoom) -> AsyncIterator[LiveKitRoom]:
    room = LiveKitRoom(fake)  # type: ignore[arg-type]
    yield room
    await room.aclose()


class Watched:
    """What a room has told."""

    def __init__(self, room: LiveKitRoom) -> None:
        self.changes = 0
        self.closed = False
        room.watch(self._changed, self._closed)

    def _changed(self) -> None:
        self.changes += 1

    def _closed(self) -> None:
        self.closed = True


class TestMembers:
    def test_a_member_can_be_listened_to_while_the_microphone_is_open(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        camera = Publication("TR_video", kind=rtc.TrackKind.KIND_VIDEO)
        fake.join("alice", language="fr").publish(
            Publication("TR_a"), Publication("TR_b", muted=True), camera
        )
        fake.join("bob").publish(camera)
        alice, bob = room.members()
        assert (alice.identity, alice.attributes) == ("alice", {"language": "fr"})
        assert (alice.publishes, alice.tracks) == (True, ("TR_a",))
        assert (bob.publishes, bob.tracks) == (False, ())

    def test_a_member_speaks_through_a_microphone_alone(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        fake.join("alice").publish(FILM, Publication("TR_a"))
        fake.join("bob").publish(FILM)
        for _ in range(2):
            alice, bob = room.members()
        assert (alice.publishes, alice.tracks) == (True, ("TR_a",))
        assert (bob.publishes, bob.tracks) == (False, ())
        # It is told, once.
        (record,) = caplog.records
        assert "SOURCE_SCREENSHARE_AUDIO" in record.getMessage()

    def test_sources_can_be_chosen(self, fake: FakeLiveKitRoom) -> None:
        fake.join("alice").publish(Publication("TR_a"), FILM)
        (alice,) = LiveKitRoom(fake, (FILM.source,)).members()  # type: ignore[arg-type]
        assert (alice.publishes, alice.tracks) == (True, ("TR_film",))

    def test_recorders_and_who_publishes_for_another_are_none(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        fake.join("recorder").kind = rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS
        fake.join("avatar", **{"lk.publish_on_behalf": "agent"})
        assert room.members() == []


class TestAgents:
    @pytest.fixture(autouse=True)
    def agents(self, fake: FakeLiveKitRoom) -> None:
        """An assistant, its avatar, and another interpreter; each publishes an audio track."""
        attributes = {
            "assistant": {},
            "avatar": {"lk.publish_on_behalf": "assistant"},
            "another": {"interpreter": "ready"},
        }
        for identity, its in attributes.items():
            agent = fake.join(identity, **its).publish(Publication(f"TR_{identity}"))
            agent.kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT

    def test_agents_are_no_members(self, room: LiveKitRoom) -> None:
        assert room.members() == []

    def test_an_agent_is_a_member_if_asked_for_but_no_avatar_and_no_interpreter(
        self, fake: FakeLiveKitRoom
    ) -> None:
        (assistant,) = LiveKitRoom(fake, with_agents=True).members()  # type: ignore[arg-type]
        assert assistant.identity == "assistant"
        assert assistant.is_agent

    def test_an_avatar_speaks_for_its_agent(self, fake: FakeLiveKitRoom) -> None:
        del fake.remote_participants["assistant"].track_publications["TR_assistant"]
        (assistant,) = LiveKitRoom(fake, with_agents=True).members()  # type: ignore[arg-type]
        assert assistant.tracks == ("TR_avatar",)


class TestWatching:
    async def test_each_change_is_told(self, fake: FakeLiveKitRoom, room: LiveKitRoom) -> None:
        watched = Watched(room)
        for event in ("participant_connected", "participant_attributes_changed", "track_muted"):
            fake.emit(event)
        assert watched.changes == 3

    async def test_a_room_is_not_connected_while_its_connection_is_being_restored(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        Watched(room)
        assert room.is_connected
        fake.emit("reconnecting")
        assert not room.is_connected
        fake.emit("reconnected")
        assert room.is_connected
        fake.connected = False
        assert not room.is_connected

    async def test_nothing_is_told_while_the_connection_is_lost_and_all_when_it_is_back(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        watched = Watched(room)
        fake.emit("reconnecting")
        fake.emit("participant_disconnected")
        assert watched.changes == 0
        fake.emit("reconnected")
        assert watched.changes == 1

    async def test_people_can_see_that_an_interpreter_has_come(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, until: Until
    ) -> None:
        Watched(room)
        await until(lambda: fake.local_participant.attributes.get("interpreter") == "ready")

    async def test_the_end_of_the_room_is_told(self, fake: FakeLiveKitRoom, room: LiveKitRoom) -> None:
        watched = Watched(room)
        fake.emit("disconnected")
        assert watched.closed

    async def test_a_room_that_was_closed_tells_nothing_and_lets_everybody_hear_all(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        watched = Watched(room)
        await room.aclose()
        fake.emit("participant_connected")
        assert watched.changes == 0
        assert fake.local_participant.permissions[-1] is None

    async def test_nothing_is_sent_to_a_room_that_is_not_connected(self) -> None:
        fake = FakeLiveKitRoom(connected=False)
        room = LiveKitRoom(fake)  # type: ignore[arg-type]
        Watched(room)
        await room.aclose()
        assert fake.local_participant.permissions == []


class TestListening:
    @pytest.fixture
    async def source(self) -> AsyncIterator[rtc.AudioSource]:
        source = rtc.AudioSource(RATE_HZ, 1)
        yield source
        await source.aclose()

    async def test_a_track_is_heard_once_it_is_subscribed_to(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, source: rtc.AudioSource, until: Until
    ) -> None:
        Watched(room)
        publication = Publication("TR_a", subscribed=False)
        fake.join("alice").publish(publication)
        frames = room.listen("TR_a")
        heard = asyncio.create_task(frames.__anext__())  # type: ignore[arg-type,var-annotated]
        await until(lambda: publication.subscribed)
        assert not heard.done()
        publication.track = rtc.LocalAudioTrack.create_audio_track("a", source)
        fake.emit("track_subscribed")
        while not heard.done():
            await source.capture_frame(SILENCE)
        frame = heard.result()
        assert (frame.sample_rate, frame.num_channels) == (RATE_HZ, 1)
        await frames.aclose()  # type: ignore[attr-defined]

    async def test_a_track_that_is_not_there_is_waited_for(
        self, room: LiveKitRoom, fake: FakeLiveKitRoom
    ) -> None:
        frames = room.listen("TR_gone")
        heard = asyncio.create_task(frames.__anext__())  # type: ignore[arg-type,var-annotated]
        fake.emit("track_subscribed")
        await asyncio.sleep(0)
        assert not heard.done()
        heard.cancel()
        await asyncio.gather(heard, return_exceptions=True)


class TestPublishing:
    async def test_a_track_says_what_it_carries(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, until: Until
    ) -> None:
        track = await room.publish(ALICE_FR, RATE_HZ)
        local = fake.local_participant
        (publication,) = local.track_publications.values()
        assert publication.track is not None
        assert publication.track.name == "alice-fr"
        await until(lambda: local.attributes)
        described = local.attributes[f"interpretation.{publication.sid}"]
        assert json.loads(described) == {"speaker": "alice", "language": "fr"}
        await track.aclose()

    async def test_a_track_is_encoded_as_voices_are(self, fake: FakeLiveKitRoom, room: LiveKitRoom) -> None:
        track = await room.publish(ALICE_FR, RATE_HZ)
        (publication,) = fake.local_participant.track_publications.values()
        assert publication.options == voice_track_options()
        await track.aclose()

    async def test_voices_and_captions_wait_while_the_connection_is_lost(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_returning_members, "_SUBSCRIBE_SECONDS", 0.0)
        Watched(room)
        track = await room.publish(ALICE_FR, RATE_HZ)
        fake.emit("reconnecting")
        caption = Caption("id", "alice", False, "Oui.", "fr", True, BOB)
        waiting = [asyncio.create_task(track.play(SILENCE)), asyncio.create_task(room.caption(caption))]
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in waiting)
        fake.emit("reconnected")
        await within(asyncio.gather(*waiting))
        await track.aclose()

    async def test_a_track_that_is_closed_is_gone_and_says_nothing(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, until: Until
    ) -> None:
        track = await room.publish(ALICE_FR, RATE_HZ)
        await until(lambda: fake.local_participant.attributes)
        await track.aclose()
        assert fake.local_participant.track_publications == {}
        await until(lambda: not fake.local_participant.attributes)

    async def test_unpublishing_in_a_room_that_is_gone_does_nothing(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        track = await room.publish(ALICE_FR, RATE_HZ)
        fake.connected = False
        await track.aclose()
        assert len(fake.local_participant.track_publications) == 1

    async def test_a_cancelled_publication_leaves_no_track(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, until: Until
    ) -> None:
        fake.local_participant.may_publish.clear()
        publishing: asyncio.Task[Any] = asyncio.create_task(room.publish(ALICE_FR, RATE_HZ))
        await asyncio.sleep(0)
        publishing.cancel()
        fake.local_participant.may_publish.set()
        await asyncio.gather(publishing, return_exceptions=True)
        assert publishing.cancelled()
        assert fake.local_participant.track_publications == {}

    async def test_an_attribute_tells_a_member_that_the_request_is_not_served(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, until: Any
    ) -> None:
        attributes = fake.local_participant.attributes
        room.refuse({"alice": "why", "bob": "because"})
        room.refuse({"bob": "because"})
        await until(lambda: attributes == {"interpretation_refused.bob": "because"})
        await room.aclose()
        assert attributes == {}

    async def test_everybody_can_be_told_something(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, until: Any
    ) -> None:
        room.tell({"interpreter.turn": "alice's"})
        await until(lambda: fake.local_participant.attributes == {"interpreter.turn": "alice's"})

    async def test_an_attribute_set_while_disconnected_can_be_read_after_the_reconnect(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, until: Until
    ) -> None:
        Watched(room)
        fake.emit("reconnecting")
        fake.local_participant.unheard = True
        room.refuse({"alice": "why"})
        await asyncio.sleep(0)
        fake.local_participant.unheard = False
        fake.emit("reconnected")
        await until(lambda: fake.local_participant.attributes.get("interpretation_refused.alice") == "why")

    async def test_a_track_is_described_by_its_new_sid_alone_after_a_reconnect(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, until: Until
    ) -> None:
        Watched(room)
        tracks = [await room.publish(route, RATE_HZ) for route in (ALICE_FR, ALICE_DE)]
        first, second = fake.local_participant.track_publications.values()
        attributes, previous_sid = fake.local_participant.attributes, first.sid
        await until(lambda: f"interpretation.{previous_sid}" in attributes)
        first.sid = "TR_anew"
        fake.emit("local_track_republished", first, previous_sid)
        await until(lambda: "interpretation.TR_anew" in attributes)
        assert json.loads(attributes["interpretation.TR_anew"])["language"] == "fr"
        described = {name for name in attributes if name.startswith("interpretation.")}
        assert described == {"interpretation.TR_anew", f"interpretation.{second.sid}"}
        fake.connected = False
        for track in tracks:
            await track.aclose()


class TestPermissions:
    async def test_a_track_is_for_its_listeners_and_other_tracks_for_everybody(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, until: Until
    ) -> None:
        local = fake.local_participant
        local.track_publications["TR_other"] = Publication("TR_other")
        fake.join("bob")
        fake.join("carol")
        track = await room.publish(ALICE_FR, RATE_HZ)
        room.admit({ALICE_FR: frozenset({"bob"})})
        everybody = ["TR_other"]
        wanted = {"bob": [*everybody, track.publication.sid], "carol": everybody}
        await until(lambda: local.permissions[-1] == wanted)
        await track.aclose()


class TestOriginals:
    @pytest.fixture
    def server(self) -> FakeServer:
        return FakeServer()

    @pytest.fixture
    async def room(self, fake: FakeLiveKitRoom, server: FakeServer) -> LiveKitRoom:
        fake.join("alice").publish(Publication("TR_a"), Publication("TR_a2", muted=True), FILM)
        fake.join("bob").publish(Publication("TR_b"))
        return LiveKitRoom(fake, server=server)  # type: ignore[arg-type]

    async def test_a_listener_is_unsubscribed_from_the_speech_of_a_speaker_until_the_end(
        self, room: LiveKitRoom, server: FakeServer, until: Until
    ) -> None:
        room.replace({"alice": BOB, "gone": BOB})
        await until(lambda: server.requests)
        await room.aclose()
        assert server.requests == [
            ("a-room", "bob", ["TR_a", "TR_a2"], False),
            ("a-room", "bob", ["TR_a", "TR_a2"], True),
        ]
        assert server.closed

    async def test_a_listener_who_is_still_joining_is_asked_for_when_they_have_joined(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, server: FakeServer, until: Until
    ) -> None:
        watched = Watched(room)
        bob = fake.remote_participants["bob"]
        bob.state = rtc.ParticipantState.PARTICIPANT_STATE_JOINED
        room.replace({"alice": BOB, "bob": frozenset({"alice"})})
        await until(lambda: server.requests)
        assert [identity for _, identity, *_ in server.requests] == ["alice"]
        bob.state = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
        fake.emit("participant_active")
        assert watched.changes == 1
        room.replace({"alice": BOB, "bob": frozenset({"alice"})})
        await until(lambda: ("a-room", "bob", ["TR_a", "TR_a2"], False) in server.requests)
        await room.aclose()

    async def test_nobody_is_asked_for_in_a_room_that_is_gone(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, server: FakeServer, until: Until
    ) -> None:
        room.replace({"alice": BOB})
        await until(lambda: server.requests)
        fake.connected = False
        await room.aclose()
        assert len(server.requests) == 1
        assert server.closed


class TestCaptions:
    def _caption(self, *, original: bool, final: bool = True) -> Caption:
        return Caption("segment", "alice", original, "Bonjour.", "fr", final, frozenset({"carol", "bob"}))

    async def test_the_translation_is_the_interpreters_and_goes_with_its_track(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        track = await room.publish(ALICE_FR, RATE_HZ)
        await room.caption(self._caption(original=False))
        (sent,) = fake.local_participant.texts
        assert (sent.topic, sent.sender_identity, sent.text) == (
            "lk.transcription",
            "interpreter",
            "Bonjour.",
        )
        assert (sent.destination_identities, sent.closed) == (["bob", "carol"], True)
        assert sent.attributes == {
            "lk.segment_id": "segment",
            "lk.transcription_final": "true",
            "language": "fr",
            "translated": "true",
            "lk.transcribed_track_id": track.publication.sid,
        }
        await track.aclose()

    async def test_a_translation_names_its_language_as_each_reader_writes_it(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        """LiveKit's own translation client compares it with the reader's attribute, letter by letter."""
        written = {"bob": "fr-FR", "carol": "fr", "dora": "français", "erik": "de", "fred": ""}
        for identity, language in written.items():
            fake.join(identity, language=language)
        readers = frozenset({*written, "gone"})
        await room.caption(replace(self._caption(original=False), readers=readers))
        sent = {text.attributes["language"]: text for text in fake.local_participant.texts}
        assert {language: text.destination_identities for language, text in sent.items()} == {
            "fr-FR": ["bob"],
            "fr": ["carol", "dora", "erik", "fred", "gone"],
        }
        assert [text.text for text in sent.values()] == ["Bonjour."] * 2

    async def test_an_original_is_not_marked_as_a_translation(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        fake.join("bob", language="fr-FR")
        await room.caption(replace(self._caption(original=True), language="fr-CA"))
        (sent,) = fake.local_participant.texts
        assert sent.attributes["language"] == "fr-CA"
        assert "translated" not in sent.attributes

    async def test_speech_that_is_not_heard_can_be_captioned(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        await room.caption(replace(self._caption(original=False), spoken=False, missing_seconds=4.0))
        await room.caption(self._caption(original=False))
        told, usual = (text.attributes for text in fake.local_participant.texts)
        assert (told["spoken"], told["missing_seconds"]) == ("false", "4.0")
        assert not {"spoken", "missing_seconds"} & usual.keys()

    async def test_the_original_is_the_speakers_and_goes_with_their_microphone(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom
    ) -> None:
        fake.join("alice").publish(Publication("TR_a"))
        await room.caption(self._caption(original=True, final=False))
        (sent,) = fake.local_participant.texts
        assert sent.sender_identity == "alice"
        assert sent.attributes["lk.transcription_final"] == "false"
        assert sent.attributes["lk.transcribed_track_id"] == "TR_a"

    @pytest.mark.parametrize("original", [True, False])
    async def test_words_are_read_where_there_is_no_track(
        self, fake: FakeLiveKitRoom, room: LiveKitRoom, original: bool
    ) -> None:
        await room.caption(self._caption(original=original))
        (sent,) = fake.local_participant.texts
        assert sent.text == "Bonjour."
        assert "lk.transcribed_track_id" not in sent.attributes
