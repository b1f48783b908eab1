"""Implements the room port of `room.py` on a LiveKit room."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

from livekit import api, rtc
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS
from livekit.agents.types import (
    ATTRIBUTE_PUBLISH_ON_BEHALF,
    ATTRIBUTE_TRANSCRIPTION_FINAL,
    ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID,
    ATTRIBUTE_TRANSCRIPTION_TRACK_ID,
    TOPIC_TRANSCRIPTION,
)

from .._livekit_private import OwnAudioStream
from .._options.languages import in_own_spelling
from .._sound.voice_track import voice_track_options
from ..log import logger
from .original_subscriptions import Listener, Originals, OriginalSubscriptions
from .output_track import QUEUE_MS, OutputTrack
from .participant_attributes import ParticipantAttributes
from .planner import Route
from .returning_members import ReturningMembers
from .room import FRAME_MS, RATE_HZ, Caption, Member
from .track_permissions import TrackPermissions

ATTRIBUTE_INTERPRETATION = "interpretation."
"""Followed by the sid of a track: the participant attribute that describes the track."""
ATTRIBUTE_READY = "interpreter"
"""The interpreter sets it to "ready" at its start: a room without it has no interpreter."""
ATTRIBUTE_REFUSED = "interpretation_refused."
"""Followed by an identity: the participant attribute that says why their request is refused."""
ATTRIBUTE_LANGUAGE = "language"
"""An attribute of a caption's text stream: the language of the text."""
ATTRIBUTE_TRANSLATED = "translated"
"""An attribute of a caption: "true" if it is a translation. LiveKit's own translation client looks for it."""
ATTRIBUTE_SPOKEN = "spoken"
"""An attribute of a caption: "false" if its voice is not heard, because it would come too late."""
ATTRIBUTE_MISSING_SECONDS = "missing_seconds"
"""An attribute of a caption: how much speech was not recognized."""

MICROPHONES: tuple[rtc.TrackSource.ValueType, ...] = (rtc.TrackSource.SOURCE_MICROPHONE,)

_CHANGES: tuple[rtc.room.EventTypes, ...] = (
    "participant_connected",
    "participant_active",
    "participant_disconnected",
    "participant_attributes_changed",
    "track_published",
    "track_unpublished",
    "track_subscribed",
    "track_unsubscribed",
    "track_muted",
    "track_unmuted",
)


