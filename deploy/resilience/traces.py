"""Sends the traces of utterances, and LiveKit's own, to an OpenTelemetry collector."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

from livekit.agents import telemetry
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.record import Keeper

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_FLUSH_MS = 5000
"""A job that ends has 10 s for all that it closes."""


def start_traces(
    source: azure_interpreter.STT | azure_interpreter.MeetingInterpreter, record: Keeper | None = None
) -> Callable[[], Awaitable[object]]:
    """Trace this job, if OTEL_EXPORTER_OTLP_ENDPOINT is set.

    Args:
        source: Who interprets.
        record: The keeper of its record.

    Returns:
        What to await at the end of the job, once all else is closed: it sends what was not sent yet.
    """
    if not os.environ.get(ENDPOINT):
        return _nothing
    # OpenTelemetry reads the other variables, such as OTEL_SERVICE_NAME and OTEL_TRACES_SAMPLER.
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    telemetry.set_tracer_provider(provider, allow_pii=False)  # no words of a meeting
    azure_interpreter.UtteranceTraces(source, record=record)

    async def flush() -> None:
        await asyncio.to_thread(provider.force_flush, _FLUSH_MS)

    return flush


async def _nothing() -> None:
    pass
