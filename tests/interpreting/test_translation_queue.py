"""Translations that wait to be spoken: their order, their voices, and what is cleared."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest
from fakes.limits import within
from fakes.tts import ToneTTS
from livekit.agents import APIConnectOptions
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter._interpreting.translation_queue import (
    TranslationQueue,
    languages_begun,
    spoken_so_far,
)
from livekit_plugins_azure_interpreter._recognition.running_translation import RunningTranslation
from livekit_plugins_azure_interpreter._speaking.catch_up import Backlog
from livekit_plugins_azure_interpreter._voices.meter import RecognitionTimings
from livekit_plugins_azure_interpreter._voices.utterance import Utterance

ONCE = APIConnectOptions(max_retry=0, timeout=4)
VOICE_SECONDS = 1.0


class Desk:
    """A queue whose translations are spoken as a tone, and its backlog."""

    def __init__(self, stt: STT) -> None:
        self.fallback = ToneTTS(seconds=VOICE_SECONDS)
        self.backlog = Backlog()
        self.queue = TranslationQueue(stt, TTS(stt, fallback=self.fallback), ONCE, self.backlog)

    def add(self, *texts: str) -> None:
        for text in texts:
            utterance = Utterance(text, text, recognized_at=0.0)
            self.queue.add(utterance.translation, SpeechData(LanguageCode("fr"), utterance.translation))

    @property
    def owes(self) -> bool:
        """Something waits to be spoken, or is spoken."""
        return self.backlog.late_seconds(asyncio.get_running_loop().time() + 1.0) > 0.0

    async def spoken(self) -> dict[str, float]:
        """All that is handed out: the text, and how much voice it has, in seconds."""
        spoken = {}
        async for speech in self.queue:
            spoken[str(speech.translation)] = sum([frame.duration async for frame in speech])
        return spoken


@pytest.fixture
async def desk(make_stt: Callable[..., STT]) -> Desk:
    return Desk(make_stt())


async def test_translations_are_spoken_in_order_until_the_queue_is_closed(desk: Desk) -> None:
    desk.add("un", "deux")
    assert not desk.queue.is_empty
    desk.queue.close()
    spoken = await within(desk.spoken())
    assert list(spoken) == ["un", "deux"]
    assert all(seconds >= VOICE_SECONDS for seconds in spoken.values())
    assert desk.queue.is_empty
    assert not desk.owes


async def test_cleared_translations_are_not_handed_out(desk: Desk) -> None:
    desk.add("un", "deux")
    desk.queue.clear()
    assert not desk.owes
    desk.add("trois")
    desk.queue.close()
    assert list(await within(desk.spoken())) == ["trois"]


async def test_a_translation_that_is_cleared_in_mid_voice_ends_there(desk: Desk) -> None:
    desk.add("un")
    async with contextlib.aclosing(aiter(desk.queue)) as speeches:
        frames = aiter(await within(anext(speeches)))
        await within(anext(frames))
        desk.queue.clear()
        assert [frame async for frame in frames] == []


async def test_a_translation_that_cannot_be_spoken_is_passed_over(desk: Desk) -> None:
    desk.fallback.failures = 1
    desk.add("un", "deux")
    desk.queue.close()
    spoken = await within(desk.spoken())
    assert spoken["un"] == 0.0
    assert spoken["deux"] >= VOICE_SECONDS


async def test_a_voice_that_is_not_wanted_any_more_is_closed(desk: Desk) -> None:
    desk.add("un")
    async with contextlib.aclosing(aiter(desk.queue)) as speeches:
        speech = await within(anext(speeches))
        await within(anext(aiter(speech)))
        await within(speech.aclose())
        assert [frame async for frame in speech] == []


async def test_a_translation_whose_listener_has_gone_does_not_stay_in_the_backlog(desk: Desk) -> None:
    desk.add("un")
    async with contextlib.aclosing(aiter(desk.queue)) as speeches:
        await within(anext(speeches))
        assert desk.owes
    assert not desk.owes


async def test_a_translation_knows_when_it_was_said(desk: Desk) -> None:
    desk.add("un", "deux")
    desk.queue.close()
    timings = RecognitionTimings(
        "un", "session", "en", "fr", 1.0, began_at=9.0, ended_at=10.0, recognized_at=11.0
    )
    ages = []
    async for speech in desk.queue:
        if speech.translation == "un":
            speech.translation.utterance.meter.begin(timings, lambda metrics: None)
        ages.append(speech.said_seconds_ago(now=12.0))
    assert ages == [2.0, 0.0]


async def test_a_translation_that_is_still_being_spoken_is_said_as_it_comes(desk: Desk) -> None:
    running = RunningTranslation(Utterance.begun("utterance-1", 0.0), "fr", is_main=True)
    running.take()
    running.add("Bonjour")
    desk.queue.add(running, SpeechData(LanguageCode("fr"), "Bonjour à"))
    desk.add("deux")
    desk.queue.close()
    said: list[tuple[str, bool]] = []

    async def speak() -> None:
        async for speech in desk.queue:
            [frame async for frame in speech]
            said.append((speech.text, speech.is_whole))

    speaking = asyncio.create_task(speak())
    await asyncio.sleep(0.01)
    assert said == []
    running.utterance.end_as(Utterance("utterance-1", "Bonjour à tous.", 1.0))
    running.end(" à tous.")
    await within(speaking)
    assert said == [("Bonjour à tous.", False), ("deux", True)]
    assert desk.fallback.texts == ["Bonjour à tous.", "deux"]
    assert not desk.owes
    assert running.utterance.meter.by_fallback


async def test_a_translation_that_is_cleared_before_its_turn_is_not_spoken(desk: Desk) -> None:
    running = RunningTranslation(Utterance.begun("utterance-1", 0.0), "fr", is_main=True)
    desk.queue.add(running, SpeechData(LanguageCode("fr"), "Bonjour"))
    desk.queue.clear()
    desk.queue.close()
    assert await within(desk.spoken()) == {}
    assert (running.utterance.meter.outcome, desk.owes) == ("not_spoken", False)


def _being_said(language: str = "fr", *, in_language: str = "en-US") -> tuple[RunningTranslation, SpeechData]:
    """A translation whose sentence has not ended, and the transcript so far."""
    running = RunningTranslation(Utterance.begun("utterance-1", 0.0), language, is_main=True)
    running.source_language = in_language
    running.add("bonjour")
    data = SpeechData(LanguageCode(language), "bonjour", metadata={"running": {language: running}})
    return running, data


async def test_a_translation_is_spoken_before_its_sentence_has_ended_by_the_first_who_begins_it(
    desk: Desk,
) -> None:
    running, data = _being_said()
    assert list(languages_begun(data)) == ["fr"]
    assert spoken_so_far(data) == {}
    assert desk.queue.begin(data, "fr", skip_same_language=True)
    assert not desk.queue.begin(data, "fr", skip_same_language=True)
    assert spoken_so_far(data) == {"fr": "bonjour"}
    running.end()
    desk.queue.close()
    assert len(await within(desk.spoken())) == 1
    assert "".join(desk.fallback.texts) == "bonjour"


@pytest.mark.parametrize("skips", [True, False])
def test_a_translation_into_the_language_that_is_spoken_may_be_skipped(desk: Desk, skips: bool) -> None:
    _, data = _being_said(in_language="fr-FR")
    assert desk.queue.begin(data, "fr", skip_same_language=skips) is not skips
    assert desk.queue.is_empty is skips


def test_no_language_has_begun_in_a_whole_utterance() -> None:
    assert not languages_begun(SpeechData(LanguageCode("fr"), "bonjour"))
