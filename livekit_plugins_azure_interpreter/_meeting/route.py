"""Interprets one speaker into one language for as long as a listener wants it."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal

from livekit import rtc
from livekit.agents import APIStatusError
from livekit.agents.stt import SpeechEvent, SpeechEventType

from .._interpreting.pipeline import SpeakerPipeline
from .._interpreting.translation_queue import SpokenTranslation
from .._speaking.catch_up import Backlog, faster
from ..log import logger
from ..reports import SpeechForgotten
from ..stt import STT
from ..tts import TTS
from .captions import Captions
from .listener_timeline import ListenerTimeline
from .planner import Route
from .room import Room
from .route_track import RouteTrack

_LONGEST_BACKOFF_SECONDS = 60.0
_LONGEST_UNREACHABLE_SECONDS = 5.0
"""If Azure cannot be reached, LiveKit's attempts take longer than this; speech waits meanwhile."""


@dataclass(frozen=True)
class InterpretationChanged:
    """One person's interpretation into one language (`MeetingInterpreter.on("interpretation_changed")`).

    Attributes:
        speaker: The identity of the participant who speaks.
        language: The language that the speech is interpreted into.
        state: "queued": it waits for a place among `max_streams`; "started": a stream to Azure is open;
            "ended": it hears nothing more, and still speaks what it heard; "failed": it is tried again.
        error: Why it failed.
        retry_seconds: In how many seconds it is tried again; None: when something changes in the room.
    """

    speaker: str
    language: str
    state: Literal["queued", "started", "ended", "failed"]
    error: BaseException | None = None
    retry_seconds: float | None = None


@dataclass(frozen=True)
class SpeechMissed:
    """Some speech is not heard in a language (`MeetingInterpreter.on("speech_missed")`).

    Attributes:
        speaker: The identity of the participant who said it.
        language: The language in which it is not heard.
        reason: "late": it was said more than `max_lag_seconds` before its turn came; it is a caption.
            "failed": its voice could not be played, or not to its end; it can be read.
            "forgotten": Azure was away for longer than `kept_audio_seconds`; there is no caption either.
        seconds: How much speech; all of it, also if the beginning of its voice was heard.
    """

    speaker: str
    language: str
    reason: Literal["late", "failed", "forgotten"]
    seconds: float


@dataclass(frozen=True)
class CatchUpPolicy:
    """How a listener catches up.

    Attributes:
        catch_up: Voices are played faster while others wait.
        max_lag_seconds: Older speech is only a caption when its turn comes; None: all is spoken.
    """

    catch_up: bool = True
    max_lag_seconds: float | None = 60.0


class _RouteStream:
    """The route's speech while the speaker can be heard, and its listeners."""

    def __init__(self, interpretation: SpeakerPipeline, listeners: frozenset[str]) -> None:
        self.interpretation = interpretation
        self.audience = ListenerTimeline(listeners)


