"""Resolves Azure credentials and endpoint."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ._options.strings import is_visible_ascii, secret, trimmed

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_REGION = re.compile(r"[a-z0-9]+")
_REGION_HOST = re.compile(r"([a-z0-9]+)\.stt\.speech\.microsoft\.com")
_RECOGNITION_PATH = re.compile(r"(/stt)?/speech/.*")
_TOKEN_SCOPE = "https://cognitiveservices.azure.com/.default"
"""The scope of a token from Entra ID."""


class TokenError(Exception):
    """There is no token."""


@dataclass(frozen=True)
class Service:
    """The address of one of Azure's services.

    Args:
        subdomain: The part of a region's host: wss://REGION.SUBDOMAIN.speech.microsoft.com.
        path: The path at a region, and at a container.
        custom_path: The path at the custom domain of a Speech resource.
    """

    subdomain: str
    path: str
    custom_path: str

    def of_region(self, region: str) -> str:
        return f"wss://{region}.{self.subdomain}.speech.microsoft.com{self.path}"


INTERPRETING = Service("stt", "/speech/universal/v2", "/stt/speech/universal/v2")
SPEAKING = Service("tts", "/cognitiveservices/websocket/v1", "/tts/cognitiveservices/websocket/v1")


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Credentials and an endpoint, as `STT` explains them. No repr contains a secret."""

    endpoint: str = field(repr=False)  # It can carry a key in its query.
    key: str | None = field(default=None, repr=False)
    auth_token: str | Callable[[], str] | None = field(default=None, repr=False)
    token_credential: TokenCredential | None = field(default=None, repr=False)

    @classmethod
    def resolve(
        cls,
        *,
        key: str | None = None,
        region: str | None = None,
        endpoint: str | None = None,
        host: str | None = None,
        auth_token: str | Callable[[], str] | None = None,
        token_credential: TokenCredential | None = None,
        environment: Mapping[str, str] = os.environ,
        service: Service = INTERPRETING,
    ) -> Credentials:
        """Complete the arguments from the environment, and check that they fit together.

        An endpoint of the Live Interpreter leads to the synthesizer of the same resource, too, so that one
        AZURE_SPEECH_ENDPOINT serves both.

        Raises:
            ValueError: Something is missing or contradicts something else.
        """
        key = secret("speech_key", key)
        if not callable(auth_token):
            auth_token = secret("speech_auth_token", auth_token)
        region, endpoint, host = (
            trimmed("speech_region", region),
            trimmed("speech_endpoint", endpoint),
            trimmed("speech_host", host),
        )
        _check_one(key, auth_token, token_credential)
        if not (key or auth_token or token_credential):
            key = secret("AZURE_SPEECH_KEY", environment.get("AZURE_SPEECH_KEY"))
        if not (region or endpoint or host):
            endpoint, host, region = (
                trimmed(name, environment.get(name))
                for name in ("AZURE_SPEECH_ENDPOINT", "AZURE_SPEECH_HOST", "AZURE_SPEECH_REGION")
            )
            # The more exact one has priority.
            host = None if endpoint else host
            region = None if endpoint or host else region
        # A container, at a host, needs no credentials.
        if not (key or auth_token or token_credential or host):
            raise ValueError(
                "no Azure credentials: give speech_key (or set AZURE_SPEECH_KEY), speech_auth_token or "
                "token_credential"
            )
        where = _endpoint(service, region=region, endpoint=endpoint, host=host)
        if token_credential is not None and region:
            raise ValueError(
                "token_credential needs the custom domain of the Speech resource: give speech_endpoint "
                f"(AZURE_SPEECH_ENDPOINT; wss://NAME.cognitiveservices.azure.com{service.custom_path}) "
                "instead of speech_region (AZURE_SPEECH_REGION)"
            )
        return cls(endpoint=where, key=key, auth_token=auth_token, token_credential=token_credential)

    @property
    def renewable(self) -> bool:
        """Whether new credentials can be got after Azure refused the old ones."""
        return callable(self.auth_token) or self.token_credential is not None

    def token(self) -> str | None:
        """The token to connect with; a fresh one if it is renewable. It can block.

        Raises:
            TokenError: `speech_auth_token` or `token_credential` gave no token.
        """
        if (credential := self.token_credential) is not None:
            # The SDK does not call it, because it would do that on the thread of its events, and would treat
            # a failing credential like one that Azure refused.
            return _asked("token_credential.get_token()", lambda: credential.get_token(_TOKEN_SCOPE).token)
        if callable(self.auth_token):
            return _asked("speech_auth_token()", self.auth_token)
        return self.auth_token


