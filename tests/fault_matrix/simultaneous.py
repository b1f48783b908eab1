"""The faults of recognition while speech is interpreted as it is said: no word may be lost or said twice.

python -m fault_matrix.simultaneous [--case NAME …] [--out simultaneous.json]

Each case is that of the matrix, with fewer and longer utterances; what strikes in an utterance strikes in
mid-sentence.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from fakes.room import Microphone, Speaker
from fakes.streaming_voice import StreamingVoice
from livekit.agents import AgentSession
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, session_options
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice
from livekit_plugins_azure_interpreter.emulator.faults import Fault

from . import speech
from .cases import CASES, COUNT, Case

UTTERANCES = 12
_TIMES_LONGER = COUNT // UTTERANCES
_SPEECH_SECONDS = 3.0
_WORDS = 9
_STUCK_SECONDS = 45.0
_MID_SENTENCE_SECONDS = 1.6
_IN_PAUSE_SECONDS = -0.4


@dataclass
class Heard:
    """What was heard of the words of all utterances.

    Attributes:
        case: What went wrong.
        words: How many were said.
        lost: How many were not heard.
        repeated: How many were heard again.
        in_order: They were heard in order.
        early: The share of the utterances of which something was heard before their end.
        connections: How many connections there were.
        seconds: How long the case took.
    """

    case: str
    words: int
    lost: int
    repeated: int
    in_order: bool
    early: float
    connections: int
    seconds: float

    @property
    def is_whole(self) -> bool:
        """All was heard, once and in order."""
        return not (self.lost or self.repeated) and self.in_order


def cases() -> list[Case]:
    """The cases that are about recognition: those of voices do not arise, because Azure sends none."""
    return [_longer(case) for case in CASES if case.official and not (case.tokens or case.blocks_seconds)]


async def interpret(case: Case) -> Heard:
    """Run a case."""
    began_at, voice = time.monotonic(), StreamingVoice()
    behaviour: dict[str, Any] = {"script": _recognize, "faults": case.faults, "silence_ms": 200}
    with fake_job_context():
        async with Emulator(Behaviour(**{**behaviour, **case.behaviour})) as emulator:
            stt = STT(
                target_languages="fr",
                pace="simultaneous",
                speech_key="any",
                speech_endpoint=emulator.endpoint,
                **case.stt,
            )
            early = await _run(case, stt, voice)
            heard = [word for text in voice.texts for word in _words(text)]
    said = [word for number in range(1, case.count + 1) for word in _words(_line(number).translations["fr"])]
    first = list(dict.fromkeys(heard))
    return Heard(
        case.name,
        len(said),
        len(set(said) - set(heard)),
        len(heard) - len(first),
        first == [word for word in said if word in set(heard)],
        early,
        emulator.connections,
        time.monotonic() - began_at,
    )


async def _run(case: Case, stt: STT, voice: StreamingVoice) -> float:
    microphone, speaker = Microphone(speed=case.speed), Speaker(speed=case.speed)
    options = session_options(session_close_transcript_timeout=0.1)
    session = AgentSession[None](stt=stt, tts=TTS(stt, fallback=voice), **options)
    session.input.audio, session.output.audio = microphone, speaker
    shares: list[float] = []
    ended: list[str] = []
    stt.on("utterance_metrics_collected", lambda one: shares.append(one.words_before_end_share or 0.0))
    stt.on("utterance_recognized", lambda one: ended.append(one.id))
    await session.start(InterpreterAgent(), record=False)
    microphone.speak(speech.conversation(case.count, case.spacing_seconds, case.speech_seconds))
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < (
        1.0 if len(ended) >= case.count and not speaker.playing else _STUCK_SECONDS
    ):
        await asyncio.sleep(0.1)
        if (now := len(voice.speeches) + speaker.played + len(ended)) != seen:
            seen, since = now, time.monotonic()
    await session.aclose()
    return sum(share > 0 for share in shares) / max(1, len(shares))


def _recognize(samples: Voice) -> Line:
    return _line(speech.hear(samples))


def _line(number: int) -> Line:
    words = [f"{number}x{at}" for at in range(_WORDS)]
    french = " ".join(f"mot{word}" + "," * (at % 4 == 3) for at, word in enumerate(words))
    return Line(" ".join(f"word{word}" for word in words), translations={"fr": f"{french}."})


def _words(text: str) -> list[str]:
    return [word.strip(",.") for word in text.split()]


def _longer(case: Case) -> Case:
    return replace(
        case,
        count=UTTERANCES,
        spacing_seconds=_TIMES_LONGER * speech.SPACING_SECONDS,
        speech_seconds=_SPEECH_SECONDS,
        faults=[_later(fault) for fault in case.faults],
    )


def _later(fault: Fault) -> Fault:
    names = {one.name for one in fields(fault)}
    if "at_seconds" in names:
        since_start = fault.at_seconds - speech.SPACING_SECONDS
        spaces = round(since_start)
        within = _MID_SENTENCE_SECONDS if since_start > spaces else _IN_PAUSE_SECONDS
        at = speech.SPACING_SECONDS + _TIMES_LONGER * round(spaces / _TIMES_LONGER) + within
        return replace(fault, **{"at_seconds": at})
    if "utterance" in names and fault.utterance:
        return replace(fault, **{"utterance": max(1, round(fault.utterance / _TIMES_LONGER))})
    return fault


async def _all(names: Sequence[str]) -> list[Heard]:
    rows = []
    for case in cases():
        if not names or case.name in names:
            rows.append(row := await interpret(case))
            mark = "" if row.is_whole else "   <- NOT WHOLE"
            print(
                f"{row.case:45} lost {row.lost:3} repeated {row.repeated:3} in order {row.in_order} "
                f"early {row.early:4.0%} connections {row.connections:2} {row.seconds:5.1f} s{mark}",
                flush=True,
            )
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", nargs="*", default=(), help="only these (default: all)")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    found = asyncio.run(_all(options.case))
    if options.out:
        options.out.write_text(json.dumps([asdict(row) for row in found], indent=1), encoding="utf-8")
    raise SystemExit(not all(row.is_whole for row in found))
