"""What type checkers must know of the public API, and what they must refuse. Read by them, never run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from livekit import rtc
from livekit.agents import AgentServer, AgentSession, APIConnectOptions, room_io, stt, tts
from livekit.agents.beta.translation import TranslationModelSession, TranslationSession
from livekit.plugins import azure_interpreter as plugin
from livekit.plugins.azure_interpreter.emulator import Emulator as PluginsEmulator
from typing_extensions import assert_type

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter import (
    STT,
    TTS,
    Counts,
    InterpretationChanged,
    InterpreterAgent,
    MeetingInterpreter,
    MeetingWatch,
    PersonalVoiceTTS,
    SpeechForgotten,
    SpeechMissed,
    SpeechStream,
    SynthesizeStream,
    Transcript,
    TranslationModel,
    UtteranceMetrics,
    UtteranceRecognized,
    VoiceLost,
)
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Refuse, load_script
from livekit_plugins_azure_interpreter.record import (
    Entry,
    Heard,
    Keeper,
    Record,
    RedisRecord,
    SQLiteRecord,
    export,
    minutes,
    record_session,
)


def by_the_name_of_livekits_plugins() -> None:
    assert_type(plugin.STT(target_languages="fr"), STT)
    assert_type(PluginsEmulator(), Emulator)
    assert_type(plugin.TranslationModel(target_language="fr"), TranslationModel)


def several_resources() -> None:
    one = azure_interpreter.Resource(speech_key="a", speech_region="westeurope", max_streams=20)
    resources = azure_interpreter.SpeechResources(
        [one], leases=azure_interpreter.RedisLeases("redis://localhost"), near="westeurope", share=3
    )
    assert_type(STT(target_languages="fr", speech_resources=resources), STT)
    assert_type(PersonalVoiceTTS(speech_resources=resources), PersonalVoiceTTS)
    assert_type(MeetingInterpreter(speech_resources=resources), MeetingInterpreter)
    assert_type(resources.states[0].refusals, Mapping[Literal["quota", "outage", "rejected"], int])
    azure_interpreter.SpeechResources("westeurope")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def knows_each_name() -> None:
    assert_type(azure_interpreter.Missing, Any)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def as_in_the_readme() -> None:
    interpreter = azure_interpreter.STT(target_languages="fr")
    voice = azure_interpreter.TTS(interpreter)
    session = AgentSession[None](stt=interpreter, tts=voice, **azure_interpreter.session_options())
    assert_type(session, AgentSession[None])
    assert_type(azure_interpreter.session_options(vad=None), dict[str, Any])
    assert_type(azure_interpreter.room_options(participant_identity="alice"), room_io.RoomOptions)
    assert_type(azure_interpreter.__version__, str)


class TestSTT:
    def is_livekits(self, interpreter: STT) -> stt.STT[Any]:
        return stt.FallbackAdapter([interpreter])

    def takes_one_language_or_several(self, several: Sequence[str]) -> None:
        STT(target_languages="fr", source_languages=None)
        STT(target_languages=several, source_languages=("en-US", "es-ES"))
        STT(between=("en", "fr"), source_languages=["en-US", "fr-FR"])
        STT(between=("en", "fr", "de"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        STT(between="en")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        STT("fr")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        STT(target_languages=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        STT(target_languages=[33])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]

    def takes_a_voice_or_none(self) -> None:
        STT(target_languages="fr", voice="fr-FR-DeniseNeural")
        STT(target_languages="fr", voice=None)
        STT(target_languages="fr", voice=False)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def takes_some_words_only(self) -> None:
        STT(
            target_languages="fr",
            latency="lowest",
            profanity="raw",
            silence_ends_turns=True,
            manual_flush=True,
            segmentation_strategy="Semantic",
        )
        STT(target_languages="fr", latency="fast")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        STT(target_languages="fr", segmentation_strategy="semantic")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def takes_corrections_by_language(self, terms: Mapping[str, str]) -> None:
        STT(target_languages="fr", translation_category="a-category", glossary={"fr": terms})
        STT(target_languages="fr", translation_category=None, glossary=None)
        STT(target_languages="fr", glossary={"fr": {"live kit": 1}})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
        STT(target_languages="fr", glossary=terms)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def takes_a_token_or_who_gives_one(self) -> None:
        STT(target_languages="fr", speech_auth_token="token")
        STT(target_languages="fr", speech_auth_token=lambda: "token")
        STT(target_languages="fr", speech_auth_token=lambda: 1)  # type: ignore[arg-type,return-value]  # pyright: ignore[reportArgumentType]

    def has_no_option_of_another_name(self) -> None:
        STT(target_languages="fr", api_key="key")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

    async def streams(self, interpreter: STT) -> None:
        stream = interpreter.stream(language="en-US", conn_options=APIConnectOptions(max_retry=0))
        assert_type(stream, SpeechStream)
        async with stream:
            async for event in stream:
                assert_type(event, stt.SpeechEvent)
        interpreter.stream(target_languages="fr")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

    async def recognizes_a_recording(self, interpreter: STT, frame: rtc.AudioFrame) -> None:
        assert_type(await interpreter.recognize([frame, frame]), stt.SpeechEvent)
        assert_type(await interpreter.recognize(frame, language="en-US"), stt.SpeechEvent)
        await interpreter.recognize(bytes(2))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def keeps_audio_for_the_next_connection(self) -> None:
        STT(target_languages="fr", kept_audio_seconds=30)
        STT(target_languages="fr", kept_audio_seconds="30")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def gives_the_translation_of_a_text(self, interpreter: STT, session: AgentSession[int]) -> None:
        translation = interpreter.next_translation("Oui.", session=session)
        interpreter.next_translation("Oui.", session=None)
        interpreter.next_translation("Oui.", session)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        interpreter.let_go("Oui.")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        if translation is not None:
            session.say(translation)
            assert_type(interpreter.let_go(translation), None)

    def is_changed_while_it_runs(self, interpreter: STT) -> None:
        interpreter.update_options(target_languages=["de"], voice=None, source_languages=None)
        interpreter.update_options(phrase_list=["Contoso"], phrase_list_weight=2)
        interpreter.update_options(glossary={"fr": {"live kit": "LiveKit"}}, translation_category=None)
        interpreter.update_options(between=("en", "de"))
        interpreter.update_options(target_languages=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        interpreter.update_options(sample_rate=8000)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

    def tells_of_utterances_and_voices(self, interpreter: STT) -> None:
        interpreter.on("utterance_recognized", self.recognized)
        interpreter.on("voice_lost", self.lost)
        interpreter.on("utterance_metrics_collected", self.measured)
        interpreter.on("metrics_collected", print)
        interpreter.on("error", print)
        interpreter.on("utterance_recognised", print)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert_type(interpreter.counts, Counts)

    def recognized(self, event: UtteranceRecognized) -> None:
        assert_type(event.id, str)
        assert_type(event.transcript, Transcript)
        assert_type(event.transcript.text, str)
        assert_type(event.transcript.translations, Mapping[str, str])
        assert_type(event.transcript.start_time, float)
        assert_type(event.transcript.same_language, bool)
        assert_type(event.transcript.uncorrected_texts, Mapping[str, str])
        assert_type(event.transcript.corrected, bool)
        event.transcript.text = ""  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]

    def lost(self, event: VoiceLost) -> None:
        assert_type(event.reason, str)
        assert_type(event.seconds_heard, float)
        assert_type(event.seconds_missing, float | None)

    def measured(self, event: UtteranceMetrics) -> None:
        assert_type(
            event.outcome,
            Literal["voiced", "fallback", "lost", "interrupted", "not_spoken", "late", "closed"],
        )
        assert_type(event.ear_voice_span_seconds, float | None)
        assert_type(event.backlog_seconds, float)

    def counts(self, counts: Counts) -> None:
        assert_type(counts.utterances, int)
        assert_type(counts.voices_lost, Counter[str])
        assert_type(counts.outcomes, Counter[str])


class TestTTS:
    def speaks_for_this_packages_stt(self, interpreter: STT, other: stt.STT[Any]) -> None:
        assert_type(TTS(interpreter).stt, STT | stt.FallbackAdapter)
        TTS(stt.FallbackAdapter([interpreter, other]))
        assert_type(TTS(interpreter).has_voices, bool)
        TTS(other)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        TTS()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

    def takes_any_fallback(self, interpreter: STT, other: tts.TTS[Any]) -> None:
        TTS(interpreter, fallback=other)
        TTS(interpreter, fallback=other, fallback_speaks_corrections=True)
        TTS(interpreter, fallback=other, fallback_speaks_corrections=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        TTS(interpreter, fallback=PersonalVoiceTTS(voice="fr-FR-DeniseNeural"))
        TTS(interpreter, fallback=tts.StreamAdapter(tts=other))
        TTS(interpreter, fallback=interpreter)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    async def streams(self, voice: TTS) -> None:
        stream = voice.stream()
        assert_type(stream, SynthesizeStream)
        async for audio in stream:
            assert_type(audio, tts.SynthesizedAudio)
        assert_type(voice.synthesize("Bonjour"), tts.ChunkedStream)

    def is_livekits(self, voice: TTS) -> tts.TTS[Any]:
        return tts.FallbackAdapter([voice, PersonalVoiceTTS(voice="fr-FR-DeniseNeural")])


class TestPersonalVoiceTTS:
    def takes_keywords_only(self) -> None:
        PersonalVoiceTTS(speaker_profile_id="id", language="fr-FR", rate=1.2)
        PersonalVoiceTTS("id")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        PersonalVoiceTTS(rate="fast")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    async def streams(self, voice: PersonalVoiceTTS) -> None:
        async for audio in voice.synthesize("Bonjour"):
            assert_type(audio.frame, rtc.AudioFrame)


class TestInterpreterAgent:
    def takes_its_own_and_livekits_options(self) -> None:
        InterpreterAgent(skip_same_language=False, catch_up="time_stretch", allow_interruptions=False)
        InterpreterAgent(catch_up="faster")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        InterpreterAgent(other_stt_translates=True, drain_timeout_seconds=5)
        InterpreterAgent(drain_timeout_seconds=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        InterpreterAgent("Interpret.")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        assert_type(InterpreterAgent().backlog_seconds, float)


class TestEmulator:
    async def serves(self) -> None:
        async with Emulator(Behaviour(faults=[Refuse(503)])) as emulator:
            assert_type(emulator, Emulator)
        assert_type(Line("Yes.", translations={"fr": "Oui."}), Line)

    def loads_a_script(self, path: str) -> None:
        load_script(path)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class TestTranslationModel:
    def is_livekits(self) -> TranslationSession[None]:
        return TranslationSession[None](model=TranslationModel(target_language="fr", voice=None))

    def opens_sessions(self, model: TranslationModel) -> TranslationModelSession[Any]:
        return model.session()

    def speaks_one_language(self) -> None:
        TranslationModel()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        TranslationModel(target_language=["fr"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def takes_options_of_stt(self) -> None:
        TranslationModel(target_language="fr", latency="balanced", phrase_list=["Azure"])
        TranslationModel(target_language="fr", translation_category="a-category", glossary={"fr": {}})
        TranslationModel(target_language="fr", latency="none")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        TranslationModel(target_language="fr", phrases=["Azure"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        TranslationModel(target_language="fr", source_languages=["de"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


class TestMeetingInterpreter:
    async def starts_in_a_room(self, room: rtc.Room, other: tts.TTS[Any]) -> None:
        meeting = MeetingInterpreter(
            max_streams=20,
            reading_attribute="captions",
            voice_attribute="my_voice",
            voices=["prebuilt", "text"],
            default_voice="text",
            prebuilt_voices={"fr": "fr-FR-DeniseNeural"},
            language_of=lambda participant: participant.attributes.get("sip.h.x-language"),
            default_language="en",
            originals="replace",
            interpret_agents=True,
            mode="consecutive",
            track_sources=[rtc.TrackSource.SOURCE_MICROPHONE, rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO],
            catch_up="none",
            max_lag_seconds=None,
            skip_silence=True,
            fallback=lambda language: other,
            fallback_speaks_corrections=True,
            glossary={"fr": {"live kit": "LiveKit"}},
            translation_category="a-category",
            voice=None,
            kept_audio_seconds=30.0,
        )
        assert_type(await meeting.start(room), None)
        assert_type(meeting.open_streams, int)
        assert_type(meeting.interpretations, Mapping[tuple[str, str], frozenset[str]])

    def takes_options_of_stt(self) -> None:
        MeetingInterpreter(source_languages=["de-DE", "fr-FR"], latency="relaxed")
        MeetingInterpreter(latency="none")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        MeetingInterpreter(default_voice="mine")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        MeetingInterpreter(language_of="fr")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        MeetingInterpreter(originals="mix")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        MeetingInterpreter(max_stream=20)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        MeetingInterpreter(target_languages="fr")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

    def tells_what_changes(self, change: InterpretationChanged) -> None:
        assert_type(change.speaker, str)
        assert_type(change.retry_seconds, float | None)

    def tells_what_is_not_heard(self, missed: SpeechMissed, forgotten: SpeechForgotten) -> None:
        assert_type(missed.reason, Literal["late", "failed", "forgotten"])
        assert_type(forgotten.seconds, float)


class TestRecord:
    def is_given_to_a_meeting(self) -> None:
        MeetingInterpreter(record=SQLiteRecord("meetings.db"))
        MeetingInterpreter(record=RedisRecord("redis://localhost", keep_days=0.5, max_entries=1000))
        MeetingInterpreter(record=Keeper(SQLiteRecord("meetings.db"), redact=str.upper))
        MeetingInterpreter(record="meetings.db")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def is_one_line_for_a_session(
        self,
        session: AgentSession[int],
        interpreter: STT,
        tour: TranslationSession[int],
        model: TranslationModel,
        record: Record,
    ) -> None:
        assert_type(record_session(session, interpreter, record), Keeper)
        assert_type(record_session(tour, model, Keeper(record), meeting="tour", speaker="guide"), Keeper)

    async def is_read(self, record: Record) -> None:
        entries = await record.read("RM_abc")
        assert_type(entries, Sequence[Entry])
        assert_type(export(entries, "vtt", language="fr"), str)
        export(entries, "docx")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert_type(await record.delete("RM_abc", person="alice"), int)
        for said in minutes(entries).said:
            assert_type(said.heard, Mapping[str, Heard])


class TestMeetingWatch:
    def is_attached_to_a_worker(self) -> None:
        watch = MeetingWatch(agent_name="interpreter", attributes={"language"}, everybody=True, most_rooms=50)
        assert_type(watch.attach(AgentServer()), None)
        MeetingWatch(alone_seconds="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
