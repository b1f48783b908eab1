"""Speech that is interpreted while it is being said, over the real SDK against the emulator."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes.limits import within
from fakes.plain_room import PlainRoom, PlainTrack
from fakes.room import Audio, Microphone, hertz
from fakes.streaming_voice import StreamingVoice
from fault_matrix import simultaneous
from livekit import rtc
from livekit.agents import Agent, ModelSettings
from livekit.agents import stt as livekit_stt
from livekit.agents import tts as livekit_tts
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import (
    TTS,
    InterpreterAgent,
    MeetingInterpreter,
    RunningTranslation,
    TranslationModel,
)
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter._meeting.room import Caption, Member
from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop, Emulator, Line, Voice
from livekit_plugins_azure_interpreter.record import SQLiteRecord, minutes, record_session

pytestmark = pytest.mark.native

EnterRoom = Callable[..., Awaitable[Any]]
OpenPair = Callable[..., Awaitable[Any]]
SPEED = 6.0
_UTTERANCES = int(os.environ.get("UTTERANCES", "15"))
"""How many are said in one session; `nox -s nightly` says more."""
SIMULTANEOUS: Mapping[str, Any] = {"pace": "simultaneous"}
_LOWEST_HZ, _STEP_HZ = 300, 25
_WORDS_PER_SECOND = 3
_BREATH_BYTES = 3200


def sentence(number: int, seconds: float, language: str = "en-US") -> Line:
    """A sentence that takes so long to say; each of its words exists once."""
    numbers = [f"{number}x{at}" for at in range(max(2, round(seconds * _WORDS_PER_SECOND)))]
    marked = [f"{one}," if at % 7 == 6 else one for at, one in enumerate(numbers)]
    translations = {
        language: " ".join(f"{word}{one}" for one in marked).rstrip(",") + "."
        for language, word in (("fr", "mot"), ("de", "Wort"), ("es", "palabra"))
    }
    return Line(" ".join(f"word{one}" for one in numbers) + ".", language, translations)


def by_pitch(lines: Sequence[Line]) -> Callable[[Voice], Line]:
    """Each line is known by its pitch, on whatever connection it is heard."""
    return lambda samples: lines[round((hertz(samples.pcm) - _LOWEST_HZ) / _STEP_HZ) % len(lines)]


def speech(lengths: Sequence[float], *, pause: float = 0.7, first: int = 0) -> bytes:
    """Sentences of these lengths, in seconds, each at its own pitch, which tells its number."""
    audio, pcm = Audio(), Audio().silence(0.2)
    for number, seconds in enumerate(lengths, first):
        said = bytearray(audio.burst(seconds, hertz=_LOWEST_HZ + _STEP_HZ * number))
        for at in range(32000, len(said) - _BREATH_BYTES, 32000):
            said[at : at + _BREATH_BYTES] = bytes(_BREATH_BYTES)  # a steady tone would be taken for noise
        pcm += bytes(said) + audio.silence(pause)
    return pcm + audio.silence(0.3)


def words(text: str) -> list[str]:
    return [word.strip(",.") for word in text.split()]


def said_in(language: str, lines: Sequence[Line]) -> list[list[str]]:
    return [words(line.translations[language]) for line in lines]


class Interpreted:
    """A session whose fallback speaks, and what was heard."""

    def __init__(self, room: Any, voice: StreamingVoice) -> None:
        self.room, self.voice = room, voice
        self.begun: list[RunningTranslation] = []
        self.metrics: list[Any] = []
        room.stt.on("translation_begun", self.begun.append)
        room.stt.on("utterance_metrics_collected", self.metrics.append)

    @property
    def heard(self) -> list[list[str]]:
        """The words of each speech."""
        return [words(text) for text in self.voice.texts]

    @property
    def first_sound_seconds(self) -> float:
        """When the first piece of the first speech sounded, on the clock of what is said."""
        return (self.voice.speeches[0].pieces[0][1] - self.room.microphone.began_at) * SPEED

    async def interpret(self, pcm: bytes, speeches: int) -> None:
        self.room.microphone.speak(pcm)
        await self.room.speaker.until_played(speeches)
        await self.room.microphone.until_taken()


class _Changing(InterpreterAgent):
    """Its `stt_node` changes the words of finals, and may leave interims out."""

    def __init__(self, keeps_interims: bool) -> None:
        super().__init__()
        self._keeps_interims = keeps_interims

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[livekit_stt.SpeechEvent]:
        async for event in Agent.default.stt_node(self, audio, model_settings):
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                (data,) = event.alternatives
                event.alternatives = [dataclasses.replace(data, text=f"[Alice] {data.text}")]
            elif event.type is SpeechEventType.INTERIM_TRANSCRIPT and not self._keeps_interims:
                continue
            yield event


Interpret = Callable[..., Awaitable[Interpreted]]


@pytest.fixture
def enter(enter_room: EnterRoom) -> Interpret:
    async def make(
        script: Any, *, voice: StreamingVoice | None = None, pair_options: Any = None, **more: Any
    ) -> Interpreted:
        voice = voice or StreamingVoice()
        behaviour = Behaviour(script=script, silence_ms=300, **more.pop("behaviour", {}))
        pair_options = {**SIMULTANEOUS, **(pair_options or {})}
        more = {"fallback": voice, "speed": SPEED, **more}
        room = await enter_room(behaviour, pair_options=pair_options, **more)
        return Interpreted(room, voice)

    return make


class TestSession:
    async def test_a_sentence_of_20_seconds_is_heard_while_it_is_being_said(self, enter: Interpret) -> None:
        line = sentence(1, 20)
        session = await enter([line])
        await session.interpret(speech([20]), 1)
        assert session.heard == said_in("fr", [line])
        (running,) = session.begun
        assert session.first_sound_seconds < 10
        (metrics,) = session.metrics
        assert (metrics.id, metrics.outcome, metrics.target_language) == (running.id, "fallback", "fr")
        assert metrics.ear_voice_span_seconds < 10 / SPEED
        assert metrics.end_of_speech_to_first_sound_seconds < 0

    async def test_many_utterances_are_heard_whole_once_and_in_order(self, enter: Interpret) -> None:
        lengths = [(1.0, 0.4, 1.6)[number % 3] for number in range(_UTTERANCES)]
        lines = [sentence(number, seconds) for number, seconds in enumerate(lengths)]
        session = await enter(by_pitch(lines))
        session.room.microphone.speak(speech(lengths, pause=0.5))
        for played in range(15, _UTTERANCES + 1, 15):  # each has its own limit
            await session.room.speaker.until_played(played)
        assert session.heard == said_in("fr", lines)
        assert {one.outcome for one in session.metrics} == {"fallback"}
        assert (session.room.speaker.cut, session.room.errors) == (0, [])

    async def test_a_session_whose_tts_is_another_one_is_heard_and_measured(self, enter: Interpret) -> None:
        lines, voice = [sentence(0, 4), sentence(1, 0.4)], StreamingVoice()
        session = await enter(by_pitch(lines), voice=voice, fallback=None, tts=lambda _: voice)
        await session.interpret(speech([4, 0.4]), 2)
        assert session.heard == said_in("fr", lines)
        await session.room.session.aclose()
        assert [one.outcome for one in session.metrics] == ["fallback", "fallback"]
        assert session.metrics[0].ear_voice_span_seconds < 4 / SPEED

    async def test_a_voice_that_fails_before_its_first_sound_is_tried_again(self, enter: Interpret) -> None:
        line = sentence(1, 4)
        session = await enter([line], voice=StreamingVoice(failures=1))
        await session.interpret(speech([4]), 1)
        assert session.heard == said_in("fr", [line])

    async def test_speech_in_the_language_of_the_listener_is_not_said(self, enter: Interpret) -> None:
        lines = [sentence(0, 3, "fr-FR"), sentence(1, 3)]
        session = await enter(by_pitch(lines))
        await session.interpret(speech([3, 3]), 1)
        assert session.heard == said_in("fr", lines[1:])

    async def test_the_interpreter_does_not_repeat_its_own_voice_that_it_hears(
        self, enter: Interpret
    ) -> None:
        lines = [sentence(0, 3), sentence(1, 3, "fr-FR"), sentence(2, 3)]
        session = await enter(by_pitch(lines))

        def hear(_: bytes) -> None:
            session.room.speaker.on_played = lambda _: None
            session.room.microphone.speak(speech([3, 3], first=1))  # what it said, and another sentence

        session.room.speaker.on_played = hear
        await session.interpret(speech([3]), 2)
        assert session.heard == said_in("fr", [lines[0], lines[2]])

    async def test_speech_whose_language_azure_corrects_is_heard_whole(self, enter: Interpret) -> None:
        line, taken_for = sentence(0, 5), sentence(0, 5, "fr-FR")
        session = await enter(lambda samples: line if samples.seconds > 2.5 else taken_for)
        await session.interpret(speech([5]), 1)
        assert session.heard == said_in("fr", [line])

    async def test_speech_that_turns_out_to_be_in_the_listeners_language_stops(
        self, enter: Interpret
    ) -> None:
        taken_for, line, after = sentence(0, 5), sentence(0, 5, "fr-FR"), sentence(1, 3)

        def script(samples: Voice) -> Line:
            if hertz(samples.pcm) > _LOWEST_HZ + _STEP_HZ / 2:
                return after
            return line if samples.seconds > 4.9 else taken_for

        session = await enter(script)
        await session.interpret(speech([5, 3]), 2)
        begun, whole = session.heard
        assert begun == words(line.translations["fr"])[: len(begun)]
        assert 0 < len(begun) < len(words(line.translations["fr"]))
        assert [whole] == said_in("fr", [after])

    async def test_speech_that_is_not_translated_in_the_end_stops(self, enter: Interpret) -> None:
        def script(samples: Voice) -> Line:
            number = round((hertz(samples.pcm) - _LOWEST_HZ) / _STEP_HZ)
            line = sentence(number, 4)
            ended = number == 0 and samples.seconds > 3.9
            return Line(line.text, line.language, line.translations, translated=not ended)

        session = await enter(script)
        await session.interpret(speech([4, 4]), 2)
        begun, whole = session.heard
        expected = said_in("fr", [sentence(0, 4), sentence(1, 4)])
        assert begun == expected[0][: len(begun)]
        assert whole == expected[1]

    @pytest.mark.parametrize("keeps_interims", [True, False])
    async def test_an_stt_node_that_changes_finals_has_them_said_once(
        self, enter: Interpret, keeps_interims: bool
    ) -> None:
        lines = [sentence(0, 4), sentence(1, 0.4), sentence(2, 3)]
        session = await enter(by_pitch(lines), agent=_Changing(keeps_interims))
        await session.interpret(speech([4, 0.4, 3]), 3)
        assert session.heard == said_in("fr", lines)
        shares = [one.words_before_end_share is not None for one in session.metrics]
        assert shares == [keeps_interims, False, keeps_interims]

    async def test_an_stt_in_a_fallback_adapter_is_heard_early(self, enter: Interpret) -> None:
        lines = [sentence(0, 4), sentence(1, 3)]
        session = await enter(by_pitch(lines), stt=lambda stt: livekit_stt.FallbackAdapter([stt]))
        await session.interpret(speech([4, 3]), 2)
        assert session.heard == said_in("fr", lines)
        assert all(one.words_before_end_share for one in session.metrics)

    async def test_a_tts_of_a_fallback_adapter_that_fails_is_followed_by_the_next(
        self, enter: Interpret
    ) -> None:
        lines, broken, voice = [sentence(0, 4), sentence(1, 3)], StreamingVoice(failures=99), StreamingVoice()
        adapter = livekit_tts.FallbackAdapter([broken, voice], max_retry_per_tts=0)
        session = await enter(by_pitch(lines), voice=voice, fallback=adapter)
        await session.interpret(speech([4, 3]), 2)
        assert session.heard == said_in("fr", lines)
        assert broken.texts == []

    async def test_each_sentence_is_recorded_once_with_how_late_it_was_heard(
        self, enter: Interpret, tmp_path: Path
    ) -> None:
        lines = [sentence(0, 4), sentence(1, 0.4)]
        session = await enter(by_pitch(lines))
        record = SQLiteRecord(tmp_path / "record.db")
        keeper = record_session(session.room.session, session.room.stt, record, meeting="m", speaker="s")
        await session.interpret(speech([4, 0.4]), 2)
        await session.room.session.aclose()
        await _until(lambda: not keeper.waiting)
        (meeting,) = await record.meetings()
        said = minutes(await record.read(meeting.id)).said
        assert [words(one.translations["fr"]) for one in said] == said_in("fr", lines)
        early, late = (one.heard["fr"] for one in said)
        assert (early.outcome, late.outcome) == ("fallback", "fallback")
        assert early.end_of_speech_to_first_sound_seconds < 0 < late.end_of_speech_to_first_sound_seconds
        await record.aclose()

    async def test_another_agent_takes_over_without_loss(self, enter: Interpret) -> None:
        lines = [sentence(0, 4), sentence(1, 4)]
        session = await enter(by_pitch(lines))
        session.room.microphone.speak(speech([4, 4]))
        await session.room.speaker.until_begun(1)
        session.room.session.update_agent(InterpreterAgent())
        await session.room.speaker.until_played(2)
        assert session.heard == said_in("fr", lines)

    async def test_a_session_that_is_shut_down_finishes_the_sentence(self, enter: Interpret) -> None:
        line = sentence(0, 4)
        session = await enter([line])
        session.room.microphone.speak(speech([4])[: 32000 * 4])
        await session.room.speaker.until_begun(1)
        await session.room.microphone.until_taken()
        closed = asyncio.Event()
        session.room.session.on("close", lambda _: closed.set())
        session.room.session.shutdown(drain=True)
        await within(closed.wait())
        assert session.heard == said_in("fr", [line])


class TestLostConnection:
    @pytest.mark.parametrize("code", [None, 1007])
    async def test_a_sentence_that_is_heard_again_is_said_once(
        self, enter: Interpret, code: int | None
    ) -> None:
        lines = [sentence(0, 6), sentence(1, 2)]
        session = await enter(by_pitch(lines), behaviour={"faults": [Drop(at_seconds=4.0, code=code)]})
        await session.interpret(speech([6, 2]), 2)
        assert session.heard == said_in("fr", lines)
        assert session.room.emulator.connections > 1
        assert session.first_sound_seconds < 4.0

    async def test_a_sentence_that_azure_cuts_elsewhere_when_it_hears_it_again_is_said_once(
        self, enter: Interpret
    ) -> None:
        begin, rest = sentence(0, 3), sentence(1, 3)
        whole = Line(
            f"{begin.text} {rest.text}",
            "en-US",
            {"fr": f"{begin.translations['fr']} {rest.translations['fr']}"},
        )

        def script(samples: Voice) -> Line:
            pitches = [hertz(pcm) for pcm in (samples.pcm[:16000], samples.pcm[-16000:])]
            first, last = (round((one - _LOWEST_HZ) / _STEP_HZ) for one in pitches)
            return whole if first != last else (begin, rest)[first]

        session = await enter(script, behaviour={"faults": [Drop(at_seconds=5.5)]})
        session.room.microphone.speak(speech([3, 3], pause=0.25))
        await session.room.speaker.until_begun(1)
        object.__setattr__(session.room.emulator.behaviour, "silence_ms", 200)  # of the next connection
        await session.room.speaker.until_played(2)
        heard = [word for one in session.heard for word in one]
        assert heard == [word for one in said_in("fr", [begin, rest]) for word in one]
        assert len(session.heard[0]) > len(words(begin.translations["fr"]))

    async def test_a_sentence_that_waits_too_long_for_its_next_clause_is_said_in_two_speeches(
        self, enter: Interpret, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line = sentence(0, 8)
        session = await enter([line])
        session.room.microphone.speak(speech([8]))
        await session.room.speaker.until_begun(1)
        name = "livekit_plugins_azure_interpreter._recognition.running_translation._PATIENCE_SECONDS"
        monkeypatch.setattr(name, 0.0)
        await session.room.speaker.until_played(2)
        first, rest = session.heard
        assert [first + rest] == said_in("fr", [line])

    async def test_options_that_change_in_mid_sentence_lose_nothing(self, enter: Interpret) -> None:
        lines = [sentence(0, 6), sentence(1, 4)]
        session = await enter(by_pitch(lines), pair_options={"target_languages": ["fr", "de"]})
        session.room.microphone.speak(speech([6, 4]))
        await session.room.speaker.until_begun(1)
        session.room.stt.update_options(target_languages=["de", "fr"])
        await session.room.speaker.until_played(2)
        assert session.heard == [*said_in("fr", lines[:1]), *said_in("de", lines[1:])]


class TestStreams:
    async def test_two_languages_are_said_at_the_same_time(self, open_pair: OpenPair) -> None:
        lines = [sentence(0, 5), sentence(1, 3)]
        pair = await open_pair(
            Behaviour(script=by_pitch(lines), silence_ms=300),
            target_languages=["fr", "de"],
            spoken_languages=["fr", "de"],
            **SIMULTANEOUS,
        )
        voices = {"fr": StreamingVoice(), "de": StreamingVoice()}
        ttss = {language: TTS(pair.stt, language=language, fallback=voices[language]) for language in voices}
        speaking: list[asyncio.Task[None]] = []

        async def say(running: RunningTranslation) -> None:
            async with ttss[running.language].stream() as stream:
                async for clause in running:
                    stream.push_text(clause)
                stream.end_input()
                async for _ in stream:
                    pass

        def begun(running: RunningTranslation) -> None:
            if running.take():
                speaking.append(asyncio.create_task(say(running)))

        pair.stt.on("translation_begun", begun)
        pair.push(speech([5, 3]))
        pair.stream.end_input()
        finals = [one async for one in pair.stream if one.type is SpeechEventType.FINAL_TRANSCRIPT]
        await within(asyncio.gather(*speaking))
        for language, voice in voices.items():
            assert [words(text) for text in voice.texts] == said_in(language, lines)
        assert [words(final.alternatives[0].text) for final in finals] == said_in("fr", lines)
        texts = [text for final in finals for text in final.alternatives[0].target_texts]
        assert all(text.utterance.is_being_said for text in texts)

    async def test_a_running_translation_ends_with_its_stream(self, open_pair: OpenPair) -> None:
        pair = await open_pair(Behaviour(script=[sentence(0, 9)]), **SIMULTANEOUS)
        begun: asyncio.Future[RunningTranslation] = asyncio.get_running_loop().create_future()
        pair.stt.on("translation_begun", lambda running: begun.done() or begun.set_result(running))
        pair.push(speech([9])[: 32000 * 4])
        running = await within(begun)
        assert running.take()
        assert not running.take()
        reading = asyncio.create_task(_joined(running))
        await asyncio.sleep(0)
        await pair.stream.aclose()
        assert await within(reading) == running.said

    async def test_a_translation_that_nobody_takes_is_said_as_a_whole(self, open_pair: OpenPair) -> None:
        line, voice = sentence(0, 4), StreamingVoice()
        pair = await open_pair(Behaviour(script=[line], silence_ms=300), fallback=voice, **SIMULTANEOUS)
        begun: list[RunningTranslation] = []
        pair.stt.on("translation_begun", begun.append)
        await pair.interpret(speech([4]))
        assert [words(text) for text in voice.texts] == said_in("fr", [line])
        (running,) = begun
        assert not running.take()

    async def test_a_recording_has_no_pace(self, open_pair: OpenPair) -> None:
        line = sentence(0, 3)
        pair = await open_pair(Behaviour(script=[line], silence_ms=300), **SIMULTANEOUS)
        begun: list[RunningTranslation] = []
        pair.stt.on("translation_begun", begun.append)
        final = await within(pair.stt.recognize(Audio().frames(speech([3]))))
        assert final.alternatives[0].text == line.translations["fr"]
        assert begun == []

    async def test_no_voice_of_azure_is_asked_for(self, open_pair: OpenPair) -> None:
        pair = await open_pair(
            Behaviour(script=[sentence(0, 2)], silence_ms=300), fallback=StreamingVoice(), **SIMULTANEOUS
        )
        await pair.interpret(speech([2]))
        assert all("synthesis" not in context for context in pair.asked)

    async def test_a_quick_pace_asks_for_shorter_utterances(self, open_pair: OpenPair) -> None:
        pair = await open_pair(Behaviour(script=[sentence(0, 2)]), pace="quick")
        pair.push(speech([2]))
        pair.stream.end_input()
        await within(pair.listen())
        assert pair.asked[0]["phraseDetection"]["CONVERSATION"]["segmentation"] == {
            "mode": "Semantic",
            "segmentationSilenceTimeoutMs": 300,
            "segmentationForcedTimeoutMs": 20000,
        }


class TestTranslationModel:
    async def test_a_sentence_is_heard_while_it_is_being_said(self) -> None:
        lines, voice = [sentence(0, 5), sentence(1, 0.4)], StreamingVoice()
        async with Emulator(Behaviour(script=by_pitch(lines), silence_ms=300)) as emulator:
            model = TranslationModel(
                target_language="fr",
                fallback=voice,
                speech_key="any",
                speech_endpoint=emulator.endpoint,
                pace="simultaneous",
            )
            session = model.session()
            transcripts: list[str] = []
            session.on("output_transcript", lambda one: transcripts.append(one.text))
            for frame in Audio().frames(speech([5, 0.4])):
                session.push_audio(frame)
            session.end_input()

            async def listen() -> int:
                return len([event async for event in session.audio_stream if not hasattr(event, "frame")])

            assert await within(listen()) == 2
            assert [words(text) for text in voice.texts] == said_in("fr", lines)
            assert [words(text) for text in transcripts] == said_in("fr", lines)
            await model.aclose()


class Room(PlainRoom):
    """Alice speaks English; bob listens in French, carl in German; dora only reads Spanish."""

    def __init__(self) -> None:
        super().__init__()
        self.captions: list[Caption] = []
        self._microphone = Microphone(speed=SPEED)
        self.speak = self._microphone.speak

    def members(self) -> list[Member]:
        return [
            Member("alice", {"language": "en"}, publishes=True, tracks=("mic",)),
            Member("bob", {"language": "fr"}),
            Member("carl", {"language": "de"}),
            Member("dora", {"read_language": "es"}),
        ]

    async def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        async for frame in self._microphone:
            yield frame

    async def publish(self, route: Route, sample_rate: int) -> PlainTrack:
        return PlainTrack()

    async def caption(self, caption: Caption) -> None:
        self.captions.append(caption)


class TestMeeting:
    async def test_each_listener_hears_a_sentence_while_it_is_being_said(self) -> None:
        lines = [sentence(0, 6), sentence(1, 0.4), sentence(2, 3)]
        voices: dict[tuple[str, str], StreamingVoice] = {}

        def fallback(language: str, identity: str) -> StreamingVoice:
            return voices.setdefault((language, identity), StreamingVoice())

        room = Room()
        async with Emulator(Behaviour(script=by_pitch(lines), silence_ms=300)) as emulator:
            meeting = MeetingInterpreter(
                pace="simultaneous", fallback=fallback, speech_key="any", speech_endpoint=emulator.endpoint
            )
            meeting._start(room, MeetingRecording(None))
            room.speak(speech([6, 0.4, 3]))

            async def all_heard() -> None:
                while sum(one.ended for voice in voices.values() for one in voice.speeches) < 6:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

            await within(all_heard())
            await meeting.aclose()
        assert set(voices) == {("fr", "alice"), ("de", "alice")}
        for (language, _), voice in voices.items():
            assert [words(text) for text in voice.texts] == said_in(language, lines)
        french = [one for one in room.captions if one.language == "fr"]
        whole = words(lines[0].translations["fr"])
        growing = [words(one.text) for one in french if not one.final and words(one.text)[0] == whole[0]]
        assert all(one == whole[: len(one)] for one in growing)
        assert [words(one.text) for one in french if one.final] == said_in("fr", lines)
        spanish = [words(one.text) for one in room.captions if one.language == "es" and one.final]
        assert spanish == said_in("es", lines)


class TestMeetingOptions:
    @pytest.mark.parametrize(
        "options", [{"mode": "consecutive"}, {"max_lag_seconds": 30.0}, {"catch_up": "none"}], ids=str
    )
    async def test_nothing_is_lost_with_an_option_of_the_meeting(self, options: dict[str, Any]) -> None:
        lines = [sentence(0, 2.5), sentence(1, 2)]
        voices: dict[tuple[str, str], StreamingVoice] = {}

        def fallback(language: str, identity: str) -> StreamingVoice:
            return voices.setdefault((language, identity), StreamingVoice())

        room = Room()
        async with Emulator(Behaviour(script=by_pitch(lines), silence_ms=300)) as emulator:
            meeting = MeetingInterpreter(
                pace="simultaneous",
                fallback=fallback,
                speech_key="any",
                speech_endpoint=emulator.endpoint,
                **options,
            )
            meeting._start(room, MeetingRecording(None))
            room.speak(speech([2.5, 2]))
            await _until(lambda: sum(one.ended for voice in voices.values() for one in voice.speeches) == 4)
            await meeting.aclose()
        for (language, _), voice in voices.items():
            assert [words(text) for text in voice.texts] == said_in(language, lines)


class TestFaults:
    async def test_a_fault_of_the_matrix_loses_and_repeats_no_word(self) -> None:
        case = next(one for one in simultaneous.cases() if one.name == "service away for 2 s")
        heard = await within(simultaneous.interpret(dataclasses.replace(case, count=4)))
        assert heard.is_whole
        assert heard.early > 0.5  # what was said while it was away may be heard at once
        assert heard.connections > 1


async def _joined(running: RunningTranslation) -> str:
    return "".join([clause async for clause in running])


async def _until(reached: Callable[[], bool]) -> None:
    async def wait() -> None:
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    await within(wait())
