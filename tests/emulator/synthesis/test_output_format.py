from __future__ import annotations

import azure.cognitiveservices.speech as speechsdk
import pytest

from livekit_plugins_azure_interpreter.emulator.synthesis.output_format import (
    FORMATS,
    NOT_ENCODED,
    OutputFormat,
)
from livekit_plugins_azure_interpreter.emulator.transport.wire import WireError


class TestOutputFormat:
    def test_pcm_is_at_the_rate_of_its_name(self) -> None:
        found = OutputFormat.parse("riff-22050hz-16bit-mono-pcm")
        assert found == OutputFormat(22050, "pcm_s16le", "wav", "audio/x-wav")

    def test_mp3_has_the_bit_rate_of_its_name(self) -> None:
        found = OutputFormat.parse("audio-24khz-160kbitrate-mono-mp3")
        assert found == OutputFormat(24000, "libmp3lame", "mp3", "audio/mpeg", 160_000)

    def test_every_format_of_the_sdk_is_known(self) -> None:
        # The SDK says "ogg-16khz-16bit-mono-opus" and Ogg16Khz16BitMonoOpus.
        names = {name.replace("-", "") for name in [*FORMATS, *NOT_ENCODED]}
        assert {one.name.lower() for one in speechsdk.SpeechSynthesisOutputFormat} <= names

    @pytest.mark.parametrize("name", sorted(NOT_ENCODED))
    def test_a_format_without_an_encoder_is_refused_by_name(self, name: str) -> None:
        with pytest.raises(WireError, match=f"{name}: the emulator has no encoder"):
            OutputFormat.parse(name)

    @pytest.mark.parametrize("name", ["", "opus", "raw-100000khz-16bit-mono-pcm", "RAW" * 1000])
    def test_a_format_that_azure_does_not_have_is_refused(self, name: str) -> None:
        with pytest.raises(WireError, match="Unsupported output format") as caught:
            OutputFormat.parse(name)
        assert len(str(caught.value)) < 100

    @pytest.mark.parametrize(
        ("name", "joined"),
        [
            ("raw-16khz-16bit-mono-pcm", True),
            ("audio-16khz-32kbitrate-mono-mp3", True),
            ("ogg-16khz-16bit-mono-opus", True),
            ("riff-16khz-16bit-mono-pcm", False),
            ("webm-16khz-16bit-mono-opus", False),
        ],
    )
    def test_it_can_be_joined_unless_a_header_tells_the_whole(self, name: str, joined: bool) -> None:
        assert FORMATS[name].can_be_joined is joined
