"""A translation that is said while its sentence is still being spoken: who takes it, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import pytest
from fakes.limits import within

from livekit_plugins_azure_interpreter._recognition import running_translation as _running_translation
from livekit_plugins_azure_interpreter._recognition.running_translation import RunningTranslation
from livekit_plugins_azure_interpreter._voices.utterance import Clause, Utterance


@pytest.fixture
def running() -> RunningTranslation:
    return RunningTranslation(Utterance.begun("utterance-1", 0.0), "fr", is_main=True)


async def clauses(running: RunningTranslation) -> list[Clause]:
    return [clause async for clause in running]


async def test_clauses_come_as_they_are_certain_and_know_their_utterance(running: RunningTranslation) -> None:
    running.add("Bonjour,")
    reading = asyncio.create_task(clauses(running))
    await asyncio.sleep(0)
    running.add(" à tous")
    running.end(" et merci.")
    found = await within(reading)
    assert found == ["Bonjour,", " à tous", " et merci."]
    assert {clause.utterance.id for clause in found} == {running.id} == {"utterance-1"}
    assert running.said == "Bonjour, à tous et merci."


async def test_the_first_who_takes_it_says_it(running: RunningTranslation) -> None:
    assert [running.take(), running.take()] == [True, False]
    assert running.is_taken


async def test_nobody_takes_a_translation_that_has_ended(running: RunningTranslation) -> None:
    running.end()
    assert not running.take()


async def test_a_caller_that_skips_its_own_language_takes_it_once_the_language_is_corrected(
    running: RunningTranslation,
) -> None:
    running.source_language = "fr-FR"
    assert (running.same_language, running.take(skip_same_language=True)) == (True, False)
    running.source_language = "en-US"
    assert running.take(skip_same_language=True)


@pytest.mark.parametrize(("skips", "heard"), [(True, ["Bonjour"]), (False, ["Bonjour", " à tous."])])
async def test_the_rest_of_speech_in_the_same_language_is_left_to_the_caller(
    running: RunningTranslation, skips: bool, heard: list[str]
) -> None:
    running.take(skip_same_language=skips)
    running.add("Bonjour")
    running.utterance.same_language = True
    running.end(" à tous.")
    assert await within(clauses(running)) == heard


async def test_a_translation_whose_next_clause_does_not_come_is_broken_off(
    running: RunningTranslation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_running_translation, "_PATIENCE_SECONDS", 0.01)
    running.take()
    running.add("Bonjour,")
    assert await within(clauses(running)) == ["Bonjour,"]
    assert running.is_broken_off
    running.add(" too late")
    assert running.said == "Bonjour,"


async def test_a_translation_is_named_by_its_utterance_before_its_text_has_come(
    running: RunningTranslation,
) -> None:
    assert (running.translation, running.translation.utterance) == ("", running.utterance)


async def test_running_translation_adds_nothing_that_is_empty(running: RunningTranslation) -> None:
    running.add("")
    running.end()
    assert (await within(clauses(running)), running.said) == ([], "")


async def test_running_translation_goes_on_if_a_clause_comes_as_the_patience_ends(
    running: RunningTranslation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def out_of_time(waiting: Coroutine[None, None, bool], _: float) -> None:
        waiting.close()
        running.end("Bonjour.")
        raise asyncio.TimeoutError

    monkeypatch.setattr(_running_translation, "within", out_of_time)
    assert await clauses(running) == ["Bonjour."]
    assert not running.is_broken_off
