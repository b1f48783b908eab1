from __future__ import annotations

import time

import pytest
from fakes.limits import LIMIT_SECONDS
from fakes.texts import ANY_TEXT
from hypothesis import given

from livekit_plugins_azure_interpreter.emulator import Behaviour, synthesize
from livekit_plugins_azure_interpreter.emulator.synthesis.speech import is_heard, pieces, voice_seconds


class TestVoice:
    def test_a_voice_is_as_long_as_was_asked_for(self) -> None:
        assert synthesize("Hello", 0.25, 24000).seconds == 0.25

    def test_the_same_text_has_the_same_samples_and_another_has_others(self) -> None:
        hello = synthesize("Hello", 0.1, 16000)
        assert synthesize("Hello", 0.1, 16000) == hello
        assert synthesize("Goodbye", 0.1, 16000) != hello

    @given(ANY_TEXT)
    def test_any_text_has_a_voice(self, text: str) -> None:
        assert synthesize(text, 0.1, 16000).seconds == 0.1


@pytest.mark.parametrize(
    ("text", "heard"), [("Hello", True), ("7", True), ("€", True), ("", False), ("?!", False), (" ", False)]
)
def test_a_text_is_heard_if_it_has_a_word_a_number_or_a_symbol(text: str, heard: bool) -> None:
    assert is_heard(text) is heard


@pytest.mark.parametrize(("option", "seconds"), [(2.0, 2.0), (None, 0.8)])
def test_voice_seconds_are_those_of_the_behaviour_or_of_the_words(
    option: float | None, seconds: float
) -> None:
    behaviour = Behaviour(synthesis_seconds=option)
    assert voice_seconds("good morning", behaviour) == pytest.approx(seconds)
    assert voice_seconds("…", behaviour) == 0.0


class TestPieces:
    async def test_pieces_have_the_size_that_was_asked_for(self) -> None:
        sizes = [len(piece) async for piece in pieces(bytes(10), 1.0, Behaviour(chunk_bytes=4))]
        assert sizes == [4, 4, 2]

    async def test_the_first_piece_is_as_late_as_was_asked_for(self) -> None:
        began_at = time.monotonic()
        await anext(pieces(bytes(10), 1.0, Behaviour(voice_delay_ms=80)))
        assert 0.08 <= time.monotonic() - began_at < LIMIT_SECONDS

    async def test_pieces_come_at_the_speed_that_was_asked_for(self) -> None:
        began_at = time.monotonic()
        behaviour = Behaviour(chunk_bytes=2, voice_speed=2.0)
        assert [piece async for piece in pieces(bytes(10), 0.2, behaviour)] == [bytes(2)] * 5
        assert 0.1 <= time.monotonic() - began_at < LIMIT_SECONDS
