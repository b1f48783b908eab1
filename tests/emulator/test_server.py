"""The emulator as a whole: its addresses, and what it keeps."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    Emulator,
    Line,
    NoVoice,
    Voice,
)
from livekit_plugins_azure_interpreter.emulator.watching.happenings import Happening, Struck, Unserved

pytestmark = pytest.mark.native

_SSML = '<speak xml:lang="en-US"><voice name="en-US-AvaNeural">{}</voice></speak>'
_SECOND = {"fr": Voice(bytes(32_000))}


class TestEndpoint:
    async def test_an_endpoint_has_azures_path_on_loopback_and_the_port_that_was_found(
        self, start: Any
    ) -> None:
        url = urlsplit((await start()).endpoint)
        assert (url.scheme, url.hostname, url.path) == ("ws", "127.0.0.1", "/speech/universal/v2")

    @pytest.mark.parametrize(
        ("listen", "named"),
        [("0.0.0.0", "127.0.0.1:0"), ("::", "127.0.0.1:0"), ("::1", "[::1]:0"), ("192.0.2.1", "192.0.2.1:0")],
    )
    def test_an_endpoint_names_an_address_that_clients_can_connect_to(self, listen: str, named: str) -> None:
        assert urlsplit(Emulator(listen=listen).endpoint).netloc == named

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has further addresses of loopback")
    async def test_other_addresses_are_served_if_the_emulator_listens_there_under_a_name_that_is_allowed(
        self, start: Any, connect: Any
    ) -> None:
        def elsewhere(emulator: Emulator) -> str:
            return emulator.endpoint.replace("127.0.0.1", "127.0.0.2")

        with pytest.raises(aiohttp.ClientConnectorError):
            await connect(elsewhere(await start()))
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await connect(elsewhere(await start(listen="0.0.0.0")))
        client = await connect(elsewhere(await start(listen="0.0.0.0", hosts=["127.0.0.2"])))
        await client.open_turn()
        await client.until("turn.start")

    async def test_texts_are_spoken_at_the_same_port(self, start: Any) -> None:
        emulator = await start()
        port = urlsplit(emulator.endpoint).port
        assert (emulator.synthesis_endpoint, emulator.synthesis_url) == (
            f"ws://127.0.0.1:{port}/tts/cognitiveservices/websocket/v1",
            f"http://127.0.0.1:{port}/cognitiveservices/v1",
        )

    async def test_two_emulators_find_different_ports(self, start: Any) -> None:
        assert (await start()).endpoint != (await start()).endpoint

    async def test_a_port_that_is_taken_is_an_os_error(self, start: Any) -> None:
        port = urlsplit((await start()).endpoint).port or 0
        with pytest.raises(OSError, match="in use"):
            await Emulator(port=port).start()

    async def test_the_port_is_free_again_after_close(self, start: Any) -> None:
        async with Emulator() as emulator:
            port = urlsplit(emulator.endpoint).port or 0
        async with Emulator(port=port) as again:
            assert urlsplit(again.endpoint).port == port

    async def test_closing_twice_does_nothing_more(self) -> None:
        emulator = Emulator()
        await emulator.start()
        await emulator.aclose()
        await emulator.aclose()


class TestMemory:
    async def test_the_oldest_voices_are_let_go(self, start: Any, connect: Any, audio: Any) -> None:
        script = [Line(text, voices=_SECOND) for text in "abc"]
        emulator = await start(Behaviour(script=script), kept_seconds=2.0)
        client = await connect(emulator.endpoint)
        await client.whole_turn(b"".join(audio.utterance(seed) for seed in (1, 2, 3)))
        assert [spoken.text for spoken in emulator.spoken] == ["b", "c"]

    async def test_the_oldest_texts_are_let_go(self, start: Any) -> None:
        emulator = await start(Behaviour(synthesis_seconds=1.0), kept_seconds=2.0)
        headers = {"X-Microsoft-OutputFormat": "raw-16khz-16bit-mono-pcm"}
        async with aiohttp.ClientSession(headers=headers) as http:
            for text in "abc":
                async with http.post(emulator.synthesis_url, data=_SSML.format(text)) as response:
                    await response.read()
        assert [synthesized.text for synthesized in emulator.synthesized] == ["b", "c"]


class TestCounts:
    async def test_connections_turns_and_sessions_are_counted(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start()
        for session in ("one", "other"):
            client = await connect(emulator.endpoint, session_id=session)
            await client.whole_turn(audio.silence(0.5))
        assert (emulator.handshakes, emulator.connections, emulator.turns) == (2, 2, 2)
        assert (emulator.sessions, emulator.synthesis_connections) == (["one", "other"], 0)

    async def test_faults_and_unserved_requests_are_told_to_watchers(
        self, start: Any, connect: Any, audio: Any, eventually: Any
    ) -> None:
        told: list[Happening] = []
        fault = NoVoice()
        emulator = await start(Behaviour(faults=[fault]), watchers=[told.append])
        client = await connect(emulator.endpoint)
        await client.text("novelty", {})
        await client.whole_turn(audio.utterance())
        assert Unserved(what="novelty") in told
        assert Struck(fault=fault) in told

    async def test_an_issued_token_is_let_in(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(token_seconds=60.0))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(emulator.endpoint)
        await connect(emulator.endpoint, authorization=f"Bearer {emulator.issue_token()}")
        assert emulator.connections == 1
