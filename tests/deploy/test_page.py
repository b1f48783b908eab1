"""`deploy/page.py`: who may join. tests/room/ has people who do."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import page
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from fakes.worker_process import ROOT

_README = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("password", "public_url", "needs"),
    [
        ("", None, "nothing"),
        ("a password", None, "password"),
        ("", "https://meet.example.com", "invite"),
        ("a password", "https://meet.example.com", "password"),
    ],
)
def test_a_page_for_everybody_lets_nobody_in_unknown(
    monkeypatch: pytest.MonkeyPatch, password: str, public_url: str | None, needs: str
) -> None:
    monkeypatch.setattr(page, "PASSWORD", password)
    monkeypatch.setattr(page, "PUBLIC_URL", public_url)
    assert page.admission().needs == needs


@pytest.mark.parametrize("public_url", [None, "https://meet.example.com/"])
def test_the_first_invite_is_printed_where_only_invites_let_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], public_url: str | None
) -> None:
    for name, value in {"URL": "wss://server", "API_KEY": "key", "API_SECRET": "secret"}.items():
        monkeypatch.setenv(f"LIVEKIT_{name}", value)
    monkeypatch.setattr(page, "PASSWORD", "")
    monkeypatch.setattr(page, "PUBLIC_URL", public_url)
    monkeypatch.setattr(page.web, "run_app", lambda app, **options: None)
    page.main()
    printed = capsys.readouterr().out
    assert ("https://meet.example.com/#invite=" in printed) is (public_url is not None)


def test_people_can_download_what_is_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"URL": "wss://server", "API_KEY": "key", "API_SECRET": "secret"}.items():
        monkeypatch.setenv(f"LIVEKIT_{name}", value)
    monkeypatch.setattr(page, "PASSWORD", "")
    monkeypatch.setattr(page, "RECORD_URL", str(tmp_path / "meetings.db"))
    apps: list[web.Application] = []
    monkeypatch.setattr(page.web, "run_app", lambda app, **options: apps.append(app))
    page.main()

    async def ask() -> object:
        async with TestClient(TestServer(apps[0])) as client, client.get("/api/meeting") as answer:
            return (await answer.json())["is_recorded"]

    assert asyncio.run(ask()) is True


def test_the_readme_explains_every_variable_of_the_programs() -> None:
    programs = "\n".join(path.read_text() for path in (ROOT / "deploy").rglob("*.py"))
    used = set(re.findall(r'(?:environ(?:\.get\(|\[)|read_\w+\()"(\w+)"', programs)) - {
        "PROMETHEUS_MULTIPROC_DIR"
    }
    assert "PAGE_PORT" in used
    assert [name for name in used if name not in _README] == []
