"""The code blocks of the documentation run as they stand, over the real SDK, against the emulator."""

from __future__ import annotations

import re
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.limits import within
from fakes.session import CLOSES_AT_ONCE
from livekit.agents import NOT_GIVEN, AgentServer, AgentSession, JobContext
from livekit.agents.testing import fake_job_context

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.emulator import Emulator

ROOT = Path(__file__).parents[2]
NEEDS_A_ROOM = ("MeetingInterpreter", "TranslationSession")
"""Tested in rooms of a real server (tests/room), since they cannot start without one."""
NEEDS_AN_ACCOUNT = ("speaker_profile_id",)
RUN_AS_PROGRAMS = ("127.0.0.1:8765", "azure_speech_emulator", "standardwebhooks")
"""Programs and a test: tests/emulator/clients/test_quickstarts.py and tests/record/ run them."""


def blocks() -> Iterator[Any]:
    elsewhere = (*NEEDS_A_ROOM, *NEEDS_AN_ACCOUNT, *RUN_AS_PROGRAMS)
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"```python\n(.*?)```", text, re.DOTALL):
            if not any(name in found[1] for name in elsewhere):
                line = text.count("\n", 0, found.start()) + 1
                yield pytest.param(found[1], id=f"{page.name}:{line}")


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """What the text around a block has introduced; Azure is an emulator, and the session has no room."""
    sessions: list[AgentSession[Any]] = []

    class RecordedSession(AgentSession[Any]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**CLOSES_AT_ONCE, **options})
            sessions.append(self)

    monkeypatch.setattr("livekit.agents.AgentSession", RecordedSession)
    monkeypatch.chdir(tmp_path)
    async with Emulator() as emulator:
        monkeypatch.setenv("AZURE_SPEECH_KEY", "any")
        monkeypatch.setenv("AZURE_SPEECH_ENDPOINT", emulator.endpoint)
        monkeypatch.delenv("AZURE_SPEECH_REGION", raising=False)
        with fake_job_context():
            stt = azure_interpreter.STT(target_languages="fr")
            yield {
                "azure_interpreter": azure_interpreter,
                "AgentServer": AgentServer,
                "AgentSession": RecordedSession,
                "JobContext": JobContext,
                "ctx": SimpleNamespace(room=NOT_GIVEN),
                "stt": stt,
                "tts": azure_interpreter.TTS(stt),
            }
            for session in sessions:
                await within(session.aclose())
            await within(stt.aclose())


@pytest.mark.parametrize("block", list(blocks()))
async def test_a_code_block_runs(block: str, names: dict[str, Any]) -> None:
    needed = "\n".join(f"{name} = {name}_" for name in ("stt", "tts"))
    body = textwrap.indent(f"{needed}\n{block}\nreturn locals()", "    ")
    namespace = {**names, "stt_": names["stt"], "tts_": names["tts"]}
    exec(f"async def run():\n{body}", namespace)
    made = await within(namespace["run"]())
    if "entrypoint" in made:
        await within(made["entrypoint"](names["ctx"]))


def test_most_blocks_are_run() -> None:
    assert len(list(blocks())) >= 5
