"""What people read: the conversation on the screen, and the transcript."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from . import speech
from .person import words

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(300)]


async def test_captions_have_both_texts_with_speaker_language_and_direction(
    interpreted_site: Any, people: Any
) -> None:
    alice = await people.open(interpreted_site.address, says="alice")
    await alice.join("Alice", "en")
    bob = await people.open(interpreted_site.address, says="bob", locale="fr-FR")
    await bob.join("Bob", "fr")
    layla = await people.open(interpreted_site.address, locale="ar-EG")
    await layla.join("ليلى", "ar")
    for reader, speaker, main, original, language, direction in (
        (bob, "Alice", "Il y a du café dans le hall.", "There is coffee in the hall.", "fr", "ltr"),
        (alice, "Bob", "Good morning, and welcome.", "Bonjour et bienvenue.", "en", "ltr"),
        (layla, "Alice", "توجد قهوة في القاعة.", "There is coffee in the hall.", "ar", "rtl"),
        (layla, "Bob", "صباح الخير وأهلًا بكم.", "Bonjour et bienvenue.", "ar", "rtl"),
    ):
        caption = reader.caption(main).first
        await reader.see(caption)
        await reader.read(caption.locator(".caption-original"), original)
        assert await caption.locator(".speaker").text_content() == speaker
        large = caption.locator(".caption-main")
        assert await large.get_attribute("lang") == language
        assert await large.get_attribute("dir") == direction
        assert await caption.locator(".caption-original").get_attribute("dir") == "ltr"
    assert await layla.page.locator("html").get_attribute("dir") == "rtl"
    assert alice.problems == bob.problems == layla.problems == []


async def test_a_language_can_be_changed_in_mid_meeting(interpreted_site: Any, people: Any) -> None:
    bob = await people.open(interpreted_site.address, says="bob")
    await bob.join("Bob", "fr")
    alice = await people.open(interpreted_site.address)
    await alice.join("Alice", "en")
    await alice.see(alice.caption("Good morning, and welcome.").first)
    await alice.page.locator("#meeting-hears").select_option("ar")
    await alice.see(alice.caption("صباح الخير وأهلًا بكم.").first)
    await alice.read(alice.page.locator("#leave"), re.compile(words("controls.leave", "ar")))
    await bob.read(bob.someone("Alice").locator(".person-language"), "العربية")
    await alice.page.locator("#meeting-hears").select_option("de")
    # Nothing of another's text becomes a part of the page.
    await alice.see(alice.caption(f"Guten Morgen {speech.MARKUP}").first)
    assert await alice.page.locator("img[src=x]").count() == 0
    assert alice.problems == bob.problems == []


async def test_an_interim_caption_grows_and_the_final_one_stays(site: Any, booth: Any, people: Any) -> None:
    bob = await people.open(site.address)
    await bob.join("Bob", "fr")
    await booth.caption("SG_1-fr", "Il y", "fr", final=False)
    await bob.see(bob.caption("Il y").locator(".interim"))
    await booth.caption("SG_1-fr", "Il y a du café.", "fr")
    await booth.caption("SG_1-fr", "Il y a", "fr", final=False)
    await booth.caption("SG_2-fr", "Bon.", "fr")
    await bob.see(bob.caption("Bon."))
    assert await bob.page.locator(".caption-main").all_text_contents() == ["Il y a du café.", "Bon."]


async def test_a_screen_reader_reads_only_what_is_not_heard_unless_it_is_asked_to(
    site: Any, booth: Any, people: Any
) -> None:
    bob = await people.open(site.address)
    await bob.join("Bob", "fr")
    await booth.tell({"interpretation.TR_1": {"speaker": "alice", "language": "fr"}})
    track = {"lk.transcribed_track_id": "TR_1"}
    aloud = bob.page.locator("#announcements")
    await booth.caption("SG_1-fr", "Entendu.", "fr", **track)
    await booth.caption("SG_2-fr", "Trop", "fr", final=False, spoken="false", **track)
    await booth.caption("SG_2-fr", "Trop tard.", "fr", spoken="false", **track)
    await bob.read(aloud, "alice: Trop tard.")
    await bob.see(bob.caption("Trop tard.").get_by_text(words("captions.not_heard", "fr")))
    await bob.page.locator("#settings").click()
    await bob.page.locator("#read-aloud").check()
    await bob.page.keyboard.press("Escape")
    await booth.caption("SG_3-fr", "Tout est lu.", "fr", **track)
    await bob.read(aloud, "alice: Tout est lu.")


async def test_the_conversation_follows_the_newest_until_somebody_scrolls_back(
    site: Any, booth: Any, people: Any
) -> None:
    bob = await people.open(site.address)
    await bob.join("Bob", "fr")
    for number in range(20):
        await booth.caption(f"SG_{number}-fr", f"Phrase {number}.", "fr")
    await bob.see(bob.caption("Phrase 19."))
    scroller = bob.page.locator("#captions-scroller")
    at_end = """() => {
        const { scrollHeight, scrollTop, clientHeight } = document.querySelector("#captions-scroller");
        return scrollHeight - scrollTop - clientHeight < 5;
    }"""
    await bob.until(at_end)
    await scroller.evaluate("node => { node.scrollTop = 0; }")
    await bob.until("() => document.querySelector('#captions-scroller').scrollTop === 0")
    await booth.caption("SG_20-fr", "Phrase 20.", "fr")
    latest = bob.page.locator("#latest")
    await bob.see(latest)
    assert await scroller.evaluate("node => node.scrollTop") == 0
    await latest.click()
    await bob.until(at_end)
    assert await latest.is_hidden()


async def test_the_transcript_is_downloaded_with_both_texts(
    site: Any, booth: Any, people: Any, tmp_path: Path
) -> None:
    bob = await people.open(site.address)
    await bob.join("Bob <b>", "fr")
    identity = await site.identity("Bob <b>")
    await booth.caption("SG_1-source", "There is coffee.", "en", speaker=identity)
    await booth.caption("SG_1-fr", "Il y a du café.\n\nEncore --> un.", "fr")
    await bob.see(bob.page.locator(".caption-main:not(.interim)"))
    for label, name in (("txt", "transcript.txt"), ("srt", "transcript.srt"), ("vtt", "transcript.vtt")):
        await bob.page.locator("#transcript").click()
        async with bob.page.expect_download() as downloading:
            await bob.page.locator("#transcript-formats").get_by_text(words(name, "fr"), exact=True).click()
        download = await downloading.value
        assert download.suggested_filename.endswith(f".{label}")
        await download.save_as(tmp_path / label)
        await bob.page.keyboard.press("Escape")
    time = r"00:\d\d:\d\d"
    assert re.fullmatch(
        rf"1\n{time},\d\d\d --> {time},\d\d\d\nBob <b>: Il y a du café. Encore --> un.\nThere is coffee.\n",
        (tmp_path / "srt").read_text(),
    )
    assert re.fullmatch(
        rf"WEBVTT\n\n{time}\.\d\d\d --> {time}\.\d\d\d\n"
        r"<v Bob &lt;b&gt;>Il y a du café. Encore --&gt; un.\nThere is coffee.\n",
        (tmp_path / "vtt").read_text(),
    )
    assert re.fullmatch(
        r"\[\d\d:\d\d:\d\d\] Bob <b>: Il y a du café. Encore --> un.\n    There is coffee.\n",
        (tmp_path / "txt").read_text(),
    )


async def test_a_speaker_sees_that_somebody_still_listens_and_others_what_is_interpreted(
    interpreted_site: Any, people: Any
) -> None:
    alice = await people.open(interpreted_site.address, says="alice")
    await alice.join("Alice", "en")
    bob = await people.open(interpreted_site.address)
    await bob.join("Bob", "fr")
    await alice.read(alice.page.locator("#listening-text"), "1 person is still listening to you")
    await alice.read(alice.someone("Alice").locator(".person-state"), "Interpreted into French")
    await bob.read(
        bob.someone("Alice").locator(".person-state"), re.compile(words("state.interpreted", "fr"))
    )
    await alice.until("() => document.querySelector('#listening').hidden")
