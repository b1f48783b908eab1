"""Speakers wait for a place, and everybody is told."""

from __future__ import annotations

import json
import logging

import pytest
from fakes.running_meeting import ALICE_FR, BOB_EN, Meeting, in_a_meeting, of_resources

from livekit_plugins_azure_interpreter._meeting.client_contract import HeardIn, LanguageState, SpeakerState
from livekit_plugins_azure_interpreter._meeting.planner import Audience, Person, Plan, Route
from livekit_plugins_azure_interpreter._meeting.voice_choice import VoiceChoice
from livekit_plugins_azure_interpreter._meeting.waiting_routes import WaitingRoutes

ALICE_DE = Route("alice", "de")
BOB = frozenset({"bob"})


class TestWaitingRoutes:
    """Alice and carl have no place for a stream."""

    def waiting(self) -> WaitingRoutes:
        """What is tested; `queued` gets what it tells."""

        def heard_in(choice: VoiceChoice, language: str) -> HeardIn:
            return choice

        self.queued: list[Route] = []
        return WaitingRoutes(heard_in, self.queued.append)

    def update(self, waiting: WaitingRoutes, *routes: Route, listened_to: bool = True) -> None:
        audience = Audience(BOB if listened_to else frozenset(), BOB)
        speakers = tuple(dict.fromkeys(route.speaker for route in routes))
        people = {name: Person(name, voice="prebuilt") for name in ("alice", "bob", "carl")}
        waiting.update(Plan(dict.fromkeys(routes, audience), (), speakers), people)

    def test_each_route_is_told_once_for_as_long_as_it_waits(self, caplog: pytest.LogCaptureFixture) -> None:
        waiting = self.waiting()
        with caplog.at_level(logging.WARNING):
            self.update(waiting, ALICE_FR)
            self.update(waiting, ALICE_FR, ALICE_DE)
            self.update(waiting)
            self.update(waiting, ALICE_FR)
        assert self.queued == [ALICE_FR, ALICE_DE, ALICE_FR]
        assert [record.getMessage().partition(" interpretations")[0] for record in caplog.records] == list(
            "121"
        )
        assert "(alice-de)" in caplog.records[1].getMessage(), "which of them is new"

    def test_the_states_have_the_voice_and_the_place_in_line(self) -> None:
        waiting = self.waiting()
        self.update(waiting, Route("carl", "fr"), ALICE_FR)
        assert waiting.added_to({}) == {
            "carl": SpeakerState({"fr": LanguageState("queued", "prebuilt", 1, place=1)}),
            "alice": SpeakerState({"fr": LanguageState("queued", "prebuilt", 1, place=2)}),
        }

    def test_a_language_that_is_only_read_has_no_voice(self) -> None:
        waiting = self.waiting()
        self.update(waiting, ALICE_FR, listened_to=False)
        assert waiting.added_to({})["alice"].languages["fr"].voice == "text"

    def test_the_other_languages_of_a_speaker_who_waits_keep_their_state(self) -> None:
        waiting = self.waiting()
        self.update(waiting, ALICE_FR)
        german = LanguageState("interpreted", "own", 1)
        before = {"alice": SpeakerState({"de": german}, still_listening=2), "bob": SpeakerState({})}
        told = waiting.added_to(before)
        assert told["alice"].languages.keys() == {"de", "fr"}
        assert (told["alice"].languages["de"], told["alice"].still_listening) == (german, 2)
        assert told["bob"] is before["bob"]
        self.update(waiting)
        assert waiting.added_to(before) == before


@in_a_meeting(max_streams=1)
async def test_each_language_of_a_speaker_who_waits_is_reported(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.room.join("carl", language="de")
    await meeting.go_on(0.5)
    assert meeting.states(Route("bob", "de")) == ["queued"]
    meeting.room.join("dora", language="ja")
    await meeting.go_on(0.5)
    assert meeting.states(Route("bob", "ja")) == ["queued"]
    assert meeting.states(Route("alice", "ja")) == ["started"]


@in_a_meeting(max_streams=1)
async def test_speakers_beyond_the_ceiling_wait_and_that_is_reported(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert len(meeting.azure.open) == 1
    assert meeting.states(ALICE_FR) == ["started"]
    assert meeting.states(BOB_EN) == ["queued"]
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(1.0)
    assert meeting.states(BOB_EN) == ["queued", "started"]
    assert len(meeting.azure.open) == 1


def _places_in_line(meeting: Meeting) -> dict[str, int]:
    states = {name: json.loads(value) for name, value in meeting.room.attributes.items() if "_state." in name}
    return {
        name.partition(".")[2]: state["place"]
        for name, told in states.items()
        for state in told["languages"].values()
        if state["state"] == "queued"
    }


@in_a_meeting(**of_resources(1))
async def test_speakers_without_a_place_at_a_resource_wait_in_line_and_are_told_their_place(
    meeting: Meeting,
) -> None:
    for identity, language in (("alice", "en"), ("bob", "fr"), ("carl", "de")):
        meeting.join(identity, language)
        await meeting.go_on(0.1)
    await meeting.go_on(2.0)
    assert len(meeting.azure.open) == 1
    assert _places_in_line(meeting) == {"bob": 1, "carl": 2}
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(3.0)
    assert meeting.states(BOB_EN) == ["queued", "started"]
    assert _places_in_line(meeting) == {"carl": 1}
    assert len(meeting.azure.open) == 1


@in_a_meeting(**of_resources(1))
async def test_a_speaker_who_leaves_the_line_is_not_waited_for(meeting: Meeting) -> None:
    for identity, language in (("alice", "en"), ("bob", "fr"), ("carl", "de")):
        meeting.join(identity, language)
        await meeting.go_on(0.1)
    await meeting.go_on(1.0)
    meeting.room.mute("bob", "bob-mic")
    await meeting.go_on(1.5)
    assert _places_in_line(meeting) == {"carl": 1}
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(3.0)
    assert meeting.states(Route("carl", "en")) == ["queued", "started"]


@in_a_meeting(max_streams=1)
async def test_clients_are_told_who_waits(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr", voice="text")
    await meeting.go_on(2.0)
    waits = {"state": "queued", "voice": "text", "backlog_seconds": 0.0, "listeners": 1, "place": 1}
    assert meeting.told("bob") == {"languages": {"en": waits}, "still_listening": 0}
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(2.0)
    assert (meeting.told("alice"), meeting.language_states("bob")) == ({}, {"en": "interpreted"})
