from __future__ import annotations

from livekit_plugins_azure_interpreter import emulator as public
from livekit_plugins_azure_interpreter.emulator import faults


def test_all_kinds_are_public() -> None:
    assert {kind.__name__ for kind in faults.KINDS} <= set(public.__all__)


def test_kinds_are_in_the_order_in_which_they_happen() -> None:
    assert faults.KINDS.index(faults.Refuse) < faults.KINDS.index(faults.NoVoice) < len(faults.KINDS) - 1
