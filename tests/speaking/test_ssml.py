"""A voice, and the document that asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from fakes.texts import ANY_TEXT
from hypothesis import given

from livekit_plugins_azure_interpreter._speaking.ssml import PERSONAL_MODEL, SynthesisVoice, is_speakable

_VOICE = "fr-FR-DeniseNeural"
_SSML = "{http://www.w3.org/2001/10/synthesis}"
_MSTTS = "{http://www.w3.org/2001/mstts}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def resolve(environment: dict[str, str] | None = None, **arguments: Any) -> SynthesisVoice:
    return SynthesisVoice.resolve(environment=environment or {}, **arguments)


class TestResolve:
    def test_a_personal_voice_is_a_profile_and_a_model(self) -> None:
        voice = resolve(speaker_profile_id="some-id")
        assert (voice.name, voice.speaker_profile_id) == ("DragonLatestNeural", "some-id")
        assert resolve(speaker_profile_id="some-id", model="PhoenixV2Neural").name == "PhoenixV2Neural"

    def test_the_profile_is_taken_from_the_environment(self) -> None:
        assert resolve({"AZURE_SPEAKER_PROFILE_ID": "from-there"}).speaker_profile_id == "from-there"

    def test_a_prebuilt_voice_goes_before_the_environment(self) -> None:
        voice = resolve({"AZURE_SPEAKER_PROFILE_ID": "from-there"}, voice=_VOICE)
        assert (voice.name, voice.speaker_profile_id) == ("fr-FR-DeniseNeural", None)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, r"speaker_profile_id .*AZURE_SPEAKER_PROFILE_ID.*voice"),
            ({"voice": "fr-FR-DeniseNeural", "speaker_profile_id": "x"}, "contradict"),
            ({"voice": "<voice>"}, "^voice must be the full name of a prebuilt voice"),
            ({"voice": ""}, "^voice must be the full name of a prebuilt voice"),
            ({"voice": "Denise"}, "such as 'fr-FR-DeniseNeural'; not 'Denise'$"),
            ({"speaker_profile_id": "x", "model": "a b"}, "^model must be a name"),
            ({"speaker_profile_id": "'/>"}, "AZURE_SPEAKER_PROFILE_ID"),
            ({"voice": _VOICE, "language": "French!"}, "language: 'French!'"),
            ({"voice": _VOICE, "rate": 3.0}, "rate must be between"),
        ],
    )
    def test_a_refused_argument_is_named(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            resolve(**arguments)

    @pytest.mark.parametrize(
        "name", ["fr-FR-DeniseNeural", "en-US-Ava:DragonHDLatestNeural", "zh-CN-liaoning-XiaobeiNeural"]
    )
    def test_azures_names_are_taken(self, name: str) -> None:
        assert resolve(voice=name).name == name

    def test_the_owner_of_the_voice_is_in_no_repr(self) -> None:
        assert "some-id" not in repr(resolve(speaker_profile_id="some-id"))


class TestChanged:
    PERSONAL = SynthesisVoice(name=PERSONAL_MODEL, speaker_profile_id="an-id", language="fr-FR", rate=1.5)
    PREBUILT = SynthesisVoice(name="fr-FR-DeniseNeural", language="fr-FR", rate=1.5)

    @pytest.mark.parametrize(
        ("voice", "changes", "expected"),
        [
            (PERSONAL, {}, PERSONAL),
            (PREBUILT, {}, PREBUILT),
            (PERSONAL, {"model": "PhoenixLatestNeural"}, replace(PERSONAL, name="PhoenixLatestNeural")),
            (PERSONAL, {"rate": None, "language": None}, replace(PERSONAL, rate=None, language=None)),
            (PERSONAL, {"voice": "fr-FR-DeniseNeural"}, PREBUILT),
            (PREBUILT, {"speaker_profile_id": "an-id"}, PERSONAL),
            (PREBUILT, {"voice": "de-DE-KatjaNeural"}, replace(PREBUILT, name="de-DE-KatjaNeural")),
        ],
    )
    def test_an_option_that_is_not_named_stays(
        self, voice: SynthesisVoice, changes: dict[str, Any], expected: SynthesisVoice
    ) -> None:
        assert voice.changed(changes) == expected

    def test_two_voices_are_refused(self) -> None:
        with pytest.raises(ValueError, match="contradict"):
            self.PERSONAL.changed({"voice": "fr-FR-DeniseNeural", "speaker_profile_id": "another-id"})


class TestSsml:
    def test_a_personal_voice_embeds_its_profile(self) -> None:
        root = ElementTree.fromstring(resolve(speaker_profile_id="some-id").ssml("Hello"))
        (voice,) = root
        (embedded,) = voice
        assert (root.tag, root.get(_LANG)) == (f"{_SSML}speak", "en-US")
        assert voice.get("name") == "DragonLatestNeural"
        assert (embedded.tag, embedded.get("speakerProfileId")) == (f"{_MSTTS}ttsembedding", "some-id")
        assert embedded.text == "Hello"

    @pytest.mark.parametrize(
        ("name", "locale"),
        [
            ("fr-FR-DeniseNeural", "fr-FR"),
            ("zh-CN-liaoning-XiaobeiNeural", "zh-CN"),
            ("iu-Cans-CA-SiqiniqNeural", "iu-Cans-CA"),
            ("es-419-SomeNeural", "es-419"),
        ],
    )
    def test_a_prebuilt_voice_brings_its_language(self, name: str, locale: str) -> None:
        (voice,) = root = ElementTree.fromstring(resolve(voice=name).ssml("Hello"))
        assert (root.get(_LANG), voice.get("name"), voice.text) == (locale, name, "Hello")

    @pytest.mark.parametrize(
        ("rate", "percent"), [(1.1, "+10%"), (0.5, "-50%"), (1.0, "+0%"), (2.0, "+100%")]
    )
    def test_language_and_rate_are_around_the_text(self, rate: float, percent: str) -> None:
        root = ElementTree.fromstring(resolve(voice=_VOICE, language="fr-FR", rate=rate).ssml("Hello"))
        ((lang,),) = root
        (prosody,) = lang
        assert (lang.tag, lang.get(_LANG)) == (f"{_SSML}lang", "fr-FR")
        assert (prosody.tag, prosody.get("rate"), prosody.text) == (f"{_SSML}prosody", percent, "Hello")

    def test_nothing_in_the_text_is_markup(self) -> None:
        text = "</voice> <break time='9s'/> Tom & Jerry \"]]>\""
        assert ElementTree.fromstring(resolve(voice=_VOICE).ssml(text))[0].text == text

    def test_characters_that_xml_cannot_hold_are_left_out(self) -> None:
        (voice,) = ElementTree.fromstring(resolve(voice=_VOICE).ssml("a\x00b\x1bc\ud800d\ufffee\tf😀"))
        assert voice.text == "abcde\tf😀"

    @given(ANY_TEXT)
    def test_any_text_makes_a_document_that_can_be_sent(self, text: str) -> None:
        document = resolve(voice=_VOICE, rate=1.2).ssml(text).encode()
        assert len(ElementTree.fromstring(document)[0][0]) == 0


@pytest.mark.parametrize(
    ("text", "speakable"),
    [
        ("Hello", True),
        ("42", True),
        ("€", True),
        ("日本", True),
        ("… — !", False),
        ("", False),
        ("😀 \n", False),
    ],
)
def test_a_letter_a_digit_or_a_sign_can_be_spoken(text: str, speakable: bool) -> None:
    assert is_speakable(text) is speakable
