"""Reads what a client wants of a text: Azure's `synthesis.context`."""

from __future__ import annotations

from dataclasses import dataclass

from ..transport.wire import Message, WireError
from .metadata import MetadataOptions
from .output_format import OutputFormat
from .voice_names import check_voice_name


@dataclass(frozen=True)
class SynthesisRequest:
    """A request for one text.

    Args:
        form: The format of the audio.
        metadata: What else the client wants to be told.
        voice_detected: The voice follows from the text: the client names none.
    """

    form: OutputFormat
    metadata: MetadataOptions
    voice_detected: bool = False

    @classmethod
    def parse(cls, message: Message, *, any_voice: bool = False) -> SynthesisRequest:
        """Read a `synthesis.context`.

        Args:
            message: The message.
            any_voice: Its voice may have any name.

        Raises:
            WireError: It has another shape than Azure's, or asks for what Azure does not have.
        """
        context = message.json()
        try:
            synthesis = context["synthesis"]
            audio = synthesis["audio"]
            name = audio["outputFormat"]
            metadata = MetadataOptions.parse(audio.get("metadataOptions") or {})
            detected = (synthesis.get("language") or {}).get("autoDetection", False)
            text = synthesis.get("input") or {}
            streamed = bool(text.get("bidirectionalStreamingMode", False))
            voice = str(text.get("voiceName", ""))
        except (LookupError, TypeError, AttributeError) as error:
            raise WireError(f"{message.path} has another shape than Azure's") from error
        is_detected = str(detected).lower() == "true"
        if streamed and not is_detected and not any_voice:
            check_voice_name(voice)
        return cls(OutputFormat.parse(str(name)), metadata, is_detected)
