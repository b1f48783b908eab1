"""Greet in the speaker's own voice, then interpret; a translation whose voice is lost sounds the same.

    python examples/personal_voice.py [--voice fr-FR-DeniseNeural] [--out personal_voice.wav]

With AZURE_SPEECH_KEY, AZURE_SPEECH_REGION and AZURE_SPEAKER_PROFILE_ID (of an enrolled personal voice; or
with --voice) it talks to Azure. Without a key it starts the emulator of Azure Speech that the package
brings: what that speaks by itself is noise, but the session, the Azure SDK and the wire are real.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from file_audio import Clock, FileInput, Recording, RecordingOutput, write_stereo
from livekit.agents import AgentSession

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, NoVoice, load_script

SAMPLE = Path(__file__).parent / "sample"
SAMPLE_RATE_HZ = 16000
GREETING = "Bonjour à tous. Je vous parle avec ma propre voix."
QUIET_SECONDS = 3.0


@contextlib.asynccontextmanager
async def service(options: argparse.Namespace) -> AsyncGenerator[dict[str, Any], None]:
    """Where to connect to: the emulator, unless there is a key."""
    if os.environ.get("AZURE_SPEECH_KEY"):
        yield {}
        return
    print("AZURE_SPEECH_KEY is not set: using the emulator of Azure Speech, which loses the last voice.")
    options.voice = options.voice or "fr-FR-DeniseNeural"
    behaviour = Behaviour(
        script=load_script(SAMPLE / "script.json"), synthesis_seconds=2.0, faults=[NoVoice(5)]
    )
    async with Emulator(behaviour) as emulator:
        yield {"speech_key": "emulator", "speech_endpoint": emulator.endpoint}


async def interpret(options: argparse.Namespace) -> None:
    clock = Clock()
    recording = Recording.read(SAMPLE / "english.wav")
    loudspeaker = RecordingOutput(clock, SAMPLE_RATE_HZ)
    async with contextlib.AsyncExitStack() as stack:
        where = await stack.enter_async_context(service(options))
        stt = azure_interpreter.STT(target_languages="fr", **where)
        voice = azure_interpreter.PersonalVoiceTTS(voice=options.voice, sample_rate=SAMPLE_RATE_HZ, **where)
        tts = azure_interpreter.TTS(stt, fallback=voice, sample_rate=SAMPLE_RATE_HZ)
        session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
        for close in (voice.aclose, stt.aclose, session.aclose):
            stack.push_async_callback(close)
        stt.on("utterance_recognized", lambda utterance: print("→", utterance.transcript.text))
        stt.on("voice_lost", lambda lost: print(f"  (Azure's voice of {lost.id} is lost: {lost.reason})"))
        session.on("error", lambda event: print("error:", event.error.error))
        session.input.audio = FileInput(recording, clock)
        session.output.audio = loudspeaker
        await session.start(azure_interpreter.InterpreterAgent())
        print("→", GREETING)
        session.say(GREETING, allow_interruptions=False)
        quiet_since = 0.0
        while clock.now < recording.seconds or clock.now - quiet_since < QUIET_SECONDS:
            await asyncio.sleep(0.1)
            if loudspeaker.busy or clock.now < recording.seconds:
                quiet_since = clock.now
    write_stereo(options.out, recording.mono(SAMPLE_RATE_HZ), loudspeaker.heard, SAMPLE_RATE_HZ)
    print(f"{options.out}: left what was said, right the {len(loudspeaker.heard)} speeches that were heard")


def main() -> None:
    parser = argparse.ArgumentParser(description="Greet and interpret in the speaker's own voice.")
    parser.add_argument("--voice", help="a prebuilt voice instead of AZURE_SPEAKER_PROFILE_ID")
    parser.add_argument("--out", type=Path, default=Path("personal_voice.wav"), help="default: %(default)s")
    try:
        asyncio.run(interpret(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
