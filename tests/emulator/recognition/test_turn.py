from __future__ import annotations

import asyncio
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import (
    ECHOED,
    Behaviour,
    DropInVoice,
    EarlyVoice,
    EndWithoutOffset,
    Fault,
    GarbageFrame,
    Line,
    LongVoice,
    NoVoice,
    SlowVoice,
    Voice,
    VoiceError,
    VoiceNeverEnds,
)
from livekit_plugins_azure_interpreter.emulator.faults.schedule import TurnFaults
from livekit_plugins_azure_interpreter.emulator.recognition import turn
from livekit_plugins_azure_interpreter.emulator.recognition.conversation import Conversation
from livekit_plugins_azure_interpreter.emulator.recognition.speech_context import Detection, LanguageChange
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

_HELLO = Line("Hello world", translations={"fr": "Bonjour le monde", "de": "Hallo Welt"})
_BYE = Line("Goodbye", translations={"fr": "Au revoir"})


def _acknowledged_seconds(message: Message) -> float:
    return int(message.headers["X-Continuation-Audio-Streams-1-Offset"]) / 10_000_000


def _voiced(text: str, pcm: bytes, rate: int = 16000) -> Line:
    return Line(text, voices={"fr": Voice(pcm, rate)})


class TestMessages:
    async def test_a_turn_starts_with_its_service_tag(self, begin: Any) -> None:
        session = begin(request_id="r7")
        await session.turn.start()
        assert session.sent.messages[0].json() == {"context": {"serviceTag": "r7"}}

    async def test_a_whole_turn_comes_in_azures_order(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_voiced("Hello", bytes(6400))], interim_interval_ms=None))
        await session.turn.start()
        await session.hear(audio.utterance())
        await session.sent.until("audio.end")
        await session.finish()
        assert session.sent.paths == [
            "turn.start",
            "speech.startDetected",
            "translation.response",
            "audio.start",
            "audio",
            "audio",
            "audio.end",
            "speech.endDetected",
            "turn.end",
        ]

    async def test_every_message_carries_the_request_id_of_the_turn(self, begin: Any, audio: Any) -> None:
        session = begin(request_id="r7")
        await session.turn.start()
        await session.hear(audio.utterance())
        await session.finish()
        assert {message.request_id for message in session.sent.messages} == {"r7"}

    async def test_voices_alone_go_out_in_binary_frames(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.turn.start()
        await session.hear(audio.utterance())
        await session.finish()
        binary = {
            m.path
            for m, is_binary in zip(session.sent.messages, session.sent.binary, strict=True)
            if is_binary
        }
        assert binary == {"audio"}

    async def test_audio_without_speech_brings_no_result(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.hear(audio.silence(2))
        await session.finish()
        assert session.sent.paths == ["speech.endDetected", "turn.end"]

    async def test_a_turn_without_audio_ends(self, begin: Any) -> None:
        session = begin()
        await session.finish()
        assert session.sent.paths == ["speech.endDetected", "turn.end"]


class TestFinalResult:
    async def _final(self, begin: Any, audio: Any, line: Line, **options: Any) -> dict[str, Any]:
        session = begin(Behaviour(script=[line]), **options)
        await session.hear(audio.utterance())
        await session.sent.until_finals(1)
        return dict(session.sent.finals[0])

    async def test_a_final_tells_the_text(self, begin: Any, audio: Any) -> None:
        assert (await self._final(begin, audio, _HELLO))["SpeechPhrase"]["DisplayText"] == "Hello world"

    async def test_a_final_tells_where_the_speech_lies(self, begin: Any, audio: Any) -> None:
        phrase = (await self._final(begin, audio, _HELLO))["SpeechPhrase"]
        assert (phrase["Offset"], phrase["Duration"]) == (4_000_000, 12_000_000)

    async def test_a_final_tells_the_spoken_language(self, begin: Any, audio: Any) -> None:
        phrase = (await self._final(begin, audio, Line("Hola", language="es-MX")))["SpeechPhrase"]
        assert phrase["PrimaryLanguage"]["Language"] == "es-MX"

    async def test_a_final_tells_the_translations_into_all_targets(self, begin: Any, audio: Any) -> None:
        final = await self._final(begin, audio, _HELLO, targets=("fr", "de"))
        assert final["Translations"] == [
            {"Language": "fr", "DisplayText": "Bonjour le monde"},
            {"Language": "de", "DisplayText": "Hallo Welt"},
        ]

    async def test_a_target_without_a_translation_gets_the_marked_source(
        self, begin: Any, audio: Any
    ) -> None:
        final = await self._final(begin, audio, _HELLO, targets=("it",))
        assert final["Translations"] == [{"Language": "it", "DisplayText": ECHOED}]

    async def test_a_final_reports_success(self, begin: Any, audio: Any) -> None:
        assert (await self._final(begin, audio, _HELLO))["TranslationStatus"] == "Success"

    async def test_an_untranslated_line_reports_the_error_and_no_translation(
        self, begin: Any, audio: Any
    ) -> None:
        final = await self._final(begin, audio, Line("Hello", translated=False))
        assert (final["TranslationStatus"], final["Translations"]) == ("Error", [])

    async def test_an_untranslated_line_is_still_recognized(self, begin: Any, audio: Any) -> None:
        final = await self._final(begin, audio, Line("Hello", translated=False))
        assert final["SpeechPhrase"]["RecognitionStatus"] == "Success"

    async def test_a_final_waits_for_the_recognition_delay(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(recognition_delay_ms=80, interim_interval_ms=None))
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.seconds_between("speech.startDetected", "translation.response") > 0.06

    async def test_speech_still_open_at_the_end_of_the_audio_gets_its_result(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(Behaviour(script=[_HELLO]))
        await session.hear(audio.noise(1))
        await session.finish()
        assert session.sent.texts == ["Hello world"]

    async def test_each_utterance_gets_the_next_line(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO, _BYE]))
        await session.hear(audio.utterance() + audio.utterance())
        await session.finish()
        assert session.sent.texts == ["Hello world", "Goodbye"]

    async def test_lines_with_positions_come_from_silence_too(self, begin: Any, audio: Any) -> None:
        script = [
            Line("a", start_seconds=0.5, end_seconds=1.0),
            Line("b", start_seconds=1.5, end_seconds=2.0),
        ]
        session = begin(Behaviour(script=script))
        await session.hear(audio.silence(2.5))
        await session.finish()
        assert session.sent.texts == ["a", "b"]


class TestStartDetected:
    async def test_a_start_tells_where_speech_began(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.hear(audio.silence(0.5) + audio.noise(0.1))
        assert [message.json() for message in session.sent.of("speech.startDetected")] == [
            {"Offset": 4_000_000}
        ]


class TestInterimResults:
    async def test_interims_come_while_speech_goes_on(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO]))
        await session.hear(audio.noise(1.0))
        assert session.sent.paths[-1] == "translation.response"

    async def test_interims_come_as_often_as_asked(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO], interim_interval_ms=150))  # with every other frame
        await session.hear(audio.noise(1.0))
        assert len(session.sent.hypotheses) == 5

    async def test_interims_tell_more_and_more_words(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[Line("one two three four five")], interim_interval_ms=800))
        await session.hear(audio.noise(2.0))
        texts = [body["SpeechHypothesis"]["Text"] for body in session.sent.hypotheses]
        assert texts == ["one two", "one two three four"]

    async def test_interims_keep_the_offset_of_the_utterance(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO]))
        await session.hear(audio.silence(0.5) + audio.noise(1.0))
        assert {body["SpeechHypothesis"]["Offset"] for body in session.sent.hypotheses} == {4_000_000}

    async def test_interims_tell_the_translations_into_all_targets(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO]), targets=("fr", "de"))
        await session.hear(audio.noise(0.5))
        assert session.sent.hypotheses[0]["Translations"] == [
            {"Language": "fr", "Text": "Bonjour"},
            {"Language": "de", "Text": "Hallo"},
        ]

    async def test_interims_can_be_switched_off(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO], interim_interval_ms=None))
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.hypotheses == []

    async def test_interims_do_not_acknowledge_audio(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.hear(audio.noise(1.0))
        assert not any("X-Continuation-Token" in message.headers for message in session.sent.messages)

    async def test_interims_tell_the_line_of_their_position_after_a_stretch_too_short_for_any(
        self, begin: Any, audio: Any
    ) -> None:
        script = [
            Line("a", start_seconds=0.1, end_seconds=0.2),
            Line("b", start_seconds=1.0, end_seconds=2.0),
        ]
        session = begin(Behaviour(script=script))
        await session.hear(audio.silence(1.5))
        assert {body["SpeechHypothesis"]["Text"] for body in session.sent.hypotheses} == {"b"}


class TestVoice:
    async def test_it_is_the_voice_of_the_line(self, begin: Any, audio: Any) -> None:
        pcm = audio.noise(0.5, seed=9)
        session = begin(Behaviour(script=[_voiced("Hello", pcm)], riff="none"))
        await session.hear(audio.utterance())
        await session.finish()
        assert b"".join(session.sent.chunks) == pcm

    async def test_the_default_voice_is_the_speakers_own_samples_sample_for_sample(
        self, begin: Any, audio: Any
    ) -> None:
        said = audio.utterance(seed=3)
        session = begin(Behaviour(riff="none"))
        await session.hear(said)
        await session.finish()
        assert b"".join(session.sent.chunks) == said[12_800:51_200]  # 0.4 s to 1.6 s

    async def test_the_second_utterance_comes_back_sample_for_sample_too(
        self, begin: Any, audio: Any
    ) -> None:
        first, second = audio.utterance(seed=3), audio.utterance(seed=4)
        session = begin(Behaviour())
        await session.hear(first + second)
        await session.finish()
        assert session.spoken[1].voice.pcm == second[12_800:51_200]

    async def test_samples_come_back_at_the_rate_that_the_clients_riff_header_tells(
        self, begin: Any, audio: Any
    ) -> None:
        said = audio.silence(0.5, 24000) + audio.noise(1, 24000) + audio.silence(1, 24000)
        session = begin()
        await session.turn.hear(audio.riff(24000))
        await session.hear(said, 24000)
        await session.finish()
        assert session.spoken[0].voice == Voice(said[19_200:76_800], 24000)

    async def test_the_clients_riff_header_may_come_with_samples_behind_it(
        self, begin: Any, audio: Any
    ) -> None:
        said = audio.noise(1.0) + audio.silence(1.0)
        session = begin()
        await session.turn.hear(audio.riff() + said)
        await session.finish()
        assert session.spoken[0].voice.pcm == said[:35_200]

    async def test_its_start_tells_the_language(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.of("audio.start")[0].json() == {"TranslationLanguage": "fr"}

    async def test_its_end_tells_success(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.of("audio.end")[0].json() == {"Status": "Success"}

    async def test_its_messages_share_a_stream_id_that_no_other_voice_has(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(Behaviour(script=[_voiced("a", bytes(6400)), _voiced("b", bytes(6400))]))
        await session.hear(audio.utterance() + audio.utterance())
        await session.finish()
        ids = [m.headers["X-StreamId"] for m in session.sent.messages if m.path.startswith("audio")]
        assert ids == ["1"] * 4 + ["2"] * 4

    async def test_it_comes_in_the_languages_that_are_asked_for(self, begin: Any, audio: Any) -> None:
        voices = {"fr": Voice(bytes(2)), "de": Voice(bytes(4)), "it": Voice(bytes(6))}
        session = begin(
            Behaviour(script=[Line("Hello", voices=voices)]),
            targets=("fr", "de", "it"),
            voiced=("fr", "it"),
        )
        await session.hear(audio.utterance())
        await session.finish()
        spoken = {spoken.language: len(spoken.voice.pcm) for spoken in session.spoken}
        assert spoken == {"fr": 2, "it": 6}

    @pytest.mark.parametrize(
        ("line", "voiced"),
        [
            pytest.param(Line("Hello"), (), id="text only"),
            pytest.param(Line("Hello", voiced=False), ("fr",), id="unvoiced line"),
            pytest.param(Line("Hello", translated=False), ("fr",), id="untranslated line"),
        ],
    )
    async def test_some_requests_get_no_voice(
        self, begin: Any, audio: Any, line: Line, voiced: tuple[str, ...]
    ) -> None:
        session = begin(Behaviour(script=[line]), voiced=voiced)
        await session.hear(audio.utterance())
        await session.finish()
        assert not any(path.startswith("audio") for path in session.sent.paths)

    async def test_an_unvoiced_line_is_translated_all_the_same(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[Line("Hello", voiced=False)]))
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.finals[0]["TranslationStatus"] == "Success"

    async def test_a_line_after_an_unvoiced_one_is_voiced(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[Line("a", voiced=False), Line("b")]))
        await session.hear(audio.utterance() + audio.utterance())
        await session.finish()
        assert [spoken.text for spoken in session.spoken] == ["b"]

    async def test_it_waits_for_the_voice_delay(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(voice_delay_ms=80, interim_interval_ms=None))
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.seconds_between("translation.response", "audio.start") > 0.06

    async def test_it_is_paced_by_the_voice_speed(self, begin: Any, audio: Any) -> None:
        line = _voiced("Hello", bytes(16000))
        session = begin(Behaviour(script=[line], voice_speed=5.0, chunk_bytes=1600))
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.seconds_between("audio.start", "audio.end") > 0.08

    async def test_it_is_overtaken_by_the_result_of_the_next_utterance(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_voiced("a", bytes(320_000)), _BYE], voice_speed=1.0))
        await session.hear(audio.utterance())
        await session.sent.until("audio")
        await session.hear(audio.utterance())
        await session.sent.until_finals(2)
        assert session.sent.of("audio.end") == []

    async def test_it_is_never_mixed_with_the_voice_of_the_next_utterance(
        self, begin: Any, audio: Any
    ) -> None:
        script = [_voiced("a", bytes(3200)), _voiced("b", bytes(3200))]
        session = begin(Behaviour(script=script, voice_speed=2.0, chunk_bytes=640))
        await session.hear(audio.utterance() + audio.utterance())
        await session.finish()
        voices = [m.path for m in session.sent.messages if m.path in ("audio.start", "audio.end")]
        assert voices == ["audio.start", "audio.end"] * 2

    async def test_one_that_was_sent_whole_is_told_with_its_utterance(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_voiced("Hello", bytes(640), 24000)]))
        await session.hear(audio.utterance())
        await session.finish()
        (spoken,) = session.spoken
        assert (spoken.text, spoken.language, spoken.voice) == ("Hello", "fr", Voice(bytes(640), 24000))

    async def test_one_that_was_cut_is_not_told(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_voiced("Hello", bytes(320_000))], voice_speed=1.0))
        await session.hear(audio.utterance())
        await session.sent.until("audio")
        await session.turn.aclose()
        assert session.spoken == []


