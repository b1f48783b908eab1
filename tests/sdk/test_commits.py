"""How often utterances are ended, and when again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from fakes.limits import within

from livekit_plugins_azure_interpreter._sdk.commits import Commits

Until = Callable[[Callable[[], object]], Awaitable[None]]


class Recognizer:
    """Attributes:
    committed: For each commit, how much audio was written before it, in bytes, and when it came.
    """

    def __init__(self) -> None:
        self.written = 0
        self.committed: list[tuple[int, float]] = []

    def write(self, pcm: bytes) -> None:
        self.written += len(pcm)

    def commit(self) -> None:
        self.committed.append((self.written, time.monotonic()))

    @property
    def at(self) -> list[int]:
        return [size for size, _ in self.committed]


class Audio:
    """Written audio; a second of it is 1,000 bytes."""

    seconds = 0.0

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def write(self, seconds: float) -> None:
        self.seconds += seconds
        self._recognizer.write(bytes(round(seconds * 1000)))


@pytest.fixture
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture
def audio(recognizer: Recognizer) -> Audio:
    return Audio(recognizer)


@pytest.fixture
async def commits(recognizer: Recognizer, audio: Audio) -> Commits:
    return Commits(recognizer, lambda: audio.seconds)


async def test_commits_wait_until_the_sdk_takes_them(
    commits: Commits, recognizer: Recognizer, audio: Audio
) -> None:
    for _ in range(3):
        audio.write(0.5)
        await within(commits.commit())
    assert recognizer.at == [500, 1000, 1500]
    first, *_, last = (at for _, at in recognizer.committed)
    assert last - first >= 0.2


async def test_a_commit_with_hardly_any_audio_since_the_last_is_left_out(
    commits: Commits, recognizer: Recognizer, audio: Audio
) -> None:
    await within(commits.commit())
    audio.write(0.5)
    for _ in range(1000):
        await within(commits.commit())
    audio.write(0.05)
    await within(commits.commit())
    assert recognizer.at == [500]


class TestReconnect:
    @pytest.fixture
    async def committed(self, commits: Commits, audio: Audio) -> Commits:
        audio.write(0.5)
        await within(commits.commit())
        return commits

    async def test_a_commit_is_repeated_with_one_sample_when_the_sdk_takes_it(
        self, committed: Commits, recognizer: Recognizer, until: Until
    ) -> None:
        committed.reconnected()
        committed.reconnected()
        await until(lambda: len(recognizer.committed) == 2)
        assert recognizer.at == [500, 502]
        (_, first), (_, second) = recognizer.committed
        assert second - first >= 0.1

    async def test_a_commit_is_repeated_after_each_reconnect(
        self, committed: Commits, recognizer: Recognizer, until: Until
    ) -> None:
        for count in (2, 3):
            committed.reconnected()
            await until(lambda count=count: len(recognizer.committed) == count)  # type: ignore[misc]

    async def test_a_commit_is_not_repeated_if_audio_has_come_since(
        self, committed: Commits, recognizer: Recognizer, audio: Audio
    ) -> None:
        audio.write(0.5)
        committed.reconnected()
        await asyncio.sleep(0.15)
        assert recognizer.at == [500]

    async def test_a_commit_is_not_repeated_if_audio_comes_before_the_sdk_takes_it(
        self, committed: Commits, recognizer: Recognizer, audio: Audio
    ) -> None:
        committed.reconnected()
        audio.write(0.5)
        await asyncio.sleep(0.15)
        assert recognizer.at == [500]

    async def test_a_connection_without_a_commit_repeats_none(
        self, commits: Commits, recognizer: Recognizer
    ) -> None:
        commits.reconnected()
        await asyncio.sleep(0.01)
        assert recognizer.at == []

    async def test_a_commit_is_not_repeated_after_closing(
        self, committed: Commits, recognizer: Recognizer
    ) -> None:
        committed.reconnected()
        committed.close()
        await asyncio.sleep(0.15)
        assert recognizer.at == [500]


async def test_a_commit_that_waits_is_none_after_closing(
    commits: Commits, recognizer: Recognizer, audio: Audio
) -> None:
    audio.write(0.5)
    await within(commits.commit())
    audio.write(0.5)
    waiting = asyncio.create_task(commits.commit())
    await asyncio.sleep(0)
    commits.close()
    await within(waiting)
    assert recognizer.at == [500]
