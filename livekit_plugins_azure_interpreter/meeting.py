"""Interprets a LiveKit room: all participants hear the others in their own language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from livekit import rtc
from livekit.agents import AutoSubscribe, get_job_context

from ._meeting.client_contract import ATTRIBUTE_OFFER, LanguageState, SpeakerState, offer, state_attributes
from ._meeting.floor import Floor
from ._meeting.livekit_room import MICROPHONES, LiveKitRoom
from ._meeting.original_subscriptions import open_api
from ._meeting.planner import Person, Plan, Planner, Route
from ._meeting.recording import MeetingRecording
from ._meeting.reports import InterpretationChanged, SpeakerInterpreted, SpeechMissed
from ._meeting.rivals import Rivals
from ._meeting.room import Member, Room
from ._meeting.route import CatchUpPolicy
from ._meeting.route_voices import Fallback, RouteVoices
from ._meeting.speaker import SpeakerInterpreter
from ._meeting.speaker_input import SpeakerInput
from ._meeting.speaker_places import SpeakerPlaces
from ._meeting.state_teller import StateTeller
from ._meeting.voice_choice import AzureVoices, VoiceChoice, VoiceOffer
from ._meeting.wishes import AttributeNames, Wishes
from ._options.glossary import Glossary
from ._options.languages import all_targets, target
from ._options.numbers import check_number
from ._options.option_names import argument_names, check_names
from ._sound.voice_detector import VoiceDetector
from ._speaking.fallback import check_fallback, check_simultaneous
from .log import logger
from .options import DEFAULT_PACE, STTOptions, voice_of_pace
from .record.keeper import Keeper
from .record.record import Record
from .record.scribe import Audience, Presence
from .speech_resources import places_of
from .stt import STT

if TYPE_CHECKING:
    from typing_extensions import Unpack

_Choice = TypeVar("_Choice", bound=str)

_Events = Literal["interpretation_changed", "speaker_interpreted", "speech_missed", "closed"]


class MeetingInterpreter(rtc.EventEmitter[_Events]):
    """Interprets everybody in a room for everybody else, each in the speaker's own voice. ::

        @server.rtc_session()
        async def entrypoint(ctx: JobContext) -> None:
            await azure_interpreter.MeetingInterpreter().start(ctx.room)

    A participant says by the attribute `language` what they want to hear ("fr", "fr-FR", "français"), and may
    change it at any time. By `read_language` they say what they want to read, if that is another language.
    People of two languages at one device set `between` ("en,fr"): they hear what is said in one, also at the
    device, in the other.
    For each speaker and wanted language there is one interpretation; none if speaker and listener share the
    language. All interpretations of a speaker come from one stream to Azure. It is open while the speaker can
    be heard and somebody wants an interpretation.
    Speech is interpreted into the language that a listener wanted when it was said.

    The participant attribute `interpreter` of the interpreter is "ready" from its start on. A client that
    sees nobody with it within some 10 s can tell its user that no interpreter has come.

    In the room, each interpretation is:

    * a track `{identity}-{language}` of the interpreter's, e.g. "alice-fr". Only those who want it can
      subscribe, so a client that subscribes to everything (LiveKit's default) hears only what it asked
      for. The participant attribute `interpretation.{track sid}` of the interpreter tells a client more:
      `{"speaker": "alice", "language": "fr"}`. The speaker's own track does not change: play it more quietly;
    * captions for those who listen or read, as LiveKit's transcriptions (text streams, topic
      `lk.transcription`): the original in the name of the speaker and of their track, the translation in
      the interpreter's and of its track; the attribute `language` names the language of each, written as
      the reader's own attribute is; `translated` is "true" for a translation. `spoken` is
      "false" if the translation is not spoken, because it would come too late (`max_lag_seconds`);
      `missing_seconds` says how much speech could not be recognized;
    * in consecutive mode the participant attribute `interpreter.turn`: whose turn it is;
    * for each participant whose attribute names no language that Azure translates to, or no voice that is
      on offer, the participant attribute `interpretation_refused.{identity}` of the interpreter: the reason,
      and what is possible.

    Speech while Azure is away is kept (`kept_audio_seconds` of `STT`), and interpreted afterwards.

    Events: `interpretation_changed` (`InterpretationChanged`), `speaker_interpreted` (`SpeakerInterpreted`),
    `speech_missed` (`SpeechMissed`), and `closed` once it is over.

    Args:
        language_attribute: The participant attribute that names the language somebody wants to hear.
            Participants without it hear no interpretation, but are interpreted for the others.
        reading_attribute: The attribute that names the language of somebody's captions. Without it, this is
            the language that they want to hear. A language that is only read costs no voice.
        spoken_attribute: The attribute that names the language somebody speaks. Without it, this is the
            language that they want to hear. Azure detects any language; the attribute only prevents
            an interpretation into the same language.
        voice_attribute: The attribute by which somebody says in which voice their own translations are heard:
            "own", "prebuilt" or "text".
        voices: What they may choose. None: all that can be had. "own" copies the speaker's voice; "prebuilt"
            needs `prebuilt_voices` or a `fallback`; "text" is no voice, only captions.
        default_voice: The voice of those who choose none. None: the first of "own", "prebuilt" and "text"
            that is in `voices`.
        prebuilt_voices: The prebuilt voice of each language, e.g. {"fr": "fr-FR-DeniseNeural"}. In a language
            without one, the `fallback` speaks for those who chose "prebuilt"; without a fallback they can
            only be read there. Nobody hears a copy of their voice.
        language_of: Returns the language of a participant who has neither of the first two attributes, such
            as a telephone; None: it does not know. It counts like the attribute. Called after each change
            in the room, so it must be quick; an error of it is logged.
        default_language: The language that participants hear for whom neither an attribute nor `language_of`
            names one. They may speak any language. None: they hear the original.
        max_streams: How many streams to Azure may be open at the same time, which is how many speakers are
            interpreted (S0: 100 per resource). Beyond, and if no place is free at the `speech_resources`,
            speakers wait for a place; a log message and the state "queued" say so.
        track_sources: The sources of the audio tracks that are interpreted: microphones. With
            `rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO` the sound of a shared screen is interpreted as
            its presenter's words, too.
        mode: "simultaneous": people may speak at any time. "consecutive", for small groups: while an
            interpretation is heard, the microphones of all but its speaker are not interpreted. Whoever spoke
            before finishes, and nobody has to wait for more than 30 s.
        interpret_agents: Another agent in the room, such as an AI assistant, is interpreted like a person,
            also if an avatar speaks for it. Another interpreter never is.
        catch_up: How voices play while translations wait for one another. "time_stretch": voices play up to
            1.25 times faster, at their pitch, until none waits. "none": each plays as it is.
        max_lag_seconds: A translation is only a caption if its last word was said longer ago when its turn
            comes; so listeners catch up. None: all are spoken.
        originals: "keep": listeners hear the original voices, too; a client may play them more quietly.
            "replace": while a speaker is interpreted for a listener, the server does not send the original
            to them. For telephones, which mix all that they hear. What is said in the listener's language is
            then spoken, too. Needs LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET.
        fallback: Returns, for a language, the LiveKit TTS that speaks a translation whose voice is lost, and
            every translation with pace "simultaneous". Several languages may share one. A function of two
            arguments also gets the identity of the speaker, e.g. for their enrolled profile.
        fallback_speaks_corrections: The fallback also speaks each translation that the `glossary` corrected,
            because Azure's voice of it says the uncorrected text.
        skip_silence: Send the audio of a speaker to Azure only while somebody speaks, with half a second from
            before it. So an open microphone of somebody who listens costs less. A voice that is hardly louder
            than the noise around it is missed.
        record: Keeps all that is said, e.g. `record.SQLiteRecord("meetings.db")`; a `record.Keeper` also
            redacts it. `aclose` leaves it open. The attribute `interpreter.recorded` tells everybody in the
            room. None: nothing is recorded.
        **options: Any option of `STT` but `target_languages` and `spoken_languages`. `voice` is what Azure is
            asked for where speakers have chosen "own"; nothing with pace "simultaneous". If it is a mapping,
            the other languages are spoken in the personal voice. If it is a prebuilt voice or None, "own"
            cannot be chosen.

    Raises:
        ValueError: An argument is missing, malformed or contradicts another; the message names it.
        TypeError: `STT` has no such option; the message names the nearest.
    """

    def __init__(
        self,
        *,
        language_attribute: str = "language",
        spoken_attribute: str = "spoken_language",
        reading_attribute: str = "read_language",
        voice_attribute: str = "voice",
        voices: Collection[VoiceChoice] | None = None,
        default_voice: VoiceChoice | None = None,
        prebuilt_voices: Mapping[str, str] | None = None,
        language_of: Callable[[rtc.RemoteParticipant], str | None] | None = None,
        default_language: str | None = None,
        max_streams: int = 100,
        catch_up: Literal["none", "time_stretch"] = "time_stretch",
        max_lag_seconds: float | None = 60.0,
        originals: Literal["keep", "replace"] = "keep",
        track_sources: Collection[rtc.TrackSource.ValueType] = MICROPHONES,
        mode: Literal["simultaneous", "consecutive"] = "simultaneous",
        interpret_agents: bool = False,
        fallback: Fallback | None = None,
        fallback_speaks_corrections: bool = False,
        skip_silence: bool = False,
        record: Record | Keeper | None = None,
        **options: Unpack[STTOptions],
    ) -> None:
        super().__init__()
        _check_option_names(options)
        check_number("max_streams", max_streams, least=1, whole=True)
        if not track_sources:
            raise ValueError("track_sources is empty: name at least one source, or leave it out")
        if catch_up not in ("none", "time_stretch"):
            raise ValueError(f'catch_up must be "none" or "time_stretch", got {catch_up!r}')
        if originals not in ("keep", "replace"):
            raise ValueError(f'originals must be "keep" or "replace", got {originals!r}')
        check_number("max_lag_seconds", max_lag_seconds, above=0, or_none=True)
        check_fallback(fallback, fallback_speaks_corrections=fallback_speaks_corrections)
        if mode not in ("simultaneous", "consecutive"):
            raise ValueError(f'mode must be "simultaneous" or "consecutive", got {mode!r}')
        self._is_consecutive = mode == "consecutive"
        self._replaces_originals = originals == "replace"
        self._policy = CatchUpPolicy(catch_up == "time_stretch", max_lag_seconds, self._replaces_originals)
        self._open_detector = _open_detector if skip_silence else None
        self._recording = MeetingRecording(record)
        # Read once: each speaker has an STT, and a glossary may have thousands of terms.
        options["glossary"] = cast(Any, Glossary.parse(options.get("glossary")))
        pace = options.get("pace", DEFAULT_PACE)
        check_simultaneous(pace, fallback, prebuilt_voices=prebuilt_voices)
        voice = options.get("voice", voice_of_pace(pace))
        # Those of the meeting are known only when somebody comes.
        languages = [*voice] if isinstance(voice, Mapping) else ["en"]
        # Raises for a mistake now, not when somebody speaks.
        STT(target_languages=languages, spoken_languages=languages, **options)
        azure_voices = AzureVoices(voice, prebuilt_voices or {}, has_fallback=fallback is not None)
        voice_offer = VoiceOffer.parse(voices, default_voice, azure_voices.choices)
        self._offer = offer(all_targets(), voice_offer, mode=mode, originals=originals)
        options["voice"] = None  # each change of the languages or of the speaker's choice names the voices
        # A function, because its repr shows no key.
        self._stt: Callable[[], STT] = lambda: STT(target_languages="en", spoken_languages="en", **options)
        self._voices = RouteVoices(azure_voices.of, fallback, fallback_speaks_corrections)
        names = AttributeNames(language_attribute, reading_attribute, spoken_attribute, voice=voice_attribute)
        self._wishes = Wishes(names, voice_offer, language_of=language_of, default_language=default_language)
        self._track_sources = frozenset(track_sources)
        self._interprets_agents = interpret_agents
        self._planner = Planner(max_streams, azure_voices.is_heard)
        self._places: SpeakerPlaces | None = None
        if (resources := options.get("speech_resources")) is not None:
            self._places = SpeakerPlaces(places_of(resources, "recognition"), self._plan_soon)
        self._room: Room | None = None
        self._rivals: Rivals | None = None
        self._speakers: dict[str, SpeakerInterpreter] = {}
        self._leaving: set[SpeakerInterpreter] = set()
        self._speaker_inputs: dict[str, SpeakerInput] = {}
        self._present: frozenset[str] = frozenset()
        self._waiting: tuple[Route, ...] = ()
        self._queued: dict[str, dict[str, LanguageState]] = {}
        self._teller: StateTeller | None = None
        self._floor: Floor | None = None
        self._planning = False
        self._closing: asyncio.Task[None] | None = None
        self._finishing: set[asyncio.Task[None]] = set()
        self._refused: Mapping[str, str] = {}

    @property
    def interpretations(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The identities of those who can hear it now, for each (speaker, language).

        Nobody hears a language that is only read.
        """
        read = {
            Route(identity, language): frozenset[str]()
            for identity, speaker in self._speakers.items()
            for language in speaker.read_languages
        }
        return dict[tuple[str, str], frozenset[str]]((read | self._listeners()).items())

    @property
    def open_streams(self) -> int:
        """How many streams to Azure are open. Each speaker has one; one that ends may still be open."""
        return sum(speaker.open_streams for speaker in (*self._speakers.values(), *self._leaving))

    async def start(self, room: rtc.Room) -> None:
        """Interpret in this room, until it is closed or `aclose` is called.

        In a job, the job's room is connected if it is not yet, and the end of the job closes the interpreter,
        whatever the room.

        If another interpreter (an agent) serves the room already, or for longer, this one closes at once, and
        ends its job: nobody hears anything twice.

        Args:
            room: The room of the job (`ctx.room`), or another one that is connected.

        Raises:
            RuntimeError: It was started before, the room is not connected, or a variable that
                `originals="replace"` needs is missing.
        """
        job = get_job_context(required=False)
        if job is not None and room is job.room:
            await job.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
        if not room.isconnected():
            raise RuntimeError("the room is not connected: connect it first, or start with ctx.room of a job")
        server = open_api() if self._replaces_originals else None
        rivals = Rivals(room, self._give_way)
        if (leader := await rivals.leader()) is not None:
            self._give_way(leader)
            return
        await self._recording.open(room)
        livekit_room = LiveKitRoom(
            room, self._track_sources, with_agents=self._interprets_agents, server=server
        )
        self._start(livekit_room)
        self._rivals = rivals
        rivals.watch(livekit_room.tell)
        if job is not None:
            job.add_shutdown_callback(self.aclose)

    def _give_way(self, leader: str) -> None:
        """Another interpreter serves the room: leave it before anything is said twice."""
        logger.info("%s interprets this room already: this interpreter leaves", leader)
        self._close_soon()
        if (job := get_job_context(required=False)) is not None:
            job.shutdown("another interpreter serves the room")

    def _start(self, room: Room) -> None:
        if self._room is not None:
            raise RuntimeError("a MeetingInterpreter is for one meeting: make another one")
        self._room = room
        self._floor = Floor(self._state_changed) if self._is_consecutive else None
        self._teller = StateTeller(self._state, room.tell)
        room.watch(self._plan_soon, self._close_soon)
        self._plan_soon()

    async def aclose(self) -> None:
        """Stop at once, and take the tracks out of the room."""
        self._close_soon()
        assert self._closing is not None
        await asyncio.shield(self._closing)

    def _close_soon(self) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())

    async def _close(self) -> None:
        if self._teller is not None:
            self._teller.close()
        if self._rivals is not None:
            await self._rivals.aclose()
        if self._places is not None:
            self._places.close()
        hearings, speakers = list(self._speaker_inputs.values()), list(self._speakers.values())
        await asyncio.gather(*(hearing.aclose() for hearing in hearings))
        await asyncio.gather(*(speaker.aclose() for speaker in speakers), *self._finishing)
        self._speaker_inputs.clear()
        self._speakers.clear()
        if self._room is not None:
            await self._room.aclose()
        await self._recording.aclose()
        self.emit("closed")

    # The plan

    def _plan_soon(self) -> None:
        """Make one plan for all changes of a moment."""
        if not self._planning and self._closing is None:
            self._planning = True
            asyncio.get_running_loop().call_soon(self._plan)

    def _plan(self) -> None:
        self._planning = False
        if self._room is None or self._closing is not None:
            return
        members = {member.identity: member for member in self._room.members()}
        people = {person.identity: person for person in self._wishes.read(members.values())}
        self._tell_refused()
        self._recording.present(
            Presence(one.identity, members[one.identity].name, one.hears, one.reads)
            for one in people.values()
        )
        hearing = [identity for identity, speaker in self._speakers.items() if speaker.hears]
        plan = self._planner.plan(
            people.values(),
            hearing=hearing,
            further=sum(speaker.further_streams for speaker in (*self._speakers.values(), *self._leaving)),
        )
        if self._places is not None:
            placed = self._places.ask(plan.streams, hearing)
            plan = plan.limited_to(placed, self._places.is_waiting)
        # First: a speaker without listeners may have speech left to be heard.
        self._listen(plan, members)
        self._serve(plan, people)
        self._tell_waiting(plan, people)
        self._replace_originals(plan)
        self._state_changed()

    def _tell_refused(self) -> None:
        assert self._room is not None
        if self._wishes.refused != self._refused:
            self._refused = self._wishes.refused
            self._room.refuse(self._refused)

    def _serve(self, plan: Plan, people: Mapping[str, Person]) -> None:
        present = frozenset(people)
        come, self._present = present - self._present, present
        for identity in plan.streams:
            if identity not in self._speakers:
                self._speakers[identity] = self._speaker(identity)
        for identity, speaker in list(self._speakers.items()):
            audiences = plan.audiences_of(identity)
            speaker.serve(
                audiences,
                voice=people[identity].voice if identity in people else None,
                active=identity in plan.streams,
                come=come,
                present=present,
                place=None if self._places is None else self._places.hand_over(identity),
            )
            if speaker.is_idle or not (audiences or speaker.everyone & present):
                self._leaving.add(self._speakers.pop(identity))
                self._finish(self._close_speaker(speaker))

    def _speaker(self, identity: str) -> SpeakerInterpreter:
        assert self._room is not None
        stt = self._stt()
        self._recording.listen(identity, stt, lambda language: self._audience(identity, language))
        self.emit("speaker_interpreted", SpeakerInterpreted(identity, stt))
        return SpeakerInterpreter(
            identity,
            self._room,
            stt,
            self._voices.of_speaker(identity),
            policy=self._policy,
            open_detector=self._open_detector,
            missed=self._missed,
            report=self._report,
            admitted=self._admit,
            moved=self._state_changed,
            sounds=self._sounds,
            freed=self._plan_soon,
        )

    def _report(self, change: InterpretationChanged) -> None:
        if self._replaces_originals:
            self._plan_soon()  # listeners of what has failed hear the original meanwhile
        self.emit("interpretation_changed", change)
        self._state_changed()

    def _sounds(self, route: Route, is_heard: bool) -> None:
        if self._floor is not None:
            self._floor.sounds(route, is_heard)

    def _audience(self, identity: str, language: str) -> Audience:
        """Those who hear a speaker in this language now, and Azure's voice of it."""
        language = target(language)
        listeners = self._listeners().get(Route(identity, language), frozenset())
        speaker = self._speakers.get(identity)
        voice = None if speaker is None else self._voices.azure_voice(speaker.voice, language)
        return Audience(listeners, voice or "")

    def _missed(self, missed: SpeechMissed) -> None:
        self._recording.missed(missed)
        self.emit("speech_missed", missed)

    async def _close_speaker(self, speaker: SpeakerInterpreter) -> None:
        await speaker.aclose()
        self._leaving.discard(speaker)

    def _finish(self, closing: Coroutine[Any, Any, None]) -> None:
        """Something ends by itself; `aclose` waits for it."""
        finishing = asyncio.create_task(closing)
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finishing.discard)

    def _listen(self, plan: Plan, members: Mapping[str, Member]) -> None:
        tracks: dict[str, Sequence[str]] = {identity: members[identity].tracks for identity in plan.streams}
        for identity in self._speaker_inputs.keys() - tracks.keys():
            self._finish(self._speaker_inputs.pop(identity).aclose())
            if self._floor is not None:
                self._floor.left(identity)
        for identity, heard in tracks.items():
            if identity not in self._speaker_inputs:
                self._speaker_inputs[identity] = self._speaker_input(identity)
            self._speaker_inputs[identity].listen_to(heard)

    def _speaker_input(self, identity: str) -> SpeakerInput:
        assert self._room is not None

        def said(frame: rtc.AudioFrame) -> None:
            if (speaker := self._speakers.get(identity)) is None:
                return
            if self._floor is None:
                speaker.push(frame)
            else:
                self._floor.let_through(identity, speaker, frame)

        return SpeakerInput(self._room, said)

    # The state

    def _state_changed(self) -> None:
        if self._teller is not None:
            self._teller.changed()

    def _state(self) -> tuple[dict[str, str], bool]:
        """What any client may know, as participant attributes; and whether it changes by itself."""
        states = {identity: speaker.state for identity, speaker in self._speakers.items()}
        for identity, queued in self._queued.items():
            state = states.get(identity, SpeakerState({}))
            states[identity] = replace(state, languages={**state.languages, **queued})
        turn = {} if self._floor is None else self._floor.attributes
        is_moving = bool(turn) or any(state.is_moving for state in states.values())
        told = {ATTRIBUTE_OFFER: self._offer, **self._recording.attributes}
        return {**told, **state_attributes(states), **turn}, is_moving

    def _tell_waiting(self, plan: Plan, people: Mapping[str, Person]) -> None:
        waiting = plan.waiting_routes
        self._queued = {}
        for route in waiting:
            audience = plan.audiences[route]
            choice = people[route.speaker].voice if audience.listeners else "text"
            voice = self._voices.heard_in(choice, route.language)
            wanted_by = audience.listeners or audience.readers
            place = plan.waiting.index(route.speaker) + 1
            state = LanguageState("queued", voice, len(wanted_by), place=place)
            self._queued.setdefault(route.speaker, {})[route.language] = state
        queued = [route for route in waiting if route not in self._waiting]
        self._waiting = waiting
        if queued:
            logger.warning(
                "%d interpretations wait for a place: all places for streams are taken (%s)",
                len(waiting),
                ", ".join(route.name for route in queued),
            )
        for route in queued:
            self.emit("interpretation_changed", InterpretationChanged(*route, "queued"))

    def _replace_originals(self, plan: Plan) -> None:
        if self._replaces_originals:
            assert self._room is not None
            self._room.replace(plan.replaced_originals(self._is_spoken))

    def _is_spoken(self, route: Route) -> bool:
        speaker = self._speakers.get(route.speaker)
        # Somebody who is still muted will be interpreted from the first word on.
        return speaker is None or speaker.is_interpreted_into(route.language)

    def _admit(self) -> None:
        if self._room is not None and self._closing is None:
            self._room.admit(self._listeners())

    def _listeners(self) -> dict[Route, frozenset[str]]:
        """Those who hear each route now."""
        return {
            Route(identity, language): route.listeners
            for identity, speaker in self._speakers.items()
            for language, route in speaker.routes.items()
        }


def _check_option_names(options: Mapping[str, Any]) -> None:
    for name in ("target_languages", "spoken_languages", "between"):
        if name in options:
            raise TypeError(
                f"MeetingInterpreter takes no {name}: each listener's attribute `language` names theirs"
            )
    check_names(options, [*argument_names(MeetingInterpreter), *argument_names(STT)], "MeetingInterpreter")


def _open_detector() -> Callable[[bytes], bool]:
    return VoiceDetector().is_voice
