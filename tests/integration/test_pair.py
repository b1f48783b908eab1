"""The STT and the TTS, over the real SDK, against the emulated service."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, faults
from livekit_plugins_azure_interpreter.emulator.recognition.speech_context import SpeechContext

_ONE = ((0.5, 1.5),)
_TWO = ((0.4, 1.0), (1.8, 2.6))


def _tolerant(seconds: float) -> Any:
    """The emulator hears in frames of 20 ms, with a margin of 100 ms."""
    return pytest.approx(seconds, abs=0.15)


class TestTranscripts:
    async def test_interims_come_before_the_final_between_start_and_end_of_speech(
        self, open_pair: Any, audio: Any
    ) -> None:
        pair = await open_pair(Behaviour(script=[audio.line(1)]))
        await pair.interpret(audio.speech(*_ONE, end=2.5))
        kinds = [event.type.value for event in pair.events if event.type.value != "recognition_usage"]
        interims = kinds.count("interim_transcript")
        assert interims >= 2
        interim = ["interim_transcript"] * interims
        assert kinds == ["start_of_speech", *interim, "final_transcript", "end_of_speech"]

    async def test_an_interim_is_a_beginning_of_the_final(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(Behaviour(script=[audio.line(1)]))
        await pair.interpret(audio.speech(*_ONE, end=2.5))
        interims = [event.alternatives[0].text for event in pair.of("interim_transcript")]
        assert all(interim and pair.finals[0].text.startswith(interim) for interim in interims)

    async def test_a_final_has_source_and_all_targets_and_its_place_in_the_audio(
        self, open_pair: Any, audio: Any
    ) -> None:
        behaviour = Behaviour(script=[audio.line(1)])
        pair = await open_pair(behaviour, target_languages=["fr", "de"])
        await pair.interpret(audio.speech(*_ONE, end=2.5))
        (final,) = pair.finals
        assert (final.text, final.language) == ("phrase numéro 1", "fr")
        assert (final.source_texts, final.source_languages) == (["sentence number 1"], ["en-US"])
        assert final.target_languages == ["fr", "de"]
        assert final.target_texts == ["phrase numéro 1", "Satz Nummer 1"]
        assert (final.start_time, final.end_time) == (_tolerant(0.5), _tolerant(1.5))

    async def test_each_script_of_a_language_has_its_own_text(self, open_pair: Any, audio: Any) -> None:
        texts = {"zh-Hans": "现在", "zh-Hant": "現在"}
        pair = await open_pair(
            Behaviour(script=[Line("now", translations=texts)]),
            target_languages=["zh-CN", "zh-TW", "zh-Hant"],
        )
        await pair.interpret(audio.speech((0.3, 1.0), end=1.8))
        (final,) = pair.finals
        assert final.target_languages == ["zh-CN", "zh-TW", "zh-Hant"]
        assert final.target_texts == ["现在", "現在", "現在"]
        assert pair.asked[0]["translation"]["targetLanguages"] == ["zh-Hans", "zh-Hant"]

    async def test_untranslated_speech_is_a_final_in_its_own_language_without_a_voice(
        self, open_pair: Any, audio: Any
    ) -> None:
        lines = [audio.line(1, translated=False), audio.line(2)]
        pair = await open_pair(Behaviour(script=lines))
        voices = await pair.interpret(audio.speech(*_TWO, end=3.5))
        untranslated, translated = pair.finals
        assert (untranslated.text, untranslated.language) == ("sentence number 1", "en-US")
        assert untranslated.target_texts == []
        assert untranslated.metadata == {"translated": False, "failure_reason": "no translation"}
        assert (translated.text, translated.metadata["translated"]) == ("phrase numéro 2", True)
        assert len(voices) == 1
        assert audio.same(voices[0], lines[1].voices["fr"].pcm)

    async def test_a_text_longer_than_the_sdks_buffer_of_2048_bytes_is_whole(
        self, open_pair: Any, audio: Any
    ) -> None:
        source = " ".join(f"wörd-{number}" for number in range(500))
        target = " ".join(f"mot-é-{number}" for number in range(500))
        assert min(len(source), len(target)) > 2048
        line = audio.line(1)
        pair = await open_pair(
            Behaviour(script=[Line(source, translations={"fr": target}, voices=line.voices)])
        )
        voices = await pair.interpret(audio.speech(*_ONE, end=2.5))
        (final,) = pair.finals
        assert (final.source_texts, final.target_texts, final.text) == ([source], [target], target)
        assert audio.same(voices[0], line.voices["fr"].pcm)

    async def test_text_only_gives_texts_and_no_voice_and_nothing_counts_as_lost(
        self, open_pair: Any, audio: Any, other_voice: Any
    ) -> None:
        behaviour = Behaviour(script=[audio.line(1)])
        pair = await open_pair(behaviour, voice=None, fallback=other_voice)
        voices = await pair.interpret(audio.speech(*_ONE, end=2.5))
        assert [final.text for final in pair.finals] == other_voice.texts == ["phrase numéro 1"]
        assert audio.same(voices[0], other_voice.pcm("phrase numéro 1"))
        assert (pair.emulator.spoken, pair.lost, pair.errors) == ([], [], [])


class TestVoice:
    @pytest.mark.parametrize("riff", ["first", "every", "none"])
    async def test_it_is_heard_sample_for_sample_wherever_headers_are(
        self, open_pair: Any, audio: Any, riff: Any
    ) -> None:
        lines = [audio.line(1, 0.7), audio.line(2, 0.4)]
        pair = await open_pair(Behaviour(script=lines, riff=riff))
        voices = await pair.interpret(audio.speech(*_TWO, end=3.5))
        assert len(voices) == 2
        assert all(
            audio.same(heard, line.voices["fr"].pcm) for heard, line in zip(voices, lines, strict=True)
        )

    @pytest.mark.parametrize("chunk_bytes", [2, 642, 31998])
    async def test_it_is_heard_sample_for_sample_in_chunks_of_any_size(
        self, open_pair: Any, audio: Any, chunk_bytes: int
    ) -> None:
        line = audio.line(1, 0.05 if chunk_bytes == 2 else 1.3)
        pair = await open_pair(Behaviour(script=[line], chunk_bytes=chunk_bytes))
        voices = await pair.interpret(audio.speech(*_ONE, end=2.5))
        assert len(voices) == 1
        assert audio.same(voices[0], line.voices["fr"].pcm)

    async def test_it_is_heard_sample_for_sample_where_chunks_cut_samples_in_two(
        self, open_pair: Any, audio: Any
    ) -> None:
        lines = [audio.line(1), audio.line(2)]
        pair = await open_pair(
            Behaviour(script=lines, chunk_bytes=776, faults=[faults.OddChunks(times=None)])
        )
        voices = await pair.interpret(audio.speech(*_TWO, end=3.5))
        assert len(voices) == 2
        assert all(
            audio.same(heard, line.voices["fr"].pcm) for heard, line in zip(voices, lines, strict=True)
        )

    async def test_it_is_spoken_for_the_first_target_only(self, open_pair: Any, audio: Any) -> None:
        line = audio.line(1)
        voices = {**line.voices, "de": audio.voice(0.5, seed=99)}
        pair = await open_pair(
            Behaviour(script=[audio.line(1, voices=voices)]), target_languages=["de", "fr"]
        )
        heard = await pair.interpret(audio.speech(*_ONE, end=2.5))
        assert [spoken.language for spoken in pair.emulator.spoken] == ["de"]
        assert audio.same(heard[0], voices["de"].pcm)

    async def test_each_of_two_translations_with_the_same_words_has_its_own_voice(
        self, open_pair: Any, audio: Any
    ) -> None:
        same = {"fr": "oui"}
        lines = [audio.line(1, translations=same), audio.line(2, translations=same)]
        pair = await open_pair(Behaviour(script=lines))
        voices = await pair.interpret(audio.speech(*_TWO, end=3.5))
        assert [final.text for final in pair.finals] == ["oui", "oui"]
        assert all(
            audio.same(heard, line.voices["fr"].pcm) for heard, line in zip(voices, lines, strict=True)
        )


class TestInput:
    @pytest.mark.parametrize("rate", [16000, 48000])
    async def test_the_samples_that_azure_hears_are_the_samples_that_were_pushed(
        self, open_pair: Any, audio: Any, rate: int
    ) -> None:
        pair = await open_pair(sample_rate=rate, speak_at=rate)
        pcm = audio.speech(*_ONE, end=2.5, rate=rate)
        voices = await pair.interpret(pcm, rate=rate)
        (spoken,) = pair.emulator.spoken
        first, last = (round(seconds * rate) * 2 for seconds in (spoken.start_seconds, spoken.end_seconds))
        assert spoken.voice.pcm == pcm[first:last]
        assert voices[0].startswith(pcm[first:last])

    async def test_stereo_at_48_khz_is_heard_at_its_place_and_pitch(self, open_pair: Any, audio: Any) -> None:
        mono = np.frombuffer(audio.speech(*_TWO, end=3.5, rate=48000), dtype="<i2")
        pair = await open_pair()
        await pair.interpret(np.repeat(mono, 2).tobytes(), rate=48000, channels=2)
        self._is_at_its_place_and_pitch(pair)

    async def test_8_khz_is_heard_at_its_place_and_pitch(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair()
        await pair.interpret(audio.speech(*_TWO, end=3.5, rate=8000), rate=8000)
        self._is_at_its_place_and_pitch(pair)

    @pytest.mark.parametrize("frame_ms", [1, 7.5, 1000])
    async def test_frames_of_any_length_are_heard_whole(
        self, open_pair: Any, audio: Any, frame_ms: float
    ) -> None:
        pair = await open_pair()
        await pair.interpret(audio.speech(*_TWO, end=3.5), frame_ms=frame_ms)
        self._is_at_its_place_and_pitch(pair)

    async def test_usage_is_all_audio_that_was_pushed(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair()
        await pair.interpret(audio.speech(*_TWO, end=3.5))
        usages = [event.recognition_usage.audio_duration for event in pair.of("recognition_usage")]
        assert sum(usages) == pytest.approx(3.5)

    def _is_at_its_place_and_pitch(self, pair: Any) -> None:
        assert len(pair.finals) == len(_TWO)
        for number, (final, (start, end)) in enumerate(zip(pair.finals, _TWO, strict=True)):
            assert (final.start_time, final.end_time) == (_tolerant(start), _tolerant(end))
            heard = np.frombuffer(pair.emulator.spoken[number].voice.pcm, dtype="<i2")
            hertz = np.argmax(np.abs(np.fft.rfft(heard))) * 16000 / len(heard)
            assert hertz == pytest.approx(300 + 130 * number, abs=3)


class TestSourceLanguages:
    """What Azure is asked for: its `speech.context`, as the real SDK sends it."""

    async def test_none_asks_for_the_open_range(self, open_pair: Any, audio: Any, mocker: Any) -> None:
        context = await self._context(open_pair, audio, mocker)
        assert context["languageId"]["languages"] == ["UND"]
        assert context["languageId"]["mode"] == "DetectContinuous"

    async def test_one_is_fixed_and_nothing_is_detected(
        self, open_pair: Any, audio: Any, mocker: Any
    ) -> None:
        context = await self._context(open_pair, audio, mocker, source_languages="de-DE")
        assert context["phraseDetection"]["language"] == "de-DE"
        assert "languageId" not in context

    async def test_several_are_the_candidates(self, open_pair: Any, audio: Any, mocker: Any) -> None:
        context = await self._context(open_pair, audio, mocker, source_languages=["en-US", "es-ES", "de-DE"])
        assert context["languageId"]["languages"] == ["en-US", "es-ES", "de-DE"]
        assert context["languageId"]["mode"] == "DetectContinuous"

    async def _context(self, open_pair: Any, audio: Any, mocker: Any, **options: Any) -> Any:
        parse = mocker.spy(SpeechContext, "parse")
        line = audio.line(1)
        pair = await open_pair(Behaviour(script=[line]), **options)
        voices = await pair.interpret(audio.speech(*_ONE, end=2.5))
        assert [final.text for final in pair.finals] == ["phrase numéro 1"]
        assert audio.same(voices[0], line.voices["fr"].pcm)
        return parse.call_args.args[0].json()
