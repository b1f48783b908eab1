"""A process whose clock is set back by an hour while it interprets; it prints what was heard.

Run with libfaketime: the clock that the SDK sees is the one that the file in FAKETIME_TIMESTAMP_FILE tells.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from fakes.room import Audio
from livekit.agents import APIConnectOptions

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

_STEP = Path(os.environ["FAKETIME_TIMESTAMP_FILE"])


async def main() -> None:
    audio = Audio()
    said = audio.frames(audio.speech((0.2, 0.8), end=1.4))
    async with Emulator(Behaviour(script=lambda _: Line("heard"), silence_ms=200)) as emulator:
        stt = STT(
            target_languages="fr",
            speech_key="any",
            speech_endpoint=emulator.endpoint,
            peer_timeout_seconds=600.0,
        )
        async with stt.stream(conn_options=APIConnectOptions(max_retry=0, timeout=4)) as stream:
            for before_the_step in (True, False):
                for frame in said:
                    stream.push_frame(frame)
                async for event in stream:
                    if event.type.value == "final_transcript":
                        break
                if before_the_step:
                    before = time.time()
                    _STEP.write_text("-3600")  # noqa: ASYNC240 - before anything else happens
                    assert time.time() < before, "the clock was not set back"
        await stt.aclose()
        print("heard twice, connections:", emulator.connections)


asyncio.run(main())
