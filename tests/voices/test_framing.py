"""Which of the two strategies tells the voices apart."""

from __future__ import annotations

from fakes.pieces import chunk_of, piece

from livekit_plugins_azure_interpreter._voices.framing import Framing
from livekit_plugins_azure_interpreter._voices.voice_events import VoiceBegan, VoiceEnded, VoiceSamples

TIMEOUT = 5.0
PCM = b"ab"


def test_headers_tell_voices_apart_without_names() -> None:
    framing = Framing(TIMEOUT)
    due = [
        event
        for data in (chunk_of(piece(0.5, starts=True)), PCM, chunk_of(piece(0.5, starts=True)))
        for event in framing.chunk(data, 1.0)
    ]
    kinds = [type(event) for event in due]
    assert kinds == [VoiceBegan, VoiceSamples, VoiceSamples, VoiceEnded, VoiceBegan, VoiceSamples]


def test_an_end_that_is_told_ends_a_voice_at_once_also_without_names() -> None:
    framing = Framing(TIMEOUT)
    framing.chunk(chunk_of(piece(starts=True)), 1.0)
    assert framing.completed(2.0, told=True) == [VoiceEnded(2.0)]
    assert framing.deadline is None


def test_streams_tell_voices_apart_with_names() -> None:
    framing = Framing(TIMEOUT)
    framing.speak(["fr"])
    framing.turn_started()
    assert framing.announced("7", "fr", 1.0) == []
    assert framing.chunk(PCM, 1.0, stream_id="7")[0] == VoiceBegan("fr")
    assert framing.chunk(PCM, 1.0, stream_id="8") == []
    assert framing.completed(1.1, stream_id="7", told=True)[0] == VoiceEnded(1.1, "fr")


def test_a_voice_under_way_ends_where_names_begin_to_come() -> None:
    framing = Framing(TIMEOUT)
    framing.chunk(PCM, 1.0)
    kinds = [type(event) for event in framing.chunk(PCM, 2.0, stream_id="7")]
    assert kinds == [VoiceEnded, VoiceBegan, VoiceSamples]


def test_the_strategy_in_use_ends_what_is_overdue_finished_or_cut() -> None:
    framing = Framing(TIMEOUT)
    framing.chunk(PCM, 1.0)
    assert framing.deadline == 1.0 + TIMEOUT
    assert framing.finish(2.0) == []
    assert framing.expire(1.0 + TIMEOUT) == [VoiceEnded(6.0, whole=False, certain=False)]
    framing.chunk(PCM, 7.0)
    assert framing.cut() == []
    assert framing.deadline is None
