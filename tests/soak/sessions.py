"""Sessions opened and closed in one process, beside as many of the bare SDK in another.

python -m soak.sessions [--sessions 1000]

Each opens a connection of its own, says an utterance, hears its voice sample for sample, and closes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field

from fakes.limits import within
from fakes.room import Audio, Microphone, Speaker
from livekit.agents import AgentSession
from livekit.agents.testing import fake_job_context
from rich.console import Console
from rich.table import Table

from livekit_plugins_azure_interpreter import (
    STT,
    TTS,
    InterpreterAgent,
    SpeechStream,
    SynthesizeStream,
    session_options,
)
from livekit_plugins_azure_interpreter._sdk.connection import Connection
from livekit_plugins_azure_interpreter._sdk.recognizer import AzureRecognizer
from livekit_plugins_azure_interpreter._voices.ledger import Ledger
from livekit_plugins_azure_interpreter._voices.utterance import Utterance

from . import bare
from .figures import Usage, alive, emulator, usage

_AUDIO = Audio()
_PCM = _AUDIO.speech((0.2, 0.6), end=1.0)
_VOICE = _AUDIO.silence(0.1) + _AUDIO.burst(0.4, hertz=300) + _AUDIO.silence(0.1)
"""As the emulator gives it back: with a tenth of a second on either side."""
_SPEED = 20.0
_WARM_TENTHS = 4
"""Of the sessions: after them growth is counted, since the SDK itself grows at first."""
_MOST_GROWTH_MB = 5.0
"""More than the bare SDK's."""
_SETTLE_SECONDS = 2.0
"""Native threads end a moment after what needed them."""
_FORGET_SECONDS = 20.0
"""A cancelled timer keeps its session in memory until it would have been due."""
_MODELS = (STT, TTS)
"""A session may have them to itself, or share them with all others."""
_OBJECTS = (
    AgentSession,
    SpeechStream,
    SynthesizeStream,
    Ledger,
    Utterance,
    Connection,
    AzureRecognizer,
)


@dataclass
class Result:
    """What one process reports.

    Attributes:
        unheard: Sessions whose voice did not come whole.
        objects: What is in memory after the last, of `_OBJECTS` and in the end of `_MODELS`; what is
            not is left out.
        usages: Every tenth of the sessions, by how many there were.
    """

    seconds: float = 0.0
    unheard: int = 0
    objects: dict[str, int] = field(default_factory=dict)
    usages: dict[int, Usage] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Result:
        fields = json.loads(text)
        usages = {int(count): Usage(**found) for count, found in fields.pop("usages").items()}
        return cls(**fields, usages=usages)

    @property
    def warm(self) -> Usage:
        return list(self.usages.values())[_WARM_TENTHS - 1]

    @property
    def last(self) -> Usage:
        return list(self.usages.values())[-1]

    @property
    def growth_mb(self) -> float:
        return self.last.rss_mb - self.warm.rss_mb


Session = Callable[[], Awaitable[bool]]


def _bare(endpoint: str) -> Session:
    """The SDK alone."""

    async def session() -> bool:
        return bare.interpret(endpoint, _PCM)

    return session


def _streams(endpoint: str) -> Session:
    """Streams of one STT, and speeches of one TTS."""
    stt = STT(target_languages="fr", speech_key="any", speech_endpoint=endpoint)
    tts = TTS(stt)

    async def session() -> bool:
        async with stt.stream() as stream:
            for frame in _AUDIO.frames(_PCM):
                stream.push_frame(frame)
            async for event in stream:
                if event.type.value == "final_transcript":
                    return _AUDIO.same(await _say(tts, event.alternatives[0].text), _VOICE)
        return False

    return session


async def _say(tts: TTS, text: str) -> bytes:
    async with tts.stream() as stream:
        stream.push_text(text)
        stream.end_input()
        return b"".join([bytes(audio.frame.data) async for audio in stream])


def _sessions(endpoint: str) -> Session:
    """Whole AgentSessions, each with an STT and a TTS of its own."""

    async def session() -> bool:
        # LiveKit keeps a session for as long as its job: each has a job of its own, as in a worker.
        with fake_job_context():
            return _AUDIO.same(await _converse(endpoint), _VOICE)

    return session


