"""Make the sample again: a conversation in English, its translations, and the emulator's script.

    python examples/demo/sample/make_sample.py

All of it is spoken by espeak-ng (1.51, as in Debian 12), and sox brings it to 16 kHz; both must be installed.
Of each speaker, the words and their translation are spoken by one voice of espeak-ng: it stands for the voice
that Azure makes of the speaker's own. What is said was written for this sample. The recordings are under the
licence of this package, Apache-2.0; that of espeak-ng (GPL-3.0-or-later) does not cover what it speaks.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import wave
from pathlib import Path

FOLDER = Path(__file__).parent
SAMPLE_RATE = 16000
PAUSE_SECONDS = 1.0

ALICE, BEN = "f3", "m3"
"""Two of espeak-ng's voices."""

# Some translations take longer than the pauses: those overlap what is said next.
LINES = [
    (
        ALICE,
        "Good morning, and welcome to the conference.",
        "Bonjour, et bienvenue à la conférence.",
        "Guten Morgen und willkommen zur Konferenz.",
    ),
    (
        BEN,
        "Thanks, where do I register?",
        "Merci, où dois-je m'inscrire ?",
        "Danke, wo melde ich mich an?",
    ),
    (
        ALICE,
        "At the desk, right by the entrance.",
        "À l'accueil, juste à côté de l'entrée.",
        "Am Empfang, gleich neben dem Eingang.",
    ),
    (
        BEN,
        "And when does the first talk begin?",
        "Et à quelle heure commence le premier exposé ?",
        "Und wann beginnt der erste Vortrag?",
    ),
    (
        ALICE,
        "At ten, and until then there is coffee in the hall.",
        "À dix heures, et d'ici là, il y a du café dans le hall.",
        "Um zehn, und bis dahin gibt es Kaffee im Foyer.",
    ),
    (
        BEN,
        "Very good, see you there.",
        "Très bien, on se retrouve là-bas.",
        "Sehr gut, dann sehen wir uns dort.",
    ),
]


def speak(text: str, language: str, voice: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder, "spoken.wav")
        espeak: list[str | Path] = ["espeak-ng", "-v", f"{language}+{voice}", "-s", "150", "-w", spoken, text]
        subprocess.run(espeak, check=True)
        # Dither (-D: none) would make other samples each time. espeak-ng is silent for a moment at the end.
        quiet = ["reverse", "silence", "1", "0.05", "0.1%", "reverse"]
        sound = ["-r", str(SAMPLE_RATE), "-c", "1", "-b", "16"]
        subprocess.run(["sox", "-D", spoken, *sound, path, *quiet], check=True)


def spoken(text: str, language: str, voice: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spoken.wav")
        speak(text, language, voice, path)
        with wave.open(str(path), "rb") as wav:
            return wav.readframes(wav.getnframes())


def main() -> None:
    pause = bytes(2 * round(SAMPLE_RATE * PAUSE_SECONDS))
    with wave.open(str(FOLDER / "english.wav"), "wb") as wav:
        wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        speech = [spoken(text, "en-us", voice) + pause for voice, text, _, _ in LINES]
        wav.writeframes(b"".join([pause[: len(pause) // 4], *speech]))

    script = []
    for number, (voice, text, in_french, in_german) in enumerate(LINES, 1):
        speak(in_french, "fr", voice, FOLDER / f"french_{number}.wav")
        script.append(
            {
                "language": "en-US",
                "text": text,
                "translations": {"fr": in_french, "de": in_german},
                "voices": {"fr": f"french_{number}.wav"},
            }
        )
    document = json.dumps({"lines": script}, ensure_ascii=False, indent=2)
    (FOLDER / "script.json").write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
