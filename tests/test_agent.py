from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.azure import heard, hearing, spoken_in, untranslated, voice
from fakes.limits import within
from fakes.other import OtherSTT
from fakes.recognizer import FakeService
from fakes.session import CLOSES_AT_ONCE, Room
from fakes.streams import translations_of
from fakes.tts import ToneTTS, tone
from livekit.agents import Agent, AgentSession, ModelSettings, StopResponse, UserInputTranscribedEvent, llm
from livekit.agents import stt as livekit_stt
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, session_options
from livekit_plugins_azure_interpreter._interpreting.session import SessionInterpreter
from livekit_plugins_azure_interpreter._sdk.events import Disconnected, SpeechStarted

Until = Callable[[Callable[[], object]], Awaitable[None]]
Make = Callable[..., Any]

VOICES = [tone(hertz, 0.2) for hertz in (440, 550, 660, 770)]


class TestSessionOptions:
    def test_nothing_is_cut_dropped_or_silenced(self) -> None:
        assert session_options() == {
            "turn_handling": {
                "turn_detection": "stt",
                "endpointing": {"min_delay": 0.0, "max_delay": 0.0},
                "interruption": {
                    "enabled": False,
                    "discard_audio_if_uninterruptible": False,
                    "resume_false_interruption": False,
                },
            },
            "aec_warmup_duration": None,
            "tts_text_transforms": None,
            "vad": None,
        }

    def test_overrides_are_merged_deeply(self) -> None:
        options = session_options(
            turn_handling={"endpointing": {"max_delay": 1.0}}, vad="a vad", user_away_timeout=None
        )
        assert options["turn_handling"]["endpointing"] == {"min_delay": 0.0, "max_delay": 1.0}
        assert options["turn_handling"]["turn_detection"] == "stt"
        assert options["turn_handling"]["interruption"]["enabled"] is False
        assert options["vad"] == "a vad"
        assert options["user_away_timeout"] is None

    def test_a_value_that_is_no_mapping_replaces_the_default(self) -> None:
        assert session_options(turn_handling=None)["turn_handling"] is None
        assert session_options(vad={"a": 1})["vad"] == {"a": 1}

    def test_each_result_is_a_copy_of_its_own(self) -> None:
        endpointing = {"max_delay": 1.0}
        changed = session_options(turn_handling={"endpointing": endpointing})
        changed["turn_handling"]["endpointing"]["min_delay"] = 9.0
        changed["turn_handling"]["interruption"]["enabled"] = True
        assert session_options()["turn_handling"]["endpointing"] == {"min_delay": 0.0, "max_delay": 0.0}
        assert session_options()["turn_handling"]["interruption"]["enabled"] is False
        assert endpointing == {"max_delay": 1.0}


