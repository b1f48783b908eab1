"""A room in which nobody speaks for long: silence is no utterance, and ends no turn unless that is wanted."""

from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour


@pytest.mark.parametrize("ends", [True, False])
async def test_turns_that_end_in_silence_bring_no_utterance(open_pair: Any, audio: Any, ends: bool) -> None:
    """Both forms of a result without words come: without translations, and with an empty one per target."""
    lines = [audio.line(1), audio.line(2)]
    pair = await open_pair(
        Behaviour(script=lines, silence_ms=200, silent_turn_seconds=0.8), silence_ends_turns=ends
    )
    told: list[Any] = []
    pair.stt.on("utterance_recognized", told.append)
    voices = await pair.interpret(audio.speech((0.2, 0.7), (3.9, 4.4), end=5.0))
    assert [final.source_texts for final in pair.finals] == [[line.text] for line in lines]
    assert len(told) == 2
    assert all(audio.same(voice, line.voices["fr"].pcm) for voice, line in zip(voices, lines, strict=True))
    assert (pair.lost, pair.errors) == ([], [])
    assert (pair.emulator.turns >= 4) is ends
