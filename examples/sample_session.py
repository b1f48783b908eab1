"""An agent is tried on any machine: a recording is its microphone, and the emulator can be its Azure."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from typing import Any

from environment import require_environment
from file_audio import Clock, FileInput, Recording, RecordingOutput
from livekit.agents import Agent, AgentServer, AgentSession, ErrorEvent, cli

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Fault, load_script

SAMPLE = Path(__file__).parent / "sample"
SAMPLE_RATE_HZ = 16000
_QUIET_SECONDS = 3.0
"""After the end of the recording: when nothing was heard for this long, all was."""


def run_agent(server: AgentServer, sample: Callable[[Recording], Coroutine[Any, Any, None]]) -> None:
    """The command line of an agent: LiveKit's, and `sample [RECORDING.wav]`."""
    if sys.argv[1:2] != ["sample"]:
        require_environment()
        cli.run_app(server)
        return
    parser = argparse.ArgumentParser(
        prog=f"{Path(sys.argv[0]).name} sample", description="Try the agent on a recording, without a room."
    )
    parser.add_argument("recording", nargs="?", type=Path, default=SAMPLE / "english.wav", help="16 bit WAV")
    path = parser.parse_args(sys.argv[2:]).recording

    async def try_it() -> None:
        await sample(Recording.read(path))

    run(try_it())


def run(example: Coroutine[Any, Any, None]) -> None:
    """Run an example to its end; a mistake and Ctrl-C end it by an exit code, without a traceback."""
    try:
        asyncio.run(example)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


@contextlib.asynccontextmanager
async def azure_or_emulator(*faults: Fault) -> AsyncGenerator[dict[str, Any], None]:
    """What to give `STT` and `PersonalVoiceTTS` to connect: nothing, if there is a key, else the emulator.

    Args:
        *faults: What goes wrong with the emulator.
    """
    if os.environ.get("AZURE_SPEECH_KEY"):
        yield {}
        return
    print(
        "AZURE_SPEECH_KEY is not set: using the emulator of Azure Speech; what it speaks by itself is noise."
    )
    behaviour = Behaviour(script=load_script(SAMPLE / "script.json"), synthesis_seconds=2.0, faults=faults)
    async with Emulator(behaviour) as emulator:
        yield {"speech_key": "emulator", "speech_endpoint": emulator.endpoint}


@contextlib.asynccontextmanager
async def on_recording(
    recording: Recording, session: AgentSession[Any], agent: Agent
) -> AsyncGenerator[RecordingOutput, None]:
    """A session that hears a recording, at the pace of speech.

    Leaving it waits until all was said and heard, and closes the session with its STT and TTS.
    """
    clock = Clock()
    loudspeaker = RecordingOutput(clock, SAMPLE_RATE_HZ)
    session.input.audio = FileInput(recording, clock)
    if session.tts is not None:
        session.output.audio = loudspeaker
    session.on("error", _report)
    try:
        await session.start(agent)
        yield loudspeaker
        quiet_since = recording.seconds
        while clock.now - quiet_since < _QUIET_SECONDS:
            await asyncio.sleep(0.1)
            if loudspeaker.busy:
                quiet_since = max(recording.seconds, clock.now)
    finally:
        await session.aclose()
        for one in (session.stt, session.tts):
            if one is not None:
                await one.aclose()


def _report(event: ErrorEvent) -> None:
    print("error:", getattr(event.error, "error", event.error))
