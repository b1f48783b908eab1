"""The interpreter of a room, in a process of its own: a candidate, with stamps where sound passes."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.voice.room_io import RoomOptions
from room.participant import RATE_HZ

from livekit_plugins_azure_interpreter import InterpreterAgent, MeetingInterpreter, room_options

from .ear_people import SPEAKER
from .session import cascade_session, interpreter_session, translating_agent, worker_context
from .setup import SDK_SETTINGS
from .sounds import SoundEdges
from .stamps import RIFF_BYTES

_IN_ROOM: dict[str, Any] = {"participant_identity": SPEAKER, "close_on_disconnect": False}


@dataclass
class Passed:
    """When sounds passed the interpreter, in seconds of the shared clock.

    Attributes:
        taken: When it was handed the frame with which an utterance ends.
        given: When it captured the frame with which a voice begins.
    """

    taken: list[float] = field(default_factory=list)
    given: list[float] = field(default_factory=list)


class _Stamps:
    """Stamps what any `rtc.AudioStream` gives, and any `rtc.AudioSource` takes, in this process."""

    def __init__(self) -> None:
        self._taken, self._given = SoundEdges(), SoundEdges()

    def put_on(self) -> None:
        taken, given = self._taken, self._given
        next_frame, capture_frame = rtc.AudioStream.__anext__, rtc.AudioSource.capture_frame

        async def stamp_next(self: rtc.AudioStream) -> rtc.AudioFrameEvent:
            event = await next_frame(self)
            taken.push(event.frame.data.cast("B"), event.frame.sample_rate, time.monotonic())
            return event

        async def stamp_captured(self: rtc.AudioSource, frame: rtc.AudioFrame) -> None:
            given.push(frame.data.cast("B"), frame.sample_rate, time.monotonic())
            await capture_frame(self, frame)

        rtc.AudioStream.__anext__ = stamp_next  # type: ignore[method-assign]
        rtc.AudioSource.capture_frame = stamp_captured  # type: ignore[method-assign]

    @property
    def passed(self) -> Passed:
        return Passed(self._taken.ends, self._given.begins)


async def _floor(room: rtc.Room, service: Mapping[str, str]) -> None:
    """The bare SDK between two tracks: frames go into it as they come, and its voice out as it comes."""
    from .bare import BareStream  # noqa: PLC0415 - no other candidate loads it

    loop = asyncio.get_running_loop()
    source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=1000)
    track = rtc.LocalAudioTrack.create_audio_track("floor", source)
    await room.local_participant.publish_track(track, rtc.TrackPublishOptions())
    voice: asyncio.Queue[bytes] = asyncio.Queue()

    def voiced(audio: bytes) -> None:
        pcm = audio[RIFF_BYTES if audio.startswith(b"RIFF") else 0 :]
        loop.call_soon_threadsafe(voice.put_nowait, pcm)

    async def speak() -> None:
        while True:
            pcm = await voice.get()
            await source.capture_frame(rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // 2))

    recognizer = await BareStream.open(service["endpoint"], SDK_SETTINGS, voiced)
    microphone = rtc.AudioStream(
        await _microphone(room), sample_rate=RATE_HZ, num_channels=1, frame_size_ms=10
    )

    async def listen() -> None:
        async for event in microphone:
            recognizer.push(event.frame)

    await asyncio.gather(listen(), speak())


async def _microphone(room: rtc.Room) -> rtc.Track:
    """The speaker's track; the listener has none."""
    subscribed = asyncio.Event()
    room.on("track_subscribed", lambda *_: subscribed.set())
    while True:
        for participant in room.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.track is not None:
                    return publication.track
        await subscribed.wait()


async def _meeting(room: rtc.Room, service: Mapping[str, str]) -> None:
    await MeetingInterpreter(speech_key="any", speech_endpoint=service["endpoint"]).start(room)


async def _pair(room: rtc.Room, service: Mapping[str, str]) -> None:
    options = room_options(**_IN_ROOM)
    await _start(interpreter_session(service["endpoint"], {}), InterpreterAgent(), room, options)


async def _pair_in_long_frames(room: rtc.Room, service: Mapping[str, str]) -> None:
    options = RoomOptions(**_IN_ROOM)
    await _start(interpreter_session(service["endpoint"], {}), InterpreterAgent(), room, options)


async def _cascade(room: rtc.Room, service: Mapping[str, str]) -> None:
    session = cascade_session(service["endpoint"], service["synthesis_url"], translator_seconds=0.0)
    await _start(session, translating_agent(), room, RoomOptions(**_IN_ROOM))


async def _start(session: AgentSession[None], agent: Agent, room: rtc.Room, options: RoomOptions) -> None:
    await session.start(agent, room=room, room_options=options, record=False)


_CANDIDATES: Mapping[str, Callable[[rtc.Room, Mapping[str, str]], Awaitable[None]]] = {
    "floor": _floor,
    "meeting": _meeting,
    "pair": _pair,
    "pair in long frames": _pair_in_long_frames,
    "cascade": _cascade,
}


async def _work(kind: str, url: str, service: Mapping[str, str], token: str) -> None:
    """Interpret until the input ends, and print the stamps. Closing takes time that nobody measures."""
    stamps = _Stamps()
    stamps.put_on()
    room = rtc.Room()
    await room.connect(url, token)
    async with worker_context(room):
        working = asyncio.ensure_future(_CANDIDATES[kind](room, service))
        ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
        await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
        await ended
        print(json.dumps(asdict(stamps.passed)), flush=True)
        os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=_CANDIDATES)
    parser.add_argument("url")
    parser.add_argument("service", type=json.loads)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    token = sys.stdin.readline().strip()
    asyncio.run(_work(options.kind, options.url, options.service, token))
