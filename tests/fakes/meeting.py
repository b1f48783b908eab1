"""A meeting without LiveKit and without Azure: people who come, speak and go, in virtual time.

Whoever speaks an utterance says its number: each sample has that value. Azure's voice of it alternates
between the number and the number of the language, so that whatever is heard tells what it is.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from livekit import rtc

from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.room import RATE_HZ, Caption, Member
from livekit_plugins_azure_interpreter._sdk.events import (
    Connected,
    Event,
    Failed,
    Finished,
    Recognized,
    SpeechStarted,
    VoiceAnnounced,
    VoiceChunk,
    VoiceCompleted,
)
from livekit_plugins_azure_interpreter.options import Options

from .azure import phrase
from .clock import VirtualLoop

TICK_SECONDS = 0.1
"""How often microphones bring what was said. A frame with speech in it counts as speech to its end."""
FIRST_UTTERANCE = 1000
"""Loud enough to be speech."""
LANGUAGES = ("en", "fr", "de", "es", "ja")
SEGMENTATION_MS = 300
_VOICE_CHUNK_SECONDS = 0.5


@dataclass
class Utterance:
    """What somebody says on one of their tracks; `end` moves when they are cut short."""

    number: int
    speaker: str
    language: str
    track: str
    start: float
    end: float
    voice_seconds: float


class FakeMember:
    """Somebody in the room; tracks by their sid, and whether they are muted."""

    def __init__(self, identity: str, attributes: Mapping[str, str]) -> None:
        self.identity = identity
        self.attributes = dict(attributes)
        self.muted: dict[str, bool] = {}


@dataclass
class Played:
    """A piece of a voice that was heard in the room: of which utterance, in which language, by whom, when."""

    route: Route
    number: int
    language: str
    seconds: float
    listeners: frozenset[str]
    at: float


class FakeRoom:
    """The port of a room.

    Attributes:
        people: Everybody, by identity.
        utterances: All that was said, by number.
        played: All that was heard, in order.
        captions: All that was written.
        outputs: The tracks of the interpreter that are published now.
        told: The attributes that were set, and when.
        attributes: Those that are set now.
        replaced: Who does not hear the original of each speaker.
        told: The attributes that everybody was told, each time, and when.
        refused: Who is told that they are not served as they ask, and why.
        caption_seconds: How long it takes to send one.
        refusals: How many of the next tracks are refused.
        broken_frames: Which frames break the track that is to play them, counted from 1 over all tracks.
        is_connected: Whether there is a connection.
    """

    def __init__(self, loop: VirtualLoop) -> None:
        self.people: dict[str, FakeMember] = {}
        self.utterances: dict[int, Utterance] = {}
        self._said: dict[str, list[Utterance]] = {}
        self.played: list[Played] = []
        self.captions: list[Caption] = []
        self.outputs: list[FakeOutput] = []
        self.admitted: Mapping[Route, frozenset[str]] = {}
        self.replaced: Mapping[str, frozenset[str]] = {}
        self.told: list[tuple[float, Mapping[str, str]]] = []
        self.refused: Mapping[str, str] = {}
        self.told: list[tuple[float, Mapping[str, str]]] = []
        self.attributes: dict[str, str] = {}
        self.refusals = self.frames = 0
        self.caption_seconds = 0.0
        self.broken_frames: Container[int] = ()
        self.closed = False
        self.is_connected = True
        self._loop = loop
        self._changed: Callable[[], None] = lambda: None
        self._gone: Callable[[], None] = lambda: None
        self._listening: dict[str, list[asyncio.Queue[bytes]]] = {}
        self._brought: dict[str, float] = {}

    # The port

    def watch(self, changed: Callable[[], None], closed: Callable[[], None]) -> None:
        self._changed, self._gone = changed, closed

    def members(self) -> Sequence[Member]:
        return [
            Member(
                one.identity,
                dict(one.attributes),
                publishes=bool(one.muted),
                tracks=tuple(track for track, muted in one.muted.items() if not muted),
                participant=cast(rtc.RemoteParticipant, one),
            )
            for one in self.people.values()
        ]

    async def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._listening.setdefault(track, []).append(queue)
        try:
            while True:
                pcm = await queue.get()
                yield rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // 2)
        finally:
            self._listening[track].remove(queue)

    async def publish(self, route: Route, sample_rate: int) -> FakeOutput:
        if self.refusals:
            self.refusals -= 1
            raise RuntimeError("the room takes no tracks now")
        output = FakeOutput(self, route)
        self.outputs.append(output)
        return output

    def admit(self, listeners: Mapping[Route, frozenset[str]]) -> None:
        self.admitted = dict(listeners)

    def tell(self, attributes: Mapping[str, str]) -> None:
        self.told.append((self._loop.time(), dict(attributes)))
        self.attributes.update(attributes)
        self.attributes = {name: value for name, value in self.attributes.items() if value}

    def replace(self, listeners: Mapping[str, frozenset[str]]) -> None:
        self.replaced = dict(listeners)

    def refuse(self, reasons: Mapping[str, str]) -> None:
        self.refused = reasons

    async def caption(self, caption: Caption) -> None:
        self.captions.append(caption)
        if self.caption_seconds:
            await asyncio.sleep(self.caption_seconds)

    async def aclose(self) -> None:
        self.closed = True

    # What people do

    def join(self, identity: str, **attributes: str) -> FakeMember:
        self.people[identity] = FakeMember(identity, attributes)
        self._changed()
        return self.people[identity]

    def leave(self, identity: str) -> None:
        for track in list(self.people[identity].muted):
            self._cut(track)
        del self.people[identity]
        self._changed()

    def set(self, identity: str, **attributes: str) -> None:
        self.people[identity].attributes.update(attributes)
        self._changed()

    def publish_microphone(self, identity: str, track: str) -> None:
        self._brought[track] = self._loop.time()
        self.people[identity].muted[track] = False
        self._changed()

    def unpublish(self, identity: str, track: str) -> None:
        self._cut(track)
        del self.people[identity].muted[track]
        self._changed()

    def mute(self, identity: str, track: str, muted: bool = True) -> None:
        self._cut(track)
        self.people[identity].muted[track] = muted
        self._brought[track] = self._loop.time()
        self._changed()

    def say(self, utterance: Utterance) -> None:
        self.utterances[utterance.number] = utterance
        self._said.setdefault(utterance.track, []).append(utterance)

    async def go_on(self, seconds: float) -> None:
        """Time passes, and microphones bring what is said meanwhile."""
        until = self._loop.time() + seconds
        while self._loop.time() < until:
            await asyncio.sleep(min(0.1, until - self._loop.time()))
            self.bring()
            await asyncio.sleep(0)

    def bring(self) -> None:
        """Microphones bring what was said since the last time."""
        for member in self.people.values():
            for track, muted in member.muted.items():
                if not muted:
                    self._bring(track)

    def vanish(self) -> None:
        """The room is gone."""
        self._gone()

    def _cut(self, track: str) -> None:
        """What was said until now is brought, and nothing more."""
        now = self._loop.time()
        if track in self._brought:
            self._bring(track)
        for utterance in self._said.get(track, ()):
            utterance.end = min(utterance.end, max(now, utterance.start))

    def _bring(self, track: str) -> None:
        since, until = self._brought[track], self._loop.time()
        self._brought[track] = until
        queues = self._listening.get(track)
        samples = round(until * RATE_HZ) - round(since * RATE_HZ)
        if not queues or samples <= 0:
            return
        pcm = np.zeros(samples, np.int16)
        for utterance in self._said.get(track, ()):
            if utterance.end > since and utterance.start < until:
                first = round((max(since, utterance.start) - since) * RATE_HZ)
                last = round((min(until, utterance.end) - since) * RATE_HZ)
                pcm[first:last] = utterance.number
        for queue in queues:
            queue.put_nowait(pcm.tobytes())


class FakeOutput:
    """A published track: it plays at the pace of speech."""

    def __init__(self, room: FakeRoom, route: Route) -> None:
        self.route = route
        self._room = room
        self._unheard: list[rtc.AudioFrame] = []

    async def play(self, frame: rtc.AudioFrame) -> None:
        self._room.frames += 1
        if self._room.frames in self._room.broken_frames:
            self._unheard.append(frame)
            raise RuntimeError("the track is broken")
        samples = np.frombuffer(frame.data, np.int16)
        # A frame is of one voice; LiveKit may end it with silence.
        number, of_language = int(samples.max()), samples[samples < FIRST_UTTERANCE]
        if number >= FIRST_UTTERANCE:
            seconds = 2 * int(np.count_nonzero(samples == number)) / RATE_HZ
            language = LANGUAGES[int(of_language.max()) - 1]
            present = self._room.admitted.get(self.route, frozenset()) & self._room.people.keys()
            now = self._room._loop.time()
            self._room.played.append(Played(self.route, number, language, seconds, frozenset(present), now))
        await asyncio.sleep(frame.duration)

    async def played(self) -> None:
        return

    def unheard(self) -> list[rtc.AudioFrame]:
        return self._unheard

    async def aclose(self) -> None:
        self._room.outputs.remove(self)


@dataclass
class Weather:
    """How Azure does: seconds, drawn for each utterance."""

    start_latency: tuple[float, float] = (0.05, 0.3)
    final_latency: tuple[float, float] = (0.1, 0.8)
    voice_latency: tuple[float, float] = (0.05, 0.6)


class FakeStream:
    """One recognizer: it hears numbers, and voices them in its languages.

    A change of languages counts for every result that comes after it, as early as a service can take it.

    Attributes:
        languages: The languages of the texts.
        voices: The voices, by language; the other languages are text.
        speakers: Whom it has heard.
    """

    sees_messages = True
    session_id = "of-the-fake"

    def __init__(self, azure: FakeAzure, options: Options, post: Callable[[Event], None]) -> None:
        self.languages, self.voices = set(options.targets), options.voices
        self.speakers: set[str] = set()
        self.open = True
        self.audio_ended_at: float | None = None
        self._azure = azure
        self._post = post
        self._loop = azure.loop
        self._heard = 0
        self._now_hearing: int | None = None
        self._began = self._silent = 0
        self._last_final_at = 0.0
        self._voice_free_at: dict[str, float] = {}
        self._voices = 0
        self._due = 0

    @property
    def heard_seconds(self) -> float:
        """How much audio it was sent."""
        return self._heard / RATE_HZ

    def start(self) -> None:
        if self._azure.failing(self):
            self._after(0.1, self.fail)
        else:
            self._after(0.05, lambda: self._post(Connected()))

    def write(self, pcm: bytes) -> None:
        samples = np.frombuffer(pcm, np.int16)
        edges = [0, *(np.flatnonzero(np.diff(samples)) + 1).tolist(), len(samples)]
        for first, last in itertools.pairwise(edges):
            if last > first:
                self._hear(int(samples[first]), last - first)

    def change_languages(self, before: Options, after: Options) -> None:
        self.languages, self.voices = set(after.targets), after.voices

    def set_voices(self, options: Options) -> None:
        pass  # the SDK's own reconnects are not played

    def end_audio(self) -> None:
        self.audio_ended_at = self._loop.time()
        self._segment()
        self._finish_when_done()

    def set_tcp_nodelay(self) -> None:
        pass

    def renew_token(self) -> None:
        pass

    def close(self) -> None:
        self.open = False

    def fail(self) -> None:
        """Azure goes away."""
        self._post(self._azure.failure)

    def _hear(self, number: int, samples: int) -> None:
        if number and number != self._now_hearing:
            self._segment()
            self._now_hearing, self._began = number, self._heard
            self.speakers.add(self._azure.room.utterances[number].speaker)
            position = self._heard / RATE_HZ
            self._after(self._draw("start_latency", number), lambda: self._post(SpeechStarted(position)))
        self._silent = 0 if number else self._silent + samples
        self._heard += samples
        if self._silent * 1000 > SEGMENTATION_MS * RATE_HZ:
            self._segment()

    def _segment(self) -> None:
        number, self._now_hearing = self._now_hearing, None
        if number is None:
            return
        end = self._heard - self._silent
        at = max(self._loop.time() + self._draw("final_latency", number), self._last_final_at + 0.01)
        self._last_final_at = at
        self._due += 1
        start, seconds = self._began / RATE_HZ, (end - self._began) / RATE_HZ
        self._after(at - self._loop.time(), lambda: self._final(number, start, seconds))

    def _final(self, number: int, start: float, seconds: float) -> None:
        utterance = self._azure.room.utterances[number]
        texts = {language: f"{number} in {language}" for language in sorted(self.languages)}
        final = phrase(
            f"{number}", texts, offset=start, duration=seconds, language=f"{utterance.language}-XX"
        )
        self._post(Recognized(final))
        # As long as the part of it that was heard.
        share = min(1.0, seconds / (utterance.end - utterance.start))
        for language in sorted(self.voices.keys() - {utterance.language}):
            self._speak(number, language, round(share * utterance.voice_seconds * RATE_HZ) // 2)
        self._due -= 1

    def _speak(self, number: int, language: str, samples: int) -> None:
        self._due += 1
        self._voices += 1
        stream_id = str(self._voices)
        latency = self._draw("voice_latency", f"{language} {number}")
        at = max(self._loop.time() + latency, self._voice_free_at.get(language, 0.0))
        started = VoiceAnnounced(stream_id, json.dumps({"TranslationLanguage": language}))
        self._after(at - self._loop.time(), lambda: self._post(started))
        pcm = np.tile([number, 1 + LANGUAGES.index(language)], samples).astype(np.int16).tobytes()
        size = round(_VOICE_CHUNK_SECONDS * RATE_HZ) * 2
        for begin in range(0, len(pcm), size):
            part = pcm[begin : begin + size]
            self._after(at - self._loop.time(), lambda part=part: self._chunk(part, stream_id))
            at += 0.1
        self._voice_free_at[language] = at + 0.01
        self._after(at - self._loop.time(), lambda: self._completed(stream_id))

    def _chunk(self, pcm: bytes, stream_id: str) -> None:
        self._post(VoiceChunk(pcm, stream_id))

    def _completed(self, stream_id: str) -> None:
        self._due -= 1
        self._post(VoiceCompleted(stream_id, told=True))

    def _finish_when_done(self) -> None:
        if self._due:
            self._after(0.1, self._finish_when_done)
        else:
            self._post(Finished())

    def _draw(self, what: str, of: object) -> float:
        # Of the utterance: streams come and go in any order.
        rng = random.Random(f"{self._azure.seed} {of} {what}")
        return rng.uniform(*getattr(self._azure.weather, what))

    def _after(self, seconds: float, what: Callable[[], None]) -> None:
        self._loop.happen(seconds, lambda: what() if self.open else None)


@dataclass
class FakeAzure:
    """Opens fake streams; give it to `STT(_open_recognizer=...)`.

    Attributes:
        streams: All that were ever opened.
        failing: Whether a stream fails as it starts.
        failure: How.
    """

    room: FakeRoom
    loop: VirtualLoop
    seed: int
    stream: type[FakeStream] = FakeStream
    weather: Weather = field(default_factory=Weather)
    streams: list[FakeStream] = field(default_factory=list)
    failing: Callable[[FakeStream], bool] = lambda stream: False
    failure: Failed = field(default_factory=lambda: Failed("Forbidden", "as asked for"))

    def __call__(self, options: Options, post: Callable[[Event], None]) -> FakeStream:
        stream = self.stream(self, options, post)
        self.streams.append(stream)
        return stream

    @property
    def open(self) -> list[FakeStream]:
        return [stream for stream in self.streams if stream.open]

    @property
    def hearing(self) -> list[FakeStream]:
        """The streams that hear something."""
        return [stream for stream in self.open if stream.audio_ended_at is None]

    @property
    def languages(self) -> list[str]:
        """Those of each of these streams: "de (fr)" speaks German, and writes French, too."""
        return sorted(
            " ".join(one if one in stream.voices else f"({one})" for one in sorted(stream.languages))
            for stream in self.hearing
        )
