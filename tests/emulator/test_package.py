from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter import emulator
from livekit_plugins_azure_interpreter.emulator import faults

FAULTS = [
    name
    for name, value in vars(faults).items()
    if isinstance(value, type) and issubclass(value, faults.Fault) and not value.__subclasses__()
]


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_a_public_name(name: str) -> None:
    assert name in emulator.__all__
    assert getattr(emulator, name) is getattr(faults, name)


@pytest.mark.parametrize("name", emulator.__all__)
def test_each_public_name_is_documented(name: str) -> None:
    assert getattr(emulator, name).__doc__
