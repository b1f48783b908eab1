"""Translations that take longer than the speech: how far behind the listener is, and catching up."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
from fakes.limits import within
from fakes.room import hertz

from livekit_plugins_azure_interpreter import InterpreterAgent
from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Voice

_EVERY_SECONDS = 0.7
# After the first, the listener is so far behind that each voice has come long before its turn.
_VOICE_SECONDS = (2.5, *[0.75] * 5)
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


async def _interpret(room: Any, audio: Any, until: Any) -> list[float]:
    """Speak faster than the voices: how much later than its speech each voice was heard.

    It is counted in samples, which does not depend on how fast this machine is.
    """
    starts = [0.2 + number * _EVERY_SECONDS for number in range(len(_VOICE_SECONDS))]
    room.microphone.speak(
        audio.speech(*((start, start + 0.4) for start in starts), end=starts[-1] + _EVERY_SECONDS)
    )
    await until(lambda: room.session.current_agent.backlog_seconds > 1.0)
    await within(room.speaker.until_played(len(_VOICE_SECONDS)), 20)
    await until(lambda: room.session.current_agent.backlog_seconds == 0.0)
    heard_seconds = [len(segment) / 32000 for segment in room.speaker.segments]
    begins = accumulate(heard_seconds[:-1], initial=0.0)
    return [began - start for began, start in zip(begins, starts, strict=True)]


@pytest.mark.slow
async def test_a_listener_without_a_policy_falls_behind_and_hears_every_sample_unchanged(
    enter_room: Any, audio: Any, until: Any
) -> None:
    lines = _lines(audio)
    room = await enter_room(Behaviour(script=lines, silence_ms=200), speed=1.0)
    behind = await _interpret(room, audio, until)
    assert behind[-1] > behind[1] + 0.1
    assert room.heard([line.voices["fr"].pcm for line in lines])


@pytest.mark.slow
async def test_a_listener_with_time_stretch_catches_up_and_the_pitch_is_kept(
    enter_room: Any, audio: Any, until: Any
) -> None:
    agent = InterpreterAgent(catch_up="time_stretch")
    room = await enter_room(Behaviour(script=_lines(audio), silence_ms=200), agent=agent, speed=1.0)
    behind = await _interpret(room, audio, until)
    assert behind[-1] < behind[1] - 0.3
    # The first was not behind, and was said as it was.
    assert audio.same(room.speaker.segments[0], audio.burst(_VOICE_SECONDS[0], hertz=_HERTZ))
    for seconds, heard in zip(_VOICE_SECONDS[1:], room.speaker.segments[1:], strict=True):
        assert seconds / 1.26 < len(heard) / 32000 < seconds
        assert hertz(heard) == pytest.approx(_HERTZ, rel=0.01)
    assert (room.lost, room.errors) == ([], [])
