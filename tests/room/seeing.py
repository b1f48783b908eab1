"""What a participant sees of the face of an avatar."""

from __future__ import annotations

import asyncio

from fakes.stage import Audience
from livekit import rtc

from .participant import Participant


class Eyes(Audience):
    """Watches the avatar's face.

    Args:
        participant: Whose eyes they are.
    """

    def __init__(self, participant: Participant) -> None:
        super().__init__()
        participant.room.on("track_subscribed", self._subscribed)

    def _subscribed(self, track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_VIDEO:
            self._watching.append(asyncio.create_task(self._watch(track)))
