"""`nox -s live` with an emulator in Azure's place: what it tells, and what it keeps, said again."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fakes.limits import LONG_LIMIT_SECONDS, within
from fakes.room import by_pitch
from live import __main__ as live
from live import interpreted
from live.interpreted import Heard, interpret
from live.observations import OF_A_CONVERSATION, Seen, several_languages
from live.proxy import RecordingProxy
from live.unknowns import UNKNOWNS

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    Drop,
    Emulator,
    Exchange,
    GarbageFrame,
    NoVoice,
    Refuse,
    Voice,
    load_exchange,
)

_KEY = "a-key-that-nobody-may-see"
_STRETCHES = ((0.1, 0.4), (0.85, 1.15))
_END = 1.4


@pytest.fixture(autouse=True)
def _fast_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreted, "SPEED", 3.0)


def _lines(audio: Any) -> list[Any]:
    return [audio.line(number, 0.3) for number in (1, 2)]


@pytest.fixture
def recording(audio: Any) -> Voice:
    return Voice(audio.speech(*_STRETCHES, end=_END))


async def _record(behaviour: Behaviour, recording: Voice) -> tuple[Exchange, Heard]:
    async with Emulator(behaviour) as emulator, RecordingProxy(emulator.endpoint) as proxy:
        heard = await _interpret(recording, proxy.endpoint)
        return proxy.exchange({}), heard


async def _interpret(recording: Voice, endpoint: str, *, also: str | None = None) -> Heard:
    voice = "personal-voice"
    return await interpret(recording, endpoint=endpoint, key=_KEY, target="fr", voice=voice, also=also)


def _is_interpreted(heard: Heard, lines: list[Any], audio: Any) -> bool:
    voices = [line.voices["fr"].pcm for line in lines]
    whole = len(heard.voices) == len(voices) and all(map(audio.same, heard.voices, voices))
    return whole and heard.texts == [line.translations["fr"] for line in lines]


Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command with the service at an endpoint; its exit code, and what it prints."""

    async def command(*arguments: str, endpoint: str) -> tuple[int, str, str]:
        monkeypatch.setenv("AZURE_SPEECH_KEY", _KEY)
        monkeypatch.setenv("AZURE_SPEECH_ENDPOINT", endpoint)
        code = await within(asyncio.to_thread(live.main, list(arguments)), LONG_LIMIT_SECONDS)
        return code, *capsys.readouterr()

    return command


def _write(path: Path, recording: Voice) -> str:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(recording.sample_rate)
        wav.writeframes(recording.pcm)
    return str(path)


