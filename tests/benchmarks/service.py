"""The emulator in a process of its own: `serve()` starts it, a `Service` talks to it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Tap, synthesize
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

from .stamps import FRAME_BYTES, RIFF_BYTES, age_ms, stamped

_LINES = 400
_FIRST_SECONDS = 0.09
"""Speech ends in the middle of a frame, so that it does not hang by a rounding error which frame it is."""


@dataclass(frozen=True)
class Conversation:
    """What every client of the service says, and how the service answers.

    Args:
        period_seconds: From the start of one utterance to that of the next. Away from multiples of
            100 ms, ends of speech fall anywhere in the SDK's messages.
        speech_seconds, voice_seconds: How long an utterance and its voice are.
        voice_speed: Seconds of voice sent per second; None: at once.
        interim_interval_ms: How much speech brings another interim result; None: none.
        languages: In which there are voices.
        spoken_language: In which everything is said.
        several_voices: As in `Behaviour`.
        utterances_per_turn: The service says that speech has ended after so many; None: never.
        is_heard: The service hears who speaks, and when; else everybody says everything at its time.
    """

    period_seconds: float
    speech_seconds: float
    voice_seconds: float
    recognition_delay_ms: int = 0
    voice_delay_ms: int = 0
    voice_speed: float | None = None
    interim_interval_ms: int | None = 300
    utterances_per_turn: int | None = None
    languages: Sequence[str] = ("fr",)
    spoken_language: str = "en-US"
    several_voices: Literal["all", "first", "refused"] = "all"
    is_heard: bool = False

    def refusing_several_voices(self) -> Conversation:
        """The same, with a service that voices one language per connection."""
        return replace(self, several_voices="refused")

    def ends(self) -> Iterator[float]:
        """Where in the audio the utterances end."""
        for number in range(_LINES):
            yield _FIRST_SECONDS + number * self.period_seconds + self.speech_seconds

    def behaviour(self) -> Behaviour:
        voice = synthesize("a voice", self.voice_seconds, 16000)
        lines = [
            Line(
                f"sentence number {number} of those that are said here",
                language=self.spoken_language,
                translations={
                    language: f"phrase numéro {number} de celles qui sont dites ici, en {language}"
                    for language in self.languages
                },
                voices=dict.fromkeys(self.languages, voice),
                start_seconds=None if self.is_heard else end - self.speech_seconds,
                end_seconds=None if self.is_heard else end,
            )
            for number, end in enumerate(self.ends())
        ]
        return Behaviour(
            script=lines,
            interim_interval_ms=self.interim_interval_ms,
            recognition_delay_ms=self.recognition_delay_ms,
            voice_delay_ms=self.voice_delay_ms,
            voice_speed=self.voice_speed,
            utterances_per_turn=self.utterances_per_turn,
            several_voices=self.several_voices,
            synthesis_seconds=self.voice_seconds,
        )


class _Stamps(Tap):
    """Reads when frames were pushed, and writes into each voice when it was sent."""

    def __init__(self) -> None:
        self._upload_ms: list[float] = []
        self._cut: dict[str, bytes] = {}

    def take(self) -> list[float]:
        upload_ms, self._upload_ms = self._upload_ms, []
        return upload_ms

    def received(self, message: Message) -> None:
        if message.path != "audio":
            return
        # A message need not end where a frame does: that one has arrived with its last sample.
        body = message.body
        audio = self._cut.pop(message.request_id, b"") + body[RIFF_BYTES if body.startswith(b"RIFF") else 0 :]
        frames = len(audio) // FRAME_BYTES
        self._upload_ms += [round(age_ms(audio, number * FRAME_BYTES), 3) for number in range(frames)]
        self._cut[message.request_id] = audio[frames * FRAME_BYTES :]

    def sending(self, message: Message) -> Message:
        if message.path == "audio" and message.body.startswith(b"RIFF"):
            return Message("audio", message.headers, stamped(message.body, RIFF_BYTES))
        return message


class Service:
    """An emulator in another process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        started = self._read()
        self.endpoint: str = started["endpoint"]
        self.synthesis_url: str = started["synthesis_url"]

    def take(self) -> Any:
        """What its tap has seen since the last call."""
        assert self._process.stdin is not None
        self._process.stdin.write("take\n")
        self._process.stdin.flush()
        return self._read()

    def take_uploads(self) -> list[float]:
        """For each frame since the last call: from its push to its arrival, in milliseconds."""
        uploads: list[float] = self.take()
        return uploads

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def serve(conversation: Conversation) -> contextlib.AbstractContextManager[Service]:
    """Run the emulator for as long as the context lasts."""
    return serving("benchmarks.service", json.dumps(asdict(conversation)))


@contextlib.contextmanager
def serving(module: str, *arguments: str) -> Iterator[Service]:
    """Run a module that calls `answer`, for as long as the context lasts."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            yield Service(process)
        finally:
            process.kill()


def environment() -> dict[str, str]:
    """That of a process which finds the benchmarks and what they need of the tests."""
    paths = filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


async def answer(behaviour: Behaviour, tap: Tap, take: Callable[[], object]) -> None:
    """Run an emulator in this process, and answer its `Service`: `take` returns what the tap has seen."""
    async with Emulator(behaviour, tap=tap) as emulator:
        print(
            json.dumps({"endpoint": emulator.endpoint, "synthesis_url": emulator.synthesis_url}), flush=True
        )
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(take()), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("conversation", type=json.loads)
    stamps = _Stamps()
    behaviour = Conversation(**parser.parse_args().conversation).behaviour()
    asyncio.run(answer(behaviour, stamps, stamps.take))
