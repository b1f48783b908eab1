"""An hour of audio through one stream of a real AgentSession, faster than it is spoken.

python -m soak.hour [--minutes 60] [--speed 2] [--keep-events]

As the package sets the SDK up, it sends a first minute at once, then audio at twice the pace of speech
at most: at 2 results come as soon as ever, at 2.5 later and later. For a higher speed its pace is lifted.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from fakes.room import PADDING, Audio
from livekit import rtc
from livekit.agents import AgentEvent, AgentSession
from livekit.agents.testing import fake_job_context
from livekit.agents.voice import io
from rich.console import Console
from rich.table import Table

from livekit_plugins_azure_interpreter import (
    STT,
    TTS,
    InterpreterAgent,
    UtteranceRecognized,
    session_options,
)
from livekit_plugins_azure_interpreter._sdk import recognizer as _recognizer

from .figures import Usage, emulator, usage

_RATE_HZ = 16000
_SPACING_SECONDS = 4.0
_SPEECH_SECONDS = 1.2
_MARGIN_SECONDS = 0.1
"""The emulator keeps this much on either side of what it hears."""
_SDK_SPEED = 2.0
"""The most at which the SDK keeps up, as the package sets it up."""
_UNPACED_MS = 2**31 - 1
_STUCK_SECONDS = 20.0
"""With nothing new for so long, nothing more will be heard."""
_WARM_MINUTE = 10
"""From then on nothing may grow; a sixth of the way in a shorter run."""
_MOST_GROWTH_MB = 5.0
"""Kept, the voices of 50 minutes would be 32 MB, the audio 92 MB."""
_MOST_DELAY_SECONDS = 2.0
"""From the end of an utterance to its final: more is a lag. The emulator waits for 0.2 s of silence."""


def _speech(number: int) -> bytes:
    """An utterance that no other sounds like."""
    return Audio().burst(_SPEECH_SECONDS, hertz=200 + 4 * number)


def _voice(number: int) -> bytes:
    """As the emulator gives it back."""
    margin = Audio().silence(_MARGIN_SECONDS)
    return margin + _speech(number) + margin


def _digest(pcm: bytes) -> bytes:
    return hashlib.blake2b(pcm, digest_size=16).digest()


@dataclass
class Heard:
    """What was heard, by the numbers of the utterances; -1 is what is no utterance's whole voice."""

    spoken: int
    numbers: list[int] = field(default_factory=list)

    @property
    def altered(self) -> int:
        return self.numbers.count(-1)

    @property
    def whole(self) -> int:
        return len(self.numbers) - self.altered

    @property
    def lost(self) -> int:
        return self.spoken - self._different

    @property
    def repeated(self) -> int:
        return self.whole - self._different

    @property
    def out_of_order(self) -> int:
        known = [number for number in self.numbers if number >= 0]
        return sum(later < earlier for earlier, later in pairwise(known))

    @property
    def _different(self) -> int:
        return len(set(self.numbers) - {-1})


@dataclass(frozen=True)
class Row:
    """The state at a minute of the audio; `delays`, in seconds, are of the finals since the row before."""

    minute: int
    usage: Usage
    chat_items: int
    events_kept: int
    heard: int
    delays: list[float]

    @property
    def most_delay(self) -> float:
        return max(self.delays, default=0.0)


