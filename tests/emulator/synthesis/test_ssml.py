from __future__ import annotations

from typing import Any

import pytest
from fakes.texts import ANY_TEXT
from hypothesis import given

from livekit_plugins_azure_interpreter._speaking.ssml import SynthesisVoice
from livekit_plugins_azure_interpreter.emulator.synthesis.ssml import Bookmark, Document, read_ssml
from livekit_plugins_azure_interpreter.emulator.transport.wire import WireError

_SPEAK = '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US">{}</speak>'


class TestReading:
    def test_words_are_read_from_any_markup(self, write: Any) -> None:
        content = " <p>Say <emphasis>this</emphasis> &amp; that</p> "
        assert read_ssml(write.document(content)) == Document("Say this & that")

    def test_a_bookmark_has_its_place_in_the_words(self, write: Any) -> None:
        content = ' \n<bookmark mark="a"/>One <bookmark mark="b"/>two.<bookmark mark="c"/>'
        marks = (Bookmark("a", 0), Bookmark("b", 4), Bookmark("c", 8))
        assert read_ssml(write.document(content)) == Document("One two.", marks)

    def test_the_words_of_several_voices_are_joined(self) -> None:
        voices = '<voice name="en-US-AvaNeural">One. </voice><voice name="fr-FR-HenriNeural">Deux.</voice>'
        assert read_ssml(_SPEAK.format(voices)).text == "One. Deux."

    def test_bytes_are_read_in_their_own_encoding(self) -> None:
        document = _SPEAK.format('<voice name="fr-FR-HenriNeural">Été</voice>')
        latin = b'<?xml version="1.0" encoding="iso-8859-1"?>' + document.encode("latin-1")
        assert read_ssml(latin).text == "Été"

    def test_a_text_whose_language_is_detected_needs_no_voice(self) -> None:
        assert read_ssml(_SPEAK.format("Hello"), needs_voice=False).text == "Hello"

    def test_a_custom_deployment_has_voices_of_any_name(self, write: Any) -> None:
        assert read_ssml(write.document(voice="Contoso"), any_voice=True).text == "Hello"

    @given(ANY_TEXT)
    def test_a_document_of_the_package_is_read(self, text: str) -> None:
        read_ssml(SynthesisVoice(name="fr-FR-DeniseNeural").ssml(text))


class TestRefusals:
    @pytest.mark.parametrize(
        ("document", "reason"),
        [
            ("Tom & Jerry", "The SSML is not XML"),
            ("", "The SSML is not XML"),
            (_SPEAK.format("<voice"), "The SSML is not XML"),
            ('<?xml version="1.0" encoding="nowhere"?><speak/>', "The SSML is not XML: unknown encoding"),
            ('<?xml version="1.0" encoding="big5"?><speak/>', "The SSML is not XML: multi-byte"),
            ("<html/>", r"The root of the SSML must be \[speak\], not \[html\]"),
            ("<speak>Hello</speak>", "Ssml should only contain one language"),
            (_SPEAK.format("Hello"), r"Ssml should contain at least one \[VOICE\] tag"),
            (_SPEAK.format("<prosody>Hello</prosody>"), r"should not contain node \[prosody\]"),
            (_SPEAK.format('<voice name="Jenny">Hello</voice>'), "Unsupported voice Jenny"),
            (_SPEAK.format("<voice>Hello</voice>"), "Unsupported voice ."),
            ("<!DOCTYPE speak [<!ENTITY a 'b'>]><speak>&a;</speak>", "must not have a DTD"),
            (_SPEAK.format("x" * 65_536), "more than 65536"),
        ],
    )
    def test_a_document_that_azure_refuses_is_refused(self, document: str, reason: str) -> None:
        with pytest.raises(WireError, match=reason):
            read_ssml(document)

    def test_a_document_of_the_greatest_length_is_read(self, write: Any) -> None:
        room = 65_536 - len(write.document(""))
        assert len(read_ssml(write.document("x" * room)).text) == room

    def test_depth_is_no_problem(self, write: Any) -> None:
        depth = 8_000
        assert read_ssml(write.document("<p>" * depth + "Hello" + "</p>" * depth)).text == "Hello"
