"""What becomes of the arguments of a `MeetingInterpreter`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes.running_meeting import Meeting, in_a_meeting, of_resources, settings_of
from fakes.tts import ToneTTS

from livekit_plugins_azure_interpreter import MeetingInterpreter
from livekit_plugins_azure_interpreter._recognition.stream_factory import StreamFactory


@in_a_meeting(language_attribute="hears", spoken_attribute="speaks")
async def test_the_attributes_have_the_names_that_were_asked_for(meeting: Meeting) -> None:
    meeting.join("alice", "it", hears="en", speaks="de")
    meeting.join("bob", "it", hears="fr-FR")
    await meeting.go_on(1.0)
    assert meeting.tracks == ["alice-fr", "bob-en"]


@in_a_meeting(
    language_of=lambda participant: participant.attributes.get("sip.h.x-language"), default_language="de"
)
async def test_telephones_hear_the_language_of_their_header_or_the_default(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("telephone", **{"sip.h.x-language": "fr"})
    meeting.room.join("another telephone")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert meeting.heard("telephone") == [(said, "fr")]
    assert meeting.heard("another telephone") == [(said, "de")]


@in_a_meeting(voice={"fr": "fr-FR-DeniseNeural"})
async def test_a_language_may_have_a_voice_of_its_own(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.join("carl", "de")
    await meeting.go_on(1.0)
    voices = {name: voice for stream in meeting.azure.streams for name, voice in stream.voices.items()}
    assert voices == {"fr": "fr-FR-DeniseNeural", "de": "personal-voice", "en": "personal-voice"}


def no_tts(language: str) -> Any:
    raise AssertionError("it is not asked for one")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_streams": 0}, "max_streams"),
        ({"sample_rate": 11025}, "sample_rate"),
        ({"proxy": "x"}, "proxy"),
        ({"track_sources": []}, "track_sources"),
        ({"catch_up": "faster"}, "catch_up"),
        ({"max_lag_seconds": 0}, "max_lag_seconds"),
        ({"silent_track_seconds": 0}, "silent_track_seconds"),
        ({"originals": "mix"}, "originals"),
        ({"mode": "parallel"}, "mode"),
        ({"default_language": "xx"}, "default_language"),
        ({"kept_audio_seconds": 0}, "kept_audio_seconds"),
        ({"glossary": {"gsw": {}}}, "glossary"),
        ({"fallback_speaks_corrections": True}, "fallback_speaks_corrections needs a fallback"),
        ({"voices": ["prebuilt"]}, "voices has 'prebuilt': name one in prebuilt_voices"),
        ({"voice": "fr-FR-DeniseNeural", "voices": ["own"]}, "voices has 'own': voice names another voice"),
        ({"default_voice": "prebuilt"}, "default_voice must be in voices"),
        ({"prebuilt_voices": {"fr": "Denise"}}, "prebuilt_voices must be the full name"),
        ({"pace": "simultaneous"}, 'pace="simultaneous" needs a fallback'),
        ({"pace": "simultaneous", "fallback": no_tts, "voice": "personal-voice"}, "voice must be None"),
        (
            {"pace": "simultaneous", "fallback": no_tts, "prebuilt_voices": {"fr": "fr-FR-DeniseNeural"}},
            "prebuilt_voices are made after the utterance",
        ),
    ],
)
def test_a_mistake_is_told_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MeetingInterpreter(**{"speech_key": "a-key", "speech_region": "westeurope", **options})


@in_a_meeting(glossary={"fr": {"in fr": "en français"}, "de": {"in de": "auf Deutsch"}})
async def test_captions_are_corrected_in_each_language_and_voices_stay(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.join("carl", "de")
    said = await meeting.say("alice", "en")
    await meeting.go_on(5.0)
    texts = {one.text for one in meeting.room.captions if not one.original}
    assert texts == {f"{said} en français", f"{said} auf Deutsch"}
    assert meeting.heard("bob") == [(said, "fr")]


def test_corrections_are_spoken_by_the_fallback_of_their_language_if_asked_for() -> None:
    fallbacks = {language: ToneTTS() for language in ("fr", "de", "en")}

    @in_a_meeting(
        glossary={"fr": {"in fr": "en français"}},
        fallback=fallbacks.__getitem__,
        fallback_speaks_corrections=True,
    )
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.join("bob", "fr")
        meeting.join("carl", "de")
        said = await meeting.say("alice", "en")
        await meeting.go_on(5.0)
        assert fallbacks["fr"].texts == [f"{said} en français"]
        assert meeting.heard("carl") == [(said, "de")]

    meet()
    assert fallbacks["de"].texts == []


def test_each_language_may_have_its_fallback() -> None:
    asked: list[str] = []

    def fallback(language: str) -> ToneTTS:
        asked.append(language)
        return ToneTTS()

    @in_a_meeting(fallback=fallback)
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.join("bob", "fr")
        await meeting.go_on(0.5)

    meet()
    assert sorted(asked) == ["en", "fr"]


@in_a_meeting(skip_silence=True)
async def test_a_sound_after_a_silence_that_is_no_voice_is_not_sent(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(3.0)
    await meeting.say("alice", seconds=5.0)
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == []
    assert all(stream.heard_seconds < 1.5 for stream in meeting.azure.open)


def test_the_stt_of_a_speaker_has_no_voice_and_shows_no_key() -> None:
    settings = settings_of(voice="fr-FR-DeniseNeural", speech_key="a-secret")
    assert StreamFactory.of(settings.speech.make_stt()).options.voices == {}
    assert "a-secret" not in repr(settings)


def test_the_options_of_the_user_are_left_as_they_are() -> None:
    options: Any = {"voice": {"fr": "personal-voice"}, "glossary": {"fr": {"a": "b"}}}
    before = repr(options)
    settings_of(**options)
    assert repr(options) == before


@pytest.mark.parametrize("replaces", [True, False])
def test_same_language_speech_is_spoken_if_the_original_is_not_heard(replaces: bool) -> None:
    conduct = settings_of(originals="replace" if replaces else "keep").conduct
    assert conduct.replaces_originals is replaces
    assert conduct.policy.speaks_same_language is replaces
    assert not conduct.is_consecutive


def test_the_clients_are_offered_what_the_arguments_allow() -> None:
    settings = settings_of(voices=["own", "text"], default_voice="text", mode="consecutive")
    offered = json.loads(settings.offer)
    assert (offered["voices"], offered["voice"], offered["mode"]) == (["own", "text"], "text", "consecutive")
    assert settings.conduct.is_consecutive


def test_streams_take_places_if_there_are_resources() -> None:
    assert settings_of().speech.places is None
    assert settings_of(**of_resources(1)).speech.places is not None
