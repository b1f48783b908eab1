"""A WebSocket that stands between the Azure SDK and the service, and has what passes recorded."""

from __future__ import annotations

import asyncio
from types import TracebackType
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSMsgType, web

from livekit_plugins_azure_interpreter.emulator import Exchange
from livekit_plugins_azure_interpreter.emulator.recording.recorder import ConnectionRecorder
from livekit_plugins_azure_interpreter.emulator.transport.sockets import hang_up
from livekit_plugins_azure_interpreter.emulator.transport.wire import WireError, parse_binary, parse_text

_HOST = "127.0.0.1"
_OF_THIS_HOP = {"host", "connection", "upgrade", "content-length", "transfer-encoding"}
_SECRET_HEADERS = {"ocp-apim-subscription-key", "authorization", "x-connectionid"}
_CLOSED_WITHOUT_CODE = 1006


class RecordingProxy:
    """Passes every connection on to the service, frame by frame, as it is.

    Args:
        endpoint: The service, a wss:// or ws:// address.

    Attributes:
        secrets: What passed that nobody else may see.
        unreachable: Set when the service could not be connected to; `reason` tells why.
    """

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._service = f"{parts.scheme}://{parts.netloc}"
        self._path = endpoint[len(self._service) :]
        self._recorders: list[ConnectionRecorder] = []
        self._runner: web.AppRunner | None = None
        self._client: aiohttp.ClientSession | None = None
        self._port = 0
        self.secrets = {parts.hostname or ""} - {"", _HOST, "localhost"}
        self.unreachable = asyncio.Event()
        self.reason = ""

    @property
    def endpoint(self) -> str:
        """What to give as `speech_endpoint`."""
        return f"ws://{_HOST}:{self._port}{self._path}"

    def exchange(self, about: dict[str, str]) -> Exchange:
        """All that has passed."""
        return Exchange(connections=tuple(one.recorded for one in self._recorders), about=about)

    async def __aenter__(self) -> RecordingProxy:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._connected)
        self._client = aiohttp.ClientSession(trust_env=True)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        assert self._client is not None
        await self._runner.cleanup()
        await self._client.close()

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        assert self._client is not None
        self.secrets |= {value for name, value in request.headers.items() if name.lower() in _SECRET_HEADERS}
        recorder = ConnectionRecorder(self.secrets)
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _OF_THIS_HOP and not name.lower().startswith("sec-websocket")
        }
        protocols = request.headers.get("Sec-WebSocket-Protocol", "USP").split(",")
        try:
            service = await self._client.ws_connect(
                self._service + request.path_qs, headers=headers, protocols=protocols, max_msg_size=0
            )
        except aiohttp.WSServerHandshakeError as error:
            recorder.refused(error.status)
            self._recorders.append(recorder)
            return web.Response(status=error.status)
        except (aiohttp.ClientError, OSError) as error:
            self.reason = str(error)
            self.unreachable.set()
            hang_up(request.transport, None)
            return web.Response(status=502)
        self._recorders.append(recorder)
        async with service:
            client = web.WebSocketResponse(protocols=protocols, max_msg_size=0)
            await client.prepare(request)
            up = asyncio.create_task(_pass_up(client, service, recorder))
            try:
                await _pass_down(service, client, recorder)
                if not up.done():
                    code = service.close_code
                    hang_up(request.transport, None if code in (None, _CLOSED_WITHOUT_CODE) else code)
                await up
            finally:
                up.cancel()
                await asyncio.gather(up, return_exceptions=True)
        return client


async def _pass_up(
    client: web.WebSocketResponse, service: aiohttp.ClientWebSocketResponse, recorder: ConnectionRecorder
) -> None:
    async for frame in client:
        if service.closed:
            continue  # the client has still to read why
        if frame.type is WSMsgType.TEXT:
            recorder.client_sent(parse_text(frame.data))
            await service.send_str(frame.data)
        elif frame.type is WSMsgType.BINARY:
            recorder.client_sent(parse_binary(frame.data))
            await service.send_bytes(frame.data)
    await service.close(code=client.close_code or 1000)


async def _pass_down(
    service: aiohttp.ClientWebSocketResponse, client: web.WebSocketResponse, recorder: ConnectionRecorder
) -> None:
    while True:
        frame = await service.receive()
        if frame.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            binary = frame.type is WSMsgType.BINARY
            try:
                message = parse_binary(frame.data) if binary else parse_text(frame.data)
            except WireError:
                recorder.service_sent_other(binary=binary)
            else:
                recorder.service_sent(message, binary=binary)
            await (client.send_bytes(frame.data) if binary else client.send_str(frame.data))
        elif frame.type is WSMsgType.CLOSE:
            recorder.service_closed(frame.data, frame.extra or "")
            return
        else:
            if not client.closed:
                recorder.service_closed(_CLOSED_WITHOUT_CODE, "")
            return
