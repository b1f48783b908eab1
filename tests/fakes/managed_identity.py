"""Azure's identity endpoint, as a program finds it in App Service."""

from __future__ import annotations

import time

from aiohttp import web

_HEADER = "of-the-app"


class ManagedIdentity:
    """Issues tokens on loopback, as `async with ManagedIdentity() as identity`.

    A credential keeps none of them: each ends as it begins. `expire` says when the service refuses them.

    Attributes:
        issued: Every token that was issued, in order.
        resources: What each is for.
    """

    def __init__(self) -> None:
        self.issued: list[str] = []
        self.resources: list[str] = []
        app = web.Application()
        app.add_routes([web.get("/token", self._issue)])
        self._runner = web.AppRunner(app)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which `DefaultAzureCredential` finds it, and tries nothing else."""
        host, port = self._runner.addresses[0][:2]
        return {
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
            "IDENTITY_ENDPOINT": f"http://{host}:{port}/token",
            "IDENTITY_HEADER": _HEADER,
        }

    def is_current(self, token: str) -> bool:
        """Whether this is the newest token: those before it have expired."""
        return self.issued[-1:] == [token]

    def expire(self) -> None:
        """All tokens that were issued so far are refused from now on."""
        self.issued.append("")

    async def __aenter__(self) -> ManagedIdentity:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _issue(self, request: web.Request) -> web.Response:
        if request.headers.get("X-IDENTITY-HEADER") != _HEADER:
            return web.Response(status=401)
        self.issued.append(f"token-{len(self.issued) + 1}")
        self.resources.append(request.query["resource"])
        token = {"access_token": self.issued[-1], "expires_on": str(int(time.time()))}
        return web.json_response({**token, "resource": self.resources[-1], "token_type": "Bearer"})
