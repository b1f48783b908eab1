"""The pytest plugin, in a pytest of its own, as another project has it."""

from __future__ import annotations

import importlib.metadata
import os
import re
import wave
from pathlib import Path

import pytest
from fakes.limits import LONG_LIMIT_SECONDS
from fakes.room import Audio

pytest_plugins = "pytester"
pytestmark = pytest.mark.native

_ROOT = Path(__file__).parents[1]
_PLUGIN = "pytest_azure_speech"
_PROJECT = """
import sys
import urllib.error
import urllib.request

import aiohttp
import pytest

def speak(emulator, key="any"):
    headers = {"X-Microsoft-OutputFormat": "raw-16khz-16bit-mono-pcm", "Ocp-Apim-Subscription-Key": key}
    text = b"<speak xml:lang='en-US'><voice name='en-US-AvaNeural'>Hello.</voice></speak>"
    request = urllib.request.Request(emulator.synthesis_url, text, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return len(response.read()) / 32000

def test_a_function(azure_speech_emulator):
    assert speak(azure_speech_emulator) == 0.5
    assert [one.text for one in azure_speech_emulator.synthesized] == ["Hello."]

async def test_a_coroutine(azure_speech_emulator):
    async with aiohttp.ClientSession() as http, http.ws_connect(azure_speech_emulator.endpoint):
        pass

@pytest.mark.parametrize("number", [1, 2])
def test_one_of_several(azure_speech_emulator, number):
    speak(azure_speech_emulator)
    assert len(azure_speech_emulator.synthesized) == 1

@pytest.mark.azure_speech(synthesis_seconds=1.0)
def test_a_marker(azure_speech_emulator):
    assert speak(azure_speech_emulator) == 1.0

@pytest.mark.azure_speech(synthesis_seconds=2.0, key="right")
class TestMarkers:
    @pytest.mark.azure_speech(synthesis_seconds=1.0)
    def test_the_nearest(self, azure_speech_emulator):
        assert speak(azure_speech_emulator, "right") == 1.0
        with pytest.raises(urllib.error.HTTPError, match="401"):
            speak(azure_speech_emulator, "wrong")

@pytest.mark.azure_speech(chunk_bytes=3)
def test_a_wrong_value(azure_speech_emulator): ...

@pytest.mark.azure_speech(scripts=[])
def test_a_wrong_name(azure_speech_emulator): ...

@pytest.mark.azure_speech([])
def test_no_name(azure_speech_emulator): ...
"""
"""Another project. It is run once: each run costs the import of LiveKit."""
_OF_THE_PAGE = "test_a_lost_connection_loses_no_words"

_WRONG = {
    "test_a_wrong_value": "chunk_bytes must be a positive, even number",
    "test_a_wrong_name": "unexpected keyword argument 'scripts'",
    "test_no_name": "options are given by name",
}
"""What the plugin says of a marker that is wrong."""


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


@pytest.fixture
def example(project: pytest.Pytester) -> None:
    """The example of docs/emulator.md is among the project's tests, beside the recording that it hears."""
    page = (_ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    _, found = page.split("\n### pytest\n")
    project.makepyfile(test_speech=found.split("```python\n")[1].split("```")[0])
    with wave.open(str(project.path / "speech.wav"), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(Audio().speech((0.5, 1.5), end=2.5))


def _run(project: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    project.makepyfile(test)
    # pytest-randomly imports Hypothesis, which takes a second.
    without = ["-p", "no:cacheprovider", "-p", "no:randomly"]
    return project.runpytest_subprocess(*without, *options, timeout=LONG_LIMIT_SECONDS)


@pytest.mark.slow
@pytest.mark.usefixtures("example")
def test_the_fixture_serves_each_kind_of_test_with_an_emulator_of_its_own(project: pytest.Pytester) -> None:
    result = _run(project, _PROJECT, "-rA")
    result.assert_outcomes(passed=7, errors=3)
    names = ["test_a_function", "test_a_coroutine", "test_one_of_several[[]1]", "test_one_of_several[[]2]"]
    names += ["test_a_marker", "TestMarkers::test_the_nearest", _OF_THE_PAGE]
    for name in names:
        result.stdout.fnmatch_lines([f"PASSED *::{name}"])
    for name, reason in _WRONG.items():
        result.stdout.re_match_lines([f".*marker azure_speech of .*::{name}: .*{re.escape(reason)}"])


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
