"""Three utterances that an emulator with faults hears, and their voices."""

from __future__ import annotations

from typing import Any

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Voice, faults

VOICE = Voice(b"".join(bytes([number, 0x10]) for number in range(200)) * 16)
"""3,200 samples that differ from their neighbours, in two messages."""
_SCRIPT = tuple(
    Line(text, translations={"fr": f"{text} fr"}, voices={"fr": VOICE}) for text in ("one", "two", "three")
)


def behaviour(*what: faults.Fault, **more: Any) -> Behaviour:
    """Understand three utterances, with these faults."""
    return Behaviour(script=_SCRIPT, interim_interval_ms=None, faults=what, **more)


async def whole_turn(start: Any, connect: Any, audio: Any, *what: faults.Fault, **how: Any) -> Any:
    """A client that said three utterances in a turn."""
    context = how.pop("context", {})
    client = await connect((await start(behaviour(*what, **how))).endpoint)
    await client.whole_turn(b"".join(audio.utterance(seed) for seed in (1, 2, 3)), **context)
    return client
