"""What people see of the interpreter, of each other, and of themselves."""

from __future__ import annotations

from typing import Any

import pytest
from livekit import rtc

from .booth import Booth
from .person import words
from .speech import MARKUP

pytestmark = [pytest.mark.slow, pytest.mark.browser]

_OFFER = {"languages": ["de", "en", "fr"], "voices": ["prebuilt", "text"], "voice": "prebuilt"}


def _state(language: str, state: str, **more: object) -> dict[str, object]:
    return {"languages": {language: {"state": state, "voice": "own", "listeners": 1, **more}}}


async def test_people_see_who_is_here_and_which_language_each_speaks(
    site: Any, booth: Any, people: Any
) -> None:
    alice = await people.open(site.address)
    await alice.join(f"Alice {MARKUP}", "en")
    bob = await people.open(site.address, locale="de-DE")
    await bob.join("Bob", "de")
    row = bob.someone("Alice")
    await bob.read(row.locator(".person-name"), f"Alice {MARKUP}")
    await bob.read(row.locator(".person-language"), "English")
    assert await bob.page.locator("img[src=x]").count() == 0
    await bob.read(bob.page.locator("#people-heading"), "2 Personen hier")
    await alice.page.locator("#mute").click()
    await bob.see(row.locator(".muted"))
    await alice.page.locator("#mute").click()
    await bob.until("() => document.querySelectorAll('.person .muted:not([hidden])').length === 0")
    await alice.page.locator("#leave").click()
    await bob.read(bob.page.locator("#people-heading"), "1 Person hier")
    await alice.see(alice.page.locator("#join-heading"))
    assert alice.problems == bob.problems == []


async def test_people_see_what_the_interpreter_does_for_each(site: Any, booth: Any, people: Any) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    bob = await people.open(site.address)
    await bob.join("Bob", "fr")
    identity = await site.identity("Alice")
    line = bob.someone("Alice").locator(".person-state")
    for state, key, values in (
        (_state("fr", "interpreted", backlog_seconds=0.5), "state.interpreted", {}),
        (_state("fr", "interpreted", voice="fallback"), "state.fallback", {}),
        (_state("fr", "interpreted", voice="text"), "state.text", {}),
        (_state("fr", "queued"), "state.queued", {}),  # of an older interpreter
        (_state("fr", "queued", place=2), "state.queued_at", {"count": 2}),
        (_state("fr", "failed"), "state.failed", {}),
    ):
        await booth.tell({f"interpretation_state.{identity}": state})
        await bob.read(line, words(key, "fr", **values))
    failed = {**_state("fr", "failed"), "error": "Azure could not be reached", "retry_seconds": 4.2}
    await booth.tell({f"interpretation_state.{identity}": failed})
    await bob.read(line, "L’interprétation a échoué ; nouvel essai dans 5 secondes")
    await booth.tell({f"interpretation_state.{identity}": _state("fr", "interpreted", backlog_seconds=3.0)})
    await bob.read(line, "Interprété pour vous · 3 secondes de retard")
    await alice.read(alice.someone("Alice").locator(".person-state"), "Interpreted into French")
    await booth.tell({f"interpretation_state.{identity}": ""})
    await bob.until("() => document.querySelectorAll('.person-state:not([hidden])').length === 0")


async def test_a_speaker_sees_how_many_still_listen(site: Any, booth: Any, people: Any) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    identity = await site.identity("Alice")
    for count, text in (
        (3, "3 people are still listening to you"),
        (1, "1 person is still listening to you"),
    ):
        await booth.tell({f"interpretation_state.{identity}": {"languages": {}, "still_listening": count}})
        await alice.read(alice.page.locator("#listening-text"), text)
    await booth.tell({f"interpretation_state.{identity}": ""})
    await alice.until("() => document.querySelector('#listening').hidden")


async def test_a_refused_language_is_told_with_its_reason(site: Any, booth: Any, people: Any) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    reason = "'en' is not available; the nearest is 'en-GB'"
    await booth.tell({f"interpretation_refused.{await site.identity('Alice')}": reason})
    await alice.read(alice.someone("Alice").locator(".person-state"), reason)


async def test_people_choose_from_what_the_interpreter_offers(site: Any, booth: Any, people: Any) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en", voice="text")
    await booth.tell({"interpreter.offer": _OFFER})
    await alice.until("() => document.querySelectorAll('#meeting-hears option').length === 4")
    options = await alice.page.locator("#meeting-hears option").all_text_contents()
    assert options[1:] == ["Deutsch", "English", "Français"]
    await alice.page.locator("#settings").click()
    assert await alice.page.locator("#settings-voices input").evaluate_all(
        "all => all.map(one => one.value)"
    ) == [
        "prebuilt",
        "text",
    ]
    await alice.page.locator("#settings-voice-prebuilt").check()
    await alice.page.locator("#settings-speaks").select_option("de")
    person = await _person_with(site, "Alice", voice="prebuilt", spoken_language="de")
    assert person.attributes["language"] == "en"


