"""Speaks a text that has no Azure voice with another TTS."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextvars import ContextVar
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, tts, utils
from livekit.agents.metrics import TTSMetrics
from livekit.agents.tts import ChunkedStream

from ..options import Pace

_asking: ContextVar[object] = ContextVar("azure_interpreter_fallback_asked_by")
"""Identifies the request for a text. LiveKit's streams report their metrics in the context in which they were
opened, and others may use the same TTS at the same time."""


def check_fallback(fallback: object, *, fallback_speaks_corrections: bool) -> None:
    """Check that there is a fallback, if it has to speak corrections.

    Raises:
        ValueError: There is none.
    """
    if fallback_speaks_corrections and fallback is None:
        raise ValueError(
            "fallback_speaks_corrections needs a fallback: give one, or leave corrections to Azure's voice, "
            "which says the uncorrected text"
        )


def check_simultaneous(pace: Pace, fallback: object, *, prebuilt_voices: object = None) -> None:
    """Check that somebody speaks while Azure's own voice would come too late.

    Raises:
        ValueError: Nobody does, or a voice of Azure is named.
    """
    if pace != "simultaneous":
        return
    if fallback is None:
        raise ValueError(
            'pace="simultaneous" needs a fallback, which speaks every translation: a TTS that speaks as text '
            "comes, such as PersonalVoiceTTS"
        )
    if prebuilt_voices:
        raise ValueError(
            'prebuilt_voices are made after the utterance, too late for pace="simultaneous": leave them out; '
            "a PersonalVoiceTTS(voice=...) as the fallback speaks in a prebuilt voice"
        )


async def speak(
    fallback: tts.TTS[Any],
    text: str | AsyncIterable[str],
    *,
    timeout: float,
    metered: Callable[[TTSMetrics], None],
) -> AsyncGenerator[rtc.AudioFrame, None]:
    """The frames of a text. Close it (`aclosing`), also if it is not read to its end.

    Args:
        fallback: Says it.
        text: The text. If it comes in pieces, speech begins before the last one.
        timeout: The timeout of its connection, in seconds.
        metered: Called with its metrics of this text.
    """
    asked_by = object()

    def forward(metrics: TTSMetrics) -> None:
        if _asking.get(None) is asked_by:
            metered(metrics)

    fallback.on("metrics_collected", forward)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(fallback.off, "metrics_collected", forward)
        token = _asking.set(asked_by)
        try:
            opened = _open(fallback, text, timeout, stack)
            await stack.enter_async_context(opened)
            if isinstance(opened, tts.SynthesizeStream):
                pushing = asyncio.create_task(push_text(opened, text))
                stack.push_async_callback(utils.aio.cancel_and_wait, pushing)
        finally:
            _asking.reset(token)
        async for audio in opened:
            yield audio.frame


def _open(
    fallback: tts.TTS[Any], text: str | AsyncIterable[str], timeout: float, stack: contextlib.AsyncExitStack
) -> tts.SynthesizeStream | ChunkedStream:
    # LiveKit runs our stream again after an error; retries within retries would silence the session.
    conn_options = APIConnectOptions(max_retry=0, timeout=timeout)
    if fallback.capabilities.streaming:
        return fallback.stream(conn_options=conn_options)
    if isinstance(text, str):
        return fallback.synthesize(text, conn_options=conn_options)
    adapter = tts.StreamAdapter(tts=fallback)  # sentence by sentence
    stack.push_async_callback(adapter.aclose)
    return adapter.stream(conn_options=conn_options)


async def push_text(stream: tts.SynthesizeStream, text: str | AsyncIterable[str]) -> None:
    """Give a stream its whole text, which may come in pieces."""
    try:
        if isinstance(text, str):
            stream.push_text(text)
        else:
            async for piece in text:
                stream.push_text(piece)
    finally:
        # Also if a piece cannot be pushed: nothing waits for the rest.
        with contextlib.suppress(RuntimeError):  # it has ended
            stream.end_input()
