from __future__ import annotations

from fakes.findings import assert_none

from livekit_plugins_azure_interpreter import emulator
from livekit_plugins_azure_interpreter.emulator import faults

FAULTS = [
    name
    for name, value in vars(faults).items()
    if isinstance(value, type) and issubclass(value, faults.Fault) and not value.__subclasses__()
]


def test_every_fault_is_a_public_name() -> None:
    assert len(FAULTS) > 30
    assert set(FAULTS) - set(emulator.__all__) == set()
    assert_none(name for name in FAULTS if getattr(emulator, name) is not getattr(faults, name))


def test_each_public_name_is_documented() -> None:
    assert_none(name for name in emulator.__all__ if not getattr(emulator, name).__doc__)
