"""Interprets one speaker into all languages that somebody wants, over one stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from livekit import rtc
from livekit.agents import APIStatusError
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from .._fleet.resource_places import Place
from .._interpreting.recognized_speech import (
    RecognizedSpeech,
    give_back_reserved,
    open_connections,
    reserve_place,
)
from .._interpreting.translation_queue import SpokenTranslation, languages_begun
from .._options.languages import target
from .._voices.utterance import Translation
from ..log import logger
from ..reports import SpeechForgotten
from ..stt import STT
from ..tts import TTS
from .backoff import LONGEST_SECONDS, Backoff
from .captions import Captions, translations
from .client_contract import Failure, SpeakerState
from .languages_in_use import LanguagesInUse
from .listener_timeline import ListenerTimeline
from .planner import NOBODY, Audience, Route
from .reports import InterpretationChanged, SpeechMissed, State, WhyUnspoken
from .room import Room
from .route import RouteInterpreter, RoutePolicy
from .route_voices import RouteVoices
from .silence_gate import SilenceGate
from .speaker_state import speaker_state
from .voice_choice import VoiceChoice

_LONGEST_UNREACHABLE_SECONDS = 5.0
"""If Azure cannot be reached, LiveKit's attempts take longer than this; speech waits meanwhile."""

Audiences = Mapping[str, Audience]
"""Those who want to hear or to read a speaker, by language."""


class _Speech:
    """What the speaker says from one unmuting to the next muting, and who reads it.

    Attributes:
        recognized: The speech, as Azure recognizes it.
        languages: The languages that its stream is asked for.
        followers: Those who read the original.
        readers: Those who read each translation.
        push: Takes the next frame.
    """

    def __init__(
        self,
        recognized: RecognizedSpeech,
        languages: LanguagesInUse,
        is_voice: Callable[[bytes], bool] | None,
    ) -> None:
        self.recognized = recognized
        self.languages = languages
        self.followers = ListenerTimeline()
        self.readers: dict[str, ListenerTimeline] = {}
        self.push = recognized.push
        if is_voice is not None:
            gate = SilenceGate(recognized.push, is_silent=lambda: recognized.is_silent, is_voice=is_voice)
            self.push = gate.push

    def follow(self, audiences: Audiences, *, come: frozenset[str]) -> None:
        """These read it from the next word on; those who have just come may read earlier words, too."""
        position = self.recognized.pushed_seconds
        for language in {*self.readers, *audiences}:
            readers = audiences.get(language, NOBODY).readers
            timeline = self.readers.setdefault(language, ListenerTimeline())
            timeline.change(readers, position, at_once=readers & come)
        everyone = frozenset().union(*(one.listeners | one.readers for one in audiences.values()))
        self.followers.change(everyone, position, at_once=everyone & come)

    def readers_at(self, position: float) -> dict[str, frozenset[str]]:
        """Those who read each translation of the words at this position."""
        return {language: timeline.at(position) for language, timeline in self.readers.items()}

    def forget_before(self, position: float) -> None:
        """The words before this position have been read."""
        for timeline in (self.followers, *self.readers.values()):
            timeline.spoken(position)