class TestAcknowledgement:
    def _offsets(self, messages: list[Message]) -> list[str]:
        return [message.headers["X-Continuation-Audio-Streams-1-Offset"] for message in messages]

    async def test_silence_is_acknowledged_time_and_again(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(acknowledge_seconds=1.0))
        await session.hear(audio.silence(3.0))
        assert self._offsets(session.sent.of("audio.acknowledge")) == ["10000000", "20000000", "30000000"]

    async def test_an_acknowledgement_carries_a_token(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(acknowledge_seconds=1.0))
        await session.hear(audio.silence(1.0))
        assert session.sent.of("audio.acknowledge")[0].headers["X-Continuation-Token"]

    async def test_a_final_result_acknowledges_its_audio(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.hear(audio.utterance())
        await session.sent.until_finals(1)
        assert self._offsets(session.sent.final_messages) == ["16000000"]

    async def test_an_acknowledged_offset_is_relative_to_the_turn(self, begin: Any, audio: Any) -> None:
        # The SDK adds the turn's start: an absolute one made it skip audio from the third turn on.
        session = begin(Behaviour(acknowledge_seconds=1.0), start_seconds=20.0)
        await session.hear(audio.silence(1.0))
        assert self._offsets(session.sent.of("audio.acknowledge")) == ["10000000"]

    async def test_the_offset_of_a_final_result_is_relative_to_the_turn(self, begin: Any, audio: Any) -> None:
        session = begin(start_seconds=20.0)
        await session.hear(audio.utterance())
        await session.sent.until_finals(1)
        assert self._offsets(session.sent.final_messages) == ["16000000"]

    async def test_open_speech_is_not_acknowledged(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(acknowledge_seconds=1.0))
        await session.hear(audio.noise(3.0))
        assert session.sent.of("audio.acknowledge") == []

    async def test_speech_whose_result_is_still_to_come_is_not_acknowledged(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(Behaviour(acknowledge_seconds=1.0, recognition_delay_ms=60_000))
        await session.hear(audio.noise(0.5) + audio.silence(3.0))
        assert session.sent.of("audio.acknowledge") == []

    async def test_silence_after_a_result_is_acknowledged_anew(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(acknowledge_seconds=0.95))
        await session.hear(audio.noise(0.5) + audio.silence(0.9))
        await session.sent.until_finals(1)
        await session.hear(audio.silence(0.5))
        assert self._offsets(session.sent.of("audio.acknowledge")) == ["16000000"]

    async def test_a_long_utterance_is_acknowledged_in_its_middle(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(longest_seconds=60.0, interim_interval_ms=None))
        await session.hear(audio.noise(41.0))
        assert self._offsets(session.sent.of("audio.acknowledge")) == ["300000000", "350000000", "400000000"]


class TestAcknowledges:
    async def _session(self, begin: Any, audio: Any, how: Any) -> Any:
        session = begin(Behaviour(acknowledges=how, acknowledge_seconds=1.0), start_seconds=20.0)
        await session.turn.start()
        await session.hear(audio.utterance())
        await session.sent.until_finals(1)
        await session.hear(audio.silence(3.0))
        await session.finish()
        return session

    async def test_results_that_acknowledge_alone_leave_out_every_header(
        self, begin: Any, audio: Any
    ) -> None:
        sent = (await self._session(begin, audio, "results")).sent
        assert not any("X-Continuation-Token" in message.headers for message in sent.messages)
        assert sent.of("audio.acknowledge") == []
        assert sent.finals[0]["SpeechPhrase"]["Offset"] == 4_000_000

    async def test_headers_that_acknowledge_alone_begin_with_the_turn(self, begin: Any, audio: Any) -> None:
        sent = (await self._session(begin, audio, "headers")).sent
        opening, final, end = sent.of("turn.start")[0], sent.final_messages[0], sent.of("turn.end")[0]
        assert [_acknowledged_seconds(message) for message in (opening, final, end)] == [20.0, 21.6, 25.5]

    async def test_headers_that_acknowledge_alone_make_positions_those_of_the_session(
        self, begin: Any, audio: Any
    ) -> None:
        sent = (await self._session(begin, audio, "headers")).sent
        assert sent.of("speech.startDetected")[0].json() == {"Offset": 204_000_000}
        assert sent.finals[0]["SpeechPhrase"]["Offset"] == 204_000_000


class TestCommit:
    async def test_a_commit_ends_the_utterance_and_answers_with_its_token(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(Behaviour(script=[_HELLO, _BYE]))
        await session.hear(audio.noise(1.0))
        await session.turn.commit("7")
        await session.sent.until_finals(1)
        phrase = session.sent.finals[0]["SpeechPhrase"]
        assert (phrase["DisplayText"], phrase["clientAudioMetadata"]) == (
            "Hello world",
            {"X-Client-Commit-Token": "7"},
        )

    async def test_speech_after_a_commit_is_another_utterance(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO, _BYE]))
        await session.hear(audio.noise(1.0))
        await session.turn.commit("7")
        await session.hear(audio.noise(1.0))
        await session.finish()
        assert session.sent.texts == ["Hello world", "Goodbye"]
        assert "clientAudioMetadata" not in session.sent.finals[1]["SpeechPhrase"]

    @pytest.mark.parametrize("heard_seconds", [0.0, 0.5])
    async def test_a_commit_while_nothing_is_said_is_no_match(
        self, begin: Any, audio: Any, heard_seconds: float
    ) -> None:
        session = begin()
        await session.hear(audio.silence(heard_seconds))
        await session.turn.commit("7")
        await session.sent.until_finals(1)
        assert session.sent.finals[0]["SpeechPhrase"] == {
            "RecognitionStatus": "NoMatch",
            "Offset": heard_seconds * 10_000_000,
            "Duration": 0,
            "clientAudioMetadata": {"X-Client-Commit-Token": "7"},
        }

    async def test_a_commit_after_the_end_is_dropped(self, begin: Any) -> None:
        session = begin()
        await session.finish()
        await session.turn.commit("7")
        assert session.sent.paths == ["speech.endDetected", "turn.end"]


class TestScriptOfSamples:
    async def test_the_final_is_of_the_whole_utterance(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=lambda samples: Line(f"{samples.seconds:.1f}")))
        await session.hear(audio.utterance())
        await session.sent.until_finals(1)
        assert session.sent.texts == ["1.2"]

    async def test_interim_results_are_of_what_was_heard(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=lambda samples: Line(f"{samples.seconds:.1f}")))
        await session.hear(audio.silence(0.5) + audio.noise(1.0))
        assert [body["SpeechHypothesis"]["Text"] for body in session.sent.hypotheses] == ["0.3", "0.6", "0.9"]


