from __future__ import annotations

import asyncio
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Tap, Voice
from livekit_plugins_azure_interpreter.emulator.wire import Message

_SLOW = Line("slow", voices={"fr": Voice(bytes(320_000))})


class TestAge:
    async def test_a_connection_is_closed_when_it_is_old(self, start: Any, connect: Any) -> None:
        client = await connect((await start(Behaviour(connection_seconds=0.05))).endpoint)
        assert await client.closed() == 1000

    async def test_what_is_under_way_is_cut(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(Behaviour(script=[_SLOW], voice_speed=1.0, connection_seconds=0.2))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        assert (await client.closed(), emulator.spoken) == (1000, [])

    async def test_one_that_was_closed_before_is_left_alone(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(connection_seconds=0.05))
        await (await connect(emulator.endpoint)).socket.close()
        await asyncio.sleep(0.1)
        assert emulator.connections == 1


class TestClientThatLeaves:
    async def test_nothing_is_spoken_to_it(
        self, start: Any, connect: Any, audio: Any, eventually: Any
    ) -> None:
        emulator = await start(Behaviour(script=[_SLOW], voice_speed=1.0))
        before = len(asyncio.all_tasks())
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.until("audio")
        await client.socket.close()
        await eventually(lambda: len(asyncio.all_tasks()) <= before)
        assert emulator.spoken == []

    async def test_a_voice_of_an_earlier_turn_is_not_left_behind(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        behaviour = Behaviour(script=[_SLOW] * 3, voice_speed=1.0, utterances_per_turn=1)
        emulator = await start(behaviour)
        client = await connect(emulator.endpoint)
        for number, request_id in enumerate(("r1", "r2", "r3")):
            await client.open_turn(request_id, offset=str(number * 25_000_000))
            await client.say(audio.utterance(number), request_id)
            await client.until_final()
        before = len(asyncio.all_tasks())
        await client.socket.close()
        await emulator.aclose()
        assert len(asyncio.all_tasks()) < before
        assert emulator.spoken == []


class _Recording(Tap):
    def __init__(self) -> None:
        self.paths: list[str] = []

    def received(self, message: Message) -> None:
        self.paths.append(f"> {message.path}")

    def sending(self, message: Message) -> Message:
        self.paths.append(f"< {message.path}")
        return Message("other", message.headers, message.body) if message.path == "turn.end" else message


class TestTap:
    @pytest.fixture
    async def tapped(self, connect: Any, audio: Any) -> tuple[_Recording, Any]:
        tap = _Recording()
        async with Emulator(tap=tap) as emulator:
            client = await connect(emulator.endpoint)
            await client.open_turn()
            await client.audio(b"")
            await client.until("other")
        return tap, client

    async def test_it_sees_every_message(self, tapped: tuple[_Recording, Any]) -> None:
        assert tapped[0].paths == [
            "> speech.config",
            "> speech.context",
            "< turn.start",
            "> audio",
            "> audio",
            "< speech.endDetected",
            "< turn.end",
        ]

    async def test_what_it_returns_is_sent(self, tapped: tuple[_Recording, Any]) -> None:
        assert tapped[1].paths == ["turn.start", "speech.endDetected", "other"]
