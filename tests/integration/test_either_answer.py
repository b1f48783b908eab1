"""Whatever the real service does where that is not known: the answers that no other test has.

`tests/live/unknowns.py` lists them all. The service's part is said by the emulator, message by message
(`Behaviour(replay=…)`), or with its options.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.exchanges import chunk, exchange, final, voice_end
from fakes.limits import within
from fakes.promises import assert_less, tries_again
from fakes.room import by_pitch
from livekit.agents import APIConnectionError, APIStatusError

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    Drop,
    EarlyVoice,
    Refuse,
    RegionKeyed,
    VoiceError,
    VoiceFormat,
)
from livekit_plugins_azure_interpreter.emulator.recognition.voices import riff_header

from .conftest import Pair

_RIFF = riff_header(16000)
_TEXTS = ["phrase 1", "phrase 2", "phrase 3"]


async def _interpret(open_pair: Any, audio: Any, *messages: Any, **options: Any) -> Pair:
    """Half a second is said, and the service says these messages."""
    pair: Pair = await open_pair(Behaviour(replay=exchange(*messages)), **options)
    await pair.interpret(audio.speech((0.1, 0.5), end=0.6))
    return pair


def _heard(pair: Pair, audio: Any, voices: list[bytes]) -> bool:
    same = [audio.same(heard, voice) for heard, voice in zip(pair.voices, voices, strict=True)]
    return all(same) and not pair.lost and not pair.errors


def _voices(audio: Any, count: int) -> list[bytes]:
    return [audio.voice(0.3, number).pcm for number in range(1, count + 1)]


def _pieces(pcm: bytes, count: int = 3) -> list[bytes]:
    size = len(pcm) // count // 2 * 2
    return [*(pcm[size * at : size * (at + 1)] for at in range(count - 1)), pcm[size * (count - 1) :]]


class TestHeader:
    async def test_headers_may_come_on_the_first_voice_alone(self, open_pair: Any, audio: Any) -> None:
        voices = _voices(audio, 3)
        messages = [final(1), final(2), final(3)]
        for number, pcm in enumerate(voices, 1):
            first, *others = _pieces(pcm)
            head = _RIFF if number == 1 else b""
            messages += [chunk(number, head + first), *(chunk(number, piece) for piece in others)]
            messages.append(voice_end(number))
        pair = await _interpret(open_pair, audio, *messages)
        assert _heard(pair, audio, voices)

    async def test_headers_may_come_on_some_chunks(self, open_pair: Any, audio: Any) -> None:
        voices = _voices(audio, 3)
        with_header = [(True, False, True), (False, True, False), (True, True, False)]
        messages = [final(1), final(2), final(3)]
        for number, (pcm, heads) in enumerate(zip(voices, with_header, strict=True), 1):
            for head, piece in zip(heads, _pieces(pcm), strict=True):
                messages.append(chunk(number, (_RIFF if head else b"") + piece))
            messages.append(voice_end(number))
        pair = await _interpret(open_pair, audio, *messages)
        assert _heard(pair, audio, voices)


class TestRate:
    async def test_another_than_16_khz_is_resampled(self, open_pair: Any, audio: Any) -> None:
        line = audio.line(1, 0.6)
        pair = await open_pair(Behaviour(script=[line], faults=[VoiceFormat(sample_rate=24000)]))
        (voice,) = await pair.interpret(audio.speech((0.3, 0.8), end=1.5))
        # The samples are those of 0.6 s at 16 kHz, and are said to be at 24 kHz.
        assert len(voice) / 2 / 16000 == pytest.approx(0.4, abs=0.02)


class TestInterleaved:
    @pytest.mark.parametrize("header", [_RIFF, b""], ids=["with headers", "without headers"])
    async def test_each_is_heard_whole_and_in_order(self, open_pair: Any, audio: Any, header: bytes) -> None:
        voices = _voices(audio, 3)
        first, second, third = map(_pieces, voices)
        order = [(1, first), (2, second), (1, first), (3, third), (2, second), (3, third), (1, first)]
        order += [(3, third), (2, second)]
        begun: set[int] = set()
        messages = [final(1), final(2), final(3)]
        for number, pieces in order:
            messages.append(chunk(number, (b"" if number in begun else header) + pieces.pop(0)))
            begun.add(number)
            if not pieces:
                messages.append(voice_end(number))
        pair = await _interpret(open_pair, audio, *messages)
        assert [data.text for data in pair.finals] == _TEXTS
        assert _heard(pair, audio, voices)


class TestEndOfAVoice:
    async def test_an_empty_chunk_alone_can_end_a_voice(self, open_pair: Any, audio: Any) -> None:
        voices = _voices(audio, 2)
        messages = [final(1), final(2)]
        for number, pcm in enumerate(voices, 1):
            messages += [chunk(number, _RIFF + pcm), chunk(number, b"")]
        pair = await _interpret(open_pair, audio, *messages)
        assert _heard(pair, audio, voices)

    async def test_a_voice_whose_end_is_not_told_ends_where_another_begins(
        self, open_pair: Any, audio: Any
    ) -> None:
        voices = _voices(audio, 2)
        first, second = voices
        pair = await _interpret(
            open_pair, audio, final(1), final(2), chunk(1, first), chunk(2, second), voice_end(2)
        )
        assert _heard(pair, audio, voices)

    async def test_one_stream_for_all_voices_is_as_good(self, open_pair: Any, audio: Any) -> None:
        voices = _voices(audio, 2)
        messages = [final(1), final(2)]
        for pcm in voices:
            messages += [*(chunk(7, piece) for piece in _pieces(pcm)), voice_end(7)]
        pair = await _interpret(open_pair, audio, *messages)
        assert _heard(pair, audio, voices)


class TestInterims:
    async def test_finals_are_between_start_and_end_of_speech_without_interims(
        self, open_pair: Any, audio: Any
    ) -> None:
        lines = [audio.line(1, 0.2), audio.line(2, 0.2)]
        pair = await open_pair(Behaviour(script=lines, interim_interval_ms=None))
        await pair.interpret(audio.speech((0.3, 0.8), (1.4, 1.9), end=2.4))
        kinds = [event.type.value for event in pair.events if event.type.value != "recognition_usage"]
        around = [kind for kind in kinds if kind != "final_transcript"]
        assert around == ["start_of_speech", "end_of_speech"] * (len(around) // 2)
        finals = [at for at, kind in enumerate(kinds) if kind == "final_transcript"]
        assert [(kinds[at - 1], kinds[at + 1]) for at in finals] == [("start_of_speech", "end_of_speech")] * 2


class TestKeys:
    async def test_translations_keyed_by_region_are_found_and_voiced(
        self, open_pair: Any, audio: Any
    ) -> None:
        line = audio.line(1, 0.3)
        pair = await open_pair(Behaviour(script=[line], faults=[RegionKeyed()]))
        await pair.interpret(audio.speech((0.3, 0.8), end=1.5))
        (data,) = pair.finals
        assert (data.text, data.language) == (line.translations["fr"], "fr")
        assert _heard(pair, audio, [line.voices["fr"].pcm])


class TestEarly:
    async def test_an_early_voice_is_held_for_its_phrase(self, open_pair: Any, audio: Any) -> None:
        lines = [audio.line(number, 0.3) for number in (1, 2)]
        pair = await open_pair(Behaviour(script=lines, faults=[EarlyVoice()]))
        await pair.interpret(audio.speech((0.3, 0.8), (1.4, 1.9), end=2.4))
        assert _heard(pair, audio, [line.voices["fr"].pcm for line in lines])


class TestApproval:
    """What a resource may get that asks for a personal voice without being approved for it."""

    _STRETCHES = ((0.2, 0.4), (0.8, 1.0), (1.4, 1.6))
    _END = 2.1

    @tries_again
    async def test_text_without_any_voice_is_heard_in_the_fallback_in_time(
        self, open_pair: Any, audio: Any, other_voice: Any
    ) -> None:
        lines = [audio.line(number, voiced=False) for number in (1, 2, 3)]
        pair = await open_pair(Behaviour(script=lines), fallback=other_voice, voice_timeout_seconds=1.0)
        waits = await self._waits(pair, audio)
        assert other_voice.texts[-3:] == [line.translations["fr"] for line in lines]
        # Each waits for its own voice, not for that of those before it, too.
        assert_less(max(waits), 1.3)

    async def _waits(self, pair: Pair, audio: Any) -> list[float]:
        """From each final to the end of the wait for its voice; said at the pace of speech."""
        loop = asyncio.get_running_loop()
        recognized: list[float] = []
        lost: list[float] = []
        pair.stt.on("utterance_recognized", lambda _: recognized.append(loop.time()))
        pair.stt.on("voice_lost", lambda _: lost.append(loop.time()))
        listening = asyncio.create_task(pair.listen())
        for frame in audio.frames(audio.speech(*self._STRETCHES, end=self._END)):
            pair.stream.push_frame(frame)
            await asyncio.sleep(frame.duration)
        await asyncio.sleep(1.5)
        pair.stream.end_input()
        await within(listening)
        return [end - start for start, end in zip(recognized, lost, strict=True)]

    async def test_a_refusal_is_one_error_that_says_what_to_check(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(Behaviour(faults=[Refuse(403, times=None)]))
        with pytest.raises(APIStatusError) as raised:
            await pair.interpret(audio.silence(0.5))
        assert raised.value.status_code in (401, 403)
        assert "AZURE_SPEECH_REGION" in str(raised.value)
        assert pair.emulator.handshakes == 1

    async def test_a_connection_that_is_closed_is_an_error(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(Behaviour(faults=[Drop(0.2, code=1007, times=None)]))
        with pytest.raises((APIConnectionError, APIStatusError)):
            await pair.interpret(audio.speech((0.1, 0.5), end=0.6))

    async def test_a_voice_error_for_each_phrase_loses_none(
        self, open_pair: Any, audio: Any, other_voice: Any
    ) -> None:
        lines = [audio.line(number, 0.2) for number in (1, 2, 3)]
        # Each is known by its pitch: another connection begins anew with what was not recognized.
        script = by_pitch(dict(zip((300, 430, 560), lines, strict=True)))
        behaviour = Behaviour(script=script, faults=[VoiceError(after=0.0)])
        pair = await open_pair(behaviour, fallback=other_voice)
        await pair.interpret(audio.speech(*self._STRETCHES, end=self._END))
        texts = [line.translations["fr"] for line in lines]
        assert [data.text for data in pair.finals] == texts
        assert other_voice.texts == texts
