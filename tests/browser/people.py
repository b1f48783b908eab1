"""Browsers whose microphones say different things, and the people who use them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from . import speech
from .chromium import launch
from .person import Person

if TYPE_CHECKING:
    from playwright.async_api import Browser

Speaker = Literal["alice", "bob", "nobody"]
"""What a microphone says: Alice's English sentence, Bob's French one, or nothing."""
_WIDE = {"width": 1280, "height": 800}


class Browsers:
    """A browser for each microphone; a browser has one recording for all of its pages."""

    def __init__(self, browsers: dict[Speaker, Browser]) -> None:
        self._browsers = browsers

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, folder: Path) -> AsyncIterator[Browsers]:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - if it is there

        recordings: dict[Speaker, Path] = {
            "alice": speech.write_speech(folder / "alice.wav", speech.ALICES),
            "bob": speech.write_speech(folder / "bob.wav", speech.BOBS),
            "nobody": speech.write_silence(folder / "silence.wav"),
        }
        async with async_playwright() as playwright:
            yield cls({who: await launch(playwright, says=path) for who, path in recordings.items()})

    def of(self, speaker: Speaker) -> Browser:
        return self._browsers[speaker]


class People:
    """Everybody who opened a page in a test."""

    def __init__(self, browsers: Browsers) -> None:
        self._browsers = browsers
        self._people: list[Person] = []

    async def open(
        self, address: str, *, says: Speaker = "nobody", microphone: bool = True, **options: Any
    ) -> Person:
        """Somebody opens the page; `options` are those of Playwright's context."""
        options = {"viewport": _WIDE, "locale": "en-GB", **options}
        permissions = ["microphone", "clipboard-write"] if microphone else []
        context = await self._browsers.of(says).new_context(permissions=permissions, **options)
        person = await Person.open(context, address)
        self._people.append(person)
        return person

    async def picture(self, place: Callable[[str], Path]) -> None:
        for number, person in enumerate(self._people):
            await person.page.screenshot(path=place(str(number)))

    async def aclose(self) -> None:
        for person in self._people:
            await person.aclose()
