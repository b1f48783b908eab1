from __future__ import annotations

import subprocess
import sys

import pytest

from livekit_plugins_azure_interpreter.emulator.languages import in_language


@pytest.mark.parametrize(
    ("given", "language", "found"),
    [
        ("fr de", "fr", "fr"),
        ("fr de", "FR", "fr"),
        ("pt_BR", "pt-br", "pt_BR"),
        ("fr", "fr-CA", "fr"),
        ("fr-CA", "fr", "fr-CA"),
        ("fr fr-CA", "fr-ca", "fr-CA"),
        ("zh-Hans", "zh-CN", "zh-Hans"),
        ("no", "nb", "no"),
        ("nb", "no-NO", "nb"),
        ("fr", "fro", None),
        ("", "fr", None),
    ],
)
def test_a_language_is_found_by_its_code_or_by_any_of_its_regions(
    given: str, language: str, found: str | None
) -> None:
    assert in_language({code: code for code in given.split()}, language) == found


def test_an_empty_value_is_found() -> None:
    assert in_language({"fr": ""}, "fr") == ""


def test_the_emulator_imports_neither_livekit_nor_the_azure_sdk() -> None:
    code = (
        "import sys, types\n"
        "package = types.ModuleType('livekit_plugins_azure_interpreter')\n"
        f"package.__path__ = {[*__import__('livekit_plugins_azure_interpreter').__path__]!r}\n"
        "sys.modules[package.__name__] = package\n"
        "sys.modules.update(dict.fromkeys(['livekit', 'azure'], None))\n"
        "import livekit_plugins_azure_interpreter.emulator.__main__\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
