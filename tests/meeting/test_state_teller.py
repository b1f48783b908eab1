"""Attributes are told when they change, and each at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fakes.clock import VirtualLoop, run

from livekit_plugins_azure_interpreter._meeting.state_teller import EVERY_SECONDS, Changes, StateTeller


class TestChanges:
    def test_a_value_is_sent_once_and_the_next_one_a_second_later(self) -> None:
        changes = Changes()
        assert changes.take({"a": "1"}, 10.0) == {"a": "1"}
        assert changes.take({"a": "1"}, 20.0) == {}
        assert changes.next_at({"a": "1"}) is None
        assert changes.take({"a": "2"}, 20.0) == {"a": "2"}
        assert changes.take({"a": "3"}, 20.5) == {}
        assert changes.next_at({"a": "3"}) == 20.0 + EVERY_SECONDS

    def test_a_value_that_is_gone_is_removed(self) -> None:
        changes = Changes()
        changes.take({"a": "1"}, 10.0)
        assert changes.take({}, 10.0 + EVERY_SECONDS) == {"a": ""}
        assert changes.take({}, 20.0) == {}


class TestStateTeller:
    def test_a_state_that_moves_is_looked_at_until_it_rests(self) -> None:
        state: dict[str, str] = {"a": "0"}
        told: list[tuple[float, Mapping[str, str]]] = []

        async def hold() -> None:
            loop = asyncio.get_running_loop()
            began_at = loop.time()
            teller = StateTeller(
                lambda: (dict(state), state["a"] != "rests"),
                lambda attributes: told.append((loop.time() - began_at, attributes)),
            )
            teller.changed()
            teller.changed()
            await asyncio.sleep(0.1)
            state["a"] = "too soon"
            teller.changed()
            await asyncio.sleep(1.4)
            state["a"] = "moves"
            await asyncio.sleep(1.0)
            state["a"] = "rests"
            await asyncio.sleep(60.0)
            state["a"] = "again"
            teller.close()
            teller.changed()
            await asyncio.sleep(60.0)

        run(VirtualLoop(), hold())
        assert [attributes["a"] for _, attributes in told] == ["0", "too soon", "moves", "rests"]
        assert [round(at, 3) for at, _ in told] == [0.0, 1.0, 2.0, 3.0]

    def test_a_teller_that_is_closed_tells_nothing(self) -> None:
        told: list[Mapping[str, str]] = []

        async def hold() -> None:
            for is_asked in (False, True):
                teller = StateTeller(lambda: ({"a": "1"}, True), told.append)
                if is_asked:
                    teller.changed()
                teller.close()
                teller.changed()
            await asyncio.sleep(60.0)

        run(VirtualLoop(), hold())
        assert told == []
