"""A process that closes many connections just as the SDK begins a turn.

It begins one with the first audio, and another one with the rest of the audio when the service ends the turn,
right after the last voice. `test_closing.py` runs several: one that meets a null pointer then, aborts.
"""

from __future__ import annotations

import asyncio
import sys

from fakes.lengths import behaviour, utterance
from fakes.limits import LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter._sdk import connection as _connection
from livekit_plugins_azure_interpreter._sdk import events
from livekit_plugins_azure_interpreter._sdk.connection import Connection
from livekit_plugins_azure_interpreter._sdk.recognizer import AzureRecognizer
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.emulator import Emulator
from livekit_plugins_azure_interpreter.options import Options

_AT_ONCE = 8


async def _close_at_a_first_turn(options: Options) -> None:
    async with Connection(AzureRecognizer, options, connect_seconds=LIMIT_SECONDS) as connection:
        connection.write(utterance(2))


async def _close_after_the_last_voice(options: Options) -> None:
    async with Connection(AzureRecognizer, options, connect_seconds=LIMIT_SECONDS) as connection:
        connection.write(utterance(2))
        connection.end_audio()
        async for event in connection:
            if isinstance(event, events.VoiceCompleted):
                break


async def _main(closings: int) -> None:
    async with Emulator(behaviour()) as emulator:
        credentials = Credentials(endpoint=emulator.endpoint, key="any")
        options = Options(credentials=credentials, target_languages=("fr",))

        async def close_one_after_another() -> None:
            for _ in range(closings // _AT_ONCE):
                await within(_close_at_a_first_turn(options))
                await within(_close_after_the_last_voice(options))

        await asyncio.gather(*(close_one_after_another() for _ in range(_AT_ONCE)))


if __name__ == "__main__":
    # Whether it lives is asked here, not how soon a connection closes: a machine may be busy.
    _connection.CLOSE_SECONDS = LIMIT_SECONDS
    asyncio.run(_main(int(sys.argv[1])))