class SpeakerInterpreter:
    """Keeps the stream of one speaker, and gives each route its translations.

    Streams follow one another as the speaker is muted and unmuted; if one fails, another one replaces it.

    Args:
        speaker: The identity of the speaker.
        room: The room.
        stt: Its own STT, which `aclose` closes.
        voices: Who speaks each language.
        policy: How each route is spoken.
        open_detector: Makes what tells whether there is a voice in the next audio, given as PCM; without a
            voice, audio is not sent to Azure. None: all audio is sent.
        report: Called with each change of an interpretation.
        missed: Called with speech that is not heard.
        admitted: Called when the listeners of a route have changed.
        moved: Called when `state` has changed without a report, or begins to change as time passes.
        sounds: Called when a translation into a language begins to be heard (True), and when it is over.
        freed: Called when a stream is closed, and when something has ended.
    """

    def __init__(
        self,
        speaker: str,
        room: Room,
        stt: STT,
        voices: RouteVoices,
        *,
        policy: RoutePolicy,
        open_detector: Callable[[], Callable[[bytes], bool]] | None = None,
        report: Callable[[InterpretationChanged], None],
        missed: Callable[[SpeechMissed], None],
        admitted: Callable[[], None],
        moved: Callable[[], None],
        sounds: Callable[[Route, bool], None],
        freed: Callable[[], None],
    ) -> None:
        self._speaker, self._room = speaker, room
        self._stt, self._voices, self._policy = stt, voices, policy
        self._open_detector = open_detector
        self._report, self._missed, self._admitted, self._freed = report, missed, admitted, freed
        self._moved = moved
        self._sounds = sounds
        self._routes: dict[str, RouteInterpreter] = {}
        self._leaving: list[RouteInterpreter] = []
        self._voice: VoiceChoice = "text"
        self._asked: tuple[VoiceChoice, tuple[str, ...], tuple[str, ...]] | None = None
        self._speeches: list[_Speech] = []
        self._hearing: _Speech | None = None
        self._wanted: tuple[str, ...] = ()
        self._audiences: Audiences = {}
        # Of the stream (None), and of each language whose voice cannot be prepared.
        self._failures: dict[str | None, Failure] = {}
        # The languages that were told to have started, and not to have ended or failed since.
        self._started: frozenset[str] = frozenset()
        self._backoff = Backoff()
        self._captions = Captions(speaker, room, all_sent=self._captions_sent)
        stt.on("speech_forgotten", self._forgotten)

    @property
    def routes(self) -> Mapping[str, RouteInterpreter]:
        """Those that are spoken, by language."""
        return self._routes

    @property
    def voice(self) -> VoiceChoice:
        """In which voice the speaker has chosen to be heard."""
        return self._voice

    @property
    def read_languages(self) -> frozenset[str]:
        """The languages that somebody reads, or that still have a result to come."""
        return frozenset(language for speech in self._speeches for language in speech.languages.targets)

    @property
    def everyone(self) -> frozenset[str]:
        """All who hear or read it, or still have something to hear or to read."""
        reading = (speech.followers.everyone for speech in self._speeches)
        return frozenset().union(*reading, *(route.everyone for route in self._routes.values()))

    @property
    def open_streams(self) -> int:
        """How many streams to Azure are open, one connection each."""
        return open_connections(self._stt)

    @property
    def hears(self) -> bool:
        """It hears the speaker, or will as soon as a stream takes the place of one that has failed."""
        return self._hearing is not None

    @property
    def is_speaking(self) -> bool:
        """Azure hears the speaker speak."""
        return self._hearing is not None and self._hearing.recognized.is_speaking

    @property
    def has_begun(self) -> bool:
        """There is a sound of the speaker that has no result yet: it may be the beginning of speech."""
        return self._hearing is not None and not self._hearing.recognized.is_recognized

    def is_interpreted_into(self, language: str) -> bool:
        """What the speaker says is spoken in this language; not while a stream that failed is replaced."""
        failing = self._hearing is not None and not self._hearing.recognized.is_open
        return language in self._routes and not failing

    @property
    def further_streams(self) -> int:
        """How many streams there are besides the one that hears: they end, or are for a further voice.

        One that waits to be replaced counts.
        """
        return max(len(self._speeches), self.open_streams) - self.hears

    @property
    def is_idle(self) -> bool:
        """Nothing is heard, spoken, written, or kept for a listener."""
        routes = (*self._leaving, *self._routes.values())
        return not self._speeches and all(one.is_closed for one in routes) and self._captions.are_sent

    @property
    def state(self) -> SpeakerState:
        """What clients are told."""
        speech = self._hearing
        return speaker_state(
            self._audiences,
            self._routes,
            started=self._started,
            failures=self._failures,
            next_voice=lambda language: self._voices.heard_in(self._voice, language),
            is_paused=speech is None or speech.recognized.is_recognized,
        )

    def serve(
        self,
        audiences: Audiences,
        *,
        voice: VoiceChoice | None,
        active: bool,
        come: frozenset[str],
        present: frozenset[str],
        place: Place | None = None,
    ) -> None:
        """Interpret for these people from the next word on.

        Args:
            audiences: Those who want each language.
            voice: The voice that the speaker wants; None: as before, they have left.
            active: The speaker can be heard, and there is a place for a stream.
            come: Those of all people who have just come, and may also hear and read earlier speech.
            present: All people.
            place: Where the next stream connects; it gives it back.
        """
        if place is not None:
            reserve_place(self._stt, place)
        self._forget_the_gone()
        prepared = self._prepare(audiences) if active else {}
        served = {
            language: audience
            for language, audience in audiences.items()
            if not audience.listeners or language in self._routes or language in prepared
        }
        self._wanted, self._audiences = tuple(served), audiences
        if voice is not None and voice != self._voice:
            self._change_voice(voice)
        self._hear(served if active else {})
        for language, make_tts in prepared.items():
            self._routes[language] = self._open_route(language, make_tts(self._stt))
        for speech in self._speeches:
            speech.follow(served, come=come)
        for language, route in self._routes.items():
            self._serve_route(route, served.get(language, NOBODY), come=come, present=present)
        if not self.hears:
            give_back_reserved(self._stt)
        self._tell_started()

    def push(self, frame: rtc.AudioFrame) -> None:
        """Add audio of the speaker."""
        if self._hearing is not None:
            self._hearing.push(frame)
            if self._hearing.languages.has_unwanted:
                self._settle()

    async def aclose(self) -> None:
        """Stop at once."""
        self._hear({})
        self._tell_started()
        await asyncio.gather(*(route.aclose() for route in (*self._leaving, *self._routes.values())))
        await asyncio.gather(*(speech.recognized.aclose() for speech in self._speeches))
        await self._captions.aclose()
        await self._stt.aclose()

    # The stream

    def _change_voice(self, voice: VoiceChoice) -> None:
        """From the next word on, speak in another voice; the voices that are under way go on.

        A connection that copies a voice never hears what is said while it must not be copied. So the speech
        ends here, even amid a word, and another one begins, over a connection of its own. What of the first
        one has to be sent again asks for no voice that was withdrawn.
        """
        was_own, self._voice = self._voice == "own", voice
        if was_own or voice == "own":
            self._hear({})
        if self._asked is not None:
            _, *languages = self._asked
            self._ask_for(*languages)
        for speech in self._speeches if was_own else ():
            speech.recognized.withdraw_own_voice()

    def _hear(self, served: Audiences) -> None:
        """Hear the speaker for these people; for nobody: not at all."""
        speech = self._hearing
        if not served:
            if speech is not None:
                self._hearing = None
                speech.recognized.end_input()
            return
        languages = LanguagesInUse() if speech is None else speech.languages
        position = 0.0 if speech is None else speech.recognized.pushed_seconds
        languages.want(
            [one for one, audience in served.items() if audience.listeners], tuple(served), position
        )
        self._ask_for(languages.spoken, languages.targets)
        if speech is None:
            self._hearing = self._open(languages)

    def _ask_for(self, spoken: tuple[str, ...], targets: tuple[str, ...]) -> None:
        """Have the stream translate to these languages from its next utterance on."""
        if self._asked == (asked := (self._voice, spoken, targets)):
            return
        self._asked = asked
        # An STT has at least one spoken language; without a voice it costs no more than one to be read.
        named = spoken or targets[:1]
        voices = {one: self._voices.azure_voice(self._voice, one) if one in spoken else None for one in named}
        self._stt.update_options(target_languages=targets, spoken_languages=named, voice=voices)

    def _open(self, languages: LanguagesInUse) -> _Speech:
        recognized = RecognizedSpeech(
            self._stt,
            heard=lambda event: self._heard(speech, event),
            ended=lambda error: self._ended(speech),
            retry=lambda error: self._retry(speech, error),
            resumed=lambda: self._resumed(speech),
            connected=self._connected,
        )
        speech = _Speech(recognized, languages, self._open_detector and self._open_detector())
        self._speeches.append(speech)
        return speech

    def _heard(self, speech: _Speech, event: SpeechEvent) -> None:
        if event.type is SpeechEventType.START_OF_SPEECH or event.alternatives:
            for route in self._routes.values():
                route.expect(speech.recognized)
        if event.alternatives:
            data = event.alternatives[0]
            final = event.type is SpeechEventType.FINAL_TRANSCRIPT
            position = data.start_time
            if not final:
                self._begin(speech, data)
            self._captions.heard(
                data, speech.followers.at(position), speech.readers_at(position), final=final
            )
            if final:
                self._backoff.reset()
                speech.forget_before(position)
                self._hand_out(speech, data)
        self._settle()

    def _begin(self, speech: _Speech, data: SpeechData) -> None:
        """Give each route what is certain of a sentence that has not ended."""
        for language in languages_begun(data):
            if (route := self._routes.get(target(language))) is not None:
                route.begun(speech.recognized, data, language)

    def _hand_out(self, speech: _Speech, data: SpeechData) -> None:
        """Give each route the translation that it speaks."""
        for language, text in translations(data).items():
            if isinstance(text, Translation):
                route = self._routes.get(target(language))
                if route is None or not route.heard(speech.recognized, data, text):
                    self._stt.let_go(text)

    def _retry(self, speech: _Speech, error: BaseException | None) -> float:
        refused = isinstance(error, APIStatusError)
        seconds = self._backoff.next_seconds(LONGEST_SECONDS if refused else _LONGEST_UNREACHABLE_SECONDS)
        logger.warning("interpreting %s failed; retrying in %.1f s: %s", self._speaker, seconds, error)
        is_heard = speech is self._hearing
        self._tell(self._wanted if is_heard else speech.languages.targets, "failed", error, seconds)
        if is_heard:
            self._started = frozenset()
            self._failures[None] = Failure.of(error, seconds)
        self._freed()
        return seconds

    def _connected(self) -> None:
        if self._failures.pop(None, None) is not None:
            self._moved()

    def _resumed(self, speech: _Speech) -> None:
        if speech is not self._hearing:
            # It failed after its end. What was said before is interpreted now, and nothing more.
            self._tell(set(speech.languages.targets) - self._started, "ended")
        self._tell_started()

    def _ended(self, speech: _Speech) -> None:
        """It is over, which it is only after its input has ended."""
        self._speeches.remove(speech)
        for route in self._routes.values():
            route.close(speech.recognized)
        self._settle()
        self._tell_started()
        self._freed()

    def _settle(self) -> None:
        """Do what waited for a result."""
        speech = self._hearing
        if speech is not None and speech.languages.has_unwanted:
            self._let_go_of_languages(speech)
        for route in self._routes.values():
            route.settle()

    def _let_go_of_languages(self, speech: _Speech) -> None:
        """The stream stops translating to languages that nobody wants any more."""
        for language in speech.languages.unspoken(speech.recognized.is_recognized_until):
            if (route := self._routes.get(language)) is not None:
                route.close(speech.recognized)
        if speech.recognized.is_silent:
            speech.languages.release()
            self._ask_for(speech.languages.spoken, speech.languages.targets)

    def _forgotten(self, event: SpeechForgotten) -> None:
        readers: dict[str, frozenset[str]] = {}
        for speech in self._speeches:
            for language in speech.languages.targets:
                timeline = speech.readers.get(language, ListenerTimeline())
                readers[language] = readers.get(language, frozenset()) | timeline.everyone
        self._captions.forgotten(event.seconds, readers)
        for language in readers:
            self._missed(SpeechMissed(self._speaker, language, "forgotten", event.seconds))

    def _captions_sent(self) -> None:
        if not self._speeches:
            self._freed()

    # The routes

    def _prepare(self, audiences: Audiences) -> dict[str, Callable[[STT], TTS]]:
        """What makes the TTS of each language that has listeners and is not spoken yet."""
        prepared = {}
        self._failures = {what: failure for what, failure in self._failures.items() if what is None}
        for language, audience in audiences.items():
            if audience.listeners and language not in self._routes:
                try:
                    prepared[language] = self._voices.prepare(language)
                except Exception as error:
                    # Most likely the fallback of one language failed; the others are still interpreted.
                    logger.exception("%s cannot be interpreted", Route(self._speaker, language).name)
                    self._failures[language] = Failure.of(error)
                    self._tell([language], "failed", error)
        return prepared

    def _open_route(self, language: str, tts: TTS) -> RouteInterpreter:
        route = Route(self._speaker, language)
        return RouteInterpreter(
            route,
            self._room,
            self._stt,
            tts,
            policy=self._policy,
            missed=lambda speech, reason: self._unspoken(language, speech, reason),
            track_failed=lambda error, seconds: self._tell([language], "failed", error, seconds),
            admitted=self._admitted,
            moved=self._moved,
            sounds=lambda is_heard: self._sounds(route, is_heard),
            freed=self._freed,
        )

    def _serve_route(
        self,
        route: RouteInterpreter,
        audience: Audience,
        *,
        come: frozenset[str],
        present: frozenset[str],
    ) -> None:
        if listeners := audience.listeners:
            route.serve(listeners, at_once=listeners & come, between=audience.between)
            if self._hearing is not None:
                voice = self._voices.heard_in(self._voice, route.route.language)
                route.speak(self._hearing.recognized, voice, at_once=listeners & come)
        elif route.everyone & present:
            route.leave()
        else:
            route.stop()

    def _forget_the_gone(self) -> None:
        self._leaving = [route for route in (*self._leaving, *self._routes.values()) if route.over]
        self._leaving = [route for route in self._leaving if not route.is_closed]
        self._routes = {language: route for language, route in self._routes.items() if not route.over}

    def _unspoken(self, language: str, speech: SpokenTranslation, reason: WhyUnspoken) -> None:
        self._captions.not_spoken(language, speech.translation)
        seconds = speech.data.end_time - speech.data.start_time
        self._missed(SpeechMissed(self._speaker, language, reason, seconds))

    # The events

    def _tell_started(self) -> None:
        """Tell which languages are interpreted now, as far as that has changed."""
        speech = self._hearing
        now = frozenset(self._wanted if speech is not None and speech.recognized.is_open else ())
        before, self._started = self._started, now
        if speech is None:
            self._failures.pop(None, None)
        self._tell(sorted(before - now), "ended")
        self._tell(sorted(now - before), "started")

    def _tell(
        self,
        languages: Iterable[str],
        state: State,
        error: BaseException | None = None,
        retry_seconds: float | None = None,
    ) -> None:
        for language in languages:
            self._report(InterpretationChanged(self._speaker, language, state, error, retry_seconds))
