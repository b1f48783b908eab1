"""Interprets a LiveKit room: all participants hear the others in their own language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

from livekit import rtc
from livekit.agents import AutoSubscribe, get_job_context

from ._meeting.livekit_room import MICROPHONES, LiveKitRoom
from ._meeting.original_subscriptions import check_environment, open_api
from ._meeting.recording import MeetingRecording
from ._meeting.reports import InterpretationChanged, Report, SpeakerInterpreted, SpeechMissed
from ._meeting.rivals import Rivals
from ._meeting.room import Room
from ._meeting.route_voices import Fallback
from ._meeting.running_meeting import RunningMeeting
from ._meeting.settings import Conduct, MeetingSettings, SpeechSettings
from ._meeting.voice_choice import VoiceChoice
from ._meeting.wishes import AttributeNames
from ._options.option_names import argument_names, check_names
from .log import logger
from .options import STTOptions
from .record.keeper import Keeper
from .record.record import Record
from .stt import STT

if TYPE_CHECKING:
    from typing_extensions import Unpack

_Events = Literal["interpretation_changed", "speaker_interpreted", "speech_missed", "closed"]
_EVENTS: dict[type[Report], _Events] = {
    InterpretationChanged: "interpretation_changed",
    SpeakerInterpreted: "speaker_interpreted",
    SpeechMissed: "speech_missed",
}


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
        silent_track_seconds: A track on which nobody has spoken for so long is taken out of the room, until
            its speaker speaks again; the next one stays for twice as long, and so on. A silent track takes
            CPU, because LiveKit encodes silence, too. None: tracks stay.
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
        silent_track_seconds: float | None = 120.0,
        record: Record | Keeper | None = None,
        **options: Unpack[STTOptions],
    ) -> None:
        super().__init__()
        _check_option_names(options)
        conduct = Conduct.parse(
            mode=mode,
            originals=originals,
            catch_up=catch_up,
            max_lag_seconds=max_lag_seconds,
            skip_silence=skip_silence,
            silent_track_seconds=silent_track_seconds,
        )
        speech = SpeechSettings.parse(
            options,
            voices=voices,
            default_voice=default_voice,
            prebuilt_voices=prebuilt_voices,
            fallback=fallback,
            fallback_speaks_corrections=fallback_speaks_corrections,
        )
        self._settings = MeetingSettings.parse(
            speech,
            conduct,
            AttributeNames(language_attribute, reading_attribute, spoken_attribute, voice=voice_attribute),
            language_of=language_of,
            default_language=default_language,
            max_streams=max_streams,
            track_sources=track_sources,
            interpret_agents=interpret_agents,
        )
        self._record = record
        self._starting = asyncio.Lock()
        self._meeting: RunningMeeting | None = None
        self._rivals: Rivals | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def interpretations(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The identities of those who can hear it now, for each (speaker, language).

        Nobody hears a language that is only read.
        """
        if self._meeting is None:
            return {}
        return dict[tuple[str, str], frozenset[str]](self._meeting.interpretations.items())

    @property
    def open_streams(self) -> int:
        """How many streams to Azure are open. Each speaker has one; one that ends may still be open."""
        return 0 if self._meeting is None else self._meeting.open_streams

    async def start(self, room: rtc.Room) -> None:
        """Interpret in this room, until it is closed or `aclose` is called.

        In a job, the job's room is connected if it is not yet, and the end of the job closes the interpreter,
        whatever the room.

        If another interpreter (an agent) serves the room already, or for longer, this one closes at once, and
        ends its job: nobody hears anything twice.

        Args:
            room: The room of the job (`ctx.room`), or another one that is connected.

        Raises:
            RuntimeError: It was started or closed before, the room is not connected, or a variable that
                `originals="replace"` needs is missing.
        """
        # Before anything is opened: nobody would close it.
        if self._starting.locked() or self._meeting is not None or self._closing is not None:
            raise RuntimeError("a MeetingInterpreter is for one meeting: make another one")
        async with self._starting:
            await self._start_in(room)

    async def _start_in(self, room: rtc.Room) -> None:
        job = get_job_context(required=False)
        if job is not None and room is job.room:
            await job.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
        if not room.isconnected():
            raise RuntimeError("the room is not connected: connect it first, or start with ctx.room of a job")
        replaces_originals = self._settings.conduct.replaces_originals
        if replaces_originals:
            check_environment()
        rivals = Rivals(room, self._give_way)
        if (leader := await rivals.leader()) is not None:
            self._give_way(leader)
        if self._closing is not None:
            return
        recording = MeetingRecording(self._record)
        await recording.open(room)
        if self._closing is not None:
            await recording.aclose()
            return
        livekit_room = LiveKitRoom(
            room,
            self._settings.track_sources,
            with_agents=self._settings.interprets_agents,
            server=open_api() if replaces_originals else None,
        )
        self._start(livekit_room, recording)
        self._rivals = rivals
        rivals.watch(livekit_room.tell)
        if job is not None:
            job.add_shutdown_callback(self.aclose)

    def _start(self, room: Room, recording: MeetingRecording) -> None:
        self._meeting = RunningMeeting(
            room, self._settings, recording, tell=self._tell, gone=self._close_soon
        )

    def _tell(self, report: Report) -> None:
        self.emit(_EVENTS[type(report)], report)

    def _give_way(self, leader: str) -> None:
        """Another interpreter serves the room: leave it before anything is said twice."""
        logger.info("%s interprets this room already: this interpreter leaves", leader)
        self._close_soon()
        if (job := get_job_context(required=False)) is not None:
            job.shutdown("another interpreter serves the room")

    async def aclose(self) -> None:
        """Stop at once, and take the tracks out of the room."""
        self._close_soon()
        assert self._closing is not None
        await asyncio.shield(self._closing)

    def _close_soon(self) -> None:
        if self._closing is None:
            if self._meeting is not None:
                self._meeting.stop()
            self._closing = asyncio.create_task(self._close())

    async def _close(self) -> None:
        if self._rivals is not None:
            await self._rivals.aclose()
        if self._meeting is not None:
            await self._meeting.aclose()
        self.emit("closed")


def _check_option_names(options: Mapping[str, Any]) -> None:
    for name in ("target_languages", "spoken_languages", "between"):
        if name in options:
            raise TypeError(
                f"MeetingInterpreter takes no {name}: each listener's attribute `language` names theirs"
            )
    check_names(options, [*argument_names(MeetingInterpreter), *argument_names(STT)], "MeetingInterpreter")
