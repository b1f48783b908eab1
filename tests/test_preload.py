"""What a job's process finds loaded, in a real forkserver."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys

import pytest

_FORKSERVER = """
import json, multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from livekit.agents import Plugin
import livekit_plugins_azure_interpreter

context = multiprocessing.get_context("forkserver")
# As LiveKit's worker does.
context.set_forkserver_preload([plugin.package for plugin in Plugin.registered_plugins])
with ProcessPoolExecutor(1, mp_context=context) as jobs:
    in_job = jobs.submit(eval, "list(__import__('sys').modules)").result()
print(json.dumps({"worker": list(sys.modules), "job": in_job}))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="this system has no forkserver"
)
def test_a_job_finds_the_sdk_loaded_and_the_worker_does_without() -> None:
    process = subprocess.run([sys.executable, "-c", _FORKSERVER], stdout=subprocess.PIPE, check=True)
    modules: dict[str, list[str]] = json.loads(process.stdout)
    package = "livekit_plugins_azure_interpreter"
    loaded = {
        "azure.cognitiveservices.speech",
        f"{package}.meeting",
        f"{package}.personal_voice",
        f"{package}._sdk.recognizer",
        f"{package}._sdk.synthesizer",
        f"{package}._simultaneous.policy",
    }
    assert loaded <= set(modules["job"])
    assert not loaded & set(modules["worker"])
