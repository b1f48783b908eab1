"""Any text, halves of characters included, on its way from a result to a voice and to a caption."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

from fakes.pieces import PieceLedger as Ledger
from hypothesis import example, given
from hypothesis import strategies as st
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData

from livekit_plugins_azure_interpreter._meeting import captions as _captions
from livekit_plugins_azure_interpreter._meeting.captions import Captions
from livekit_plugins_azure_interpreter._meeting.room import Caption
from livekit_plugins_azure_interpreter._voices.text_key import settled_key, text_key

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
MARKS = "aé e\u0301\u0323\u1112\u1161\u11ab[]()!~*_ \n.\U0001f600\ufe0f"
MARKED_TEXT = st.text(st.sampled_from(MARKS), max_size=20)
TEXTS = ANY_TEXT | MARKED_TEXT


@given(TEXTS, st.data())
@example("[Oui](x), merci.", None)
@example("A\U0001f000\u0323", None)
def test_the_key_of_a_text_begins_with_what_is_settled_of_its_beginning(text: str, data: Any) -> None:
    ends = range(len(text) + 1) if data is None else [data.draw(st.integers(0, len(text)))]
    for end in ends:
        assert text_key(text).startswith(settled_key(text[:end]))


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_each_translation_is_claimed_by_its_object_and_else_by_its_words(texts: list[str]) -> None:
    ledger = Ledger()
    utterances = [ledger.recognized(text, float(at)) for at, text in enumerate(texts)]
    assert ledger.claims.claim(utterances[-1].translation) == utterances[-1:]
    for utterance in utterances[:-1]:
        claimed = ledger.claims.claim(utterance.text)
        assert not utterance.key or (len(claimed) == 1 and claimed[0].key == utterance.key)


@given(TEXTS.filter(text_key), st.data())
def test_no_beginning_of_a_translation_is_taken_for_other_text(text: str, data: Any) -> None:
    ledger = Ledger()
    ledger.recognized(text, 0.0)
    begun = text[: data.draw(st.integers(0, len(text)))]
    assert ledger.claims.begins(settled_key(begun))


@given(st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), max_size=5))
@example([("Oui \ud83d", "Yes \ude00", True)])
def test_captions_are_text_that_can_be_sent(heard: list[tuple[str, str, bool]]) -> None:
    with patch.object(_captions, "_INTERIM_SECONDS", 0.0):  # nobody reads them
        asyncio.run(_write(heard))


async def _write(heard: list[tuple[str, str, bool]]) -> None:
    page = _Page()
    captions = Captions("alice", page, all_sent=lambda: None)  # type: ignore[arg-type]
    for text, source, final in heard:
        data = SpeechData(
            language=LanguageCode("fr"),
            text=text,
            source_texts=[source],
            source_languages=[LanguageCode("en")],
            target_languages=[LanguageCode("fr")],
            target_texts=[text],
            metadata={"translated": True},
        )
        bob = frozenset({"bob"})
        captions.heard(data, bob, {"fr": bob}, final=final)
        await asyncio.sleep(0)
    while not captions.are_sent:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await captions.aclose()
    for caption in page.captions:
        caption.text.encode()


class _Page:
    def __init__(self) -> None:
        self.captions: list[Caption] = []

    async def caption(self, caption: Caption) -> None:
        self.captions.append(caption)