class TestError:
    async def test_an_error_is_the_last_message(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO], recognition_delay_ms=60_000))
        await session.hear(audio.utterance())
        await session.turn.fail("Error")
        await session.hear(audio.utterance())
        assert session.sent.finals[-1]["SpeechPhrase"]["RecognitionStatus"] == "Error"
        assert len(session.sent.finals) == 1

    async def test_an_error_lies_behind_the_acknowledged_audio(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO]))
        await session.hear(audio.utterance())
        await session.sent.until_finals(1)
        await session.turn.fail("Error")
        phrase = session.sent.finals[-1]["SpeechPhrase"]
        assert (phrase["Offset"], phrase["Duration"]) == (16_000_000, 9_000_000)


class TestWaiting:
    async def test_a_limit_of_unanswered_utterances_stops_the_reading(
        self, begin: Any, audio: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(turn, "_MOST_WAITING", 2)
        session = begin(Behaviour(recognition_delay_ms=60_000, interim_interval_ms=None))
        heard = asyncio.create_task(session.hear(audio.utterance() * 5))
        _, pending = await asyncio.wait({heard}, timeout=0.2)
        assert pending == {heard}
        heard.cancel()


class TestTurnEnd:
    async def test_audio_after_the_end_is_not_heard(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.finish()
        await session.hear(audio.utterance())
        assert session.sent.paths[-1] == "turn.end"

    async def test_the_turn_ends_after_all_voices(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_voiced("a", bytes(3200))], voice_speed=2.0, chunk_bytes=640))
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.paths[-2:] == ["audio.end", "turn.end"]

    async def test_the_end_of_speech_is_told_at_the_end_of_the_audio(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.of("speech.endDetected")[0].json() == {"Offset": 25_000_000}

    async def test_the_end_of_speech_may_lack_its_position(self, begin: Any, audio: Any) -> None:
        session = begin(faults=TurnFaults([EndWithoutOffset()]))
        await session.finish()
        assert session.sent.of("speech.endDetected")[0].json() == {}

    async def test_the_service_ends_the_turn_after_its_utterances(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(utterances_per_turn=2))
        await session.hear(audio.utterance() + audio.utterance())
        await session.sent.until("turn.end")
        assert len(session.sent.finals) == 2

    async def test_the_end_of_the_turn_acknowledges_all_audio_that_the_client_ended(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin()
        await session.hear(audio.utterance() + audio.silence(1.0))
        await session.finish()
        assert _acknowledged_seconds(session.sent.of("turn.end")[0]) == 3.5

    async def test_the_end_of_the_turn_acknowledges_no_audio_after_its_last_utterance(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(Behaviour(utterances_per_turn=1))
        await session.hear(audio.utterance() + audio.utterance())
        await session.sent.until("turn.end")
        final, end = session.sent.final_messages[0], session.sent.of("turn.end")[0]
        assert _acknowledged_seconds(end) == _acknowledged_seconds(final)

    async def test_a_turn_for_one_phrase_ends_after_it(self, begin: Any, audio: Any) -> None:
        session = begin(detection=Detection(is_single=True))
        await session.hear(audio.utterance() + audio.utterance())
        await session.sent.until("turn.end")
        assert len(session.sent.finals) == 1

    async def test_a_turn_for_one_phrase_ends_after_five_seconds_of_silence(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(detection=Detection(is_single=True))
        await session.hear(audio.silence(4.9))
        assert "turn.end" not in session.sent.paths
        await session.hear(audio.silence(0.2))
        await session.sent.until("turn.end")
        (final,) = session.sent.finals
        assert final["SpeechPhrase"]["RecognitionStatus"] == "InitialSilenceTimeout"

    async def test_fifteen_seconds_of_silence_end_a_turn(self, begin: Any, audio: Any) -> None:
        session = begin()
        await session.hear(audio.silence(15.1))
        await session.sent.until("turn.end")
        assert session.sent.texts == [""]

    @pytest.mark.parametrize(
        "detection",
        [Detection(initial_silence_seconds=2.0), Detection(trailing_silence_seconds=2.0)],
        ids=["initial", "trailing"],
    )
    async def test_the_clients_silence_timeouts_end_a_turn(
        self, begin: Any, audio: Any, detection: Detection
    ) -> None:
        session = begin(detection=detection)
        if detection.initial_silence_seconds is None:
            await session.hear(audio.utterance())
        await session.hear(audio.silence(2.5))
        await session.sent.until("turn.end")
        assert session.sent.texts[-1] == ""

    async def test_end_detected_comes_before_turn_end(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(utterances_per_turn=1))
        await session.hear(audio.utterance())
        await session.sent.until("turn.end")
        ends = [path for path in session.sent.paths if path in ("speech.endDetected", "turn.end")]
        assert ends == ["speech.endDetected", "turn.end"]

    async def test_the_client_may_end_the_audio_of_a_turn_that_the_service_ended(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(Behaviour(utterances_per_turn=1))
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.paths.count("turn.end") == 1

    async def test_the_turn_ends_once_when_the_client_ends_amid_its_last_utterance(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(Behaviour(utterances_per_turn=1))
        await session.hear(audio.noise(1.0))
        await session.finish()
        await session.turn.aclose()
        ends = [path for path in session.sent.paths if path in ("speech.endDetected", "turn.end")]
        assert ends == ["speech.endDetected", "turn.end"]

    async def test_closing_says_nothing_more(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(recognition_delay_ms=60_000))
        await session.hear(audio.utterance())
        said = list(session.sent.paths)
        await session.turn.aclose()
        assert session.sent.paths == said


class TestContinuation:
    async def test_offsets_are_relative_to_the_turn(self, begin: Any, audio: Any) -> None:
        session = begin(start_seconds=10.0)
        await session.hear(audio.utterance())
        await session.sent.until_finals(1)
        assert session.sent.finals[0]["SpeechPhrase"]["Offset"] == 4_000_000

    async def test_positions_that_were_spoken_are_those_of_the_stream(self, begin: Any, audio: Any) -> None:
        session = begin(start_seconds=10.0)
        await session.hear(audio.utterance())
        await session.finish()
        (spoken,) = session.spoken
        assert (spoken.start_seconds, spoken.end_seconds) == (pytest.approx(10.4), pytest.approx(11.6))

    async def test_audio_that_is_sent_again_gets_the_same_line(self, begin: Any, audio: Any) -> None:
        behaviour = Behaviour(script=[_HELLO, _BYE])
        conversation = Conversation(behaviour)
        first = begin(behaviour, conversation=conversation)
        await first.hear(audio.utterance())
        await first.turn.aclose()
        again = begin(behaviour, conversation=conversation, start_seconds=0.2)
        await again.hear(audio.utterance()[6400:])
        await again.sent.until_finals(1)
        assert again.sent.texts == ["Hello world"]

    async def test_audio_after_the_last_result_gets_the_next_line(self, begin: Any, audio: Any) -> None:
        behaviour = Behaviour(script=[_HELLO, _BYE])
        conversation = Conversation(behaviour)
        first = begin(behaviour, conversation=conversation)
        await first.hear(audio.utterance())
        await first.finish()
        following = begin(behaviour, conversation=conversation, start_seconds=1.6)
        await following.hear(audio.silence(0.9) + audio.utterance())
        await following.sent.until_finals(1)
        assert following.sent.texts == ["Goodbye"]

    async def test_lines_with_positions_go_on_where_the_turn_begins(self, begin: Any, audio: Any) -> None:
        script = [
            Line("a", start_seconds=0.5, end_seconds=1.0),
            Line("b", start_seconds=1.5, end_seconds=2.0),
        ]
        session = begin(Behaviour(script=script), start_seconds=1.0)
        await session.hear(audio.silence(1.5))
        await session.finish()
        assert session.sent.texts == ["b"]


class TestTargets:
    async def test_results_follow_a_change_of_the_targets(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO]))
        session.turn.retarget(LanguageChange(("fr", "de"), None))
        await session.hear(audio.utterance())
        await session.sent.until_finals(1)
        assert [t["Language"] for t in session.sent.finals[0]["Translations"]] == ["fr", "de"]

    async def test_the_voice_stays_in_its_language_after_a_change_of_the_targets(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(Behaviour(script=[_HELLO]))
        session.turn.retarget(LanguageChange(("de", "fr"), None))
        await session.hear(audio.utterance())
        await session.finish()
        assert [spoken.language for spoken in session.spoken] == ["fr"]

    async def test_the_voices_follow_a_change_that_names_them(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO, _BYE]))
        await session.hear(audio.utterance())
        await session.sent.until("audio.end")
        session.turn.retarget(LanguageChange(("fr", "de"), ("fr", "de")))
        await session.hear(audio.utterance())
        await session.finish()
        spoken = [(spoken.text, spoken.language) for spoken in session.spoken]
        assert sorted(spoken) == [("Goodbye", "de"), ("Goodbye", "fr"), ("Hello world", "fr")]

    async def test_a_phrase_keeps_the_languages_that_were_wanted_when_it_ended(
        self, begin: Any, audio: Any
    ) -> None:
        session = begin(Behaviour(script=[_HELLO, _BYE], recognition_delay_ms=50))
        await session.hear(audio.utterance())
        session.turn.retarget(LanguageChange(("de",), ("de",)))
        await session.hear(audio.utterance())
        await session.finish()
        languages = [[each["Language"] for each in final["Translations"]] for final in session.sent.finals]
        spoken = [(spoken.text, spoken.language) for spoken in session.spoken]
        assert (languages, sorted(spoken)) == (
            [["fr"], ["de"]],
            [("Goodbye", "de"), ("Hello world", "fr")],
        )

    async def test_a_service_that_voices_one_language_voices_the_first_and_translates_to_all(
        self, begin: Any, audio: Any
    ) -> None:
        behaviour = Behaviour(script=[_HELLO], several_voices="first")
        session = begin(behaviour, targets=("de", "fr"), voiced=("de", "fr"))
        await session.hear(audio.utterance())
        await session.finish()
        assert [each["Language"] for each in session.sent.finals[0]["Translations"]] == ["de", "fr"]
        assert [spoken.language for spoken in session.spoken] == ["de"]

    async def test_a_language_that_is_a_target_no_longer_is_not_spoken(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO]), targets=("fr", "de"), voiced=("fr", "de"))
        session.turn.retarget(LanguageChange(("de",), None))
        await session.hear(audio.utterance())
        await session.finish()
        assert [spoken.language for spoken in session.spoken] == ["de"]

    async def test_a_client_that_only_wants_words_has_none_to_change(self, begin: Any, audio: Any) -> None:
        session = begin(Behaviour(script=[_HELLO]), targets=None, voiced=())
        session.turn.retarget(LanguageChange(("de",), ("de",)))
        await session.hear(audio.utterance())
        await session.finish()
        assert session.sent.of("speech.phrase")[0].json()["DisplayText"] == "Hello world"


class TestFaults:
    async def _session(self, begin: Any, audio: Any, *what: Fault) -> Any:
        session = begin(
            Behaviour(script=[_voiced("a", bytes(9600)), _BYE], interim_interval_ms=None, faults=what)
        )
        await session.hear(audio.utterance())
        await session.finish()
        return session

    async def test_garbage_is_sent_before_the_result(self, begin: Any, audio: Any) -> None:
        paths = (await self._session(begin, audio, GarbageFrame())).sent.paths
        assert paths.index("garbage") == paths.index("translation.response") - 1

    async def test_an_early_voice_begins_before_its_result(self, begin: Any, audio: Any) -> None:
        session = await self._session(begin, audio, EarlyVoice())
        paths = session.sent.paths
        assert paths.index("audio.start") < paths.index("audio") < paths.index("translation.response")
        assert [spoken.text for spoken in session.spoken] == ["a"]

    async def test_an_early_voice_that_is_never_sent_is_not_waited_for(self, begin: Any, audio: Any) -> None:
        session = await self._session(begin, audio, EarlyVoice(), NoVoice())
        assert (session.sent.texts, session.spoken) == (["a"], [])

    @pytest.mark.parametrize("code", [None, 1011])
    async def test_the_connection_drops_amid_a_voice(self, begin: Any, audio: Any, code: int | None) -> None:
        session = await self._session(begin, audio, DropInVoice(code=code))
        assert (session.sent.drops, len(session.sent.chunks), session.spoken) == ([code], 1, [])

    async def test_a_voice_that_ends_with_an_error_was_not_spoken(self, begin: Any, audio: Any) -> None:
        session = await self._session(begin, audio, VoiceError())
        assert (session.sent.of("audio.end")[0].json(), session.spoken) == ({"Status": "Error"}, [])

    async def test_a_voice_that_never_ends_was_spoken(self, begin: Any, audio: Any) -> None:
        session = await self._session(begin, audio, VoiceNeverEnds())
        assert (session.sent.of("audio.end"), len(session.spoken)) == ([], 1)

    async def test_a_voice_that_is_said_over_and_over_was_spoken_so(self, begin: Any, audio: Any) -> None:
        session = await self._session(begin, audio, LongVoice(factor=3))
        assert [len(spoken.voice.pcm) for spoken in session.spoken] == [28800]

    async def test_a_slow_voice_begins_late(self, begin: Any, audio: Any) -> None:
        session = await self._session(begin, audio, SlowVoice(seconds=0.08))
        assert session.sent.seconds_between("translation.response", "audio.start") > 0.06
