"""The emulator for a room, in a process of its own: it hears utterances by their energy, and stamps them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from room.participant import RATE_HZ

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Tap, Voice
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

from .service import answer
from .sounds import SoundEdges, voice
from .stamps import RIFF_BYTES

RECOGNITION_DELAY_MS = 150
VOICE_DELAY_MS = 100
SILENCE_MS = 400
OWN_SECONDS = (SILENCE_MS + RECOGNITION_DELAY_MS + VOICE_DELAY_MS) / 1000
"""What the service itself takes, from the end of an utterance to the first byte of its voice."""
_LINES = 500


@dataclass
class Wire:
    """When sounds were on the wire, in seconds of the shared clock.

    Attributes:
        heard: When the message came with which an utterance ends.
        voiced: When the first message of each voice was sent.
    """

    heard: list[float] = field(default_factory=list)
    voiced: list[float] = field(default_factory=list)


class _Stamps(Tap):
    def __init__(self) -> None:
        self._came: dict[str, SoundEdges] = {}
        self._voiced: list[float] = []

    def received(self, message: Message) -> None:
        if message.path == "audio":
            body = message.body[RIFF_BYTES if message.body.startswith(b"RIFF") else 0 :]
            edges = self._came.setdefault(message.request_id, SoundEdges())
            edges.push(body, RATE_HZ, time.monotonic())

    def sending(self, message: Message) -> Message:
        if message.path == "audio" and message.body.startswith(b"RIFF"):
            self._voiced.append(time.monotonic())
        return message

    def take(self) -> dict[str, Any]:
        heard = sorted(end for edges in self._came.values() for end in edges.ends)
        seen = Wire(heard, self._voiced)
        self._came, self._voiced = {}, []
        return asdict(seen)


def _behaviour() -> Behaviour:
    voices = {"fr": Voice(voice(), RATE_HZ)}
    return Behaviour(
        script=[
            Line(f"sentence number {n}", translations={"fr": f"phrase numéro {n}"}, voices=voices)
            for n in range(_LINES)
        ],
        recognition_delay_ms=RECOGNITION_DELAY_MS,
        voice_delay_ms=VOICE_DELAY_MS,
        silence_ms=SILENCE_MS,
        utterances_per_turn=1,
        synthesis_seconds=len(voice()) / 2 / RATE_HZ,
    )


if __name__ == "__main__":
    stamps = _Stamps()
    asyncio.run(answer(_behaviour(), stamps, stamps.take))
