"""An interpreter of whom a test decides what it says: an agent in the room, without Azure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

from fakes.limits import within
from livekit import api, rtc
from room.server import Server


class Booth:
    """Somebody in the room whom the LiveKit server calls an agent, or, for a forger, a person like others."""

    def __init__(self, server: Server, room: str, *, kind: str = "agent") -> None:
        self.room = rtc.Room()
        self._server, self._name, self._kind = server, room, kind

    async def join(self, identity: str = "interpreter", name: str = "", **attributes: object) -> None:
        grants = api.VideoGrants(room_join=True, room=self._name, can_update_own_metadata=True)
        token = api.AccessToken(self._server.key, self._server.secret).with_identity(identity).with_name(name)
        token = token.with_grants(grants).with_kind(self._kind).with_ttl(timedelta(minutes=10))  # type: ignore[arg-type]
        await within(self.room.connect(self._server.url, token.with_attributes(_texts(attributes)).to_jwt()))

    async def tell(self, attributes: Mapping[str, object]) -> None:
        """Set attributes; what is no text becomes JSON."""
        await within(self.room.local_participant.set_attributes(_texts(attributes)))

    async def caption(
        self, segment: str, words: str, language: str, *, speaker: str = "", final: bool = True, **more: str
    ) -> None:
        """Send a caption: of a speaker's own words, or a translation."""
        local = self.room.local_participant
        final_text = "true" if final else "false"
        attributes = {"lk.segment_id": segment, "lk.transcription_final": final_text, "language": language}
        writer = await within(
            local.stream_text(
                topic="lk.transcription",
                sender_identity=speaker or local.identity,
                attributes={**attributes, **more},
            )
        )
        await within(writer.write(words))
        await within(writer.aclose())

    async def show_face(self, behalf: str) -> rtc.VideoSource:
        """Publish a picture in the name of somebody else, as an avatar does."""
        await self.tell({"lk.publish_on_behalf": behalf})
        source = rtc.VideoSource(64, 48)
        track = rtc.LocalVideoTrack.create_video_track("face", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA)
        await within(self.room.local_participant.publish_track(track, options))
        return source

    async def aclose(self) -> None:
        await within(self.room.disconnect())


def _texts(attributes: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()
    }


async def gather_guests(server: Server, room: str) -> AsyncIterator[None]:
    """Jean, who speaks French, and María, who speaks Spanish, are in the room."""
    guests = {"jean": ("Jean", "fr"), "maria": ("María", "es")}
    booths = [Booth(server, room, kind="standard") for _ in guests]
    for booth, (identity, (name, language)) in zip(booths, guests.items(), strict=True):
        await booth.join(identity, name, language=language)
    yield
    for booth in booths:
        await booth.aclose()