async def _converse(endpoint: str) -> bytes:
    stt = STT(target_languages="fr", speech_key="any", speech_endpoint=endpoint)
    options = session_options(session_close_transcript_timeout=0.1)
    session = AgentSession[None](stt=stt, tts=TTS(stt), **options)
    microphone, speaker = Microphone(speed=_SPEED), Speaker(speed=_SPEED)
    session.input.audio, session.output.audio = microphone, speaker
    await session.start(InterpreterAgent(), record=False)
    microphone.speak(_PCM)
    await speaker.until_played(1)
    await session.aclose()
    await stt.aclose()
    return b"".join(speaker.segments)


_KINDS: dict[str, Callable[[str], Session]] = {
    "bare SDK": _bare,
    "STT.stream + TTS": _streams,
    "AgentSession": _sessions,
}
_BARE = "bare SDK"


async def _run(kind: str, endpoint: str, count: int) -> Result:
    result, began_at = Result(), time.monotonic()
    session = _KINDS[kind](endpoint)
    tenth = max(1, count // 10)
    for number in range(1, 10 * tenth + 1):
        result.unheard += not await within(session())
        if number % tenth == 0:
            await asyncio.sleep(_SETTLE_SECONDS)
            result.usages[number] = usage()
            print(f"{kind}: {number} sessions, {result.last.rss_mb:.1f} MB", file=sys.stderr, flush=True)
    result.seconds = time.monotonic() - began_at - 10 * _SETTLE_SECONDS
    result.objects = await _left(*_OBJECTS)
    del session
    result.objects |= await _left(*_MODELS)
    return result


async def _left(*kinds: type) -> dict[str, int]:
    """What is in memory of what should not be."""
    deadline = time.monotonic() + _FORGET_SECONDS
    while (found := alive(*kinds)) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.5)
    return found


def _table(results: dict[str, Result]) -> Table:
    table = Table(title="Sessions, one after another: memory in MB, threads")
    table.add_column("sessions", justify="right")
    for kind in results:
        table.add_column(kind, justify="right")
    of = list(results.values())
    for count in of[0].usages:
        figures = [result.usages[count] for result in of]
        table.add_row(str(count), *(f"{found.rss_mb:.1f}   {found.threads}" for found in figures))
    table.add_section()
    warm, *_, last = list(of[0].usages)[_WARM_TENTHS - 1 :]
    table.add_row(f"growth, {warm} to {last}", *(f"{result.growth_mb:+.1f} MB" for result in of))
    table.add_row("a session", *(f"{result.seconds / last:.2f} s" for result in of))
    table.add_row("not heard whole", *(str(result.unheard) for result in of))
    table.add_row("objects left", *(str(sum(result.objects.values())) for result in of))
    return table


def _broken(results: dict[str, Result]) -> list[str]:
    """The limits that were exceeded."""
    most = results[_BARE].growth_mb + _MOST_GROWTH_MB
    broken = []
    for kind, result in results.items():
        if kind != _BARE and result.growth_mb > most:
            broken.append(f"{kind}: grew by {result.growth_mb:.1f} MB, at most {most:.1f} MB")
        if result.last.threads != result.warm.threads:
            broken.append(f"{kind}: {result.warm.threads} threads became {result.last.threads}")
        if result.unheard:
            broken.append(f"{kind}: {result.unheard} voices were not heard whole")
        if result.objects:
            broken.append(f"{kind}: still in memory: {result.objects}")
    return broken


def _measure(count: int) -> dict[str, Result]:
    """All kinds at the same time, each in a process of its own."""
    with emulator("--silence-ms", "200") as endpoint:
        begin = [sys.executable, "-m", "soak.sessions", "--sessions", str(count), "--endpoint", endpoint]
        processes = {
            kind: subprocess.Popen([*begin, "--only", kind], stdout=subprocess.PIPE, text=True)
            for kind in _KINDS
        }
        outputs = {kind: process.communicate()[0] for kind, process in processes.items()}
    for kind, process in processes.items():
        if process.returncode:
            raise SystemExit(f"{kind}: the process ended with {process.returncode}")
    return {kind: Result.parse(output) for kind, output in outputs.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m soak.sessions", description="Many sessions.")
    parser.add_argument("--sessions", type=int, default=1000, help="how many of each kind")
    parser.add_argument("--only", choices=_KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--endpoint", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    if options.only:
        result = asyncio.run(_run(options.only, options.endpoint, options.sessions))
        print(json.dumps(asdict(result)))
        return 0
    console = Console(width=None if sys.stdout.isatty() else 120)
    results = _measure(options.sessions)
    console.print(_table(results))
    broken = _broken(results)
    for limit in broken:
        console.print(f"[bold red]{limit}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
