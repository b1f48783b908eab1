"""What people say into their microphones in these tests, and what Azure makes of it."""

from __future__ import annotations

import wave
from pathlib import Path

from room.speech import Sentence, known_by_sound, recorded, sentences, silence

from livekit_plugins_azure_interpreter.emulator import Line, Script, Voice

RATE_HZ = 16000
_SAID = sentences()


def _line(text: str, language: str, **translations: tuple[str, bytes]) -> Line:
    texts = {code.replace("_", "-"): words for code, (words, _) in translations.items()}
    voices = {code.replace("_", "-"): Voice(pcm) for code, (_, pcm) in translations.items()}
    return Line(text, language, texts, voices)


MARKUP = "<img src=x onerror=alert(1)>"
"""What a page must show as text."""
ALICES = Sentence(
    _SAID[4],
    _line(
        "There is coffee in the hall.",
        "en-US",
        fr=("Il y a du café dans le hall.", recorded("french_5.wav")),
        de=("Im Foyer gibt es Kaffee.", recorded("french_4.wav")),
        ar=("توجد قهوة في القاعة.", recorded("french_3.wav")),
    ),
)
BOBS = Sentence(
    _SAID[0],
    _line(
        "Bonjour et bienvenue.",
        "fr-FR",
        en=("Good morning, and welcome.", recorded("french_1.wav")),
        de=(f"Guten Morgen {MARKUP}", recorded("french_2.wav")),
        ar=("صباح الخير وأهلًا بكم.", recorded("french_6.wav")),
    ),
)


def script() -> Script:
    """Each sentence is known by its sound, whoever says it and when."""
    return known_by_sound([ALICES, BOBS])


def write_speech(path: Path, sentence: Sentence) -> Path:
    """A recording to be played again and again: a sentence twice, and a longer pause.

    The sentence is said again while its first interpretation is heard, and once more after it.
    """
    return _write(path, silence(1.0) + sentence.pcm + silence(1.0) + sentence.pcm + silence(7.0))


def write_silence(path: Path) -> Path:
    """A recording of nothing."""
    return _write(path, silence(10.0))


def _write(path: Path, pcm: bytes) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(pcm)
    return path
