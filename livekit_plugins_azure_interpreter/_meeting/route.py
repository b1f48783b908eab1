"""Speaks one speaker's words in one language, for as long as a listener wants it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.stt import SpeechData

from .._interpreting.recognized_speech import RecognizedSpeech
from .._interpreting.translation_queue import SpokenTranslation, TranslationQueue
from .._options.languages import other_of
from .._speaking.catch_up import Backlog, faster
from .._voices.utterance import Translation
from ..log import logger
from ..stt import STT
from ..tts import TTS
from .backoff import Backoff
from .client_contract import HeardIn
from .listener_timeline import ListenerTimeline
from .planner import Route
from .reports import WhyUnspoken
from .room import Room
from .route_track import RouteTrack


@dataclass(frozen=True)
class RoutePolicy:
    """How a route is spoken.

    Attributes:
        catch_up: Voices are played faster while others wait.
        max_lag_seconds: Older speech is only a caption when its turn comes; None: all is spoken.
        speaks_same_language: What was said in the listener's language is spoken, too, because they do not
            hear the original.
        silent_track_seconds: A track is given up on which nobody has spoken for so long; None: it stays.
    """

    catch_up: bool = True
    max_lag_seconds: float | None = 60.0
    speaks_same_language: bool = False
    silent_track_seconds: float | None = 120.0


@dataclass(eq=False)
class _Part:
    """Speech that is spoken here: a whole speech, or a part of it in which somebody wanted the language.

    Attributes:
        speech: The speaker's speech.
        queue: Its translations.
        audience: Its listeners.
        voice: The voice in which it is heard, unless Azure's is lost.
        is_closed: It gets no more translations.
    """

    speech: RecognizedSpeech
    queue: TranslationQueue
    audience: ListenerTimeline
    voice: HeardIn
    is_closed: bool = False

    @property
    def is_quiet(self) -> bool:
        """Nobody speaks, and all that was said has been handed out."""
        return self.speech.is_recognized and self.queue.is_empty


class RouteInterpreter:
    """Keeps a route's track, and speaks the translations of one speech after another, in order.

    Args:
        route: The speaker and the language.
        room: The room.
        stt: The speaker's STT.
        tts: Speaks its translations into the language; `aclose` closes it.
        policy: How the route is spoken.
        missed: Called with a translation that is not heard completely, and why.
        track_failed: Called with the error of a track, and in how many seconds there is another attempt.
        admitted: Called when `listeners` has changed.
        moved: Called when a translation begins to wait, and when a track works again.
        sounds: Called when a translation begins to be heard (True), and when it is over.
        freed: Called when it has left.

    Attributes:
        listeners: The present listeners of the track.
        voice: The voice in which the last translation was heard; None: none was.
        is_broken: Its track has failed, and there is no other yet.
    """

    def __init__(
        self,
        route: Route,
        room: Room,
        stt: STT,
        tts: TTS,
        *,
        policy: RoutePolicy,
        missed: Callable[[SpokenTranslation, WhyUnspoken], None],
        track_failed: Callable[[Exception, float], None],
        admitted: Callable[[], None],
        moved: Callable[[], None],
        sounds: Callable[[bool], None],
        freed: Callable[[], None],
    ) -> None:
        self.route = route
        self.listeners: frozenset[str] = frozenset()
        self.voice: HeardIn | None = None
        self.is_broken = False
        self._stt, self._tts = stt, tts
        self._policy, self._backlog = policy, Backlog()
        self._missed, self._report_track, self._admitted = missed, track_failed, admitted
        self._moved = moved
        self._sounds = sounds
        self._wanted_by: frozenset[str] = frozenset()
        self._between: Mapping[str, tuple[str, str]] = {}
        self._parts: deque[_Part] = deque()
        self._playing = self._leaving = self._over = False
        self._backoff = Backoff()
        self._wake = asyncio.Event()
        self._track = RouteTrack(
            route,
            room,
            tts.sample_rate,
            silent_seconds=policy.silent_track_seconds,
            failed=self._track_failed,
            opened=self._track_works,
        )
        self._now = asyncio.get_running_loop().time
        self._running = asyncio.create_task(self._run())
        self._running.add_done_callback(lambda _: freed())

    @property
    def over(self) -> bool:
        """It leaves, or has left; it cannot be used again."""
        return self._over

    @property
    def is_closed(self) -> bool:
        """It has left, and its track is gone."""
        return self._running.done()

    @property
    def everyone(self) -> frozenset[str]:
        """All who hear it, or still have something to hear."""
        return self.listeners.union(self._wanted_by, *(part.audience.everyone for part in self._parts))

    @property
    def has_backlog(self) -> bool:
        """A translation waits to be heard, or is being heard."""
        return not self._backlog.is_empty

    @property
    def backlog_seconds(self) -> float:
        """How much voice waits to be heard, or sounds, as far as it has come from Azure."""
        return self._backlog.seconds(self._now())

    def serve(
        self,
        wanted_by: frozenset[str],
        *,
        at_once: frozenset[str],
        between: Mapping[str, tuple[str, str]],
    ) -> None:
        """Speak for these listeners from the next word on.

        Args:
            wanted_by: Those who want to hear this route.
            at_once: Those of them who have just come, and may also hear earlier speech.
            between: The two languages of those who have two.
        """
        self._leaving = False
        earlier = {one: two for one, two in self._between.items() if one not in wanted_by}
        self._between = {**earlier, **between}
        if wanted_by == self._wanted_by:
            return
        self._wanted_by = wanted_by
        for part in self._parts:
            part.audience.change(wanted_by, part.speech.pushed_seconds, at_once=at_once)
        self._admit(self.listeners | at_once)
        self.settle()

    def speak(self, speech: RecognizedSpeech, voice: HeardIn, *, at_once: frozenset[str]) -> None:
        """Speak the translations of this speech from the next word on, too, until `close`.

        Args:
            speech: What is said from now on.
            voice: The voice in which it is heard.
            at_once: The listeners who have just come, and may also hear what is being said.
        """
        if self._open_part(speech) is not None:
            return
        queue = TranslationQueue(self._stt, self._tts, DEFAULT_API_CONNECT_OPTIONS, self._backlog)
        audience = ListenerTimeline()
        audience.change(self._wanted_by, speech.pushed_seconds, at_once=at_once)
        self._parts.append(_Part(speech, queue, audience, voice))
        self._wake.set()
        self.settle()

    def expect(self, speech: RecognizedSpeech) -> None:
        """Something is said in this speech: a voice may come soon."""
        if self._wanted_by and self._open_part(speech) is not None:
            self._track.expect()

    def heard(self, speech: RecognizedSpeech, data: SpeechData, translation: Translation) -> bool:
        """Speak a translation of this speech, when its turn comes. Returns whether anybody wants it."""
        self._backoff.reset()
        part = self._open_part(speech)
        if translation.utterance.same_language and not self._policy.speaks_same_language:
            return False
        if part is None or not self._listeners_of(data, part.audience):
            return False
        if not translation.utterance.is_being_said:
            part.queue.add(translation.utterance.unsaid, data)
            self._moved()
        return True

    def begun(self, speech: RecognizedSpeech, data: SpeechData, language: str) -> None:
        """Speak a translation of this speech whose sentence has not ended, when its turn comes.

        Args:
            speech: The speech.
            data: The transcript so far.
            language: The language of the route, as the transcript has it.
        """
        part = self._open_part(speech)
        if part is None or not self._listeners_of(data, part.audience):
            return
        if part.queue.begin(data, language, skip_same_language=not self._policy.speaks_same_language):
            self._moved()

    def close(self, speech: RecognizedSpeech) -> None:
        """No more of this speech is translated into the language; what was is still spoken."""
        if (part := self._open_part(speech)) is not None:
            part.is_closed = True
            part.queue.close()

    def settle(self) -> None:
        """If nothing is left to be heard, the track is for those who want it now."""
        if self._playing:
            return
        if not self._parts:
            self._admit(self._wanted_by)
        elif (part := self._parts[0]).is_quiet:
            part.audience.spoken(part.speech.pushed_seconds)
            self._admit(part.audience.latest)

    def leave(self) -> None:
        """Nobody wants it any more: it still speaks what it is given, then it removes the track."""
        self.serve(frozenset(), at_once=frozenset(), between={})
        self._leaving = True
        self._wake.set()

    def stop(self) -> None:
        """Nobody is left who could hear it: stop at once. `aclose` waits for that."""
        if not self._over:
            self._over = True
            self._running.cancel()

    async def aclose(self) -> None:
        """Stop at once."""
        self.stop()
        await asyncio.wait({self._running})

    def _open_part(self, speech: RecognizedSpeech) -> _Part | None:
        return next((one for one in self._parts if one.speech is speech and not one.is_closed), None)

    async def _run(self) -> None:
        try:
            while self._parts or not self._leaving:
                if self._parts:
                    await self._speak(self._parts[0])
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._over = True
            for part in self._parts:
                part.is_closed = True
                part.queue.clear()
            self._parts.clear()
            await self._track.aclose()
            await self._tts.aclose()

    async def _speak(self, part: _Part) -> None:
        """Speak all translations of a part."""
        await self._track.open()
        async for speech in part.queue:
            part.audience.spoken(speech.data.start_time)
            if (reason := await self._say(speech, part.audience)) is not None:
                await self._miss(speech, reason)
            else:
                self._track_works()
            self.voice = _voice_of(speech, part.voice)
            self.settle()
        self._parts.popleft()
        self.settle()

    async def _say(self, speech: SpokenTranslation, audience: ListenerTimeline) -> WhyUnspoken | None:
        """Say one translation. Returns why it was not heard completely; None if it was."""
        if self._is_late(speech):
            return "late"
        self._playing = True
        self._admit(self._listeners_of(speech.data, audience))
        try:
            return await self._track.play(self._sounding(speech), is_late=lambda: self._is_late(speech))
        except Exception:
            logger.exception("a voice for %s failed; going on with the next one", self.route.name)
            return "failed"
        finally:
            self._playing = False
            self._sounds(False)

    def _listeners_of(self, data: SpeechData, audience: ListenerTimeline) -> frozenset[str]:
        """Those who hear an utterance; a listener of two languages hears it in one of them."""
        spoken = data.source_languages[0] if data.source_languages else ""
        listeners = audience.at(data.start_time)
        elsewhere = {
            one for one, two in self._between.items() if other_of(two, spoken) != self.route.language
        }
        return listeners - elsewhere

    def _track_works(self) -> None:
        if self.is_broken:
            self.is_broken = False
            self._moved()

    def _track_failed(self, error: Exception) -> float:
        self.is_broken = True
        seconds = self._backoff.next_seconds()
        logger.error("the track %s failed; trying again in %.1f s", self.route.name, seconds, exc_info=error)
        self._report_track(error, seconds)
        return seconds

    async def _sounding(self, speech: SpokenTranslation) -> AsyncIterator[rtc.AudioFrame]:
        is_heard = False
        async for frame in self._at_pace(speech):
            if not is_heard:
                is_heard = True
                self._sounds(True)
            yield frame

    def _at_pace(self, speech: SpokenTranslation) -> AsyncIterator[rtc.AudioFrame]:
        return faster(speech, self._backlog, clock=self._now) if self._policy.catch_up else aiter(speech)

    def _is_late(self, speech: SpokenTranslation) -> bool:
        most = self._policy.max_lag_seconds
        return most is not None and speech.said_seconds_ago(self._now()) > most

    async def _miss(self, speech: SpokenTranslation, reason: WhyUnspoken) -> None:
        """Show it, or its rest, only as a caption; late speech is skipped so that the listeners catch up."""
        speech.translation.utterance.meter.end("late" if reason == "late" else "lost")
        await speech.aclose()
        self._stt.let_go(speech.translation)
        self._missed(speech, reason)

    def _admit(self, listeners: frozenset[str]) -> None:
        if listeners != self.listeners:
            self.listeners = listeners
            self._admitted()


def _voice_of(speech: SpokenTranslation, azure: HeardIn) -> HeardIn:
    """The voice in which a translation was heard; `azure` is that of Azure."""
    meter = speech.translation.utterance.meter
    if meter.sound_at is None:
        return "text"
    return "fallback" if meter.by_fallback else azure
