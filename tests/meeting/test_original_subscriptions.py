"""Who is asked not to hear the originals: each request, its repetition, and what happens if it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

import aiohttp
import pytest
from fakes.clock import VirtualLoop, run

from livekit_plugins_azure_interpreter._meeting.original_subscriptions import (
    _AGAIN_SECONDS,
    _CLOSE_SECONDS,
    _GAP_SECONDS,
    _TRIES,
    Listener,
    Originals,
    OriginalSubscriptions,
    open_api,
)

BOB, CARL = Listener("bob", "PA_bob"), Listener("carl", "PA_carl")
ALL = frozenset({"TR_a", "TR_b"})
NONE: frozenset[str] = frozenset()
A, B = frozenset({"TR_a"}), frozenset({"TR_b"})
LONG_SECONDS = 60.0


class Wire:
    """A server.

    Attributes:
        sent: Each request: who, which tracks, whether to subscribe.
        times: When each came.
        failing: How many of the next requests fail.
        silent: No request is answered.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[str], bool]] = []
        self.times: list[float] = []
        self.failing = 0
        self.silent = False
        self.subscriptions = OriginalSubscriptions(self._send)

    def replace(self, **replaced: frozenset[str]) -> None:
        people = {"bob": BOB, "carl": CARL}
        self.subscriptions.replace({people[name]: Originals(ALL, its) for name, its in replaced.items()})

    async def go_on(self, seconds: float = LONG_SECONDS) -> list[tuple[str, list[str], bool]]:
        """What is sent meanwhile."""
        before = len(self.sent)
        await asyncio.sleep(seconds)
        return self.sent[before:]

    async def _send(self, identity: str, tracks: Sequence[str], subscribe: bool) -> None:
        self.sent.append((identity, list(tracks), subscribe))
        self.times.append(asyncio.get_running_loop().time())
        if self.silent:
            await asyncio.Event().wait()
        if self.failing:
            self.failing -= 1
            raise aiohttp.ClientConnectionError("no route")


def in_virtual_time(test: Callable[[Wire], Awaitable[None]]) -> Callable[[], None]:
    async def held() -> None:
        wire = Wire()
        await test(wire)
        await wire.subscriptions.stop()

    def decorated() -> None:
        run(VirtualLoop(), held())

    decorated.__name__ = test.__name__
    return decorated


@in_virtual_time
async def test_a_replaced_original_is_taken_twice_and_no_more(wire: Wire) -> None:
    wire.replace(bob=A)
    wire.replace(bob=A)
    assert await wire.go_on(1.0) == [("bob", ["TR_a"], False)]
    assert await wire.go_on() == [("bob", ["TR_a"], False)]
    assert wire.times[1] - wire.times[0] == pytest.approx(_AGAIN_SECONDS)
    wire.replace(bob=A)
    assert await wire.go_on() == []


@in_virtual_time
async def test_a_listener_who_hears_all_needs_no_request(wire: Wire) -> None:
    wire.replace(bob=NONE)
    assert await wire.go_on() == []


@in_virtual_time
async def test_an_original_comes_back_when_its_interpretation_ends(wire: Wire) -> None:
    wire.replace(bob=ALL)
    await wire.go_on()
    wire.replace(bob=B)
    assert (await wire.go_on())[:2] == [("bob", ["TR_b"], False), ("bob", ["TR_a"], True)]
    wire.replace(bob=NONE)
    assert await wire.go_on() == [("bob", ["TR_b"], True)]


@in_virtual_time
async def test_a_change_before_the_request_leaves_nothing_to_ask(wire: Wire) -> None:
    wire.replace(bob=A)
    wire.replace(bob=NONE)
    assert await wire.go_on() == []


@in_virtual_time
async def test_a_listener_who_comes_back_is_asked_for_again(wire: Wire) -> None:
    wire.replace(bob=A)
    await wire.go_on()
    wire.subscriptions.replace({Listener("bob", "PA_another"): Originals(ALL, A)})
    assert await wire.go_on() == [("bob", ["TR_a"], False)] * 2


@in_virtual_time
async def test_a_track_that_is_published_again_is_taken_and_the_old_one_is_forgotten(wire: Wire) -> None:
    wire.replace(bob=A)
    await wire.go_on()
    wire.subscriptions.replace({BOB: Originals(B, B)})
    assert await wire.go_on() == [("bob", ["TR_b"], False)] * 2


