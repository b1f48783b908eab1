from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line
from livekit_plugins_azure_interpreter.emulator.rest import fast_transcription

pytestmark = pytest.mark.native

_SCRIPT = (Line("Good morning.", language="en-GB"), Line("Goodbye."))


def _form(audio: bytes | None, definition: str | None = '{"locales": ["en-US"]}') -> aiohttp.FormData:
    form = aiohttp.FormData()
    if audio is not None:
        form.add_field("audio", audio, filename="audio.wav", content_type="audio/wav")
    if definition is not None:
        form.add_field("definition", definition, content_type="application/json")
    return form


async def _post(emulator: Emulator, body: Any, query: str = "?api-version=2024-11-15") -> tuple[int, Any]:
    path = "/speechtotext/transcriptions:transcribe"
    url = emulator.synthesis_url.replace("/cognitiveservices/v1", path) + query
    headers = (
        {} if isinstance(body, aiohttp.FormData) else {"Content-Type": "multipart/form-data; boundary=x"}
    )
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url, data=body) as response:
        return response.status, await response.json()


class TestFastTranscription:
    async def test_it_answers_with_all_phrases_and_their_words(
        self, start: Any, audio: Any, recorded: Any
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        status, result = await _post(emulator, _form(await recorded(audio.utterance(1) + audio.utterance(2))))
        assert status == 200
        assert result["durationMilliseconds"] == 5000
        assert result["combinedPhrases"] == [{"text": "Good morning. Goodbye."}]
        assert result["phrases"] == [
            {
                "offsetMilliseconds": 400,
                "durationMilliseconds": 1200,
                "text": "Good morning.",
                "words": [
                    {"text": "good", "offsetMilliseconds": 400, "durationMilliseconds": 436},
                    {"text": "morning", "offsetMilliseconds": 836, "durationMilliseconds": 764},
                ],
                "locale": "en-GB",
                "confidence": 0.9,
            },
            {
                "offsetMilliseconds": 2900,
                "durationMilliseconds": 1200,
                "text": "Goodbye.",
                "words": [{"text": "goodbye", "offsetMilliseconds": 2900, "durationMilliseconds": 1200}],
                "locale": "en-US",
                "confidence": 0.9,
            },
        ]

    async def test_it_begins_with_the_first_line_each_time(self, start: Any, recorded: Any) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        for _ in range(2):
            _, result = await _post(emulator, _form(await recorded(), definition=None))
            assert [phrase["text"] for phrase in result["phrases"]] == ["Good morning."]

    @pytest.mark.parametrize(
        ("definition", "locale"), [('{"locales": ["de-DE", "fr-FR"]}', "de-DE"), ("{}", "und")]
    )
    async def test_its_language_is_the_clients_where_no_script_says_it(
        self, start: Any, recorded: Any, definition: str, locale: str
    ) -> None:
        _, result = await _post(await start(), _form(await recorded(), definition))
        assert [phrase["locale"] for phrase in result["phrases"]] == [locale]

    async def test_it_finds_nothing_in_silence(self, start: Any, audio: Any, recorded: Any) -> None:
        status, result = await _post(await start(), _form(await recorded(audio.silence(1.0))))
        assert status == 200
        assert result == {"durationMilliseconds": 1000, "combinedPhrases": [], "phrases": []}

    async def test_it_refuses_a_request_without_a_version(self, start: Any, recorded: Any) -> None:
        status, body = await _post(await start(), _form(await recorded()), query="")
        assert (status, body["code"]) == (400, "InvalidRequest")

    @pytest.mark.parametrize("audio", [None, b""])
    async def test_it_refuses_a_form_without_audio(self, start: Any, audio: bytes | None) -> None:
        status, body = await _post(await start(), _form(audio))
        assert (status, body["innerError"]["code"]) == (400, "EmptyAudioFile")

    async def test_it_refuses_a_form_with_other_parts(self, start: Any) -> None:
        form = _form(b"RIFF")
        form.add_field("model", "whisper")
        status, body = await _post(await start(), form)
        assert (status, body["message"]) == (400, "The form may have audio and definition only.")

    @pytest.mark.parametrize(
        "definition", ["no", "[" * 5000, "[]", '{"locales": "en-US"}', '{"locales": [1]}']
    )
    async def test_it_refuses_a_definition_of_another_shape(
        self, start: Any, recorded: Any, definition: str
    ) -> None:
        status, body = await _post(await start(), _form(await recorded(), definition))
        assert status == 400
        assert "definition" in body["message"]

    async def test_it_refuses_what_is_no_audio(self, start: Any) -> None:
        status, body = await _post(await start(), _form(b"no audio"))
        assert (status, body["innerError"]["code"]) == (422, "InvalidAudioFormat")

    async def test_it_refuses_a_recording_that_is_too_long(
        self, start: Any, recorded: Any, mocker: MockerFixture
    ) -> None:
        mocker.patch.object(fast_transcription, "_MOST_SECONDS", 1.0)
        status, body = await _post(await start(), _form(await recorded()))
        assert (status, body["innerError"]["code"]) == (422, "AudioLengthLimitExceeded")

    async def test_it_refuses_a_form_that_is_too_large(
        self, start: Any, recorded: Any, mocker: MockerFixture
    ) -> None:
        status, _ = await _post(await start(), _form(await recorded(), json.dumps({"a": "x" * 65_536})))
        assert status == 413

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"no form",
            b"--x\r\n\r\n",
            b"--x\r\nContent-Disposition: form-data; name=audio\r\n\r\nunended",
            b"--x\r\nno header\r\n\r\n\r\n--x--",
            b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n",
            b"--x\r\nContent-Type: multipart/mixed\r\n\r\n--y--\r\n--x--\r\n",
            b"--x\r\nContent-Disposition: form-data; name=audio\r\nContent-Length: -5\r\n\r\n\r\n--x--",
        ],
    )
    async def test_it_refuses_a_broken_form(
        self, start: Any, body: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        status, answer = await _post(await start(), body)
        assert (status, answer["code"]) == (400, "InvalidRequest")
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []

    async def test_it_refuses_what_is_no_form(self, start: Any) -> None:
        async with aiohttp.ClientSession(headers={"Content-Type": "audio/wav"}) as http:
            url = (await start()).synthesis_url.replace(
                "/cognitiveservices/v1", "/speechtotext/transcriptions:transcribe?api-version=1"
            )
            async with http.post(url, data=b"RIFF") as response:
                assert (response.status, (await response.json())["code"]) == (415, "UnsupportedMediaType")
