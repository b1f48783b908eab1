"""Requests that Azure refuses, and the two shapes in which it says so."""

from __future__ import annotations

from typing import Any

from aiohttp import web


class RefusalError(Exception):
    """A request that Azure refuses.

    Args:
        status: The status of HTTP.
        message: What is wrong.
        code: Azure's code for it.
        detail: Azure's more exact code, if it has one.
    """

    def __init__(
        self, status: int, message: str, code: str = "InvalidRequest", detail: str | None = None
    ) -> None:
        super().__init__(message)
        self._status = status
        self._code = code
        self._detail = detail

    def of_gateway(self) -> web.Response:
        """The answer as Azure's gateway gives it: the code is the status."""
        body = {"error": {"code": str(self._status), "message": str(self)}}
        return web.json_response(body, status=self._status)

    def of_api(self) -> web.Response:
        """The answer as the API of transcriptions gives it."""
        body: dict[str, Any] = {"code": self._code, "message": str(self)}
        if self._detail is not None:
            body["innerError"] = {"code": self._detail, "message": str(self)}
        return web.json_response(body, status=self._status)
