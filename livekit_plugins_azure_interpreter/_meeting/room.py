"""The port: what a meeting needs from a room. `LiveKitRoom` implements it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from livekit import rtc

from .planner import Route

RATE_HZ = 16000
"""The rate of the audio that a room gives (mono); it suits Azure best."""
FRAME_MS = 40
"""The length of its frames. With 20, a meeting would cost a sixth more CPU, for 10 ms at the ear."""


@dataclass(frozen=True)
class Member:
    """Somebody in the room, as the room reports them.

    Attributes:
        identity: LiveKit's name for them.
        attributes: LiveKit's participant attributes.
        publishes: They have an audio track, muted or not.
        tracks: The sids of the tracks that are not muted and can be subscribed to.
        is_agent: They are a program. It hears no default language.
        participant: LiveKit's own object, for a callback of the user's.
        name: What the room shows for them.
    """

    identity: str
    attributes: Mapping[str, str]
    publishes: bool = False
    tracks: Sequence[str] = ()
    is_agent: bool = False
    participant: rtc.RemoteParticipant | None = field(default=None, compare=False, repr=False)
    name: str = ""


@dataclass(frozen=True)
class Caption:
    """Words to be read (LiveKit: a transcription segment).

    Attributes:
        id: The id of the segment: a later caption with the same id replaces an earlier one.
        speaker: The identity of the participant who said it.
        original: The text is the speaker's own words, not the translation.
        language: The language of the text; empty if it is not known.
        final: No more of the segment will come.
        readers: The identities of those who read it.
        spoken: Its voice is heard, or will be. False: it is only a caption, because it comes too late.
        missing_seconds: How much speech before it was not recognized.
    """

    id: str
    speaker: str
    original: bool
    text: str
    language: str
    final: bool
    readers: frozenset[str]
    spoken: bool = True
    missing_seconds: float = 0.0


class Output(Protocol):
    """A track of the interpreter's own."""

    async def play(self, frame: rtc.AudioFrame) -> None:
        """Queue a frame; waits while enough is queued. A track that raises is broken."""

    async def played(self) -> None:
        """Wait until all that was queued has been heard. A track that raises is broken."""

    def unheard(self) -> Sequence[rtc.AudioFrame]:
        """The frames that `play` was given and nobody has heard, in order. The track plays nothing more."""
        ...

    async def aclose(self) -> None:
        """Take the track out of the room."""


class Room(Protocol):
    """A room, as one participant of it that hears, speaks and writes."""

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection; not while it is being restored."""
        ...

    def watch(self, changed: Callable[[], None], closed: Callable[[], None]) -> None:
        """Have `changed` called whenever `members` may have changed, and `closed` once the room is gone."""

    def members(self) -> Sequence[Member]:
        """Everybody who takes part, but the interpreter."""
        ...

    def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        """The audio of a track, until it ends: mono, at RATE_HZ, in frames of FRAME_MS."""
        ...

    async def publish(self, route: Route, sample_rate: int) -> Output:
        """Publish a track that carries a route, under its name."""
        ...

    def admit(self, listeners: Mapping[Route, frozenset[str]]) -> None:
        """Let only these listeners hear the tracks of these routes."""

    def replace(self, listeners: Mapping[str, frozenset[str]]) -> None:
        """Let these listeners (by speaker) not hear the speaker's own tracks; all others hear them."""

    def refuse(self, reasons: Mapping[str, str]) -> None:
        """Tell these people (by identity) why their request is refused, and take that back from others."""

    def tell(self, attributes: Mapping[str, str]) -> None:
        """Set attributes that everybody can read. An empty value removes one."""

    async def caption(self, caption: Caption) -> None:
        """Send words to their readers."""

    async def aclose(self) -> None:
        """Remove everything from the room; it stays connected."""
