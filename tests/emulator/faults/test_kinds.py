"""Each fault on the wire; and what no fault can be."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any, get_args

import aiohttp
import pytest

from livekit_plugins_azure_interpreter import emulator as public
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Tap, Voice, faults
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

pytestmark = pytest.mark.native

_VOICE = Voice(b"".join(bytes([number, 0x10]) for number in range(200)) * 16)
"""3,200 samples that differ from their neighbours, in two messages."""
_SCRIPT = tuple(
    Line(text, translations={"fr": f"{text} fr"}, voices={"fr": _VOICE}) for text in ("one", "two", "three")
)


def _behaviour(*what: faults.Fault, **more: Any) -> Behaviour:
    return Behaviour(script=_SCRIPT, interim_interval_ms=None, faults=what, **more)


class _Clock(Tap):
    """When messages were sent, by their kind."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    def sending(self, message: Message) -> Message:
        self.times.setdefault(message.path, []).append(time.monotonic())
        return message


class TestArguments:
    def test_all_are_public(self) -> None:
        assert {kind.__name__ for kind in faults.KINDS} <= set(public.__all__)

    def test_every_kind_is_explained(self) -> None:
        assert all(kind.__doc__ and not kind.__doc__.startswith(kind.__name__) for kind in faults.KINDS)

    @pytest.mark.parametrize("status", get_args(faults.ErrorName))
    def test_every_error_of_the_service_can_be_told(self, status: faults.ErrorName) -> None:
        assert faults.ErrorStatus(1.0, status).status == status

    @pytest.mark.parametrize("confidence", get_args(faults.Confidence))
    def test_every_confidence_of_the_service_can_be_told(self, confidence: faults.Confidence) -> None:
        assert faults.UnsureLanguage(confidence=confidence).confidence == confidence

    def test_the_first_needs_no_name(self) -> None:
        assert (faults.Refuse(503), faults.Drop(2.0), faults.NoVoice(3)) == (
            faults.Refuse(status=503),
            faults.Drop(at_seconds=2.0),
            faults.NoVoice(utterance=3),
        )

    @pytest.mark.parametrize(
        ("kind", "arguments", "complaint"),
        [
            (faults.Refuse, {"status": 200}, "status must be from 400 to 599, not 200"),
            (faults.Refuse, {"status": 503, "times": 0}, "times must be at least 1, not 0"),
            (faults.Refuse, {"status": 503, "from_connection": 0}, "from_connection"),
            (faults.Drop, {"at_seconds": -1.0}, "at_seconds"),
            (faults.Drop, {"at_seconds": float("nan")}, "at_seconds"),
            (faults.Drop, {"at_seconds": 1.0, "code": 70_000}, "code"),
            (faults.ErrorStatus, {"at_seconds": 1.0, "status": "Bad"}, "TooManyRequests"),
            (faults.Away, {"at_seconds": 1.0, "seconds": -1.0}, "seconds"),
            (faults.NoVoice, {"utterance": 0}, "utterance"),
            (faults.StallVoice, {"seconds": 1.0, "after": 1.5}, "after"),
            (faults.VoiceFormat, {"bits": 24}, "bits"),
            (faults.RefuseTurn, {"turn": 0}, "turn"),
            (faults.RefuseTurn, {"code": 999}, "code"),
            (faults.UnsureLanguage, {"confidence": "Sure"}, "confidence must be one of Unknown, Low, "),
            (faults.VoiceFormat, {"channels": 0}, "channels"),
            (faults.LongVoice, {"factor": 0}, "factor"),
        ],
        ids=lambda value: value.__name__ if isinstance(value, type) else "",
    )
    def test_an_impossible_argument_is_refused_by_name(
        self, kind: type[faults.Fault], arguments: dict[str, Any], complaint: str
    ) -> None:
        with pytest.raises(ValueError, match=complaint):
            kind(**arguments)


class _OnTheWire:
    async def _turn(self, start: Any, connect: Any, audio: Any, *what: faults.Fault, **how: Any) -> Any:
        """A client that said three utterances in a turn."""
        context = how.pop("context", {})
        client = await connect((await start(_behaviour(*what, **how))).endpoint)
        await client.whole_turn(b"".join(audio.utterance(seed) for seed in (1, 2, 3)), **context)
        return client


