"""The audio formats in which Azure speaks a text, by their names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..transport.wire import WireError

_LONGEST_NAME_SHOWN = 60


@dataclass(frozen=True)
class OutputFormat:
    """A format.

    Args:
        sample_rate: In Hz.
        codec: FFmpeg's name of the encoder.
        container: FFmpeg's name of the container; None: bare packets, all of one size.
        content_type: What HTTP calls it.
        bit_rate: In bits per second; None: as the codec has it.
    """

    sample_rate: int
    codec: str
    container: str | None
    content_type: str
    bit_rate: int | None = None

    @property
    def can_be_joined(self) -> bool:
        """Whether the audio of two texts, one behind the other, is that of both."""
        return self.container not in ("wav", "webm")

    @classmethod
    def parse(cls, name: str) -> OutputFormat:
        """Read Azure's name of a format, e.g. `raw-16khz-16bit-mono-pcm`.

        Raises:
            WireError: Azure has no such format, or the emulator cannot encode it.
        """
        if name in FORMATS:
            return FORMATS[name]
        if name in NOT_ENCODED:
            raise WireError(f"Unsupported output format {name}: the emulator has no encoder for it")
        raise WireError(f"Unsupported output format {name[:_LONGEST_NAME_SHOWN]}")


def _pcm() -> Iterator[tuple[str, OutputFormat]]:
    for name, rate in (
        ("8khz", 8000),
        ("16khz", 16000),
        ("22050hz", 22050),
        ("24khz", 24000),
        ("44100hz", 44100),
        ("48khz", 48000),
    ):
        yield f"raw-{name}-16bit-mono-pcm", OutputFormat(rate, "pcm_s16le", "s16le", "audio/basic")
        yield f"riff-{name}-16bit-mono-pcm", OutputFormat(rate, "pcm_s16le", "wav", "audio/x-wav")


def _telephone() -> Iterator[tuple[str, OutputFormat]]:
    for law in ("mulaw", "alaw"):
        yield f"raw-8khz-8bit-mono-{law}", OutputFormat(8000, f"pcm_{law}", law, "audio/basic")
        yield f"riff-8khz-8bit-mono-{law}", OutputFormat(8000, f"pcm_{law}", "wav", "audio/x-wav")
    yield "g722-16khz-64kbps", OutputFormat(16000, "g722", "g722", "audio/G722", 64_000)


def _mp3() -> Iterator[tuple[str, OutputFormat]]:
    for khz, kilobits in (
        *((16, 32), (16, 64), (16, 128)),
        *((24, 48), (24, 96), (24, 160)),
        *((48, 96), (48, 192)),
    ):
        form = OutputFormat(khz * 1000, "libmp3lame", "mp3", "audio/mpeg", kilobits * 1000)
        yield f"audio-{khz}khz-{kilobits}kbitrate-mono-mp3", form


def _opus() -> Iterator[tuple[str, OutputFormat]]:
    for container, rates in (("ogg", (16, 24, 48)), ("webm", (16, 24))):
        for khz in rates:
            kind = f"audio/{container}; codecs=opus; rate={khz * 1000}"
            form = OutputFormat(khz * 1000, "libopus", container, kind, khz * 2000)
            yield f"{container}-{khz}khz-16bit-mono-opus", form
    webm = OutputFormat(24000, "libopus", "webm", "audio/webm; codecs=opus; rate=24000", 24_000)
    yield "webm-24khz-16bit-24kbps-mono-opus", webm
    for khz, kilobits in ((16, 32), (24, 24), (24, 48)):
        kind = f"audio/opus; rate={khz * 1000}"
        bare = OutputFormat(khz * 1000, "libopus", None, kind, kilobits * 1000)
        yield f"audio-{khz}khz-16bit-{kilobits}kbps-mono-opus", bare


FORMATS: dict[str, OutputFormat] = dict([*_pcm(), *_telephone(), *_mp3(), *_opus()])
"""The formats that the emulator speaks."""

NOT_ENCODED = frozenset(
    {
        "amr-wb-16000hz",
        "audio-16khz-16kbps-mono-siren",
        "raw-16khz-16bit-mono-truesilk",
        "raw-24khz-16bit-mono-truesilk",
        "riff-16khz-16kbps-mono-siren",
    }
)
"""Formats of Azure for which FFmpeg has no encoder."""
