"""The headers that tell a browser what the page may do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_HOST = re.compile(r"[\w.:-]+")
_CLOUD = ".livekit.cloud"
"""LiveKit Cloud sends a client on to a server near it, under another name."""


def security_headers(server_url: str) -> Mapping[str, str]:
    """The headers of each answer.

    Args:
        server_url: The LiveKit server that the page connects to.

    Raises:
        ValueError: It is no address of a LiveKit server.
    """
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": " ".join(["'self'", *_livekit(server_url)]),
        "media-src": "'self' blob: mediastream:",
        "manifest-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self), camera=(self), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _livekit(server_url: str) -> list[str]:
    """The origins of a LiveKit server: WebSockets, and HTTP, by which a client asks why it was refused."""
    try:
        url = urlsplit(server_url)
        host, port = url.hostname or "", url.port
    except ValueError as error:
        raise ValueError(f"LIVEKIT_URL is no address: {error}") from error
    if url.scheme not in ("ws", "wss", "http", "https") or not _HOST.fullmatch(host):
        raise ValueError(f"LIVEKIT_URL must begin with ws:// or wss://, got {server_url!r}")
    secure = "s" if url.scheme in ("wss", "https") else ""
    place = f"[{host}]" if ":" in host else host
    places = [place if port is None else f"{place}:{port}"]
    if host.endswith(_CLOUD):
        places.append(f"*{_CLOUD}")
    return [f"{scheme}{secure}://{one}" for one in places for scheme in ("ws", "http")]
