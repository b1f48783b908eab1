"""What is said in a session: of its own speech only, whatever becomes of a text, to the last word."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fakes.azure import heard, hearing, phrase, untranslated, voice
from fakes.limits import within
from fakes.recognizer import FakeService
from fakes.tts import ToneTTS, tone
from livekit import rtc
from livekit.agents import Agent, ModelSettings
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter import InterpreterAgent
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

    def test_a_negative_limit_is_refused(self) -> None:
        with pytest.raises(ValueError, match="drain_timeout_seconds"):
            InterpreterAgent(drain_timeout_seconds=-1)