class TestResults(_OnTheWire):
    async def test_bad_json_is_none_and_acknowledges_nothing(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await self._turn(start, connect, audio, faults.BadJson(2))
        bad = client.of("translation.response")[1]
        with pytest.raises(ValueError, match="delimiter"):
            json.loads(bad.body)
        assert not any(name.startswith("X-Continuation") for name in bad.headers)

    async def test_missing_fields_are_the_texts(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.MissingFields(2))
        body = client.of("translation.response")[1].json()
        assert ({*body}, {*body["SpeechPhrase"]}) == (
            {"SpeechPhrase", "TranslationStatus"},
            {"RecognitionStatus", "Offset", "Duration"},
        )

    async def test_a_wrong_request_id_is_followed_by_the_right_one(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await self._turn(start, connect, audio, faults.WrongRequestId(2))
        results = [
            (frame.headers["X-RequestId"], frame.json()["SpeechPhrase"]["DisplayText"])
            for frame in client.of("translation.response")
        ]
        assert results == [("r1", "one"), ("0" * 32, "two"), ("r1", "two"), ("r1", "three")]

    async def test_garbage_comes_before_the_result(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.GarbageFrame(2))
        said = [path for path in client.paths if path in ("garbage", "translation.response")]
        assert said == ["translation.response", "garbage", "translation.response", "translation.response"]

    async def test_an_unknown_language_is_told(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.UnknownLanguage(2))
        languages = [
            frame.json()["SpeechPhrase"]["PrimaryLanguage"]["Language"]
            for frame in client.of("translation.response")
        ]
        assert languages == ["en-US", "xx-Unknown", "en-US"]

    async def test_translations_are_keyed_by_region(self, start: Any, connect: Any, audio: Any) -> None:
        context = {"targets": ("fr", "zh-Hans")}
        client = await self._turn(start, connect, audio, faults.RegionKeyed(2), context=context)
        keys = [
            [translation["Language"] for translation in frame.json()["Translations"]]
            for frame in client.of("translation.response")
        ]
        assert keys == [["fr", "zh-Hans"], ["fr-FR", "zh-Hans"], ["fr", "zh-Hans"]]

    async def test_no_translation_is_an_error_and_has_no_voice(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await self._turn(start, connect, audio, faults.NoTranslation(2))
        said = [frame.json()["TranslationStatus"] for frame in client.of("translation.response")]
        assert (said, len(client.of("audio.start"))) == (["Success", "Error", "Success"], 2)

    async def test_a_fault_without_a_number_happens_to_each_utterance(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await self._turn(start, connect, audio, faults.NoTranslation())
        assert len(client.of("audio.start")) == 0

    async def test_a_fault_without_a_number_happens_as_often_as_it_says(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await self._turn(start, connect, audio, faults.NoTranslation(times=2))
        assert len(client.of("audio.start")) == 1

    async def test_utterances_are_counted_over_all_sessions(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(_behaviour(faults.NoTranslation(2)))
        clients = [await connect(emulator.endpoint, session_id=name) for name in ("a", "b")]
        for client in clients:
            await client.whole_turn(audio.utterance())
        assert [len(client.of("audio.start")) for client in clients] == [1, 0]


class TestVoices(_OnTheWire):
    def _voices(self, client: Any) -> list[list[bytes]]:
        """The payloads of each voice, by its stream."""
        streams = {frame.headers["X-StreamId"]: list[bytes]() for frame in client.of("audio.start")}
        for frame in client.of("audio"):
            streams[frame.headers["X-StreamId"]].append(frame.body)
        return list(streams.values())

    async def test_no_voice_is_no_message_of_it(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.NoVoice(2))
        assert (len(client.of("translation.response")), len(client.of("audio.start"))) == (3, 2)

    async def test_an_early_voice_begins_before_its_result(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await self._turn(start, connect, audio, faults.EarlyVoice(1))
        assert client.paths.index("audio") < client.paths.index("translation.response")

    async def test_an_early_voice_that_never_comes_does_not_hold_up_its_result(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        what = (faults.EarlyVoice(1), faults.VoiceError(1, after=0.0))
        client = await self._turn(start, connect, audio, *what)
        assert len(client.of("translation.response")) == 3

    async def _times(self, connect: Any, audio: Any, fault: faults.Fault) -> dict[str, list[float]]:
        clock = _Clock()
        async with Emulator(_behaviour(fault), tap=clock) as emulator:
            await (await connect(emulator.endpoint)).whole_turn(audio.utterance())
        return clock.times

    async def test_a_slow_voice_begins_late(self, connect: Any, audio: Any) -> None:
        times = await self._times(connect, audio, faults.SlowVoice(1, seconds=0.1))
        assert times["audio.start"][0] - times["translation.response"][0] > 0.08

    async def test_a_voice_stalls_amid_its_audio(self, connect: Any, audio: Any) -> None:
        times = await self._times(connect, audio, faults.StallVoice(1, seconds=0.1))
        assert times["audio"][1] - times["audio"][0] > 0.08

    @pytest.mark.parametrize(
        ("after", "chunks"), [(0.0, 0), (0.5, 1), (1.0, 2)], ids=["before", "amid", "before its end"]
    )
    async def test_the_connection_drops_when_a_share_of_the_voice_was_sent(
        self, start: Any, connect: Any, audio: Any, after: float, chunks: int
    ) -> None:
        emulator = await start(_behaviour(faults.DropInVoice(1, after=after, code=1011)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        for _ in range(chunks):
            await client.until("audio")
        assert (await client.closed(), client.of("audio.end"), emulator.spoken) == (1011, [], [])

    async def test_a_drop_amid_a_voice_may_be_a_reset(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(_behaviour(faults.DropInVoice(1)))).endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        assert await client.closed() == aiohttp.WSCloseCode.ABNORMAL_CLOSURE

    async def test_a_voice_never_ends(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.VoiceNeverEnds(2))
        assert [frame.headers["X-StreamId"] for frame in client.of("audio.end")] == ["1", "3"]

    async def test_a_voice_ends_with_an_error(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.VoiceError(2))
        ends = [frame.json()["Status"] for frame in client.of("audio.end")]
        assert (ends, [len(voice) for voice in self._voices(client)]) == (
            ["Success", "Error", "Success"],
            [2, 1, 2],
        )

    async def test_a_chunk_amid_the_voice_is_empty(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.EmptyChunk(2))
        sizes = [[len(chunk) for chunk in voice] for voice in self._voices(client)]
        assert sizes == [[3244, 3200], [3244, 0, 3200], [3244, 3200]]

    async def test_chunks_have_odd_sizes(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.OddChunks(2), riff="none")
        sizes = [[len(chunk) % 2 for chunk in voice] for voice in self._voices(client)]
        assert (sizes, {b"".join(voice) for voice in self._voices(client)}) == (
            [[0, 0], [1, 1], [0, 0]],
            {_VOICE.pcm},
        )

    async def test_a_header_is_cut_in_two(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.SplitHeader(2))
        voices = self._voices(client)
        sizes = [[len(chunk) for chunk in voice] for voice in voices]
        assert sizes == [[3244, 3200], [20, 3224, 3200], [3244, 3200]]
        assert b"".join(voices[1]) == b"".join(voices[0])

    async def test_a_header_lies_about_its_sizes(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.LyingHeader(2))
        header = self._voices(client)[1][0][:44]
        assert (header[4:8], header[40:44]) == (b"\xff\xff\xff\xff", b"\x02\0\0\0")

    async def test_a_voice_is_stereo_of_8_bits(self, start: Any, connect: Any, audio: Any) -> None:
        form = faults.VoiceFormat(2, sample_rate=8000, channels=2, bits=8)
        client = await self._turn(start, connect, audio, form)
        sent = b"".join(self._voices(client)[1])
        header = (
            b"\x01\0\x02\0" + (8000).to_bytes(4, "little") + (16000).to_bytes(4, "little") + b"\x02\0\x08\0"
        )
        assert (sent[20:36], sent[44:]) == (header, b"\x90" * 6400)

    async def test_a_voice_is_long(self, start: Any, connect: Any, audio: Any) -> None:
        client = await self._turn(start, connect, audio, faults.LongVoice(2, factor=3), riff="none")
        assert b"".join(self._voices(client)[1]) == _VOICE.pcm * 3


@pytest.mark.parametrize("refuse", [partial(faults.Drop, 1.0, code=1011), faults.RefuseTurn])
def test_a_reason_that_no_close_frame_can_hold_is_refused(refuse: Any) -> None:
    assert refuse(reason="é" * 61).reason
    with pytest.raises(ValueError, match="at most 123 bytes"):
        refuse(reason="é" * 62)
