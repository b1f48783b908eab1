"""Speech with long pauses, of which a meeting sends no silence: it is heard as if all had been sent.

The speech is a recording, since the voice detector tells a voice from a tone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.fixtures import Until
from fakes.limits import within
from fakes.plain_room import PlainRoom
from livekit import rtc

from livekit_plugins_azure_interpreter import MeetingInterpreter
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter._meeting.room import RATE_HZ, Caption, Member
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Voice
from livekit_plugins_azure_interpreter.emulator.transport import channel

SAMPLE = Path(__file__).parents[2] / "examples" / "demo" / "sample" / "english.wav"
SPEECH_SECONDS = [(0.0, 4.0), (6.0, 9.5)]
"""Parts of the recording: two utterances, and one."""
UTTERANCES = 3
PAUSE_SECONDS = 4.0
FRAME_BYTES = RATE_HZ // 50 * 2
TIMES_FASTER = 4
"""Than speech; the SDK sends its first 5 s at once, and what comes later at twice that pace at least."""


def speech() -> bytes:
    """The parts, with a pause after each."""
    pcm = Voice.from_wav(SAMPLE).pcm
    parts = [pcm[round(start * RATE_HZ) * 2 : round(end * RATE_HZ) * 2] for start, end in SPEECH_SECONDS]
    return b"".join(part + bytes(round(PAUSE_SECONDS * RATE_HZ) * 2) for part in parts)


class Room(PlainRoom):
    """Alice speaks once, and bob listens in French.

    Attributes:
        read: The originals that bob read, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def members(self) -> list[Member]:
        alice = Member("alice", {"language": "en"}, publishes=True, tracks=("mic",))
        return [alice, Member("bob", {"language": "fr"})]

    async def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        pcm, loop = speech(), asyncio.get_running_loop()
        due_at = loop.time()
        for at in range(0, len(pcm), FRAME_BYTES):
            frame = rtc.AudioFrame(pcm[at : at + FRAME_BYTES], RATE_HZ, 1, FRAME_BYTES // 2)
            due_at += frame.duration / TIMES_FASTER
            await asyncio.sleep(due_at - loop.time())
            yield frame

    async def caption(self, caption: Caption) -> None:
        if caption.final and caption.original:
            self.read.append(caption.text)


class Interpreted:
    """What became of the speech: the emulator gives the speaker's own samples back as its voice.

    Attributes:
        heard, read: As in the room.
        sent: The voices that the service sent.
        last_start_seconds: Where the last utterance begins in the audio that was sent.
        connections: How many connections there were.
    """

    def __init__(self, room: Room, emulator: Emulator) -> None:
        self.heard, self.read = room.track.heard, room.read
        self.sent = b"".join(spoken.voice.pcm for spoken in emulator.spoken)
        self.last_start_seconds = emulator.spoken[-1].start_seconds
        self.connections = emulator.connections


async def interpret(until: Until, *, skip_silence: bool) -> Interpreted:
    async with Emulator(Behaviour()) as emulator:
        room: Any = Room()
        interpreter = MeetingInterpreter(
            speech_key="any",
            speech_endpoint=emulator.endpoint,
            catch_up="none",
            skip_silence=skip_silence,
        )
        interpreter._start(room, MeetingRecording(None))
        await until(lambda: len(emulator.spoken) == UTTERANCES)
        await until(lambda: len(room.track.heard) >= sum(len(one.voice.pcm) for one in emulator.spoken))
        await within(interpreter.aclose())
        return Interpreted(room, emulator)


async def test_utterances_with_long_pauses_are_heard_whole(
    until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a service that ends each connection without audio, before the gate's sign of life comes."""
    everything = await interpret(until, skip_silence=False)
    monkeypatch.setattr(channel, "MOST_IDLE_SECONDS", 0.3)
    spoken = await interpret(until, skip_silence=True)
    assert spoken.read == everything.read
    assert spoken.heard == everything.heard == everything.sent
    assert spoken.last_start_seconds < everything.last_start_seconds - PAUSE_SECONDS / 2
    assert spoken.connections > 1
