"""What a user chooses, as Azure is really asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.lengths import behaviour, utterance, voice
from fakes.limits import within
from fakes.promises import takes_less_than, tries_again
from fakes.proxy import Proxy
from fakes.room import Audio
from livekit.agents import APIConnectionError, APIConnectOptions, APIError
from livekit.agents.voice.agent_session import SessionConnectOptions

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._recognition.stream_factory import StreamFactory
from livekit_plugins_azure_interpreter.emulator import Emulator

from .conftest import OpenPair

NOBODY = "ws://127.0.0.1:9"
"""The discard port: nobody listens there."""


class TestContext:
    """Options that are in Azure's `speech.context`."""

    @pytest.mark.parametrize(
        ("options", "where", "asked"),
        [
            ({"segmentation_silence_timeout_ms": 300}, "segmentation segmentationSilenceTimeoutMs", 300),
            ({"segmentation_max_time_ms": 20000}, "segmentation segmentationForcedTimeoutMs", 20000),
            ({"segmentation_strategy": "Semantic"}, "segmentation mode", "Semantic"),
            ({"profanity": "raw"}, "enrichment profanity", "raw"),
            ({"profanity": speechsdk.ProfanityOption.Removed}, "enrichment profanity", "removed"),
            ({"profanity": speechsdk.ProfanityOption.Masked}, "enrichment profanity", "masked"),
            (
                {"true_text_post_processing": True},
                "enrichment conversation disfluencyMode",
                "Removed",
            ),
            (
                {"source_languages": ["en-US", "de-DE"], "custom_endpoints": {"de-DE": "an-id"}},
                "phraseDetection customModels",
                [{"language": "de-DE", "endpoint": "an-id"}],
            ),
            ({"phrase_list": ["LiveKit"], "phrase_list_weight": 1.5}, "dgi bias", 1.5),
            ({"translation_category": "a-category"}, "translation Category", "a-category"),
            ({"target_languages": ["fr", "de"]}, "translation targetLanguages", ["fr", "de"]),
            ({"target_languages": ["fr", "de"]}, "synthesis synthesizedLanguages", ["fr"]),
            ({"voice": "fr-FR-DeniseNeural"}, "synthesis defaultVoices fr", "fr-FR-DeniseNeural"),
        ],
    )
    async def test_azure_is_asked_for_it(
        self, open_pair: OpenPair, options: dict[str, Any], where: str, asked: object
    ) -> None:
        pair = await open_pair(behaviour(), **options)
        await pair.interpret(utterance(1))
        assert [final.text for final in pair.finals] == ["phrase 1"]
        detection = pair.asked[0]["phraseDetection"]
        found: Any = {
            **pair.asked[0],
            "enrichment": detection.get("enrichment"),
            "segmentation": detection.get("CONVERSATION", {}).get("segmentation"),
        }
        for name in where.split():
            found = found[name]
        assert found == asked

    async def test_an_option_that_is_not_given_is_left_to_azure(self, open_pair: OpenPair) -> None:
        pair = await open_pair(behaviour(), phrase_list=None)
        await pair.interpret(utterance(1))
        assert "dgi" not in pair.asked[0]
        assert (
            pair.asked[0]["phraseDetection"].keys().isdisjoint({"enrichment", "CONVERSATION", "customModels"})
        )

    async def test_a_language_of_one_stream_leaves_the_others_models_aside(self, open_pair: OpenPair) -> None:
        pair = await open_pair(
            behaviour(), source_languages=["en-US", "de-DE"], custom_endpoints={"en-US": "an-id"}
        )
        await pair.stream.aclose()
        pair.stream = pair.stt.stream(language="es-ES")
        await pair.interpret(utterance(1))
        detection = pair.asked[-1]["phraseDetection"]
        assert (detection["language"], detection.get("customModels")) == ("es-ES", None)
        assert "languageId" not in pair.asked[-1]
        assert [final.text for final in pair.finals] == ["phrase 1"]

    async def test_any_phrase_reaches_azure_and_as_many_as_it_takes(self, open_pair: OpenPair) -> None:
        several = [
            "two\nlines",
            "<b>AT&T</b>",
            'a "quote"',
            "😀",
            *(f"name {number}" for number in range(1996)),
        ]
        pair = await open_pair(behaviour(), phrase_list=several)
        await pair.interpret(utterance(1))
        (group,) = pair.asked[0]["dgi"]["Groups"]
        assert [item["Text"] for item in group["Items"]] == ["two lines", *several[1:]]
        assert [final.text for final in pair.finals] == ["phrase 1"]

    async def test_keyterms_of_the_session_are_added_to_the_phrase_list(self, enter_room: Any) -> None:
        room = await enter_room(
            behaviour(),
            pair_options={"phrase_list": ["Contoso"]},
            stt_context_options={"keyterms": ["LiveKit", "Contoso"]},
        )
        assert room.stt.capabilities.keyterms
        room.microphone.speak(utterance(1))
        await room.speaker.until_played(1)
        (group,) = room.asked[-1]["dgi"]["Groups"]
        assert [item["Text"] for item in group["Items"]] == ["Contoso", "LiveKit"]
        assert (room.lost, room.errors) == ([], [])


