"""`livekit.plugins.azure_interpreter`, the name by which users of LiveKit's plugins look for this one.

`tests/record/test_main.py` runs a command by this name, in a process in which nothing was imported before.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest
from livekit.plugins import azure_interpreter

import livekit_plugins_azure_interpreter
from livekit_plugins_azure_interpreter import emulator
from livekit_plugins_azure_interpreter.emulator import faults

_NAME = "livekit.plugins.azure_interpreter"


def test_the_namespace_is_the_same_module() -> None:
    assert azure_interpreter is livekit_plugins_azure_interpreter


@pytest.mark.parametrize(("name", "module"), [("emulator", emulator), ("emulator.faults", faults)])
def test_submodules_of_the_namespace_are_the_same_and_keep_their_names(name: str, module: ModuleType) -> None:
    assert importlib.import_module(f"{_NAME}.{name}") is module
    assert module.__spec__ is not None
    assert module.__spec__.name == module.__name__ == f"livekit_plugins_azure_interpreter.{name}"


def test_a_submodule_that_is_not_there_is_an_import_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=rf"{_NAME}\.missing"):
        importlib.import_module(f"{_NAME}.missing")


def test_the_namespace_is_shared_with_the_other_plugins() -> None:
    from livekit.plugins import azure  # noqa: PLC0415 - it imports OpenAI's package, which takes a second

    assert azure.STT is not azure_interpreter.STT
    for shared in ("livekit", "livekit.plugins"):
        assert sys.modules[shared].__file__ is None
