"""Nobody's voice is copied who said no: what a meeting sends to Azure, at the wire.

Each frame of the speaker's begins with a mark, too quiet to be heard, that says what they had chosen when it
was said. So the wire shows which connection carried which audio, whenever it was sent, and how often.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from fakes.fixtures import Until
from fakes.lengths import behaviour, utterance
from fakes.limits import within
from fakes.plain_room import PlainRoom, PlainTrack
from livekit import rtc

from livekit_plugins_azure_interpreter import MeetingInterpreter
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter._meeting.room import RATE_HZ, Caption, Member
from livekit_plugins_azure_interpreter.emulator import Drop, Emulator
from livekit_plugins_azure_interpreter.emulator.watching.happenings import Happening, Received

_FRAME_BYTES = RATE_HZ // 50 * 2
_OWN = b"personal-voice"
_NO, _YES = "said after a no", "said after a yes"
_MARKS = {
    what: np.array([11, -13, 17, -19, last], "<i2").tobytes() for what, last in {_NO: 23, _YES: 29}.items()
}


class Wire:
    """What the emulator was sent, by connection; a watcher."""

    def __init__(self) -> None:
        self.audio: dict[int, bytearray] = {}
        self.asks_for_own_voice: list[int] = []

    def __call__(self, happening: Happening) -> None:
        match happening:
            case Received(message=message, connection=connection):
                if message.path == "audio":
                    self.audio.setdefault(connection, bytearray()).extend(message.body)
                elif _OWN in message.body:
                    self.asks_for_own_voice.append(connection)

    def frames(self, what: str, connections: Iterator[int] | Sequence[int] | None = None) -> int:
        """How many frames of a kind these connections carried; all connections by default."""
        carried = self.audio if connections is None else set(connections)
        return sum(self.audio[one].count(_MARKS[what]) for one in carried if one in self.audio)


class Room(PlainRoom):
    """Alice has an open microphone, and bob listens in French, carl in German.

    Attributes:
        attributes: Alice's.
        read: The final translations that somebody read.
        refused: As in the port.
        tracks: The tracks that are published.
    """

    def __init__(self, **attributes: str) -> None:
        super().__init__()
        self.attributes = {"language": "en", **attributes}
        self.read: list[str] = []
        self.refused: Mapping[str, str] = {}
        self.tracks: list[str] = []
        self._microphone: asyncio.Queue[bytes] = asyncio.Queue()
        self._changed: Callable[[], None] = lambda: None

    def choose(self, voice: str) -> None:
        """Alice chooses; what the microphone brings from now on was said after it."""
        self.attributes["voice"] = voice
        self._changed()

    async def say(self, pcm: bytes, what: str) -> None:
        for at in range(0, len(pcm) - _FRAME_BYTES + 1, _FRAME_BYTES):
            mark = _MARKS[what]
            self._microphone.put_nowait(mark + pcm[at + len(mark) : at + _FRAME_BYTES])
        await within(self._microphone.join())

    # The port

    def watch(self, changed: Callable[[], None], closed: Callable[[], None]) -> None:
        self._changed = changed

    def members(self) -> list[Member]:
        alice = Member("alice", dict(self.attributes), publishes=True, tracks=("mic",))
        return [alice, Member("bob", {"language": "fr"}), Member("carl", {"language": "de"})]

    async def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        while True:
            pcm = await self._microphone.get()
            yield rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // 2)
            self._microphone.task_done()

    async def publish(self, route: Route, sample_rate: int) -> Track:
        return Track(self.tracks, route.name)

    def refuse(self, reasons: Mapping[str, str]) -> None:
        self.refused = dict(reasons)

    async def caption(self, caption: Caption) -> None:
        if caption.final and not caption.original:
            self.read.append(caption.text)


class Track(PlainTrack):
    """A track that plays at once."""

    def __init__(self, tracks: list[str], name: str) -> None:
        super().__init__()
        self._tracks, self._name = tracks, name
        tracks.append(name)

    async def aclose(self) -> None:
        self._tracks.remove(self._name)


class Meeting:
    """A meeting in which alice speaks, the emulator, and what it was sent."""

    def __init__(self, room: Room, wire: Wire, emulator: Emulator, until: Until) -> None:
        self.room, self.wire, self.emulator = room, wire, emulator
        self._until = until

    async def say(self, number: int, what: str) -> None:
        """Alice says an utterance, and it is read."""
        await self.room.say(utterance(number), what)
        await self.until_read(number)

    async def until_read(self, number: int) -> None:
        await self._until(lambda: {f"phrase {number}", f"Satz {number}"} <= set(self.room.read))

    def nothing_is_copied_after_a_no(self) -> bool:
        """No connection that carried what was said after a no ever asked for the own voice."""
        assert self.wire.frames(_NO)
        return self.wire.frames(_NO, self.wire.asks_for_own_voice) == 0


@asynccontextmanager
async def meet(
    until: Until, *, voice: str | None = None, faults: Sequence[Any] = (), **options: Any
) -> AsyncIterator[Meeting]:
    wire = Wire()
    room = Room(**({} if voice is None else {"voice": voice}))
    prebuilt = {"fr": "fr-FR-DeniseNeural", "de": "de-DE-KatjaNeural"}
    async with Emulator(
        behaviour(faults=list(faults), **options.pop("service", {})), watchers=[wire]
    ) as emulator:
        interpreter = MeetingInterpreter(
            speech_key="any",
            speech_endpoint=emulator.endpoint,
            **{"prebuilt_voices": prebuilt, **options},
        )
        interpreter._start(room, MeetingRecording(None))  # type: ignore[arg-type]
        try:
            yield Meeting(room, wire, emulator, until)
        finally:
            await within(interpreter.aclose())


def _without_its_pause(pcm: bytes) -> bytes:
    """An utterance that has no result yet."""
    return pcm[: -round(0.35 * RATE_HZ) * 2]


@pytest.mark.parametrize("voice", ["prebuilt", "text"])
async def test_a_speaker_who_says_no_from_the_beginning_is_never_copied(until: Until, voice: str) -> None:
    async with meet(until, voice=voice) as meeting:
        await meeting.say(1, _NO)
        assert meeting.wire.asks_for_own_voice == []


async def test_a_speaker_who_says_nothing_is_copied_if_that_is_the_default(until: Until) -> None:
    async with meet(until) as meeting:
        await meeting.say(1, _YES)
        assert meeting.wire.frames(_YES, meeting.wire.asks_for_own_voice) == meeting.wire.frames(_YES)


@pytest.mark.parametrize("default", ["prebuilt", "text"])
async def test_the_default_holds_from_the_first_frame_on_until_the_attribute_comes(
    until: Until, default: str
) -> None:
    async with meet(until, default_voice=default) as meeting:
        await meeting.say(1, _NO)
        meeting.room.choose("own")
        await meeting.say(2, _YES)
        assert meeting.nothing_is_copied_after_a_no()
        assert meeting.wire.frames(_YES, meeting.wire.asks_for_own_voice)


@pytest.mark.parametrize("several_voices", ["all", "first"])
@pytest.mark.parametrize("voice", ["prebuilt", "text"])
async def test_a_no_in_mid_meeting_holds_from_the_next_frame_on(
    until: Until, voice: str, several_voices: str
) -> None:
    """Also amid an utterance, and where each language has a connection of its own."""
    options = {"service": {"several_voices": several_voices}, "voice_timeout_seconds": 1.0}
    async with meet(until, **options) as meeting:
        await meeting.say(1, _YES)
        half = utterance(4)
        await meeting.room.say(half[: len(half) // 2], _YES)
        meeting.room.choose(voice)
        await asyncio.sleep(0)
        await meeting.room.say(half[len(half) // 2 :], _NO)
        await meeting.say(2, _NO)
        assert meeting.nothing_is_copied_after_a_no()
        assert meeting.wire.frames(_YES, meeting.wire.asks_for_own_voice)


async def test_a_speaker_may_change_their_mind_again_and_again(until: Until) -> None:
    async with meet(until) as meeting:
        for number, voice in enumerate(["own", "text", "own", "prebuilt", "own", "no idea", "own"], 1):
            meeting.room.choose(voice)
            await asyncio.sleep(0)
            await meeting.say(number, _YES if voice == "own" else _NO)
        assert meeting.nothing_is_copied_after_a_no()
        assert meeting.wire.frames(_YES, meeting.wire.asks_for_own_voice) > 0


@pytest.mark.parametrize("voice", ["prebuilt", "text"])
async def test_a_connection_that_is_lost_after_a_no_asks_for_nothing_that_was_withdrawn(
    until: Until, voice: str
) -> None:
    """What was said before the no is in flight, and is sent again."""
    async with meet(until) as meeting:
        await meeting.say(1, _YES)
        asked = len(meeting.wire.asks_for_own_voice)
        await meeting.room.say(_without_its_pause(utterance(3)), _YES)
        await meeting.emulator.aclose()
        meeting.room.choose(voice)
        await asyncio.sleep(0)
        await meeting.room.say(utterance(2), _NO)
        await meeting.emulator.start()
        await meeting.until_read(3)
        await meeting.until_read(2)
        assert len(meeting.wire.asks_for_own_voice) == asked
        assert meeting.nothing_is_copied_after_a_no()


async def test_a_no_holds_on_reconnects(until: Until) -> None:
    async with meet(until, voice="prebuilt", faults=[Drop(0.4)]) as meeting:
        await meeting.room.say(utterance(1), _NO)
        await until(lambda: meeting.emulator.connections == 2)
        await meeting.say(2, _NO)
        assert meeting.wire.asks_for_own_voice == []


async def test_a_choice_that_is_not_on_offer_is_refused_and_the_careful_one_holds(until: Until) -> None:
    async with meet(until, voice="prebuilt", voices=["own", "text"]) as meeting:
        await meeting.say(1, _NO)
        assert meeting.wire.asks_for_own_voice == []
        assert meeting.room.tracks == []
        assert meeting.room.refused == {
            "alice": "the attribute 'voice' is ignored: 'prebuilt' is not on offer, "
            'choose "own" or "text"; until then the translations are only text'
        }
