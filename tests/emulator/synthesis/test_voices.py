from __future__ import annotations

from livekit_plugins_azure_interpreter.emulator.synthesis.voice_names import check_voice_name
from livekit_plugins_azure_interpreter.emulator.synthesis.voices import voice_list


def test_every_listed_voice_can_be_asked_for_by_both_of_its_names() -> None:
    for voice in voice_list():
        check_voice_name(voice["ShortName"])
        if voice["Gender"] != "Neutral":
            check_voice_name(voice["Name"])


def test_names_are_listed_once() -> None:
    names = [voice["ShortName"] for voice in voice_list()]
    assert len(names) == len(set(names)) > 50


def test_a_multilingual_voice_has_its_other_languages() -> None:
    ava = next(voice for voice in voice_list() if voice["ShortName"] == "en-US-AvaMultilingualNeural")
    assert ava["DisplayName"] == "Ava Multilingual"
    assert ava["Locale"] == "en-US"
    assert {"fr-FR", "de-DE"} <= set(ava["SecondaryLocaleList"])
    assert "en-US" not in ava["SecondaryLocaleList"]


def test_the_base_model_of_personal_voices_is_listed() -> None:
    assert "DragonLatestNeural" in {voice["ShortName"] for voice in voice_list()}
