"""What a TTS is asked to say: whose voice says it, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fakes.azure import voice
from fakes.fixtures import Until
from fakes.recognizer import FakeService
from fakes.saying import Live, Saying, said
from fakes.tts import Breaking, Pieces, ToneTTS, tone
from livekit.agents import APIError
from livekit.agents.metrics import TTSMetrics

from livekit_plugins_azure_interpreter import TTS, UtteranceMetrics
from livekit_plugins_azure_interpreter._sdk.events import Disconnected, VoiceChunk, VoiceCompleted
from livekit_plugins_azure_interpreter._voices.utterance import State

Make = Callable[..., Any]

VOICE = tone(440, 0.5)
OTHER_VOICE = tone(660, 0.3)


class TestMetrics:
    @pytest.fixture
    def counted(self) -> list[TTSMetrics]:
        return []

    async def test_a_voice_is_counted_from_its_claim(
        self, live: Live, say: Make, until: Until, counted: list[TTSMetrics]
    ) -> None:
        tts = TTS(live.stt)
        tts.on("metrics_collected", counted.append)
        translation = await live.hears("Oui.")
        speech = say(tts, translation)
        await until(lambda: translation.utterance.claimed)
        await asyncio.sleep(0.1)
        live.azure.post(*voice(VOICE))
        await speech.ended()
        (metrics,) = counted
        assert 0.1 <= metrics.ttfb <= metrics.duration
        assert (metrics.segment_id, metrics.request_id) == (translation.utterance.id, "session-0")
        assert metrics.audio_duration == pytest.approx(len(VOICE) / 2 / 16000)
        assert (metrics.characters_count, metrics.cancelled, metrics.streamed) == (4, False, True)
        assert {audio.request_id for audio in speech.frames} == {"session-0"}

    async def test_text_without_sound_is_not_counted(
        self, live: Live, say: Make, counted: list[TTSMetrics]
    ) -> None:
        tts = TTS(live.stt)
        tts.on("metrics_collected", counted.append)
        translation = await live.hears("Oui.", Disconnected())
        await said(say, tts, translation)
        assert counted == []

    async def test_a_fallback_that_fails_leaves_it_lost(self, live: Live, say: Make, until: Until) -> None:
        told: list[UtteranceMetrics] = []
        live.stt.on("utterance_metrics_collected", told.append)
        tts = TTS(live.stt, fallback=ToneTTS(failures=99))
        translation = await live.hears("Oui.", Disconnected())
        with pytest.raises(APIError):
            await said(say, tts, translation)
        assert [one.outcome for one in told] == ["lost"]

    async def test_a_voice_that_broke_off_is_lost_and_what_was_heard_counted(
        self, live: Live, say: Make, counted: list[TTSMetrics]
    ) -> None:
        told: list[UtteranceMetrics] = []
        live.stt.on("utterance_metrics_collected", told.append)
        tts = TTS(live.stt)
        tts.on("metrics_collected", counted.append)
        translation = await live.hears("Oui.")
        speech = say(tts, translation)
        live.azure.post(*voice(VOICE)[:-1], Disconnected())
        await speech.ended()
        assert [(one.outcome, one.lost_reason, one.voice_seconds > 0) for one in told] == [
            ("lost", "the connection was lost", True)
        ]
        assert len(counted) == 1


class TestVoice:
    async def test_it_is_emitted_sample_for_sample(self, live: Live, say: Make) -> None:
        translation = await live.hears("Oui.", *voice(VOICE))
        speech = await said(say, TTS(live.stt), translation)
        assert speech.pcm == VOICE
        assert {audio.frame.sample_rate for audio in speech.frames} == {16000}
        assert not speech.errors

    async def test_it_is_found_by_its_words_after_what_livekit_does_to_them(
        self, live: Live, say: Make
    ) -> None:
        await live.hears("**Oui**, d'accord 🙂.", *voice(VOICE))
        speech = await said(say, TTS(live.stt), "Oui, ", "d'accord .")
        assert speech.pcm == VOICE

    async def test_a_riff_header_is_no_sound(self, live: Live, say: Make) -> None:
        header = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\0\0\0\0"
        events = [VoiceChunk(header + VOICE[:3200]), VoiceChunk(VOICE[3200:]), VoiceCompleted()]
        translation = await live.hears("Oui.", *events)
        assert (await said(say, TTS(live.stt), translation)).pcm == VOICE

    async def test_its_first_frame_leaves_when_the_first_chunk_has_come(
        self, live: Live, say: Make, until: Until
    ) -> None:
        translation = await live.hears("Oui.")
        speech = say(TTS(live.stt), translation)
        live.azure.post(VoiceChunk(VOICE[:6400]))
        await until(lambda: speech.frames)
        assert translation.utterance.state is State.VOICING
        live.azure.post(VoiceChunk(VOICE[6400:]), VoiceCompleted())
        await speech.ended()
        assert speech.pcm == VOICE

    async def test_it_can_begin_before_its_translation_is_final(self, live: Live, say: Make) -> None:
        live.azure.post(*voice(VOICE))
        translation = await live.hears("Oui.")
        assert (await said(say, TTS(live.stt), translation)).pcm == VOICE

    @pytest.mark.parametrize("sample_rate", [24000, 48000, 8000])
    async def test_it_is_resampled_to_the_rate_of_the_tts(
        self, live: Live, say: Make, sample_rate: int
    ) -> None:
        translation = await live.hears("Oui.", *voice(VOICE))
        speech = await said(say, TTS(live.stt, sample_rate=sample_rate), translation)
        assert {audio.frame.sample_rate for audio in speech.frames} == {sample_rate}
        assert speech.seconds == pytest.approx(0.5, abs=0.01)

    async def test_equal_words_have_each_their_own_in_order(self, live: Live, say: Make) -> None:
        await live.hears("Oui.", *voice(VOICE))
        await live.hears("Oui.", *voice(OTHER_VOICE))
        tts = TTS(live.stt)
        assert (await said(say, tts, "Oui.")).pcm == VOICE
        assert (await said(say, tts, "Oui.")).pcm == OTHER_VOICE

    async def test_a_translation_has_its_own_whatever_the_order(self, live: Live, say: Make) -> None:
        first = await live.hears("Oui.", *voice(VOICE))
        second = await live.hears("Oui.", *voice(OTHER_VOICE))
        tts = TTS(live.stt)
        assert (await said(say, tts, second)).pcm == OTHER_VOICE
        assert (await said(say, tts, first)).pcm == VOICE

    async def test_joined_translations_are_heard_one_after_another(self, live: Live, say: Make) -> None:
        await live.hears("Oui.", *voice(VOICE))
        await live.hears("Non.", *voice(OTHER_VOICE))
        assert (await said(say, TTS(live.stt), "Oui. Non.")).pcm == VOICE + OTHER_VOICE

    async def test_it_outlives_its_stream(self, live: Live, say: Make) -> None:
        translation = await live.hears("Oui.", *voice(VOICE))
        await live.ends()
        assert (await said(say, TTS(live.stt), translation)).pcm == VOICE

    async def test_one_that_is_closed_leaves_nothing_behind(
        self, live: Live, say: Make, until: Until
    ) -> None:
        translation = await live.hears("Oui.")
        speech = say(TTS(live.stt), translation)
        await until(lambda: translation.utterance.changed is not None)
        await speech.aclose()
        assert translation.utterance.changed is None

    async def test_its_sound_is_freed_once_it_was_spoken(self, live: Live, say: Make) -> None:
        # Whoever keeps a transcript keeps the utterance, but not 32 kB for each second of its voice.
        translation = await live.hears("Oui.", *voice(VOICE))
        speech = await said(say, TTS(live.stt), translation)
        assert (speech.pcm, translation.utterance.samples) == (VOICE, [])
        assert translation.utterance.seconds == pytest.approx(0.5)

    async def test_its_rest_is_not_kept_once_its_speech_was_stopped(
        self, live: Live, say: Make, until: Until
    ) -> None:
        translation = await live.hears("Oui.")
        speech = say(TTS(live.stt), translation)
        live.azure.post(VoiceChunk(VOICE[:6400]))
        await until(lambda: speech.frames)
        await speech.aclose()
        live.azure.post(VoiceChunk(VOICE[6400:]), VoiceCompleted())
        await until(lambda: translation.utterance.done)
        assert translation.utterance.samples == []

    async def test_it_is_measured(self, live: Live, say: Make) -> None:
        measured: list[TTSMetrics] = []
        tts = TTS(live.stt)
        tts.on("metrics_collected", measured.append)
        translation = await live.hears("Oui.", *voice(VOICE))
        await (await said(say, tts, translation)).aclose()
        (metrics,) = measured
        assert metrics.characters_count == len("Oui.")
        assert metrics.audio_duration == pytest.approx(0.5, abs=0.02)
        assert metrics.ttfb >= 0


class TestLostVoice:
    @pytest.mark.parametrize("streaming", [True, False])
    async def test_one_without_any_sound_is_heard_in_the_fallbacks(
        self, live: Live, say: Make, streaming: bool
    ) -> None:
        fallback = ToneTTS(streaming=streaming)
        translation = await live.hears("Oui.")
        speech = say(TTS(live.stt, fallback=fallback), translation)
        live.azure.post(Disconnected())
        await speech.ended()
        assert speech.pcm == fallback.tone
        assert fallback.texts == ["Oui."]
        assert not speech.errors

    async def test_one_that_was_lost_before_it_is_said_is_heard_in_the_fallbacks(
        self, live: Live, say: Make, until: Until
    ) -> None:
        fallback = ToneTTS()
        translation = await live.hears("Oui.", VoiceChunk(VOICE[:3200]), Disconnected())
        await until(lambda: live.lost)
        speech = await said(say, TTS(live.stt, fallback=fallback), translation)
        assert speech.pcm == fallback.tone

    async def test_one_in_part_ends_and_is_not_said_again(self, live: Live, say: Make, until: Until) -> None:
        fallback = ToneTTS()
        translation = await live.hears("Oui.")
        speech = say(TTS(live.stt, fallback=fallback), translation)
        live.azure.post(VoiceChunk(VOICE[:6400]))
        await until(lambda: speech.frames)
        live.azure.post(Disconnected())
        await speech.ended()
        assert speech.pcm == VOICE[:6400]
        assert fallback.texts == []
        (event,) = live.lost
        assert event.seconds_heard == pytest.approx(0.2)
        assert event.id == translation.utterance.id

    async def test_a_lost_voice_without_a_fallback_is_reported_and_is_no_failure(
        self, live: Live, say: Make
    ) -> None:
        translation = await live.hears("Oui.")
        speech = say(TTS(live.stt), translation)
        live.azure.post(Disconnected())
        await speech.ended()
        assert not speech.frames
        (error,) = speech.errors
        assert error.recoverable
        assert translation.utterance.id in str(error.error)
        assert "Oui" not in str(error.error)

    async def test_the_next_voice_is_whole(self, live: Live, say: Make) -> None:
        first = await live.hears("Oui.", VoiceChunk(VOICE[:3200]), Disconnected())
        second = await live.hears("Non.", *voice(OTHER_VOICE))
        tts = TTS(live.stt)
        assert not (await said(say, tts, first)).frames
        assert (await said(say, tts, second)).pcm == OTHER_VOICE

    async def test_no_speech_waits_for_a_stream_that_has_ended(
        self, live: Live, say: Make, until: Until
    ) -> None:
        translation = await live.hears("Oui.")
        speech = say(TTS(live.stt), translation)
        await until(lambda: translation.utterance.changed is not None)
        await live.ends()
        await speech.ended()

    async def test_no_speech_waits_for_an_stt_that_is_closed(
        self, live: Live, say: Make, until: Until
    ) -> None:
        translation = await live.hears("Oui.")
        speech = say(TTS(live.stt), translation)
        await until(lambda: translation.utterance.changed is not None)
        await live.stt.aclose()
        await speech.ended()

    async def test_the_lost_one_of_joined_translations_is_heard_in_the_fallbacks_voice(
        self, live: Live, say: Make
    ) -> None:
        fallback = ToneTTS()
        await live.hears("Oui.", *voice(VOICE))
        await live.hears("Non.", Disconnected())
        speech = await said(say, TTS(live.stt, fallback=fallback), "Oui. Non.")
        assert speech.pcm == VOICE + fallback.tone
        assert fallback.texts == ["Non."]

    async def test_the_claim_holds_when_the_stream_is_run_again(self, live: Live, say: Make) -> None:
        # The fallback fails as often as it is tried in the first run, and then speaks.
        fallback = ToneTTS(failures=1)
        lost = await live.hears("Oui.", Disconnected())
        await live.hears("Oui.", *voice(VOICE))
        tts = TTS(live.stt, fallback=fallback)
        speech = await said(say, tts, str(lost))
        assert speech.pcm == fallback.tone
        assert set(fallback.texts) == {"Oui."}
        (error,) = speech.errors
        assert error.recoverable
        assert (await said(say, tts, "Oui.")).pcm == VOICE


class TestCorrection:
    """A translation that the glossary changed; its voice of Azure says something else."""

    @pytest.fixture
    async def live(self, make_stt: Make, listen: Make, service: FakeService, until: Until) -> Live:
        interpreter = make_stt(glossary={"fr": {"live kit": "LiveKit"}})
        listener = listen(interpreter)
        await until(lambda: service.recognizers and service.last.started)
        return Live(interpreter, listener, service)

    @pytest.fixture
    def told(self, live: Live) -> list[UtteranceMetrics]:
        told: list[UtteranceMetrics] = []
        live.stt.on("utterance_metrics_collected", told.append)
        return told

    @pytest.mark.parametrize("fallback", [None, ToneTTS()])
    @pytest.mark.parametrize("as_object", [True, False])
    async def test_a_correction_is_heard_in_azures_voice_unless_the_fallback_is_asked(
        self, live: Live, say: Make, told: list[UtteranceMetrics], fallback: ToneTTS | None, as_object: bool
    ) -> None:
        tts = TTS(live.stt, fallback=fallback)
        translation = await live.hears("Live kit.", *voice(VOICE))
        assert (translation, translation.utterance.corrected) == ("LiveKit.", True)
        assert (await said(say, tts, translation if as_object else "LiveKit.")).pcm == VOICE
        assert [one.outcome for one in told] == ["voiced"]

    async def test_a_correction_is_heard_in_the_fallbacks_voice_alone_and_the_next_text_in_azures(
        self, live: Live, say: Make, told: list[UtteranceMetrics]
    ) -> None:
        counted: list[TTSMetrics] = []
        tts = TTS(live.stt, fallback=(fallback := ToneTTS()), fallback_speaks_corrections=True)
        tts.on("metrics_collected", counted.append)
        first = await live.hears("Live kit.", *voice(VOICE))
        second = await live.hears("Oui.", *voice(OTHER_VOICE))
        assert (await said(say, tts, first)).pcm == fallback.tone
        assert (await said(say, tts, second)).pcm == OTHER_VOICE
        assert fallback.texts == ["LiveKit."]
        assert [(one.outcome, one.lost_reason, one.corrected) for one in told] == [
            ("fallback", None, True),
            ("voiced", None, False),
        ]
        assert [one.label for one in counted] == [fallback.label, tts.label]
        assert (first.utterance.samples, live.lost) == ([], [])

    async def test_a_correction_does_not_wait_for_azures_voice(self, live: Live, say: Make) -> None:
        tts = TTS(live.stt, fallback=(fallback := ToneTTS()), fallback_speaks_corrections=True)
        first = await live.hears("Live kit.")
        assert (await said(say, tts, first)).pcm == fallback.tone
        second = await live.hears("Oui.", *voice(VOICE), *voice(OTHER_VOICE))
        assert (await said(say, tts, second)).pcm == OTHER_VOICE

    async def test_the_corrected_one_of_joined_translations_is_heard_in_its_place(
        self, live: Live, say: Make
    ) -> None:
        tts = TTS(live.stt, fallback=(fallback := ToneTTS()), fallback_speaks_corrections=True)
        await live.hears("Oui.", *voice(VOICE))
        await live.hears("Live kit.", *voice(VOICE))
        await live.hears("Non.", *voice(OTHER_VOICE))
        speech = await said(say, tts, "Oui. LiveKit. Non.")
        assert speech.pcm == VOICE + fallback.tone + OTHER_VOICE

    async def test_azures_voice_is_heard_if_the_fallback_fails(
        self, live: Live, say: Make, told: list[UtteranceMetrics]
    ) -> None:
        tts = TTS(live.stt, fallback=ToneTTS(failures=1), fallback_speaks_corrections=True)
        translation = await live.hears("Live kit.", *voice(VOICE))
        speech = await said(say, tts, translation)
        assert speech.pcm == VOICE
        assert [error.recoverable for error in speech.errors] == [True]
        assert [one.outcome for one in told] == ["voiced"]

    async def test_a_correction_that_broke_off_is_not_said_again(
        self, live: Live, say: Make, told: list[UtteranceMetrics]
    ) -> None:
        tts = TTS(live.stt, fallback=(fallback := Breaking()), fallback_speaks_corrections=True)
        translation = await live.hears("Live kit.", *voice(VOICE))
        speech = say(tts, translation)
        with pytest.raises(APIError):
            await speech.ended()
        assert speech.pcm in fallback.tone
        assert [one.outcome for one in told] == ["lost"]


class TestOtherText:
    @pytest.mark.parametrize("streaming", [True, False])
    async def test_other_text_is_heard_in_the_fallbacks_voice(
        self, live: Live, say: Make, streaming: bool
    ) -> None:
        fallback = ToneTTS(streaming=streaming)
        speech = await said(say, TTS(live.stt, fallback=fallback), "Bonjour ", "à tous.")
        assert speech.pcm == fallback.tone
        assert fallback.texts == ["Bonjour à tous."]

    async def test_the_fallback_is_resampled(self, live: Live, say: Make) -> None:
        fallback = ToneTTS(sample_rate=24000, seconds=0.5)
        speech = await said(say, TTS(live.stt, fallback=fallback), "Bonjour.")
        assert {audio.frame.sample_rate for audio in speech.frames} == {16000}
        assert speech.seconds == pytest.approx(0.5, abs=0.01)

    async def test_other_text_without_a_fallback_is_one_clear_error(self, live: Live, say: Make) -> None:
        speech = say(TTS(live.stt), "Bonjour.")
        with pytest.raises(APIError, match="fallback") as raised:
            await speech.ended()
        assert not raised.value.retryable
        (error,) = speech.errors
        assert not error.recoverable

    async def test_a_translation_that_was_spoken_is_other_text(self, live: Live, say: Make) -> None:
        fallback = ToneTTS()
        tts = TTS(live.stt, fallback=fallback)
        translation = await live.hears("Oui.", *voice(VOICE))
        assert (await said(say, tts, translation)).pcm == VOICE
        assert (await said(say, tts, translation)).pcm == fallback.tone

    async def test_a_spoken_translation_without_a_fallback_is_no_failure(self, live: Live, say: Make) -> None:
        tts = TTS(live.stt)
        translation = await live.hears("Oui.", *voice(VOICE))
        await said(say, tts, translation)
        again = await said(say, tts, translation)
        assert not again.frames
        (error,) = again.errors
        assert error.recoverable

    async def test_no_text_is_no_sound(self, live: Live, say: Make) -> None:
        for texts in ((), (" ",)):
            speech = await said(say, TTS(live.stt), *texts)
            assert not speech.frames
            assert not speech.errors


class TestTextInPieces:
    """A text of which the end is still to come, as an LLM's is."""

    async def _hears(self, say: Make, until: Until, fallback: Pieces, tts: TTS, *texts: str) -> Saying:
        speech = say(tts, *texts, whole=False)
        await until(lambda: fallback.pieces)
        return speech

    async def test_text_that_begins_like_no_translation_goes_to_the_fallback_as_it_comes(
        self, live: Live, say: Make, until: Until
    ) -> None:
        fallback = Pieces()
        await live.hears("Oui, merci.", *voice(VOICE))
        speech = await self._hears(
            say, until, fallback, TTS(live.stt, fallback=fallback), "Oui, bien", " sûr"
        )
        speech.stream.push_text(", Madame.")
        speech.stream.end_input()
        await speech.ended()
        assert "".join(fallback.pieces) == "Oui, bien sûr, Madame."
        assert speech.pcm == fallback.tone

    async def test_a_first_word_goes_to_the_fallback_if_no_translation_waits(
        self, live: Live, say: Make, until: Until
    ) -> None:
        fallback = Pieces()
        await self._hears(say, until, fallback, TTS(live.stt, fallback=fallback), " ", "Well")

    async def test_a_fallback_that_does_not_stream_begins_with_the_first_sentence(
        self, live: Live, say: Make, until: Until
    ) -> None:
        fallback = ToneTTS(streaming=False)
        sentences = ("It is a long answer that goes on. ", "And on, for several sentences. ", "And so on")
        say(TTS(live.stt, fallback=fallback), *sentences, whole=False)
        await until(lambda: fallback.texts)
        assert fallback.texts[0].startswith("It is a long answer")

    @pytest.mark.parametrize(
        "pieces", [("Ou", "i, me", "rci."), ("*Oui*", ", ", "merci", "."), ("[Oui", "](x), merci.")]
    )
    async def test_text_that_may_be_a_translation_waits_for_its_end(
        self, live: Live, say: Make, pieces: tuple[str, ...]
    ) -> None:
        fallback = Pieces()
        await live.hears("Oui, merci.", *voice(VOICE))
        speech = await said(say, TTS(live.stt, fallback=fallback), *pieces)
        assert (speech.pcm, fallback.pieces) == (VOICE, [])

    async def test_joined_translations_in_pieces_are_their_voices(self, live: Live, say: Make) -> None:
        fallback = Pieces()
        await live.hears("Oui.", *voice(VOICE))
        await live.hears("Non.", *voice(OTHER_VOICE))
        speech = await said(say, TTS(live.stt, fallback=fallback), "Oui", ". N", "on.")
        assert (speech.pcm, fallback.pieces) == (VOICE + OTHER_VOICE, [])

    async def test_an_attempt_after_a_failure_says_it_all_and_claims_nothing(
        self, live: Live, say: Make
    ) -> None:
        fallback = Pieces(failures=1)
        tts = TTS(live.stt, fallback=fallback)
        speech = say(tts, "Bien ", "sûr.")
        translation = await live.hears("Bien sûr.", *voice(VOICE))
        await speech.ended()
        assert speech.pcm == fallback.tone
        assert (await said(say, tts, translation)).pcm == VOICE
