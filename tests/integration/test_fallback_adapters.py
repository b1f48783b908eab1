"""The pair among others, in LiveKit's FallbackAdapters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Any

import pytest
from fakes.limits import within
from fakes.other import OtherSTT
from fakes.room import by_pitch
from livekit import rtc
from livekit.agents import Agent, APIConnectOptions, ModelSettings
from livekit.agents import stt as livekit_stt
from livekit.agents import tts as livekit_tts
from livekit.agents.voice.agent_session import SessionConnectOptions

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, PersonalVoiceTTS
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, synthesize

_PITCHES = (300, 430, 560, 690)
_SOON = SessionConnectOptions(stt_conn_options=APIConnectOptions(max_retry=3, retry_interval=0.05))


class _HearsAnew(InterpreterAgent):
    """With an `stt_node` of its own, for which LiveKit opens another stream."""

    def stt_node(self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings) -> Any:
        return Agent.default.stt_node(self, audio, model_settings)


class TestSTT:
    """Four utterances: ours hears the first and the last, the other what is said while Azure is away."""

    @pytest.fixture
    def lines(self, audio: Any) -> dict[int, Line]:
        """The second and the last have the same translation, and voices of their own."""
        texts = ("un", "oui", "trois", "oui")
        return {
            pitch: Line(
                f"sentence {number}", translations={"fr": text}, voices={"fr": audio.voice(0.4, pitch)}
            )
            for number, (pitch, text) in enumerate(zip(_PITCHES, texts, strict=True), 1)
        }

    async def test_the_other_takes_over_and_ours_serves_again_when_it_fails(
        self, enter_room: Any, audio: Any, lines: dict[int, Line], other_voice: Any
    ) -> None:
        # What the other heard happens to be the very words that ours, probing, has a translation for.
        other = OtherSTT("oui", "sentence 3")
        room, changes = await self._enter(enter_room, lines, other, other_voice)
        finals: asyncio.Queue[str] = asyncio.Queue()
        room.session.on(
            "user_input_transcribed", lambda event: event.is_final and finals.put_nowait(event.transcript)
        )
        recognized: list[str] = []
        room.stt.on("utterance_recognized", lambda event: recognized.append(event.transcript.text))

        self._say(room, audio, 0)
        assert await within(finals.get()) == "un"
        await room.speaker.until_played(1)
        await room.emulator.aclose()
        assert await within(changes.get()) is False
        await room.emulator.start()
        self._say(room, audio, 1)
        assert await within(finals.get()) == "oui"
        assert await within(changes.get()) is True
        self._say(room, audio, 2)
        assert await within(finals.get()) == "sentence 3"
        other.fail()
        assert await within(changes.get()) is False
        self._say(room, audio, 3)
        assert await within(finals.get()) == "oui"
        await room.speaker.until_played(2)

        assert room.heard([lines[pitch].voices["fr"].pcm for pitch in (_PITCHES[0], _PITCHES[3])])
        assert other.heard == ["oui", "sentence 3"]
        assert recognized == ["un", "oui"]
        assert (other_voice.texts, room.lost, room.stt.counts.utterances) == ([], [], 2)

    async def test_ours_serves_again_at_the_next_stream(
        self, enter_room: Any, audio: Any, lines: dict[int, Line], other_voice: Any, until: Any
    ) -> None:
        other = OtherSTT("sentence 2", "sentence 3")
        room, changes = await self._enter(enter_room, lines, other, other_voice)
        await until(lambda: room.emulator.connections)
        await room.emulator.aclose()
        assert await within(changes.get()) is False
        await room.emulator.start()
        self._say(room, audio, 1)
        assert await within(changes.get()) is True
        anew = _HearsAnew()
        room.session.update_agent(anew)
        await until(lambda: not other.live and anew._activity is not None and anew._activity._started)
        self._say(room, audio, 2)
        await room.speaker.until_played(1)
        assert room.heard([lines[_PITCHES[2]].voices["fr"].pcm])
        assert (other.heard, other_voice.texts, room.lost) == (["sentence 2"], [], [])

    def _say(self, room: Any, audio: Any, number: int) -> None:
        room.microphone.speak(
            audio.silence(0.2) + audio.burst(0.5, hertz=_PITCHES[number]) + audio.silence(0.6)
        )

    async def _enter(
        self, enter_room: Any, lines: dict[int, Line], other: OtherSTT, other_voice: Any
    ) -> tuple[Any, asyncio.Queue[bool]]:
        """A session with both, and whether one is available, as that changes."""
        changes: asyncio.Queue[bool] = asyncio.Queue()

        def adapted(ours: STT) -> livekit_stt.STT:
            adapter = livekit_stt.FallbackAdapter([ours, other], attempt_timeout=1, retry_interval=0.05)
            adapter.on("stt_availability_changed", lambda event: changes.put_nowait(event.available))
            return adapter

        behaviour = Behaviour(script=by_pitch(lines))
        room = await enter_room(behaviour, fallback=other_voice, stt=adapted, conn_options=_SOON)
        return room, changes


class TestTwoOfOurs:
    """Two regions, say: the second stands in for the first. Each voice is that of who served."""

    async def test_each_translation_is_heard_in_the_voice_of_the_one_that_served(
        self, enter_room: Any, audio: Any, other_voice: Any
    ) -> None:
        said = {"fr": "oui"}
        ours = [audio.line(number, translations=said) for number in (1, 2)]
        seconds = [audio.line(number, translations=said) for number in (11, 12)]
        changes: asyncio.Queue[bool] = asyncio.Queue()
        async with Emulator(Behaviour(script=seconds, silence_ms=200)) as elsewhere:
            second = STT(target_languages="fr", speech_key="any", speech_endpoint=elsewhere.endpoint)
            adapters: list[livekit_stt.FallbackAdapter] = []

            def adapted(first: STT) -> livekit_stt.STT:
                adapter = livekit_stt.FallbackAdapter([first, second], attempt_timeout=1, retry_interval=0.05)
                adapter.on("stt_availability_changed", lambda event: changes.put_nowait(event.available))
                adapters.append(adapter)
                return adapter

            room = await enter_room(
                Behaviour(script=ours, silence_ms=200),
                stt=adapted,
                tts=lambda _: TTS(adapters[0], fallback=other_voice),
                conn_options=_SOON,
            )
            room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
            await room.speaker.until_played(1)
            await room.emulator.aclose()
            assert await within(changes.get()) is False
            for number in (2, 3):
                room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
                await room.speaker.until_played(number)
            assert room.heard([line.voices["fr"].pcm for line in (ours[0], *seconds)])
            assert (other_voice.texts, room.lost) == ([], [])
            await room.session.aclose()
            await second.aclose()


class TestAnotherThatTranslates:
    async def test_the_session_goes_on_in_the_voice_of_the_fallback(
        self, enter_room: Any, audio: Any, other_voice: Any
    ) -> None:
        lines = [audio.line(1), audio.line(2, translated=False)]
        other = OtherSTT("trois", "quatre")
        unavailable = asyncio.Event()

        def adapted(ours: STT) -> livekit_stt.STT:
            adapter = livekit_stt.FallbackAdapter([ours, other], attempt_timeout=1, retry_interval=0.05)
            adapter.on("stt_availability_changed", lambda _: unavailable.set())
            return adapter

        room = await enter_room(
            Behaviour(script=lines, silence_ms=200),
            agent=InterpreterAgent(other_stt_translates=True),
            fallback=other_voice,
            stt=adapted,
            conn_options=_SOON,
        )
        untranslated = asyncio.Event()
        room.stt.on("utterance_recognized", lambda event: event.transcript.translated or untranslated.set())
        room.microphone.speak(audio.speech((0.2, 0.7), (1.1, 1.6), end=2.0))
        await room.speaker.until_played(1)
        await within(untranslated.wait())
        await room.emulator.aclose()
        await within(unavailable.wait())
        room.microphone.speak(audio.speech((0.2, 0.7), (1.4, 1.9), end=2.6))
        await room.speaker.until_played(3)
        assert room.heard([lines[0].voices["fr"].pcm, other_voice.pcm("trois"), other_voice.pcm("quatre")])


class TestTTS:
    def _adapter(self, other: Any) -> Callable[[Any], livekit_tts.TTS]:
        return lambda ours: livekit_tts.FallbackAdapter([ours, livekit_tts.StreamAdapter(tts=other)])

    async def test_translations_are_heard_in_their_own_voices(
        self, enter_room: Any, audio: Any, other_voice: Any
    ) -> None:
        lines = [audio.line(number) for number in (1, 2)]
        behaviour = Behaviour(script=lines, silence_ms=200)
        room = await enter_room(behaviour, tts=self._adapter(other_voice))
        room.microphone.speak(audio.speech((0.2, 0.7), (1.1, 1.6), end=2.0))
        await room.speaker.until_played(2)
        assert room.heard([line.voices["fr"].pcm for line in lines])
        assert (other_voice.texts, room.lost) == ([], [])

    async def test_other_text_is_said_by_the_other_and_no_translation_is_lost_or_repeated(
        self, enter_room: Any, audio: Any, other_voice: Any
    ) -> None:
        lines = [audio.line(number) for number in (1, 2, 3)]
        behaviour = Behaviour(script=lines, silence_ms=200)
        room = await enter_room(behaviour, tts=self._adapter(other_voice))
        room.session.say("Un moment.", allow_interruptions=False)
        await room.speaker.until_played(1)
        for number in range(3):
            room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
            await room.speaker.until_played(2 + number)
        first, *rest = room.speaker.segments
        assert audio.same(first, other_voice.pcm("Un moment."))
        # Which translations come from the other depends on when the adapter finds ours again.
        for line, segment in zip(lines, rest, strict=True):
            others = other_voice.pcm(line.translations["fr"])
            assert audio.same(segment, line.voices["fr"].pcm) or audio.same(segment, others)

    async def test_a_personal_voice_can_be_the_other_tts(self, enter_room: Any, audio: Any) -> None:
        """It works; with `fallback=` the last would surely have been in its own voice."""
        lines = [audio.line(number) for number in (1, 2)]
        async with Emulator() as speaking:
            voice = PersonalVoiceTTS(
                speaker_profile_id="an-id",
                speech_key="any",
                speech_endpoint=speaking.endpoint,
                sample_rate=16000,
            )
            room = await enter_room(
                Behaviour(script=lines, silence_ms=200),
                tts=lambda ours: livekit_tts.FallbackAdapter([ours, voice]),
            )
            room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
            await room.speaker.until_played(1)
            room.session.say("Un moment.", allow_interruptions=False)
            await room.speaker.until_played(2)
            room.microphone.speak(audio.speech((0.2, 0.7), end=1.1))
            await room.speaker.until_played(3)
            first, other, last = room.speaker.segments
            assert audio.same(first, lines[0].voices["fr"].pcm)
            assert audio.same(other, synthesize("Un moment.", 0.5, 16000).pcm)
            translation = lines[1].translations["fr"]
            in_either = (lines[1].voices["fr"].pcm, synthesize(translation, 0.5, 16000).pcm)
            assert any(audio.same(last, pcm) for pcm in in_either)
            await room.session.aclose()
            await within(voice.aclose())
