"""Interpret a WAV file in the terminal: a real AgentSession without a room.

    python examples/interpret_file.py [INPUT] [--to fr] [--out interpreted.wav]

With AZURE_SPEECH_KEY and AZURE_SPEECH_REGION it talks to Azure. Without, it starts the emulator of
Azure Speech that the package brings.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

from file_audio import Clock, FileInput, Heard, Recording, RecordingOutput, check_output, write_stereo
from interruptible import run_interruptibly
from livekit.agents import AgentSession
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from sample_session import SAMPLE, SAMPLE_RATE_HZ, Failure, watch_errors

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, load_script

QUIET_SECONDS = 3.0
"""After the end of the file: with no sign of speech for this long, everything was heard."""
LONGEST_WAIT_SECONDS = 120.0


@dataclass
class Conversation:
    """What happened, in order."""

    clock: Clock
    console: Console
    utterances: list[azure_interpreter.UtteranceRecognized] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    last_sign: float = 0.0

    def recognized(self, utterance: azure_interpreter.UtteranceRecognized) -> None:
        self.utterances.append(utterance)
        self.sign()
        said = utterance.transcript
        minutes, seconds = divmod(said.start_time, 60)
        lines = Table.grid(padding=(0, 2))
        lines.add_row(
            f"[dim]{minutes:02.0f}:{seconds:04.1f}",
            f"[dim]{said.source_language or '?'}",
            escape(said.source_text),
        )
        if said.translated:
            lines.add_row("", f"[dim]→ {said.language}", f"[bold]{escape(said.text)}")
        else:
            lines.add_row("", "[dim]→", "[dim](not translated)")
        self.console.print(lines)

    def lost(self, voice: azure_interpreter.VoiceLost) -> None:
        self.console.print(f"[yellow]the voice of {voice.id} is lost: {voice.reason}[/]")
        if not voice.seconds_heard:
            self.silent.add(voice.id)

    def sign(self, *_: object) -> None:
        self.last_sign = self.clock.now

    def spoken(self) -> list[azure_interpreter.UtteranceRecognized]:
        """The utterances whose voice was heard, in order."""
        return [u for u in self.utterances if u.transcript.translated and u.id not in self.silent]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Interpret a WAV file, in the voices of its speakers.")
    parser.add_argument("input", nargs="?", type=Path, help="16 bit WAV file (default: a sample in English)")
    parser.add_argument("--to", default="fr", metavar="LANGUAGE", help="target language (default: fr)")
    parser.add_argument(
        "--out", type=Path, default=Path("interpreted.wav"), help="(default: interpreted.wav)"
    )
    return parser.parse_args()


@contextlib.asynccontextmanager
async def interpreter(
    options: argparse.Namespace, console: Console
) -> AsyncGenerator[azure_interpreter.STT, None]:
    """The STT: of Azure, or of the emulator."""
    if os.environ.get("AZURE_SPEECH_KEY"):
        console.print(f"Interpreting to {options.to} with Azure Speech.")
        yield azure_interpreter.STT(target_languages=options.to)
        return
    script = load_script(SAMPLE / "script.json") if options.input is None else []
    voices = "its voices are scripted" if script else "each speaker's own samples are the voice"
    console.print(
        f"AZURE_SPEECH_KEY is not set: using the emulator of Azure Speech; {voices}.", soft_wrap=True
    )
    async with Emulator(Behaviour(script=script)) as emulator:
        yield azure_interpreter.STT(
            target_languages=options.to, speech_key="emulator", speech_endpoint=emulator.endpoint
        )


async def interpret(options: argparse.Namespace, recording: Recording, console: Console) -> None:
    clock = Clock()
    conversation = Conversation(clock, console)
    loudspeaker = RecordingOutput(clock, SAMPLE_RATE_HZ)
    async with contextlib.AsyncExitStack() as stack:
        stt = await stack.enter_async_context(interpreter(options, console))
        stt.on("utterance_recognized", conversation.recognized)
        stt.on("voice_lost", conversation.lost)
        tts = azure_interpreter.TTS(stt, sample_rate=SAMPLE_RATE_HZ)
        session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
        session.on("user_state_changed", conversation.sign)
        session.input.audio = FileInput(recording, clock)
        session.output.audio = loudspeaker
        stack.push_async_callback(stt.aclose)
        stack.push_async_callback(session.aclose)
        failed = watch_errors(session)
        await session.start(azure_interpreter.InterpreterAgent())
        try:
            await play(recording, conversation, loudspeaker, failed)
        finally:
            # Also after Ctrl-C: what was heard until then is worth keeping.
            if not failed.done():
                report(options, recording, conversation, loudspeaker.heard)


async def play(
    recording: Recording,
    conversation: Conversation,
    loudspeaker: RecordingOutput,
    failed: asyncio.Future[None],
) -> None:
    """Until the file is over and all of it was heard in the other language."""
    clock = conversation.clock
    columns = (
        BarColumn(),
        TextColumn("{task.completed:5.1f} of {task.total:.1f} s"),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=conversation.console, transient=True) as progress:
        bar = progress.add_task("listening", total=recording.seconds)
        while clock.now < recording.seconds + LONGEST_WAIT_SECONDS:
            await asyncio.wait({failed}, timeout=0.1)
            if failed.done():
                failed.result()
            if loudspeaker.busy:
                conversation.sign()
            quiet = clock.now - max(conversation.last_sign, recording.seconds)
            if quiet >= QUIET_SECONDS:
                return
            state = "speaking" if loudspeaker.busy else "listening"
            progress.update(bar, completed=min(clock.now, recording.seconds), description=state)


def report(
    options: argparse.Namespace, recording: Recording, conversation: Conversation, heard: list[Heard]
) -> None:
    console = conversation.console
    said = recording.mono(SAMPLE_RATE_HZ)
    write_stereo(options.out, said, heard, SAMPLE_RATE_HZ)
    if not conversation.utterances:
        console.print("No speech was recognized.")
        return
    table = Table("", "spoken until", "heard from", "delay", "voice", f"in {options.to}")
    for number, (utterance, speech) in enumerate(zip(conversation.spoken(), heard, strict=False), 1):
        end = utterance.transcript.end_time
        table.add_row(
            str(number),
            f"{end:.2f} s",
            f"{speech.start_seconds:.2f} s",
            f"{speech.start_seconds - end:.2f} s",
            f"{len(speech.pcm) / 2 / SAMPLE_RATE_HZ:.2f} s",
            escape(utterance.transcript.text),
        )
    console.print(table)
    console.print(
        "delay: from the end of speech to the first sound of its translation, which waits for those before"
    )
    console.print(f"{options.out}: left what was said, right what was heard")


def main() -> int:
    options = arguments()
    console = Console()
    try:
        recording = Recording.read(options.input or SAMPLE / "english.wav")
        check_output(options.out)
        # LiveKit warns of each retry; the error that ends it is shown below, once.
        logging.getLogger("livekit").setLevel(logging.CRITICAL)
        run_interruptibly(interpret(options, recording, console))
    except (ValueError, OSError) as error:
        console.print(f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return 2
    except Failure as error:
        console.print(f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("interrupted")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
