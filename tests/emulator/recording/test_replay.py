from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    Drop,
    Emulator,
    Exchange,
    RecordedConnection,
    RecordedMessage,
)
from livekit_plugins_azure_interpreter.emulator.recording.replay import Replay
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message, json_body

pytestmark = pytest.mark.native


def _client(at: float, position: float = 0.0, *, path: str = "audio", turn: int = 1) -> RecordedMessage:
    return RecordedMessage(
        sender="client", at_seconds=at, message=Message(path), turn=turn, position_seconds=position
    )


def _service(
    at: float, path: str, body: bytes | None = None, *, turn: int = 1, position: float = 0.0
) -> RecordedMessage:
    content = json_body({"at": at}) if body is None else body
    return RecordedMessage(
        sender="service",
        at_seconds=at,
        message=Message(path, {"X-StreamId": "7"}, content),
        turn=turn,
        position_seconds=position,
        binary=body is not None,
    )


_START = [_client(0.0, path="speech.context"), _service(0.01, "turn.start")]
_TURN = [
    *_START,
    _client(0.5, 0.5),
    _service(0.6, "translation.response", position=0.5),
    _service(0.61, "audio", b"RIFF", position=0.5),
    _client(1.0, 1.0),
    _service(1.1, "speech.endDetected", position=1.0),
    _service(1.2, "turn.end", position=9.0),
]


@pytest.fixture
def replay(start: Any) -> Callable[..., Awaitable[Emulator]]:
    async def make(*connections: Any, **options: Any) -> Emulator:
        recorded = [
            one if isinstance(one, RecordedConnection) else RecordedConnection(messages=one)
            for one in connections
        ]
        emulator: Emulator = await start(Behaviour(replay=Exchange(connections=recorded), **options))
        return emulator

    return make


class TestTurn:
    async def test_all_that_the_service_said_is_said_again_in_order(
        self, replay: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await replay(_TURN)).endpoint)
        await client.whole_turn(audio.silence(1.1))
        paths = ["turn.start", "translation.response", "audio", "speech.endDetected", "turn.end"]
        assert client.paths == paths

    async def test_a_message_is_as_it_was_but_for_the_id_that_the_client_chose(
        self, replay: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await replay(_TURN)).endpoint)
        await client.whole_turn(audio.silence(1.1), "mine")
        (voice,) = client.of("audio")
        assert (voice.body, voice.headers) == (b"RIFF", {"X-StreamId": "7", "X-RequestId": "mine"})
        assert client.of("translation.response")[0].json() == {"at": 0.6}

    async def test_a_message_waits_for_as_much_audio_as_it_came_after(
        self, replay: Any, connect: Any, audio: Any
    ) -> None:
        messages = [*_START, _client(0.5, 0.5), _service(0.5, "translation.response", position=0.5)]
        emulator = await replay(messages)
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(0.4))
        await client.until("turn.start")
        with pytest.raises(asyncio.TimeoutError):
            await client.socket.receive(0.1)
        await client.say(audio.silence(0.2))
        await client.until("translation.response")

    async def test_a_message_comes_as_long_after_the_audio_as_it_did(
        self, replay: Any, connect: Any, audio: Any
    ) -> None:
        messages = [*_START, _client(0.5, 0.5), _service(0.8, "translation.response", position=0.5)]
        client = await connect((await replay(messages)).endpoint)
        await client.open_turn()
        began_at = time.monotonic()
        await client.say(audio.silence(0.6))
        await client.until("translation.response")
        assert time.monotonic() - began_at >= 0.29

    async def test_a_client_that_ends_early_is_told_all(self, replay: Any, connect: Any, audio: Any) -> None:
        client = await connect((await replay(_TURN)).endpoint)
        await client.whole_turn(audio.silence(0.1))
        assert client.paths[-1] == "turn.end"

    async def test_a_turn_waits_until_the_client_begins_it(
        self, replay: Any, connect: Any, audio: Any
    ) -> None:
        second = [_client(1.3, path="speech.context", turn=2), _service(1.31, "turn.start", turn=2)]
        client = await connect((await replay([*_TURN, *second])).endpoint)
        await client.whole_turn(audio.silence(1.1))
        await client.open_turn("r2")
        frame = await client.until("turn.start")
        assert (frame.headers["X-RequestId"], frame.json()) == ("r2", {"at": 1.31})

    async def test_a_turn_that_was_not_recorded_is_heard_and_ends(
        self, replay: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await replay(_TURN)).endpoint)
        await client.whole_turn(audio.silence(1.1))
        client.received.clear()
        await client.whole_turn(audio.silence(0.5), "r2")
        await client.audio(b"", "r2")
        assert client.paths == ["turn.start", "speech.endDetected", "turn.end"]
        assert client.of("speech.endDetected")[0].json() == {"Offset": 5_000_000}

    async def test_each_is_counted(self, replay: Any, connect: Any, audio: Any) -> None:
        emulator = await replay(_TURN)
        client = await connect(emulator.endpoint)
        await client.whole_turn(audio.silence(1.1))
        assert (emulator.turns, emulator.connections) == (1, 1)

    async def test_a_message_of_no_turn_has_no_id(self, replay: Any, connect: Any) -> None:
        client = await connect((await replay([_service(0.0, "hello", turn=0)])).endpoint)
        frame = await client.until("hello")
        assert frame.headers == {"X-StreamId": "7"}

    async def test_audio_before_any_turn_is_not_heard(self, replay: Any, connect: Any, audio: Any) -> None:
        client = await connect((await replay(_TURN)).endpoint)
        await client.say(audio.silence(2.0))
        await client.open_turn()
        await client.until("turn.start")


