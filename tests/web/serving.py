"""A client of the endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from fakes.limits import within
from fakes.livekit_api import KEY, SECRET


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Any
    text: str
    body: Any

    @property
    def code(self) -> str:
        return str(self.body["code"])

    @property
    def claims(self) -> dict[str, Any]:
        """What the token says."""
        token = self.body["participant_token"]
        options: Any = {"verify_exp": False, "verify_nbf": False}
        claims: dict[str, Any] = jwt.decode(token, SECRET, ["HS256"], options, issuer=KEY)
        return claims


class Site:
    """Asks the endpoint, as a page does or as an attacker does."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self._client = client

    @property
    def port(self) -> int:
        port = self._client.port
        assert port is not None
        return port

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Answer:
        return await self.request("POST", path, **options)

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        response: ClientResponse = await within(self._client.request(method, path, **options))
        text = await within(response.text())
        is_json = response.content_type == "application/json"
        return Answer(response.status, response.headers, text, await response.json() if is_json else None)

    async def join(
        self, *, bearer: str = "", earlier: str = "", headers: dict[str, str] | None = None, **fields: Any
    ) -> Answer:
        """Ask for a token."""
        sent = dict(headers or {})
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        if earlier:
            sent["X-Participant-Token"] = earlier
        return await self.post("/api/token", json=fields, headers=sent)

    async def download(self, token: str, **wanted: str) -> Answer:
        """Ask for what was said."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self.get("/api/record", params={"format": "vtt", **wanted}, headers=headers)

    async def as_guest(self, name: str, token: str) -> Answer:
        """Ask for an invite, or an interpreter."""
        return await self.post(f"/api/{name}", headers={"Authorization": f"Bearer {token}"})
