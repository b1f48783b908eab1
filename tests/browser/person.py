"""Somebody who meets others in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livekit_plugins_azure_interpreter.web.server import PAGE

from .hearing import Heard

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Locator, LocatorAssertions, Page

SECONDS = 60.0
"""How long a person waits for what must happen; see tests/fakes/limits.py."""
_SOUNDS = Path(__file__).with_name("sounds.js")


def words(key: str, language: str = "en", **values: object) -> str:
    """A text of the page."""
    texts = json.loads((PAGE / "languages" / f"{language}.json").read_text(encoding="utf-8"))
    text = texts[key]
    assert isinstance(text, str), f"{key} has several forms"
    return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), text)


def _expect(what: Locator) -> LocatorAssertions:
    from playwright.async_api import expect  # noqa: PLC0415 - if it is there

    return expect(what)


class Person:
    """A page of their own, and what they see and hear on it.

    Attributes:
        page: The page, for what else a test wants to know.
        problems: Errors that the page logged or raised, and requests to elsewhere.
    """

    def __init__(self, page: Page, context: BrowserContext, address: str) -> None:
        self.page, self._context, self._address = page, context, address
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self._logged(message.type, message.text))
        page.on("request", lambda request: self._requested(request.url))

    @classmethod
    async def open(cls, context: BrowserContext, address: str) -> Person:
        """Open the page."""
        context.set_default_timeout(SECONDS * 1000)
        return await cls._opened(await context.new_page(), context, address)

    @classmethod
    async def _opened(cls, page: Page, context: BrowserContext, address: str) -> Person:
        person = cls(page, context, address)
        await page.add_init_script(path=_SOUNDS)
        await page.goto(address)
        await person.see(page.locator("#join-heading"))
        return person

    async def second_tab(self) -> Person:
        """The page once more, in the same browser."""
        return await self._opened(await self._context.new_page(), self._context, self._address)

    async def duplicated_tab(self) -> Person:
        """A copy of this tab, with what the browser keeps for a tab."""
        kept = await self.page.evaluate("JSON.stringify(sessionStorage)")
        page = await self._context.new_page()
        await page.add_init_script(f"Object.assign(sessionStorage, {kept})")
        return await self._opened(page, self._context, self._address)

    async def allow_microphone(self) -> None:
        await self._context.grant_permissions(["microphone"])

    async def join(self, name: str, language: str, *, voice: str = "own") -> None:
        """Fill in the form, join, and wait until the meeting is there."""
        await self.fill_in(name, voice=voice)
        await self.page.locator("#hears").select_option(language)
        await self.page.locator("#join").click()
        await self.see(self.page.locator("#meeting-heading"))

    async def fill_in(self, name: str, *, voice: str = "own") -> None:
        """Fill in what must be filled in."""
        await self.page.locator("#name").fill(name)
        await self.page.locator(f"#voice-{voice}").check()

    async def see(self, what: Locator) -> None:
        await _expect(what).to_be_visible(timeout=SECONDS * 1000)

    async def read(self, what: Locator, text: str | re.Pattern[str]) -> None:
        await _expect(what).to_have_text(text, timeout=SECONDS * 1000)

    def caption(self, text: str) -> Locator:
        """The captions whose large text is this."""
        large = self.page.locator(".caption-main").get_by_text(text, exact=True)
        return self.page.locator(".caption").filter(has=large)

    def someone(self, name: str) -> Locator:
        """A person in the list of people."""
        return self.page.locator(".person").filter(has_text=name)

    def notice(self, name: str) -> Locator:
        return self.page.locator(f".notice[data-name={name}]")

    async def forget(self) -> None:
        """Forget what was heard so far."""
        await self.page.evaluate("heard.length = 0")

    async def heard(self) -> list[Heard]:
        """What the page played since then."""
        return [Heard(at / 1000, *rest) for at, *rest in await self.page.evaluate("heard")]

    async def until(self, condition: str, argument: Any = None) -> None:
        """Wait until an expression of JavaScript is true in the page."""
        await self.page.wait_for_function(condition, arg=argument, timeout=SECONDS * 1000, polling=100)

    async def aclose(self) -> None:
        await self._context.close()

    def _logged(self, kind: str, text: str) -> None:
        if kind == "error":
            self.problems.append(text)

    def _requested(self, url: str) -> None:
        if not url.startswith((self._address.rpartition("#")[0] or self._address, "data:", "blob:")):
            self.problems.append(f"a request to {url}")
