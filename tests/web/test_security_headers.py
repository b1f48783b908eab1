from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter.web.security_headers import security_headers


def _connects_to(server_url: str) -> list[str]:
    policy = security_headers(server_url)["Content-Security-Policy"]
    (directive,) = (one for one in policy.split("; ") if one.startswith("connect-src "))
    return directive.split()[1:]


@pytest.mark.parametrize(
    ("server_url", "origins"),
    [
        ("ws://127.0.0.1:7880", ["ws://127.0.0.1:7880", "http://127.0.0.1:7880"]),
        ("wss://livekit.example.com/path", ["wss://livekit.example.com", "https://livekit.example.com"]),
        ("https://livekit.example.com", ["wss://livekit.example.com", "https://livekit.example.com"]),
        ("ws://[::1]:7880", ["ws://[::1]:7880", "http://[::1]:7880"]),
        (
            "wss://a.livekit.cloud",
            [
                "wss://a.livekit.cloud",
                "https://a.livekit.cloud",
                "wss://*.livekit.cloud",
                "https://*.livekit.cloud",
            ],
        ),
    ],
)
def test_the_page_reaches_its_own_server_and_livekit_only(server_url: str, origins: list[str]) -> None:
    assert _connects_to(server_url) == ["'self'", *origins]


def test_nothing_is_permitted_that_is_not_named() -> None:
    headers = security_headers("ws://127.0.0.1:7880")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert all(f"{name} 'none'" in policy for name in ("frame-ancestors", "base-uri", "form-action"))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "microphone=(self)" in headers["Permissions-Policy"]


@pytest.mark.parametrize(
    "url", ["", "localhost:7880", "ws://", "ws://a:port", "ws://[", "ftp://a", "ws:// ; img-src *"]
)
def test_an_address_of_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="LIVEKIT_URL"):
        security_headers(url)
