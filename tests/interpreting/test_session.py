"""What is said in a session: of its own speech only, whatever becomes of a text, to the last word."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fakes.azure import heard, hearing, phrase, spoken_in, untranslated, voice
from fakes.limits import within
from fakes.other import OtherSTT, cut_by_a_vad
from fakes.recognizer import FakeService
from fakes.session import CLOSES_AT_ONCE, Microphone, Room, Speaker
from fakes.streams import claims_of, streams_of, translations_of
from fakes.tts import ToneTTS, tone
from livekit import rtc
from livekit.agents import Agent, AgentSession, CloseReason, ModelSettings, UserInputTranscribedEvent
from livekit.agents import stt as livekit_stt
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, session_options
from livekit_plugins_azure_interpreter._interpreting import session as _session
from livekit_plugins_azure_interpreter._interpreting.pairing import PairingError
from livekit_plugins_azure_interpreter._interpreting.session import SessionInterpreter
from livekit_plugins_azure_interpreter._sdk.events import Finished, Recognized

Until = Callable[[Callable[[], object]], Awaitable[None]]
Make = Callable[..., Any]
Change = Callable[[SpeechData], SpeechData]

VOICES = [tone(hertz, 0.2) for hertz in (440, 550, 660, 770)]


class Changing(InterpreterAgent):
    """Its `stt_node` changes each final, and may wait before."""

    def __init__(self, change: Change, *, held: asyncio.Event | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._change, self._held = change, held

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[SpeechEvent]:
        async for event in Agent.default.stt_node(self, audio, model_settings):
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                if self._held is not None:
                    await self._held.wait()
                changed = self._change(event.alternatives[0])
                event = dataclasses.replace(event, alternatives=[changed])  # noqa: PLW2901
            yield event


def _replaced(change: Callable[[str], str]) -> Change:
    return lambda data: dataclasses.replace(data, text=change(data.text))


def _lower_case(data: SpeechData) -> SpeechData:
    return _replaced(lambda text: text.lower())(data)


def _respelt_in_place(data: SpeechData) -> SpeechData:
    data.text = data.text.replace("Sen", "Seán")
    return data


def _only_times(data: SpeechData) -> SpeechData:
    times = {"start_time": data.start_time, "end_time": data.end_time}
    return SpeechData(language=data.language, text=f"[Alice] {data.text}", **times)


def _only_text(data: SpeechData) -> SpeechData:
    return SpeechData(language=data.language, text=f"[Alice] {data.text}")


class TestSharedSTT:
    """Two sessions hear with one STT."""

    async def test_equal_words_have_the_voice_of_their_own_session(self, enter: Make, until: Until) -> None:
        held = asyncio.Event()
        first = await enter(Changing(lambda data: data, held=held))
        second = await enter(interpreter=first.stt)
        first.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: first.stt.counts.utterances == 1)
        second.hears(heard("Oui."), *voice(VOICES[1]))
        await until(lambda: second.speaker.heard)
        held.set()
        await until(lambda: first.speaker.heard)
        assert (first.speaker.heard, second.speaker.heard) == (VOICES[:1], VOICES[1:2])

    async def test_a_text_that_an_ordinary_agent_says_has_the_voice_of_its_own_session(
        self, enter: Make, until: Until
    ) -> None:
        first = await enter(Agent(instructions=""))
        second = await enter(Agent(instructions=""), interpreter=first.stt)
        first.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: first.stt.counts.utterances == 1)
        second.hears(heard("Oui."), *voice(VOICES[1]))
        await until(lambda: first.stt.counts.utterances == 2)
        second.session.say("Oui.")
        await until(lambda: second.speaker.heard)
        first.session.say("Oui.")
        await until(lambda: first.speaker.heard)
        assert (first.speaker.heard, second.speaker.heard) == (VOICES[:1], VOICES[1:2])

    async def test_a_session_is_asked_for_a_translation_of_its_own(self, enter: Make, until: Until) -> None:
        first = await enter(Agent(instructions=""))
        second = await enter(Agent(instructions=""), interpreter=first.stt)
        first.hears(heard("Oui."))
        await until(lambda: first.stt.counts.utterances == 1)
        assert first.stt.next_translation("Oui.", session=second.session) is None
        assert first.stt.next_translation("Oui.", session=first.session) == "Oui."

    async def test_the_end_of_one_lets_nothing_of_the_other_go(self, enter: Make, until: Until) -> None:
        first = await enter(Agent(instructions=""))
        second = await enter(interpreter=first.stt)
        first.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: first.stt.counts.utterances == 1)
        await within(second.session.aclose())
        assert first.stt.next_translation("Oui.") == "Oui."


class TestChangedText:
    @pytest.mark.parametrize(
        "change",
        [_lower_case, _respelt_in_place, _replaced("[Alice] {}".format), _only_times],
        ids=["lower case", "respelt in place", "the speaker's name in front", "a new one with its times"],
    )
    async def test_a_changed_text_is_said_in_the_voice_of_its_utterance(
        self, enter: Make, until: Until, change: Change
    ) -> None:
        room = await enter(Changing(change))
        for second, text in enumerate(("Bonjour Sen.", "OUI !")):
            final = Recognized(phrase("what was said", text, offset=float(second)))
            room.hears(final, *voice(VOICES[second]))
        await until(lambda: len(room.speaker.heard) == 2)
        assert (room.speaker.heard, room.errors) == (VOICES[:2], [])

    async def test_a_name_is_said_by_the_fallback_where_the_final_tells_nothing_else(
        self, enter: Make, until: Until
    ) -> None:
        fallback = ToneTTS()
        room = await enter(Changing(_only_text), fallback=fallback)
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert fallback.texts == ["[Alice] Oui."]

    async def test_a_changed_text_without_a_fallback_is_an_error_and_a_log_line_without_the_words(
        self, enter: Make, until: Until, caplog: pytest.LogCaptureFixture
    ) -> None:
        room = await enter(Changing(_only_text))
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.errors)
        assert room.errors[0].error.recoverable
        assert "changed it beyond recognition" in caplog.text
        assert "Alice" not in caplog.text + str(room.errors[0].error)

    async def test_one_that_was_cut_in_two_has_one_voice(self, enter: Make, until: Until) -> None:
        class Cutting(Changing):
            async def stt_node(self, audio: Any, model_settings: Any) -> AsyncIterator[SpeechEvent]:
                async for event in super().stt_node(audio, model_settings):
                    for text in event.alternatives[0].text.split() if event.alternatives else [""]:
                        changed = [dataclasses.replace(data, text=text) for data in event.alternatives]
                        yield dataclasses.replace(event, alternatives=changed)

        room = await enter(Cutting(lambda data: data))
        room.hears(heard("Oui, toi."), *voice(VOICES[0]), heard("Non."), *voice(VOICES[1]))
        await until(lambda: len(room.speaker.heard) == 2)
        assert (room.speaker.heard, room.errors) == (VOICES[:2], [])

    async def test_an_untranslated_text_is_not_said_either(self, enter: Make, until: Until) -> None:
        fallback = ToneTTS()
        room = await enter(Changing(_lower_case), fallback=fallback)
        room.hears(untranslated("Yes."), heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert (room.speaker.heard, fallback.texts) == (VOICES[:1], [])


class TestShutdown:
    async def test_earlier_speech_is_heard_before_a_drained_session_closes(
        self, enter: Make, until: Until, service: FakeService
    ) -> None:
        service.finishes = False
        room = await enter()
        room.microphone.push(VOICES[0])
        room.hears(hearing("Ou"))
        room.session.shutdown(drain=True)
        await until(lambda: room.recognizer.audio_ended)
        room.hears(heard("Oui."), *voice(VOICES[0]), Finished())
        await until(lambda: room.closed)
        assert (room.speaker.heard, room.outcomes) == (VOICES[:1], ["voiced"])

    async def test_a_drained_session_waits_for_a_final_that_its_stt_node_holds(
        self, enter: Make, until: Until, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_session, "_UNTOLD_SECONDS", 0.0)
        held = asyncio.Event()
        room = await enter(Changing(lambda data: data, held=held))
        (opened,) = streams_of(room.stt).open.values()
        room.hears(heard("Oui."), *voice(VOICES[0]))
        room.session.shutdown(drain=True)
        await within(opened.ended.wait())
        await asyncio.sleep(0.1)
        assert not room.closed
        held.set()
        await until(lambda: room.closed)
        assert (room.speaker.heard, room.outcomes) == (VOICES[:1], ["voiced"])

    async def test_a_drained_session_closes_after_its_limit(
        self, enter: Make, until: Until, service: FakeService, caplog: pytest.LogCaptureFixture
    ) -> None:
        service.finishes = False
        room = await enter(InterpreterAgent(drain_timeout_seconds=0.2))
        room.hears(heard("Oui."))
        room.session.shutdown(drain=True)
        await until(lambda: room.closed)
        assert room.outcomes == ["interrupted"]
        assert "before all was said" in caplog.text

    async def test_a_plain_close_waits_for_nothing_and_says_so(self, enter: Make, until: Until) -> None:
        held = asyncio.Event()
        room = await enter(Changing(lambda data: data, held=held))
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.stt.counts.utterances == 1)
        await within(room.session.aclose())
        assert (room.speaker.heard, room.outcomes) == ([], ["closed"])


class TestOtherSTT:
    """What the session tells of, and no STT of ours has translated."""

    def _transcribed(self, room: Room, text: str, *, is_final: bool = True) -> None:
        room.session.emit(
            "user_input_transcribed", UserInputTranscribedEvent(transcript=text, is_final=is_final)
        )

    async def test_a_translation_of_the_other_stt_is_said_by_the_fallback(
        self, enter: Make, until: Until
    ) -> None:
        fallback = ToneTTS()
        room = await enter(InterpreterAgent(other_stt_translates=True), fallback=fallback)
        room.hears(heard("Un."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        self._transcribed(room, "De", is_final=False)
        self._transcribed(room, "")
        self._transcribed(room, "Deux.")
        await until(lambda: len(room.speaker.heard) == 2)
        assert fallback.texts == ["Deux."]

    async def test_untranslated_speech_of_ours_is_not_said(self, enter: Make, until: Until) -> None:
        fallback = ToneTTS()
        room = await enter(InterpreterAgent(other_stt_translates=True), fallback=fallback)
        room.hears(untranslated("One."), heard("Deux."), *voice(VOICES[1]))
        await until(lambda: room.speaker.heard)
        assert (room.speaker.heard, fallback.texts) == (VOICES[1:2], [])

    async def test_a_text_of_the_other_stt_is_a_transcript_by_default_and_that_is_logged_once(
        self, enter: Make, until: Until, caplog: pytest.LogCaptureFixture
    ) -> None:
        fallback = ToneTTS()
        room = await enter(
            wrap=lambda interpreter: livekit_stt.FallbackAdapter([interpreter, OtherSTT()]), fallback=fallback
        )
        self._transcribed(room, "One.")
        self._transcribed(room, "Two.")
        room.hears(heard("Trois."), *voice(VOICES[1]))
        await until(lambda: room.speaker.heard)
        assert (room.speaker.heard, fallback.texts) == (VOICES[1:2], [])
        assert caplog.text.count("its transcripts are not spoken") == 1

    async def test_a_text_left_to_an_agent_that_does_not_interpret_is_not_said_later(
        self, enter: Make, until: Until
    ) -> None:
        fallback = ToneTTS()
        first = InterpreterAgent(other_stt_translates=True)
        room = await enter(first, fallback=fallback)
        room.session.update_agent(Agent(instructions=""))
        await until(lambda: not isinstance(room.session.current_agent, InterpreterAgent))
        await until(lambda: not SessionInterpreter.with_floor(first))
        self._transcribed(room, "Un.")
        following = InterpreterAgent(other_stt_translates=True)
        room.session.update_agent(following)
        await until(lambda: SessionInterpreter.with_floor(following))
        self._transcribed(room, "Deux.")
        await until(lambda: room.speaker.heard)
        assert fallback.texts == ["Deux."]


class TestHandOver:
    async def test_a_hand_over_while_a_speech_is_playing_loses_nothing_and_reconnects_nothing(
        self, enter: Make, until: Until, service: FakeService
    ) -> None:
        room = await enter()
        room.speaker.held = True
        room.hears(heard("Un."), *voice(VOICES[0]))
        await until(lambda: room.speaker.playing)
        room.hears(heard("Deux."), *voice(VOICES[1]))
        await until(lambda: claims_of(room.stt).find("Deux.") is not None)
        following = InterpreterAgent()
        room.session.update_agent(following)
        room.hears(heard("Trois."), *voice(VOICES[2]))
        await until(lambda: claims_of(room.stt).find("Trois.") is not None)
        room.speaker.release()
        await until(lambda: room.session.current_agent is following)
        room.hears(heard("Quatre."), *voice(VOICES[3]))
        await until(lambda: len(room.speaker.heard) == 4)
        assert room.speaker.heard == VOICES
        assert len(service.recognizers) == 1

    async def test_the_microphone_goes_on(self, enter: Make, until: Until, service: FakeService) -> None:
        room = await enter()
        room.microphone.push(VOICES[0])
        following = InterpreterAgent()
        room.session.update_agent(following)
        room.microphone.push(VOICES[1])
        await until(lambda: room.session.current_agent is following)
        room.microphone.push(VOICES[2])
        await until(lambda: len(service.last.written) == 3 * len(VOICES[0]))
        assert service.last.written == VOICES[0] + VOICES[1] + VOICES[2]
        assert len(service.recognizers) == 1


class TestSameLanguage:
    async def test_it_is_not_said_again_and_its_voice_is_nobody_elses(
        self, enter: Make, until: Until
    ) -> None:
        room = await enter()
        room.hears(spoken_in("fr-CA", "Oui."), heard("Non."), *voice(VOICES[0]), *voice(VOICES[1]))
        await until(lambda: room.speaker.heard)
        room.hears(heard("Oui."), *voice(VOICES[2]))
        await until(lambda: len(room.speaker.heard) == 2)
        assert room.speaker.heard == VOICES[1:3]
        assert claims_of(room.stt).empty

    @pytest.mark.parametrize("language", ["", "und", "en-US"])
    async def test_another_language_or_an_unknown_one_is_said(
        self, enter: Make, until: Until, language: str
    ) -> None:
        room = await enter()
        room.hears(spoken_in(language, "Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[:1]

    async def test_it_is_said_where_that_is_wanted(self, enter: Make, until: Until) -> None:
        room = await enter(InterpreterAgent(skip_same_language=False))
        room.hears(spoken_in("fr-FR", "Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[:1]


class TestNotSaid:
    async def test_the_voices_of_speeches_that_were_interrupted_are_let_go(
        self, enter: Make, until: Until
    ) -> None:
        room = await enter()
        room.speaker.held = True
        room.hears(heard("Un."), *voice(VOICES[0]))
        await until(lambda: room.speaker.playing)
        room.hears(heard("Deux."), *voice(VOICES[1]))
        await until(lambda: claims_of(room.stt).find("Deux.") is not None)
        await until(lambda: claims_of(room.stt).find("Deux.", handed_out=False) is None)
        interrupted = room.session.interrupt(force=True)
        room.speaker.release()
        await within(interrupted)
        await until(lambda: claims_of(room.stt).empty)
        room.speaker.heard.clear()
        room.hears(heard("Deux.", offset=3.0), *voice(VOICES[2]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[2:3]

    async def test_no_voice_waits_without_sound(self, enter: Make, until: Until) -> None:
        room = await enter()
        room.session.output.set_audio_enabled(False)
        room.hears(heard("Un."), *voice(VOICES[0]))
        (ledger,) = translations_of(room.stt).of(None)
        await until(lambda: ledger.expected_seconds("any text") and ledger.claims.empty)
        assert room.speaker.heard == []

    async def test_speech_left_by_an_agent_that_does_not_interpret_is_not_said_later(
        self, enter: Make, until: Until
    ) -> None:
        told: list[UserInputTranscribedEvent] = []
        room = await enter()
        room.session.on("user_input_transcribed", told.append)
        room.session.update_agent(Agent(instructions=""))
        await until(lambda: not isinstance(room.session.current_agent, InterpreterAgent))
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: any(event.is_final for event in told))
        following = InterpreterAgent()
        room.session.update_agent(following)
        await until(lambda: SessionInterpreter.with_floor(following))
        assert claims_of(room.stt).empty
        room.hears(heard("Oui.", offset=3.0), *voice(VOICES[1]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[1:2]


class TestClosed:
    async def test_a_closed_session_is_let_go(self, enter: Make) -> None:
        agent = InterpreterAgent()
        room = await enter(agent)
        interpretation = SessionInterpreter.of(room.session)
        assert SessionInterpreter.with_floor(agent) is interpretation
        await within(room.session.aclose())
        assert SessionInterpreter.with_floor(agent) is None
        assert list(interpretation._stt_group) == []

    async def test_a_closed_session_is_forgotten_though_a_listener_of_its_stt_knows_it(
        self, service: FakeService, until: Until
    ) -> None:
        async def interpret() -> weakref.ref[AgentSession[Any]]:
            interpreter = STT(
                target_languages="fr", speech_key="any", speech_region="any", _open_recognizer=service
            )
            options = session_options(**CLOSES_AT_ONCE)
            session: AgentSession[Any] = AgentSession(stt=interpreter, tts=TTS(interpreter), **options)
            interpreter.on("utterance_recognized", lambda _: session)
            with fake_job_context():
                await within(session.start(InterpreterAgent()))
                await within(session.aclose())
            return weakref.ref(session)

        def forgotten() -> bool:
            gc.collect()
            return session() is None

        session = await asyncio.create_task(interpret())  # LiveKit leaves its spans in the task's context
        service.shut_down()
        service.recognizers.clear()
        await until(forgotten)

    async def test_speech_heard_after_the_end_of_the_session_is_not_said(
        self, enter: Make, until: Until
    ) -> None:
        room = await enter()
        await within(room.session.aclose())
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.recognizer.idle)
        await asyncio.sleep(0)  # the loop runs what the thread handed it
        assert room.speaker.heard == []


class TestUnheard:
    async def _start(self, until: Until, stt: Any, tts: Any, agent: Agent) -> tuple[list[Any], list[Any]]:
        errors, closed = list[Any](), list[Any]()
        with fake_job_context():
            session = AgentSession[None](stt=stt, tts=tts, **session_options(**CLOSES_AT_ONCE))
            session.input.audio, session.output.audio = Microphone(), Speaker()
            session.on("error", errors.append)
            session.on("close", closed.append)
            await within(session.start(agent, record=False))
            await until(lambda: closed)
        return errors, closed

    async def test_one_that_cannot_be_heard_is_closed_with_the_error(
        self, make_stt: Make, until: Until, caplog: pytest.LogCaptureFixture
    ) -> None:
        stt = make_stt()
        errors, (close,) = await self._start(until, cut_by_a_vad(stt), TTS(stt), InterpreterAgent())
        assert close.reason is CloseReason.ERROR
        assert isinstance(close.error.error, PairingError)
        assert close.error.error in [event.error.error for event in errors]
        assert "StreamAdapter hides" in caplog.text

    async def test_the_agents_own_models_are_those_that_count(self, make_stt: Make, until: Until) -> None:
        stt = make_stt()
        agent = InterpreterAgent(tts=TTS(make_stt()))
        _, (close,) = await self._start(until, stt, TTS(stt), agent)
        assert "another STT" in str(close.error.error)
