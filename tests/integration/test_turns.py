"""Turns of one connection, voices that never come, and credentials that are refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.limits import within
from livekit.agents import APIStatusError

from livekit_plugins_azure_interpreter._sdk.recognizer import AzureRecognizer
from livekit_plugins_azure_interpreter.emulator import Behaviour

_STRETCHES = ((0.4, 0.9), (1.3, 1.9), (2.3, 2.7), (3.1, 3.8))
_END = 4.4
_VOICE_TIMEOUT_SECONDS = 0.3
_QUIET_SECONDS = _VOICE_TIMEOUT_SECONDS + 0.1
"""A voice that is late is waited for once more as long; then the order can be relied on again."""


def _lines(audio: Any, **more: Any) -> list[Any]:
    return [
        audio.line(number, 0.3 + 0.1 * number, start_seconds=start, end_seconds=end, **more)
        for number, (start, end) in enumerate(_STRETCHES, 1)
    ]


def _all_same(audio: Any, heard: list[bytes], lines: Any) -> bool:
    voices = [line.voices["fr"].pcm for line in lines]
    return len(heard) == len(voices) and all(map(audio.same, heard, voices))


class TestTurns:
    @pytest.mark.parametrize("utterances_per_turn", [1, 2, 3])
    async def test_nothing_is_lost_between_them(
        self, open_pair: Any, audio: Any, utterances_per_turn: int
    ) -> None:
        lines = _lines(audio)
        behaviour = Behaviour(script=lines, utterances_per_turn=utterances_per_turn)
        pair = await open_pair(behaviour)
        voices = await pair.interpret(audio.speech(*_STRETCHES, end=_END))
        assert [final.text for final in pair.finals] == [line.translations["fr"] for line in lines]
        assert _all_same(audio, voices, lines)
        assert pair.emulator.turns >= len(lines) / utterances_per_turn
        assert (pair.emulator.connections, pair.lost, pair.errors) == (1, [], [])

    @pytest.mark.parametrize("utterances_per_turn", [1, 2])
    async def test_times_are_positions_in_the_audio_that_was_pushed(
        self, open_pair: Any, audio: Any, utterances_per_turn: int
    ) -> None:
        behaviour = Behaviour(script=_lines(audio), utterances_per_turn=utterances_per_turn)
        pair = await open_pair(behaviour)
        await pair.interpret(audio.speech(*_STRETCHES, end=_END))
        times = [(final.start_time, final.end_time) for final in pair.finals]
        assert times == [pytest.approx(stretch, abs=0.001) for stretch in _STRETCHES]

    async def test_the_offset_of_the_stream_is_added_once(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(Behaviour(script=_lines(audio), utterances_per_turn=2))
        pair.stream.start_time_offset = 100.0
        await pair.interpret(audio.speech(*_STRETCHES, end=_END))
        starts = [final.start_time for final in pair.finals]
        assert starts == [pytest.approx(100.0 + start, abs=0.001) for start, _ in _STRETCHES]

    async def test_speech_starts_and_ends_alternate_over_them(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(Behaviour(script=_lines(audio), utterances_per_turn=2))
        await pair.interpret(audio.speech(*_STRETCHES, end=_END))
        kinds = ("start_of_speech", "end_of_speech")
        found = [event.type.value for event in pair.events if event.type.value in kinds]
        assert found == [*kinds] * len(_STRETCHES)

    async def test_a_voice_that_is_still_sent_when_its_turn_ends_is_heard_whole(
        self, open_pair: Any, audio: Any
    ) -> None:
        lines = _lines(audio)
        behaviour = Behaviour(script=lines, utterances_per_turn=1, voice_speed=4.0, voice_delay_ms=50)
        pair = await open_pair(behaviour)
        voices = await pair.interpret(audio.speech(*_STRETCHES, end=_END))
        assert _all_same(audio, voices, lines)
        assert (pair.lost, pair.errors) == ([], [])


class TestVoiceThatNeverComes:
    async def test_a_translation_without_its_voice_is_heard_in_the_fallback_and_its_follower_is_voiced(
        self, open_pair: Any, audio: Any, other_voice: Any
    ) -> None:
        first, silent, follower, _ = _lines(audio)
        silent = audio.line(2, voiced=False, start_seconds=1.3, end_seconds=1.9)
        pair = await self._open(open_pair, [first, silent, follower], fallback=other_voice)
        await self._interpret(pair, audio, quiet_seconds=_QUIET_SECONDS)
        assert audio.same(pair.voices[0], first.voices["fr"].pcm)
        assert audio.same(pair.voices[1], other_voice.pcm(silent.translations["fr"]))
        assert audio.same(pair.voices[2], follower.voices["fr"].pcm)
        assert other_voice.texts == [silent.translations["fr"]]
        assert (len(pair.lost), pair.errors) == (1, [])

    async def test_a_lost_voice_without_a_fallback_is_a_recoverable_error_and_the_rest_is_heard(
        self, open_pair: Any, audio: Any
    ) -> None:
        first, silent, follower, _ = _lines(audio)
        silent = audio.line(2, voiced=False, start_seconds=1.3, end_seconds=1.9)
        pair = await self._open(open_pair, [first, silent, follower])
        await self._interpret(pair, audio, quiet_seconds=_QUIET_SECONDS)
        assert audio.same(pair.voices[0], first.voices["fr"].pcm)
        assert pair.voices[1] == b""
        assert audio.same(pair.voices[2], follower.voices["fr"].pcm)
        (lost,), (error,) = pair.lost, pair.errors
        assert lost.seconds_heard == 0
        assert error.recoverable
        assert lost.id in str(error.error)

    async def test_a_voice_that_may_belong_to_another_translation_is_given_to_none(
        self, open_pair: Any, audio: Any, other_voice: Any
    ) -> None:
        first, silent, *followers = _lines(audio)
        silent = audio.line(2, voiced=False, start_seconds=1.3, end_seconds=1.9)
        pair = await self._open(open_pair, [first, silent, *followers], fallback=other_voice)
        await self._interpret(pair, audio, quiet_seconds=0.0)
        texts = [line.translations["fr"] for line in (silent, *followers)]
        assert audio.same(pair.voices[0], first.voices["fr"].pcm)
        assert all(map(audio.same, pair.voices[1:], map(other_voice.pcm, texts)))
        assert other_voice.texts == texts
        assert (len(pair.lost), pair.errors) == (3, [])

    async def _open(self, open_pair: Any, lines: Any, **options: Any) -> Any:
        behaviour = Behaviour(script=lines)
        return await open_pair(behaviour, voice_timeout_seconds=_VOICE_TIMEOUT_SECONDS, **options)

    async def _interpret(self, pair: Any, audio: Any, *, quiet_seconds: float) -> None:
        """Say the first two, and the others so long after the voice of the second was given up."""
        lost = asyncio.Event()
        pair.stt.on("voice_lost", lambda _: lost.set())
        pcm = audio.speech(*_STRETCHES, end=_END)
        until = round(2.1 * 16000) * 2
        pair.push(pcm[:until])
        listening = asyncio.create_task(pair.listen())
        await within(lost.wait())
        await asyncio.sleep(quiet_seconds)
        pair.push(pcm[until:])
        pair.stream.end_input()
        await within(listening)


class TestWrongKey:
    async def test_a_wrong_key_is_one_clear_error_that_is_not_retried_and_tells_no_secret(
        self, open_pair: Any, audio: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        opened = []

        def open_recognizer(*arguments: Any) -> AzureRecognizer:
            opened.append(arguments)
            return AzureRecognizer(*arguments)

        behaviour = Behaviour(key="the-right-key")
        pair = await open_pair(behaviour, speech_key="a-wrong-key", _open_recognizer=open_recognizer)
        with pytest.raises(APIStatusError, match=r"speech_key \(AZURE_SPEECH_KEY\)") as caught:
            await pair.interpret(audio.speech(*_STRETCHES, end=_END))
        assert (caught.value.status_code, caught.value.retryable) == (401, False)
        assert len(opened) == 1
        (error,) = pair.errors
        assert (error.error, error.recoverable) == (caught.value, False)
        everything = f"{caught.value!s} {caught.value!r} {error!r} {caplog.text}"
        assert "a-wrong-key" not in everything
        assert "the-right-key" not in everything
