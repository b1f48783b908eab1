"""A whole AgentSession, from its microphone to its speaker, over the real SDK."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest
from fakes.limits import within
from fakes.other import SlowLLM
from fakes.room import by_pitch
from livekit import rtc
from livekit.agents import Agent, ModelSettings
from livekit.agents import stt as livekit_stt
from livekit.plugins import silero

from livekit_plugins_azure_interpreter import InterpreterAgent
from livekit_plugins_azure_interpreter.emulator import Behaviour

# Spoken about a second apart; each translation takes longer than that to say.
_THREE = ((0.2, 0.7), (1.1, 1.6), (2.0, 2.5))
_END = 3.0
_VOICE_SECONDS = (2.0, 2.0, 1.0)


def _lines(audio: Any, **more: Any) -> list[Any]:
    return [audio.line(number, seconds, **more) for number, seconds in enumerate(_VOICE_SECONDS, 1)]


def _behaviour(lines: Any, **more: Any) -> Behaviour:
    """Speech is found in the samples that really arrive: a microphone that is silenced would show."""
    return Behaviour(script=lines, silence_ms=200, **more)


def _voices(lines: Any) -> list[bytes]:
    return [line.voices["fr"].pcm for line in lines]


async def _interpret(room: Any, audio: Any) -> None:
    room.microphone.speak(audio.speech(*_THREE, end=_END))
    await room.speaker.until_played(len(_THREE))


class _Changing(InterpreterAgent):
    """Its `stt_node` waits with each final until it may give it, and changes its text."""

    def __init__(self, change: Callable[[str], str] = str, *, held: asyncio.Event | None = None) -> None:
        super().__init__()
        self._change, self._held = change, held

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[livekit_stt.SpeechEvent]:
        async for event in Agent.default.stt_node(self, audio, model_settings):
            if event.type is livekit_stt.SpeechEventType.FINAL_TRANSCRIPT:
                if self._held is not None:
                    await self._held.wait()
                (data,) = event.alternatives
                event.alternatives = [dataclasses.replace(data, text=self._change(data.text))]
            yield event


class TestOverlap:
    async def test_translations_that_come_while_another_is_said_are_heard_whole_and_in_order(
        self, enter_room: Any, audio: Any
    ) -> None:
        lines = _lines(audio)
        room = await enter_room(_behaviour(lines))
        await _interpret(room, audio)
        assert room.recognized_while_playing == [False, True, True]
        assert room.heard(_voices(lines))
        # The microphone was not silenced meanwhile.
        found = [(spoken.start_seconds, spoken.end_seconds) for spoken in room.emulator.spoken]
        assert found == [pytest.approx(stretch, abs=0.15) for stretch in _THREE]
        assert (room.speaker.cut, room.lost, room.errors) == (0, [], [])

    async def test_utterances_that_overlap_are_no_reason_for_a_warning(
        self, enter_room: Any, audio: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        room = await enter_room(_behaviour(_lines(audio)), speed=4.0)
        await _interpret(room, audio)
        await room.session.aclose()
        assert any(room.recognized_while_playing)
        # asyncio may only now collect, and tell, what a test before this one left behind.
        told = [record for record in caplog.records if record.name != "asyncio"]
        assert [record for record in told if record.levelno >= logging.WARNING] == []

    async def test_a_voice_that_comes_no_faster_than_it_is_said_is_heard_whole(
        self, enter_room: Any, audio: Any
    ) -> None:
        lines = _lines(audio)
        room = await enter_room(_behaviour(lines, voice_speed=2.0))
        await _interpret(room, audio)
        assert room.recognized_while_playing[1:] == [True, True]
        assert room.heard(_voices(lines))
        assert (room.speaker.cut, room.lost, room.errors) == (0, [], [])

    async def test_the_speakers_own_samples_come_back_from_the_microphone_to_the_speaker(
        self, enter_room: Any, audio: Any
    ) -> None:
        pcm = audio.speech(*_THREE, end=_END)
        room = await enter_room(_behaviour([]), speed=4.0)
        room.microphone.speak(pcm)
        await room.speaker.until_played(3)
        assert room.heard([spoken.voice.pcm for spoken in room.emulator.spoken])
        for (start, end), heard in zip(_THREE, room.speaker.segments, strict=True):
            assert pcm[round(start * 16000) * 2 : round(end * 16000) * 2] in heard

    async def test_a_microphone_that_changes_its_rate_and_channels_in_mid_session_is_heard_on(
        self, enter_room: Any, audio: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        lines = _lines(audio)
        room = await enter_room(_behaviour(lines), speed=4.0)
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.1, rate=48000), rate=48000)
        stereo = np.repeat(np.frombuffer(audio.speech((0.2, 0.7), end=1.1), "<i2"), 2).tobytes()
        room.microphone.speak(stereo, channels=2)
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.1, rate=8000), rate=8000)
        await room.speaker.until_played(3)
        assert room.heard(_voices(lines))
        assert (room.speaker.cut, room.lost, room.errors) == (0, [], [])
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []

    async def test_untranslated_speech_is_not_said(self, enter_room: Any, audio: Any) -> None:
        lines = _lines(audio)
        lines[1] = audio.line(2, translated=False)
        room = await enter_room(_behaviour(lines), speed=4.0)
        room.microphone.speak(audio.speech(*_THREE, end=_END))
        await room.speaker.until_played(2)
        assert room.heard(_voices([lines[0], lines[2]]))
        assert (room.lost, room.errors) == ([], [])


class TestHandOver:
    @pytest.mark.parametrize("after", [1, 2], ids=["the first", "the second"])
    async def test_a_hand_over_amid_a_conversation_loses_nothing_and_makes_no_second_connection(
        self, enter_room: Any, audio: Any, after: int
    ) -> None:
        lines = _lines(audio)
        room = await enter_room(_behaviour(lines), speed=3.0)
        room.microphone.speak(audio.speech(*_THREE, end=_END))
        await room.speaker.until_begun(after)
        second = InterpreterAgent()
        room.session.update_agent(second)
        await room.speaker.until_played(3)
        assert room.session.current_agent is second
        assert room.heard(_voices(lines))
        assert (room.speaker.cut, room.lost, room.errors) == (0, [], [])
        assert room.emulator.connections == 1

    async def test_a_hand_over_there_and_back_loses_nothing(self, enter_room: Any, audio: Any) -> None:
        lines = _lines(audio)
        room = await enter_room(_behaviour(lines), speed=3.0)
        first = room.session.current_agent
        room.microphone.speak(audio.speech(*_THREE, end=_END))
        await room.speaker.until_begun(1)
        room.session.update_agent(InterpreterAgent())
        await room.speaker.until_begun(2)
        room.session.update_agent(first)
        await room.speaker.until_played(3)
        assert room.heard(_voices(lines))
        assert (room.speaker.cut, room.lost, room.errors) == (0, [], [])
        assert room.emulator.connections == 1


class TestText:
    @pytest.mark.parametrize(
        "options",
        [{}, {"tts_text_transforms": ["filter_markdown", "filter_emoji"]}],
        ids=["session_options", "LiveKit's text transforms"],
    )
    async def test_a_translation_with_markdown_and_emoji_is_still_said_in_its_own_voice(
        self, enter_room: Any, audio: Any, options: Any
    ) -> None:
        texts = ("des *étoiles* et un [lien](https://a.example/b)", "**gras** et `code` 🎉", "# un titre")
        lines = [
            audio.line(number, seconds, translations={"fr": text})
            for number, (text, seconds) in enumerate(zip(texts, _VOICE_SECONDS, strict=True), 1)
        ]
        room = await enter_room(_behaviour(lines), speed=4.0, **options)
        await _interpret(room, audio)
        assert room.heard(_voices(lines))
        assert (room.lost, room.errors) == ([], [])

    async def test_a_text_that_is_no_translation_is_said_by_the_fallback_in_its_place(
        self, enter_room: Any, audio: Any, other_voice: Any
    ) -> None:
        lines = [audio.line(1, 1.0), audio.line(2, 0.5)]
        room = await enter_room(_behaviour(lines), fallback=other_voice)
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
        await room.speaker.until_begun(1)
        room.session.say("Un moment.", allow_interruptions=False)
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
        await room.speaker.until_played(3)
        first, second = _voices(lines)
        assert room.heard([first, other_voice.pcm("Un moment."), second])
        assert other_voice.texts == ["Un moment."]
        assert (room.lost, room.errors) == ([], [])

    async def test_a_text_that_is_no_translation_is_one_error_without_a_fallback_and_harms_no_other(
        self, enter_room: Any, audio: Any
    ) -> None:
        lines = [audio.line(1, 1.0), audio.line(2, 0.5)]
        room = await enter_room(_behaviour(lines))
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
        await room.speaker.until_begun(1)
        room.session.say("Un moment.", allow_interruptions=False)
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
        await room.speaker.until_played(2)
        assert room.heard(_voices(lines))
        (error,) = room.errors
        assert "fallback" in str(error.error.error)

    async def test_a_text_that_the_stt_node_changes_is_said_in_its_own_voice(
        self, enter_room: Any, audio: Any
    ) -> None:
        line = audio.line(1, translations={"fr": "Bonjour Sen."})
        agent = _Changing(lambda text: f"[Alice] {text.lower()}")
        room = await enter_room(_behaviour([line]), agent=agent)
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
        await room.speaker.until_played(1)
        assert room.heard(_voices([line]))
        assert (room.lost, room.errors) == ([], [])

    async def test_an_answer_that_is_no_translation_is_heard_before_the_llm_has_ended(
        self, enter_room: Any, audio: Any, other_voice: Any
    ) -> None:
        first, second = "This is how the answer begins, at once. ", "And this is how it ends."
        model = SlowLLM(first + "And", second.removeprefix("And"))
        agent = Agent(instructions="Answer.", llm=model)
        room = await enter_room(_behaviour([audio.line(1)]), agent=agent, fallback=other_voice)
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
        await room.speaker.until_begun(1)
        model.goes_on.set()
        await room.speaker.until_played(1)
        assert room.heard([b"".join(other_voice.pcm(text.strip()) for text in (first, second))])
        assert (room.lost, room.errors) == ([], [])


class TestSharedPair:
    async def test_each_session_hears_the_voice_of_its_own_speech_where_both_say_the_same(
        self, enter_room: Any, audio: Any, until: Any
    ) -> None:
        lines = {
            pitch: audio.line(number, translations={"fr": "Oui."})
            for number, pitch in enumerate((300, 560), 1)
        }
        held = asyncio.Event()
        behaviour = Behaviour(script=by_pitch(lines), silence_ms=200)
        first = await enter_room(behaviour, agent=_Changing(held=held))
        second = await enter_room(pair=first.pair)
        for number, (room, pitch) in enumerate(zip((first, second), lines, strict=True), 1):
            room.microphone.speak(audio.burst(0.5, hertz=pitch) + audio.silence(0.6))
            await until(lambda expected=number: first.stt.counts.utterances == expected)
        await second.speaker.until_played(1)
        held.set()
        await first.speaker.until_played(1)
        voices = _voices(lines.values())
        assert (first.heard(voices[:1]), second.heard(voices[1:])) == (True, True)


class TestUnheard:
    async def test_a_stream_adapter_around_the_stt_closes_the_session_with_an_error(
        self, enter_room: Any, until: Any
    ) -> None:
        def adapted(ours: Any) -> livekit_stt.STT:
            return livekit_stt.StreamAdapter(stt=ours, vad=silero.VAD.load())

        room = await enter_room(_behaviour([]), stt=adapted)
        await until(lambda: room.errors)
        assert "StreamAdapter hides" in str(room.errors[0].error.error)


class TestLastWords:
    async def test_a_shutdown_right_after_the_last_word_waits_for_its_translation(
        self, enter_room: Any, audio: Any
    ) -> None:
        lines = _lines(audio)[:1]
        room = await enter_room(_behaviour(lines))
        closed = asyncio.Event()
        room.session.on("close", lambda _: closed.set())
        room.microphone.speak(audio.speech(_THREE[0], end=0.75))
        await room.microphone.until_taken()
        room.session.shutdown(drain=True)
        await within(closed.wait())
        assert room.heard(_voices(lines))
