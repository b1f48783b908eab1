"""The TTS of a route: its language, its voice and its fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fakes.tts import ToneTTS

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._meeting.route_voices import RouteVoices


def _voice(choice: str, language: str) -> str | None:
    prebuilt = "fr-FR-DeniseNeural" if language == "fr" else None
    return {"own": "personal-voice", "prebuilt": prebuilt}.get(choice)


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


def test_a_translation_is_heard_in_the_voice_that_there_is() -> None:
    alone, with_fallback = RouteVoices(_voice), RouteVoices(_voice, lambda language: ToneTTS())
    assert [alone.heard_in("own", "fr"), alone.heard_in("prebuilt", "fr")] == ["own", "prebuilt"]
    assert [voices.heard_in("prebuilt", "de") for voices in (alone, with_fallback)] == ["text", "fallback"]
    assert with_fallback.heard_in("text", "fr") == "text"


def test_a_fallback_may_be_that_of_a_speaker(make_stt: Callable[..., STT]) -> None:
    made: list[tuple[str, str]] = []

    def fallback(language: str, identity: str) -> ToneTTS:
        made.append((language, identity))
        return ToneTTS()

    RouteVoices(_voice, fallback).of_speaker("alice").prepare("fr")(make_stt())
    assert made == [("fr", "alice")]


@pytest.mark.parametrize("fallback", [None, lambda language: ToneTTS(), {"fr": ToneTTS()}.__getitem__])
def test_a_fallback_of_a_language_is_the_same_for_each_speaker(fallback: Any) -> None:
    voices = RouteVoices(_voice, fallback)
    assert voices.of_speaker("alice") is voices
