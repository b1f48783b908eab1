"""Who is let through, and what everybody is told of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fakes.clock import VirtualLoop, run
from livekit import rtc

from livekit_plugins_azure_interpreter._meeting.floor import Floor, FreeFloor
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.speaker import SpeakerInterpreter

ALICE_FR = Route("alice", "fr")
SPEECH = rtc.AudioFrame(b"\x10\x20" * 320, 16000, 1, 320)


class Speaker(SimpleNamespace):
    """One whose microphone is open, and what of it is interpreted."""

    def __init__(self) -> None:
        super().__init__(is_speaking=False, has_begun=False)
        self.pushed: list[rtc.AudioFrame] = []
        self.push = self.pushed.append


class Stage:
    """The floor, two speakers, and how often it has changed."""

    def __init__(self) -> None:
        self.changes = 0
        self.floor = Floor(self._changed)
        self.alice, self.bob = Speaker(), Speaker()

    def says(self, identity: str) -> bytes:
        """What is interpreted of the next frame."""
        speaker: Any = getattr(self, identity)
        self.floor.let_through(identity, speaker, SPEECH)
        frame = speaker.pushed[-1]
        assert (frame.sample_rate, frame.num_channels, frame.duration) == (16000, 1, SPEECH.duration)
        return bytes(frame.data)

    def _changed(self) -> None:
        self.changes += 1


def on_stage(test: Callable[[Stage], Awaitable[None]]) -> Callable[[], None]:
    async def held() -> None:
        await test(Stage())

    def decorated() -> None:
        run(VirtualLoop(), held())

    decorated.__name__ = test.__name__
    return decorated


@on_stage
async def test_a_frame_is_let_through_or_silence_of_its_length(stage: Stage) -> None:
    assert stage.says("bob") == bytes(SPEECH.data)
    stage.floor.sounds(ALICE_FR, True)
    assert stage.says("bob") == bytes(len(bytes(SPEECH.data)))
    assert stage.says("alice") == bytes(SPEECH.data)


@pytest.mark.parametrize("sign", ["is_speaking", "has_begun"])
def test_a_speaker_who_has_begun_is_let_through(sign: str) -> None:
    @on_stage
    async def hold(stage: Stage) -> None:
        stage.bob.has_begun = True
        setattr(stage.bob, sign, True)
        stage.says("bob")
        stage.floor.sounds(ALICE_FR, True)
        assert stage.says("bob") == bytes(SPEECH.data)
        stage.floor.left("bob")
        stage.bob.is_speaking = stage.bob.has_begun = False
        assert stage.says("bob") != bytes(SPEECH.data)

    hold()


@on_stage
async def test_each_change_of_turn_is_told_once(stage: Stage) -> None:
    assert (stage.floor.attributes, stage.changes) == ({}, 0)
    stage.alice.is_speaking = True
    for _ in range(3):
        stage.says("alice")
    assert stage.changes == 1
    attributes = stage.floor.attributes
    assert json.loads(attributes["interpreter.turn"]) == {"speaker": "alice", "phase": "speaking"}
    stage.floor.sounds(ALICE_FR, True)
    assert stage.changes == 2
    told = json.loads(stage.floor.attributes["interpreter.turn"])
    assert told == {"speaker": "alice", "phase": "interpretation"}


def test_everybody_is_let_through_if_the_floor_is_free() -> None:
    floor, alice = FreeFloor(), Speaker()
    floor.sounds(Route("bob", "en"), True)
    floor.left("bob")
    floor.let_through("alice", cast(SpeakerInterpreter, alice), SPEECH)
    assert alice.pushed == [SPEECH]
    assert floor.attributes == {}
