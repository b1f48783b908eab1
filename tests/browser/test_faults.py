"""What people are told when something is wrong, and what happens by itself."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest
from livekit import api

from livekit_plugins_azure_interpreter.web import InviteAdmission, PasswordAdmission
from livekit_plugins_azure_interpreter.web.invites import Invites

from .conftest import start_worker
from .person import words
from .site import Site

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(300)]


async def test_a_refused_microphone_is_told_and_its_owner_listens(site: Any, booth: Any, people: Any) -> None:
    alice = await people.open(site.address, microphone=False)
    await alice.page.locator("#microphone-test").click()
    await alice.read(alice.page.locator("#microphone-answer"), words("microphone.refused"))
    await alice.join("Alice", "en")
    notice = alice.notice("microphone")
    await alice.read(notice.locator("p"), words("microphone.refused"))
    assert await alice.page.locator("#mute-text").text_content() == words("controls.unmute")
    await booth.caption("SG_1-en", "Good morning.", "en")
    await alice.see(alice.caption("Good morning."))
    await alice.page.locator("#meeting-hears").select_option("fr")
    await alice.read(notice.locator("p"), words("microphone.refused", "fr"))
    await alice.page.locator("#meeting-hears").select_option("en")
    await alice.read(notice.locator("p"), words("microphone.refused"))
    await alice.allow_microphone()
    await notice.get_by_role("button", name=words("microphone.again")).click()
    await alice.read(alice.page.locator("#mute-text"), words("controls.mute"))
    assert await notice.count() == 0


async def test_a_microphone_that_works_is_heard_in_its_test(site: Any, people: Any) -> None:
    alice = await people.open(site.address, says="alice")
    await alice.page.locator("#microphone-test").click()
    await alice.read(alice.page.locator("#microphone-answer"), words("microphone.heard"))
    level = "() => Number(document.querySelector('#microphone-level').ariaValueNow) > 20"
    await alice.until(level)


async def test_a_name_and_a_voice_are_asked_for(site: Any, people: Any) -> None:
    alice = await people.open(site.address)
    await alice.page.locator("#join").click()
    await alice.see(alice.page.locator("#name-problem"))
    await alice.until("() => document.activeElement.id === 'name'")
    await alice.page.locator("#name").fill("Alice")
    await alice.page.locator("#join").click()
    await alice.see(alice.page.locator("#voice-problem"))
    await alice.until("() => document.activeElement.id === 'voice-own'")
    assert await alice.page.locator(":checked[name=voice]").count() == 0


async def test_a_wrong_password_is_told_and_the_right_one_lets_in(server: Any, people: Any) -> None:
    site = Site(server, PasswordAdmission("open sesame"))
    await site.start()
    alice = await people.open(site.address)
    for password, told in (("", "refused.password_needed"), ("guess", "refused.password_wrong")):
        await alice.fill_in("Alice")
        await alice.page.locator("#password").fill(password)
        await alice.page.locator("#join").click()
        await alice.read(alice.page.locator("#join-problem"), words(told))
    await alice.page.locator("#password").fill("open sesame")
    await alice.join("Alice", "en")
    await site.aclose()


async def test_somebody_without_an_invite_is_told_where_to_get_one(server: Any, people: Any) -> None:
    site = Site(server, InviteAdmission())
    await site.start()
    alice = await people.open(site.address)
    await alice.read(alice.page.locator("#join-problem"), words("join.needs_invite"))
    assert await alice.page.locator("#join-form").is_hidden()
    old, _ = Invites(server.secret).make(site.room, now=time.time() - 10 * 24 * 3600)
    bob = await people.open(f"{site.address}#invite={old}")
    await bob.fill_in("Bob")
    await bob.page.locator("#join").click()
    await bob.read(bob.page.locator("#join-problem"), words("refused.invite_expired"))
    await site.aclose()


async def test_a_token_that_livekit_refuses_is_told(site: Any, people: Any) -> None:
    alice = await people.open(site.address)

    async def answer(route: Any) -> None:
        real = await (await route.fetch()).json()
        await route.fulfill(status=201, json={**real, "participant_token": f"{real['participant_token']}x"})

    await alice.page.route("**/api/token", answer)
    await alice.fill_in("Alice")
    await alice.page.locator("#join").click()
    await alice.read(alice.page.locator("#join-problem"), words("refused.token"))
    await alice.page.unroute("**/api/token")
    await alice.join("Alice", "en")


async def test_a_server_that_does_not_answer_is_told(site: Any, people: Any) -> None:
    alice = await people.open(site.address)
    await alice.fill_in("Alice")
    await site.aclose()
    await alice.page.locator("#join").click()
    await alice.read(alice.page.locator("#join-problem"), words("refused.unreachable"))


async def test_sound_that_the_browser_blocks_is_turned_on_by_a_button(
    site: Any, booth: Any, people: Any
) -> None:
    alice = await people.open(site.address, says="alice")
    await alice.join("Alice", "en")
    bob = await people.open(site.address)
    await bob.join("Bob", "fr")
    await bob.until("() => window.contexts.size > 0")
    # A sound that begins meanwhile would turn it on by itself, for the person has clicked: here none does.
    await bob.page.evaluate("[...window.contexts].forEach((one) => one.suspend())")
    button = bob.notice("playback").get_by_role("button", name=words("playback.start", "fr"))
    await button.click()
    await bob.until("() => [...window.contexts].every((one) => one.state === 'running')")
    await bob.until("() => !document.querySelector('[data-name=playback]')")


async def test_an_interpreter_that_dies_is_missed_and_a_new_one_is_called(
    site: Any, server: Any, emulator: Any, people: Any
) -> None:
    worker = await start_worker(server, emulator)
    try:
        alice = await people.open(site.address, says="alice")
        await alice.join("Alice", "en")
        bob = await people.open(site.address)
        await bob.join("Bob", "fr")
        await bob.read(bob.page.locator("#interpreter-state"), words("interpreter.ready", "fr"))
        await bob.see(bob.caption("Il y a du café dans le hall.").first)
    finally:
        await worker.kill_with_jobs()
    missing = bob.notice("interpreter")
    await bob.see(missing)
    await bob.read(bob.page.locator("#interpreter-state"), words("interpreter.missing", "fr"))
    async with bob.page.expect_response("**/api/interpreter") as calling:
        again = await start_worker(server, emulator)
    try:
        assert (await calling.value).status == 202
        await bob.read(bob.page.locator("#interpreter-state"), words("interpreter.ready", "fr"))
        before = await bob.page.locator(".caption").count()
        await bob.until("before => document.querySelectorAll('.caption').length > before", before)
        assert await missing.count() == 0
    finally:
        await again.kill_with_jobs()


async def test_a_livekit_server_that_is_restarted_brings_everybody_back(
    interpreted_site: Any, people: Any, worker: Any, interpreted_server: Any
) -> None:
    alice = await people.open(interpreted_site.address, says="alice")
    await alice.join("Alice", "en")
    bob = await people.open(interpreted_site.address)
    await bob.join("Bob", "fr")
    await bob.see(bob.caption("Il y a du café dans le hall.").first)
    await asyncio.to_thread(interpreted_server.kill)
    await bob.see(bob.notice("connection"))
    await asyncio.to_thread(interpreted_server.start)
    for person in (alice, bob):
        await person.until("() => !document.querySelector('[data-name=connection]')")
        await person.read(person.page.locator("#people-heading"), re.compile("^2 "))
    await bob.read(bob.page.locator("#interpreter-state"), words("interpreter.ready", "fr"))
    before = await bob.page.locator(".caption").count()
    await bob.until("before => document.querySelectorAll('.caption').length > before", before)
    await worker.until_logged("registered worker", times=2)


async def test_a_person_whom_livekit_removes_is_told(site: Any, server: Any, booth: Any, people: Any) -> None:
    alice = await people.open(site.address)
    await alice.join("Alice", "en")
    identity = await site.identity("Alice")
    async with api.LiveKitAPI(server.url.replace("ws", "http", 1), server.key, server.secret) as livekit:
        await livekit.room.remove_participant(api.RoomParticipantIdentity(room=site.room, identity=identity))
    await alice.read(alice.page.locator("#join-problem"), words("left.PARTICIPANT_REMOVED"))
