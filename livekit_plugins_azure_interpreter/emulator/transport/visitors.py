"""Keeps out web pages from elsewhere, which could read scripts and recordings through a browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from urllib.parse import urlsplit

from aiohttp import web

_OF_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_SECONDS_OF_A_PERMISSION = "600"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Visitors:
    """Who may ask the emulator: every program and page of this machine, and those that are named.

    A browser sends the page's address with each request (Origin), and the name under which it found the
    emulator (Host). A name that is not the machine's own may have been pointed here by a foreign page.

    Args:
        origins: Further pages that are let in, e.g. "https://example.com".
        hosts: Further names under which the emulator may be found.
    """

    def __init__(self, origins: Collection[str], hosts: Collection[str]) -> None:
        self._origins = {origin.rstrip("/").lower() for origin in origins}
        self._hosts = _OF_THIS_MACHINE | {host.lower() for host in hosts}

    def receive(self, app: web.Application) -> None:
        """Let no others in, and tell browsers that these may read the answers (CORS)."""
        app.middlewares.append(self._check)
        app.on_response_prepare.append(self._permit)

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        host = _hostname(f"//{request.headers.get('Host', '')}")
        if host not in self._hosts:
            return web.Response(status=403, text=f"unknown host {host!r}: allow it with --allow-host")
        origin = request.headers.get("Origin")
        if origin is not None and not self._is_known(origin):
            return web.Response(status=403, text=f"a page of {origin!r}: allow it with --allow-origin")
        if request.method == "OPTIONS":
            return web.Response(status=204)
        return await handler(request)

    async def _permit(self, request: web.Request, response: web.StreamResponse) -> None:
        origin = request.headers.get("Origin")
        if origin is None or not self._is_known(origin):
            return
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
        if request.method == "OPTIONS":
            wanted = request.headers.get("Access-Control-Request-Headers", "")
            response.headers["Access-Control-Allow-Headers"] = wanted
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Max-Age"] = _SECONDS_OF_A_PERMISSION

    def _is_known(self, origin: str) -> bool:
        return origin.lower() in self._origins or _hostname(origin) in _OF_THIS_MACHINE


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
