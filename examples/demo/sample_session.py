"""An agent is tried on any machine: a recording is its microphone, and the emulator can be its Azure."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from livekit.agents import Agent, AgentSession

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, load_script

from .file_audio import Clock, FileInput, Recording, RecordingOutput
from .interruptible import run_interruptibly
from .service_watch import Failure, ServiceWatch

SAMPLE = Path(__file__).parent / "sample"
RECORDING_HELP = "an audio file: WAV, FLAC, MP3, Opus, ... (default: a sample in English)"
WHAT_IS_EMULATED = (
    "Without AZURE_SPEECH_KEY, Azure Speech is emulated: nothing is recognized or translated. "
    "The words of the sample, in French and German, and its voices, in French, are a script. "
    "In any other language, and in a recording of your own, what is said comes back as it is."
)
_QUIET_SECONDS = 3.0
"""After the end of the recording: with no sign of speech for so long, all was heard."""


def run(example: Coroutine[Any, Any, None]) -> None:
    """Run an example to its end; a mistake and Ctrl-C end it by an exit code, without a traceback."""
    # LiveKit logs each error with its traceback; here each is told once, by ServiceWatch.
    for name in ("livekit", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        run_interruptibly(example)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except Failure as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def read(path: Path | None) -> Recording:
    """A user's recording, or the sample.

    Raises:
        ValueError: It cannot be read; the message is for the user.
    """
    return Recording.read(path or SAMPLE / "english.wav")


@contextlib.asynccontextmanager
async def azure_or_emulator(
    path: Path | None, *, tell: Callable[[str], None] = print
) -> AsyncGenerator[dict[str, Any], None]:
    """What to give `STT` to connect: nothing, if there is a key, else the emulator.

    Args:
        path: A user's own recording, which the script of the sample is not about; None: the sample.
        tell: Is given a line about what is emulated.
    """
    if os.environ.get("AZURE_SPEECH_KEY"):
        yield {}
        return
    tell(WHAT_IS_EMULATED)
    behaviour = Behaviour(synthesis_seconds=None)
    if path is None:
        behaviour = replace(behaviour, script=load_script(SAMPLE / "script.json"))
    async with Emulator(behaviour) as emulator:
        yield {"speech_key": "emulator", "speech_endpoint": emulator.endpoint}


@contextlib.asynccontextmanager
async def on_recording(
    recording: Recording,
    session: AgentSession[Any],
    agent: Agent,
    *,
    tell: Callable[[str], None] = print,
    progress: Callable[[RecordingOutput], None] = lambda _: None,
) -> AsyncGenerator[RecordingOutput, None]:
    """A session that hears a recording, at the pace of speech.

    Leaving it waits until all was said and heard, and closes the session with its STT and TTS.

    Args:
        tell: Is given what goes wrong on the way, as lines.
        progress: Is called ten times a second.

    Raises:
        Failure: A service does not answer, or LiveKit cannot recover from its error.
    """
    clock = Clock()
    loudspeaker = RecordingOutput(clock)
    session.input.audio = FileInput(recording, clock)
    session.output.audio = loudspeaker
    watch = ServiceWatch(session, tell)
    signs = [recording.seconds]

    def sign(_: object = None) -> None:
        signs[0] = max(recording.seconds, clock.now)

    session.on("user_state_changed", sign)
    session.on("user_input_transcribed", sign)
    try:
        await session.start(agent)
        yield loudspeaker
        while not watch.all_answer or clock.now - signs[0] < _QUIET_SECONDS:
            await watch.until_next_check()
            progress(loudspeaker)
            if loudspeaker.busy:
                sign()
    finally:
        await session.aclose()
        for one in (session.stt, session.tts):
            if one is not None:
                await one.aclose()
