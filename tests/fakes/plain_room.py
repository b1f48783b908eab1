"""The least of a room: whoever needs more of it overrides that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from livekit import rtc

from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.room import Caption, Output


class PlainTrack:
    """The `Output` of `_meeting/room.py`: it plays everything at once.

    Attributes:
        heard: All that was played, as PCM.
    """

    def __init__(self) -> None:
        self.heard = b""

    async def play(self, frame: rtc.AudioFrame) -> None:
        self.heard += bytes(frame.data)

    async def played(self) -> None:
        pass

    def unheard(self) -> Sequence[rtc.AudioFrame]:
        return ()

    async def aclose(self) -> None:
        pass


class PlainRoom:
    """The `Room` of `_meeting/room.py`, but for who is in it and what they say: `members` and `listen`.

    Attributes:
        track: The one track that carries every voice.
    """

    is_connected = True

    def __init__(self) -> None:
        self.track = PlainTrack()

    def watch(self, changed: Callable[[], None], closed: Callable[[], None]) -> None:
        pass

    async def publish(self, route: Route, sample_rate: int) -> Output:
        return self.track

    def admit(self, listeners: Mapping[Route, frozenset[str]]) -> None:
        pass

    def replace(self, listeners: Mapping[str, frozenset[str]]) -> None:
        pass

    def tell(self, attributes: Mapping[str, str]) -> None:
        pass

    def refuse(self, reasons: Mapping[str, str]) -> None:
        pass

    async def caption(self, caption: Caption) -> None:
        pass

    async def aclose(self) -> None:
        pass
