"""Speakers wait for a place, and everybody is told."""

from __future__ import annotations

import json
from typing import Any

from fakes.running_meeting import ALICE_FR, BOB_EN, Meeting, in_a_meeting

from livekit_plugins_azure_interpreter import Resource, SpeechResources
from livekit_plugins_azure_interpreter._meeting.planner import Route


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


def _of_resources(*max_streams: int) -> dict[str, Any]:
    """The options of a meeting with several resources."""
    resources = [
        Resource(speech_key="a-key", speech_region=region, max_streams=most)
        for region, most in zip(("westeurope", "northeurope"), max_streams, strict=False)
    ]
    return {"speech_key": None, "speech_region": None, "speech_resources": SpeechResources(resources)}


def _places_in_line(meeting: Meeting) -> dict[str, int]:
    states = {name: json.loads(value) for name, value in meeting.room.attributes.items() if "_state." in name}
    return {
        name.partition(".")[2]: state["place"]
        for name, told in states.items()
        for state in told["languages"].values()
        if state["state"] == "queued"
    }


@in_a_meeting(**_of_resources(1, 1))
async def test_speakers_are_heard_at_the_resources_that_have_a_place(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(1.0)
    assert len(meeting.azure.open) == 2
    assert [change.state for change in meeting.changes] == ["started", "started"]


@in_a_meeting(**_of_resources(1))
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


@in_a_meeting(**_of_resources(1))
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
