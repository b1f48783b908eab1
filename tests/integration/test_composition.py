"""The pair with the rest of LiveKit: a VAD, agents that converse, other text, captions, any microphone."""

from __future__ import annotations

import asyncio
import time
import wave
from typing import Any

import numpy as np
import pytest
from fakes.limits import within
from fakes.other import EchoLLM
from fakes.promises import assert_less, tries_again
from fakes.streams import translations_of
from livekit.agents import Agent
from livekit.agents.vad import VADEventType
from livekit.agents.voice.io import TextOutput
from livekit.agents.voice.transcription import TranscriptSynchronizer
from livekit.plugins import silero

from livekit_plugins_azure_interpreter import InterpreterAgent
from livekit_plugins_azure_interpreter.emulator import Behaviour

_SAMPLE_SECONDS = 9.5
"""Three sentences."""
_ONE = ((0.2, 0.7),)
_TWO = ((0.2, 0.7), (1.1, 1.6))
_THREE = ((0.2, 0.7), (1.1, 1.6), (2.0, 2.5))


def _behaviour(lines: Any, **more: Any) -> Behaviour:
    return Behaviour(script=lines, silence_ms=200, **more)


def _voices(lines: Any) -> list[bytes]:
    return [line.voices["fr"].pcm for line in lines]


def _text(lines: Any, *numbers: int) -> str:
    return " ".join(lines[number].translations["fr"] for number in numbers)


class TestVAD:
    """Real speech: silero takes no tone for it."""

    @pytest.mark.slow
    async def test_silero_in_the_session_cuts_and_silences_nothing(
        self, enter_room: Any, audio: Any, pytestconfig: pytest.Config
    ) -> None:
        with wave.open(str(pytestconfig.rootpath / "examples/demo/sample/english.wav")) as sample:
            pcm = sample.readframes(round(_SAMPLE_SECONDS * sample.getframerate()))
        vad = silero.VAD.load()
        assert await self._found(vad, audio.frames(pcm)) == 3
        lines = [audio.line(number, 4.5) for number in (1, 2, 3)]
        room = await enter_room(Behaviour(script=lines), vad=vad, speed=3.0)
        room.microphone.speak(pcm)
        await room.speaker.until_played(3)
        assert room.recognized_while_playing == [False, True, True]
        assert room.heard(_voices(lines))
        assert (room.speaker.cut, room.lost, room.errors) == (0, [], [])

    async def _found(self, vad: Any, frames: list[Any]) -> int:
        stream = vad.stream()
        for frame in frames:
            stream.push_frame(frame)
        stream.end_input()
        found = [event.type async for event in stream]
        await stream.aclose()
        return found.count(VADEventType.START_OF_SPEECH)


class TestOrdinaryAgent:
    """An agent with an LLM, which answers with the translation that it is told."""

    async def _enter(self, enter_room: Any, lines: Any, model: EchoLLM, **options: Any) -> Any:
        agent = Agent(instructions="Repeat what you are told.", llm=model)
        return await enter_room(_behaviour(lines), agent=agent, **options)

    async def test_the_agents_answer_is_heard_in_the_voice_of_the_translation(
        self, enter_room: Any, audio: Any
    ) -> None:
        lines = [audio.line(1), audio.line(2)]
        model = EchoLLM()
        room = await self._enter(enter_room, lines, model)
        for number in range(2):
            room.microphone.speak(audio.speech(*_ONE, end=1.2))
            await room.speaker.until_played(number + 1)
        assert model.told == [_text(lines, 0), _text(lines, 1)]
        assert room.heard(_voices(lines))
        assert (room.lost, room.errors) == ([], [])

    async def test_a_turn_that_joins_utterances_is_their_voices_one_after_another(
        self, enter_room: Any, audio: Any
    ) -> None:
        lines = [audio.line(1), audio.line(2)]
        model = EchoLLM()
        joining = {"endpointing": {"min_delay": 1.0, "max_delay": 1.0}}
        room = await self._enter(enter_room, lines, model, turn_handling=joining)
        room.microphone.speak(audio.speech(*_TWO, end=2.2))
        await room.speaker.until_played(1)
        assert model.told == [_text(lines, 0, 1)]
        assert room.heard([b"".join(_voices(lines))])
        assert (room.lost, room.errors) == ([], [])


