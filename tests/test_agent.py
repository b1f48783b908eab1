from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fakes.azure import heard, hearing, untranslated, voice
from fakes.recognizer import FakeService
from fakes.streams import claims_of
from fakes.tts import ToneTTS, tone
from livekit import rtc
from livekit.agents import Agent, ModelSettings, StopResponse, llm
from livekit.agents import stt as livekit_stt
from livekit.agents.stt import SpeechEvent

from livekit_plugins_azure_interpreter import TTS, InterpreterAgent, room_options, session_options
from livekit_plugins_azure_interpreter._sdk.events import Disconnected, SpeechStarted
from livekit_plugins_azure_interpreter._sound.voice_track import voice_track_options

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


class TestRoomOptions:
    def test_audio_comes_at_the_rate_of_azure_in_two_messages_a_frame(self) -> None:
        heard = room_options().get_audio_input_options()
        assert heard is not None
        assert (heard.sample_rate, heard.frame_size_ms) == (16000, 40)

    def test_voices_are_played_at_their_own_rate_on_a_track_for_voices(self) -> None:
        played = room_options().get_audio_output_options()
        assert played is not None
        assert played.sample_rate == 16000
        assert played.track_publish_options == voice_track_options(source=rtc.TrackSource.SOURCE_MICROPHONE)

    def test_an_override_replaces_the_default(self) -> None:
        options = room_options(audio_output=False, participant_identity="alice")
        assert options.get_audio_output_options() is None
        assert options.participant_identity == "alice"
        assert options.get_audio_input_options() == room_options().get_audio_input_options()

    def test_a_field_that_livekit_does_not_have_is_refused(self) -> None:
        with pytest.raises(
            TypeError, match="RoomOptions has no option 'audio_inputs'; the nearest is 'audio_input'"
        ):
            room_options(audio_inputs=False)


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
        await until(lambda: len(claims_of(room.stt)._waiting) == 1)
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


class _Shouting(InterpreterAgent):
    """Its `stt_node` writes each final in capitals."""

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[SpeechEvent]:
        async for event in Agent.default.stt_node(self, audio, model_settings):
            for data in event.alternatives:
                data.text = data.text.upper()
            yield event


class TestSttNode:
    async def test_a_subclass_may_change_the_text_of_a_final_that_keeps_its_voice(
        self, enter: Make, until: Until
    ) -> None:
        room = await enter(_Shouting())
        room.hears(heard("Oui."), *voice(VOICES[0]))
        await until(lambda: room.speaker.heard)
        assert (room.speaker.heard, room.errors) == (VOICES[:1], [])


class TestExit:
    async def test_an_agent_of_a_drained_session_says_all_before_it_goes(
        self, enter: Make, until: Until
    ) -> None:
        room = await enter()
        room.hears(heard("Oui."), *voice(VOICES[0]))
        room.session.shutdown(drain=True)
        await until(lambda: room.closed)
        assert (room.speaker.heard, room.outcomes) == (VOICES[:1], ["voiced"])

    async def test_an_agent_of_a_session_that_is_not_drained_goes_at_once(
        self, enter: Make, until: Until
    ) -> None:
        room = await enter(InterpreterAgent(drain_timeout_seconds=3600.0))
        room.hears(heard("Oui."))  # its voice never comes
        await until(lambda: room.stt.counts.utterances == 1)
        room.session.shutdown(drain=False)
        await until(lambda: room.closed)
        assert room.speaker.heard == []

    async def test_a_translation_that_comes_as_a_session_goes_is_not_said(
        self, enter: Make, until: Until
    ) -> None:
        told: list[str] = []

        class Leaving(InterpreterAgent):
            async def on_exit(self) -> None:
                room.hears(heard("Oui."))
                await until(lambda: told)
                await super().on_exit()

        room = await enter(Leaving())
        room.session.on("user_input_transcribed", lambda event: told.append(event.transcript))
        room.session.shutdown(drain=False)
        await until(lambda: room.closed)
        # Its voice never comes: the session would have waited until it is lost.
        assert (room.speaker.heard, room.outcomes) == ([], ["closed"])


class TestCatchUp:
    def test_an_unknown_policy_is_refused(self) -> None:
        with pytest.raises(ValueError, match="catch_up"):
            InterpreterAgent(catch_up="hurry")  # type: ignore[arg-type]

    def test_a_negative_drain_timeout_is_refused(self) -> None:
        with pytest.raises(ValueError, match="drain_timeout_seconds"):
            InterpreterAgent(drain_timeout_seconds=-1)

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
