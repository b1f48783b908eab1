"""Recordings, as clients post them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Voice
from livekit_plugins_azure_interpreter.emulator.synthesis.encoding import encode
from livekit_plugins_azure_interpreter.emulator.synthesis.output_format import OutputFormat

Recorded = Callable[..., Awaitable[bytes]]


@pytest.fixture
def recorded(audio: Any) -> Recorded:
    """A file with some samples: one utterance, as WAV at 16 kHz, unless told."""

    async def record(pcm: bytes | None = None, form: str = "riff-16khz-16bit-mono-pcm") -> bytes:
        output_format = OutputFormat.parse(form)
        voice = Voice(audio.utterance() if pcm is None else pcm, output_format.sample_rate)
        return await encode(voice, output_format)

    return record
