"""A flush ends the utterance at once where the service takes it, and is harmless where it does not."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from fakes.limits import within
from livekit.agents import APIStatusError

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._sdk.recognizer import TAKES_COMMITS
from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop

pytestmark = pytest.mark.skipif(not TAKES_COMMITS, reason="the SDK has no commit")

_PACE = 2.0
"""How much faster than speech the audio is pushed."""


def _lines(audio: Any, count: int = 3) -> list[Any]:
    return [audio.line(number, 0.2 + 0.1 * number) for number in range(1, count + 1)]


def _texts(lines: list[Any]) -> list[str]:
    return [line.translations["fr"] for line in lines]


async def _speak(pair: Any, audio: Any, pcm: bytes) -> None:
    """Push audio at a multiple of the pace of speech."""
    for frame in audio.frames(pcm):
        pair.stream.push_frame(frame)
        await asyncio.sleep(frame.duration / _PACE)


async def _interpret_flushed(pair: Any, audio: Any) -> list[bytes]:
    """Speak for 3 s without a pause, with a flush at each second."""
    pcm = audio.speech((0.0, 3.0), end=3.6)
    for second in range(2):
        await _speak(pair, audio, pcm[second * 32000 : (second + 1) * 32000])
        pair.stream.flush()
    return await _end(pair, audio, pcm[64000:])


async def _first_final(stream: Any) -> str:
    async for event in stream:
        if event.type.value == "final_transcript":
            return str(event.alternatives[0].text)
    raise AssertionError("the stream has no final")


async def _end(pair: Any, audio: Any, pcm: bytes) -> list[bytes]:
    await _speak(pair, audio, pcm)
    pair.stream.end_input()
    await within(pair.listen())
    voices: list[bytes] = pair.voices
    return voices


class TestServiceThatTakesIt:
    async def test_a_flush_in_the_middle_of_speech_brings_its_final_at_once(
        self, open_pair: Any, audio: Any
    ) -> None:
        pair = await open_pair(Behaviour(script=_lines(audio)), manual_flush=True)
        await _speak(pair, audio, audio.burst(1.0))
        flushed_at = time.monotonic()
        pair.stream.flush()
        await pair.listen_until("final_transcript")
        assert time.monotonic() - flushed_at < 1.0
        assert [final.text for final in pair.finals] == ["phrase numéro 1"]

    async def test_speech_that_is_flushed_is_heard_whole_once_and_in_order(
        self, open_pair: Any, audio: Any
    ) -> None:
        lines = _lines(audio)
        pair = await open_pair(Behaviour(script=lines), manual_flush=True)
        voices = await _interpret_flushed(pair, audio)
        assert [final.text for final in pair.finals] == _texts(lines)
        times = [(final.start_time, final.end_time) for final in pair.finals]
        assert times == [pytest.approx((second, second + 1), abs=0.15) for second in range(3)]
        assert all(map(audio.same, voices, (line.voices["fr"].pcm for line in lines)))
        assert (pair.emulator.connections, pair.lost, pair.errors) == (1, [], [])

    @pytest.mark.parametrize("address", ["speech_endpoint", "speech_host"])
    async def test_a_flush_is_taken_at_any_address(self, open_pair: Any, audio: Any, address: str) -> None:
        pair = await open_pair(Behaviour(script=_lines(audio)))
        where = pair.emulator.endpoint + "?other=1"
        if address == "speech_host":
            where = f"ws://{urlsplit(where).netloc}"
        stt = STT(target_languages="fr", speech_key="any", manual_flush=True, **{address: where})
        async with stt.stream() as stream:
            for frame in audio.frames(audio.burst(1.0)):
                stream.push_frame(frame)
            stream.flush()
            assert await within(_first_final(stream)) == "phrase numéro 1"
        await within(stt.aclose())

    @pytest.mark.parametrize("rate", [16000, 48000])
    @pytest.mark.parametrize("latency", ["low", "relaxed"])
    async def test_the_utterance_ends_where_the_stream_was_flushed(
        self, open_pair: Any, audio: Any, latency: str, rate: int
    ) -> None:
        pair = await open_pair(Behaviour(script=_lines(audio)), manual_flush=True, latency=latency)
        pair.push(audio.burst(1.02, rate), rate=rate)
        pair.stream.flush()
        pair.push(audio.burst(1.0, rate), rate=rate)
        await pair.listen_until("final_transcript")
        pair.stream.end_input()
        await within(pair.listen())
        found = [(final.start_time, final.end_time) for final in pair.finals]
        assert found == [pytest.approx(place, abs=0.001) for place in ((0.0, 1.02), (1.02, 2.02))]

    async def test_flushes_in_silence_twice_and_before_any_audio_change_nothing(
        self, open_pair: Any, audio: Any
    ) -> None:
        (line,) = _lines(audio, 1)
        pair = await open_pair(Behaviour(script=[line], silence_ms=200), manual_flush=True)
        pair.stream.flush()  # it is connecting
        for pcm in (audio.silence(0.3), audio.speech((0.0, 0.5), end=1.0), audio.silence(0.3)):
            await _speak(pair, audio, pcm)
            pair.stream.flush()
            pair.stream.flush()
        voices = await _end(pair, audio, audio.silence(0.3))
        assert [final.text for final in pair.finals] == _texts([line])
        assert all(map(audio.same, voices, [line.voices["fr"].pcm]))
        assert (pair.lost, pair.errors) == ([], [])

    async def test_a_flush_while_a_voice_comes_cuts_nothing_of_it(self, open_pair: Any, audio: Any) -> None:
        lines = [audio.line(1, 1.5), audio.line(2, 0.5)]
        pair = await open_pair(Behaviour(script=lines, voice_speed=2.0), manual_flush=True)
        await _speak(pair, audio, audio.burst(0.6))
        pair.stream.flush()
        await _speak(pair, audio, audio.burst(0.6))
        pair.stream.flush()
        voices = await _end(pair, audio, audio.silence(0.3))
        assert all(map(audio.same, voices, (line.voices["fr"].pcm for line in lines)))
        assert (len(voices), pair.lost, pair.errors) == (2, [], [])

    @pytest.mark.parametrize("code", [1006, 1011])
    async def test_a_flush_that_a_lost_connection_swallowed_is_repeated(
        self, open_pair: Any, audio: Any, code: int
    ) -> None:
        faults = [Drop(0.9, code=code)]
        pair = await open_pair(Behaviour(script=_lines(audio), faults=faults), manual_flush=True)
        pair.push(audio.burst(1.0))
        pair.stream.flush()
        # The speaker's microphone is off: nothing but the flush ends the utterance.
        await pair.listen_until("final_transcript")
        assert [final.text for final in pair.finals] == ["phrase numéro 1"]
        assert pair.emulator.connections == 2

    async def test_flushes_during_an_outage_are_each_kept_for_the_next_attempt(
        self, open_pair: Any, audio: Any
    ) -> None:
        lines = _lines(audio)
        pair = await open_pair(Behaviour(script=lines), manual_flush=True)
        await pair.emulator.aclose()
        for _ in lines:
            await _speak(pair, audio, audio.burst(0.5) + audio.silence(0.1))
            pair.stream.flush()
        listening = asyncio.create_task(pair.listen_until("final_transcript", 3))
        await asyncio.sleep(0.5)
        await pair.emulator.start()
        await within(listening)
        assert [final.text for final in pair.finals] == _texts(lines)
        assert all(error.recoverable for error in pair.errors)


class TestServiceThatDoesNot:
    async def test_a_flush_that_is_ignored_loses_nothing_and_holds_up_nothing(
        self, open_pair: Any, audio: Any
    ) -> None:
        (line,) = _lines(audio, 1)
        pair = await open_pair(Behaviour(script=[line], commits="ignored"), manual_flush=True)
        voices = await _interpret_flushed(pair, audio)
        (final,) = pair.finals
        assert final.text == line.translations["fr"]
        assert (final.start_time, final.end_time) == pytest.approx((0.0, 3.0), abs=0.15)
        assert all(map(audio.same, voices, [line.voices["fr"].pcm]))
        assert (pair.emulator.connections, pair.lost, pair.errors) == (1, [], [])

    async def test_a_flush_that_is_refused_is_an_error_that_names_the_option_after_one_more_attempt(
        self, open_pair: Any, audio: Any
    ) -> None:
        pair = await open_pair(Behaviour(script=_lines(audio), commits="refused"), manual_flush=True)
        pair.push(audio.burst(1.0))
        pair.stream.flush()
        pair.push(audio.burst(1.0))
        with pytest.raises(APIStatusError, match="manual_flush") as raised:
            await within(pair.listen())
        assert raised.value.status_code == 400
        assert [error.recoverable for error in pair.errors] == [True, False]

    async def test_a_refused_flush_after_each_result_ends_too(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(
            Behaviour(script=_lines(audio), commits="refused", silence_ms=200), manual_flush=True
        )

        async def speak() -> None:
            while True:
                await _speak(pair, audio, audio.speech((0.1, 0.5), end=0.9))
                pair.stream.flush()

        speaking = asyncio.create_task(speak())
        with pytest.raises(APIStatusError, match="manual_flush"):
            await within(pair.listen())
        speaking.cancel()
        await asyncio.wait({speaking})

    async def test_no_commit_is_sent_and_no_feature_asked_for_unless_the_option_says_so(
        self, open_pair: Any, audio: Any
    ) -> None:
        (line,) = _lines(audio, 1)
        pair = await open_pair(Behaviour(script=[line], commits="refused"))
        await _interpret_flushed(pair, audio)
        assert [final.text for final in pair.finals] == _texts([line])
        assert pair.errors == []


class TestSession:
    """With LiveKit's manual turn detection: what is said is a turn when the session says so."""

    @pytest.mark.parametrize(("commits", "most_seconds"), [("answered", 0.5), ("ignored", 1.9)])
    @pytest.mark.slow
    async def test_each_turn_is_interpreted_before_the_session_stops_waiting_for_it(
        self, enter_room: Any, audio: Any, other_voice: Any, commits: Any, most_seconds: float
    ) -> None:
        lines = _lines(audio)
        room = await enter_room(
            Behaviour(script=lines, commits=commits),
            speed=1.0,
            fallback=other_voice,
            pair_options={"manual_flush": True},
            turn_handling={"turn_detection": "manual"},
        )
        for number, line in enumerate(lines, 1):
            room.session.input.set_audio_enabled(True)
            room.microphone.speak(audio.burst(1.0))
            await room.microphone.until_taken()
            await asyncio.sleep(0.05)
            room.session.input.set_audio_enabled(False)
            committed_at = time.monotonic()
            transcript = await within(room.session.commit_user_turn())
            assert transcript == line.translations["fr"]
            assert time.monotonic() - committed_at < most_seconds
            await room.speaker.until_played(number)
        assert room.heard([line.voices["fr"].pcm for line in lines])
        assert (other_voice.texts, room.lost, room.errors) == ([], [], [])
