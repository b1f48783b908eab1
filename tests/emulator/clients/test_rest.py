"""The REST APIs, asked by curl as Microsoft's documentation shows it."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import av
import pytest
from fakes.limits import within

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

pytestmark = pytest.mark.native

_KEY = ("--header", "Ocp-Apim-Subscription-Key: secret")
_SCRIPT = (Line("Good morning, all."), Line("Goodbye."))
_SSML = (
    '<speak version="1.0" xml:lang="en-US"><voice xml:lang="en-US" xml:gender="Female" '
    'name="en-US-AvaMultilingualNeural">{}</voice></speak>'
)
_SHORT_AUDIO = "/speech/recognition/conversation/cognitiveservices/v1?language=en-US&format="

Curl = Callable[..., Awaitable[tuple[int, bytes]]]


@pytest.fixture
async def emulator(start: Any) -> Emulator:
    made: Emulator = await start(Behaviour(script=_SCRIPT, key="secret"))
    return made


@pytest.fixture
async def curl(emulator: Emulator) -> Curl:
    """Ask for a path; the status and the body of the answer."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    host = emulator.synthesis_url.replace("/cognitiveservices/v1", "")

    async def ask(path: str, *options: str, key: tuple[str, ...] = _KEY) -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            program,
            *("--silent", "--show-error", "--write-out", "\n%{http_code}", *key, *options, host + path),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await within(process.communicate())
        assert process.returncode == 0, errors.decode()
        body, _, status = output.rpartition(b"\n")
        return int(status), body

    return ask


@pytest.fixture
def recording(audio: Any, tmp_path: Path) -> Path:
    """A WAV file with two utterances."""
    path = tmp_path / "two.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(audio.utterance(1) + audio.utterance(2))
    return path


class TestSpeechToText:
    async def test_a_posted_recording_is_recognized(self, curl: Curl, recording: Path) -> None:
        wav = ("--header", "Content-Type: audio/wav; codecs=audio/pcm; samplerate=16000")
        status, body = await curl(f"{_SHORT_AUDIO}simple", *wav, "--data-binary", f"@{recording}")
        assert (status, json.loads(body)["DisplayText"]) == (200, "Good morning, all.")

    async def test_a_recording_that_is_sent_in_chunks_has_alternatives(
        self, curl: Curl, recording: Path
    ) -> None:
        headers = ("Content-Type: audio/wav", "Transfer-Encoding: chunked", "Expect: 100-continue")
        options = [option for header in headers for option in ("--header", header)]
        status, body = await curl(f"{_SHORT_AUDIO}detailed", *options, "--data-binary", f"@{recording}")
        result = json.loads(body)
        assert (status, result["RecognitionStatus"]) == (200, "Success")
        assert result["NBest"][0]["Display"] == "Good morning, all."

    async def test_a_form_without_an_audio_type_is_refused(self, curl: Curl, recording: Path) -> None:
        status, body = await curl(f"{_SHORT_AUDIO}simple", "--data-binary", f"@{recording}")
        assert (status, json.loads(body)["error"]["code"]) == (415, "415")

    async def test_a_whole_recording_is_transcribed(self, curl: Curl, recording: Path) -> None:
        status, body = await curl(
            "/speechtotext/transcriptions:transcribe?api-version=2024-11-15",
            *("--form", f'audio=@"{recording}"'),
            *("--form", 'definition={"locales":["en-US"]}'),
        )
        assert status == 200
        assert json.loads(body)["combinedPhrases"] == [{"text": "Good morning, all. Goodbye."}]

    @pytest.mark.parametrize(
        "path",
        [f"{_SHORT_AUDIO}simple", "/speechtotext/transcriptions:transcribe?api-version=2024-11-15"],
    )
    async def test_a_client_without_the_key_is_refused(self, curl: Curl, path: str) -> None:
        status, body = await curl(path, "--data", "", key=())
        assert (status, json.loads(body)["error"]["code"]) == (401, "401")


class TestTextToSpeech:
    async def _speak(self, curl: Curl, ssml: str, form: str, **options: Any) -> tuple[int, bytes]:
        return await curl(
            "/cognitiveservices/v1",
            *("--header", "Content-Type: application/ssml+xml"),
            *("--header", f"X-Microsoft-OutputFormat: {form}"),
            *("--data-raw", ssml),
            **options,
        )

    async def test_a_text_is_spoken_as_mp3(self, curl: Curl) -> None:
        form = "audio-24khz-48kbitrate-mono-mp3"
        status, body = await self._speak(curl, _SSML.format("Hello"), form)
        assert status == 200
        with av.open(io.BytesIO(body)) as file:
            assert file.format.name == "mp3"

    async def test_a_token_that_was_issued_for_the_key_is_let_in(self, curl: Curl) -> None:
        status, token = await curl("/sts/v1.0/issueToken", "--data", "")
        assert status == 200
        bearer = ("--header", f"Authorization: bearer {token.decode()}")
        spoken = await self._speak(curl, _SSML.format("Hello"), "raw-16khz-16bit-mono-pcm", key=bearer)
        assert spoken[0] == 200

    async def test_a_voice_that_cannot_be_is_refused_by_name(self, curl: Curl) -> None:
        ssml = _SSML.replace("en-US-Ava", "Ava")
        refused = await self._speak(curl, ssml, "raw-16khz-16bit-mono-pcm")
        assert refused == (400, b"Unsupported voice AvaMultilingualNeural.")

    @pytest.mark.parametrize("prefix", ["", "/tts"])
    async def test_voices_are_listed(self, curl: Curl, prefix: str) -> None:
        status, body = await curl(f"{prefix}/cognitiveservices/voices/list")
        assert status == 200
        assert {"Name", "DisplayName", "ShortName", "Gender", "Locale"} <= set(json.loads(body)[0])
