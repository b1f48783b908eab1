from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator.synthesis.metadata import MetadataOptions
from livekit_plugins_azure_interpreter.emulator.synthesis.output_format import FORMATS
from livekit_plugins_azure_interpreter.emulator.synthesis.request import SynthesisRequest
from livekit_plugins_azure_interpreter.emulator.transport.wire import WireError


class TestSynthesisRequest:
    def test_it_has_the_format_and_what_else_is_wanted(self, write: Any) -> None:
        read = SynthesisRequest.parse(write.context(visemeEnabled=True))
        assert read == SynthesisRequest(FORMATS[write.raw_16], MetadataOptions(visemes=True))

    def test_its_language_may_be_detected(self, write: Any) -> None:
        audio = {"outputFormat": write.raw_16}
        read = SynthesisRequest.parse(write.synthesis({"audio": audio, "language": {"autoDetection": True}}))
        assert read.voice_detected

    @pytest.mark.parametrize("any_voice", [True, False])
    def test_its_text_may_come_in_pieces(self, write: Any, any_voice: bool) -> None:
        text = {"bidirectionalStreamingMode": True, "voiceName": "de-DE-KatjaNeural"}
        context = write.synthesis({"audio": {"outputFormat": write.raw_16}, "input": text})
        assert SynthesisRequest.parse(context, any_voice=any_voice).form == FORMATS[write.raw_16]

    def test_it_is_refused_for_a_voice_that_cannot_be(self, write: Any) -> None:
        text = {"bidirectionalStreamingMode": True, "voiceName": "Katja"}
        context = write.synthesis({"audio": {"outputFormat": write.raw_16}, "input": text})
        with pytest.raises(WireError, match="Unsupported voice Katja"):
            SynthesisRequest.parse(context)

    @pytest.mark.parametrize(
        "synthesis",
        [
            None,
            {},
            {"audio": []},
            {"audio": {}},
            {"audio": {"outputFormat": "raw-16khz-16bit-mono-pcm", "metadataOptions": [1]}},
            {"audio": {"outputFormat": "raw-16khz-16bit-mono-pcm"}, "language": 1},
            {"audio": {"outputFormat": "raw-16khz-16bit-mono-pcm"}, "input": "text"},
        ],
    )
    def test_it_is_refused_in_another_shape(self, write: Any, synthesis: Any) -> None:
        with pytest.raises(WireError, match="shape"):
            SynthesisRequest.parse(write.synthesis(synthesis))

    def test_it_is_refused_for_a_format_that_azure_does_not_have(self, write: Any) -> None:
        with pytest.raises(WireError, match="Unsupported output format opus"):
            SynthesisRequest.parse(write.context("opus"))