def _write_flac(path: Path) -> str:
    """Two seconds of silence."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("flac", rate=48000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2 * 96000), np.int16), format="s16", layout="stereo")
        frame.sample_rate = 48000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return str(path)


class TestCommand:
    async def test_every_unknown_is_answered_and_the_exchange_can_be_said_again(
        self, audio: Any, recording: Voice, tmp_path: Path, run: Run
    ) -> None:
        lines, out = _lines(audio), tmp_path / "out"
        wav = _write(tmp_path / "recording.wav", recording)
        async with Emulator(Behaviour(script=lines, key=_KEY)) as emulator:
            code, told, err = await run(wav, "--out", str(out), endpoint=emulator.endpoint)
        assert (code, err) == (0, "")
        assert all(unknown.question in told for unknown in UNKNOWNS.values())
        assert "nothing that tells" not in told
        for name in ("conversation", "same_language", "several_languages"):
            written = (out / f"{name}.json").read_text(encoding="utf-8")
            assert _KEY not in written
        async with Emulator(Behaviour(replay=load_exchange(out / "conversation.json"))) as emulator:
            heard = await _interpret(recording, emulator.endpoint)
        assert _is_interpreted(heard, lines, audio)

    async def test_a_prebuilt_voice_is_requested_if_no_personal_voice_comes(
        self, recording: Voice, tmp_path: Path, run: Run
    ) -> None:
        wav = _write(tmp_path / "recording.wav", recording)
        async with Emulator(Behaviour(faults=[NoVoice()])) as emulator:
            code, told, _ = await run(wav, "--out", str(tmp_path), endpoint=emulator.endpoint)
        assert (code, "with a prebuilt voice: 2 translated phrases, 0 voices" in told) == (0, True)
        assert UNKNOWNS["approval"].answers["text only"].seen in told
        assert not (tmp_path / "same_language.json").exists()

    async def test_a_key_that_is_refused_is_told_and_is_an_error(
        self, recording: Voice, tmp_path: Path, run: Run
    ) -> None:
        wav = _write(tmp_path / "recording.wav", recording)
        async with Emulator(Behaviour(key="another")) as emulator:
            code, told, _ = await run(wav, "--out", str(tmp_path), endpoint=emulator.endpoint)
        assert code == 1
        assert "AZURE_SPEECH_KEY" in told
        assert UNKNOWNS["approval"].answers["refused"].seen in told
        assert _KEY not in told

    async def test_nobody_there_is_an_error_that_says_so(self, tmp_path: Path, run: Run) -> None:
        """The recording is read before: of any kind that the examples read."""
        flac = _write_flac(tmp_path / "recording.flac")
        code, told, err = await run(
            flac, "--out", str(tmp_path), endpoint="ws://127.0.0.1:9/speech/universal/v2"
        )
        assert code == 1
        assert "conversation: 2 s to fr" in told
        assert "could not be reached" in err


class TestReplay:
    @pytest.mark.parametrize(
        "options",
        [
            {"utterances_per_turn": 1, "riff": "none", "interim_interval_ms": None},
            {"faults": [GarbageFrame(1)], "voice_speed": 4.0, "voice_delay_ms": 100},
        ],
        ids=["turns", "slow voices"],
    )
    async def test_it_tells_the_same_and_the_pair_hears_the_same(
        self, audio: Any, recording: Voice, options: dict[str, Any]
    ) -> None:
        lines = _lines(audio)
        recorded, heard = await _record(Behaviour(script=lines, **options), recording)
        again, heard_again = await _record(Behaviour(replay=recorded), recording)
        assert _is_interpreted(heard, lines, audio)
        assert _is_interpreted(heard_again, lines, audio)
        answers = [
            {name: observe(Seen(one)) for name, observe in OF_A_CONVERSATION.items()}
            for one in (recorded, again)
        ]
        assert answers[0] == answers[1]


class TestProxy:
    async def test_a_connection_that_the_service_drops_is_dropped_and_kept(
        self, audio: Any, recording: Voice
    ) -> None:
        script = by_pitch(dict(zip((300, 430), _lines(audio), strict=True)))
        behaviour = Behaviour(script=script, faults=[Drop(0.6, code=1011)])
        recorded, heard = await _record(behaviour, recording)
        assert [connection.close_code for connection in recorded.connections] == [1011, None]
        assert (len(heard.texts), heard.error) == (2, "")
        async with Emulator(Behaviour(replay=recorded)) as emulator:
            again = await _interpret(recording, emulator.endpoint)
        assert again.texts == heard.texts

    async def test_a_refusal_is_passed_on(self, audio: Any, recording: Voice) -> None:
        behaviour = Behaviour(script=_lines(audio), faults=[Refuse(503)])
        recorded, heard = await _record(behaviour, recording)
        assert [connection.status for connection in recorded.connections] == [503, None]
        assert len(heard.texts) == 2


class TestSeveralLanguages:
    @pytest.mark.parametrize(
        ("several_voices", "answer"), [("all", "all"), ("first", "one"), ("refused", "refused")]
    )
    async def test_a_service_is_told_by_what_it_voices(
        self, recording: Voice, several_voices: Any, answer: str
    ) -> None:
        behaviour = Behaviour(several_voices=several_voices)
        async with Emulator(behaviour) as emulator, RecordingProxy(emulator.endpoint) as proxy:
            await _interpret(recording, proxy.endpoint, also="de")
        assert several_languages(Seen(proxy.exchange({}))).answer == answer
