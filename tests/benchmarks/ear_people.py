"""Two people in a room, in a process of their own: one speaks, the other hears the interpretation."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from dataclasses import asdict, dataclass, field

from livekit import rtc
from room.participant import RATE_HZ

from .sounds import SoundEdges, utterance

SPEAKER, LISTENER, INTERPRETER = "alice", "bob", "interpreter"
WARM_UP = 2
"""The first utterances of a room are not measured: its connections and jitter buffers settle."""
PERIOD_SECONDS = 2.23
"""From one utterance to the next. No multiple of 20 or 50 ms: they end anywhere in packets and frames."""
_FRAME_SECONDS = 0.01
_FRAME_BYTES = 320
_INTERPRETED_WITHIN_SECONDS = 60.0


@dataclass
class Heard:
    """What the people in the room did, in seconds of the shared clock.

    Attributes:
        said: When the frame was captured with which an utterance ends.
        heard: When the listener was handed the frame with which a sound of the interpretation begins.
    """

    said: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)


class _Listener:
    """Hears the tracks of the interpreter, and subscribes to nothing else."""

    def __init__(self, room: rtc.Room) -> None:
        self.edges = SoundEdges()
        self.is_listening = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        room.on("track_published", self._published)
        room.on("track_subscribed", self._subscribed)
        for participant in room.remote_participants.values():
            for publication in participant.track_publications.values():
                self._published(publication, participant)

    def _published(self, publication: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant) -> None:
        if who.identity == INTERPRETER:
            publication.set_subscribed(True)

    def _subscribed(self, track: rtc.Track, *_: object) -> None:
        self._tasks.add(asyncio.create_task(self._listen(track)))

    async def _listen(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, frame_size_ms=10):
            self.edges.push(event.frame.data.cast("B"), event.frame.sample_rate, time.monotonic())
            self.is_listening.set()


async def _speak(room: rtc.Room, started: asyncio.Event, utterances: int) -> list[float]:
    """Publish a microphone, which is never off; speak once `started`. Returns when utterances ended."""
    source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=0)  # as soon as a frame is captured, it is encoded
    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    said, pcm = utterance(), b""
    ends: list[float] = []
    due = began_at = time.monotonic()
    while len(ends) < utterances or time.monotonic() < ends[-1] + PERIOD_SECONDS:
        due += _FRAME_SECONDS
        await asyncio.sleep(due - time.monotonic())
        if not started.is_set():
            began_at = due
        elif not pcm and len(ends) < utterances and due >= began_at + (len(ends) + 1) * PERIOD_SECONDS:
            pcm = said
        frame, pcm, was_speaking = pcm[:_FRAME_BYTES], pcm[_FRAME_BYTES:], bool(pcm)
        if was_speaking and not pcm:
            ends.append(time.monotonic())
        await source.capture_frame(
            rtc.AudioFrame(frame.ljust(_FRAME_BYTES, b"\0"), RATE_HZ, 1, _FRAME_BYTES // 2)
        )
    return ends


async def _meet(url: str, tokens: dict[str, str], utterances: int) -> Heard:
    not_everything = rtc.RoomOptions(auto_subscribe=False)
    speaker, listener = rtc.Room(), rtc.Room()
    await speaker.connect(url, tokens[SPEAKER], not_everything)
    await listener.connect(url, tokens[LISTENER], not_everything)
    listening = _Listener(listener)
    speaking = asyncio.create_task(_speak(speaker, listening.is_listening, WARM_UP + utterances))
    waiting = asyncio.create_task(listening.is_listening.wait())
    await asyncio.wait(
        {speaking, waiting}, timeout=_INTERPRETED_WITHIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    if speaking.done():
        speaking.result()
    if not waiting.done():
        raise RuntimeError("no track of the interpreter came")
    ends = await speaking
    return Heard(ends[WARM_UP:], listening.edges.begins)


async def _report(url: str, tokens: dict[str, str], utterances: int) -> None:
    """Print what they heard, and end without the time that closing takes."""
    print(json.dumps(asdict(await _meet(url, tokens, utterances))), flush=True)
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("utterances", type=int)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    tokens = json.loads(sys.stdin.readline())  # not in the arguments, which any process can read
    asyncio.run(_report(options.url, tokens, options.utterances))
