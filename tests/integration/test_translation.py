"""LiveKit's TranslationSession over the real SDK and an emulator: all that the capabilities promise."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fakes.limits import within
from fakes.room import Audio, Microphone, OtherVoice, Speaker, by_pitch
from livekit.agents.beta.translation import TranslationSession
from livekit.agents.testing import fake_job_context
from livekit.agents.voice import io
from livekit.agents.voice.transcription.synchronizer import TranscriptSynchronizer

from livekit_plugins_azure_interpreter import TranslationModel
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line
from livekit_plugins_azure_interpreter.emulator.faults import Drop, NoVoice, Refuse

TWO = ((0.2, 0.8), (2.0, 2.6))


class Paced(Speaker):
    """As LiveKit's own output: what comes next waits until the segment before was played."""

    async def capture_frame(self, frame: Any) -> None:
        while self._finishing is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await super().capture_frame(frame)


class Page(io.TextOutput):
    """What is written: a list of segments."""

    def __init__(self) -> None:
        super().__init__(label="page", next_in_chain=None)
        self.segments: list[str] = []
        self._text = ""

    async def capture_text(self, text: str) -> None:
        self._text += text

    def flush(self) -> None:
        self.segments.append(self._text)
        self._text = ""


class Booth:
    """A TranslationSession with a microphone, a speaker and a page, and what it reported."""

    def __init__(self, emulator: Emulator, model: TranslationModel) -> None:
        self.emulator, self.model = emulator, model
        self.session = TranslationSession[None](model=model)
        self.microphone, self.speaker, self.page = Microphone(speed=2.0), Paced(speed=4.0), Page()
        self.session.input.audio, self.session.output.audio = self.microphone, self.speaker
        self.session.output.transcription = self.page
        self.heard: list[Any] = []
        self.said: list[Any] = []
        self.states: list[str] = []
        self.errors: list[Any] = []
        self.closed = asyncio.Event()
        self.session.on("user_input_transcribed", self.heard.append)
        self.session.on("translation_transcribed", self.said.append)
        self.session.on("user_state_changed", lambda change: self.states.append(change.new_state))
        self.session.on("error", self.errors.append)
        self.session.on("close", lambda _: self.closed.set())

    async def until(self, condition: Callable[[], object]) -> None:
        async def poll() -> None:
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

        await within(poll())


Open = Callable[..., Awaitable[Booth]]


@pytest.fixture
async def enter() -> AsyncIterator[Open]:
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(fake_job_context())

        async def make(behaviour: Behaviour, **options: Any) -> Booth:
            emulator = await stack.enter_async_context(Emulator(behaviour))
            wanted = {"target_language": "fr", "speech_key": "any", "speech_endpoint": emulator.endpoint}
            model = TranslationModel(**{**wanted, **options})
            stack.push_async_callback(model.aclose)
            booth = Booth(emulator, model)
            stack.push_async_callback(booth.session.aclose)
            await within(booth.session.start())
            return booth

        yield make


def script(*numbers: int, seconds: float = 0.8) -> list[Line]:
    return [Audio().line(number, seconds) for number in numbers]


def voice(number: int, seconds: float = 0.8) -> bytes:
    return Audio().voice(seconds, seed=number).pcm


async def test_each_translation_is_a_segment_sample_for_sample(enter: Open) -> None:
    booth = await enter(Behaviour(script=script(1, 2)))
    booth.microphone.speak(Audio().speech(*TWO, end=4.0))
    await booth.speaker.until_played(2)
    assert all(map(Audio().same, booth.speaker.segments, [voice(1), voice(2)]))


async def test_both_transcripts_are_reported(enter: Open) -> None:
    booth = await enter(Behaviour(script=script(1, 2)))
    booth.microphone.speak(Audio().speech(*TWO, end=4.0))
    await booth.speaker.until_played(2)
    finals = [event.transcript for event in booth.heard if event.is_final]
    assert finals == ["sentence number 1", "sentence number 2"]
    assert {event.language for event in booth.heard if event.is_final} == {"en-US"}
    said = [(event.transcript, event.language, event.is_final) for event in booth.said]
    assert said == [("phrase numéro 1", "fr", True), ("phrase numéro 2", "fr", True)]
    assert booth.page.segments == ["phrase numéro 1", "phrase numéro 2"]


