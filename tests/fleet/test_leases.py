"""The answer of leases is not waited for without a limit."""

from __future__ import annotations

import asyncio

import pytest

from livekit_plugins_azure_interpreter._fleet import leases as _leases
from livekit_plugins_azure_interpreter._fleet.leases import LeasesError, answer_of


async def _says(answer: bool) -> bool:
    return answer


async def _fails() -> bool:
    raise LeasesError("away")


@pytest.mark.parametrize("answer", [True, False])
async def test_the_answer_is_returned(answer: bool) -> None:
    assert await answer_of(_says(answer)) is answer


async def test_leases_that_cannot_be_reached_are_an_error() -> None:
    with pytest.raises(LeasesError, match="away"):
        await answer_of(_fails())


async def test_leases_that_do_not_answer_are_an_error_and_asked_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_leases, "_LIMIT_SECONDS", 0.01)
    asked = asyncio.ensure_future(asyncio.Event().wait())
    with pytest.raises(LeasesError, match=r"no answer within 0\.01 s"):
        await answer_of(asked)
    await asyncio.wait({asked})
    assert asked.cancelled()
