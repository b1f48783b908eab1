"""Interpret a recording in the terminal: a real AgentSession without a room.

    python examples/interpret_file.py [RECORDING] [--to fr] [--pace quick] [--out interpreted.wav] [--plot]

With AZURE_SPEECH_KEY and AZURE_SPEECH_REGION it talks to Azure.

Without AZURE_SPEECH_KEY, Azure Speech is emulated: nothing is recognized or translated. The words of the
sample, in French and German, and its voices, in French, are a script. In any other language, and in a
recording of your own, what is said comes back as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.file_audio import (
    SAMPLE_RATE_HZ,
    Heard,
    Recording,
    RecordingOutput,
    check_output,
    on_the_clock,
    write_stereo,
)
from demo.sample_session import RECORDING_HELP, WHAT_IS_EMULATED, azure_or_emulator, on_recording, read, run
from demo.timeline import Clip, Lane, check_plot, draw
from livekit.agents import AgentSession
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

import livekit_plugins_azure_interpreter as azure_interpreter


@dataclass
class Conversation:
    """What was recognized, in order, and when its voices came."""

    console: Console
    utterances: list[azure_interpreter.UtteranceRecognized] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    metrics: dict[str, azure_interpreter.UtteranceMetrics] = field(default_factory=dict)
    running: list[azure_interpreter.RunningTranslation] = field(default_factory=list)
    pieces: dict[str, list[Clip]] = field(default_factory=dict)

    def follow(self, stt: azure_interpreter.STT) -> None:
        stt.on("utterance_recognized", self._recognized)
        stt.on("voice_lost", self._lost)
        stt.on("utterance_metrics_collected", self._measured)
        stt.on("translation_begun", self.running.append)

    def note(self, now: float) -> None:
        """What is said of each sentence before its end, and when."""
        for one in self.running:
            pieces = self.pieces.setdefault(one.id, [])
            if more := one.said[sum(len(piece.text) for piece in pieces) :]:
                pieces.append(Clip(now, now, more))

    def spoken(self) -> list[azure_interpreter.UtteranceRecognized]:
        """The utterances whose voice was heard, in order."""
        return [u for u in self.utterances if u.transcript.translated and u.id not in self.silent]

    def tell(self, line: str) -> None:
        self.console.print(f"[yellow]{escape(line)}", highlight=False, soft_wrap=True)

    def _recognized(self, utterance: azure_interpreter.UtteranceRecognized) -> None:
        self.utterances.append(utterance)
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

    def _lost(self, voice: azure_interpreter.VoiceLost) -> None:
        if not voice.seconds_heard:
            self.silent.add(voice.id)

    def _measured(self, metrics: azure_interpreter.UtteranceMetrics) -> None:
        self.metrics[metrics.id] = metrics


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=f"Interpret a recording, in the voices of its speakers. {WHAT_IS_EMULATED}"
    )
    parser.add_argument("recording", nargs="?", type=Path, help=RECORDING_HELP)
    parser.add_argument(
        "--to", default="fr", metavar="LANGUAGE", help="target language (default: %(default)s)"
    )
    parser.add_argument(
        "--voice",
        default="personal-voice",
        metavar="NAME",
        help="whose voice it speaks in; a prebuilt voice needs no approval (default: %(default)s)",
    )
    parser.add_argument(
        "--pace",
        default="sentence",
        choices=("sentence", "quick", "simultaneous"),
        help="when a sentence is heard: at its end, after a shorter one, or while it is being said "
        "(default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, default=Path("interpreted.wav"), help="(default: %(default)s)")
    parser.add_argument(
        "--plot", action="store_true", help="also draw what was said and heard, as a PNG beside the WAV"
    )
    return parser.parse_args()


async def interpret(options: argparse.Namespace, console: Console) -> None:
    recording = read(options.recording)
    check_output(options.out)
    if options.plot:
        check_plot()
    conversation = Conversation(console)
    try:
        async with azure_or_emulator(options.recording, tell=conversation.tell) as credentials:
            if not credentials:
                console.print(f"Interpreting to {options.to} with Azure Speech.")
            async with contextlib.AsyncExitStack() as stack:
                stt, fallback = interpreter(options, credentials)
                if fallback is not None:
                    stack.push_async_callback(fallback.aclose)
                conversation.follow(stt)
                tts = azure_interpreter.TTS(stt, fallback=fallback, sample_rate=SAMPLE_RATE_HZ)
                session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
                await play(recording, session, conversation)
    except asyncio.CancelledError:
        if conversation.utterances:  # Ctrl-C: what was heard until then is worth keeping
            report(options.out, recording, conversation)
        raise
    report(options.out, recording, conversation)
    if options.plot:
        picture = options.out.with_suffix(".png")
        plot(picture, recording, conversation)
        console.print(f"{picture}: above what was said, below what was heard")


def interpreter(
    options: argparse.Namespace, credentials: dict[str, Any]
) -> tuple[azure_interpreter.STT, azure_interpreter.PersonalVoiceTTS | None]:
    """The STT, and what speaks while the speaker does, which Azure's own voice cannot."""
    if options.pace != "simultaneous":
        stt = azure_interpreter.STT(
            target_languages=options.to, voice=options.voice, pace=options.pace, **credentials
        )
        return stt, None
    if options.voice != "personal-voice":
        voice = azure_interpreter.PersonalVoiceTTS(voice=options.voice, **credentials)
    elif credentials:  # of the emulator, which knows every profile
        voice = azure_interpreter.PersonalVoiceTTS(speaker_profile_id="any", **credentials)
    else:
        voice = azure_interpreter.PersonalVoiceTTS()  # AZURE_SPEAKER_PROFILE_ID
    return azure_interpreter.STT(target_languages=options.to, pace=options.pace, **credentials), voice