class TestAddress:
    """Options that are in the address of the service."""

    @pytest.fixture
    async def request_line(self) -> AsyncIterator[Callable[..., Any]]:
        """What an STT with these options asks a service for."""
        asked: asyncio.Queue[str] = asyncio.Queue()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.put_nowait((await reader.readline()).decode())
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            where = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

            async def ask(**options: Any) -> str:
                given = {
                    "target_languages": "fr",
                    "speech_key": "any",
                    "speech_endpoint": f"{where}/speech/universal/v2",
                }
                if options.pop("to_host", False):
                    given = {"target_languages": "fr", "speech_host": where}
                stt = STT(**{**given, **options})
                stt.stream().push_frame(Audio().frames(bytes(640))[0])
                try:
                    return await within(asked.get())
                finally:
                    await stt.aclose()

            yield ask

    async def test_nothing_is_added_to_it(self, request_line: Any) -> None:
        assert await request_line() == "GET /speech/universal/v2 HTTP/1.1\r\n"

    async def test_explicit_punctuation(self, request_line: Any) -> None:
        assert "punctuation=explicit" in await request_line(explicit_punctuation=True)

    async def test_the_custom_endpoint_of_the_one_source_language(self, request_line: Any) -> None:
        options = {"source_languages": "en-US", "custom_endpoints": {"en-US": "an-id"}}
        assert "cid=an-id" in await request_line(**options)

    async def test_the_host_of_a_container(self, request_line: Any) -> None:
        assert await request_line(to_host=True) == "GET /speech/universal/v2 HTTP/1.1\r\n"

    async def test_a_container_needs_no_key(self, open_pair: OpenPair, audio: Audio) -> None:
        async with Emulator(behaviour()) as emulator:
            host = emulator.endpoint.removesuffix("/speech/universal/v2")
            pair = await open_pair(speech_key=None, speech_endpoint=None, speech_host=host)
            voices = await pair.interpret(utterance(1))
        assert audio.same(voices[0], voice(1, "fr"))


class TestProxy:
    async def test_the_connection_goes_through_it(
        self, open_pair: OpenPair, audio: Audio, proxy: Proxy
    ) -> None:
        pair = await open_pair(behaviour(), proxy=f"http://me:secret@{proxy.address}")
        voices = await pair.interpret(utterance(1))
        assert audio.same(voices[0], voice(1, "fr"))
        assert proxy.asked[0].startswith(b"CONNECT 127.0.0.1:")
        assert b"proxy-authorization: basic" in proxy.asked[0].lower()

    async def test_one_that_refuses_is_an_error_without_its_password(
        self, open_pair: OpenPair, proxy: Proxy, caplog: pytest.LogCaptureFixture
    ) -> None:
        proxy.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
        pair = await open_pair(behaviour(), proxy=f"http://me:a-secret@{proxy.address}")
        await pair.stream.aclose()
        pair.stream = pair.stt.stream(conn_options=APIConnectOptions(max_retry=0, timeout=1.0))
        with pytest.raises(APIError) as caught:
            await pair.interpret(utterance(1))
        options = StreamFactory.of(pair.stt).options
        assert "a-secret" not in f"{caught.value!r} {pair.errors!r} {options!r} {caplog.text}"
        assert pair.emulator.handshakes == 0


class TestConnectOptions:
    @tries_again
    async def test_a_streams_options_bound_its_attempts_and_their_time(self, open_pair: OpenPair) -> None:
        pair = await open_pair(speech_endpoint=f"{NOBODY}/speech/universal/v2")
        await pair.stream.aclose()
        options = APIConnectOptions(max_retry=2, retry_interval=0.1, timeout=0.5)
        pair.stream = pair.stt.stream(conn_options=options)
        with takes_less_than(3.0), pytest.raises(APIConnectionError):
            await pair.interpret(utterance(1))
        assert [error.recoverable for error in pair.errors] == [True, True, False]

    async def test_a_sessions_options_apply_to_its_streams(self, enter_room: Any, until: Any) -> None:
        options = APIConnectOptions(max_retry=1, retry_interval=0.1, timeout=0.5)
        room = await enter_room(
            behaviour(),
            pair_options={"speech_endpoint": f"{NOBODY}/speech/universal/v2"},
            conn_options=SessionConnectOptions(stt_conn_options=options),
        )
        room.microphone.speak(utterance(1))
        await until(lambda: len(room.errors) == 2)
        assert [event.error.recoverable for event in room.errors] == [True, False]