class TestHandOver:
    async def test_an_ordinary_agent_and_the_interpreter_each_say_what_came_while_they_had_the_floor(
        self, enter_room: Any, audio: Any
    ) -> None:
        # The same words each time: only the voice tells which utterance is said.
        same = {"fr": "oui"}
        lines = [audio.line(number, translations=same) for number in (1, 2, 3)]
        model = EchoLLM()
        room = await enter_room(_behaviour(lines))
        agents = [Agent(instructions="Repeat.", llm=model), InterpreterAgent()]
        for number in range(3):
            if number:
                room.session.update_agent(agents[number - 1])
                await self._until_floor(room, agents[number - 1])
            room.microphone.speak(audio.speech(*_ONE, end=1.2))
            await room.speaker.until_played(number + 1)
        assert room.heard(_voices(lines))
        assert model.told == ["oui"]
        assert (room.lost, room.errors, room.emulator.connections) == ([], [], 1)

    async def test_speech_heard_by_a_silent_agent_is_not_said_later(
        self, enter_room: Any, audio: Any
    ) -> None:
        same = {"fr": "oui"}
        lines = [audio.line(number, translations=same) for number in (1, 2)]
        room = await enter_room(_behaviour(lines))
        silent, interpreter = Agent(instructions="Say nothing."), InterpreterAgent()
        room.session.update_agent(silent)
        await self._until_floor(room, silent)
        recognized = asyncio.Event()
        room.session.on("user_input_transcribed", lambda event: event.is_final and recognized.set())
        room.microphone.speak(audio.speech(*_ONE, end=1.2))
        await within(recognized.wait())
        room.session.update_agent(interpreter)
        await self._until_floor(room, interpreter)
        room.microphone.speak(audio.speech(*_ONE, end=1.2))
        await room.speaker.until_played(1)
        assert room.heard(_voices(lines[1:]))
        assert (room.lost, room.errors) == ([], [])

    async def _until_floor(self, room: Any, agent: Agent) -> None:
        async def wait() -> None:
            while agent._activity is None or not agent._activity._started:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

        await within(wait())


class TestInterrupted:
    async def test_a_forced_interruption_ends_the_speech_and_the_next_translation_is_heard(
        self, enter_room: Any, audio: Any, until: Any
    ) -> None:
        lines = [audio.line(1, 3.0), audio.line(2, 0.5), audio.line(3, 0.5)]
        room = await enter_room(_behaviour(lines))
        speeches: list[Any] = []
        room.session.on("speech_created", speeches.append)
        room.microphone.speak(audio.speech(*_TWO, end=2.2))
        await room.speaker.until_begun(1)
        # What was recognized is not yet about to be said, and only what is can be interrupted.
        await until(lambda: len(speeches) == 2)
        await within(room.session.interrupt(force=True))
        assert room.speaker.cut == 1
        room.microphone.speak(audio.speech(*_ONE, end=1.2))
        await room.speaker.until_played(1)
        assert audio.same(room.speaker.segments[-1], _voices(lines)[2])
        assert all(ledger.claims.empty for ledger in translations_of(room.stt).of(None))
        assert (room.lost, room.errors) == ([], [])


class TestTextOnly:
    async def test_translations_without_a_voice_are_transcripts_and_captions(
        self, enter_room: Any, audio: Any
    ) -> None:
        lines = [audio.line(1), audio.line(2)]
        room = await enter_room(_behaviour(lines), pair_options={"voice": None}, audible=False)
        captions = Captions()
        room.session.output.transcription = captions
        room.microphone.speak(audio.speech(*_TWO, end=2.2))
        await captions.until(2)
        assert captions.texts == [_text(lines, 0), _text(lines, 1)]
        assert (room.speaker.segments, room.emulator.spoken) == ([], [])
        assert (room.lost, room.errors) == ([], [])


