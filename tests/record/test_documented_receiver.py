"""The receiver of docs/webhooks.md, as it stands there, gets a meeting."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from fakes.limits import within
from fakes.record import MEETING, utterance
from fakes.webhook_receiver import SECRET

from livekit_plugins_azure_interpreter.record import Ended, Keeper, SQLiteRecord, Webhooks

pytestmark = pytest.mark.native
_PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"


async def test_a_documented_receiver_takes_what_is_signed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    blocks = re.findall(r"```python\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(next(block for block in blocks if "import Webhook," in block), names)
    server = TestServer(names["app"])
    await server.start_server()
    url = str(server.make_url("/meetings"))
    for name in ("one", "two"):  # two records, and so two processes that know nothing of each other
        record = SQLiteRecord(tmp_path / f"{name}.db")
        keeper = Keeper(record, webhooks=[Webhooks(url, SECRET)])
        keeper.put(utterance(1, at=time.time()), Ended(id="end", meeting=MEETING, at=time.time()))
        assert await within(keeper.flush())
        await within(keeper.aclose())
        await within(record.aclose())
    async with ClientSession() as session, session.post(url, data=b"{}") as response:
        assert response.status == 401
    await within(server.close())
    assert capsys.readouterr().out.splitlines() == ["meeting.utterance sentence 1", "meeting.ended "]
