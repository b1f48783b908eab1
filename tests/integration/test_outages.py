"""The service goes away in the middle of speech, for less and for longer than one attempt lasts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.limits import within
from livekit.agents import APIConnectionError, APIConnectOptions

from livekit_plugins_azure_interpreter.emulator import Behaviour

_STRETCHES = ((0.4, 0.9), (1.3, 1.9), (2.3, 2.7), (3.1, 3.8))
_END = 4.4
_MIDDLE = 1.6
"""In the middle of the second utterance."""


def _lines(audio: Any) -> list[Any]:
    return [
        audio.line(number, 0.2, start_seconds=start, end_seconds=end)
        for number, (start, end) in enumerate(_STRETCHES, 1)
    ]


async def _interpret_through_outage(pair: Any, audio: Any, *, seconds: float) -> None:
    pcm = audio.speech(*_STRETCHES, end=_END)
    middle = round(_MIDDLE * 16000) * 2
    pair.push(pcm[:middle])
    await pair.listen_until("final_transcript")
    await pair.say(pair.finals[0].text)
    await pair.emulator.aclose()
    pair.push(pcm[middle:])
    pair.stream.end_input()
    listening = asyncio.create_task(pair.listen())
    await asyncio.sleep(seconds)
    await pair.emulator.start()
    await within(listening)


async def test_everything_is_interpreted_once_and_in_order_after_an_outage(
    open_pair: Any, audio: Any, other_voice: Any
) -> None:
    lines = _lines(audio)
    pair = await open_pair(Behaviour(script=lines), fallback=other_voice)
    await _interpret_through_outage(pair, audio, seconds=1.5)
    assert [final.text for final in pair.finals] == [line.translations["fr"] for line in lines]
    times = [(final.start_time, final.end_time) for final in pair.finals]
    assert times == [pytest.approx(stretch, abs=0.05) for stretch in _STRETCHES]
    kinds = ("start_of_speech", "end_of_speech")
    found = [event.type.value for event in pair.events if event.type.value in kinds]
    assert found == [*kinds] * (len(found) // 2)
    assert all(error.recoverable for error in pair.errors)


async def test_a_service_that_stays_away_is_an_error_after_the_last_attempt(
    open_pair: Any, audio: Any
) -> None:
    pair = await open_pair(Behaviour(script=_lines(audio)))
    await pair.stream.aclose()
    await pair.emulator.aclose()
    options = APIConnectOptions(timeout=0.5, retry_interval=0.1, max_retry=2)
    pair.stream = pair.stt.stream(conn_options=options)
    pair.push(audio.speech(*_STRETCHES, end=_END))
    with pytest.raises(APIConnectionError, match="after 2 attempts"):
        await within(pair.listen())
    assert [error.recoverable for error in pair.errors] == [True, True, False]
