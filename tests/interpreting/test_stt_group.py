from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.azure import heard, voice
from fakes.other import OtherSTT
from fakes.recognizer import FakeService
from fakes.streams import translations_of
from fakes.tts import tone
from livekit.agents import stt as livekit_stt
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._interpreting.stt_group import STTGroup

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