async def play(recording: Recording, session: AgentSession[None], conversation: Conversation) -> None:
    """Until the recording is over and all of it was heard in the other language."""
    columns = (
        BarColumn(),
        TextColumn("{task.completed:5.1f} of {task.total:.1f} s"),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=conversation.console, transient=True) as progress:
        bar = progress.add_task("listening", total=recording.seconds)

        def show(loudspeaker: RecordingOutput) -> None:
            state = "speaking" if loudspeaker.busy else "listening"
            heard_seconds = min(loudspeaker.clock.now, recording.seconds)
            progress.update(bar, completed=heard_seconds, description=state)
            conversation.note(loudspeaker.clock.now)

        agent, tell = azure_interpreter.InterpreterAgent(), conversation.tell
        async with on_recording(recording, session, agent, tell=tell, progress=show) as loudspeaker:
            conversation.heard = loudspeaker.heard


def report(out: Path, recording: Recording, conversation: Conversation) -> None:
    """Keep what was heard; show how long after each utterance its translation was heard, and why."""
    console = conversation.console
    write_stereo(out, recording.pcm, conversation.heard)
    if not conversation.utterances:
        console.print("No speech was recognized.")
        return
    service = "Azure" if os.environ.get("AZURE_SPEECH_KEY") else "the emulator"
    console.print(delays(conversation))
    console.print("delay: from the end of speech to the first sound of its translation")
    console.print(f"  recognition: until {service} had sent the text of the translation")
    console.print("  queue: until the translation before it had been said")
    console.print(f"  voice: until {service} had sent its first sound, and all that this package adds")
    if any(metrics.words_before_end_share is not None for metrics in conversation.metrics.values()):
        console.print(lagging(conversation))
        console.print("lagging: how far the words that are said are behind those of the speaker, on average")
    console.print(f"{out}: left what was said, right what was heard")


def plot(picture: Path, recording: Recording, conversation: Conversation) -> None:
    """Draw what was said above what was heard; words of a running translation stand where they were heard."""

    def early(name: str, free_at: float) -> Iterator[Clip]:
        pieces, metrics = conversation.pieces.get(name, []), conversation.metrics.get(name)
        letters = sum(len(piece.text) for piece in pieces)
        for piece in pieces:
            start = max(free_at, piece.start_seconds)
            free_at = start + (metrics.voice_seconds if metrics else 0.0) * len(piece.text) / letters
            yield Clip(start, free_at, piece.text.strip())

    spoken = conversation.spoken()
    said = [(u.transcript.start_time, u.transcript.end_time, u.transcript.source_text) for u in spoken]
    voices = [(voice.start_seconds, len(voice.pcm) / 2 / SAMPLE_RATE_HZ) for voice in conversation.heard]
    texts = ["" if u.id in conversation.pieces else u.transcript.text for u in spoken]
    pieces = [piece for u, (start, _) in zip(spoken, voices, strict=False) for piece in early(u.id, start)]
    heard = [
        Clip(start, start + seconds, text) for (start, seconds), text in zip(voices, texts, strict=False)
    ]
    languages = {u.transcript.source_language for u in spoken} - {""}, {u.transcript.language for u in spoken}
    titles = (", ".join(sorted(each)) for each in languages)
    draw(
        picture,
        Lane(f"said ({next(titles)})", recording.pcm, [Clip(*one) for one in said]),
        Lane(f"heard ({next(titles)})", on_the_clock(conversation.heard), heard, pieces),
        sample_rate=SAMPLE_RATE_HZ,
    )


def delays(conversation: Conversation) -> Table:
    table = Table("", "spoken until", "heard from", "delay", "= recognition", "+ queue", "+ voice", "text")
    free_at = 0.0
    voices = zip(conversation.spoken(), conversation.heard, strict=False)
    for number, (utterance, voice) in enumerate(voices, 1):
        end = utterance.transcript.end_time
        metrics = conversation.metrics.get(utterance.id)
        recognition = metrics.recognition_delay_seconds if metrics else 0.0
        queue = max(0.0, free_at - end - recognition)
        delay = voice.start_seconds - end
        rest = max(0.0, delay - recognition - queue)  # the clocks differ by some milliseconds
        times = (end, voice.start_seconds, delay, recognition, queue, rest)
        table.add_row(str(number), *(f"{one:.2f} s" for one in times), escape(utterance.transcript.text))
        free_at = voice.start_seconds + len(voice.pcm) / 2 / SAMPLE_RATE_HZ
    return table


def lagging(conversation: Conversation) -> Table:
    """How much was said before the end of each sentence, and how far behind the speaker."""
    table = Table("", "said from", "heard after", "lagging", "said before the end", "contradicted", "text")
    for number, utterance in enumerate(conversation.spoken(), 1):
        metrics = conversation.metrics.get(utterance.id)
        if metrics is None or metrics.words_before_end_share is None:
            continue
        times = (
            utterance.transcript.start_time,
            metrics.ear_voice_span_seconds,
            metrics.average_lagging_seconds,
        )
        shares = (metrics.words_before_end_share, metrics.contradicted_share)
        table.add_row(
            str(number),
            *(f"{one or 0.0:.2f} s" for one in times),
            *(f"{one or 0.0:.0%}" for one in shares),
            escape(utterance.transcript.text),
        )
    return table


if __name__ == "__main__":
    run(interpret(arguments(), Console()))