class LiveKitRoom:
    """Implements the port of `room.py` on a connected room.

    LiveKit's track subscription permissions enforce the listeners of each track. The publisher of a track
    may set them: no API key is needed. Everybody can subscribe to other tracks of the same participant.

    Args:
        room: The connected room.
        track_sources: The sources of audio tracks that carry speech.
        with_agents: Other agents take part like people; interpreters never do.
        server: The server's API, which `replace` needs; `aclose` closes it.
    """

    def __init__(
        self,
        room: rtc.Room,
        track_sources: Collection[rtc.TrackSource.ValueType] = MICROPHONES,
        *,
        with_agents: bool = False,
        server: api.LiveKitAPI | None = None,
    ) -> None:
        self._room = room
        self._track_sources = track_sources
        self._with_agents = with_agents
        self._ignored: set[str] = set()
        self._local = room.local_participant
        self._outputs: list[OutputTrack] = []
        self._listeners: Mapping[Route, frozenset[str]] = {}
        self._handlers: list[tuple[rtc.room.EventTypes, Callable[..., None]]] = []
        self._subscription = asyncio.Event()
        self._refused: set[str] = set()
        self._attributes = ParticipantAttributes(room)
        self._permissions = TrackPermissions(self._permit)
        self._returning = ReturningMembers()
        self._server = server
        self._originals = None if server is None else OriginalSubscriptions(self._subscribe)

    @property
    def is_connected(self) -> bool:
        return self._room.isconnected() and not self._returning.is_lost

    def watch(self, changed: Callable[[], None], closed: Callable[[], None]) -> None:
        for event in _CHANGES:
            self._on(event, lambda *_: None if self._returning.is_lost else changed())
        self._on("reconnecting", lambda *_: self._lost())
        self._on("reconnected", lambda *_: self._restored(changed))
        self._on("participant_connected", lambda *_: self._returning.came(self._room.remote_participants))
        self._on("disconnected", lambda *_: closed())
        self._on("track_subscribed", lambda *_: self._subscribed())
        self._on("participant_connected", lambda *_: self._permissions.changed())
        self._on("local_track_published", lambda *_: self._permissions.changed())
        self._on("local_track_republished", self._republished)
        # Set before the first track, so that nobody hears a track before its listeners are set.
        self._permissions.changed()
        self._attributes.set({ATTRIBUTE_READY: "ready"})

    def members(self) -> Sequence[Member]:
        present = self._present()
        # A member who comes back later than the interpreter has not left: speech for them waits.
        return [*present, *self._returning.absent({member.identity for member in present})]

    def _present(self) -> list[Member]:
        return [
            self._member(participant)
            for participant in self._room.remote_participants.values()
            if self._takes_part(participant)
        ]

    def _takes_part(self, participant: rtc.RemoteParticipant) -> bool:
        if ATTRIBUTE_PUBLISH_ON_BEHALF in participant.attributes:
            return False
        if participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            return self._with_agents and ATTRIBUTE_READY not in participant.attributes
        return participant.kind in DEFAULT_PARTICIPANT_KINDS

    async def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        heard: rtc.Track | None = None
        while True:
            # After a reconnect it goes on in another one.
            heard = await self._track(track, other_than=heard)
            stream = OwnAudioStream(heard, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=FRAME_MS)
            try:
                async for event in stream:
                    yield event.frame
            finally:
                await stream.aclose()

    async def publish(self, route: Route, sample_rate: int) -> OutputTrack:
        publishing = asyncio.create_task(self._publish(route, sample_rate))
        try:
            return await asyncio.shield(publishing)
        except asyncio.CancelledError:
            with contextlib.suppress(rtc.participant.PublishTrackError):
                await (await publishing).aclose()  # LiveKit still publishes it
            raise

    async def _publish(self, route: Route, sample_rate: int) -> OutputTrack:
        source = rtc.AudioSource(sample_rate, 1, queue_size_ms=QUEUE_MS)
        track = rtc.LocalAudioTrack.create_audio_track(route.name, source)
        publication = await self._local.publish_track(track, voice_track_options())
        output = OutputTrack(route, source, publication, self._until_audible, self._unpublish)
        self._outputs.append(output)
        self._permissions.changed()
        self._describe(output)
        return output

    async def _unpublish(self, output: OutputTrack) -> None:
        self._outputs.remove(output)
        if not self._room.isconnected():
            return
        sid = output.publication.sid
        self._attributes.set({f"{ATTRIBUTE_INTERPRETATION}{sid}": ""})
        await self._local.unpublish_track(sid)

    def admit(self, listeners: Mapping[Route, frozenset[str]]) -> None:
        self._listeners = dict(listeners)
        self._permissions.changed()

    def replace(self, listeners: Mapping[str, frozenset[str]]) -> None:
        assert self._originals is not None
        people = self._room.remote_participants
        tracks = {
            name: frozenset(one.sid for one in self._speech(who))
            for name, who in people.items()
            if self._takes_part(who)
        }
        everything = frozenset[str]().union(*tracks.values())
        originals = {}
        for name, who in people.items():
            if who.state != rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE:
                continue  # the server subscribes them to everything when they are
            replaced = (tracks.get(speaker, ()) for speaker, these in listeners.items() if name in these)
            originals[Listener(name, who.sid)] = Originals(everything, frozenset[str]().union(*replaced))
        self._originals.replace(originals)

    async def _subscribe(self, identity: str, tracks: Sequence[str], subscribe: bool) -> None:
        assert self._server is not None
        await self._server.room.update_subscriptions(
            api.UpdateSubscriptionsRequest(
                room=self._room.name, identity=identity, track_sids=tracks, subscribe=subscribe
            )
        )

    def refuse(self, reasons: Mapping[str, str]) -> None:
        gone = dict.fromkeys(self._refused - reasons.keys(), "")
        self._refused = set(reasons)
        told = {**reasons, **gone}
        self._attributes.set({f"{ATTRIBUTE_REFUSED}{identity}": reason for identity, reason in told.items()})

    def tell(self, attributes: Mapping[str, str]) -> None:
        self._attributes.set(attributes)

    async def caption(self, caption: Caption) -> None:
        await self._returning.wait_for(lambda: caption.readers)
        attributes = self._caption_attributes(caption)
        for language, readers in self._readers_by_spelling(caption).items():
            writer = await self._local.stream_text(
                topic=TOPIC_TRANSCRIPTION,
                sender_identity=caption.speaker if caption.original else self._local.identity,
                destination_identities=sorted(readers),
                attributes={**attributes, ATTRIBUTE_LANGUAGE: language},
            )
            await writer.write(caption.text)
            await writer.aclose()

    def _caption_attributes(self, caption: Caption) -> dict[str, str]:
        """Those that are the same for all readers."""
        attributes = {
            ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID: caption.id,
            ATTRIBUTE_TRANSCRIPTION_FINAL: "true" if caption.final else "false",
        }
        if not caption.original:
            attributes[ATTRIBUTE_TRANSLATED] = "true"
        if not caption.spoken:
            attributes[ATTRIBUTE_SPOKEN] = "false"
        if caption.missing_seconds:
            attributes[ATTRIBUTE_MISSING_SECONDS] = f"{caption.missing_seconds:.1f}"
        if track := self._captioned_track(caption):
            attributes[ATTRIBUTE_TRANSCRIPTION_TRACK_ID] = track
        return attributes

    def _readers_by_spelling(self, caption: Caption) -> dict[str, set[str]]:
        """The readers of a caption, by its language as they write it.

        LiveKit's own translation client shows a caption only if its language is the very text of the
        listener's attribute.
        """
        by_spelling: dict[str, set[str]] = {}
        for identity in caption.readers:
            reader = None if caption.original else self._room.remote_participants.get(identity)
            written = "" if reader is None else reader.attributes.get(ATTRIBUTE_LANGUAGE, "")
            by_spelling.setdefault(in_own_spelling(caption.language, written), set()).add(identity)
        return by_spelling

    async def aclose(self) -> None:
        for event, handler in self._handlers:
            self._room.off(event, handler)
        self._handlers.clear()
        self._permissions.close()
        self._returning.expect_nobody()
        await asyncio.gather(self._attributes.clear(), self._restore_originals())
        if self._room.isconnected():
            self._local.set_track_subscription_permissions(allow_all_participants=True)

    async def _restore_originals(self) -> None:
        if self._originals is None or self._server is None:
            return
        await (self._originals.aclose() if self._room.isconnected() else self._originals.stop())
        await self._server.aclose()

    def _on(self, event: rtc.room.EventTypes, handler: Callable[..., None]) -> None:
        self._room.on(event, handler)
        self._handlers.append((event, handler))

    # The connection

    def _lost(self) -> None:
        # Meanwhile everybody seems to leave. LiveKit would publish tracks again that were given up now.
        if not self._returning.is_lost:
            self._returning.lost(self._present())
            for output in self._outputs:
                output.lost()

    def _restored(self, changed: Callable[[], None]) -> None:
        self._returning.restored(self._room.remote_participants.keys(), gone=changed)
        self._permissions.changed()
        self._attributes.set_again()
        changed()

    async def _until_audible(self, route: Route) -> None:
        """Wait while the connection is lost, and for the listeners of a route after it."""
        await self._returning.wait_for(lambda: self._listeners.get(route, frozenset()))

    # The tracks of others

    def _member(self, participant: rtc.RemoteParticipant) -> Member:
        speech = self._speech(participant)
        return Member(
            participant.identity,
            participant.attributes,
            publishes=bool(speech),
            tracks=tuple(one.sid for one in speech if not one.muted),
            is_agent=participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
            participant=participant,
            name=participant.name,
        )

    def _speech(self, participant: rtc.RemoteParticipant) -> list[rtc.RemoteTrackPublication]:
        """The tracks that carry somebody's speech; the sound of a shared screen is not their speech."""
        speech = []
        voices = self._voices(participant)
        for publication in [one for voice in voices for one in voice.track_publications.values()]:
            if publication.kind != rtc.TrackKind.KIND_AUDIO:
                continue
            if publication.source in self._track_sources:
                speech.append(publication)
            else:
                self._report_ignored(participant, publication)
        return speech

    def _voices(self, participant: rtc.RemoteParticipant) -> list[rtc.RemoteParticipant]:
        """Who speaks for a participant: they, and an avatar of theirs."""
        others = self._room.remote_participants.values()
        avatars = (
            one for one in others if one.attributes.get(ATTRIBUTE_PUBLISH_ON_BEHALF) == participant.identity
        )
        return [participant, *avatars]

    def _report_ignored(
        self, participant: rtc.RemoteParticipant, publication: rtc.RemoteTrackPublication
    ) -> None:
        if publication.sid not in self._ignored:
            self._ignored.add(publication.sid)
            logger.info(
                "the audio track %s of %r is not interpreted: its source is %s; "
                "the argument track_sources of MeetingInterpreter names those that are",
                publication.sid,
                participant.identity,
                rtc.TrackSource.Name(publication.source),
            )

    async def _track(self, sid: str, *, other_than: rtc.Track | None) -> rtc.Track:
        while True:
            publication = self._publication(sid)
            track = publication.track if publication is not None else None
            if track is not None and track is not other_than:
                return track
            if publication is not None and not publication.subscribed:
                # The room may have been connected without automatic subscription.
                publication.set_subscribed(True)
            await self._subscription.wait()

    def _publication(self, sid: str) -> rtc.RemoteTrackPublication | None:
        participants = self._room.remote_participants.values()
        return next((found for one in participants if (found := one.track_publications.get(sid))), None)

    def _subscribed(self) -> None:
        self._subscription.set()
        self._subscription = asyncio.Event()

    # The tracks of the interpreter

    def _describe(self, output: OutputTrack) -> None:
        what = json.dumps({"speaker": output.route.speaker, "language": output.route.language})
        self._attributes.set({f"{ATTRIBUTE_INTERPRETATION}{output.publication.sid}": what})

    def _republished(self, publication: rtc.LocalTrackPublication, previous_sid: str) -> None:
        """After a reconnect a track has another sid."""
        self._permissions.changed()
        self._attributes.set({f"{ATTRIBUTE_INTERPRETATION}{previous_sid}": ""})
        for output in self._outputs:
            if output.publication is publication:
                self._describe(output)

    def _permit(self) -> None:
        if not self._room.isconnected():
            return
        ours = {output.publication.sid: output.route for output in self._outputs}
        others = [sid for sid in self._local.track_publications if sid not in ours]
        permissions = [
            rtc.ParticipantTrackPermission(
                participant_identity=identity,
                allowed_track_sids=[
                    *others,
                    *(sid for sid, route in ours.items() if identity in self._listeners.get(route, ())),
                ],
            )
            for identity in self._room.remote_participants
        ]
        self._local.set_track_subscription_permissions(
            allow_all_participants=False, participant_permissions=permissions
        )

    def _captioned_track(self, caption: Caption) -> str:
        if not caption.original:
            route = Route(caption.speaker, caption.language)
            return next((one.publication.sid for one in self._outputs if one.route == route), "")
        speaker = self._room.remote_participants.get(caption.speaker)
        return next((one.sid for one in self._speech(speaker)), "") if speaker is not None else ""
