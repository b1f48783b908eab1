"""Speech to text, as a client sees it that shares no code with the emulator."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from fakes.limits import within
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    Emulator,
    Exchange,
    Line,
    RecordedConnection,
    RecordedMessage,
    Voice,
    faults,
)
from livekit_plugins_azure_interpreter.emulator.recognition import service
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

pytestmark = pytest.mark.native

_SCRIPT = (
    Line("Hello world", translations={"fr": "Bonjour le monde", "de": "Hallo Welt"}),
    Line("Goodbye", translations={"fr": "Au revoir", "de": "Tschüss"}),
)
_BREATH_SECONDS = 0.05


def _faulty(*what: faults.Fault) -> Behaviour:
    return Behaviour(script=_SCRIPT, interim_interval_ms=None, faults=what)


class TestHandshake:
    async def test_the_usp_protocol_is_agreed_on(self, start: Any, connect: Any) -> None:
        client = await connect((await start()).endpoint)
        assert client.socket.protocol == "USP"

    async def test_any_key_is_let_in_unless_one_was_set(self, start: Any, connect: Any) -> None:
        emulator = await start()
        await connect(emulator.endpoint, key="whatever")
        assert emulator.connections == 1

    async def test_the_key_that_was_set_is_let_in(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(key="right"))
        await connect(emulator.endpoint, key="right")
        assert emulator.connections == 1

    @pytest.mark.parametrize("key", ["wrong", None])
    async def test_another_key_is_answered_with_401(self, start: Any, connect: Any, key: str | None) -> None:
        emulator = await start(Behaviour(key="right"))
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await connect(emulator.endpoint, key=key)
        assert caught.value.status == 401

    async def test_a_refused_client_does_not_count_as_a_connection(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(key="right"))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(emulator.endpoint, key="wrong")
        assert emulator.connections == 0

    async def test_a_client_that_leaves_during_the_handshake_is_no_error(
        self, start: Any, connect: Any, mocker: MockerFixture, caplog: pytest.LogCaptureFixture
    ) -> None:
        emulator = await start()
        mocker.patch.object(web.WebSocketResponse, "prepare", side_effect=ConnectionResetError)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(emulator.endpoint)
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []

    async def test_a_browser_gives_its_key_and_its_session_in_the_address(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(Behaviour(key="secret", script=_SCRIPT))
        address = f"{emulator.endpoint}?Ocp-Apim-Subscription-Key=secret&X-ConnectionId=one"
        client = await connect(address, key=None, session_id=None)
        await client.whole_turn(audio.utterance())
        again = await connect(address, key=None, session_id=None)
        heard = await again.whole_turn(audio.utterance(), offset="25000000")
        (final,) = [frame.json() for frame in heard if frame.is_final]
        assert final["SpeechPhrase"]["DisplayText"] == "Goodbye"


class TestWordsOnly:
    @pytest.mark.parametrize(
        "path",
        [
            "/speech/universal/v2",
            "/stt/speech/universal/v2",
            "/speech/recognition/conversation/cognitiveservices/v1",
            "/speech/recognition/dictation/cognitiveservices/v1?language=en-US",
        ],
    )
    async def test_a_client_without_targets_gets_phrases_and_no_voice(
        self, start: Any, connect: Any, audio: Any, path: str
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        client = await connect(emulator.endpoint.replace("/speech/universal/v2", path))
        await client.whole_turn(audio.utterance(), targets=None)
        assert [frame.json()["DisplayText"] for frame in client.of("speech.phrase")] == ["Hello world"]
        assert {*client.paths} == {
            "turn.start",
            "speech.startDetected",
            "speech.hypothesis",
            "speech.phrase",
            "speech.endDetected",
            "turn.end",
        }

    async def test_another_path_is_not_found(self, start: Any, connect: Any) -> None:
        emulator = await start()
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await connect(emulator.endpoint.replace("/speech/universal/v2", "/other"))
        assert caught.value.status == 404


class TestReplay:
    """A recorded exchange; tests/emulator/test_replay.py has how it is said again."""

    async def test_a_recorded_refusal_is_replayed(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(replay=Exchange(connections=[RecordedConnection(status=503)])))
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            await connect(emulator.endpoint)
        assert (raised.value.status, emulator.connections) == (503, 0)

    async def test_recorded_answers_are_replayed(self, start: Any, connect: Any) -> None:
        messages = [
            RecordedMessage(sender=sender, at_seconds=0.0, message=Message(path, {}, b"{}"), turn=1)
            for sender, path in (("client", "speech.context"), ("service", "turn.start"))
        ]
        exchange = Exchange(connections=[RecordedConnection(messages=messages)])
        emulator = await start(Behaviour(replay=exchange))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        assert (await client.until("turn.start"), emulator.connections)[1] == 1


class TestSessions:
    async def test_the_oldest_session_is_forgotten(
        self, start: Any, connect: Any, audio: Any, mocker: MockerFixture
    ) -> None:
        mocker.patch.object(service, "_SESSIONS_KEPT", 1)
        emulator = await start(Behaviour(script=_SCRIPT, silent_turn_seconds=None))
        for session_id in ("s1", "s2"):
            await (await connect(emulator.endpoint, session_id=session_id)).whole_turn(audio.utterance())
        again = await connect(emulator.endpoint, session_id="s1")
        await again.whole_turn(audio.silence(20) + audio.utterance())
        assert [
            frame.json()["SpeechPhrase"]["DisplayText"] for frame in again.received if frame.is_final
        ] == ["Hello world"]


class TestTurn:
    async def test_speech_is_answered_with_result_voice_and_end(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(Behaviour(script=_SCRIPT, interim_interval_ms=None))).endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.until("audio.end")
        await client.audio(b"")
        await client.until("turn.end")
        assert [frame.path for frame in client.received if frame.path != "audio"] == [
            "turn.start",
            "speech.startDetected",
            "translation.response",
            "audio.start",
            "audio.end",
            "speech.endDetected",
            "turn.end",
        ]

    async def test_every_message_carries_the_request_id_that_the_client_chose(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start()).endpoint)
        await client.open_turn("r42")
        await client.say(audio.utterance(), "r42")
        await client.audio(b"", "r42")
        await client.until("turn.end")
        assert {frame.headers["X-RequestId"] for frame in client.received} == {"r42"}

    async def test_text_comes_in_text_frames_and_voice_in_binary_ones(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start()).endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.until("audio.end")
        assert {frame.path for frame in client.received if frame.binary} == {"audio"}

    async def test_an_empty_payload_ends_the_audio(self, start: Any, connect: Any) -> None:
        client = await connect((await start()).endpoint)
        await client.open_turn()
        await client.audio(b"")
        assert (await client.until("turn.end")).json() == {}

    async def test_the_speakers_own_samples_come_back_sample_for_sample(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        said = audio.silence(0.5, 24000) + audio.noise(1, 24000) + audio.silence(1, 24000)
        client = await connect((await start()).endpoint)
        await client.open_turn(rate=24000)
        await client.say(said, rate=24000)
        await client.until("audio.end")
        voice = b"".join(frame.body for frame in client.received if frame.path == "audio")
        assert voice == audio.riff(24000) + said[19_200:76_800]

    async def test_all_targets_are_translated(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(Behaviour(script=_SCRIPT))).endpoint)
        await client.open_turn(targets=("fr", "de"))
        await client.say(audio.utterance())
        final = await client.until_final()
        assert [t["DisplayText"] for t in final["Translations"]] == ["Bonjour le monde", "Hallo Welt"]

    async def test_one_target_of_several_is_voiced_the_first(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(Behaviour(script=_SCRIPT))).endpoint)
        await client.open_turn(targets=("fr", "de"))
        await client.say(audio.utterance())
        await client.audio(b"")
        await client.until("turn.end")
        voices = [f.json()["TranslationLanguage"] for f in client.received if f.path == "audio.start"]
        assert voices == ["fr"]

    async def test_a_client_that_asks_for_text_only_gets_no_voice(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(Behaviour(script=_SCRIPT))).endpoint)
        await client.open_turn(voice=False)
        await client.say(audio.utterance())
        await client.audio(b"")
        await client.until("turn.end")
        assert not any(frame.path.startswith("audio") for frame in client.received)

    async def test_a_voice_is_overtaken_by_the_result_of_the_next_utterance(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        script = [Line("a", voices={"fr": Voice(bytes(320_000))}), Line("b")]
        client = await connect((await start(Behaviour(script=script, voice_speed=1.0))).endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.until("audio")
        await client.say(audio.utterance())
        await client.until_final()
        assert not any(frame.path == "audio.end" for frame in client.received)

    async def test_silence_is_acknowledged_with_a_continuation_header(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(Behaviour(acknowledge_seconds=1.0))).endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        frame = await client.until("audio.acknowledge")
        assert frame.headers["X-Continuation-Audio-Streams-1-Offset"] == "10000000"

    async def test_a_language_added_while_running_is_translated(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(Behaviour(script=_SCRIPT))).endpoint)
        await client.open_turn()
        await client.text("event", {"id": "translation", "name": "updateLanguage", "to": ["fr", "de"]})
        await client.say(audio.utterance())
        assert [t["Language"] for t in (await client.until_final())["Translations"]] == ["fr", "de"]

    async def test_another_event_changes_no_language(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(Behaviour(script=_SCRIPT))).endpoint)
        await client.open_turn()
        await client.text("event", {"id": "translation", "name": "other", "to": ["de"]})
        await client.say(audio.utterance())
        assert [t["Language"] for t in (await client.until_final())["Translations"]] == ["fr"]

    async def test_audio_before_any_turn_is_not_heard(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(Behaviour(script=_SCRIPT))).endpoint)
        await client.say(audio.utterance())
        await client.open_turn()
        await client.audio(b"")
        await client.until("turn.end")
        assert [frame.path for frame in client.received] == ["turn.start", "speech.endDetected", "turn.end"]

    async def test_telemetry_after_the_turn_is_taken(self, start: Any, connect: Any) -> None:
        client = await connect((await start()).endpoint)
        await client.open_turn()
        await client.audio(b"")
        await client.until("turn.end")
        await client.text("telemetry", {"Metrics": []})
        await client.open_turn("r2")
        assert (await client.until("turn.start")).headers["X-RequestId"] == "r2"

    async def test_spoken_audio_is_kept(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.audio(b"")
        await client.until("turn.end")
        assert [spoken.text for spoken in emulator.spoken] == ["Hello world"]


class TestSeveralTurns:
    async def _two_turns(self, client: Any, audio: Any) -> list[dict[str, Any]]:
        """As the SDK does it: the second turn goes on from the end of the first one's result."""
        await client.open_turn("r1")
        await client.say(audio.utterance(), "r1")
        first = await client.until_final()
        await client.until("turn.end")
        await client.open_turn("r2", offset="16000000")
        await client.say(audio.silence(0.9) + audio.utterance(), "r2")
        second = await client.until_final()
        await client.until("turn.end")
        return [first, second]

    async def test_the_service_ends_each_after_its_utterances(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(Behaviour(utterances_per_turn=1))).endpoint)
        await self._two_turns(client, audio)
        ends = [f.path for f in client.received if f.path in ("turn.start", "speech.endDetected", "turn.end")]
        assert ends == ["turn.start", "speech.endDetected", "turn.end"] * 2

    async def test_the_script_goes_on_over_turns(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(Behaviour(script=_SCRIPT, utterances_per_turn=1))).endpoint)
        finals = await self._two_turns(client, audio)
        assert [final["SpeechPhrase"]["DisplayText"] for final in finals] == ["Hello world", "Goodbye"]

    async def test_audio_of_a_turn_that_continues_nothing_is_new(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(Behaviour(script=_SCRIPT))).endpoint)
        for request_id in ("r1", "r2"):
            await client.whole_turn(audio.utterance(), request_id)
        texts = [frame.json()["SpeechPhrase"]["DisplayText"] for frame in client.received if frame.is_final]
        assert texts == ["Hello world", "Goodbye"]

    async def test_offsets_are_relative_to_their_turn(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(Behaviour(utterances_per_turn=1))).endpoint)
        finals = await self._two_turns(client, audio)
        assert [final["SpeechPhrase"]["Offset"] for final in finals] == [4_000_000, 13_000_000]

    async def test_each_is_counted(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(Behaviour(utterances_per_turn=1))
        await self._two_turns(await connect(emulator.endpoint), audio)
        assert (emulator.connections, emulator.turns) == (1, 2)


class TestReconnect:
    async def _first_half(self, emulator: Emulator, connect: Any, audio: Any, session_id: str) -> None:
        client = await connect(emulator.endpoint, session_id=session_id)
        await client.open_turn()
        await client.say(audio.silence(5) + audio.utterance())
        await client.until_final()
        await client.socket.close()

    async def test_audio_that_is_sent_again_gets_the_same_line(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        await self._first_half(emulator, connect, audio, "s1")
        client = await connect(emulator.endpoint, session_id="s1")
        await client.open_turn("r2", offset="50000000")
        await client.say(audio.utterance(), "r2")
        assert (await client.until_final())["SpeechPhrase"]["DisplayText"] == "Hello world"

    async def test_offsets_are_relative_to_the_audio_that_is_sent_again(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        await self._first_half(emulator, connect, audio, "s1")
        client = await connect(emulator.endpoint, session_id="s1")
        await client.open_turn("r2", offset="50000000")
        await client.say(audio.utterance(), "r2")
        assert (await client.until_final())["SpeechPhrase"]["Offset"] == 4_000_000

    async def test_another_session_begins_the_script_anew(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(Behaviour(script=_SCRIPT, silent_turn_seconds=None))
        await self._first_half(emulator, connect, audio, "s1")
        client = await connect(emulator.endpoint, session_id="s2")
        await client.open_turn()
        await client.say(audio.silence(20) + audio.utterance())
        assert (await client.until_final())["SpeechPhrase"]["DisplayText"] == "Hello world"

    async def test_two_sessions_at_once_keep_their_own_place(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        clients = [await connect(emulator.endpoint, session_id=name) for name in ("s1", "s2")]
        for client in clients:
            await client.open_turn()
        texts = []
        for client in (*clients, *clients):
            await client.say(audio.utterance())
            texts.append((await client.until_final())["SpeechPhrase"]["DisplayText"])
        assert texts == ["Hello world", "Hello world", "Goodbye", "Goodbye"]


class TestMalformed:
    async def test_a_text_frame_without_headers_closes_with_1007(self, start: Any, connect: Any) -> None:
        client = await connect((await start()).endpoint)
        await client.socket.send_str("hello")
        assert await client.closed() == 1007

    async def test_a_binary_frame_that_is_cut_off_closes_with_1007(self, start: Any, connect: Any) -> None:
        client = await connect((await start()).endpoint)
        await client.socket.send_bytes(b"\x01\x00Path:audio")
        assert await client.closed() == 1007

    @pytest.mark.parametrize("body", ["", "no JSON", [], {"translation": []}])
    async def test_a_context_that_is_none_closes_with_1007(self, start: Any, connect: Any, body: Any) -> None:
        client = await connect((await start()).endpoint)
        await client.text("speech.context", body)
        assert await client.closed() == 1007

    async def test_a_riff_header_that_is_cut_off_closes_with_1007(self, start: Any, connect: Any) -> None:
        client = await connect((await start()).endpoint)
        await client.open_turn()
        await client.audio(b"RIFF")
        assert await client.closed() == 1007

    async def test_languages_that_are_no_list_close_with_1007(self, start: Any, connect: Any) -> None:
        client = await connect((await start()).endpoint)
        await client.open_turn()
        await client.text("event", {"id": "translation", "name": "updateLanguage", "to": 1})
        assert await client.closed() == 1007

    async def test_other_clients_are_still_answered(self, start: Any, connect: Any) -> None:
        emulator = await start()
        bad = await connect(emulator.endpoint, session_id="bad")
        await bad.socket.send_str("hello")
        await bad.closed()
        good = await connect(emulator.endpoint, session_id="good")
        await good.open_turn()
        assert (await good.until("turn.start")).path == "turn.start"


class TestClose:
    async def test_closing_drops_the_clients(self, start: Any, connect: Any) -> None:
        emulator = await start()
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.until("turn.start")
        await within(emulator.aclose())
        await within(client.closed())

    async def test_closing_cuts_a_voice(self, start: Any, connect: Any, audio: Any) -> None:
        script = [Line("a", voices={"fr": Voice(bytes(320_000))})]
        emulator = await start(Behaviour(script=script, voice_speed=1.0))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.until("audio")
        await within(emulator.aclose())
        assert emulator.spoken == []

    async def test_a_client_that_leaves_amid_a_voice_does_not_stop_the_service(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        script = [Line("a", voices={"fr": Voice(bytes(320_000))})]
        emulator = await start(Behaviour(script=script, voice_speed=1.0))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.until("audio")
        await client.socket.close()
        after = await connect(emulator.endpoint, session_id="after")
        await after.open_turn()
        assert (await after.until("turn.start")).path == "turn.start"


class TestRefuse:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 429, 500, 502, 503, 504])
    async def test_a_handshake_gets_the_status(self, start: Any, connect: Any, status: int) -> None:
        emulator = await start(_faulty(faults.Refuse(status)))
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await connect(emulator.endpoint)
        assert (caught.value.status, emulator.handshakes, emulator.connections) == (status, 1, 0)

    async def test_it_ends_after_so_many_times(self, start: Any, connect: Any) -> None:
        emulator = await start(_faulty(faults.Refuse(503, times=2)))
        for _ in range(2):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await connect(emulator.endpoint)
        await connect(emulator.endpoint)
        assert (emulator.handshakes, emulator.connections) == (3, 1)

    async def test_it_begins_with_a_later_connection(self, start: Any, connect: Any) -> None:
        emulator = await start(_faulty(faults.Refuse(503, from_connection=2)))
        await connect(emulator.endpoint)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(emulator.endpoint)


class TestHangHandshake:
    async def test_a_hanging_handshake_gets_no_answer(
        self, start: Any, connect: Any, eventually: Any
    ) -> None:
        emulator = await start(_faulty(faults.HangHandshake()))
        client = asyncio.create_task(connect(emulator.endpoint))
        await eventually(lambda: emulator.handshakes == 1)
        done, _ = await asyncio.wait([client], timeout=_BREATH_SECONDS)
        assert (done, emulator.connections) == (set(), 0)
        client.cancel()

    async def test_the_next_client_is_answered(self, start: Any, connect: Any, eventually: Any) -> None:
        emulator = await start(_faulty(faults.HangHandshake()))
        client = asyncio.create_task(connect(emulator.endpoint))
        await eventually(lambda: emulator.handshakes == 1)
        await connect(emulator.endpoint)
        assert (client.done(), emulator.connections) == (False, 1)
        client.cancel()

    async def test_closing_the_emulator_does_not_wait_for_it(
        self, start: Any, connect: Any, eventually: Any
    ) -> None:
        emulator = await start(_faulty(faults.HangHandshake()))
        client = asyncio.create_task(connect(emulator.endpoint))
        await eventually(lambda: emulator.handshakes == 1)
        await within(emulator.aclose())
        with pytest.raises(aiohttp.ClientError):
            await client


class TestLeaving:
    async def test_a_service_that_goes_away_drops_every_client(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(_faulty(faults.Away(1.0, 60.0)))
        clients = [await connect(emulator.endpoint, session_id=name) for name in ("one", "other")]
        await clients[0].open_turn()
        await clients[0].say(audio.silence(1.0))
        assert [await client.closed() for client in clients] == [1006, 1006]

    async def test_a_recorded_refusal_is_no_connection(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(replay=Exchange(connections=[RecordedConnection(status=503)])))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(emulator.endpoint)
        assert (emulator.handshakes, emulator.connections) == (1, 0)