class TestInterpreting:
    async def test_each_final_is_said_once_in_order_in_its_own_voice(self, enter: Make, until: Until) -> None:
        room = await enter()
        texts = ["Oui.", "Oui.", "Non.", "Oui."]
        for offset, (text, pcm) in enumerate(zip(texts, VOICES, strict=True)):
            room.hears(SpeechStarted(1.0), hearing(text), heard(text, offset=offset), *voice(pcm))
        await until(lambda: len(room.speaker.heard) >= 4)
        assert room.speaker.heard == VOICES
        assert room.speaker.interrupted == 0

    async def test_a_translation_is_said_while_the_one_before_is_playing_and_the_user_speaks(
        self, enter: Make, until: Until
    ) -> None:
        room = await enter()
        room.speaker.held = True
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.playing)
        room.hears(SpeechStarted(2.0), hearing("No"), heard("Non."), *voice(VOICES[1]), hearing("Et"))
        room.hears(SpeechStarted(3.0))
        await until(lambda: len(translations_of(room.stt).ledgers[0].claims._waiting) == 1)
        room.speaker.release()
        await until(lambda: len(room.speaker.heard) == 2)
        assert room.speaker.heard == VOICES[:2]
        assert room.speaker.interrupted == 0

    async def test_markup_in_a_translation_does_not_silence_it(self, enter: Make, until: Until) -> None:
        room = await enter()
        room.hears(heard("*Oui* 🙂 [là](x)."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[:1]

    async def test_untranslated_speech_is_not_said(self, enter: Make, until: Until) -> None:
        fallback = ToneTTS()
        room = await enter(fallback=fallback)
        room.hears(untranslated("Yes."), heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[:1]
        assert fallback.texts == []

    async def test_a_lost_voice_is_said_by_the_fallback_and_in_order(self, enter: Make, until: Until) -> None:
        fallback = ToneTTS()
        room = await enter(fallback=fallback)
        room.hears(heard("Oui."), Disconnected(), heard("Non."), *voice(VOICES[1]))
        await until(lambda: len(room.speaker.heard) == 2)
        assert room.speaker.heard == [fallback.tone, VOICES[1]]

    async def test_lost_voices_without_a_fallback_do_not_end_the_session(
        self, enter: Make, until: Until
    ) -> None:
        room = await enter()
        closed: list[object] = []
        room.session.on("close", closed.append)
        for number in range(6):
            room.hears(heard(f"Numéro {number}."), Disconnected())
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[:1]
        assert not closed

    async def test_the_microphone_is_heard_while_it_speaks(
        self, enter: Make, until: Until, service: FakeService
    ) -> None:
        room = await enter()
        room.speaker.held = True
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.playing)
        room.microphone.push(VOICES[2])
        await until(lambda: len(service.last.written) == len(VOICES[2]))
        assert service.last.written == VOICES[2]
        room.speaker.release()

    async def test_the_chat_context_does_not_grow(self, enter: Make, until: Until) -> None:
        agent = InterpreterAgent()
        room = await enter(agent)
        before = (len(agent.chat_ctx.items), len(room.session.history.items))
        for offset, pcm in enumerate(VOICES):
            room.hears(SpeechStarted(1.0), heard("Oui.", offset=offset), *voice(pcm))
        await until(lambda: len(room.speaker.heard) == len(VOICES))
        assert (len(agent.chat_ctx.items), len(room.session.history.items)) == before

    async def test_the_agent_works_behind_a_fallback_adapter(self, enter: Make, until: Until) -> None:
        room = await enter(wrap=lambda interpreter: livekit_stt.FallbackAdapter([interpreter]))
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[:1]

    async def test_an_stt_of_the_agents_own_is_the_one_that_is_interpreted(
        self, enter: Make, until: Until, make_stt: Make
    ) -> None:
        own = make_stt()
        room = await enter(InterpreterAgent(stt=own, tts=TTS(own)))
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[:1]


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


class TestHandOver:
    async def test_a_hand_over_while_a_speech_is_playing_loses_nothing_and_reconnects_nothing(
        self, enter: Make, until: Until, service: FakeService
    ) -> None:
        room = await enter()
        room.speaker.held = True
        room.hears(heard("Un."), *voice(VOICES[0]))
        await until(lambda: room.speaker.playing)
        room.hears(heard("Deux."), *voice(VOICES[1]))
        await until(lambda: translations_of(room.stt).ledgers[0].claims.find("Deux.") is not None)
        following = InterpreterAgent()
        room.session.update_agent(following)
        room.hears(heard("Trois."), *voice(VOICES[2]))
        await until(lambda: translations_of(room.stt).ledgers[0].claims.find("Trois.") is not None)
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


class TestAgent:
    async def test_an_agent_takes_no_turns(self) -> None:
        with pytest.raises(StopResponse):
            await InterpreterAgent().on_user_turn_completed(
                llm.ChatContext.empty(), llm.ChatMessage(role="user", content=["Yes."])
            )

    def test_an_agent_keeps_the_default_stt_node(self) -> None:
        # With another one a hand-over reconnects.
        assert InterpreterAgent.stt_node is Agent.stt_node

    def test_an_agent_takes_the_options_of_livekits_agent(self) -> None:
        assert InterpreterAgent(id="interpreter").id == "interpreter"
        assert InterpreterAgent(instructions="Say all.").instructions == "Say all."

    async def test_a_closed_session_is_let_go(self, enter: Make) -> None:
        room = await enter()
        interpretation = SessionInterpreter.of(room.session)
        assert interpretation._agent is not None
        await within(room.session.aclose())
        assert interpretation._agent is None
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
        assert translations_of(room.stt).ledgers[0].claims.empty

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
        await until(lambda: translations_of(room.stt).ledgers[0].claims.find("Deux.") is not None)
        await until(
            lambda: translations_of(room.stt).ledgers[0].claims.find("Deux.", handed_out=False) is None
        )
        interrupted = room.session.interrupt(force=True)
        room.speaker.release()
        await within(interrupted)
        await until(lambda: translations_of(room.stt).ledgers[0].claims.empty)
        room.speaker.heard.clear()
        room.hears(heard("Deux.", offset=3.0), *voice(VOICES[2]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[2:3]

    async def test_no_voice_waits_without_sound(self, enter: Make, until: Until) -> None:
        room = await enter()
        room.session.output.set_audio_enabled(False)
        room.hears(heard("Un."), *voice(VOICES[0]))
        (ledger,) = translations_of(room.stt).ledgers
        await until(lambda: ledger.expected_seconds("any text") and ledger.claims.empty)
        assert room.speaker.heard == []

    async def test_speech_left_by_an_agent_that_does_not_interpret_is_not_said_later(
        self, enter: Make, until: Until
    ) -> None:
        room = await enter()
        room.session.update_agent(Agent(instructions=""))
        await until(lambda: not isinstance(room.session.current_agent, InterpreterAgent))
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.stt.counts.utterances == 1 and SessionInterpreter.of(room.session)._left)
        room.session.update_agent(InterpreterAgent())
        await until(lambda: SessionInterpreter.of(room.session)._agent is not None)
        assert translations_of(room.stt).ledgers[0].claims.empty
        room.hears(heard("Oui.", offset=3.0), *voice(VOICES[1]))
        await until(lambda: room.speaker.heard)
        assert room.speaker.heard == VOICES[1:2]


class TestCatchUp:
    def test_an_unknown_policy_is_refused(self) -> None:
        with pytest.raises(ValueError, match="catch_up"):
            InterpreterAgent(catch_up="hurry")  # type: ignore[arg-type]

    def test_nothing_is_behind_without_a_session(self) -> None:
        assert InterpreterAgent().backlog_seconds == 0.0

    async def test_the_default_tts_node_stays_in_use_without_a_policy(self, mocker: Any) -> None:
        node = mocker.patch.object(Agent.default, "tts_node")
        assert InterpreterAgent().tts_node(mocker.sentinel.text, ModelSettings()) is node.return_value

    async def test_the_backlog_is_what_waits_and_what_is_playing(self, enter: Make, until: Until) -> None:
        agent = InterpreterAgent()
        room = await enter(agent)
        room.speaker.held = True
        room.hears(heard("Un."), *voice(VOICES[0]))
        await until(lambda: room.speaker.playing)
        room.hears(heard("Deux."), *voice(VOICES[1]), heard("Trois."), *voice(VOICES[2]))
        await until(lambda: room.stt.counts.utterances == 3 and agent.backlog_seconds >= 0.4)
        assert agent.backlog_seconds < 0.6 + 0.01
        room.speaker.release()
        await until(lambda: len(room.speaker.heard) == 3)
        await until(lambda: agent.backlog_seconds == 0.0)

    async def test_a_speech_that_others_wait_behind_is_faster(self, enter: Make, until: Until) -> None:
        room = await enter(InterpreterAgent(catch_up="time_stretch"))
        room.speaker.held = True
        room.hears(heard("Un."), *voice(VOICES[0]))
        await until(lambda: room.speaker.playing)
        quarters = voice(tone(440, 1.0), chunk_bytes=8000)  # of a second, which floats add exactly
        room.hears(heard("Deux."), *quarters, heard("Trois."), *quarters)
        # 2 s wait behind the first, whose own part shrinks to nothing as time passes.
        await until(lambda: room.session.current_agent.backlog_seconds >= 2.0)
        room.speaker.release()
        await until(lambda: len(room.speaker.heard) == 3)
        first, second, _ = room.speaker.heard
        assert first == VOICES[0]
        assert len(second) / 32000 == pytest.approx(1.0 / 1.25, rel=0.05)
