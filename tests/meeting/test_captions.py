"""Captions: what is written of an utterance, for whom."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fakes.fixtures import Until
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData

from livekit_plugins_azure_interpreter._meeting import captions as _captions
from livekit_plugins_azure_interpreter._meeting.captions import Captions
from livekit_plugins_azure_interpreter._meeting.room import Caption
from livekit_plugins_azure_interpreter._recognition.running_translation import RunningTranslation
from livekit_plugins_azure_interpreter._voices.ledger import Ledger
from livekit_plugins_azure_interpreter._voices.utterance import Utterance

BOB = frozenset({"bob"})


class Page:
    """The captions of a room; it writes only while it is open."""

    def __init__(self) -> None:
        self.captions: list[Caption] = []
        self.open = asyncio.Event()
        self.open.set()
        self.torn = False
        self.all_sent_times = 0

    async def caption(self, caption: Caption) -> None:
        await self.open.wait()
        if self.torn:
            raise RuntimeError("not now")
        self.captions.append(caption)

    def all_sent(self) -> None:
        self.all_sent_times += 1

    @property
    def texts(self) -> list[str]:
        return [caption.text for caption in self.captions]


def data(
    text: str, source: str, *, language: str = "en-US", into: str = "fr", translated: bool = True
) -> SpeechData:
    return SpeechData(
        language=LanguageCode(into if translated else language),
        text=text,
        source_languages=[LanguageCode(language)],
        source_texts=[source],
        target_languages=[LanguageCode(into)] if translated else [],
        target_texts=[text] if translated else [],
    )


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
async def captions(page: Page) -> Any:
    made = Captions("alice", page, all_sent=page.all_sent)  # type: ignore[arg-type]
    yield made
    await made.aclose()


async def test_the_original_and_the_translation_are_segments_of_their_own(
    page: Page, captions: Captions, until: Until
) -> None:
    captions.heard(data("bonjour", "hello"), BOB, {"fr": BOB}, final=True)
    await until(lambda: len(page.captions) == 2)
    original, translation = page.captions
    assert (original.text, original.language, original.original) == ("hello", "en-US", True)
    assert (translation.text, translation.language, translation.original) == ("bonjour", "fr", False)
    assert original.id != translation.id
    # A client shows both together: docs/client-contract.md.
    assert original.id.partition("-")[0] == translation.id.partition("-")[0]


async def test_interim_results_in_quick_succession_show_the_latest(
    page: Page, captions: Captions, until: Until
) -> None:
    captions.heard(data("bon", "hel"), BOB, {"fr": BOB}, final=False)
    await until(lambda: len(page.captions) == 2)
    captions.heard(data("bonj", "hell"), BOB, {"fr": BOB}, final=False)
    captions.heard(data("bonjour", "hello"), BOB, {"fr": BOB}, final=False)
    await until(lambda: len(page.captions) == 4)
    assert page.texts == ["hel", "bon", "hello", "bonjour"]
    assert page.all_sent_times == 2


async def test_a_final_does_not_wait_for_the_next_interim_results(
    page: Page, captions: Captions, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_captions, "_INTERIM_SECONDS", 1000.0)
    captions.heard(data("bon", "hel"), BOB, {"fr": BOB}, final=False)
    await until(lambda: len(page.captions) == 2)
    captions.heard(data("bonj", "hell"), BOB, {"fr": BOB}, final=False)
    captions.heard(data("bonjour", "hello"), BOB, {"fr": BOB}, final=True)
    await until(lambda: len(page.captions) == 4)
    assert page.texts == ["hel", "bon", "hello", "bonjour"]


async def test_an_interim_text_that_is_shown_already_is_not_sent_again(
    page: Page, captions: Captions, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_captions, "_INTERIM_SECONDS", 0.0)
    captions.heard(data("bon", "hel"), BOB, {"fr": BOB}, final=False)
    await until(lambda: len(page.captions) == 2)
    captions.heard(data("bon", "hello"), BOB, {"fr": BOB}, final=False)
    await until(lambda: page.all_sent_times == 2)
    captions.heard(data("bon", "hello"), BOB, {"fr": BOB}, final=True)
    await until(lambda: len(page.captions) == 5)
    assert page.texts == ["hel", "bon", "hello", "hello", "bon"]


async def test_interim_results_and_the_final_are_one_segment(
    page: Page, captions: Captions, until: Until
) -> None:
    captions.heard(data("bon", "hel"), BOB, {"fr": BOB}, final=False)
    await until(lambda: len(page.captions) == 2)
    captions.heard(data("bonjour", "hello"), BOB, {"fr": BOB}, final=True)
    await until(lambda: len(page.captions) == 4)
    captions.heard(data("au revoir", "bye"), BOB, {"fr": BOB}, final=True)
    await until(lambda: len(page.captions) == 6)
    assert [one.final for one in page.captions] == [False, False, True, True, True, True]
    ids = [one.id for one in page.captions]
    assert ids[:2] == ids[2:4] != ids[4:]


async def test_a_caption_that_was_not_sent_in_time_gives_way(
    page: Page, captions: Captions, until: Until
) -> None:
    page.open.clear()
    captions.heard(data("", "one"), BOB, {"fr": BOB}, final=True)
    await asyncio.sleep(0)
    for text in ("t", "tw", "two"):
        captions.heard(data("", text), BOB, {"fr": BOB}, final=text == "two")
    page.open.set()
    await until(lambda: len(page.captions) == 2)
    assert page.texts == ["one", "two"]


async def test_another_script_of_the_same_language_is_written_too(page: Page, until: Until) -> None:
    captions = Captions("alice", page, all_sent=page.all_sent)  # type: ignore[arg-type]
    spoken = data("现在", "現在", language="zh-TW", into="zh-Hans")
    captions.heard(spoken, BOB, {"zh-Hans": BOB}, final=True)
    await until(lambda: len(page.captions) == 2)
    await captions.aclose()
    assert page.texts == ["現在", "现在"]


@pytest.mark.parametrize("heard", [{"translated": False}, {"language": "fr-CA"}])
async def test_an_untranslated_caption_is_written_once(
    page: Page, captions: Captions, until: Until, heard: dict[str, Any]
) -> None:
    captions.heard(data("mot", "mot", **heard), BOB, {"fr": BOB}, final=True)
    captions.heard(data("bonjour", "hello"), BOB, {"fr": BOB}, final=True)
    await until(lambda: len(page.captions) == 3)
    assert page.texts == ["mot", "hello", "bonjour"]


async def test_no_caption_is_written_if_nobody_listens(page: Page, captions: Captions, until: Until) -> None:
    captions.heard(data("bonjour", "hello"), frozenset(), {"fr": frozenset()}, final=True)
    captions.heard(data("au revoir", "bye"), BOB, {"fr": BOB}, final=True)
    await until(lambda: len(page.captions) == 2)
    assert page.texts == ["bye", "au revoir"]


async def test_a_caption_that_fails_is_the_only_one(page: Page, captions: Captions, until: Until) -> None:
    page.torn = True
    captions.heard(data("", "hello"), BOB, {"fr": BOB}, final=True)
    await asyncio.sleep(0.01)
    page.torn = False
    captions.heard(data("", "bye"), BOB, {"fr": BOB}, final=True)
    await until(lambda: page.captions)
    assert page.texts == ["bye"]


async def test_a_line_that_is_read_alone_is_written_again_in_its_place(
    page: Page, captions: Captions, until: Until
) -> None:
    spoken, only_read = (Ledger().recognized(text, 0.0).translation for text in ("un", "deux"))
    for translation in (spoken, only_read):
        captions.heard(data(translation, "word"), BOB, {"fr": BOB}, final=True)
    await until(lambda: len(page.captions) == 4)
    captions.not_spoken("fr", only_read)
    captions.not_spoken("fr", only_read)
    await until(lambda: len(page.captions) > 4)
    *_, before, after = page.captions
    assert after == replace(before, spoken=False)


async def test_a_gap_is_written_for_those_who_listen(page: Page, captions: Captions, until: Until) -> None:
    captions.forgotten(3.0, {"fr": frozenset()})
    captions.forgotten(4.0, {"fr": BOB})
    await until(lambda: page.captions)
    (gap,) = page.captions
    assert (gap.text, gap.missing_seconds, gap.spoken, gap.readers) == ("[…]", 4.0, False, BOB)


async def test_the_oldest_of_many_captions_is_not_written_again(
    page: Page, captions: Captions, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_captions, "_MAX_FINALS", 1)
    oldest, newest = (Ledger().recognized(text, 0.0).translation for text in ("un", "deux"))
    for translation in (oldest, newest):
        captions.heard(data(translation, "word"), BOB, {"fr": BOB}, final=True)
    captions.not_spoken("fr", oldest)
    captions.not_spoken("fr", newest)
    await until(lambda: any(not caption.spoken for caption in page.captions))
    assert [caption.text for caption in page.captions if not caption.spoken] == ["deux"]


async def test_the_original_is_written_once_for_the_readers_of_all_languages(
    page: Page, captions: Captions, until: Until
) -> None:
    carl = frozenset({"carl"})
    spoken = data("bonjour", "hello")
    spoken.target_languages = [LanguageCode("fr"), LanguageCode("de")]
    spoken.target_texts = ["bonjour", "hallo"]
    captions.heard(spoken, BOB | carl, {"fr": BOB, "de": carl, "ja": carl}, final=True)
    assert not captions.are_sent
    await until(lambda: captions.are_sent)
    assert [(one.text, one.language, one.readers) for one in page.captions] == [
        ("hello", "en-US", BOB | carl),
        ("bonjour", "fr", BOB),
        ("hallo", "de", carl),
    ]
    assert page.all_sent_times == 1


async def test_the_caption_of_a_sentence_that_is_being_said_does_not_run_ahead_of_its_voice(
    page: Page, captions: Captions, until: Until
) -> None:
    running = RunningTranslation(Utterance.begun("utterance-1", 0.0), "fr", is_main=True)
    running.add("bonjour")
    interim = data("bonjour à tous les", "hello to all the")
    interim.metadata = {"running": {"fr": running}}
    captions.heard(interim, frozenset(), {"fr": BOB}, final=False)
    await until(lambda: page.captions)
    running.take()
    captions.heard(interim, frozenset(), {"fr": BOB}, final=False)
    captions.heard(data("bonjour à tous", "hello to all"), frozenset(), {"fr": BOB}, final=True)
    captions.heard(interim, frozenset(), {"fr": BOB}, final=False)
    await until(lambda: len(page.captions) == 3)
    assert page.texts == ["bonjour à tous les", "bonjour à tous", "bonjour"]
