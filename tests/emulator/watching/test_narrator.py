"""What a reader is told, by an emulator that real messages pass."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from livekit_plugins_azure_interpreter.emulator import (
    BadJson,
    Behaviour,
    Drop,
    ErrorStatus,
    Line,
    MissingFields,
    NoTranslation,
    Voice,
)
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message
from livekit_plugins_azure_interpreter.emulator.watching.happenings import (
    Connected,
    Disconnected,
    Received,
    Sent,
)
from livekit_plugins_azure_interpreter.emulator.watching.narrator import Event, Narrator, as_json, as_line

_LINE = Line("Good morning.", translations={"fr": "Bonjour."}, voices={"fr": Voice(b"\1\2" * 4000)})

_SSML = "<speak xml:lang='en-US'><voice name='en-US-AvaNeural'>Hello</voice></speak>"


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def watched(start: Any, told: list[Event]) -> Any:
    """Start an emulator whose events are told."""

    async def make(*faults: Any, line: Line = _LINE, **behaviour: Any) -> Any:
        told.clear()
        options = Behaviour(script=[line], faults=faults, interim_interval_ms=None, **behaviour)
        return await start(options, watchers=[Narrator(told.append)])

    return make


@pytest.fixture
def spoken_to(connect: Any, audio: Any) -> Any:
    """Connect to an emulator, and say an utterance."""

    async def speak(emulator: Any) -> Any:
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        return client

    return speak


def _lines(told: list[Event], *what: str) -> list[str]:
    return [as_line(event)[11:] for event in told if not what or event.what in what]


@pytest.mark.native
class TestSession:
    async def test_a_translated_utterance_is_told_in_the_order_of_its_messages(
        self, watched: Any, connect: Any, audio: Any, told: list[Event], eventually: Any
    ) -> None:
        client = await connect((await watched()).endpoint)
        await client.whole_turn(audio.utterance())
        await client.socket.close()
        await eventually(lambda: told[-1].what == "left")
        assert _lines(told)[1:] == [
            "#1   asked           for fr in text, fr spoken",
            '#1   heard           "Good morning." (en-US, 0.40 to 1.60 s)',
            '#1   translated      fr: "Bonjour."',
            "#1   voice           fr, 8044 bytes",
            "#1   turn ended",
            "#1   left            1000",
        ]
        assert _lines(told)[0].startswith("#1   connected       /speech/universal/v2 Python/")

    async def test_recognition_without_translation_is_told(
        self, watched: Any, connect: Any, audio: Any, told: list[Event]
    ) -> None:
        client = await connect((await watched()).endpoint)
        await client.whole_turn(audio.utterance(), targets=None, voice=False)
        assert [line[5:] for line in _lines(told, "asked", "heard", "translated")] == [
            "asked           for words",
            'heard           "Good morning." (en-US, 0.40 to 1.60 s)',
        ]

    async def test_silence_that_ends_a_turn_is_told(
        self, watched: Any, connect: Any, audio: Any, told: list[Event]
    ) -> None:
        client = await connect((await watched(silent_turn_seconds=1.0)).endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.5))
        await client.until("turn.end")
        assert [event.what for event in told][2:] == ["heard nothing", "turn ended"]

    @pytest.mark.parametrize(
        ("fault", "line"),
        [
            (NoTranslation(reason="too long"), "not translated  too long"),
            (ErrorStatus(1.0, "TooManyRequests"), "told            TooManyRequests"),
            (BadJson(), "unreadable      translation.response"),
            (MissingFields(), "heard nothing"),
        ],
    )
    async def test_a_result_that_went_wrong_is_told(
        self, watched: Any, spoken_to: Any, told: list[Event], fault: Any, line: str
    ) -> None:
        client = await spoken_to(await watched(fault))
        await client.until("translation.response")
        assert line in [told_line[5:] for told_line in _lines(told)]

    async def test_a_fault_and_what_it_did_are_told(
        self, watched: Any, spoken_to: Any, told: list[Event], eventually: Any
    ) -> None:
        client = await spoken_to(await watched(Drop(1.0, code=1011, reason="over")))
        await client.closed()
        await eventually(lambda: told[-1].what == "closed")
        assert _lines(told)[-2:] == [
            "     fault           drop at_seconds=1.0 code=1011 reason=over",
            "#1   closed          1011 over",
        ]

    async def test_a_text_and_a_refused_one_are_told(self, watched: Any, told: list[Event]) -> None:
        emulator = await watched()
        headers = {"X-Microsoft-OutputFormat": "raw-16khz-16bit-mono-pcm"}
        async with aiohttp.ClientSession(headers=headers) as http:
            for text in (_SSML, "<speak>"):
                async with http.post(emulator.synthesis_url, data=text) as response:
                    await response.read()
        assert _lines(told) == [
            "     answered        POST /cognitiveservices/v1: 200",
            "     refused         POST /cognitiveservices/v1: 400",
        ]


class TestEvents:
    @pytest.fixture
    def narrator(self, told: list[Event]) -> Narrator:
        return Narrator(told.append)

    def test_ssml_is_told_by_its_size(self, narrator: Narrator, told: list[Event]) -> None:
        narrator(Received(connection=2, message=Message("ssml", {}, b"<speak/>")))
        assert told[0].details == {"wish": "speech", "ssml_bytes": 8}
        assert _lines(told) == ["#2   asked           for speech"]

    def test_a_request_that_is_none_is_told_by_its_refusal_alone(
        self, narrator: Narrator, told: list[Event]
    ) -> None:
        narrator(Received(connection=1, message=Message("speech.context", {}, b"no JSON")))
        assert told == []

    @pytest.mark.parametrize(
        ("change", "lines"),
        [
            (
                {"to": ["fr", "de"], "synthesis": {"defaultVoices": {"de": "a voice"}}},
                ["asked           for fr, de in text, de spoken"],
            ),
            ({"to": ["fr", "de"]}, ["asked           for fr, de in text"]),
            ({"to": 1}, []),
            ({"name": "other"}, []),
        ],
        ids=["voices", "texts", "malformed", "another event"],
    )
    def test_languages_that_change_amid_a_turn_are_told(
        self, narrator: Narrator, told: list[Event], change: dict[str, Any], lines: list[str]
    ) -> None:
        body = json.dumps({"name": "updateLanguage", **change}).encode()
        narrator(Received(connection=2, message=Message("event", {}, body)))
        assert [line[5:] for line in _lines(told)] == lines

    def test_a_voice_that_never_ended_is_forgotten_with_its_connection(
        self, narrator: Narrator, told: list[Event]
    ) -> None:
        def sent(path: str, body: bytes) -> Sent:
            return Sent(connection=1, message=Message(path, {"X-StreamId": "1"}, body), binary=False)

        narrator(sent("audio.start", b"{}"))
        narrator(Disconnected(connection=1, code=None))
        narrator(sent("audio", b"12"))
        narrator(sent("audio.end", b"{}"))
        assert _lines(told) == ["#1   reset"]

    def test_an_event_as_json_is_one_object_on_one_line(self, narrator: Narrator, told: list[Event]) -> None:
        narrator(Connected(connection=3, path="/speech", client='a "client"\n'))
        written = as_json(told[0])
        assert "\n" not in written
        event = json.loads(written)
        assert event.pop("at_seconds") == round(told[0].at_seconds, 3)
        assert event == {
            "connection": 3,
            "what": "connected",
            "path": "/speech",
            "client": 'a "client"\n',
        }
