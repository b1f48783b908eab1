"""The page for everybody: axe finds nothing, a keyboard is enough, and it fits a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .booth import Booth
from .person import Person, words

pytestmark = [pytest.mark.slow, pytest.mark.browser]

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SCREENS: dict[str, dict[str, Any]] = {
    "wide": {},
    "dark": {"color_scheme": "dark"},
    "arabic": {"locale": "ar-EG"},
    "phone": {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2.0},
    "dark-arabic-phone": {
        "color_scheme": "dark",
        "locale": "ar-EG",
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2.0,
    },
}
_SAID: dict[str, dict[str, Any]] = {
    "jean": {
        "language": "fr",
        "original": "Bonjour à tous, merci d’être là.",
        "en": "Good morning everybody, thank you for coming.",
        "ar": "صباح الخير جميعًا، شكرًا لحضوركم.",
        "spoken": "true",
        "state": {"state": "interpreted", "voice": "own", "backlog_seconds": 2.0, "listeners": 1},
    },
    "maria": {
        "language": "es",
        "original": "¿Empezamos con el presupuesto?",
        "en": "Shall we begin with the budget?",
        "ar": "هل نبدأ بالميزانية؟",
        "spoken": "false",
        "state": {"state": "queued"},
    },
}
"""What others say, by their identities."""
_LANGUAGES = {"arabic": "ar", "dark-arabic-phone": "ar"}


async def _violations(person: Person) -> list[str]:
    from axe_playwright_python.async_playwright import Axe  # noqa: PLC0415 - it imports Playwright

    results = await Axe().run(person.page, options={"runOnly": _RULES})
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in results.response["violations"]
        for node in one["nodes"]
    ]


@pytest.fixture(params=_SCREENS)
def screen(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_axe_finds_nothing_on_the_join_page(site: Any, people: Any, screen: str, pictures: Any) -> None:
    person = await people.open(site.address, **_SCREENS[screen])
    await person.page.locator("summary").click()
    await person.page.screenshot(path=pictures("join"), full_page=True)
    assert await _violations(person) == []
    assert await _overflow(person) == 0


@pytest.mark.usefixtures("guests")
async def test_axe_finds_nothing_in_the_meeting(
    site: Any, booth: Any, people: Any, screen: str, pictures: Any
) -> None:
    language = _LANGUAGES.get(screen, "en")
    person = await people.open(site.address, **_SCREENS[screen])
    await person.join("Alice", language)
    await _converse(site, booth, language)
    await person.see(person.page.locator(".caption-note:not([hidden])"))
    await person.see(person.page.locator("#listening"))
    await person.see(person.someone("María").locator(".person-state"))
    await person.page.screenshot(path=pictures("meeting"))
    assert await _violations(person) == []
    assert await _overflow(person) == 0
    for button in ("invite", "transcript", "settings"):
        await person.page.locator(f"#{button}").click()
        await person.see(person.page.locator("dialog[open]"))
        await person.page.screenshot(path=pictures(button))
        assert await _violations(person) == []
        await person.page.keyboard.press("Escape")


async def _converse(site: Any, booth: Booth, language: str) -> None:
    """A meeting with all that can be seen."""
    for number, (guest, said) in enumerate(_SAID.items()):
        track = f"TR_{guest}"
        await booth.tell(
            {
                f"interpretation.{track}": {"speaker": guest, "language": language},
                f"interpretation_state.{guest}": {"languages": {language: said["state"]}},
            }
        )
        await booth.caption(f"SG_{number}-source", said["original"], said["language"], speaker=guest)
        more = {"lk.transcribed_track_id": track, "spoken": said["spoken"]}
        await booth.caption(f"SG_{number}-{language}", said[language], language, **more)
    mine = {"languages": {"fr": {"state": "interpreted"}}, "still_listening": 2}
    await booth.tell({f"interpretation_state.{await site.identity('Alice')}": mine})


async def _overflow(person: Person) -> int:
    """By how many pixels the page is wider than the screen."""
    return int(await person.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


async def test_the_smallest_screen_needs_no_sideways_scrolling(site: Any, booth: Any, people: Any) -> None:
    person = await people.open(site.address, viewport={"width": 320, "height": 568}, locale="de-DE")
    assert await _overflow(person) == 0
    await person.join("Alice", "de")
    assert await _overflow(person) == 0


async def test_a_keyboard_is_enough_to_join_change_the_language_and_leave(
    site: Any, booth: Any, people: Any
) -> None:
    alice = await people.open(site.address)
    press, page = alice.page.keyboard, alice.page

    async def tab_to(id: str) -> None:
        for _ in range(40):
            if await page.evaluate("document.activeElement.id") == id:
                assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
                return
            await press.press("Tab")
        raise AssertionError(f"the Tab key does not reach #{id}")

    await tab_to("name")
    await press.type("Alice")
    await tab_to("voice-own")
    await press.press("ArrowDown")
    assert await page.locator("#voice-prebuilt").is_checked()
    await tab_to("join")
    await press.press("Enter")
    await alice.see(page.locator("#meeting-heading"))
    assert await page.evaluate("document.activeElement.id") == "meeting-heading"
    await tab_to("captions-scroller")
    await tab_to("balance")
    await press.press("ArrowLeft")
    assert await page.locator("#balance").input_value() == "92"
    await tab_to("meeting-hears")
    await press.type("Fran")
    await alice.read(page.locator("#leave"), re.compile(words("controls.leave", "fr")))
    await tab_to("leave")
    await press.press("Enter")
    await alice.see(page.locator("#join-heading"))
    assert await page.evaluate("document.activeElement.id") == "join-heading"


async def test_everything_that_can_be_operated_is_large_enough(site: Any, booth: Any, people: Any) -> None:
    alice = await people.open(site.address, **_SCREENS["phone"])
    small = """() => [...document.querySelectorAll("button, input, select, summary, a")]
        .map((node) => [node.id, node.getBoundingClientRect()])
        .filter(([, { width, height }]) => width && (width < 24 || height < 24)).map(([id]) => id)"""
    assert await alice.page.evaluate(small) == []
    await alice.join("Alice", "en")
    assert await alice.page.evaluate(small) == []


async def test_nothing_moves_where_motion_is_reduced(site: Any, people: Any) -> None:
    alice = await people.open(site.address, reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll("*")].map((node) => getComputedStyle(node))
        .filter((style) => style.animationName !== "none" || /[1-9]/.test(style.transitionDuration)).length"""
    assert await alice.page.evaluate(moving) == 0
