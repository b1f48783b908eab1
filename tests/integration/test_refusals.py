"""What the service refuses for good: one attempt, one error, and what to check."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.limits import within
from livekit.agents import APIConnectOptions, APIStatusError

from livekit_plugins_azure_interpreter import SpeechStream
from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop, Fault, NoTranslation, Refuse

_WRONG_RESOURCE = "Translation custom models require CognitiveServices / AIServices resources."
"""Azure's words if a Speech resource is asked for a custom translation model."""


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (Drop(0.1, code=1007, reason="Quota exceeded. Cid: ", times=None), 403, "quota"),
        (Drop(0.1, code=1007, reason="Unsupported audio format"), 400, "Unsupported audio format"),
        (Drop(0.1, code=1007, reason=_WRONG_RESOURCE), 400, "kind CognitiveServices or AIServices"),
        (Refuse(404, times=None), 404, "speech_endpoint"),
        (Refuse(415, times=None), 415, "speech_endpoint"),
        (Refuse(499, times=None), 499, "speech_endpoint"),
    ],
)
async def test_a_refusal_is_one_error_that_says_why(
    open_pair: Any, audio: Any, fault: Fault, status: int, words: str
) -> None:
    pair = await open_pair(Behaviour(faults=[fault]))
    await pair.stream.aclose()  # this one is less patient
    stream = pair.stt.stream(conn_options=APIConnectOptions(max_retry=3, timeout=2.0))
    for frame in audio.frames(audio.speech((0.2, 0.7), end=1.0)):
        stream.push_frame(frame)
    with pytest.raises(APIStatusError, match=words) as raised:
        await within(_all_of(stream))
    assert raised.value.status_code == status
    assert [error.recoverable for error in pair.errors] == [False]
    await stream.aclose()


async def _all_of(stream: SpeechStream) -> None:
    async for _ in stream:
        pass


async def test_a_refusal_in_the_middle_costs_one_attempt_and_nothing_that_was_said(
    open_pair: Any, audio: Any
) -> None:
    pair = await open_pair(Behaviour(silence_ms=200, faults=[Drop(2.5, code=1007, reason="generic")]))
    await pair.interpret(audio.speech((0.2, 0.7), (2.3, 2.8), end=3.4))
    assert len(pair.finals) == 2
    # On a busy machine the first voice is under way when the connection is refused, and is told as lost.
    assert [error.recoverable for error in pair.errors if error.type == "stt_error"] == [True]


async def test_the_reason_for_a_missing_translation_is_in_the_metadata(open_pair: Any, audio: Any) -> None:
    pair = await open_pair(Behaviour(faults=[NoTranslation(reason="no model for this language")]))
    await pair.interpret(audio.speech((0.2, 0.7), end=1.5))
    (final,) = pair.finals
    assert final.metadata == {"translated": False, "failure_reason": "no model for this language"}
