"""Make the sample again: English speech, its translations (spoken in French), and the emulator's script.

    python examples/sample/make_sample.py

The programs that speak are flite (English, voice "slt") and espeak-ng (French); sox brings the
French to 16 kHz. All three must be installed.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import wave
from pathlib import Path

FOLDER = Path(__file__).parent
SAMPLE_RATE = 16000
PAUSE_SECONDS = 1.2

# The second and third lines are short, their translations long: those overlap what is said next.
LINES = [
    (
        "Good morning and welcome to our meeting.",
        "Bonjour à toutes et à tous, et bienvenue à notre réunion.",
        "Guten Morgen und willkommen zu unserer Sitzung.",
    ),
    (
        "The train is late.",
        "Malheureusement, le train que nous attendons ce matin a beaucoup de retard.",
        "Der Zug hat Verspätung.",
    ),
    (
        "Please wait here.",
        "Je vous prie de bien vouloir patienter ici encore quelques instants.",
        "Bitte warten Sie hier.",
    ),
    (
        "Coffee is served in the hall and the first talk begins at ten.",
        "Le café est servi dans le hall, et le premier exposé commence à dix heures.",
        "Im Saal wird Kaffee serviert, und der erste Vortrag beginnt um zehn.",
    ),
    (
        "Thank you very much for coming.",
        "Merci beaucoup d'être venus.",
        "Vielen Dank, dass Sie gekommen sind.",
    ),
]


def english(text: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spoken.wav")
        subprocess.run(["flite", "-voice", "slt", "-t", text, "-o", path], check=True)
        with wave.open(str(path), "rb") as wav:
            assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (SAMPLE_RATE, 2, 1)
            return wav.readframes(wav.getnframes())


def french(text: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder, "spoken.wav")
        subprocess.run(["espeak-ng", "-v", "fr", "-s", "160", "-w", spoken, text], check=True)
        # Dither (-D: none) would make other samples each time.
        subprocess.run(["sox", "-D", spoken, "-r", str(SAMPLE_RATE), "-c", "1", "-b", "16", path], check=True)


def main() -> None:
    pause = bytes(2 * round(SAMPLE_RATE * PAUSE_SECONDS))
    with wave.open(str(FOLDER / "english.wav"), "wb") as wav:
        wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        wav.writeframes(b"".join(english(text) + pause for text, _, _ in LINES))

    script = []
    for number, (text, in_french, in_german) in enumerate(LINES, 1):
        voice = f"french_{number}.wav"
        french(in_french, FOLDER / voice)
        script.append(
            {
                "language": "en-US",
                "text": text,
                "translations": {"fr": in_french, "de": in_german},
                "voices": {"fr": voice},
            }
        )
    document = json.dumps({"lines": script}, ensure_ascii=False, indent=2)
    (FOLDER / "script.json").write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