async def test_transcripts_keep_in_step_with_the_voice(enter: Open) -> None:
    booth = await enter(Behaviour(script=script(1, 2, 3)))
    in_step = TranscriptSynchronizer(next_in_chain_audio=booth.speaker, next_in_chain_text=booth.page)
    booth.session.output.audio = in_step.audio_output
    booth.session.output.transcription = in_step.text_output
    booth.microphone.speak(Audio().speech((0.2, 0.6), (1.1, 1.5), (2.0, 2.4), end=3.5))
    await booth.speaker.until_played(3)
    await booth.until(lambda: len(booth.page.segments) == 3)
    assert booth.page.segments == [f"phrase numéro {number}" for number in (1, 2, 3)]
    await in_step.aclose()


async def test_turns_are_reported(enter: Open) -> None:
    booth = await enter(Behaviour(script=script(1, 2)))
    booth.microphone.speak(Audio().speech(*TWO, end=4.0))
    await booth.until(lambda: len(booth.states) >= 4)
    assert booth.states == ["speaking", "listening", "speaking", "listening"]


async def test_a_running_session_can_be_retargeted(enter: Open) -> None:
    voices = {"fr": Audio().voice(0.8, seed=1), "de": Audio().voice(0.5, seed=33)}
    booth = await enter(Behaviour(script=[Audio().line(1, voices=voices)]))
    booth.microphone.speak(Audio().speech((0.2, 0.8), end=2.0))
    await booth.speaker.until_played(1)
    booth.session.set_target_language("de")
    booth.microphone.speak(Audio().speech((0.2, 0.8), end=2.0))
    await booth.speaker.until_played(2)
    assert [(event.transcript, event.language) for event in booth.said][1:] == [("Satz Nummer 1", "de")]
    assert Audio().same(booth.speaker.segments[1], Audio().voice(0.5, seed=33).pcm)
    assert booth.model.target_language == "de"


async def test_speech_in_the_target_language_is_not_said_again(enter: Open) -> None:
    lines = {300: Audio().line(1, language="fr-FR", voiced=False), 430: Audio().line(2, 0.8)}
    booth = await enter(Behaviour(script=by_pitch(lines)), voice_timeout_seconds=1.0)
    booth.microphone.speak(Audio().speech(*TWO, end=4.0))
    await booth.speaker.until_played(1)
    assert [event.transcript for event in booth.said] == ["phrase numéro 2"]


async def test_a_lost_voice_is_spoken_by_the_fallback(enter: Open) -> None:
    other = OtherVoice()
    behaviour = Behaviour(script=script(1, 2), faults=[NoVoice(1)])
    booth = await enter(behaviour, fallback=other, voice_timeout_seconds=0.3)
    booth.microphone.speak(Audio().speech(*TWO, end=4.0))
    await booth.speaker.until_played(2)
    assert Audio().same(booth.speaker.segments[0], other.pcm("phrase numéro 1"))
    assert Audio().same(booth.speaker.segments[1], voice(2))


async def test_a_lost_voice_without_a_fallback_does_not_end_the_session(enter: Open) -> None:
    booth = await enter(Behaviour(script=script(1, 2), faults=[NoVoice(1)]), voice_timeout_seconds=0.3)
    booth.microphone.speak(Audio().speech(*TWO, end=4.0))
    await booth.speaker.until_played(1)
    assert Audio().same(booth.speaker.segments[0], voice(2))
    assert [event.error.recoverable for event in booth.errors] == [True]
    assert [event.transcript for event in booth.said] == ["phrase numéro 1", "phrase numéro 2"]


async def test_a_lost_connection_is_only_a_delay(enter: Open) -> None:
    booth = await enter(Behaviour(script=script(1, 2), faults=[Drop(1.7)]))
    booth.microphone.speak(Audio().speech(*TWO, end=4.0))
    await booth.speaker.until_played(2)
    assert all(map(Audio().same, booth.speaker.segments, [voice(1), voice(2)]))


async def test_a_wrong_key_closes_the_session_with_the_reason(enter: Open) -> None:
    booth = await enter(Behaviour(faults=[Refuse(401)]))
    booth.microphone.speak(Audio().silence(1.0))
    await within(booth.closed.wait())
    assert [event.error.recoverable for event in booth.errors] == [False]
    assert "AZURE_SPEECH_KEY" in str(booth.errors[0].error.error)
