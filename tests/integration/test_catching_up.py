"""Translations that take longer than the speech: how far behind the listener is, and catching up."""

from __future__ import annotations

import asyncio
import time
from itertools import accumulate
from typing import Any

import pytest
from fakes.room import hertz, within

from livekit_plugins_azure_interpreter import InterpreterAgent
from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Voice

_EVERY_SECONDS = 1.2
_VOICE_SECONDS = (2.5, *[1.3] * 5)
_HERTZ = 440.0


def _lines(audio: Any) -> list[Line]:
    return [
        Line(
            f"sentence {number}",
            translations={"fr": f"phrase {number}"},
            voices={"fr": Voice(audio.burst(seconds, hertz=_HERTZ))},
        )
        for number, seconds in enumerate(_VOICE_SECONDS, 1)
    ]


async def _interpret(room: Any, audio: Any) -> tuple[list[float], list[float]]:
    """Speak faster than the voices: how late each voice began, and the backlog as each had come."""
    recognized_at, began_at, backlogs = list[float](), list[float](), list[float]()
    room.stt.on("utterance_recognized", lambda _: recognized_at.append(time.monotonic()))
    room.speaker.on("playback_started", lambda _: began_at.append(time.monotonic()))
    starts = [0.2 + number * _EVERY_SECONDS for number in range(len(_VOICE_SECONDS))]
    bursts = [(start, start + 0.5) for start in starts]
    room.microphone.speak(audio.speech(*bursts, end=starts[-1] + 1.2))

    async def measure() -> None:
        for came in accumulate(_VOICE_SECONDS):
            while room.stt._translations.ledgers[0]._voiced_seconds < came - 0.01:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            backlogs.append(room.session.current_agent.backlog_seconds)

    await within(measure(), 20)
    await within(room.speaker.until_played(len(_VOICE_SECONDS)), 20)
    late = [began - said for began, said in zip(began_at, recognized_at, strict=True)]
    return late, backlogs


async def test_without_a_policy_the_backlog_grows_and_every_sample_is_as_it_was(
    enter_room: Any, audio: Any
) -> None:
    lines = _lines(audio)
    room = await enter_room(Behaviour(script=lines, silence_ms=200), speed=1.0)
    late, backlogs = await _interpret(room, audio)
    assert late[-1] > late[1] + 0.2
    assert backlogs[-1] > backlogs[1] + 0.2
    assert room.heard([line.voices["fr"].pcm for line in lines])
    assert room.session.current_agent.backlog_seconds == pytest.approx(0.0, abs=0.1)


async def test_with_time_stretch_it_shrinks_and_the_pitch_is_kept(enter_room: Any, audio: Any) -> None:
    agent = InterpreterAgent(catch_up="time_stretch")
    room = await enter_room(Behaviour(script=_lines(audio), silence_ms=200), agent=agent, speed=1.0)
    late, backlogs = await _interpret(room, audio)
    assert late[-1] < late[1] - 0.3
    assert backlogs[-1] < backlogs[1] - 0.3
    # The first was not behind, and was said as it was.
    assert audio.same(room.speaker.segments[0], audio.burst(_VOICE_SECONDS[0], hertz=_HERTZ))
    for seconds, heard in zip(_VOICE_SECONDS[1:], room.speaker.segments[1:], strict=True):
        assert seconds / 1.26 < len(heard) / 32000 < seconds
        assert hertz(heard) == pytest.approx(_HERTZ, rel=0.01)
    assert (room.lost, room.errors) == ([], [])
