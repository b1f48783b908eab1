from __future__ import annotations

import asyncio
import threading

import pytest
from fakes.fixtures import Until
from fakes.limits import LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter.record.record import RecordError
from livekit_plugins_azure_interpreter.record.worker_thread import WorkerThread


async def test_all_work_runs_in_one_thread_in_order() -> None:
    worker = WorkerThread("test")
    ran: list[int] = []
    threads: set[threading.Thread] = set()

    def work(number: int) -> int:
        threads.add(threading.current_thread())
        ran.append(number)
        return number

    assert await asyncio.gather(*(worker.run(lambda n=n: work(n)) for n in range(5))) == [*range(5)]
    assert ran == [*range(5)]
    (thread,) = threads
    assert thread.daemon
    worker.stop()
    thread.join(LIMIT_SECONDS)
    assert not thread.is_alive()


async def test_work_that_raises_reaches_the_caller_and_the_thread_goes_on() -> None:
    worker = WorkerThread("test")

    def fail() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        await worker.run(fail)
    assert await worker.run(lambda: "goes on") == "goes on"
    worker.stop()


async def test_a_cancelled_caller_disturbs_nobody(until: Until) -> None:
    worker = WorkerThread("test")
    goes_on = threading.Event()
    waiting = asyncio.create_task(worker.run(goes_on.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    goes_on.set()
    assert await within(worker.run(lambda: "goes on")) == "goes on"
    worker.stop()


async def test_too_much_work_is_refused_while_the_thread_hangs() -> None:
    worker = WorkerThread("test")
    goes_on = threading.Event()
    tasks = [asyncio.create_task(worker.run(goes_on.wait)) for _ in range(20)]
    refused, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    worker.stop()
    goes_on.set()
    results = await within(asyncio.gather(*tasks, return_exceptions=True))
    errors = [result for result in results if result is not True]
    assert len(errors) == len(refused)
    assert {(type(error), str(error)) for error in errors} == {
        (RecordError, "the disk of the record does not answer")
    }


def test_a_thread_that_had_no_work_can_be_stopped() -> None:
    WorkerThread("test").stop()


async def test_a_stopped_thread_is_replaced() -> None:
    worker = WorkerThread("test")
    first = await worker.run(threading.current_thread)
    worker.stop()
    first.join(LIMIT_SECONDS)
    assert await within(worker.run(threading.current_thread)) is not first
    worker.stop()


def test_a_loop_that_is_closed_meanwhile_gets_no_result() -> None:
    worker = WorkerThread("test")
    goes_on = threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        goes_on.wait()

    async def ask() -> None:
        asking = asyncio.create_task(worker.run(work))
        while not threads:  # noqa: ASYNC110
            await asyncio.sleep(0)
        asking.cancel()

    asyncio.run(ask())
    worker.stop()
    goes_on.set()
    threads[0].join(LIMIT_SECONDS)
    assert not threads[0].is_alive()
