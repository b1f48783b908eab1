"""The TTS as LiveKit sees it; what it says is of test_speech.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fakes.azure import voice
from fakes.limits import within
from fakes.other import OtherSTT
from fakes.saying import OPTIONS, Live, said
from fakes.tts import ToneTTS, tone
from livekit import rtc
from livekit.agents.stt import FallbackAdapter

from livekit_plugins_azure_interpreter import TTS

Make = Callable[..., Any]

VOICE = tone(440, 0.5)


class TestInterface:
    async def test_a_foreign_stt_is_a_type_error(self) -> None:
        with pytest.raises(TypeError, match=r"azure_interpreter\.STT"):
            TTS(object())  # type: ignore[arg-type]

    async def test_an_adapter_without_one_of_ours_is_a_type_error(self) -> None:
        with pytest.raises(TypeError, match=r"azure_interpreter\.STT"):
            TTS(FallbackAdapter([OtherSTT()]))

    async def test_an_adapter_stands_for_those_in_it(self, live: Live, say: Make) -> None:
        tts = TTS(adapter := FallbackAdapter([OtherSTT(), live.stt]))
        assert (tts.stt, tts.model, tts.provider) == (adapter, "live-interpreter", "Azure")
        translation = await live.hears("Oui.", *voice(VOICE))
        assert (await said(say, tts, translation)).pcm == VOICE

    async def test_a_tts_names_the_model_and_provider_of_its_stt(self, live: Live) -> None:
        tts = TTS(live.stt, sample_rate=24000)
        assert tts.stt is live.stt
        assert (tts.model, tts.provider) == ("live-interpreter", "Azure")
        assert (tts.sample_rate, tts.num_channels) == (24000, 1)
        assert tts.capabilities.streaming

    async def test_a_language_that_the_stt_does_not_speak_is_refused(self, live: Live) -> None:
        with pytest.raises(ValueError, match="does not speak 'de'; name it in STT"):
            TTS(live.stt, language="de")
        with pytest.raises(ValueError, match="language: 'xy-language' is not a language"):
            TTS(live.stt, language="xy-language")

    async def test_the_first_spoken_language_needs_no_name(self, make_stt: Make) -> None:
        stt = make_stt(target_languages=["fr", "de"], spoken_languages=["fr", "de"])
        languages = [TTS(stt).language, TTS(stt, language="fr-FR").language, TTS(stt, language="de").language]
        assert languages == [None, None, "de"]

    @pytest.mark.parametrize("whole", [True, False])
    async def test_the_fallback_is_given_whole_characters(self, live: Live, say: Make, whole: bool) -> None:
        tts = TTS(live.stt, fallback=(fallback := ToneTTS()))
        if whole:
            await within(tts.synthesize("Hi \ud83d\ude00\ud83d").collect())
        else:
            await said(say, tts, "Hi \ud83d", "\ude00", "\ud83d")
        assert fallback.texts == ["Hi 😀"]

    async def test_prewarm_prepares_the_fallback(self, live: Live) -> None:
        fallback = ToneTTS()
        TTS(live.stt, fallback=fallback).prewarm()
        assert fallback.prewarmed
        TTS(live.stt).prewarm()

    async def test_a_frame_is_mono(self, live: Live, say: Make) -> None:
        translation = await live.hears("Oui.", *voice(VOICE))
        speech = await said(say, TTS(live.stt), translation)
        frames: list[rtc.AudioFrame] = [audio.frame for audio in speech.frames]
        assert {frame.num_channels for frame in frames} == {1}

    async def test_a_translation_is_heard_through_synthesize_too(self, live: Live) -> None:
        await live.hears("Oui.", *voice(VOICE))

        async def collect() -> bytes:
            async with TTS(live.stt).synthesize("Oui.", conn_options=OPTIONS) as stream:
                return b"".join([bytes(audio.frame.data) async for audio in stream])

        assert (await within(collect())).startswith(VOICE)

    async def test_corrections_without_a_fallback_to_speak_them_are_refused(self, live: Live) -> None:
        with pytest.raises(ValueError, match="fallback_speaks_corrections needs a fallback"):
            TTS(live.stt, fallback_speaks_corrections=True)

    async def test_a_stream_without_a_text_ends_without_a_sound(self, live: Live, say: Make) -> None:
        speech = await said(say, TTS(live.stt))
        assert not speech.frames
        assert not speech.errors
