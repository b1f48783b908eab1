from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter.web import Reach, Refusal

_LOOPBACK = Reach()
_SERVED = Reach(loopback=False)
_PROXIED = Reach(public_url="https://meet.example.com/rooms")


@pytest.mark.parametrize(
    ("reach", "host"),
    [
        (_LOOPBACK, "127.0.0.1:8080"),
        (_LOOPBACK, "localhost"),
        (_LOOPBACK, "LOCALHOST:1"),
        (_LOOPBACK, "[::1]:8080"),
        (_SERVED, "anything.example:8443"),
        (_PROXIED, "meet.example.com"),
        (_PROXIED, "127.0.0.1:8080"),
    ],
)
def test_a_request_under_its_own_name_is_let_in(reach: Reach, host: str) -> None:
    reach.check(host, None)
    reach.check(host, f"http://{host}")


@pytest.mark.parametrize("reach", [_LOOPBACK, _PROXIED])
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "["]
)
def test_a_strange_name_is_refused_on_loopback(reach: Reach, host: str) -> None:
    with pytest.raises(Refusal) as refused:
        reach.check(host, None)
    assert refused.value.code == "host_refused"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://localhost:9999"])
def test_another_page_is_refused(origin: str) -> None:
    with pytest.raises(Refusal) as refused:
        _LOOPBACK.check("localhost:8080", origin)
    assert refused.value.code == "origin_refused"


def test_a_page_that_is_named_may_ask_and_read() -> None:
    reach = Reach(origins=["https://Pages.example/"])
    reach.check("localhost:8080", "https://pages.example")
    assert reach.shares_with("https://pages.example")
    assert not reach.shares_with("https://pages.example.evil")
    assert not reach.shares_with(None)


def test_the_page_behind_a_proxy_has_the_public_origin() -> None:
    _PROXIED.check("127.0.0.1:8080", "https://meet.example.com")


def test_a_proxy_alone_is_believed_where_somebody_comes_from() -> None:
    forwarded = "6.6.6.6, 192.0.2.7"  # the first is what the client claims
    assert _PROXIED.address("127.0.0.1", forwarded) == "192.0.2.7"
    assert _PROXIED.address("127.0.0.1", "") == "127.0.0.1"
    assert _SERVED.address("192.0.2.9", forwarded) == "192.0.2.9"


def test_the_page_is_where_the_request_came_or_at_the_public_address() -> None:
    assert _LOOPBACK.page_url("http", "localhost:1", "/meet/") == "http://localhost:1/meet/"
    assert _PROXIED.page_url("http", "127.0.0.1:1", "/") == "https://meet.example.com/rooms/"


@pytest.mark.parametrize(
    "url", ["meet.example.com", "ftp://x", "https://", "https://[", "javascript:alert(1)"]
)
def test_a_public_address_is_one_of_a_page(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with https://"):
        Reach(public_url=url)
