from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.limits import within

from livekit_plugins_azure_interpreter.web import children as module
from livekit_plugins_azure_interpreter.web.children import Child, Children

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals end nothing gently there")
_READY = "print('ready at x:1', flush=True)\n"
_SLEEP = f"import time\n{_READY}time.sleep(99)"
_STUBBORN = f"import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{_READY}time.sleep(99)"
_AT_LAST = (
    "import signal, sys, time\ntimes = []\n"
    "def asked(*_):\n    times.append(1)\n    if len(times) == 2: sys.exit(0)\n"
    f"signal.signal(signal.SIGTERM, asked)\n{_READY}\nwhile True: time.sleep(9)"
)
_PARENT = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
    f"{_READY}time.sleep(99)"
)


@pytest.fixture
def written() -> list[bytes]:
    return []


@pytest.fixture
async def children(written: list[bytes]) -> AsyncIterator[Children]:
    async with Children(written.append) as children:
        yield children


async def start(children: Children, program: str, **environment: str) -> Child:
    return await children.start("The clock", [sys.executable, "-c", program], environment)


class TestChild:
    async def test_it_is_ready_when_it_says_so(self, children: Children, written: list[bytes]) -> None:
        child = await start(children, _SLEEP)
        assert await child.until_written(r"ready at (\S+)\s", seconds=30) == "x:1"
        assert b"".join(written) == b"ready at x:1\n"

    async def test_it_is_ready_when_it_answers(self, children: Children) -> None:
        answers = iter([False, False, True])
        child = await start(children, _SLEEP)
        await child.until_true(lambda: next(answers), seconds=30)

    async def test_it_shows_its_last_lines_when_it_ends_too_early(self, children: Children) -> None:
        child = await start(children, "for n in range(99): print('line', n)\nraise SystemExit(3)")
        with pytest.raises(RuntimeError, match="The clock has ended") as failed:
            await child.until_written("(never)", seconds=30)
        shown = str(failed.value).splitlines()
        assert shown[-1] == "    line 98"
        assert len(shown) == 16
        with pytest.raises(RuntimeError, match="The clock has ended"):
            await child.until_true(lambda: False, seconds=30)
        with pytest.raises(RuntimeError, match="The clock has ended"):
            await within(child.until_ended())

    async def test_it_is_not_waited_for_for_ever(self, children: Children) -> None:
        child = await start(children, "import time; time.sleep(99)")
        with pytest.raises(RuntimeError, match=r"not ready within 0 s\. The last that it wrote: nothing"):
            await child.until_written("(never)", seconds=0.1)

    async def test_it_gets_variables_and_no_input(self, children: Children) -> None:
        child = await start(
            children, "import os, sys; print(os.environ['A'], sys.stdin.read(), 'end')", A="1"
        )
        assert await child.until_written("(1  end)", seconds=30)

    async def test_it_may_write_more_than_is_kept(self, children: Children, written: list[bytes]) -> None:
        child = await start(children, "print('x' * 1_000_000); print('ready')")
        await child.until_written(r"(ready\b.*)\n", seconds=30)
        assert sum(map(len, written)) == 1_000_007

    async def test_it_is_asked_again_before_it_is_killed(
        self, children: Children, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_END_SECONDS", 0.3)
        for program, code in ((_AT_LAST, 0), (_STUBBORN, -9)):
            child = await start(children, program)
            await child.until_written(r"(ready\b.*)\n", seconds=30)
            await within(children.end(child))
            assert child.exit_code == code


class TestChildren:
    async def test_the_last_one_ends_first(self, written: list[bytes]) -> None:
        says = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(sys.argv[1]))\n"
        async with Children(written.append) as children:
            for name in ("first", "second"):
                command = [sys.executable, "-c", f"{says}{_READY}time.sleep(99)", name]
                child = await children.start(name, command, {})
                await child.until_written(r"(ready\b.*)\n", seconds=30)
        assert b"".join(written).split() == [b"ready", b"at", b"x:1"] * 2 + [b"second", b"first"]

    async def test_one_that_ends_by_itself_is_said(self, children: Children) -> None:
        await start(children, _SLEEP)
        await start(children, "")
        with pytest.raises(RuntimeError, match="The clock has ended"):
            await within(children.until_one_ends())

    async def test_the_processes_of_a_process_end_with_it(self, children: Children) -> None:
        child = await start(children, _PARENT)
        await child.until_written(r"(ready\b.*)\n", seconds=30)
        await within(children.end(child))
        # Its end of the pipe is open as long as any of them lives.
        with pytest.raises(RuntimeError, match="has ended"):
            await within(child.until_ended())

    async def test_the_others_end_when_something_fails(self) -> None:
        started: list[Child] = []

        async def launch() -> None:
            async with Children(len) as children:
                started.append(await start(children, _SLEEP))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await within(launch())
        assert started[0].exit_code == -15

    async def test_the_others_end_when_the_launcher_is_cancelled(self, until: Any) -> None:
        started: list[Child] = []

        async def launch() -> None:
            async with Children(len) as children:
                started.append(await start(children, _SLEEP))
                await children.until_one_ends()

        launching = asyncio.create_task(launch())
        await until(lambda: started)
        launching.cancel()
        await within(asyncio.wait({launching}))
        assert started[0].exit_code == -15
