"""Text to speech over a WebSocket, asked for message by message."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import DropText, Fault, MuteText, RefuseText, synthesize
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message, WireError


def _piece(text: str, request_id: str = "r1") -> Message:
    return Message("text.piece", {"X-RequestId": request_id}, text.encode())


def _end(request_id: str = "r1") -> Message:
    return Message("text.end", {"X-RequestId": request_id})


class TestAnswers:
    async def test_a_text_is_answered_in_azures_order(self, asked: Any, write: Any) -> None:
        client = asked(chunk_bytes=8000)
        await client.say(write.context(sessionEndEnabled=True), write.ssml())
        assert client.paths == ["turn.start", "response", "audio", "audio", "audio.metadata", "turn.end"]
        assert {message.request_id for message in client.sent} == {"r1"}
        assert client.synthesized[0].ssml == write.document()

    async def test_the_response_names_the_stream_of_the_audio(self, asked: Any, write: Any) -> None:
        client = asked()
        await client.say(write.context(), write.ssml())
        stream = client.sent[1].json()["audio"]["streamId"]
        streams = {message.headers["X-StreamId"] for message in client.sent if message.path == "audio"}
        assert streams == {stream}

    async def test_each_text_has_the_format_of_its_own_context(self, asked: Any, write: Any) -> None:
        client = asked(synthesis_seconds=0.1)
        await client.say(write.context(request_id="r1"), write.ssml(request_id="r1"))
        await client.say(write.context("raw-8khz-16bit-mono-pcm", "r2"), write.ssml(request_id="r2"))
        assert [one.voice.sample_rate for one in client.synthesized] == [16000, 8000]

    async def test_audio_is_encoded_and_says_as_what(self, asked: Any, write: Any) -> None:
        client = asked()
        await client.say(write.context("audio-16khz-32kbitrate-mono-mp3"), write.ssml())
        assert client.audio.startswith(b"\xff\xf3")
        kinds = {message.headers["Content-Type"] for message in client.sent if message.path == "audio"}
        assert kinds == {"audio/mpeg"}

    @pytest.mark.parametrize("text", ["", "...", " "])
    async def test_a_text_without_words_is_completed_without_audio(
        self, asked: Any, write: Any, text: str
    ) -> None:
        client = asked()
        await client.say(write.context(), write.ssml(text))
        assert client.paths == ["turn.start", "response", "turn.end"]

    async def test_a_context_without_a_text_is_forgotten_when_a_hundred_came_after_it(
        self, asked: Any, write: Any
    ) -> None:
        client = asked(synthesis_seconds=0.1)
        await client.say(*(write.context(request_id=f"r{number}") for number in range(101)))
        await client.say(write.ssml(request_id="r1"))
        with pytest.raises(WireError, match="needs a synthesis"):
            await client.say(write.ssml(request_id="r0"))

    async def test_a_text_without_a_context_is_refused(self, asked: Any, write: Any) -> None:
        with pytest.raises(WireError, match=r"ssml needs a synthesis\.context"):
            await asked().say(write.ssml())

    async def test_other_messages_are_of_no_consequence(self, asked: Any) -> None:
        client = asked()
        await client.say(Message("speech.config", body=b"{}"), Message("telemetry"))
        assert not client.sent


class TestMetadata:
    async def test_words_are_reported_before_their_audio(self, asked: Any, write: Any) -> None:
        client = asked(chunk_bytes=8000)
        await client.say(write.context(wordBoundaryEnabled=True), write.ssml("one two"))
        words = "audio.metadata"
        assert client.paths == ["turn.start", "response", words, "audio", words, "audio", "turn.end"]
        (first,) = client.sent[2].json()["Metadata"]
        assert first["Data"]["text"]["Text"] == "one"

    async def test_nothing_is_reported_unless_it_is_wanted(self, asked: Any, write: Any) -> None:
        client = asked()
        await client.say(write.context(wordBoundaryEnabled=False), write.ssml("one two"))
        assert client.metadata == []

    async def test_the_end_is_reported_after_the_audio(self, asked: Any, write: Any) -> None:
        client = asked(synthesis_seconds=0.5)
        content = '<bookmark mark="begin"/>One.<bookmark mark="end"/>'
        await client.say(write.context(bookmarkEnabled="true", sessionEndEnabled=True), write.ssml(content))
        assert [(one["Type"], one["Data"]["Offset"]) for one in client.metadata] == [
            ("Bookmark", 0),
            ("Bookmark", 5_000_000),
            ("SessionEnd", 5_000_000),
        ]


class TestStreamedText:
    async def test_each_sentence_is_spoken_when_it_is_over(self, asked: Any, write: Any) -> None:
        client = asked()
        await client.say(write.context(sessionEndEnabled=True), _piece("Hello "), _piece("world."))
        assert client.sent == []
        await client.say(_piece(" How are"))
        assert client.audio == synthesize("Hello world.", 0.5, 16000).pcm
        await client.say(_piece(" you?"), _end())
        pcm = b"".join(synthesize(text, 0.5, 16000).pcm for text in ("Hello world.", "How are you?"))
        assert client.audio == pcm
        assert [(one.text, one.voice.pcm) for one in client.synthesized] == [
            ("Hello world. How are you?", pcm)
        ]
        assert client.metadata == [{"Type": "SessionEnd", "Data": {"Offset": 10_000_000}}]
        assert [client.paths.count(path) for path in ("turn.start", "response", "turn.end")] == [1, 1, 1]

    async def test_a_format_with_one_header_is_spoken_as_a_whole(self, asked: Any, write: Any) -> None:
        client = asked()
        await client.say(write.context("riff-16khz-16bit-mono-pcm"), _piece("One. Two. "), _end())
        assert client.audio[44:] == synthesize("One. Two.", 0.5, 16000).pcm

    async def test_no_text_at_all_has_no_voice(self, asked: Any, write: Any) -> None:
        client = asked()
        await client.say(write.context(), _end())
        assert client.paths == ["turn.start", "response", "turn.end"]

    async def test_a_fault_happens_to_the_whole_text(self, asked: Any, write: Any) -> None:
        client = asked(faults=[DropText(text=1, after=1.0)])
        end = await client.is_refused(write.context(), _piece("One. Two. "), _end())
        assert end == (None, "")

    @pytest.mark.parametrize("message", [_piece("Hello"), _end()])
    async def test_a_piece_without_a_context_is_refused(self, asked: Any, message: Message) -> None:
        with pytest.raises(WireError, match="needs a synthesis"):
            await asked().say(message)

    async def test_a_text_that_is_too_long_is_refused(self, asked: Any, write: Any) -> None:
        with pytest.raises(WireError, match="more than 65536"):
            await asked().say(write.context(), *[_piece("x" * 40_000)] * 2)


class TestRefusals:
    async def test_a_format_that_azure_does_not_have_ends_the_connection(
        self, asked: Any, write: Any
    ) -> None:
        client = asked()
        assert await client.is_refused(write.context("opus")) == (1007, "Unsupported output format opus")
        assert client.sent == []

    async def test_a_voice_that_cannot_be_ends_the_connection_after_the_turn_began(
        self, asked: Any, write: Any
    ) -> None:
        client = asked()
        end = await client.is_refused(write.context(), write.ssml(voice="Jenny"))
        assert end == (1007, "Unsupported voice Jenny.")
        assert client.paths == ["turn.start"]

    async def test_a_custom_deployment_has_voices_of_any_name(self, asked: Any, write: Any) -> None:
        client = asked(any_voice=True)
        await client.say(write.context(), write.ssml(voice="Contoso"))
        assert client.paths[-1] == "turn.end"

    async def test_a_text_whose_language_is_detected_needs_no_voice(self, asked: Any, write: Any) -> None:
        client = asked()
        audio = {"outputFormat": write.raw_16}
        await client.say(write.synthesis({"audio": audio, "language": {"autoDetection": True}}))
        document = b"<speak xml:lang='en-US'>Hello</speak>"
        await client.say(Message("ssml", {"X-RequestId": "r1"}, document))
        assert client.synthesized[0].text == "Hello"


class TestFaults:
    async def _fails(self, client: Any, write: Any) -> tuple[int | None, str]:
        end: tuple[int | None, str] = await client.is_refused(write.context(), write.ssml())
        assert not client.synthesized
        return end

    async def test_a_text_is_refused_by_closing(self, asked: Any, write: Any) -> None:
        client = asked(faults=[RefuseText()])
        assert await self._fails(client, write) == (1007, "closed by the emulator")
        assert client.sent == []

    @pytest.mark.parametrize(("after", "chunks"), [(0.0, 0), (0.5, 5), (1.0, 10)])
    async def test_a_connection_is_reset_in_the_voice(
        self, asked: Any, write: Any, after: float, chunks: int
    ) -> None:
        fault: Fault = DropText(after=after)
        client = asked(chunk_bytes=1600, faults=[fault])
        assert await self._fails(client, write) == (None, "")
        assert len(client.audio) == chunks * 1600

    async def test_the_service_goes_mute(self, asked: Any, write: Any) -> None:
        client = asked(faults=[MuteText(text=2)])
        await client.say(write.context(), write.ssml())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.say(write.context(), write.ssml()), 0.05)
        assert len(client.synthesized) == 1
