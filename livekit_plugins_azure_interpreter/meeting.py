"""Interprets a LiveKit room: all participants hear the others in their own language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from livekit import rtc
from livekit.agents import AutoSubscribe, get_job_context
from livekit.agents import tts as livekit_tts

from ._meeting.livekit_room import MICROPHONES, LiveKitRoom
from ._meeting.planner import Person, Plan, Planner, Route
from ._meeting.recording import MeetingRecording
from ._meeting.reports import InterpretationChanged, SpeechMissed
from ._meeting.room import Member, Room
from ._meeting.route import CatchUpPolicy
from ._meeting.route_voices import RouteVoices
from ._meeting.speaker import SpeakerInterpreter
from ._meeting.speaker_input import SpeakerInput
from ._options.glossary import Glossary
from ._options.languages import spoken, target
from ._options.numbers import check_number
from ._options.option_names import argument_names, check_names
from ._sound.voice_detector import VoiceDetector
from ._speaking.fallback import check_fallback
from .log import logger
from .options import PERSONAL_VOICE, STTOptions, Voice
from .record.keeper import Keeper
from .record.record import Record
from .record.scribe import Audience, Presence
from .stt import STT

if TYPE_CHECKING:
    from typing_extensions import Unpack


class MeetingInterpreter(rtc.EventEmitter[Literal["interpretation_changed", "speech_missed", "closed"]]):
    """Interprets everybody in a room for everybody else, each in the speaker's own voice. ::

        @server.rtc_session()
        async def entrypoint(ctx: JobContext) -> None:
            await azure_interpreter.MeetingInterpreter().start(ctx.room)

    A participant says by the attribute `language` what they want to hear ("fr", "fr-FR", "français"), and may
    change it at any time. By `read_language` they say what they want to read, if that is another language.
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
      the interpreter's and of its track; the attribute `language` names the language of each. `spoken` is
      "false" if the translation is not spoken, because it would come too late (`max_lag_seconds`);
      `missing_seconds` says how much speech could not be recognized;
    * for each participant whose attribute names no language that Azure translates to, the participant
      attribute `interpretation_refused.{identity}` of the interpreter: the reason, and the nearest one.

    Speech while Azure is away is kept (`kept_audio_seconds` of `STT`), and interpreted afterwards.

    Events: `interpretation_changed` (`InterpretationChanged`), `speech_missed` (`SpeechMissed`), and
    `closed` once it is over.

    Args:
        language_attribute: The participant attribute that names the language somebody wants to hear.
            Participants without it hear no interpretation, but are interpreted for the others.
        reading_attribute: The attribute that names the language of somebody's captions. Without it, this is
            the language that they want to hear. A language that is only read costs no voice.
        spoken_attribute: The attribute that names the language somebody speaks. Without it, this is the
            language that they want to hear. Azure detects any language; the attribute only prevents
            an interpretation into the same language.
        max_streams: How many streams to Azure may be open at the same time, which is how many speakers are
            interpreted (S0: 100 per resource). Beyond, speakers wait for a place; a log message and the
            state "queued" say so.
        track_sources: The sources of the audio tracks that are interpreted: microphones. With
            `rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO` the sound of a shared screen is interpreted as
            its presenter's words, too.
        catch_up: How voices play while translations wait for one another. "time_stretch": voices play up to
            1.25 times faster, at their pitch, until none waits. "none": each plays as it is.
        max_lag_seconds: A translation is only a caption if its last word was said longer ago when its turn
            comes; so listeners catch up. None: all are spoken.
        fallback: Returns, for a language, the LiveKit TTS that speaks a translation whose voice is lost.
            Several languages may share one.
        fallback_speaks_corrections: The fallback also speaks each translation that the `glossary` corrected,
            because Azure's voice of it says the uncorrected text.
        skip_silence: Send the audio of a speaker to Azure only while somebody speaks, with half a second from
            before it. So an open microphone of somebody who listens costs less. A voice that is hardly louder
            than the noise around it is missed.
        record: Keeps all that is said, e.g. `record.SQLiteRecord("meetings.db")`; a `record.Keeper` also
            redacts it. `aclose` leaves it open. None: nothing is recorded.
        **options: Any option of `STT` but `target_languages` and `spoken_languages`. If `voice` is a mapping,
            the other languages are spoken in the personal voice. `latency` is "balanced" unless it is given:
            a meeting hears many people.

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
        max_streams: int = 100,
        catch_up: Literal["none", "time_stretch"] = "time_stretch",
        max_lag_seconds: float | None = 60.0,
        track_sources: Collection[rtc.TrackSource.ValueType] = MICROPHONES,
        fallback: Callable[[str], livekit_tts.TTS[Any]] | None = None,
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
        check_number("max_lag_seconds", max_lag_seconds, above=0, or_none=True)
        check_fallback(fallback, fallback_speaks_corrections=fallback_speaks_corrections)
        self._policy = CatchUpPolicy(catch_up == "time_stretch", max_lag_seconds)
        self._open_detector = _open_detector if skip_silence else None
        self._recording = MeetingRecording(record)
        options.setdefault("latency", "balanced")
        # Read once: each speaker has an STT, and a glossary may have thousands of terms.
        options["glossary"] = cast(Any, Glossary.parse(options.get("glossary")))
        voice = options.get("voice", PERSONAL_VOICE)
        # Those of the meeting are known only when somebody comes.
        languages = [*voice] if isinstance(voice, Mapping) else ["en"]
        # Raises for a mistake now, not when somebody speaks.
        STT(target_languages=languages, spoken_languages=languages, **options)
        options["voice"] = PERSONAL_VOICE  # each change of the languages names the voices, too
        # A function, because its repr shows no key.
        self._stt: Callable[[], STT] = lambda: STT(target_languages="en", spoken_languages="en", **options)
        self._voices = RouteVoices(_voice_of_each(voice), fallback, fallback_speaks_corrections)
        self._language_attribute = language_attribute
        self._spoken_attribute = spoken_attribute
        self._reading_attribute = reading_attribute
        self._track_sources = frozenset(track_sources)
        self._planner = Planner(max_streams)
        self._room: Room | None = None
        self._speakers: dict[str, SpeakerInterpreter] = {}
        self._leaving: set[SpeakerInterpreter] = set()
        self._speaker_inputs: dict[str, SpeakerInput] = {}
        self._present: frozenset[str] = frozenset()
        self._waiting: tuple[Route, ...] = ()
        self._planning = False
        self._closing: asyncio.Task[None] | None = None
        self._finishing: set[asyncio.Task[None]] = set()
        self._refused: dict[str, str] = {}

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

        Args:
            room: The room of the job (`ctx.room`), or another one that is connected.

        Raises:
            RuntimeError: It was started before, or the room is not connected.
        """
        job = get_job_context(required=False)
        if job is not None and room is job.room:
            await job.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
        if not room.isconnected():
            raise RuntimeError("the room is not connected: connect it first, or start with ctx.room of a job")
        await self._recording.open(room)
        self._start(LiveKitRoom(room, self._track_sources))
        if job is not None:
            job.add_shutdown_callback(self.aclose)

    def _start(self, room: Room) -> None:
        if self._room is not None:
            raise RuntimeError("a MeetingInterpreter is for one meeting: make another one")
        self._room = room
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
        refused: dict[str, str] = {}
        people = [self._person(member, refused) for member in members.values()]
        self._tell_refused(refused)
        self._recording.present(
            Presence(one.identity, members[one.identity].name, one.hears, one.reads) for one in people
        )
        plan = self._planner.plan(
            people,
            hearing=[identity for identity, speaker in self._speakers.items() if speaker.hears],
            further=sum(speaker.further_streams for speaker in (*self._speakers.values(), *self._leaving)),
        )
        # First: a speaker without listeners may have speech left to be heard.
        self._listen(plan, members)
        self._serve(plan, present=frozenset(members))
        self._tell_waiting(plan.waiting_routes)

    def _person(self, member: Member, refused: dict[str, str]) -> Person:
        """A person; `refused` gets the reason if an attribute of theirs is not understood."""

        def read(attribute: str, understand: Callable[[str], str]) -> str | None:
            value = member.attributes.get(attribute, "").strip()
            try:
                return understand(value) if value else None
            except ValueError as error:
                refused[member.identity] = f"the attribute {attribute!r} is ignored: {error}"
                return None

        hears = read(self._language_attribute, target)
        return Person(
            identity=member.identity,
            hears=hears,
            reads=read(self._reading_attribute, target),
            speaks=read(self._spoken_attribute, spoken) or hears,
            publishes=member.publishes,
            audible=bool(member.tracks),
        )

    def _tell_refused(self, refused: dict[str, str]) -> None:
        for identity, reason in refused.items():
            if self._refused.get(identity) != reason:
                logger.warning("%r is not served as they ask; %s", identity, reason)
        if refused != self._refused:
            self._refused = refused
            assert self._room is not None
            self._room.refuse(refused)

    def _serve(self, plan: Plan, *, present: frozenset[str]) -> None:
        come, self._present = present - self._present, present
        for identity in plan.streams:
            if identity not in self._speakers:
                self._speakers[identity] = self._speaker(identity)
        for identity, speaker in list(self._speakers.items()):
            audiences = plan.audiences_of(identity)
            speaker.serve(audiences, active=identity in plan.streams, come=come, present=present)
            if speaker.is_idle or not (audiences or speaker.everyone & present):
                self._leaving.add(self._speakers.pop(identity))
                self._finish(self._close_speaker(speaker))

    def _speaker(self, identity: str) -> SpeakerInterpreter:
        assert self._room is not None
        stt = self._stt()
        self._recording.listen(identity, stt, lambda language: self._audience(identity, language))
        return SpeakerInterpreter(
            identity,
            self._room,
            stt,
            self._voices,
            policy=self._policy,
            open_detector=self._open_detector,
            missed=self._missed,
            report=lambda change: self.emit("interpretation_changed", change),
            admitted=self._admit,
            freed=self._plan_soon,
        )

    def _audience(self, speaker: str, language: str) -> Audience:
        """Those who hear the speaker in this language now, and Azure's voice of it."""
        listeners = self._listeners().get(Route(speaker, target(language)), frozenset())
        return Audience(listeners, self._voices.azure_voice(target(language)) or "")

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
        for identity, heard in tracks.items():
            if identity not in self._speaker_inputs:
                self._speaker_inputs[identity] = self._speaker_input(identity)
            self._speaker_inputs[identity].listen_to(heard)

    def _speaker_input(self, identity: str) -> SpeakerInput:
        assert self._room is not None

        def said(frame: rtc.AudioFrame) -> None:
            if (speaker := self._speakers.get(identity)) is not None:
                speaker.push(frame)

        return SpeakerInput(self._room, said)

    def _tell_waiting(self, waiting: tuple[Route, ...]) -> None:
        queued = [route for route in waiting if route not in self._waiting]
        self._waiting = waiting
        if queued:
            logger.warning(
                "%d interpretations wait for a place: max_streams are open (%s)",
                len(waiting),
                ", ".join(route.name for route in queued),
            )
        for route in queued:
            self.emit("interpretation_changed", InterpretationChanged(*route, "queued"))

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
    for name in ("target_languages", "spoken_languages"):
        if name in options:
            raise TypeError(
                f"MeetingInterpreter takes no {name}: each listener's attribute `language` names theirs"
            )
    check_names(options, [*argument_names(MeetingInterpreter), *argument_names(STT)], "MeetingInterpreter")


def _open_detector() -> Callable[[bytes], bool]:
    return VoiceDetector().is_voice


def _voice_of_each(voice: Voice) -> Callable[[str], str | None]:
    """Azure's voice of each language."""
    if not isinstance(voice, Mapping):
        return lambda language: voice
    named = {target(language): name for language, name in voice.items()}
    return lambda language: named.get(language, PERSONAL_VOICE)
