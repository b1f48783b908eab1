"""Another voice, for a text that Azure has made none for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, tts
from livekit.agents.metrics import TTSMetrics
from livekit.agents.tts import ChunkedStream

_asking: ContextVar[object] = ContextVar("azure_interpreter_fallback_asked_by")
"""For whom a text is said. LiveKit's streams report their metrics in the context in which they were opened,
and others may use the same TTS at the same time."""


async def speak(
    fallback: tts.TTS[Any], text: str, *, timeout: float, metered: Callable[[TTSMetrics], None]
) -> AsyncGenerator[rtc.AudioFrame, None]:
    """The frames of a text. Close it (`aclosing`), also where it is not read to its end.

    Args:
        fallback: Says it.
        text: What to say.
        timeout: Of its connection, in seconds.
        metered: Called with what it reports of this text.
    """
    asked_by = object()

    def forward(metrics: TTSMetrics) -> None:
        if _asking.get(None) is asked_by:
            metered(metrics)

    fallback.on("metrics_collected", forward)
    try:
        token = _asking.set(asked_by)
        try:
            opened = _open(fallback, text, timeout)
        finally:
            _asking.reset(token)
        async with opened as stream:
            async for audio in stream:
                yield audio.frame
    finally:
        fallback.off("metrics_collected", forward)


def _open(fallback: tts.TTS[Any], text: str, timeout: float) -> tts.SynthesizeStream | ChunkedStream:
    # LiveKit runs our stream again after an error; retries within retries would silence the session.
    conn_options = APIConnectOptions(max_retry=0, timeout=timeout)
    if not fallback.capabilities.streaming:
        return fallback.synthesize(text, conn_options=conn_options)
    stream = fallback.stream(conn_options=conn_options)
    stream.push_text(text)
    stream.end_input()
    return stream
