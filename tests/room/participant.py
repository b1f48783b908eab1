"""Somebody in a room: publishes recordings as they are spoken, and keeps all that is heard and read."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fakes.limits import within
from livekit import rtc
from livekit.agents.types import (
    ATTRIBUTE_TRANSCRIPTION_FINAL,
    ATTRIBUTE_TRANSCRIPTION_TRACK_ID,
    TOPIC_TRANSCRIPTION,
)
from livekit.rtc.data_stream import StreamError

from .comparing import loud_seconds
from .server import Server
from .stalls import Stalls

RATE_HZ = 16000
_WEBRTC_RATE_HZ = 48000
_FRAME_BYTES = 2 * RATE_HZ // 10
_HEARD_MS = 50
"""How much is heard at a time: dozens of tracks in frames of 10 ms would keep one process busy."""
_AHEAD_MS = 500
"""What is captured ahead: a busy machine then makes no gap in the speech."""


@dataclass(frozen=True)
class Caption:
    """A LiveKit transcription that came, whole.

    Attributes:
        speaker: Whose track it is of; empty: of no track that is in the room.
        text: What it says.
        attributes: Of the transcription.
    """

    speaker: str
    text: str
    attributes: Mapping[str, str]

    @property
    def final(self) -> bool:
        return self.attributes.get(ATTRIBUTE_TRANSCRIPTION_FINAL) == "true"


class Ear:
    """All that was heard of one track, from its subscription on.

    Attributes:
        track: What is listened to.
        name: The track's name.
        speaker: The identity of who publishes it.
        pcm: 16 bit mono PCM at RATE_HZ.
        loud_seconds: How much of it was sound.
        quiet_seconds: How long ago the last sound was.
    """

    def __init__(
        self, track: rtc.Track, speaker: rtc.RemoteParticipant, stalls: Stalls, came: Callable[[], None]
    ) -> None:
        self.name, self.speaker = track.name, speaker.identity
        self._stalls = stalls
        self.track = track
        self._disturbed_before = stalls.seconds
        self._begin()
        self._stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=_HEARD_MS)
        self._came = came
        self._listening = asyncio.create_task(self._listen())

    async def forget(self) -> None:
        """Begin anew, with what is heard next."""
        self._disturbed_before += await self.disturbed_seconds()
        self._begin()

    async def disturbed_seconds(self) -> float:
        """How much of the sound a busy machine may have spoilt.

        What WebRTC itself says that it left out or made up since packets came too late, and how long this
        process, which also publishes, was held up.
        """
        total = 0
        for stats in await self.track.get_stats():
            if stats.HasField("inbound_rtp"):
                inbound = stats.inbound_rtp.inbound
                total += inbound.concealed_samples - inbound.silent_concealed_samples
                total += inbound.inserted_samples_for_deceleration + inbound.removed_samples_for_acceleration
        disturbed = total / _WEBRTC_RATE_HZ + self._stalls.seconds
        return max(0.0, disturbed - self._disturbed_before)

    def _begin(self) -> None:
        self.pcm = bytearray()
        self.loud_seconds = self.quiet_seconds = 0.0

    async def _listen(self) -> None:
        async for event in self._stream:
            pcm = bytes(event.frame.data)
            self.pcm += pcm
            if loud := loud_seconds(pcm, RATE_HZ):
                self.loud_seconds += loud
                self.quiet_seconds = 0.0
            else:
                self.quiet_seconds += event.frame.duration
            self._came()

    def end(self) -> None:
        """The track is gone: nothing more can be heard."""
        self.quiet_seconds = math.inf
        self._came()

    async def aclose(self) -> None:
        self._listening.cancel()
        await asyncio.wait({self._listening})
        await self._stream.aclose()


class Participant:
    """A LiveKit client.

    Args:
        server: Where to be let in.
        identity: LiveKit's name for them.
        stalls: What may spoil what they hear.
        deaf: Subscribe, as every client does, but do not listen.

    Attributes:
        tracks: (who publishes it, its name) of each track that was subscribed to, in order; a track that
            is published again, after a reconnect, is here again.
        ears: One for each of these.
        captions: Every transcription, in order of its end.
        events: The names of the room's events of connection, in order.
    """

    def __init__(self, server: Server, identity: str, stalls: Stalls, *, deaf: bool = False) -> None:
        self.identity = identity
        self.tracks: list[tuple[str, str]] = []
        self.ears: list[Ear] = []
        self.captions: list[Caption] = []
        self.events: list[str] = []
        self.room = rtc.Room()
        self._server, self._stalls = server, stalls
        self._deaf = deaf
        self._sources: dict[str, rtc.AudioSource] = {}
        self._changed = asyncio.Event()
        self._reading: set[asyncio.Task[None]] = set()
        self.room.on("track_subscribed", self._subscribed)
        self.room.on("track_unsubscribed", self._unsubscribed)
        for event in (
            "participant_connected",
            "participant_attributes_changed",
            "track_published",
            "track_unpublished",
        ):
            self.room.on(event, lambda *_: self._changed.set())
        for name in ("disconnected", "reconnecting", "reconnected"):
            self.room.on(name, lambda *_, name=name: self._happened(name))
        self.room.register_text_stream_handler(TOPIC_TRANSCRIPTION, self._transcribed)

    async def join(
        self, room: str, attributes: Mapping[str, str] | None = None, *, subscribe: bool = True, **grants: Any
    ) -> None:
        token = self._server.token(self.identity, room, attributes, **grants)
        options = rtc.RoomOptions(auto_subscribe=subscribe)
        await within(self.room.connect(self._server.url, token, options))

    async def leave(self) -> None:
        await within(self.room.disconnect())

    async def publish(self) -> rtc.LocalTrackPublication:
        """Switch the microphone on; silent until something is said."""
        return await self._publish("microphone", rtc.TrackSource.SOURCE_MICROPHONE)

    async def share_screen(self) -> None:
        """Share a screen with its sound; silent until something is played."""
        await self._publish("screen", rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)

    async def say(self, pcm: bytes) -> None:
        """Speak a recording (16 bit mono PCM at RATE_HZ), as long as that takes."""
        await self._play("microphone", pcm)

    async def show_film(self, pcm: bytes) -> None:
        """A film plays in the shared screen, as long as that takes."""
        await self._play("screen", pcm)

    async def _publish(self, name: str, kind: rtc.TrackSource.ValueType) -> rtc.LocalTrackPublication:
        source = self._sources[name] = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=_AHEAD_MS)
        track = rtc.LocalAudioTrack.create_audio_track(name, source)
        options = rtc.TrackPublishOptions(source=kind)
        return await within(self.room.local_participant.publish_track(track, options))

    async def _play(self, name: str, pcm: bytes) -> None:
        source = self._sources[name]
        for at in range(0, len(pcm), _FRAME_BYTES):
            part = pcm[at : at + _FRAME_BYTES]
            await source.capture_frame(rtc.AudioFrame(part, RATE_HZ, 1, len(part) // 2))
        await source.wait_for_playout()

    async def republish(self) -> None:
        """Switch the microphone off and on again: it is another track."""
        local = self.room.local_participant
        for publication in list(local.track_publications.values()):
            await within(local.unpublish_track(publication.sid))
        await self._sources["microphone"].aclose()
        await self.publish()

    async def call(self, identity: str, method: str) -> str:
        """Call somebody's RPC method without a payload, and wait for the answer."""
        local = self.room.local_participant
        return await within(local.perform_rpc(destination_identity=identity, method=method, payload=""))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something heard or read, or who is there with which attributes, makes this true."""

        async def wait() -> None:
            while not condition():
                self._changed.clear()
                await self._changed.wait()

        await within(wait())

    async def ear(self, name: str) -> Ear:
        """The latest track of that name, once there is one."""

        await self.until(lambda: self.ears_of(name))
        return self.latest(name)

    def ears_of(self, name: str) -> list[Ear]:
        """One for each track of that name, in order."""
        return [ear for ear in self.ears if ear.name == name]

    def latest(self, name: str) -> Ear:
        """The latest track of that name."""
        return self.ears_of(name)[-1]

    def read_of(self, speaker: str) -> list[str]:
        """The captions of somebody's tracks, those that are final."""
        return [caption.text for caption in self.captions if caption.final and caption.speaker == speaker]

    async def read(self, speaker: str, count: int) -> list[str]:
        """The same, once there are so many."""
        await self.until(lambda: len(self.read_of(speaker)) >= count)
        return self.read_of(speaker)

    async def aclose(self) -> None:
        await self.leave()
        for ear in self.ears:
            await within(ear.aclose())
        for reading in self._reading:
            reading.cancel()
        for source in self._sources.values():
            await source.aclose()

    def _subscribed(
        self, track: rtc.Track, _: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant
    ) -> None:
        if track.kind != rtc.TrackKind.KIND_AUDIO:
            return
        self.tracks.append((who.identity, track.name))
        if not self._deaf:
            self.ears.append(Ear(track, who, self._stalls, self._changed.set))
        self._changed.set()

    def _unsubscribed(self, track: rtc.Track, *_: object) -> None:
        for ear in self.ears:
            if ear.track is track:
                ear.end()

    def _transcribed(self, reader: rtc.TextStreamReader, _: str) -> None:
        async def read() -> None:
            try:
                text = await reader.read_all()
            except StreamError:
                return  # the connection ended amid it
            attributes = dict(reader.info.attributes or {})
            speaker = self._publisher(attributes.get(ATTRIBUTE_TRANSCRIPTION_TRACK_ID, ""))
            self.captions.append(Caption(speaker, text, attributes))
            self._changed.set()

        reading = asyncio.create_task(read())
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    def _publisher(self, track_sid: str) -> str:
        people = (self.room.local_participant, *self.room.remote_participants.values())
        return next((one.identity for one in people if track_sid in one.track_publications), "")

    def _happened(self, name: str) -> None:
        self.events.append(name)
        self._changed.set()


class Guest(Participant):
    """Somebody who has a token of the page."""

    def __init__(self, server: Server, token: str, stalls: Stalls) -> None:
        super().__init__(server, "", stalls)
        self.token = token

    async def enter(self) -> None:
        await within(self.room.connect(self._server.url, self.token))
        self.identity = self.room.local_participant.identity
