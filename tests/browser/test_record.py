"""A meeting that is recorded: people see it before they join and while they are in it, and download it."""

from __future__ import annotations

import html
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import webvtt
from fakes.limits import within

from livekit_plugins_azure_interpreter.record import Joined, SQLiteRecord, Started, Utterance

from .booth import Booth
from .person import words
from .site import Site

pytestmark = [pytest.mark.slow, pytest.mark.browser]
_LANGUAGES = ("ar", "de", "en", "es", "fr")


@pytest_asyncio.fixture(loop_scope="session")
async def record(tmp_path: Path) -> AsyncIterator[SQLiteRecord]:
    record = SQLiteRecord(tmp_path / "meetings.db")
    yield record
    await within(record.aclose())


@pytest_asyncio.fixture(loop_scope="session")
async def recorded_site(server: Any, record: SQLiteRecord) -> AsyncIterator[Site]:
    site = Site(server, record=record)
    await site.start()
    yield site
    await within(site.aclose())


async def _record(record: SQLiteRecord, room: str, identity: str) -> None:
    now = time.time()
    await record.append(
        [
            Started(id="s", meeting="RM_one", at=now, room=room),
            Joined(id="j", meeting="RM_one", at=now, person=identity, name="Bob"),
            Utterance(
                id="1",
                meeting="RM_one",
                at=now + 3,
                person="alice",
                name="Alice",
                started_at=now + 1,
                ended_at=now + 2,
                language="en-US",
                text="There is <coffee>.",
                translations={"fr": "Il y a du café."},
            ),
        ]
    )


@pytest.mark.parametrize("language", _LANGUAGES)
async def test_people_are_told_in_their_language_before_they_join(
    recorded_site: Any, people: Any, language: str
) -> None:
    bob = await people.open(recorded_site.address, locale=language)
    await bob.read(bob.page.locator("#recorded"), words("recorded.sentence", language))
    await bob.see(bob.page.locator("#recorded"))
    await bob.join("Bob", language)
    await bob.see(bob.page.locator("#recorded-sign"))
    await bob.read(bob.page.locator("#recorded-sign"), words("recorded.sign", language))
    assert bob.problems == []


async def test_people_download_what_the_record_has(
    recorded_site: Any, record: Any, people: Any, tmp_path: Path
) -> None:
    bob = await people.open(recorded_site.address)
    await bob.join("Bob", "fr")
    # A meeting in the same room, before Bob came.
    await record.append([Started(id="s", meeting="RM_old", at=1000.0, room=recorded_site.room)])
    await bob.page.locator("#transcript").click()
    formats = bob.page.locator("#transcript-formats")
    await formats.get_by_text(words("transcript.vtt", "fr"), exact=True).click()
    await bob.read(bob.page.locator("#transcript-problem"), words("refused.nothing_recorded", "fr"))
    assert len(bob.problems) == 1, "the browser logs the refusal"
    bob.problems.clear()
    await _record(record, recorded_site.room, await recorded_site.identity("Bob"))
    texts = {"*": "There is <coffee>.\nIl y a du café.", "": "There is <coffee>.", "fr": "Il y a du café."}
    for number, (language, text) in enumerate(texts.items()):
        await bob.page.locator("#transcript-language").select_option(language)
        async with bob.page.expect_download() as downloading:
            await formats.get_by_text(words("transcript.vtt", "fr"), exact=True).click()
        download = await downloading.value
        assert download.suggested_filename.endswith(".vtt")
        path = tmp_path / f"{number}.vtt"
        await download.save_as(path)
        (caption,) = webvtt.read(str(path)).captions
        assert (caption.voice, html.unescape(caption.text)) == ("Alice", text)
    await bob.page.locator("#transcript-language").select_option("*")
    for name in ("txt", "srt", "csv", "json"):
        async with bob.page.expect_download() as downloading:
            await formats.get_by_text(words(f"transcript.{name}", "fr"), exact=True).click()
        await (await downloading.value).save_as(tmp_path / name)
        assert "<coffee>" in (tmp_path / name).read_text()
    assert json.loads((tmp_path / "json").read_text())["meeting"] == "RM_one"
    assert await bob.page.locator("#transcript-problem").is_hidden()
    assert bob.problems == []


async def test_people_who_were_not_told_are_told_once_the_interpreter_records(
    site: Any, booth: Any, server: Any, people: Any, pictures: Any
) -> None:
    bob = await people.open(site.address, viewport={"width": 360, "height": 740})
    assert await bob.page.locator("#recorded").is_hidden()
    await bob.join("Bob", "fr")
    forger = Booth(server, site.room, kind="standard")
    await forger.join("forger", interpreter="ready", **{"interpreter.recorded": "true"})
    await bob.see(bob.someone("forger"))
    assert await bob.page.locator("#recorded-sign").is_hidden()
    await booth.tell({"interpreter.recorded": "true"})
    await bob.see(bob.page.locator("#recorded-sign"))
    await bob.read(bob.notice("recorded").locator("p"), words("recorded.told", "fr"))
    # On a phone, too, all stands in the picture.
    await bob.until("() => document.querySelector('#invite').getBoundingClientRect().right <= innerWidth")
    await bob.until("() => document.querySelector('#meeting-heading').clientWidth > 100")
    await bob.page.screenshot(path=pictures("told"))
    await booth.tell({"interpreter.recorded": ""})
    await bob.until("() => document.querySelector('#recorded-sign').hidden")
    await bob.until("() => !document.querySelector('.notice[data-name=recorded]')")
    await forger.aclose()
    assert bob.problems == []
