"""Tokens that expire while a stream is open, against a service that refuses an expired one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.credentials import AccessToken, TokenCredential
from livekit.agents import APIStatusError

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

_TOKEN_SECONDS = 0.4
_CONNECTION_SECONDS = 0.6
"""The service ends each connection after more than the life of a token."""
_UTTERANCES = 8
_SPACING_SECONDS = 0.5


def _behaviour() -> Behaviour:
    def recognize(samples: Voice) -> Line:
        return Line(f"{samples.seconds:.1f}")

    return Behaviour(
        script=recognize,
        silence_ms=100,
        token_seconds=_TOKEN_SECONDS,
        connection_seconds=_CONNECTION_SECONDS,
    )


class _Entra(TokenCredential):
    """An Entra ID credential, which gives what the service issues."""

    def __init__(self, issue: Callable[[], str]) -> None:
        self.issue = issue

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(f"aad#resource#{self.issue()}", int(time.time()) + 3600)


async def _interpret(pair: Any, audio: Any) -> None:
    """Utterances at the pace of speech."""
    listening = asyncio.create_task(pair.listen())
    for number in range(_UTTERANCES):
        pair.push(audio.burst(0.1 + 0.02 * number))
        pair.push(audio.silence(0.2))
        await asyncio.sleep(_SPACING_SECONDS)
    pair.stream.end_input()
    await asyncio.wait_for(listening, 15)


@pytest.mark.parametrize("kind", ["callable", "Entra ID"])
async def test_a_stream_outlives_its_tokens(open_pair: Any, audio: Any, kind: str, other_voice: Any) -> None:
    async with Emulator(_behaviour()) as emulator:
        issued: list[str] = []

        def issue() -> str:
            issued.append(emulator.issue_token())
            return issued[-1]

        how = {"speech_auth_token": issue} if kind == "callable" else {"token_credential": _Entra(issue)}
        pair = await open_pair(
            fallback=other_voice, speech_key=None, speech_endpoint=emulator.endpoint, **how
        )
        await _interpret(pair, audio)
        assert len(pair.finals) == len(pair.voices) == _UTTERANCES
        assert len(issued) > 3
        assert all(error.recoverable for error in pair.errors)


async def test_a_token_that_cannot_be_renewed_is_refused_once_and_clearly(open_pair: Any, audio: Any) -> None:
    async with Emulator(_behaviour()) as emulator:
        pair = await open_pair(
            speech_key=None, speech_endpoint=emulator.endpoint, speech_auth_token="of-yesterday"
        )
        pair.push(audio.burst(0.2))
        with pytest.raises(APIStatusError, match="check speech_key"):
            await asyncio.wait_for(pair.listen(), 10)
        assert [error.recoverable for error in pair.errors] == [False]


async def test_a_renewable_token_that_stays_refused_is_an_error_after_one_more(
    open_pair: Any, audio: Any
) -> None:
    asked: list[None] = []

    def of_yesterday() -> str:
        asked.append(None)
        return "of-yesterday"

    async with Emulator(_behaviour()) as emulator:
        pair = await open_pair(
            speech_key=None, speech_endpoint=emulator.endpoint, speech_auth_token=of_yesterday
        )
        pair.push(audio.burst(0.2))
        with pytest.raises(APIStatusError, match="check speech_key"):
            await asyncio.wait_for(pair.listen(), 10)
        assert (len(asked), emulator.connections) == (2, 0)
