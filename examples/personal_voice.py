"""Greet in the speaker's own voice, then interpret; a translation whose voice is lost sounds the same.

    python examples/personal_voice.py [--voice fr-FR-DeniseNeural] [--out personal_voice.wav] [RECORDING]

With AZURE_SPEECH_KEY, AZURE_SPEECH_REGION and AZURE_SPEAKER_PROFILE_ID (of an enrolled personal voice; or
with --voice) it talks to Azure.

Without AZURE_SPEECH_KEY, Azure Speech is emulated: nothing is recognized or translated. The words of the
sample, in French and German, and its voices, in French, are a script. In any other language, and in a
recording of your own, what is said comes back as it is.
The voice of the greeting is noise then. The session, the Azure SDK and the connection are real.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from file_audio import SAMPLE_RATE_HZ, check_output, write_stereo
from livekit.agents import AgentSession
from sample_session import RECORDING_HELP, WHAT_IS_EMULATED, azure_or_emulator, on_recording, read, run

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.emulator import NoVoice

GREETING = "Bonjour à tous. Je vous parle avec ma propre voix."
LAST_VOICE_LOST = NoVoice(6)
"""The emulator sends none for the last of the sample's utterances."""


async def interpret(options: argparse.Namespace) -> None:
    recording = read(options.recording)
    check_output(options.out)
    async with azure_or_emulator(options.recording, LAST_VOICE_LOST) as credentials:
        stt = azure_interpreter.STT(target_languages="fr", **credentials)
        if credentials:
            options.voice = options.voice or "fr-FR-DeniseNeural"  # the emulator knows no enrolled voice
        voice = azure_interpreter.PersonalVoiceTTS(
            voice=options.voice, sample_rate=SAMPLE_RATE_HZ, **credentials
        )
        # The pair; and what Azure made no voice for, `voice` says.
        tts = azure_interpreter.TTS(stt, fallback=voice, sample_rate=SAMPLE_RATE_HZ)
        session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
        stt.on("utterance_recognized", lambda utterance: print("→", utterance.transcript.text))
        stt.on("voice_lost", lambda lost: print(f"  (Azure's voice of {lost.id} is lost: {lost.reason})"))
        async with on_recording(recording, session, azure_interpreter.InterpreterAgent()) as loudspeaker:
            print("→", GREETING)
            session.say(GREETING, allow_interruptions=False)
        await voice.aclose()
    write_stereo(options.out, recording.pcm, loudspeaker.heard)
    print(f"{options.out}: left what was said, right the {len(loudspeaker.heard)} speeches that were heard")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=f"Greet and interpret in the speaker's own voice. {WHAT_IS_EMULATED}"
    )
    parser.add_argument("recording", nargs="?", type=Path, help=RECORDING_HELP)
    parser.add_argument("--voice", help="a prebuilt voice instead of AZURE_SPEAKER_PROFILE_ID")
    parser.add_argument("--out", type=Path, default=Path("personal_voice.wav"), help="default: %(default)s")
    run(interpret(parser.parse_args()))


if __name__ == "__main__":
    main()
