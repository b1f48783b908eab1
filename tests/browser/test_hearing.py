"""What people in two browsers hear of each other, measured where the sound leaves their pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import pytest

from .hearing import Heard, loud_of, onsets, volumes_while, volumes_without
from .person import Person, words
from .timed_worker import began

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(300)]

_MOST_ONSET_SECONDS = 0.5
_LOWERED = pytest.approx(0.15, abs=0.02)
_WHOLE = pytest.approx(1.0, abs=0.02)
_SETTLED_SECONDS = 1.0
"""The page lowers and restores a volume within half a second; a busy machine is late."""
_BACK_SECONDS = 3.0


async def _hears(person: Person, enough: Callable[[list[Heard]], object]) -> list[Heard]:
    """What a person has heard, once it is enough."""
    await person.forget()
    for _ in range(60):
        await person.until("since => heard.length > since", len(await person.heard()) + 50)
        if enough(heard := await person.heard()):
            return heard
    raise AssertionError(f"not heard: {len(heard)} moments")


async def test_two_people_hear_each_others_interpretation(
    interpreted_site: Any, people: Any, worker: Any
) -> None:
    alice = await people.open(interpreted_site.address, says="alice")
    await alice.join("Alice", "en")
    bob = await people.open(interpreted_site.address, says="bob", locale="fr-FR")
    await bob.join("Bob", "fr")
    await bob.see(bob.caption("Il y a du café dans le hall.").first)
    await alice.see(alice.caption("Good morning, and welcome.").first)
    interpreter = await interpreted_site.interpreter_sid()

    for person, other, language in ((alice, "Bob", "en"), (bob, "Alice", "fr")):
        original = await interpreted_site.sid(other)

        def enough(heard: list[Heard], original: str = original, language: str = language) -> bool:
            delays = _delays(worker.log, language, onsets(loud_of(heard, interpreter)))
            return (
                any(delay < _MOST_ONSET_SECONDS for delay in delays)
                and len(_lowered(heard, original, interpreter)) > 10
                and len(_restored(heard, original, interpreter)) > 10
            )

        heard = await _hears(person, enough)
        lowered, restored = _lowered(heard, original, interpreter), _restored(heard, original, interpreter)
        # The levels before and after the volume are not read in the same instant: one moment says little.
        assert median(lowered) == _LOWERED
        assert median(restored) == _WHOLE
        assert person.problems == []


def _delays(log: Sequence[str], language: str, heard_at: Sequence[float]) -> list[float]:
    """From the moment when the worker began to play a voice until a page played it, for each voice."""
    words = began(language)
    played_at = [float(line.removeprefix(words)) for line in log if line.startswith(words)]
    return [at - max((one for one in played_at if one < at), default=0.0) for at in heard_at]


def _lowered(heard: list[Heard], original: str, interpreter: str) -> list[float]:
    voice = loud_of(heard, interpreter)
    return volumes_while(loud_of(heard, original), voice, settle_seconds=_SETTLED_SECONDS)


def _restored(heard: list[Heard], original: str, interpreter: str) -> list[float]:
    voice = loud_of(heard, interpreter)
    return volumes_without(loud_of(heard, original), voice, since_seconds=_BACK_SECONDS)


async def test_the_balance_decides_how_loud_the_interpretation_is(interpreted_site: Any, people: Any) -> None:
    alice = await people.open(interpreted_site.address, says="alice")
    await alice.join("Alice", "en")
    bob = await people.open(interpreted_site.address)
    await bob.join("Bob", "fr")
    await bob.see(bob.caption("Il y a du café dans le hall.").first)
    interpreter, original = await interpreted_site.interpreter_sid(), await interpreted_site.sid("Alice")
    balance = bob.page.locator("#balance")
    for value, volume in (("0", 0.0), ("25", 0.5), ("50", 1.0)):
        await balance.fill(value)
        heard = await _hears(
            bob,
            lambda heard: len(_later(heard, interpreter)) > 20 and len(_later(heard, original)) > 20,
        )
        assert median(one.volume for one in _later(heard, interpreter)) == pytest.approx(volume, abs=0.02)
        assert median(one.volume for one in _later(heard, original)) == _WHOLE
    assert await balance.get_attribute("aria-valuetext") == words(
        "balance.value", "fr", original=100, interpretation=100
    )


def _later(heard: list[Heard], participant: str) -> list[Heard]:
    """The loud moments when a new balance is in force."""
    return [one for one in loud_of(heard, participant) if one.at > heard[0].at + _SETTLED_SECONDS]