class TestEnd:
    async def test_the_service_closes_with_the_code_that_it_had(self, replay: Any, connect: Any) -> None:
        closed = RecordedConnection(messages=_START, close_code=1011, close_seconds=0.05)
        client = await connect((await replay(closed)).endpoint)
        await client.open_turn()
        assert await client.closed() == 1011

    async def test_a_reset_is_one_again(self, replay: Any, connect: Any) -> None:
        closed = RecordedConnection(messages=_START, close_code=1006, close_seconds=0.05)
        client = await connect((await replay(closed)).endpoint)
        await client.open_turn()
        assert await client.closed() in (None, 1006)

    async def test_a_client_that_was_refused_is_refused(self, replay: Any, connect: Any) -> None:
        emulator = await replay(RecordedConnection(status=403))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await connect(emulator.endpoint)
        assert refused.value.status == 403

    async def test_a_wrong_key_is_refused_all_the_same(self, replay: Any, connect: Any) -> None:
        emulator = await replay(_TURN, key="right")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(emulator.endpoint, key="wrong")


_ONE, _TWO = RecordedConnection(status=501), RecordedConnection(status=502)


class TestWhichConnection:
    def test_a_session_goes_on_with_the_next_and_past_the_last_is_told_nothing(self) -> None:
        replay = Replay(Exchange(connections=[_ONE, _TWO]))
        assert [replay.connection("a") for _ in range(3)] == [_ONE, _TWO, RecordedConnection()]

    def test_a_new_session_goes_on_where_another_ended(self) -> None:
        replay = Replay(Exchange(connections=[_ONE, _TWO]))
        assert [replay.connection(session) for session in "ab"] == [_ONE, _TWO]

    def test_a_new_session_begins_with_the_first_connection_when_the_last_is_used(self) -> None:
        replay = Replay(Exchange(connections=[_ONE]))
        assert [replay.connection(session) for session in "abc"] == [_ONE] * 3


class TestBehaviour:
    @pytest.mark.parametrize(
        ("chosen", "name"),
        [
            ({"faults": [Drop(1.0)]}, "faults"),
            ({"riff": "none"}, "riff"),
            ({"chunk_bytes": 2, "voice_speed": 1.0}, "chunk_bytes, voice_speed"),
        ],
    )
    def test_an_option_that_a_replay_ignores_is_refused(self, chosen: dict[str, Any], name: str) -> None:
        with pytest.raises(ValueError, match=name):
            Behaviour(replay=Exchange(connections=[_ONE]), **chosen)

    def test_a_key_token_limits_and_synthesis_can_be_chosen(self) -> None:
        exchange = Exchange(connections=[_ONE])
        assert Behaviour(replay=exchange, key="k", token_seconds=1.0, synthesis_seconds=1.0)
