"""A collector of OpenTelemetry's traces (OTLP over HTTP), for processes of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from .limits import LONG_LIMIT_SECONDS, within


class TraceCollector:
    """Keeps the spans that come.

    Attributes:
        spans: All of them, as OTLP has them.
        written: All that came, byte by byte.
    """

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.written = b""
        self._came = asyncio.Event()
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/v1/traces", self._take)
        self._server = TestServer(app)

    async def __aenter__(self) -> TraceCollector:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a process exports to it, soon."""
        url = str(self._server.make_url("")).rstrip("/")
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "200"}

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it is true of the spans."""

        async def wait() -> None:
            while not condition():
                self._came.clear()
                await self._came.wait()

        try:
            await within(wait(), LONG_LIMIT_SECONDS)
        except asyncio.TimeoutError as error:
            raise TimeoutError(f"spans: {sorted({span.name for span in self.spans})}") from error

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.written += body
        exported = ExportTraceServiceRequest.FromString(body)
        for of_resource in exported.resource_spans:
            for of_scope in of_resource.scope_spans:
                self.spans.extend(of_scope.spans)
        self._came.set()
        answer: Message = ExportTraceServiceResponse()
        return web.Response(body=answer.SerializeToString(), content_type="application/x-protobuf")


def attributes(span: Any) -> dict[str, Any]:
    """The attributes of a span of OTLP."""
    return {one.key: _value(one.value) for one in span.attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind)
