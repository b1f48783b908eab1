"""Work off the loop: what it gives, what it raises, and a loop that is gone."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import threading

import pytest
from fakes.limits import LIMIT_SECONDS, within
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter._sdk import threads as _threads
from livekit_plugins_azure_interpreter._sdk.threads import (
    finish_work,
    in_thread,
    post_to,
    use_batch_scheduling,
)


class TestInThread:
    async def test_a_daemon_thread_returns_its_result(self) -> None:
        thread = await within(in_thread(threading.current_thread, name="a-name"))
        assert thread is not threading.current_thread()
        assert (thread.name, thread.daemon) == ("a-name", True)

    @pytest.mark.parametrize("kind", [ValueError, GeneratorExit])
    async def test_an_error_of_the_work_is_raised(self, kind: type[BaseException]) -> None:
        def work() -> None:
            raise kind("no")

        with pytest.raises(kind, match="no"):
            await within(in_thread(work, name="a-name"))

    @pytest.mark.parametrize("fails", [False, True])
    async def test_nobody_waits_any_more(self, fails: bool) -> None:
        began, go_on = threading.Event(), threading.Event()

        def work() -> None:
            began.set()
            go_on.wait(LIMIT_SECONDS)
            if fails:
                raise ValueError

        future = in_thread(work, name="nobody-waits")
        (thread,) = (one for one in threading.enumerate() if one.name == "nobody-waits")
        assert await asyncio.to_thread(began.wait, LIMIT_SECONDS)
        future.cancel()
        go_on.set()
        await asyncio.to_thread(thread.join, LIMIT_SECONDS)
        await asyncio.sleep(0)
        assert future.cancelled()


class TestPostTo:
    async def test_a_posted_callback_is_called_on_the_loop(self) -> None:
        called: asyncio.Future[threading.Thread] = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()

        def call(word: str) -> None:
            assert word == "word"
            called.set_result(threading.current_thread())

        await asyncio.to_thread(post_to, loop, call, "word")
        assert await within(called) is threading.current_thread()

    def test_a_closed_loop_is_no_error(self) -> None:
        loop = asyncio.new_event_loop()
        loop.close()
        post_to(loop, pytest.fail, "it was called")

    async def test_another_error_is_not_swallowed(self) -> None:
        class Broken:
            def call_soon_threadsafe(self, *_: object) -> None:
                raise RuntimeError("broken")

            def is_closed(self) -> bool:
                return False

        with pytest.raises(RuntimeError, match="broken"):
            post_to(Broken(), print)  # type: ignore[arg-type]


class TestScheduling:
    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing happens")
    async def test_a_thread_and_all_that_it_begins_never_preempt(self) -> None:
        def begin() -> tuple[int, int]:
            use_batch_scheduling()
            begun: list[int] = []
            thread = threading.Thread(target=lambda: begun.append(os.sched_getscheduler(0)))
            thread.start()
            thread.join(LIMIT_SECONDS)
            return os.sched_getscheduler(0), begun[0]

        found = await within(in_thread(begin, name="a-name"))
        assert found == (os.SCHED_BATCH, os.SCHED_BATCH)
        assert os.sched_getscheduler(0) == os.SCHED_OTHER

    @pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL, errno.ENOSYS])
    async def test_a_sandbox_without_it_is_no_error(self, number: int, mocker: MockerFixture) -> None:
        mocker.patch("os.sched_setscheduler", side_effect=OSError(number, "no"), create=True)
        await within(in_thread(use_batch_scheduling, name="a-name"))

    def test_nothing_happens_on_another_system(self, mocker: MockerFixture) -> None:
        scheduled = mocker.patch("os.sched_setscheduler", create=True)
        mocker.patch("sys.platform", "darwin")
        use_batch_scheduling()
        assert not scheduled.called


class TestTheEnd:
    async def test_the_end_waits_for_work_under_way(self) -> None:
        go_on, done = threading.Event(), threading.Event()

        def work() -> None:
            go_on.wait(LIMIT_SECONDS)
            done.set()

        working = in_thread(work, name="under-way")
        threading.Timer(0.05, go_on.set).start()
        await asyncio.to_thread(finish_work)
        assert done.is_set()
        await working

    async def test_the_end_does_not_wait_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_threads, "_EXIT_SECONDS", 0.05)
        go_on = threading.Event()
        working = in_thread(lambda: go_on.wait(LIMIT_SECONDS), name="hangs")
        await asyncio.to_thread(finish_work)
        assert not working.done()
        go_on.set()
        await working
