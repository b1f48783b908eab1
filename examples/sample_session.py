"""An agent is tried on any machine: a recording is its microphone, and the emulator can be its Azure."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from typing import Any

from environment import require_environment
from file_audio import Clock, FileInput, Recording, RecordingOutput
from interruptible import run_interruptibly
from livekit.agents import Agent, AgentServer, AgentSession, ErrorEvent, cli

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Fault, load_script

SAMPLE = Path(__file__).parent / "sample"
SAMPLE_RATE_HZ = 16000
_QUIET_SECONDS = 3.0
"""After the end of the recording: when nothing was heard for this long, all was."""


class Failure(Exception):
    """The session gave up; the message is for the user."""


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
    # LiveKit tells each error with its traceback; the one that ends the session is told here, once.
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    try:
        run_interruptibly(example)
    except (ValueError, OSError, Failure) as error:
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

    Raises:
        Failure: An error from which LiveKit cannot recover.
    """
    clock = Clock()
    loudspeaker = RecordingOutput(clock, SAMPLE_RATE_HZ)
    session.input.audio = FileInput(recording, clock)
    if session.tts is not None:
        session.output.audio = loudspeaker
    failed = watch_errors(session)
    try:
        await session.start(agent)
        yield loudspeaker
        quiet_since = recording.seconds
        while clock.now - quiet_since < _QUIET_SECONDS:
            await asyncio.wait({failed}, timeout=0.1)
            if failed.done():
                failed.result()
            if loudspeaker.busy:
                quiet_since = max(recording.seconds, clock.now)
    finally:
        await session.aclose()
        for one in (session.stt, session.tts):
            if one is not None:
                await one.aclose()


def watch_errors(session: AgentSession[Any]) -> asyncio.Future[None]:
    """Fails with the first error that LiveKit cannot recover from."""
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_error(event: ErrorEvent) -> None:
        if not event.error.recoverable and not failed.done():
            failed.set_exception(Failure(getattr(event.error.error, "message", str(event.error.error))))

    session.on("error", on_error)
    return failed
