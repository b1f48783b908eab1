"""The TTS of a route: its language and its fallback."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes.tts import ToneTTS

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._meeting.route_voices import RouteVoices


def _voice(language: str) -> str:
    return "personal-voice"


def test_each_language_has_its_tts_and_its_fallback(make_stt: Callable[..., STT]) -> None:
    fallbacks = {"fr": ToneTTS(), "de": ToneTTS()}
    voices = RouteVoices(_voice, fallbacks.__getitem__)
    stt = make_stt(target_languages=["fr", "de"], spoken_languages=["fr", "de"])
    tts = voices.prepare("de")(stt)
    assert (tts.language, tts.fallback) == ("de", fallbacks["de"])


def test_a_route_without_a_fallback_has_azures_voice_alone(make_stt: Callable[..., STT]) -> None:
    assert RouteVoices(_voice).prepare("fr")(make_stt()).fallback is None


def test_a_fallback_that_cannot_be_made_is_told_before_anything_is_changed() -> None:
    with pytest.raises(KeyError):
        RouteVoices(_voice, {}.__getitem__).prepare("fr")


@pytest.mark.parametrize(
    ("azure", "fallback", "is_spoken"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_a_language_is_spoken_by_azure_or_the_fallback(azure: bool, fallback: bool, is_spoken: bool) -> None:
    voices = RouteVoices(
        _voice if azure else lambda language: None, (lambda language: ToneTTS()) if fallback else None
    )
    assert voices.speak("fr") is is_spoken