class RouteInterpreter:
    """Keeps a route's track and its interpretations; if a stream fails, another one replaces it.

    Streams follow one another as the speaker is muted and unmuted. Their translations are spoken in order:
    the next one's voices wait until the one before has been spoken to its end.

    Args:
        route: The speaker and the language.
        room: The room.
        stt, tts: Its own pair, which `aclose` closes.
        policy: How the listeners catch up.
        report: Called with each change.
        missed: Called with speech that is not heard.
        admitted: Called when `listeners` has changed.
        freed: Called when a stream to Azure is closed, and when it has left.

    Attributes:
        listeners: The present listeners of the track.
    """

    def __init__(
        self,
        route: Route,
        room: Room,
        stt: STT,
        tts: TTS,
        *,
        policy: CatchUpPolicy,
        report: Callable[[InterpretationChanged], None],
        missed: Callable[[SpeechMissed], None],
        admitted: Callable[[], None],
        freed: Callable[[], None],
    ) -> None:
        self.route = route
        self.listeners: frozenset[str] = frozenset()
        self._stt, self._tts = stt, tts
        self._policy, self._backlog = policy, Backlog()
        self._report, self._missed, self._admitted, self._freed = report, missed, admitted, freed
        self._wanted_by: frozenset[str] = frozenset()
        self._streams: deque[_RouteStream] = deque()
        self._hearing: _RouteStream | None = None
        self._playing = self._leaving = self._over = False
        self._failures = 0
        self._wake = asyncio.Event()
        self._track = RouteTrack(route, room, tts.sample_rate, failed=self._track_failed)
        self._captions = Captions(route, room)
        self._now = asyncio.get_running_loop().time
        stt.on("speech_forgotten", self._forgotten)
        self._running = asyncio.create_task(self._run())
        self._running.add_done_callback(lambda _: freed())

    @property
    def over(self) -> bool:
        """It leaves, or has left; it cannot be used again."""
        return self._over

    @property
    def everyone(self) -> frozenset[str]:
        """All who hear it, or still have something to hear."""
        return self.listeners.union(self._wanted_by, *(stream.audience.everyone for stream in self._streams))

    @property
    def open_streams(self) -> int:
        """How many streams to Azure are open."""
        return sum(stream.interpretation.is_open for stream in self._streams)

    @property
    def hears(self) -> bool:
        """It hears the speaker, or will as soon as a stream takes the place of one that has failed."""
        return self._hearing is not None

    @property
    def ending_streams(self) -> int:
        """How many streams hear nothing more and are not over; one may wait to be replaced."""
        return sum(not stream.interpretation.is_over for stream in self._streams) - self.hears

    def serve(self, wanted_by: frozenset[str], *, at_once: frozenset[str]) -> None:
        """Speak for these listeners from the next word on.

        Args:
            wanted_by: Those who want to hear this route.
            at_once: Those of them who have just come, and may also hear earlier speech.
        """
        self._leaving = False
        if wanted_by == self._wanted_by:
            return
        self._wanted_by = wanted_by
        for stream in self._streams:
            position = stream.interpretation.pushed_seconds
            stream.audience.change(wanted_by, position, at_once=at_once)
        self._admit(self.listeners | at_once)
        self._settle()

    def hear(self, active: bool) -> None:
        """Whether the speaker can be heard, and there is a place for a stream."""
        if active and self._hearing is None:
            self._open()
        elif not active and self._hearing is not None:
            interpretation, self._hearing = self._hearing.interpretation, None
            interpretation.end_input()
            if interpretation.is_open:
                self._tell("ended")

    def push(self, frame: rtc.AudioFrame) -> None:
        """Add audio of the speaker."""
        if self._hearing is not None:
            self._hearing.interpretation.push(frame)

    def leave(self) -> None:
        """Nobody wants it any more: it still speaks what it heard, then it removes the track."""
        self.serve(frozenset(), at_once=frozenset())
        self.hear(False)
        self._leaving = True
        self._wake.set()

    async def aclose(self) -> None:
        """Stop at once."""
        self.hear(False)
        if not self._over:
            self._running.cancel()
        await asyncio.wait({self._running})

    # Streams

    def _open(self) -> None:
        interpretation = SpeakerPipeline(
            self._stt,
            self._tts,
            heard=lambda event: self._heard(stream, event),
            ended=lambda error: self._ended(stream),
            retry=self._retry,
            resumed=lambda: self._tell("started"),
            backlog=self._backlog,
        )
        stream = _RouteStream(interpretation, self._wanted_by)
        self._streams.append(stream)
        self._hearing = stream
        self._wake.set()
        self._settle()
        self._tell("started")

    def _ended(self, stream: _RouteStream) -> None:
        if stream is self._hearing:
            self._hearing = None
        self._freed()

    def _heard(self, stream: _RouteStream, event: SpeechEvent) -> None:
        if event.type is SpeechEventType.FINAL_TRANSCRIPT:
            self._failures = 0
        if event.alternatives:
            data = event.alternatives[0]
            final = event.type is SpeechEventType.FINAL_TRANSCRIPT
            self._captions.heard(data, stream.audience.at(data.start_time), final=final)
        self._settle()

    def _retry(self, error: BaseException | None) -> float:
        refused = isinstance(error, APIStatusError)
        seconds = self._backoff(_LONGEST_BACKOFF_SECONDS if refused else _LONGEST_UNREACHABLE_SECONDS)
        logger.warning("interpreting %s failed; retrying in %.1f s: %s", self.route.name, seconds, error)
        self._tell("failed", error, seconds)
        self._freed()
        return seconds

    def _backoff(self, most_seconds: float = _LONGEST_BACKOFF_SECONDS) -> float:
        """How long to wait after one more failure; random, so that not all come back at once."""
        longest = min(most_seconds, 2.0**self._failures)
        self._failures += 1
        return random.uniform(longest / 2, longest)

    def _forgotten(self, event: SpeechForgotten) -> None:
        self._captions.forgotten(event.seconds, self.everyone)
        self._missed(SpeechMissed(*self.route, "forgotten", event.seconds))

    def _tell(
        self,
        state: Literal["started", "ended", "failed"],
        error: BaseException | None = None,
        retry_seconds: float | None = None,
    ) -> None:
        self._report(InterpretationChanged(*self.route, state, error, retry_seconds))

    # Speaking

    async def _run(self) -> None:
        try:
            while self._streams or not self._leaving:
                if self._streams:
                    await self._speak(self._streams[0])
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._over = True
            self.hear(False)
            await self._captions.aclose()
            while self._streams:
                await self._streams.popleft().interpretation.aclose()
            await self._track.aclose()
            await self._stt.aclose()
            await self._tts.aclose()

    async def _speak(self, stream: _RouteStream) -> None:
        """Speak all translations of a stream."""
        await self._track.open()
        async for speech in stream.interpretation:
            stream.audience.spoken(speech.data.start_time)
            if (reason := await self._say(speech, stream.audience)) is not None:
                await self._miss(speech, reason)
            self._settle()
        self._streams.popleft()
        await stream.interpretation.aclose()
        self._settle()

    async def _say(
        self, speech: SpokenTranslation, audience: ListenerTimeline
    ) -> Literal["late", "failed"] | None:
        """Say one translation. Returns why it was not heard completely; None if it was."""
        if self._is_late(speech):
            return "late"
        self._playing = True
        self._admit(audience.at(speech.data.start_time))
        try:
            return await self._track.play(self._at_pace(speech), is_late=lambda: self._is_late(speech))
        except Exception:
            logger.exception("a voice for %s failed; going on with the next one", self.route.name)
            return "failed"
        finally:
            self._playing = False

    def _track_failed(self, error: Exception) -> float:
        seconds = self._backoff()
        logger.error("the track %s failed; trying again in %.1f s", self.route.name, seconds, exc_info=error)
        self._tell("failed", error, seconds)
        return seconds

    def _at_pace(self, speech: SpokenTranslation) -> AsyncIterator[rtc.AudioFrame]:
        return faster(speech, self._backlog, clock=self._now) if self._policy.catch_up else aiter(speech)

    def _is_late(self, speech: SpokenTranslation) -> bool:
        most = self._policy.max_lag_seconds
        return most is not None and speech.said_seconds_ago(self._now()) > most

    async def _miss(self, speech: SpokenTranslation, reason: Literal["late", "failed"]) -> None:
        """Show it, or its rest, only as a caption; late speech is skipped so that the listeners catch up."""
        speech.translation.utterance.meter.end("late" if reason == "late" else "lost")
        await speech.aclose()
        self._stt.let_go(speech.translation)
        self._captions.not_spoken(speech.translation)
        self._missed(SpeechMissed(*self.route, reason, speech.data.end_time - speech.data.start_time))

    def _settle(self) -> None:
        """If nothing is left to be heard, the track is for those who want it now."""
        if self._playing:
            return
        if not self._streams:
            self._admit(self._wanted_by)
        elif (stream := self._streams[0]).interpretation.quiet:
            stream.audience.spoken(stream.interpretation.pushed_seconds)
            self._admit(stream.audience.latest)

    def _admit(self, listeners: frozenset[str]) -> None:
        if listeners != self.listeners:
            self.listeners = listeners
            self._admitted()
