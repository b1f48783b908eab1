"""A meeting of twelve: what it costs the browser of one of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc

from .booth import Booth

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(300)]

_OTHERS = 11
_SPEAKING = 3
_SECONDS = 10.0
_RATE_HZ = 48000
_MOST_CPU = 0.6
"""Of one core. The page must leave a telephone cool; a busy machine measures more than it needs."""


async def test_a_page_with_twelve_participants_needs_little_cpu(
    site: Any, server: Any, booth: Any, people: Any, record_property: Any
) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    others = [Booth(server, site.room, kind="standard") for _ in range(_OTHERS)]
    for number, other in enumerate(others):
        await other.join(f"guest-{number}", language="fr")
    speaking = [asyncio.create_task(_speak(other, booth, number)) for number, other in enumerate(others)]
    try:
        await alice.until("() => document.querySelectorAll('.person').length === 12")
        await alice.until("() => document.querySelectorAll('.person.speaking').length > 0")
        await alice.until("() => document.querySelectorAll('.caption').length > 5")
        seconds, wall_seconds = await _cpu(alice, _SECONDS)
        share = seconds / wall_seconds
        record_property("renderer_cpu_share", round(share, 3))
        print(f"the page needs {share:.0%} of a core with {_OTHERS + 1} participants")
        assert share < _MOST_CPU
        assert alice.problems == []
    finally:
        for task in speaking:
            task.cancel()
        await asyncio.wait(speaking)
        for other in others:
            await other.aclose()


async def _cpu(person: Any, seconds: float) -> tuple[float, float]:
    """The CPU time of the page's renderer, and how long that took, in seconds."""
    devtools = await person.page.context.new_cdp_session(person.page)
    await devtools.send("Performance.enable")

    async def measure() -> tuple[float, float]:
        metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
        values = {metric["name"]: metric["value"] for metric in metrics}
        return values["ProcessTime"], values["Timestamp"]

    cpu, at = await measure()
    await person.page.wait_for_timeout(seconds * 1000)
    cpu_after, at_after = await measure()
    return cpu_after - cpu, at_after - at


async def _speak(other: Booth, booth: Booth, number: int) -> None:
    """A microphone that is open; some speak, and are captioned twice a second."""
    source = rtc.AudioSource(_RATE_HZ, 1)
    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await other.room.local_participant.publish_track(track, options)
    is_speaking = number < _SPEAKING
    sound = bytes(960) if not is_speaking else b"".join(_tone(at) for at in range(480))
    for position in range(100_000):
        await source.capture_frame(rtc.AudioFrame(sound, _RATE_HZ, 1, 480))
        if is_speaking and position % 50 == 0:
            words = f"Sentence {position // 200}, and some more of it: {'word ' * (position % 200 // 50)}"
            segment = f"SG_{number}x{position // 200}-en"
            await booth.caption(segment, words, "en", final=position % 200 == 150)


def _tone(at: int) -> bytes:
    return int(8000 * (at % 48 - 24) / 24).to_bytes(2, "little", signed=True)
