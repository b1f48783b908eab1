from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line
from livekit_plugins_azure_interpreter.emulator.rest import short_audio

pytestmark = pytest.mark.native

_SCRIPT = (Line("Good morning, all."), Line("Goodbye."))
_PATH = "/speech/recognition/conversation/cognitiveservices/v1"


async def _post(
    emulator: Emulator, body: Any, *, headers: dict[str, str] | None = None, **query: str
) -> tuple[int, Any]:
    url = emulator.synthesis_url.replace("/cognitiveservices/v1", _PATH)
    headers = {"Content-Type": "audio/wav; codecs=audio/pcm; samplerate=16000", **(headers or {})}
    query = {"language": "en-US", **query}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(url, data=body, params=query) as response,
    ):
        return response.status, await response.json()


class TestShortAudio:
    async def test_it_answers_with_the_words_and_their_place(self, start: Any, recorded: Any) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        assert await _post(emulator, await recorded()) == (
            200,
            {
                "RecognitionStatus": "Success",
                "Offset": 4_000_000,
                "Duration": 12_000_000,
                "DisplayText": "Good morning, all.",
            },
        )

    @pytest.mark.parametrize("words", ["true", "false"])
    async def test_it_answers_with_alternatives(self, start: Any, recorded: Any, words: str) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        query = {"format": "detailed", "wordLevelTimestamps": words}
        _, result = await _post(emulator, await recorded(), **query)
        (best,) = result["NBest"]
        assert best["Display"] == "Good morning, all."
        assert best["Lexical"] == "good morning all"
        assert ("Words" in best) is (words == "true")

    async def test_it_answers_with_the_next_line_each_time(self, start: Any, recorded: Any) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        texts = [(await _post(emulator, await recorded()))[1]["DisplayText"] for _ in _SCRIPT]
        assert texts == [line.text for line in _SCRIPT]

    async def test_it_begins_the_script_anew_in_a_session_of_its_own(self, start: Any, recorded: Any) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        sessions = [{"X-ConnectionId": name} for name in ("a", "b", "a")]
        texts = [(await _post(emulator, await recorded(), headers=one))[1]["DisplayText"] for one in sessions]
        assert texts == ["Good morning, all.", "Good morning, all.", "Goodbye."]

    async def test_it_takes_a_recording_that_is_sent_while_it_is_made(
        self, start: Any, recorded: Any
    ) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            file = await recorded()
            for at in range(0, len(file), 8000):
                yield file[at : at + 8000]

        emulator = await start(Behaviour(script=_SCRIPT))
        assert (await _post(emulator, pieces()))[1]["DisplayText"] == "Good morning, all."

    async def test_it_takes_opus(self, start: Any, recorded: Any) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        body = await recorded(form="ogg-16khz-16bit-mono-opus")
        status, result = await _post(emulator, body, headers={"Content-Type": "audio/ogg; codecs=opus"})
        assert (status, result["DisplayText"]) == (200, "Good morning, all.")

    async def test_it_finds_nothing_in_silence(self, start: Any, audio: Any, recorded: Any) -> None:
        answer = await _post(await start(), await recorded(audio.silence(1.0)))
        silence = {"RecognitionStatus": "InitialSilenceTimeout", "Offset": 0, "Duration": 10_000_000}
        assert answer == (200, silence)

    @pytest.mark.parametrize(
        ("query", "reason"),
        [({"language": ""}, "needs a language"), ({"format": "full"}, "one of simple, detailed")],
    )
    async def test_it_refuses_a_query_that_is_incomplete_or_unknown(
        self, start: Any, recorded: Any, query: dict[str, str], reason: str
    ) -> None:
        status, body = await _post(await start(), await recorded(), **query)
        assert (status, body["error"]["code"]) == (400, "400")
        assert reason in body["error"]["message"]

    async def test_it_refuses_what_is_no_audio(self, start: Any, recorded: Any) -> None:
        emulator = await start()
        status, _ = await _post(emulator, await recorded(), headers={"Content-Type": "text/plain"})
        assert status == 415
        status, body = await _post(emulator, b"no audio")
        assert (status, body["error"]["message"]) == (400, "Unsupported audio format: expected ogg, wav.")

    async def test_it_refuses_a_recording_of_more_than_a_minute(
        self, start: Any, audio: Any, recorded: Any
    ) -> None:
        status, body = await _post(await start(), await recorded(audio.silence(61.0)))
        assert (status, body["error"]["message"]) == (400, "The audio is longer than 60 s.")

    async def test_it_refuses_a_body_that_is_too_large(
        self, start: Any, recorded: Any, mocker: MockerFixture
    ) -> None:
        mocker.patch.object(short_audio, "_MOST_BYTES", 1000)
        status, _ = await _post(await start(), await recorded())
        assert status == 413