async def _person_with(site: Any, name: str, **attributes: str) -> Any:
    for _ in range(100):
        person = next(one for one in await site.participants() if one.name == name)
        if attributes.items() <= dict(person.attributes).items():
            return person
    raise AssertionError(f"{name} has not {attributes}: {person.attributes}")


async def test_people_see_whose_turn_it_is_in_consecutive_mode(site: Any, booth: Any, people: Any) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    bob = await people.open(site.address)
    await bob.join("Bob", "fr")
    identity = await site.identity("Alice")
    await booth.tell({"interpreter.offer": {**_OFFER, "mode": "consecutive"}})
    await alice.read(alice.notice("turn").locator("p"), words("turn.free"))
    for phase in ("speaking", "interpretation"):
        await booth.tell({"interpreter.turn": {"speaker": identity, "phase": phase}})
        await alice.read(alice.notice("turn").locator("p"), words(f"turn.{phase}_me"))
        await bob.read(bob.notice("turn").locator("p"), words(f"turn.{phase}", "fr", name="Alice"))


async def test_a_person_who_calls_themselves_an_interpreter_is_not_believed(
    site: Any, server: Any, people: Any
) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    forger = Booth(server, site.room, kind="standard")
    state = {"languages": {}, "still_listening": 99}
    await forger.join(
        "forger", interpreter="ready", **{f"interpretation_state.{await site.identity('Alice')}": state}
    )
    await alice.see(alice.someone("forger"))
    await alice.read(alice.page.locator("#interpreter-state"), words("interpreter.missing"))
    assert await alice.page.locator("#listening").is_hidden()
    await forger.aclose()


async def test_the_face_of_an_interpreted_voice_is_shown(
    site: Any, booth: Any, server: Any, people: Any
) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    avatar = Booth(server, site.room)
    await avatar.join("avatar")
    source = await avatar.show_face("interpreter")
    frame = rtc.VideoFrame(64, 48, rtc.VideoBufferType.RGBA, bytes([90, 160, 150, 255]) * (64 * 48))
    face = alice.page.locator(".face")
    for _ in range(200):
        source.capture_frame(frame)
        if await face.count() and await face.locator("video").evaluate("one => one.videoWidth"):
            break
        await alice.page.wait_for_timeout(50)
    await alice.read(face.locator("p"), words("faces.behalf", name="avatar"))
    assert await face.locator("video").evaluate("one => one.videoWidth") == 64
    await alice.read(alice.page.locator("#people-heading"), "1 person here")
    await avatar.aclose()
    await alice.until("() => document.querySelector('#faces').hidden")


async def test_a_reload_is_the_same_person_and_another_tab_another_one(
    site: Any, booth: Any, people: Any
) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    identity = await site.identity("Alice")
    await alice.page.reload()
    await alice.see(alice.page.locator("#join-heading"))
    assert await alice.page.locator("#name").input_value() == "Alice"
    await alice.page.locator("#join").click()
    await alice.see(alice.page.locator("#meeting-heading"))
    assert await site.identity("Alice") == identity
    tab = await alice.second_tab()
    await tab.join("Alice again", "fr")
    assert await site.identity("Alice again") != identity
    await tab.read(tab.page.locator("#people-heading"), "2 personnes ici")
    await alice.read(alice.page.locator("#people-heading"), "2 people here")
    # The browser copies what belongs to a tab when the tab is duplicated: then they are one person.
    duplicate = await alice.duplicated_tab()
    await duplicate.join("Alice", "en")
    await alice.read(alice.page.locator("#join-problem"), words("left.DUPLICATE_IDENTITY"))
    await alice.page.locator("#join").click()
    await alice.see(alice.page.locator("#meeting-heading"))
    await duplicate.read(duplicate.page.locator("#join-problem"), words("left.DUPLICATE_IDENTITY"))


async def test_somebody_invites_others_by_a_link_and_a_code(site: Any, booth: Any, people: Any) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    await alice.page.locator("#invite").click()
    await alice.until("() => document.querySelector('#invite-link').value.includes('#invite=')")
    link = await alice.page.locator("#invite-link").input_value()
    assert link.startswith(site.address)
    await alice.until("() => document.querySelector('#invite-code').naturalWidth > 50")
    await alice.page.locator("#invite-copy").click()
    await alice.read(alice.page.locator("#invite-answer"), words("invite.copied"))
    bob = await people.open(link)
    await bob.join("Bob", "fr")
    await alice.see(alice.someone("Bob"))
    assert alice.problems == bob.problems == []
