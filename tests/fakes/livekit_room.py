"""LiveKit's room without a server: who is in it, and what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from livekit import api, rtc


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(eq=False)
class Publication:
    """A track that somebody has published; `track` is what those who subscribe to it get.

    `options` are those with which it was published, if they are known; `heard` is set while somebody has
    subscribed to it.
    """

    sid: str
    kind: int = rtc.TrackKind.KIND_AUDIO
    source: rtc.TrackSource.ValueType = rtc.TrackSource.SOURCE_MICROPHONE
    muted: bool = False
    subscribed: bool = True
    track: rtc.LocalAudioTrack | None = None
    options: rtc.TrackPublishOptions = field(default_factory=rtc.TrackPublishOptions)
    heard: asyncio.Event = field(default_factory=_set)

    async def wait_for_subscription(self) -> None:
        await self.heard.wait()

    def set_subscribed(self, subscribed: bool) -> None:
        self.subscribed = subscribed


@dataclass
class Person:
    """Somebody else in the room."""

    identity: str
    attributes: dict[str, str] = field(default_factory=dict)
    kind: int = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
    track_publications: dict[str, Publication] = field(default_factory=dict)
    state: int = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
    name: str = ""

    @property
    def sid(self) -> str:
        return f"PA_{self.identity}"

    def publish(self, *publications: Publication) -> Person:
        self.track_publications.update((one.sid, one) for one in publications)
        return self


@dataclass
class Text:
    """A text stream that was sent."""

    topic: str
    sender_identity: str
    destination_identities: Sequence[str]
    attributes: Mapping[str, str]
    text: str = ""
    closed: bool = False

    async def write(self, text: str) -> None:
        self.text += text

    async def aclose(self) -> None:
        self.closed = True


class LocalParticipant:
    """The interpreter in the room.

    Attributes:
        attributes, track_publications: As LiveKit has them.
        permissions: What was sent, each as who may subscribe to which tracks; None: everybody to all.
        texts: What was sent to be read.
        may_publish: Cleared, publishing waits.
        may_set_attributes: False: they are not set, and nothing is raised, as with a token that forbids it.
        unheard: No request is answered, as while the connection is lost.
        fails: Setting attributes raises an error.
        rpc_methods: The methods that others may call.
        rpc_answers: What others answer to a call, if it is not "ready".
        rpc_errors: How each of those who do not answer a call fails; None: never.
        rpc_calls: Who was called.
    """

    def __init__(self) -> None:
        self.identity = "interpreter"
        self.attributes: dict[str, str] = {}
        self.track_publications: dict[str, Publication] = {}
        self.permissions: list[dict[str, list[str]] | None] = []
        self.texts: list[Text] = []
        self.may_publish = asyncio.Event()
        self.may_publish.set()
        self.may_set_attributes = True
        self.unheard = False
        self.fails = False
        self.rpc_methods: dict[str, Any] = {}
        self.rpc_answers: dict[str, str] = {}
        self.rpc_errors: dict[str, rtc.RpcError | None] = {}
        self.rpc_calls: list[str] = []
        self._sids = count(1)

    async def publish_track(
        self, track: rtc.LocalAudioTrack, options: rtc.TrackPublishOptions
    ) -> Publication:
        await self.may_publish.wait()
        publication = Publication(f"TR_own_{next(self._sids)}", track=track, options=options)
        self.track_publications[publication.sid] = publication
        return publication

    async def unpublish_track(self, sid: str) -> None:
        del self.track_publications[sid]

    async def set_attributes(self, attributes: Mapping[str, str]) -> None:
        if self.unheard:
            await asyncio.Event().wait()
        if self.fails:
            raise RuntimeError("the request failed")
        if self.may_set_attributes:
            self.attributes.update(attributes)
            for name in [name for name, value in self.attributes.items() if not value]:
                del self.attributes[name]

    def set_track_subscription_permissions(
        self,
        *,
        allow_all_participants: bool,
        participant_permissions: Sequence[rtc.ParticipantTrackPermission] = (),
    ) -> None:
        allowed = {one.participant_identity: list(one.allowed_track_sids) for one in participant_permissions}
        self.permissions.append(None if allow_all_participants else allowed)

    def register_rpc_method(self, name: str, handler: object) -> None:
        self.rpc_methods[name] = handler

    async def perform_rpc(self, *, destination_identity: str, **_: object) -> str:
        self.rpc_calls.append(destination_identity)
        if destination_identity not in self.rpc_errors:
            return self.rpc_answers.get(destination_identity, "ready")
        if (error := self.rpc_errors[destination_identity]) is None:
            await asyncio.Event().wait()
        assert error is not None
        raise error

    async def stream_text(self, **options: Any) -> Text:
        self.texts.append(Text(**options))
        return self.texts[-1]


class FakeLiveKitRoom(rtc.EventEmitter[str]):
    """The room; who emits its events is the test.

    Attributes:
        connected: Whether it is.
    """

    def __init__(self, *, connected: bool = True) -> None:
        super().__init__()
        self.name = "a-room"
        self.connected = connected
        self.local_participant = LocalParticipant()
        self.remote_participants: dict[str, Person] = {}

    def isconnected(self) -> bool:
        return self.connected

    def join(self, identity: str, **attributes: str) -> Person:
        """Somebody is there; without an event."""
        self.remote_participants[identity] = Person(identity, attributes)
        return self.remote_participants[identity]


class FakeServer:
    """LiveKit's server API.

    Attributes:
        requests: What it was asked: who, which tracks, whether to subscribe.
        closed: Whether it was closed.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, list[str], bool]] = []
        self.closed = False
        self.room = self

    async def update_subscriptions(self, request: api.UpdateSubscriptionsRequest) -> None:
        tracks = list(request.track_sids)
        self.requests.append((request.room, request.identity, tracks, request.subscribe))

    async def aclose(self) -> None:
        self.closed = True