class Captions(TextOutput):
    """Remembers each caption, and when its first and its last words came."""

    def __init__(self) -> None:
        super().__init__(label="captions", next_in_chain=None)
        self.texts: list[str] = []
        self.began_at: list[float] = []
        self.ended_at: list[float] = []
        self._text = ""
        self._changed = asyncio.Event()

    async def capture_text(self, text: str) -> None:
        if not self._text:
            self.began_at.append(time.monotonic())
        self._text += text

    def flush(self) -> None:
        if self._text:
            self.texts.append(self._text.strip())
            self.ended_at.append(time.monotonic())
        self._text = ""
        self._changed.set()

    async def until(self, count: int) -> None:
        async def wait() -> None:
            while len(self.texts) < count:
                self._changed.clear()
                await self._changed.wait()

        await within(wait())


class TestCaptions:
    @tries_again
    @pytest.mark.slow
    async def test_they_are_in_step_with_the_voice(self, enter_room: Any, audio: Any) -> None:
        words = "un deux trois quatre cinq six sept huit neuf dix"
        lines = [audio.line(number, 3.0, translations={"fr": f"{words} {number}"}) for number in (1, 2)]
        room = await enter_room(_behaviour(lines), speed=1.0)
        captions = Captions()
        synchronizer = TranscriptSynchronizer(next_in_chain_audio=room.speaker, next_in_chain_text=captions)
        room.session.output.audio = synchronizer.audio_output
        room.session.output.transcription = synchronizer.text_output
        began_at, played_at = list[float](), list[float]()
        room.speaker.on("playback_started", lambda _: began_at.append(time.monotonic()))
        room.speaker.on_played = lambda _: played_at.append(time.monotonic())
        room.microphone.speak(audio.speech(*_TWO, end=2.2))
        await captions.until(2)
        await room.speaker.until_played(2)
        await within(synchronizer.aclose())
        assert captions.texts == [_text(lines, 0), _text(lines, 1)]
        assert room.heard(_voices(lines))
        for caption, began, played in zip(captions.began_at, began_at, played_at, strict=True):
            assert_less(began - caption, 0.05)
            assert_less(caption - played, 0.0)
        # The words of the second wait for its voice.
        assert_less(played_at[0] - captions.began_at[1], 0.05)
        # Those of the first are spread over its voice.
        assert captions.ended_at[0] - captions.began_at[0] > 1.0


class TestMicrophone:
    @pytest.mark.parametrize("rate", [24000, 48000])
    async def test_stereo_is_heard_and_interpreted(self, enter_room: Any, audio: Any, rate: int) -> None:
        lines = [audio.line(1), audio.line(2)]
        room = await enter_room(_behaviour(lines))
        mono = np.frombuffer(audio.speech(*_TWO, end=2.2, rate=rate), dtype="<i2")
        room.microphone.speak(np.repeat(mono, 2).tobytes(), rate=rate, channels=2)
        await room.speaker.until_played(2)
        assert room.heard(_voices(lines))
        found = [(spoken.start_seconds, spoken.end_seconds) for spoken in room.emulator.spoken]
        assert found == [pytest.approx(stretch, abs=0.15) for stretch in _TWO]
        assert (room.lost, room.errors) == ([], [])


class TestOtherText:
    async def test_other_text_is_said_between_translations_in_its_turn(
        self, enter_room: Any, audio: Any, other_voice: Any
    ) -> None:
        lines = [audio.line(number, 1.0) for number in (1, 2, 3)]
        room = await enter_room(_behaviour(lines), fallback=other_voice)
        room.session.say("Bonjour.", allow_interruptions=False)
        room.microphone.speak(audio.speech(*_THREE, end=3.0))
        await room.speaker.until_begun(3)
        room.session.say("Un moment.", allow_interruptions=False)
        await room.speaker.until_played(5)
        first, second, third = _voices(lines)
        bonjour, moment = other_voice.pcm("Bonjour."), other_voice.pcm("Un moment.")
        heard = room.speaker.segments
        assert audio.same(heard[0], bonjour)
        assert [audio.same(one, other) for one, other in zip(heard[1:3], (first, second), strict=True)] == [
            True
        ] * 2
        rest = [third, moment] if audio.same(heard[3], third) else [moment, third]
        assert room.heard([bonjour, first, second, *rest])
        assert (room.lost, room.errors) == ([], [])
