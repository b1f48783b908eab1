"""Options that change while a stream is open, and recordings interpreted as a whole."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import AgentSession, APIConnectionError, APIConnectOptions
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT, InterpreterAgent, session_options
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice


def _behaviour(audio: Any, **more: Any) -> Behaviour:
    """The utterance is told by its length: 0.3 s, 0.4 s, ..., and its voice by target language."""

    def recognize(samples: Voice) -> Line:
        # The emulator keeps a tenth of a second on either side.
        number = max(0, round((samples.seconds - 0.2) * 10) - 2)
        return Line(
            f"sentence {number}",
            translations={"fr": f"phrase {number}", "de": f"Satz {number}"},
            voices={"fr": audio.voice(0.4, seed=number), "de": audio.voice(0.4, seed=100 + number)},
        )

    return Behaviour(script=recognize, silence_ms=200, **more)


def _utterance(audio: Any, number: int) -> bytes:
    return bytes(audio.silence(0.3) + audio.burst(0.2 + 0.1 * number) + audio.silence(0.5))


def _voice(audio: Any, number: int, target: str) -> bytes:
    return bytes(audio.voice(0.4, seed=number + (100 if target == "de" else 0)).pcm)


class TestTargetLanguage:
    async def test_it_changes_at_the_next_utterance_and_the_voice_follows(
        self, open_pair: Any, audio: Any
    ) -> None:
        pair = await open_pair(_behaviour(audio))
        listening = asyncio.create_task(pair.listen())
        for number, target in enumerate(("fr", "de", "fr", "de"), 1):
            pair.stt.update_options(target_languages=target)
            pair.push(_utterance(audio, number))
            await asyncio.sleep(0)
        pair.stream.end_input()
        await asyncio.wait_for(listening, 20)
        assert [final.text for final in pair.finals] == ["phrase 1", "Satz 2", "phrase 3", "Satz 4"]
        assert [str(final.language) for final in pair.finals] == ["fr", "de", "fr", "de"]
        expected = [
            _voice(audio, 1, "fr"),
            _voice(audio, 2, "de"),
            _voice(audio, 3, "fr"),
            _voice(audio, 4, "de"),
        ]
        assert all(map(audio.same, pair.voices, expected))
        assert (pair.lost, pair.errors) == ([], [])

    async def test_times_go_on(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_behaviour(audio))
        listening = asyncio.create_task(pair.listen())
        pair.push(_utterance(audio, 1))
        await asyncio.sleep(0)
        pair.stt.update_options(target_languages="de")
        pair.push(_utterance(audio, 2))
        pair.stream.end_input()
        await asyncio.wait_for(listening, 20)
        starts = [final.start_time for final in pair.finals]
        assert starts == [pytest.approx(0.2, abs=0.05), pytest.approx(1.1 + 0.2, abs=0.05)]

    async def test_an_utterance_under_way_is_not_cut_in_two(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_behaviour(audio))
        first, second = _utterance(audio, 8), _utterance(audio, 3)
        pair.push(first[: len(first) // 2])
        await pair.listen_until("start_of_speech")
        pair.stt.update_options(target_languages="de")
        listening = asyncio.create_task(pair.listen())
        pair.push(first[len(first) // 2 :] + audio.silence(0.5))
        while not pair.finals:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        pair.push(audio.silence(1.0) + second)
        pair.stream.end_input()
        await asyncio.wait_for(listening, 20)
        assert [final.text for final in pair.finals] == ["phrase 8", "Satz 3"]

    async def test_the_same_options_change_nothing(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_behaviour(audio))
        pair.stt.update_options(target_languages="fr")
        await pair.interpret(_utterance(audio, 1))
        assert pair.emulator.connections == 1


class TestOtherOptions:
    async def test_without_a_voice_text_goes_on(self, open_pair: Any, audio: Any, other_voice: Any) -> None:
        pair = await open_pair(_behaviour(audio), fallback=other_voice)
        pair.stt.update_options(voice=None)
        voices = await pair.interpret(_utterance(audio, 1))
        assert voices == [other_voice.pcm("phrase 1")]
        assert pair.emulator.spoken == []

    async def test_source_languages_are_asked_for(self, open_pair: Any, audio: Any, mocker: Any) -> None:
        pair = await open_pair(_behaviour(audio))
        pair.stt.update_options(source_languages=["en-US", "es-MX"], phrase_list=["LiveKit"])
        await pair.interpret(_utterance(audio, 1))
        assert [final.text for final in pair.finals] == ["phrase 1"]

    def test_a_mistake_changes_nothing(self) -> None:
        stt = STT(target_languages="fr", speech_key="any", speech_region="westeurope", phrase_list=["a"])
        with pytest.raises(ValueError, match="target_languages"):
            stt.update_options(target_languages=[], phrase_list=["b"])
        assert (stt._options.target_languages, stt._options.phrase_list) == (("fr",), ("a",))


class TestKeyterms:
    async def test_those_of_the_session_are_added_to_the_phrase_list(self, audio: Any) -> None:
        async with Emulator(_behaviour(audio)) as emulator:
            stt = STT(
                target_languages="fr",
                speech_key="any",
                speech_endpoint=emulator.endpoint,
                phrase_list=["Contoso"],
            )
            session = AgentSession[None](
                stt=stt, **session_options(stt_context_options={"keyterms": ["LiveKit", "Contoso"]})
            )
            await session.start(InterpreterAgent(), record=False)
            assert stt._options.phrase_list == ("Contoso", "LiveKit")
            await session.aclose()
            await stt.aclose()


class TestBatch:
    async def test_a_recording_is_translated_as_a_whole(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_behaviour(audio))
        pcm = b"".join(_utterance(audio, number) for number in (1, 2, 3))
        event = await asyncio.wait_for(pair.stt.recognize(audio.frames(pcm)), 20)
        (data,) = event.alternatives
        assert event.type is SpeechEventType.FINAL_TRANSCRIPT
        assert data.text == "phrase 1 phrase 2 phrase 3"
        assert data.source_texts == ["sentence 1", "sentence 2", "sentence 3"]
        assert data.target_texts == ["phrase 1", "phrase 2", "phrase 3"]
        assert pair.emulator.spoken == []

    @pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (48000, 1), (24000, 2)])
    async def test_any_rate_and_one_frame_will_do(
        self, open_pair: Any, audio: Any, rate: int, channels: int
    ) -> None:
        pair = await open_pair(_behaviour(audio))
        mono = audio.silence(0.3, rate) + audio.burst(0.3, rate) + audio.silence(0.5, rate)
        pcm = b"".join(mono[at : at + 2] * channels for at in range(0, len(mono), 2))
        frame = rtc.AudioFrame(pcm, rate, channels, len(mono) // 2)
        event = await asyncio.wait_for(pair.stt.recognize(frame), 20)
        assert event.alternatives[0].text == "phrase 1"

    async def test_silence_is_an_empty_text(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_behaviour(audio))
        event = await asyncio.wait_for(pair.stt.recognize(audio.frames(audio.silence(1.0))), 20)
        assert event.alternatives[0].text == ""

    async def test_its_texts_are_no_translations_that_a_voice_waits_for(
        self, open_pair: Any, audio: Any
    ) -> None:
        pair = await open_pair(_behaviour(audio))
        event = await asyncio.wait_for(pair.stt.recognize(audio.frames(_utterance(audio, 1))), 20)
        assert pair.stt.next_translation(event.alternatives[0].text) is None

    async def test_a_service_that_is_away_is_an_error(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_behaviour(audio))
        await pair.emulator.aclose()
        options = APIConnectOptions(max_retry=1, retry_interval=0.1, timeout=0.5)
        with pytest.raises(APIConnectionError):
            await asyncio.wait_for(
                pair.stt.recognize(audio.frames(_utterance(audio, 1)), conn_options=options), 20
            )


class TestProxy:
    async def test_the_connection_goes_through_it(self, open_pair: Any, audio: Any) -> None:
        asked: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head)
            host, _, port = head.split()[1].rpartition(b":")
            far_reader, far_writer = await asyncio.open_connection(host.decode(), int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            pair = await open_pair(_behaviour(audio), proxy=f"http://me:secret@127.0.0.1:{port}")
            await pair.interpret(_utterance(audio, 1))
            await pair.aclose()
        assert [final.text for final in pair.finals] == ["phrase 1"]
        assert asked[0].startswith(b"CONNECT 127.0.0.1:")
        assert b"proxy-authorization: basic" in asked[0].lower()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
