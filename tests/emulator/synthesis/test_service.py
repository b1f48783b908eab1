"""Text to speech of the emulator, asked for by hand and by the real SDK."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import aiohttp
import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.limits import LIMIT_SECONDS, within
from fakes.texts import ANY_TEXT
from hypothesis import given

from livekit_plugins_azure_interpreter._speaking.ssml import SynthesisVoice
from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    DropText,
    Emulator,
    Fault,
    MuteText,
    RefuseText,
    synthesize,
)
from livekit_plugins_azure_interpreter.emulator.faults.schedule import FaultSchedule
from livekit_plugins_azure_interpreter.emulator.synthesis.service import (
    CloseConnection,
    OutputFormat,
    SynthesisConnection,
    read_ssml,
    word_boundaries,
)
from livekit_plugins_azure_interpreter.emulator.wire import Message, WireError

_SSML = (
    '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US">'
    '<voice name="any">{}</voice></speak>'
)
_RAW_16 = "raw-16khz-16bit-mono-pcm"


def context(form: str = _RAW_16, request_id: str = "r1", words: bool | str | None = None) -> Message:
    audio: dict[str, Any] = {"outputFormat": form}
    if words is not None:
        audio["metadataOptions"] = {"wordBoundaryEnabled": words}
    body = json.dumps({"synthesis": {"audio": audio}}).encode()
    return Message("synthesis.context", {"X-RequestId": request_id}, body)


def ssml(text: str = "Hello", request_id: str = "r1") -> Message:
    return Message("ssml", {"X-RequestId": request_id}, _SSML.format(text).encode())


class Asked:
    """A SynthesisConnection, and what it sent."""

    def __init__(
        self, *, faults: Sequence[Fault] = (), hang_up: CloseConnection | None = None, **behaviour: Any
    ) -> None:
        self.sent: list[Message] = []
        self.synthesized: list[Any] = []
        self.synthesis = SynthesisConnection(
            Behaviour(**behaviour),
            self._take,
            self.synthesized.append,
            faults=FaultSchedule(faults),
            hang_up=hang_up,
        )

    async def _take(self, message: Message, binary: bool) -> None:
        assert binary is (message.path == "audio")
        self.sent.append(message)

    async def say(self, *messages: Message) -> Asked:
        for message in messages:
            await self.synthesis.take(message)
        return self

    @property
    def audio(self) -> bytes:
        return b"".join(message.body for message in self.sent if message.path == "audio")


class TestFormat:
    @pytest.mark.parametrize(
        ("name", "rate", "riff"),
        [
            (_RAW_16, 16000, False),
            ("riff-24khz-16bit-mono-pcm", 24000, True),
            ("raw-22050hz-16bit-mono-pcm", 22050, False),
        ],
    )
    def test_pcm_is_read(self, name: str, rate: int, riff: bool) -> None:
        assert OutputFormat.parse(name) == OutputFormat(rate, riff)

    @pytest.mark.parametrize("rate", ["0", "1", "100000k", "999999k", "7"])
    def test_a_rate_that_azure_does_not_have_is_refused(self, rate: str) -> None:
        with pytest.raises(WireError, match="Hz"):
            OutputFormat.parse(f"raw-{rate}hz-16bit-mono-pcm")

    def test_a_format_other_than_pcm_is_refused_by_name(self) -> None:
        with pytest.raises(WireError, match="audio-16khz-32kbitrate-mono-mp3"):
            OutputFormat.parse("audio-16khz-32kbitrate-mono-mp3")


class TestSsml:
    def test_words_are_read_from_any_markup(self) -> None:
        assert (
            read_ssml(_SSML.format(" <p>Say <emphasis>this</emphasis> &amp; that</p> ")) == "Say this & that"
        )

    def test_malformed_xml_is_refused(self) -> None:
        with pytest.raises(WireError, match="XML"):
            read_ssml("Tom & Jerry")

    @given(ANY_TEXT)
    def test_any_text_is_read_voiced_and_timed(self, text: str) -> None:
        words = read_ssml(SynthesisVoice(name="fr-FR-DeniseNeural").ssml(text))
        assert len(word_boundaries(words, 0.1)) <= len(text)
        assert synthesize(words, 0.1, 16000) == synthesize(words, 0.1, 16000)
        assert synthesize(text, 0.1, 16000).seconds == 0.1


class TestVoice:
    def test_it_is_as_long_as_was_asked_for(self) -> None:
        assert synthesize("Hello", 0.25, 24000).seconds == 0.25

    def test_the_same_text_has_the_same_samples_and_another_has_others(self) -> None:
        hello = synthesize("Hello", 0.1, 16000)
        assert synthesize("Hello", 0.1, 16000) == hello
        assert synthesize("Goodbye", 0.1, 16000) != hello


class TestSynthesis:
    async def test_a_text_is_answered_in_azures_order(self) -> None:
        asked = await Asked(chunk_bytes=8000).say(context(), ssml())
        paths = [message.path for message in asked.sent]
        assert paths == ["turn.start", "response", "audio", "audio", "turn.end"]
        assert {message.request_id for message in asked.sent} == {"r1"}

    async def test_the_response_names_the_stream_of_the_audio(self) -> None:
        asked = await Asked().say(context(), ssml())
        stream = asked.sent[1].json()["audio"]["streamId"]
        assert {message.headers["X-StreamId"] for message in asked.sent if message.path == "audio"} == {
            stream
        }

    @pytest.mark.parametrize("riff", [True, False])
    async def test_a_header_begins_the_audio_where_riff_was_asked_for(self, riff: bool) -> None:
        form = f"{'riff' if riff else 'raw'}-24khz-16bit-mono-pcm"
        asked = await Asked(synthesis_seconds=0.3).say(context(form), ssml("Hello"))
        voice = synthesize("Hello", 0.3, 24000)
        assert asked.audio[44 if riff else 0 :] == voice.pcm
        assert asked.audio.startswith(b"RIFF") is riff

    async def test_each_text_has_the_format_of_its_own_context(self) -> None:
        asked = await Asked(synthesis_seconds=0.1).say(context(request_id="r1"), ssml(request_id="r1"))
        await asked.say(context("raw-8khz-16bit-mono-pcm", "r2"), ssml(request_id="r2"))
        assert [one.voice.sample_rate for one in asked.synthesized] == [16000, 8000]

    async def test_the_first_sound_is_as_late_as_was_asked_for(self) -> None:
        began_at = time.monotonic()
        await Asked(voice_delay_ms=80).say(context(), ssml())
        assert 0.08 <= time.monotonic() - began_at < LIMIT_SECONDS

    async def test_a_voice_is_sent_at_the_speed_that_was_asked_for(self) -> None:
        began_at = time.monotonic()
        await Asked(synthesis_seconds=0.2, voice_speed=2.0).say(context(), ssml())
        assert 0.1 <= time.monotonic() - began_at < LIMIT_SECONDS

    async def test_a_text_without_a_context_is_refused(self) -> None:
        with pytest.raises(WireError, match=r"synthesis\.context"):
            await Asked().say(ssml())

    async def test_a_context_of_another_shape_is_refused(self) -> None:
        with pytest.raises(WireError, match="shape"):
            await Asked().say(Message("synthesis.context", {"X-RequestId": "r1"}, b"{}"))

    async def test_other_messages_are_of_no_consequence(self) -> None:
        assert not (await Asked().say(Message("speech.config", body=b"{}"), Message("telemetry"))).sent


class TestOverTheWebSocket:
    @pytest.mark.native
    async def test_the_real_sdk_hears_every_sample_twice_on_one_connection(self) -> None:
        async with Emulator(Behaviour(synthesis_seconds=0.4)) as emulator:
            speaking = asyncio.to_thread(_speak, emulator.synthesis_endpoint, ["Hello", "Goodbye"])
            heard = await within(speaking)
        assert heard == [synthesize(text, 0.4, 16000).pcm for text in ("Hello", "Goodbye")]
        assert [one.text for one in emulator.synthesized] == ["Hello", "Goodbye"]

    @pytest.mark.native
    async def test_a_wrong_key_is_not_let_in(self) -> None:
        async with Emulator(Behaviour(key="right")) as emulator, aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await client.ws_connect(emulator.synthesis_endpoint)
        assert caught.value.status == 401

    @pytest.mark.native
    async def test_a_client_that_breaks_the_wire_is_sent_away(self) -> None:
        async with Emulator() as emulator, aiohttp.ClientSession() as client:
            socket = await client.ws_connect(emulator.synthesis_endpoint)
            await socket.send_str(ssml().to_text())
            await within(socket.receive())
        assert socket.close_code == 1007


class TestOverHttp:
    async def _post(self, emulator: Emulator, data: str, form: str = _RAW_16, key: str = "any") -> Any:
        headers = {"X-Microsoft-OutputFormat": form, "Ocp-Apim-Subscription-Key": key}
        async with (
            aiohttp.ClientSession() as client,
            client.post(emulator.synthesis_url, data=data, headers=headers) as response,
        ):
            return response.status, await response.read()

    @pytest.mark.native
    async def test_the_samples_are_the_body(self) -> None:
        async with Emulator(Behaviour(synthesis_seconds=0.4)) as emulator:
            status, body = await self._post(emulator, _SSML.format("Hello"), "raw-24khz-16bit-mono-pcm")
        assert (status, body) == (200, synthesize("Hello", 0.4, 24000).pcm)
        assert [one.text for one in emulator.synthesized] == ["Hello"]

    @pytest.mark.native
    @pytest.mark.parametrize(
        ("data", "form"),
        [("no & xml", _RAW_16), (_SSML.format("x"), "opus"), (_SSML.format("x" * 65_536), _RAW_16)],
    )
    async def test_an_invalid_request_is_answered_with_400(self, data: str, form: str) -> None:
        async with Emulator() as emulator:
            status, _ = await self._post(emulator, data, form)
        assert status == 400

    @pytest.mark.native
    async def test_a_wrong_key_is_a_401(self) -> None:
        async with Emulator(Behaviour(key="right")) as emulator:
            status, _ = await self._post(emulator, _SSML.format("x"), key="wrong")
        assert status == 401


def _speak(endpoint: str, texts: list[str]) -> list[bytes]:
    config = speechsdk.SpeechConfig(endpoint=endpoint, subscription="any")
    config.set_speech_synthesis_output_format(speechsdk.SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm)
    synthesizer = speechsdk.SpeechSynthesizer(config, audio_config=None)
    return [synthesizer.speak_ssml_async(_SSML.format(text)).get().audio_data for text in texts]


class TestWords:
    def test_each_has_its_place_and_its_kind(self) -> None:
        told = [boundary["Data"] for boundary in word_boundaries("It's so, yes.", 1.1)]
        assert [(one["text"]["Text"], one["text"]["BoundaryType"]) for one in told] == [
            ("It's", "WordBoundary"),
            ("so", "WordBoundary"),
            (",", "PunctuationBoundary"),
            ("yes", "WordBoundary"),
            (".", "PunctuationBoundary"),
        ]
        assert [one["Offset"] for one in told] == [0, 4_000_000, 6_000_000, 7_000_000, 10_000_000]
        assert told[0]["Duration"] == 4_000_000

    def test_nothing_has_no_words(self) -> None:
        assert word_boundaries("", 1.0) == []

    async def test_word_boundaries_come_before_their_audio_if_wanted(self) -> None:
        asked = Asked(chunk_bytes=8000)
        await asked.say(context(words=True), ssml("one two"))
        paths = [message.path for message in asked.sent]
        words = "audio.metadata"
        assert paths == ["turn.start", "response", words, "audio", words, "audio", "turn.end"]
        (first,) = asked.sent[2].json()["Metadata"]
        assert first["Data"]["text"]["Text"] == "one"

    async def test_word_boundaries_are_not_sent_unless_wanted(self) -> None:
        asked = await Asked().say(context(words=False), ssml("one two"))
        assert "audio.metadata" not in {message.path for message in asked.sent}


class TestFaults:
    async def _fails(self, *faults: Fault) -> tuple[Asked, list[int | None]]:
        ends: list[int | None] = []

        async def hang_up(code: int | None) -> None:
            ends.append(code)

        asked = Asked(chunk_bytes=1600, faults=faults, hang_up=hang_up)
        with pytest.raises(ConnectionError):
            await asked.say(context(), ssml())
        assert not asked.synthesized
        return asked, ends

    async def test_a_text_is_refused_by_closing(self) -> None:
        asked, ends = await self._fails(RefuseText())
        assert (asked.sent, ends) == ([], [1007])

    @pytest.mark.parametrize(("after", "chunks"), [(0.0, 0), (0.5, 5), (1.0, 10)])
    async def test_a_connection_is_reset_in_the_voice(self, after: float, chunks: int) -> None:
        asked, ends = await self._fails(DropText(after=after))
        assert (len(asked.audio), ends) == (chunks * 1600, [None])

    async def test_the_service_goes_mute(self) -> None:
        asked = Asked(faults=[MuteText(text=2)])
        await asked.say(context(), ssml())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asked.say(context(), ssml()), 0.05)
        assert len(asked.synthesized) == 1

    async def test_a_request_that_cannot_hang_up_fails_too(self) -> None:
        with pytest.raises(ConnectionError):
            await Asked(faults=[RefuseText()]).say(context(), ssml())

    @pytest.mark.native
    @pytest.mark.parametrize(
        "path", ["/tts/cognitiveservices/websocket/v1", "/cognitiveservices/websocket/v1"]
    )
    async def test_the_real_sdk_gives_up_where_its_voice_is_not_to_be_had(self, path: str) -> None:
        async with Emulator(Behaviour(faults=[RefuseText(times=1)])) as emulator:
            endpoint = emulator.synthesis_endpoint.replace("/tts/cognitiveservices/websocket/v1", path)
            speaking = asyncio.to_thread(_speak, endpoint, ["Hello", "Goodbye"])
            refused, heard = await within(speaking)
        assert refused == b""
        assert heard == synthesize("Goodbye", 0.5, 16000).pcm
        assert emulator.synthesis_connections == 2

    async def test_a_document_that_is_too_long_is_refused(self) -> None:
        ends: list[int | None] = []

        async def hang_up(code: int | None) -> None:
            ends.append(code)

        asked = Asked(hang_up=hang_up)
        room = 65_536 - len(_SSML.format("").encode())
        await asked.say(context(), ssml("x" * room))
        with pytest.raises(ConnectionError):
            await asked.say(context(), ssml("x" * (room + 1)))
        assert (len(asked.synthesized), ends) == (1, [1007])

    @pytest.mark.native
    async def test_the_real_sdk_asks_again_where_the_connection_is_reset_before_the_voice(self) -> None:
        async with Emulator(Behaviour(faults=[DropText(after=0.0, times=1)])) as emulator:
            speaking = asyncio.to_thread(_speak, emulator.synthesis_endpoint, ["Hello"])
            (heard,) = await within(speaking)
        assert heard == synthesize("Hello", 0.5, 16000).pcm
        assert "<voice" in emulator.synthesized[0].ssml