def _asked(name: str, ask: Callable[[], object]) -> str:
    try:
        token = ask()
    except Exception as error:
        # Without its message and its cause: either may contain a secret.
        raise TokenError(f"{name} raised {type(error).__name__}") from None
    if not isinstance(token, str) or not token.strip():
        raise TokenError(f"{name} must return a token (str), not {type(token).__name__}")
    token = token.strip()
    if not is_visible_ascii(token):
        raise TokenError(f"{name} must return a token that can be sent in a header")
    return token


def _check_one(
    key: str | None, auth_token: str | Callable[[], str] | None, token_credential: TokenCredential | None
) -> None:
    """Check that there is only one, of the right kind; the messages repeat no value."""
    given = {"speech_key": key, "speech_auth_token": auth_token, "token_credential": token_credential}
    names = [name for name, value in given.items() if value]
    if len(names) > 1:
        raise ValueError(f"{' and '.join(names)} contradict each other: give one of them")
    for name, ask in (
        ("speech_auth_token", auth_token),
        ("token_credential", getattr(token_credential, "get_token", None)),
    ):
        if inspect.iscoroutinefunction(ask):
            raise ValueError(
                f"{name} must not be asynchronous: it is asked in a thread "
                "(a credential of azure.identity, not of azure.identity.aio)"
            )
    if token_credential is not None and not hasattr(token_credential, "get_token"):
        raise ValueError(
            "token_credential must be a credential such as azure.identity.DefaultAzureCredential(); "
            "a token itself is given as speech_auth_token"
        )


def _endpoint(service: Service, *, region: str | None, endpoint: str | None, host: str | None) -> str:
    given = [
        name
        for name, value in (
            ("speech_region", region),
            ("speech_endpoint", endpoint),
            ("speech_host", host),
        )
        if value
    ]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} contradict each other: give one of them")
    if region:
        if not _REGION.fullmatch(region.lower()):
            # "West Europe" is how the portal shows westeurope.
            name = "".join(region.lower().split())
            hint = f"; try {name!r}" if _REGION.fullmatch(name) else ""
            raise ValueError(
                f"speech_region (AZURE_SPEECH_REGION) must be a name such as westeurope, not {region!r}{hint}"
            )
        return service.of_region(region.lower())
    if endpoint:
        url = _websocket("speech_endpoint (AZURE_SPEECH_ENDPOINT)", endpoint)
        return _synthesizer_of(url) if service is SPEAKING else url
    if host:
        return _websocket("speech_host (AZURE_SPEECH_HOST)", host).rstrip("/") + service.path
    raise ValueError(
        "no Azure Speech service: give speech_region (or set AZURE_SPEECH_REGION), speech_endpoint "
        "(AZURE_SPEECH_ENDPOINT) or speech_host (AZURE_SPEECH_HOST)"
    )


def _synthesizer_of(url: str) -> str:
    """The synthesizer of the same resource as an endpoint of the Live Interpreter; else the endpoint."""
    parts = urlsplit(url)
    if not _RECOGNITION_PATH.fullmatch(parts.path):
        return url
    if found := _REGION_HOST.fullmatch(parts.netloc):
        return SPEAKING.of_region(found[1])
    return f"{parts.scheme}://{parts.netloc}{SPEAKING.custom_path}"


def _websocket(name: str, url: str) -> str:
    if not is_visible_ascii(url):
        raise ValueError(f"{name} contains a space, a control character or a letter beyond ASCII")
    scheme, separator, rest = url.partition("://")
    url = f"{re.sub('^http', 'ws', scheme.lower())}{separator}{rest}"
    if not re.match(r"wss?://[^/?#]+", url):
        # Without the value: an endpoint can carry a key in its query.
        raise ValueError(f"{name} must begin with wss:// or ws://")
    try:
        urlsplit(url).port  # noqa: B018 - reading it checks it
    except ValueError:
        raise ValueError(f"{name} must have a port from 0 to 65535, or none") from None
    return url
