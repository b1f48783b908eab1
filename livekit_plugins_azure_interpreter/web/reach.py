"""Under which names the endpoint is found, from which pages, and from which address somebody comes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from .refusals import Refusal

_OF_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Reach:
    """How browsers reach the endpoint.

    A browser sends the name under which it found the endpoint (Host), and the page that asks (Origin). A
    foreign page may have a name of its own pointed to this machine, so that the browser takes both for one
    site: on loopback, only the machine's own names are accepted.

    Args:
        loopback: Whether only this machine reaches it.
        public_url: The address that people open, if a proxy stands in front of the endpoint. The proxy then
            says where somebody comes from (X-Forwarded-For).
        origins: Further pages that may ask, such as "https://example.com".

    Raises:
        ValueError: `public_url` is no address of a web page.
    """

    loopback: bool = True
    public_url: str | None = None
    origins: Collection[str] = ()

    def __post_init__(self) -> None:
        if self.public_url is not None and not _is_web_address(self.public_url):
            raise ValueError(
                f"the public address must begin with https:// or http://, got {self.public_url!r}"
            )

    def check(self, host: str, origin: str | None) -> None:
        """Let a request in, or not.

        Args:
            host: Its header Host.
            origin: Its header Origin, which only browsers send.

        Raises:
            Refusal: It comes under a strange name, or from a strange page.
        """
        name = _hostname(f"//{host}")
        if (names := self._names()) is not None and name not in names:
            raise Refusal(f"This meeting is not at {host[:100]!r}", code="host_refused", status=421)
        if origin is not None and not self.shares_with(origin) and not self._is_own(origin, host):
            raise Refusal("Another page may not ask for a token", code="origin_refused")

    def shares_with(self, origin: str | None) -> bool:
        """Whether a page elsewhere may read the answers (CORS)."""
        return origin is not None and _plain(origin) in map(_plain, self.origins)

    def address(self, peer: str, forwarded_for: str) -> str:
        """Where somebody comes from.

        Args:
            peer: The other end of the connection.
            forwarded_for: The header X-Forwarded-For; each proxy adds whom it heard it from.
        """
        nearest = forwarded_for.rpartition(",")[2].strip()
        return nearest if self.public_url and nearest else peer

    def page_url(self, scheme: str, host: str, path: str) -> str:
        """The address of the page, for an invite.

        Args:
            scheme: "https" or "http", of the request.
            host: The header Host of the request.
            path: Where the page is, on that host.
        """
        return f"{self.public_url.rstrip('/')}/" if self.public_url else f"{scheme}://{host}{path}"

    def _names(self) -> Collection[str] | None:
        """The names that are accepted; None: any, since a certificate, or the proxy, vouches for the name."""
        if not self.loopback:
            return None
        return _OF_THIS_MACHINE | ({_hostname(self.public_url)} if self.public_url else set())

    def _is_own(self, origin: str, host: str) -> bool:
        own = {host.lower()}
        if self.public_url:
            own.add(urlsplit(self.public_url).netloc.lower())
        return _plain(origin).partition("://")[2] in own


def _plain(origin: str) -> str:
    return origin.rstrip("/").lower()


def _is_web_address(url: str) -> bool:
    return url.startswith(("https://", "http://")) and bool(_hostname(url))


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
