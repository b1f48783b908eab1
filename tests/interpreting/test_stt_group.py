from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.azure import heard, phrase, untranslated, voice
from fakes.other import OtherSTT
from fakes.recognizer import FakeService
from fakes.streams import streams_of, translations_of
from fakes.tts import tone
from livekit.agents import stt as livekit_stt
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._interpreting.stt_group import STTGroup
from livekit_plugins_azure_interpreter._sdk.events import Connected, Recognized

Until = Callable[[Callable[[], object]], Awaitable[None]]
Make = Callable[..., Any]


@pytest.fixture
async def two(make_stt: Make) -> list[STT]:
    return [make_stt(), make_stt()]


class TestWho:
    def test_one_is_itself(self, two: list[STT]) -> None:
        assert list(STTGroup(two[0])) == two[:1]

    async def test_interpreting_stts_in_an_adapter_are_found(self, two: list[STT]) -> None:
        inner = livekit_stt.FallbackAdapter([OtherSTT(), two[1]])
        assert list(STTGroup(livekit_stt.FallbackAdapter([two[0], inner]))) == two

    @pytest.mark.parametrize("foreign", [None, "a model's name", OtherSTT()])
    def test_another_is_none(self, foreign: object) -> None:
        assert list(STTGroup(foreign)) == []


class TestVoices:
    async def test_stts_have_voices_if_each_asks_for_one(self, two: list[STT]) -> None:
        assert STTGroup(livekit_stt.FallbackAdapter([*two])).have_voices

    async def test_stts_have_no_voices_if_one_asks_for_none(self, two: list[STT]) -> None:
        two[1].update_options(voice=None)
        assert not STTGroup(livekit_stt.FallbackAdapter([*two])).have_voices

    async def test_stts_are_all_told_that_they_are_spoken(self, two: list[STT]) -> None:
        def spoken() -> list[bool]:
            return [streams_of(stt).speaks("fr", is_main=True) for stt in two]

        before = spoken()
        STTGroup(livekit_stt.FallbackAdapter([*two])).are_spoken()
        assert (before, spoken()) == ([False, False], [True, True])

    async def test_a_group_of_a_language_claims_its_translations_alone(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[Connected(), Recognized(phrase(translations={"fr": "Oui.", "de": "Ja."}))]]
        stt = make_stt(target_languages=["fr", "de"], spoken_languages=["fr", "de"])
        listener = listen(stt)
        listener.stream.end_input()
        await listener.ended()
        main, german = STTGroup(stt), STTGroup(livekit_stt.FallbackAdapter([stt]), "de")
        assert (main.says("Ja.", None), german.says("Ja.", None)) == (False, True)
        assert [one.text for one in german.claim("Ja.")] == ["Ja."]
        assert (main.language, german.language, german.speak) == (None, "de", True)
        assert not STTGroup(stt, "ja").speak


class TestTranslations:
    """Of two, the second has heard the words first."""

    @pytest.fixture
    async def interpreters(
        self, two: list[STT], listen: Make, service: FakeService, until: Until
    ) -> STTGroup:
        for number, stt in enumerate(reversed(two), 1):
            listener = listen(stt)
            await until(lambda number=number: len(service.recognizers) == number and service.last.started)
            service.last.post(heard("Oui."), *voice(tone(440, 0.1)))
            await listener.has(SpeechEventType.FINAL_TRANSCRIPT)
            await asyncio.sleep(0.001)
        return STTGroup(livekit_stt.FallbackAdapter([*two]))

    async def test_the_oldest_is_next_whoever_has_heard_it(
        self, interpreters: STTGroup, two: list[STT]
    ) -> None:
        found = [interpreters.next_translation("Oui.") for _ in range(3)]
        assert found[2] is None
        assert found[:2] == ["Oui.", "Oui."]
        assert translations_of(two[1]).claim(found[0])  # type: ignore[arg-type]
        assert translations_of(two[0]).claim(found[1])  # type: ignore[arg-type]

    async def test_the_oldest_is_claimed_by_its_words(self, interpreters: STTGroup) -> None:
        claimed = [utterance for _ in range(2) for utterance in interpreters.claim("Oui.")]
        assert len(claimed) == 2
        assert claimed[0].recognized_at < claimed[1].recognized_at
        assert interpreters.claim("Oui.") == []

    async def test_each_is_claimed_by_identity(self, interpreters: STTGroup) -> None:
        first, second = (interpreters.next_translation("Oui.") for _ in range(2))
        assert first is not None
        assert second is not None
        assert interpreters.claim(second) == [second.utterance]
        assert interpreters.claim(first) == [first.utterance]

    async def test_one_that_is_let_go_is_not_claimed(self, interpreters: STTGroup) -> None:
        translation = interpreters.next_translation("Oui.")
        assert translation is not None
        interpreters.let_go(translation)
        assert interpreters.claim(translation) == []

    async def test_all_of_a_scope_are_let_go(self, interpreters: STTGroup) -> None:
        interpreters.let_go_of_all(None, "closed")
        assert interpreters.claim("Oui.") == []

    async def test_none_of_another_scope_is_let_go(self, interpreters: STTGroup) -> None:
        interpreters.let_go_of_all(object(), "closed")
        assert len(interpreters.claim("Oui.")) == 1

    async def test_a_final_is_found_whoever_has_heard_it(
        self, interpreters: STTGroup, two: list[STT]
    ) -> None:
        of_each = [translations_of(stt).oldest("Oui.") for stt in two]
        ids = [utterance.id for utterance in of_each if utterance]
        assert [interpreters.heard_as(name, 0.0, 0.0, None) for name in ids] == of_each

    async def test_a_final_of_nobody_is_not_found(self, interpreters: STTGroup) -> None:
        assert interpreters.heard_as("an id", 0.0, 0.0, None) is None

    async def test_untranslated_speech_is_taken_once(
        self, interpreters: STTGroup, service: FakeService, until: Until
    ) -> None:
        service.last.post(untranslated("Yes."))
        await until(lambda: interpreters.take_untranslated("Yes.", None))
        assert not interpreters.take_untranslated("Yes.", None)

    async def test_a_translation_is_not_taken_for_untranslated_speech(self, interpreters: STTGroup) -> None:
        assert not interpreters.take_untranslated("Oui.", None)

    async def test_a_translation_begins_like_its_beginning(self, interpreters: STTGroup) -> None:
        assert [interpreters.begins(key, None) for key in ("O", "Oui", "N")] == [True, True, False]

    async def test_a_translation_is_said_by_its_words(self, interpreters: STTGroup) -> None:
        assert [interpreters.says(text, None) for text in ("oui", "Oui.", "Non.")] == [False, True, False]

    async def test_each_is_untold_until_it_is_handed_out(self, interpreters: STTGroup) -> None:
        untold = [interpreters.has_untold(None)]
        while interpreters.next_translation("Oui."):
            untold.append(interpreters.has_untold(None))
        assert untold == [True, True, False]

    async def test_voices_of_all_wait_together(self, interpreters: STTGroup, until: Until) -> None:
        await until(lambda: interpreters.waiting_seconds() == pytest.approx(0.2))

    async def test_streams_of_a_scope_are_those_of_all(self, interpreters: STTGroup, two: list[STT]) -> None:
        assert [opened.stream for opened in interpreters.streams(None)] == [
            stream for stt in two for stream in streams_of(stt).open
        ]

    async def test_streams_of_another_scope_are_left_out(self, interpreters: STTGroup) -> None:
        assert interpreters.streams(object()) == []