@in_virtual_time
async def test_requests_follow_one_another_with_a_gap(wire: Wire) -> None:
    wire.replace(bob=A, carl=B)
    await wire.go_on(_AGAIN_SECONDS / 2)
    assert {one[0] for one in wire.sent} == {"bob", "carl"}
    assert [later - earlier for earlier, later in pairwise(wire.times)] == [pytest.approx(_GAP_SECONDS)]


class TestFailing:
    def test_a_request_that_fails_is_sent_again_later_each_time(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        @in_virtual_time
        async def hold(wire: Wire) -> None:
            wire.failing = 3
            wire.replace(bob=A)
            assert await wire.go_on() == [("bob", ["TR_a"], False)] * 5
            waits = [later - earlier for earlier, later in pairwise(wire.times)]
            assert waits == [pytest.approx(one) for one in (0.5, 1.0, 2.0, _AGAIN_SECONDS)]

        hold()
        assert [one.levelname for one in caplog.records] == ["WARNING"] * 3
        assert caplog.records[0].getMessage().endswith("asking again in 0.5 s: no route")

    def test_a_server_that_refuses_is_given_up_and_that_is_told(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        @in_virtual_time
        async def hold(wire: Wire) -> None:
            wire.failing = _TRIES
            wire.replace(bob=A)
            assert len(await wire.go_on()) == _TRIES
            # Until something changes.
            wire.replace(bob=A)
            assert await wire.go_on() == []
            wire.replace(bob=ALL)
            assert await wire.go_on() == [("bob", ["TR_a", "TR_b"], False)] * 2

        hold()
        assert caplog.records[-1].levelname == "ERROR"
        assert "given up until something changes" in caplog.records[-1].getMessage()

    def test_a_failure_for_a_listener_who_has_left_is_forgotten(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        @in_virtual_time
        async def hold(wire: Wire) -> None:
            wire.failing = 1

            async def leaves(*_: object) -> None:
                wire.replace(carl=NONE)
                raise aiohttp.ClientConnectionError

            subscriptions = OriginalSubscriptions(leaves)
            subscriptions.replace({BOB: Originals(ALL, A)})
            wire.subscriptions, before = subscriptions, wire.subscriptions
            assert await wire.go_on() == []
            await before.stop()

        hold()
        assert not caplog.records


class TestClosing:
    @staticmethod
    def _hold(test: Callable[[Wire], Awaitable[None]]) -> None:
        in_virtual_time(test)()

    def test_closing_gives_everybody_the_originals_again(self) -> None:
        async def closes(wire: Wire) -> None:
            wire.replace(bob=ALL, carl=NONE)
            await wire.go_on(1.0)
            began_at = asyncio.get_running_loop().time()
            await wire.subscriptions.aclose()
            assert wire.sent[1:] == [("bob", ["TR_a", "TR_b"], True)]
            assert asyncio.get_running_loop().time() - began_at < 1.0

        self._hold(closes)

    def test_closing_waits_for_no_server_that_is_silent(self, caplog: pytest.LogCaptureFixture) -> None:
        async def closes(wire: Wire) -> None:
            wire.replace(bob=ALL)
            await wire.go_on()
            wire.silent = True
            began_at = asyncio.get_running_loop().time()
            await wire.subscriptions.aclose()
            assert asyncio.get_running_loop().time() - began_at == pytest.approx(_CLOSE_SECONDS)

        self._hold(closes)
        assert "some listeners do not hear the original voices again" in caplog.text


class TestOpenAPI:
    @pytest.fixture(autouse=True)
    def variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("URL", "API_KEY", "API_SECRET"):
            monkeypatch.setenv(f"LIVEKIT_{name}", "http://127.0.0.1:1")
        monkeypatch.delenv("LIVEKIT_TOKEN", raising=False)

    @pytest.mark.parametrize("missing", ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"])
    def test_a_missing_variable_is_named(self, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
        monkeypatch.delenv(missing)
        with pytest.raises(RuntimeError, match=f"unsubscribe listeners: set {missing}$"):
            open_api()

    async def test_the_variables_open_the_api(self) -> None:
        await open_api().aclose()

    async def test_a_token_does_in_place_of_a_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LIVEKIT_TOKEN", "a-token")
        monkeypatch.delenv("LIVEKIT_API_KEY")
        await open_api().aclose()
