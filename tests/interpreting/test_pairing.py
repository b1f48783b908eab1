"""Which pairs of an STT and a TTS can be heard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.other import OtherSTT, cut_by_a_vad
from fakes.tts import ToneTTS
from livekit.agents import llm
from livekit.agents import stt as livekit_stt
from livekit.agents import tts as livekit_tts

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter._interpreting.pairing import (
    PairingError,
    check_pairing,
    has_other_stt,
    says_other_text,
)

Make = Callable[..., STT]
Until = Callable[[Callable[[], object]], Awaitable[None]]


class _Hiding(OtherSTT):
    """Somebody's own adapter, which names what it wraps as LiveKit's do."""

    def __init__(self, wrapped_stt: livekit_stt.STT) -> None:
        super().__init__()
        self.wrapped_stt = wrapped_stt


def _voice_withdrawn(make_stt: Make) -> tuple[STT, TTS]:
    stt = make_stt()
    tts = TTS(stt)
    stt.update_options(voice=None)
    return stt, tts


def _of_one(make_stt: Make, pair: Callable[[STT], tuple[Any, Any]]) -> tuple[Any, Any]:
    return pair(make_stt())


UNHEARD: dict[str, tuple[Callable[[Make], tuple[Any, Any]], str]] = {
    "a StreamAdapter around the STT": (
        lambda make: _of_one(make, lambda stt: (cut_by_a_vad(stt), TTS(stt))),
        "StreamAdapter hides",
    ),
    "an adapter of the user's own around it": (
        lambda make: _of_one(make, lambda stt: (_Hiding(stt), TTS(stt))),
        "_Hiding hides",
    ),
    "an adapter around an adapter": (
        lambda make: _of_one(make, lambda stt: (_Hiding(cut_by_a_vad(stt)), TTS(stt))),
        "_Hiding hides",
    ),
    "a FallbackAdapter of one that is wrapped": (
        lambda make: _of_one(
            make, lambda stt: (livekit_stt.FallbackAdapter([stt, cut_by_a_vad(make())]), TTS(stt))
        ),
        "StreamAdapter hides",
    ),
    "an adapter around a FallbackAdapter": (
        lambda make: _of_one(make, lambda stt: (_Hiding(livekit_stt.FallbackAdapter([stt])), TTS(stt))),
        "_Hiding hides",
    ),
    "an STT that does not interpret": (
        lambda make: (OtherSTT(), TTS(make())),
        "OtherSTT, which is not an azure_interpreter.STT",
    ),
    "no STT": (lambda make: (None, TTS(make())), "no STT"),
    "no TTS": (lambda make: (make(), None), "no TTS"),
    "a TTS of another spoken language": (
        lambda make: _of_one(
            lambda: make(target_languages=["fr", "de"], spoken_languages=["fr", "de"]),
            lambda stt: (stt, TTS(stt, language="de")),
        ),
        "The TTS of this session speaks 'de'",
    ),
    "the TTS of another STT": (lambda make: (make(), TTS(make())), "another STT"),
    "the TTS of one STT of a FallbackAdapter": (
        lambda make: _of_one(make, lambda stt: (livekit_stt.FallbackAdapter([stt, make()]), TTS(stt))),
        "another STT",
    ),
    "the TTS of another STT in a FallbackAdapter": (
        lambda make: (make(), livekit_tts.FallbackAdapter([TTS(make())])),
        "another STT",
    ),
    "a StreamAdapter around the TTS": (
        lambda make: _of_one(make, lambda stt: (stt, livekit_tts.StreamAdapter(tts=TTS(stt)))),
        "cuts translations into sentences",
    ),
    "a text-only STT": (
        lambda make: _of_one(lambda **_: make(voice=None), lambda stt: (stt, TTS(stt))),
        "voice=None",
    ),
    "a simultaneous STT whose TTS has no other voice": (
        lambda make: _of_one(lambda **_: make(pace="simultaneous", voice=None), lambda stt: (stt, TTS(stt))),
        "asks for no voice of Azure",
    ),
    "a voice that was withdrawn": (_voice_withdrawn, "voice=None"),
}


class TestCheck:
    @pytest.mark.parametrize(("pair", "told"), UNHEARD.values(), ids=UNHEARD)
    async def test_an_unhearable_pair_is_refused_with_what_to_change(
        self, make_stt: Make, pair: Callable[[Make], tuple[Any, Any]], told: str
    ) -> None:
        stt, tts = pair(make_stt)
        with pytest.raises(PairingError, match=told):
            check_pairing(stt, tts, None, other_stt_translates=False)

    @pytest.mark.parametrize(
        "pair",
        [
            lambda stt: (stt, TTS(stt)),
            lambda stt: (stt, TTS(livekit_stt.FallbackAdapter([stt]))),
            lambda stt: (livekit_stt.FallbackAdapter([stt, OtherSTT()]), TTS(stt)),
            lambda stt: (stt, ToneTTS()),
            lambda stt: (stt, livekit_tts.FallbackAdapter([TTS(stt), ToneTTS()])),
            lambda stt: (stt, livekit_tts.StreamAdapter(tts=ToneTTS())),
        ],
        ids=[
            "the pair",
            "its adapter",
            "another STT behind it",
            "another TTS",
            "another behind it",
            "in pieces",
        ],
    )
    async def test_a_hearable_pair_is_not_refused(
        self, make_stt: Make, pair: Callable[[STT], tuple[Any, Any]]
    ) -> None:
        check_pairing(*pair(make_stt()), None, other_stt_translates=False)

    async def test_another_stt_is_heard_where_its_texts_are_translations(self, make_stt: Make) -> None:
        tts = TTS(make_stt(), fallback=ToneTTS())
        check_pairing(OtherSTT(), tts, None, other_stt_translates=True)
        with pytest.raises(PairingError, match="fallback"):
            check_pairing(OtherSTT(), TTS(make_stt()), None, other_stt_translates=True)

    async def test_text_is_enough_without_an_audio_output(self, make_stt: Make) -> None:
        check_pairing(make_stt(voice=None), None, None, other_stt_translates=False, audible=False)

    def test_a_model_that_transcribes_is_refused(self, mocker: Any) -> None:
        model = mocker.MagicMock(spec=llm.RealtimeModel)
        model.capabilities.user_transcription = True
        with pytest.raises(PairingError, match="RealtimeModel"):
            check_pairing(OtherSTT(), ToneTTS(), model, other_stt_translates=True)


class TestOtherText:
    async def test_ours_says_other_text_with_a_fallback_only(self, make_stt: Make) -> None:
        stt = make_stt()
        assert not says_other_text(TTS(stt))
        assert says_other_text(TTS(stt, fallback=ToneTTS()))

    async def test_an_adapter_says_other_text_if_a_tts_in_it_does(self, make_stt: Make) -> None:
        ours = TTS(make_stt())
        assert not says_other_text(livekit_tts.FallbackAdapter([ours]))
        assert says_other_text(livekit_tts.FallbackAdapter([ours, ToneTTS()]))

    def test_another_tts_says_other_text(self) -> None:
        assert says_other_text(ToneTTS())

    def test_no_tts_says_no_text(self) -> None:
        assert not says_other_text(None)


class TestOtherSTT:
    async def test_ours_is_no_other(self, make_stt: Make) -> None:
        assert not has_other_stt(make_stt())

    async def test_an_adapter_has_another_if_one_in_it_is(self, make_stt: Make) -> None:
        assert not has_other_stt(livekit_stt.FallbackAdapter([make_stt(), make_stt()]))
        assert has_other_stt(livekit_stt.FallbackAdapter([make_stt(), OtherSTT()]))

    async def test_a_wrapped_one_is_another(self, make_stt: Make) -> None:
        assert has_other_stt(cut_by_a_vad(make_stt()))


class TestTTS:
    async def test_a_wrapped_stt_is_refused_with_what_to_change(self, make_stt: Make) -> None:
        with pytest.raises(TypeError, match="none is needed"):
            TTS(cut_by_a_vad(make_stt()))  # type: ignore[arg-type]
