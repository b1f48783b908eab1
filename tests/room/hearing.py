"""What a participant hears of a track must be certain voices: whole, in order, once, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from .comparing import find_voice, loud_seconds
from .participant import RATE_HZ, Participant

_SOUND_TOLERANCE = 0.1
"""Soft sounds may pass the threshold of what is loud before Opus, and not after."""
_OVER_SECONDS = 0.8
"""Longer than a pause within a voice, or between two that wait for one another."""


async def assert_heard(
    listener: Participant, track: str, voices: Sequence[bytes], *, more_before: bool = False
) -> bytes:
    """Listen until these voices (16 bit mono PCM at RATE_HZ) should be over, and compare; what was heard.

    What was heard until then is forgotten afterwards: the next call is about what comes next.
    `more_before`: what was heard before them does not count.
    """
    ear = await listener.ear(track)
    expected = sum(loud_seconds(voice, RATE_HZ) for voice in voices)

    def quiet() -> bool:
        return ear.loud_seconds >= (1 - _SOUND_TOLERANCE) * expected and ear.quiet_seconds >= _OVER_SECONDS

    with contextlib.suppress(asyncio.TimeoutError):  # what is missing is told below
        await listener.until(quiet)
    heard, loud, disturbed = bytes(ear.pcm), ear.loud_seconds, await ear.disturbed_seconds()
    await ear.forget()

    found = [find_voice(heard, voice, RATE_HZ, disturbed_seconds=disturbed) for voice in voices]
    story = f"{listener.identity} heard {loud:.2f} s of {expected:.2f} s: {found}"
    assert all(one.whole for one in found), story
    starts = [one.start_seconds for one in found]
    assert starts == sorted(starts), story
    assert more_before or loud <= (1 + _SOUND_TOLERANCE) * expected + disturbed, story
    return heard
