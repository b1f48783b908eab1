from __future__ import annotations

import io
import runpy
import subprocess
import sys

import pytest

from livekit_plugins_azure_interpreter.web import reaper

_SLEEPER = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
    "time.sleep(99)"
)


def test_a_group_is_left_until_it_has_ended() -> None:
    assert reaper.groups_left(["+1\n", "+2\n", "-1\n", "+3\n", "-9\n"]) == [2, 3]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_a_group_that_is_left_is_killed_when_the_input_ends() -> None:
    victim = subprocess.Popen(
        [sys.executable, "-c", _SLEEPER], stdout=subprocess.PIPE, start_new_session=True
    )
    lines = f"+{victim.pid}\n+{2**22 + 1}\n".encode()  # the other has ended long ago
    subprocess.run([sys.executable, "-I", "-S", reaper.__file__], input=lines, check=True, timeout=30)
    out, _ = victim.communicate(timeout=30)  # ends when all that have the pipe do: also the sleeper's child
    assert (out, victim.returncode) == (b"", -9)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_the_program_kills_each_group_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    victim = subprocess.Popen([sys.executable, "-c", _SLEEPER], start_new_session=True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"+{victim.pid}\n"))
    runpy.run_path(reaper.__file__, run_name="__main__")
    assert victim.wait(30) == -9


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_a_group_that_is_gone_is_no_error() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    ended.wait(30)
    reaper.kill_group(ended.pid)
