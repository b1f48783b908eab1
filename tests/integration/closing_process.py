"""A process that closes streams at different moments of their work, and then ends.

`test_closing.py` runs several: what is left behind shows when the interpreter ends, as a process that
hangs, aborts or complains. The first argument says with which moment to begin, and so with which to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable

import numpy as np
from fakes.limits import LIMIT_SECONDS, within
from livekit import rtc
from livekit.agents.stt import SpeechStream

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter._sdk import connection as _connection
from livekit_plugins_azure_interpreter._sdk import threads as _threads
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice


def _tone(seconds: float) -> bytes:
    return (8000 * np.sin(np.arange(round(seconds * 16000)) / 6)).astype("<i2").tobytes()


_SPEECH = bytes(6400) + _tone(0.6) + bytes(19200)


class _Closing:
    """A pair at work, to be closed."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.before = emulator.connections
        self.stt = STT(target_languages="fr", speech_key="any", speech_endpoint=emulator.endpoint)
        self.tts = TTS(self.stt)
        self.stream: SpeechStream = self.stt.stream()
        self.speaking: list[asyncio.Task[None]] = []
        self.began = asyncio.Event()

    def push(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), 640):
            part = pcm[at : at + 640]
            self.stream.push_frame(rtc.AudioFrame(part, 16000, 1, len(part) // 2))

    async def until(self, kind: str) -> str:
        async for event in self.stream:
            if event.type.value == kind:
                return event.alternatives[0].text if event.alternatives else ""
        raise AssertionError(f"no {kind}")

    async def speak(self) -> None:
        """Say the next translation, up to the first sound of its voice."""
        self.speaking.append(asyncio.create_task(self._say(await self.until("final_transcript"))))
        await self.began.wait()

    async def _say(self, text: str) -> None:
        async with self.tts.stream() as stream:
            stream.push_text(text)
            stream.end_input()
            async for _ in stream:
                self.began.set()

    async def aclose(self) -> None:
        await self.stream.aclose()
        await self.stt.aclose()
        await asyncio.gather(*self.speaking)
        await self.tts.aclose()


async def _before_it_runs(_: _Closing) -> None:
    pass


async def _while_it_opens(closing: _Closing) -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def _when_connected(closing: _Closing) -> None:
    while closing.emulator.connections == closing.before:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def _in_silence(closing: _Closing) -> None:
    closing.push(bytes(16000))
    await _when_connected(closing)


async def _when_speech_began(closing: _Closing) -> None:
    closing.push(_SPEECH[:16000])
    await closing.until("start_of_speech")


async def _in_an_utterance(closing: _Closing) -> None:
    closing.push(_SPEECH[:19200])
    await closing.until("interim_transcript")


async def _at_a_final(closing: _Closing) -> None:
    closing.push(_SPEECH)
    await closing.until("final_transcript")


async def _in_a_voice(closing: _Closing) -> None:
    closing.push(_SPEECH)
    await closing.speak()


async def _while_it_drains(closing: _Closing) -> None:
    closing.push(_SPEECH)
    closing.stream.end_input()
    await closing.until("start_of_speech")


async def _when_it_has_failed(closing: _Closing) -> None:
    await closing.stream.aclose()
    await closing.emulator.aclose()
    closing.stream = closing.stt.stream()
    closing.push(_SPEECH)
    await asyncio.sleep(0.05)


_MOMENTS: list[Callable[[_Closing], Awaitable[None]]] = [
    _before_it_runs,
    _while_it_opens,
    _when_connected,
    _in_silence,
    _when_speech_began,
    _in_an_utterance,
    _at_a_final,
    _in_a_voice,
    _while_it_drains,
    _when_it_has_failed,
]


async def _main(first: int) -> None:
    for moment in _MOMENTS[first:] + _MOMENTS[:first]:
        line = Line("hello", translations={"fr": "bonjour"}, voices={"fr": Voice(_tone(20.0))})
        behaviour = Behaviour(script=[line], interim_interval_ms=100, voice_speed=1.0)
        async with contextlib.AsyncExitStack() as stack:
            emulator = await stack.enter_async_context(Emulator(behaviour))
            closing = _Closing(emulator)
            await within(moment(closing))
            await within(closing.aclose())


if __name__ == "__main__":
    # Whether it ends is asked here, not how soon: a machine may be busy.
    _connection.CLOSE_SECONDS = _threads._EXIT_SECONDS = LIMIT_SECONDS
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    asyncio.run(_main(int(sys.argv[1]) % len(_MOMENTS)))
