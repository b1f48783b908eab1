"""Among hostile clients; `nox -s hostile` sends more of them, and measures time."""

from __future__ import annotations

import pytest
from hostile.__main__ import attack


@pytest.mark.native
@pytest.mark.slow
async def test_an_emulator_withstands_damaged_messages_and_odd_sockets() -> None:
    outcome = await attack(40, 15, seed=1, held_seconds=0.5)
    assert outcome.broken() == []
    assert outcome.damage.ends["1007"] > 0
    assert outcome.times
