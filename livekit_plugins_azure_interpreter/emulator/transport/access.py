"""Decides which clients are let in: by key, or by a token that was issued for it."""

from __future__ import annotations

import math
import secrets
import time

from aiohttp import web

_TOKENS_KEPT = 1000
_KEY = "Ocp-Apim-Subscription-Key"


class Access:
    """The keys and tokens of clients.

    Args:
        key: The only key that is accepted; None: any.
        token_seconds: How long a token is accepted; then keys are not. None: keys are accepted, too, and
            tokens do not expire.
    """

    def __init__(self, key: str | None, token_seconds: float | None) -> None:
        self._key = key
        self._token_seconds = token_seconds
        self._tokens: dict[str, float] = {}

    def issue_token(self) -> str:
        """A new token."""
        now = time.monotonic()
        self._tokens = {token: until for token, until in self._tokens.items() if until > now}
        token = secrets.token_urlsafe()
        self._tokens[token] = now + (self._token_seconds or math.inf)
        if len(self._tokens) > _TOKENS_KEPT:
            del self._tokens[next(iter(self._tokens))]
        return token

    async def answer_token(self, request: web.Request) -> web.Response:
        """Answer a client with the key that asks for a token."""
        return web.Response(text=self.issue_token()) if self._knows_key(request) else web.Response(status=401)

    def lets_in(self, request: web.Request) -> bool:
        """Whether a client's key or token is accepted."""
        if self._token_seconds is None and self._knows_key(request):
            return True
        # An Entra ID token of a resource is "aad#RESOURCE#TOKEN".
        scheme, _, token = given(request, "Authorization").rpartition(" ")
        token = token.rpartition("#")[2] if scheme.lower() == "bearer" else ""
        return self._tokens.get(token, 0.0) > time.monotonic()

    def _knows_key(self, request: web.Request) -> bool:
        return self._key is None or given(request, _KEY) == self._key


def given(request: web.Request, name: str) -> str:
    """A header, or the parameter of that name: a browser cannot set the headers of a WebSocket."""
    return request.headers.get(name) or request.query.get(name, "")
