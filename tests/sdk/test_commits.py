"""How often utterances are ended, and when again."""

from __future__ import annotations

import asyncio
import time

import pytest
from fakes.limits import within

from livekit_plugins_azure_interpreter._sdk.commits import Commits


class Recognizer:
    """Attributes:
    seconds: How much audio was written to it.
    committed: For each commit, how much audio was written before it, and when it came.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.committed: list[tuple[float, float]] = []

    def write(self, seconds: float) -> None:
        self.seconds += seconds

    def commit(self) -> None:
        self.committed.append((self.seconds, time.monotonic()))

    @property
    def at(self) -> list[float]:
        return [seconds for seconds, _ in self.committed]


@pytest.fixture
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture
async def commits(recognizer: Recognizer) -> Commits:
    return Commits(recognizer.commit, lambda: recognizer.seconds)


async def test_commits_wait_until_the_sdk_takes_them(commits: Commits, recognizer: Recognizer) -> None:
    for _ in range(3):
        recognizer.write(0.5)
        await within(commits.commit())
    assert recognizer.at == [0.5, 1.0, 1.5]
    first, *_, last = (at for _, at in recognizer.committed)
    assert last - first >= 0.2


async def test_a_commit_with_hardly_any_audio_since_the_last_is_left_out(
    commits: Commits, recognizer: Recognizer
) -> None:
    await within(commits.commit())
    recognizer.write(0.5)
    for _ in range(1000):
        await within(commits.commit())
    recognizer.write(0.05)
    await within(commits.commit())
    assert recognizer.at == [0.5]


async def test_a_commit_that_waits_is_none_after_closing(commits: Commits, recognizer: Recognizer) -> None:
    recognizer.write(0.5)
    await within(commits.commit())
    recognizer.write(0.5)
    waiting = asyncio.create_task(commits.commit())
    await asyncio.sleep(0)
    commits.close()
    await within(waiting)
    assert recognizer.at == [0.5]
