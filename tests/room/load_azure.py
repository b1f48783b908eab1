"""Azure Speech, emulated in a process of its own, so that what it costs is no part of what a meeting costs:
`python -m room.load_azure` tells its endpoint in a line.

It knows each sentence by its sound, as `watch_cases` does, but looks for it in an eighth of the samples, and
does not cut it into windows: it is asked for each interim result, too, and its time is the meetings'.
"""

from __future__ import annotations

import asyncio

import numpy as np

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line
from livekit_plugins_azure_interpreter.emulator.script import Voice

from .watch_cases import SPOKEN

READY = "The endpoint is "
_FEWER = 8
"""One of so many samples is looked at."""
_SIZE = 1 << 15
"""Of the transforms: at 2 kHz, a sentence and what was heard, of 8 s each."""


def _spectrum(pcm: bytes) -> np.ndarray:
    samples = np.frombuffer(pcm, "<i2")[: _SIZE // 2 * _FEWER]
    fewer = samples[: len(samples) // _FEWER * _FEWER].reshape(-1, _FEWER).mean(axis=1)
    return np.fft.rfft(fewer / (np.linalg.norm(fewer) + 1.0), _SIZE)


_SENTENCES = np.conj([_spectrum(one.pcm) for one in SPOKEN])


def recognize(heard: Voice) -> Line:
    """The sentence that is the most alike, wherever it lies in what was heard."""
    alike = np.fft.irfft(_SENTENCES * _spectrum(heard.pcm), axis=1).max(axis=1)
    return SPOKEN[int(np.argmax(alike))].line


async def _serve() -> None:
    async with Emulator(Behaviour(script=recognize, silence_ms=700)) as emulator:
        print(f"{READY}{emulator.endpoint}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
