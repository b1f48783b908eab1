"""The pytest plugin, in a pytest of its own, as another project has it."""

from __future__ import annotations

import importlib.metadata
import os
import re
from pathlib import Path

import pytest

pytest_plugins = "pytester"
pytestmark = pytest.mark.native

_ROOT = Path(__file__).parents[1]
_PLUGIN = "pytest_azure_speech"
_SPEAK = """\
import urllib.request
import pytest

def speak(emulator):
    headers = {"X-Microsoft-OutputFormat": "raw-16khz-16bit-mono-pcm"}
    text = b"<speak xml:lang='en-US'><voice name='en-US-AvaNeural'>Hello.</voice></speak>"
    request = urllib.request.Request(emulator.synthesis_url, text, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()

def bytes_of(seconds):
    return round(seconds * 16000) * 2
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project that has the package installed: its entry point is found, as in a wheel."""
    installed = pytester.mkdir("installed")
    about = installed / "azure_speech_for_tests-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: azure-speech-for-tests\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[pytest11]\n{_PLUGIN} = {_PLUGIN}\n")
    monkeypatch.setenv("PYTHONPATH", str(installed), prepend=os.pathsep)
    pytester.makeini("[pytest]\naddopts = --strict-markers\nasyncio_mode = auto")
    return pytester


def _run(project: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    project.makepyfile(_SPEAK + test)
    return project.runpytest_subprocess("-p", "no:cacheprovider", *options, timeout=120)


def test_the_fixture_serves_tests_that_know_no_event_loop(project: pytest.Pytester) -> None:
    test = """
def test_it(azure_speech_emulator):
    assert len(speak(azure_speech_emulator)) == bytes_of(0.5)
    assert [one.text for one in azure_speech_emulator.synthesized] == ["Hello."]
"""
    _run(project, test).assert_outcomes(passed=1)


def test_the_fixture_serves_coroutines(project: pytest.Pytester) -> None:
    test = """
import aiohttp

async def test_it(azure_speech_emulator):
    async with aiohttp.ClientSession() as http, http.ws_connect(azure_speech_emulator.endpoint):
        pass
"""
    _run(project, test).assert_outcomes(passed=1)


def test_each_test_has_an_emulator_of_its_own(project: pytest.Pytester) -> None:
    test = """
@pytest.mark.parametrize("number", [1, 2])
def test_it(azure_speech_emulator, number):
    speak(azure_speech_emulator)
    assert len(azure_speech_emulator.synthesized) == 1
"""
    _run(project, test).assert_outcomes(passed=2)


def test_the_marker_sets_the_options(project: pytest.Pytester) -> None:
    test = """
@pytest.mark.azure_speech(synthesis_seconds=1.0)
def test_it(azure_speech_emulator):
    assert len(speak(azure_speech_emulator)) == bytes_of(1.0)
"""
    _run(project, test).assert_outcomes(passed=1)


def test_the_marker_of_a_test_goes_before_that_of_its_module(project: pytest.Pytester) -> None:
    test = """
pytestmark = pytest.mark.azure_speech(synthesis_seconds=2.0, key="right")

@pytest.mark.azure_speech(synthesis_seconds=1.0)
def test_it(azure_speech_emulator):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        speak(azure_speech_emulator)
    options = azure_speech_emulator._emulator.behaviour
    assert (options.synthesis_seconds, options.key) == (1.0, "right")
"""
    _run(project, test).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("chunk_bytes=3", "chunk_bytes must be a positive, even number"),
        ("scripts=[]", "unexpected keyword argument 'scripts'"),
        ("[]", "options are given by name"),
    ],
)
def test_a_marker_that_is_wrong_names_the_test_and_the_reason(
    project: pytest.Pytester, options: str, reason: str
) -> None:
    test = f"""
@pytest.mark.azure_speech({options})
def test_it(azure_speech_emulator):
    pass
"""
    result = _run(project, test)
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines([f".*marker azure_speech of .*::test_it: .*{re.escape(reason)}"])


def test_a_run_that_does_not_use_it_imports_nothing_of_it(project: pytest.Pytester) -> None:
    test = """
import sys

def test_it():
    heavy = {"livekit_plugins_azure_interpreter", "livekit", "azure", "aiohttp", "av"}
    assert heavy.isdisjoint(sys.modules)
    assert "pytest_azure_speech" in sys.modules
"""
    _run(project, test).assert_outcomes(passed=1)


def test_the_fixture_and_the_marker_describe_themselves(project: pytest.Pytester) -> None:
    _run(project, "", "--fixtures").stdout.fnmatch_lines(["*azure_speech_emulator*"])
    _run(project, "", "--markers").stdout.fnmatch_lines(["@pytest.mark.azure_speech(*"])


def test_the_entry_point_is_installed_with_the_package() -> None:
    project = (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'[project.entry-points.pytest11]\n{_PLUGIN} = "{_PLUGIN}"\n' in project
    for entry in importlib.metadata.entry_points(group="pytest11", name=_PLUGIN):
        assert entry.value == _PLUGIN
