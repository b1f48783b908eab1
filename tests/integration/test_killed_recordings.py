"""A process that records a meeting is killed at any moment: what was told is in the record, once."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
import srt
import webvtt
from fakes.limits import LONG_LIMIT_SECONDS, within
from fakes.record import MEETING
from fakes.redis_server import RedisServer

from livekit_plugins_azure_interpreter.record import (
    Entry,
    Record,
    RedisRecord,
    SQLiteRecord,
    Utterance,
    export,
)

_KILLS = int(os.environ.get("KILLS", "3"))


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork: a process begins in milliseconds"),
]


@pytest.fixture
def seed() -> str:
    seed = os.environ.get("SEED", str(random.randrange(10**6)))
    print(f"SEED={seed}")
    return seed


async def test_each_entry_told_is_in_the_file_once_whenever_the_process_is_killed(
    tmp_path: Path, seed: str
) -> None:
    told = _kill(str(tmp_path / "{}.db"), seed)
    checked = 0
    for path in _files(tmp_path):
        lines = [line for line in told if line.startswith(f"{path.stem}/")]
        _check(await _read(SQLiteRecord(path)), lines)
        checked += len(lines)
    assert checked == len(told)
    assert len(told) > 10 * _KILLS, "the processes had begun to record"


async def test_each_entry_told_is_in_redis_once_whenever_the_process_is_killed(seed: str) -> None:
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        server = RedisServer(Path(folder))
        server.start()
        told = _kill(server.url, seed)
        entries = await _read(RedisRecord(server.url))
        server.kill()
    _check(entries, told)
    assert len(told) > 10 * _KILLS, "the processes had begun to record"


def _files(folder: Path) -> list[Path]:
    return [*folder.glob("*.db")]


async def _read(record: Record) -> list[Entry]:
    entries = await within(record.read(MEETING))
    await within(record.aclose())
    return [*entries]


def _kill(where: str, seed: str) -> list[str]:
    """What the processes told."""
    tests = str(Path(__file__).parents[1])
    process = subprocess.run(
        [sys.executable, str(Path(tests, "integration", "killed_processes.py")), where, str(_KILLS), seed],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])},
        timeout=LONG_LIMIT_SECONDS + _KILLS,
    )
    return process.stdout.splitlines()


def _check(entries: list[Entry], told: list[str]) -> None:
    kept = [f"{entry.id} {entry.number}" for entry in entries]
    assert len(set(kept)) == len(kept)
    assert set(told) <= set(kept), "each told entry is there, with the number that was told"
    assert [entry.number for entry in entries] == [*range(1, len(entries) + 1)]
    _check_that_nothing_is_left_out(entries)
    if entries:
        _check_exports(entries)


def _check_that_nothing_is_left_out(entries: list[Entry]) -> None:
    """Of each process the record has the first so many utterances."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry, Utterance):
            process, _, number = entry.id.rpartition("/")
            numbers[process].append(int(number))
    assert all(found == [*range(1, len(found) + 1)] for found in numbers.values())


def _check_exports(entries: list[Entry]) -> None:
    said = sum(isinstance(entry, Utterance) for entry in entries)
    assert len(webvtt.from_buffer(io.StringIO(export(entries, "vtt", language="fr"))).captions) == said
    assert len([*srt.parse(export(entries, "srt", bilingual=True))]) == said
    assert len(json.loads(export(entries, "json"))["utterances"]) == said
