"""The avatar of the examples: what is interpreted, as an audience hears and sees it.

The session, LiveKit's AvatarRunner and the tracks are real; the voice goes through memory instead of a room.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.stage import Stage
from livekit.agents.voice.avatar import QueueAudioOutput
from livekit.agents.voice.io import PlaybackFinishedEvent
from session import perform

from livekit_plugins_azure_interpreter.emulator import Behaviour

_PADDING_SECONDS = 0.01
"""Silence with which LiveKit may end a segment."""


class Avatar:
    """Performs for a session, on a stage.

    Attributes:
        finished: What it told the session of each speech.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.finished: list[PlaybackFinishedEvent] = []
        self._output = QueueAudioOutput(sample_rate=16000, wait_playback_start=True)
        self._output.on("playback_finished", self.finished.append)

    async def enter(self, room: Any) -> None:
        room.session.output.audio = self._output
        self._runner = await perform(self.stage, self._output)  # type: ignore[arg-type]

    async def aclose(self) -> None:
        await self._runner.aclose()
        await self.stage.aclose()


@pytest.fixture
async def avatar() -> AsyncIterator[Avatar]:
    avatar = Avatar(Stage())
    yield avatar
    await avatar.aclose()


async def test_every_translation_is_heard_whole_from_a_mouth_that_moves_and_the_session_is_told(
    avatar: Avatar, enter_room: Any, audio: Any
) -> None:
    lines = [audio.line(1, 0.6), audio.line(2, 0.4)]
    room = await enter_room(Behaviour(script=lines, silence_ms=200))
    await avatar.enter(room)
    await avatar.stage.until(lambda stage: len(stage.mouths) > 2)
    assert avatar.stage.mouth == 0.0

    room.microphone.speak(audio.speech((0.2, 0.7), (1.1, 1.6), end=2.0))
    voices = b"".join(line.voices["fr"].pcm for line in lines)
    await avatar.stage.until(lambda stage: len(stage.heard) >= len(voices) and stage.mouth == 0.0)

    assert avatar.stage.heard == voices
    assert max(avatar.stage.mouths) > 0.1
    assert [event.interrupted for event in avatar.finished] == [False, False]
    positions = [event.playback_position for event in avatar.finished]
    assert positions == [pytest.approx(seconds, abs=_PADDING_SECONDS + 1e-6) for seconds in (0.6, 0.4)]
    assert (room.lost, room.errors) == ([], [])


async def test_an_interruption_stops_it_and_what_is_said_next_is_heard_whole(
    avatar: Avatar, enter_room: Any, audio: Any
) -> None:
    lines = [audio.line(1, 4.0), audio.line(2, 0.4)]
    room = await enter_room(Behaviour(script=lines, silence_ms=200))
    await avatar.enter(room)
    first, second = (line.voices["fr"].pcm for line in lines)

    room.microphone.speak(audio.speech((0.2, 0.7), end=1.2))
    await avatar.stage.until(lambda stage: len(stage.heard) > 3200)
    room.session.interrupt(force=True)
    await avatar.stage.until(lambda stage: stage.mouth == 0.0)
    room.microphone.speak(audio.speech((0.2, 0.7), end=1.2))
    await avatar.stage.until(lambda stage: stage.heard.endswith(second))

    cut = avatar.stage.heard[: -len(second)]
    assert first.startswith(cut)
    assert len(cut) < len(first)
    assert [event.interrupted for event in avatar.finished] == [True, False]
    # It counts what it has handed to the room, which is heard all the same.
    assert avatar.finished[0].playback_position == pytest.approx(len(cut) / 32000, abs=0.1)
    assert room.errors == []