class _Microphone(io.AudioInput):
    """Makes its audio as it goes, on a schedule: one that is late catches up."""

    def __init__(self, count: int, speed: float, minute_passed: Callable[[int], None]) -> None:
        super().__init__(label="microphone")
        self._speed = speed
        self._minute_passed = minute_passed
        self._frames = self._speak(count)
        self._began_at = 0.0
        self._seconds = 0.0
        self.ended_at: dict[int, float] = {}
        self.known: dict[bytes, int] = {}
        self._done_at: float | None = None

    async def __anext__(self) -> rtc.AudioFrame:
        self._began_at = self._began_at or time.monotonic()
        frame = next(self._frames, None)
        if frame is None:
            self._done_at = time.monotonic()
            await asyncio.Event().wait()
            raise StopAsyncIteration
        await asyncio.sleep(max(0.0, self._began_at + self._seconds / self._speed - time.monotonic()))
        before = int(self._seconds // 60)
        self._seconds += frame.duration
        if int(self._seconds // 60) > before:
            self._minute_passed(before + 1)
        return frame

    @property
    def wall_seconds(self) -> float:
        return (self._done_at or time.monotonic()) - self._began_at

    def _speak(self, count: int) -> Iterator[rtc.AudioFrame]:
        audio = Audio()
        silence = audio.frames(audio.silence(0.02))[0]
        quiet = round((_SPACING_SECONDS - _SPEECH_SECONDS) / 0.02)
        for number in range(count):
            for _ in range(quiet // 2):
                yield silence
            self.known[_digest(_voice(number))] = number
            yield from audio.frames(_speech(number))
            self.ended_at[number] = time.monotonic()
            for _ in range(quiet - quiet // 2):
                yield silence


class _Speaker(io.AudioOutput):
    """Plays at a multiple of the pace of speech; a segment is recognized, counted and forgotten."""

    def __init__(self, speed: float, known: dict[bytes, int], heard: Heard) -> None:
        capabilities = io.AudioOutputCapabilities(pause=False)
        super().__init__(label="speaker", capabilities=capabilities, sample_rate=_RATE_HZ)
        self._speed, self._known, self._heard = speed, known, heard
        self._pcm = bytearray()
        self._began_at = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._pcm:
            self._began_at = time.monotonic()
            self.on_playback_started(created_at=time.time())
        self._pcm += frame.data.cast("b")

    def flush(self) -> None:
        super().flush()
        if self._pcm:
            ends_at = self._began_at + self._seconds / self._speed
            asyncio.get_running_loop().call_later(max(0.0, ends_at - time.monotonic()), self._finish)

    def clear_buffer(self) -> None:
        if self._pcm:
            self._finish(interrupted=True)

    @property
    def _seconds(self) -> float:
        return len(self._pcm) / 2 / _RATE_HZ

    def _finish(self, interrupted: bool = False) -> None:
        pcm, seconds = bytes(self._pcm), self._seconds
        self._pcm.clear()
        # LiveKit may end a segment with a short silence of its own.
        digests = (_digest(pcm), _digest(pcm.removesuffix(PADDING)))
        self._heard.numbers.append(next((self._known[one] for one in digests if one in self._known), -1))
        self.on_playback_finished(playback_position=seconds, interrupted=interrupted)


class _Session(AgentSession[None]):
    """Does not keep its events: LiveKit does, to its end, some 20 kB for each utterance."""

    def emit(self, event: Any, arg: AgentEvent) -> None:
        super().emit(event, arg)
        self._recorded_events.clear()


class Run:
    """One session, from its microphone to its speaker."""

    def __init__(self, endpoint: str, minutes: int, speed: float, *, keep_events: bool) -> None:
        self._minutes = minutes
        self.warm_minute = min(_WARM_MINUTE, max(1, minutes // 6))
        self.heard = Heard(round(minutes * 60 / _SPACING_SECONDS))
        self.rows: list[Row] = []
        self.errors: list[str] = []
        self._delays: list[float] = []
        self._stt = STT(target_languages="fr", speech_key="any", speech_endpoint=endpoint)
        self._agent = InterpreterAgent()
        self.microphone = _Microphone(self.heard.spoken, speed, self._minute_passed)
        self._session = (AgentSession[None] if keep_events else _Session)(
            stt=self._stt, tts=TTS(self._stt), **session_options(session_close_transcript_timeout=0.1)
        )
        self._session.input.audio = self.microphone
        self._session.output.audio = _Speaker(speed, self.microphone.known, self.heard)
        self._session.on("error", lambda event: self.errors.append(str(event.error)))
        self._stt.on("voice_lost", lambda event: self.errors.append(event.reason))
        self._stt.on("utterance_recognized", self._recognized)

    async def run(self) -> None:
        """Speak it all, and listen until nothing more comes."""
        with fake_job_context():
            await self._session.start(self._agent, record=False)
            seen, since = -1, time.monotonic()
            while time.monotonic() - since < (_STUCK_SECONDS if seen < self.heard.spoken else 1.0):
                await asyncio.sleep(0.25)
                if len(self.heard.numbers) != seen:
                    seen, since = len(self.heard.numbers), time.monotonic()
            self._add_row(self._minutes)
            await self._session.aclose()
        await self._stt.aclose()

    @property
    def warm(self) -> Row:
        return next(row for row in self.rows if row.minute >= self.warm_minute)

    @property
    def last(self) -> Row:
        return self.rows[-1]

    @property
    def growth_mb(self) -> float:
        return self.last.usage.rss_mb - self.warm.usage.rss_mb

    def _minute_passed(self, minute: int) -> None:
        if minute < self._minutes and (minute == 1 or minute % self.warm_minute == 0):
            self._add_row(minute)
            print(f"{minute} min, {self.last.usage.rss_mb:.1f} MB", file=sys.stderr, flush=True)

    def _add_row(self, minute: int) -> None:
        delays, self._delays = self._delays, []
        items = len(self._session.history.items) + len(self._agent.chat_ctx.items)
        kept = len(self._session._recorded_events)
        self.rows.append(Row(minute, usage(), items, kept, len(self.heard.numbers), delays))

    def _recognized(self, event: UtteranceRecognized) -> None:
        # The emulator numbers what it hears from 1 on.
        number = int(event.transcript.source_text.rpartition(" ")[2]) - 1
        self._delays.append(time.monotonic() - self.microphone.ended_at[number])


def _table(run: Run) -> Table:
    seconds = run.microphone.wall_seconds
    table = Table(title=f"{run.last.minute} min of audio in {seconds / 60:.1f} min, by one stream")
    columns = ("minute", "MB", "threads", "tasks", "chat items", "events kept", "heard")
    for name in (*columns, "final after: median s", "most s"):
        table.add_column(name, justify="right")
    for row in run.rows:
        used = row.usage
        figures = [row.minute, f"{used.rss_mb:.1f}", used.threads, used.tasks, row.chat_items]
        figures += [row.events_kept, row.heard, f"{median(row.delays or [0.0]):.2f}", f"{row.most_delay:.2f}"]
        table.add_row(*map(str, figures))
    return table


def _summary(run: Run) -> str:
    heard = run.heard
    return (
        f"{heard.spoken} utterances: {heard.whole} heard whole, sample for sample; {heard.lost} lost, "
        f"{heard.altered} altered, {heard.repeated} repeated, {heard.out_of_order} out of order.\n"
        f"Memory from minute {run.warm.minute} to {run.last.minute}: {run.growth_mb:+.1f} MB."
    )


def _broken(run: Run, *, keep_events: bool) -> list[str]:
    """The limits that were exceeded."""
    heard, warm, last = run.heard, run.warm, run.last
    limits = {
        "not every utterance was heard once, whole and in order": heard.numbers != [*range(heard.spoken)],
        f"memory grew by more than {_MOST_GROWTH_MB} MB": not keep_events and run.growth_mb > _MOST_GROWTH_MB,
        "threads came or went": last.usage.threads != warm.usage.threads,
        "tasks grew in number": last.usage.tasks > warm.usage.tasks,
        "the chat context grew": last.chat_items > warm.chat_items,
        "results lagged": max(row.most_delay for row in run.rows) > _MOST_DELAY_SECONDS,
    }
    return [what for what, broken in limits.items() if broken] + run.errors


async def _interpret(minutes: int, speed: float, *, keep_events: bool) -> Run:
    # Made on the loop: an AgentSession takes the one that is there for its timers.
    with emulator("--silence-ms", "200") as endpoint:
        run = Run(endpoint, minutes, speed, keep_events=keep_events)
        await run.run()
    return run


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m soak.hour", description="One long stream.")
    parser.add_argument("--minutes", type=int, default=60, help="of audio")
    parser.add_argument("--speed", type=float, default=_SDK_SPEED, help="a multiple of the pace of speech")
    parser.add_argument(
        "--keep-events", action="store_true", help="let LiveKit keep the session's events, as it does"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    if options.speed > _SDK_SPEED:
        _recognizer._SDK_SETTINGS["SPEECH-TransmitLengthBeforThrottleMs"] = _UNPACED_MS
    run = asyncio.run(_interpret(options.minutes, options.speed, keep_events=options.keep_events))
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(_table(run))
    console.print(_summary(run))
    broken = _broken(run, keep_events=options.keep_events)
    for limit in broken:
        console.print(f"[bold red]{limit}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
