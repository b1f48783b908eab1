"""Scripts for the emulator: the lines of a conversation, each with its voice."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .languages import in_language

ECHOED = "(your voice, echoed)"
"""The text of a translation that is in no script: the emulator translates nothing."""


@dataclass(frozen=True)
class Voice:
    """A voice that the emulator sends: 16 bit mono PCM.

    Args:
        pcm: The samples, little endian.
        sample_rate: In Hz.
    """

    pcm: bytes
    sample_rate: int = 16000

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pcm) / 2 / self.sample_rate

    @classmethod
    def from_wav(cls, path: Path) -> Voice:
        """Read a 16 bit mono WAV file.

        Raises:
            ValueError: It is not a WAV file, or one of another kind.
            OSError: It cannot be read.
        """
        try:
            with wave.open(str(path), "rb") as wav:
                if (wav.getsampwidth(), wav.getnchannels()) != (2, 1):
                    raise ValueError(f"{path}: a voice must be 16 bit mono")
                return cls(wav.readframes(wav.getnframes()), wav.getframerate())
        except (wave.Error, EOFError) as error:
            raise ValueError(f"{path}: not a PCM WAV file ({error})") from error


@dataclass(frozen=True)
class Line:
    """One utterance: its words, and Azure's results for it.

    Args:
        text: The words in the language in which they were spoken.
        language: That language (BCP 47, as Azure reports it), e.g. `en-US`.
        translations: The text per target language; missing: `ECHOED`.
        voices: The voice per target language; missing: the speaker's own samples come back.
        start_seconds: Where in the stream's audio the utterance begins. Without places the emulator finds
            speech by its energy and gives each stretch the next line.
        end_seconds: Where it ends.
        translated: False: Azure recognizes the line but does not translate it.
        voiced: False: Azure translates the line but never sends its voice.
        speaker: Who says it, for a client that wants to know (the SDK's ConversationTranscriber): `Guest-1`,
            `Guest-2`, … or `Unknown`, as Azure names them. The emulator does not tell speakers apart.
    """

    text: str
    language: str = "en-US"
    translations: Mapping[str, str] = field(default_factory=dict)
    voices: Mapping[str, Voice] = field(default_factory=dict)
    start_seconds: float | None = None
    end_seconds: float | None = None
    translated: bool = True
    voiced: bool = True
    speaker: str = "Guest-1"

    @property
    def seconds(self) -> float | None:
        """How long the utterance is, if the script says so."""
        if self.start_seconds is None or self.end_seconds is None:
            return None
        return self.end_seconds - self.start_seconds

    def translation(self, target_language: str) -> str:
        """The text in a target language."""
        text = in_language(self.translations, target_language)
        return ECHOED if text is None else text


Script = Sequence[Line] | Callable[[Voice], Line]


def load_script(path: Path) -> list[Line]:
    """Read a script: `{"lines": [{"text": …, "translations": {"fr": …}, "voices": {"fr": "1.wav"}}]}`.

    The keys of a line are the arguments of `Line`; voices are WAV files, found from the script's folder.

    Raises:
        ValueError: It is not a script; the message says where.
        OSError: A file cannot be read.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error})") from error
    lines = document.get("lines") if isinstance(document, dict) else None
    if not isinstance(lines, Sequence) or isinstance(lines, str):
        raise ValueError(f'{path}: a script is an object with a list of "lines"')
    return [_line(path, number, line) for number, line in enumerate(lines, 1)]


def _line(path: Path, number: int, line: Any) -> Line:
    if not isinstance(line, dict) or not isinstance(line.get("text"), str):
        raise ValueError(f'{path}: line {number} needs a "text"')
    voices = line.get("voices", {})
    if not isinstance(voices, dict):
        raise ValueError(f'{path}: "voices" of line {number} must map languages to WAV files')
    translations = line.get("translations", {})
    if not isinstance(translations, dict) or not all(isinstance(text, str) for text in translations.values()):
        raise ValueError(f'{path}: "translations" of line {number} must map languages to texts')
    for name in ("start_seconds", "end_seconds"):
        if not isinstance(line.get(name, 0.0), (int, float)):
            raise ValueError(f'{path}: "{name}" of line {number} must be a number')
    if not isinstance(line.get("speaker", ""), str):
        raise ValueError(f'{path}: "speaker" of line {number} must be a text')
    read = {language: Voice.from_wav(path.parent / str(file)) for language, file in voices.items()}
    try:
        known: dict[str, Any] = {**line, "voices": read}
        return Line(**known)
    except TypeError as error:
        raise ValueError(f"{path}: line {number}: {error}") from error
