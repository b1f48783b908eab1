"""Voices told apart by headers, pauses and silence, seen through a ledger."""

from __future__ import annotations

import pytest
from fakes.pieces import PieceLedger as Ledger
from fakes.pieces import chunk_of, piece, tags

from livekit_plugins_azure_interpreter._voices.header_framing import HeaderFraming
from livekit_plugins_azure_interpreter._voices.utterance import LostReason, State, Utterance
from livekit_plugins_azure_interpreter._voices.voice_events import (
    VoiceBegan,
    VoiceEnded,
    VoiceEvent,
    VoiceSamples,
    VoiceUnplayable,
)

TIMEOUT = 5.0
PAUSE = 0.1


# Completed, and headers


def test_completed_ends_a_voice_at_once_where_voices_have_no_headers(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.audio(piece(), 1.0)
    ledger.completed(2.0)
    assert utterance.state is State.VOICED


def test_completed_ends_a_voice_after_a_pause_where_voices_have_headers(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.audio(piece(starts=True), 1.0)
    ledger.completed(2.0)
    assert (utterance.state, ledger.deadline) == (State.VOICING, 2.0 + PAUSE)
    ledger.expire(2.0 + PAUSE)
    assert utterance.state is State.VOICED


def test_audio_without_a_header_just_after_completed_continues_the_voice(ledger: Ledger) -> None:
    first, second = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    ledger.completed(1.5)
    ledger.audio(piece(tag=2), 1.55)
    assert (tags(first), tags(second)) == ([1, 2], [])


def test_a_voice_that_was_continued_waits_for_its_next_piece_again(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    ledger.audio(piece(starts=True), 1.0)
    ledger.completed(1.5)
    ledger.audio(piece(), 1.55)
    assert ledger.deadline == 1.55 + TIMEOUT


def test_a_header_just_after_completed_begins_the_next_voice(ledger: Ledger) -> None:
    first, second = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    ledger.completed(1.5)
    ledger.audio(piece(starts=True, tag=2), 1.55)
    assert (tags(first), first.state, tags(second)) == ([1], State.VOICED, [2])


def test_audio_without_a_header_after_the_pause_begins_the_next_voice(ledger: Ledger) -> None:
    first, second = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    ledger.completed(1.5)
    ledger.audio(piece(tag=2), 2.0)
    assert (tags(first), tags(second)) == ([1], [2])


def test_headers_on_every_chunk_do_not_split_a_voice(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    for tag in (1, 2, 3):
        ledger.audio(piece(starts=True, tag=tag), 1.0)
    ledger.completed(1.5)
    ledger.expire(2.0)
    assert (tags(utterance), utterance.state) == ([1, 2, 3], State.VOICED)


def test_completed_before_any_voice_changes_nothing(ledger: Ledger) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.completed(1.0)
    assert (utterance.state, ledger.deadline) == (State.RECOGNIZED, TIMEOUT)


def test_a_second_completed_does_not_end_the_next_voice(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    second = ledger.recognized("deux", 0.0)
    ledger.audio(piece(tag=1), 1.0)
    ledger.completed(1.5)
    ledger.completed(1.6)
    ledger.audio(piece(tag=2), 2.0)
    assert (tags(second), second.state) == ([2], State.VOICING)


def test_a_voice_of_nothing_but_a_header_is_lost_as_empty(ledger: Ledger, lost: list[Utterance]) -> None:
    utterance = ledger.recognized("un", 0.0)
    ledger.audio(piece(0.0, starts=True), 1.0)
    ledger.completed(1.5)
    ledger.expire(2.0)
    assert (utterance.lost_reason, lost) == (LostReason.EMPTY, [utterance])


def test_the_rest_of_a_stalled_voice_is_told_from_the_next_by_its_header(ledger: Ledger) -> None:
    stalled, following = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    ledger.audio(piece(tag=1), 1.1)
    ledger.audio(piece(tag=1), 6.5)
    ledger.audio(piece(starts=True, tag=2), 7.0)
    assert (stalled.lost_reason, tags(following)) == (LostReason.STALLED, [2])
    assert ledger.dropped_seconds == 1.0


def test_completed_ends_the_rest_of_a_stalled_voice(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    following = ledger.recognized("deux", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    ledger.audio(piece(tag=1), 1.0)
    ledger.audio(piece(tag=1), 6.5)
    ledger.completed(6.6)
    ledger.audio(piece(tag=2), 7.0)
    assert tags(following) == [2]


def test_the_rest_of_a_voice_cannot_be_told_until_one_went_on_without_a_header(ledger: Ledger) -> None:
    stalled, following = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    ledger.audio(piece(starts=True, tag=1), 6.5)
    assert (stalled.lost_reason, following.lost_reason) == (LostReason.STALLED, LostReason.IN_DOUBT)


def test_an_utterance_waits_for_its_voice_from_the_rest_of_a_stalled_one(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    following = ledger.recognized("deux", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    for at in (1.0, 6.5, 9.0, 11.0):
        ledger.audio(piece(tag=1), at)
    ledger.audio(piece(starts=True, tag=2), 13.0)
    assert tags(following) == [2]


@pytest.mark.parametrize("header", [False, True], ids=["no headers", "a header on every chunk"])
def test_the_rest_of_a_stalled_voice_leaves_the_line_in_doubt_where_headers_tell_nothing(
    ledger: Ledger, header: bool
) -> None:
    stalled, following = ledger.recognized("un", 0.0), ledger.recognized("deux", 0.0)
    for at in (1.0, 1.1, 6.5):
        ledger.audio(piece(starts=header), at)
    assert (stalled.lost_reason, following.lost_reason) == (LostReason.STALLED, LostReason.IN_DOUBT)


def test_a_header_after_a_stall_may_be_of_the_rest_where_no_chunk_was_without_one(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    following, third = ledger.recognized("deux", 0.0), ledger.recognized("trois", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    ledger.audio(piece(starts=True, tag=1), 6.5)
    ledger.completed(6.6)
    ledger.audio(piece(starts=True, tag=2), 7.0)
    assert (following.lost_reason, third.lost_reason) == (LostReason.IN_DOUBT, LostReason.IN_DOUBT)


def test_a_header_long_after_a_stall_begins_the_next_voice(ledger: Ledger) -> None:
    ledger.recognized("un", 0.0)
    ledger.audio(piece(starts=True, tag=1), 1.0)
    ledger.expire(11.0)
    following = ledger.recognized("deux", 11.0)
    ledger.audio(piece(starts=True, tag=2), 11.5)
    assert tags(following) == [2]


# The strategy alone

MP3 = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x55" + bytes(15) + b"data\0\0\0\0"


@pytest.fixture
def framing() -> HeaderFraming:
    return HeaderFraming(TIMEOUT)


def kinds(events: list[VoiceEvent]) -> list[type]:
    return [type(event) for event in events]


def test_a_voice_that_cannot_be_played_keeps_its_place_without_sound(framing: HeaderFraming) -> None:
    began, silence, unplayable = framing.chunk(MP3, 1.0)
    assert kinds([began, unplayable]) == [VoiceBegan, VoiceUnplayable]
    assert isinstance(silence, VoiceSamples)
    assert silence.samples.pcm == b""


def test_a_header_in_mid_voice_begins_the_next_where_headers_begin_only_voices(
    framing: HeaderFraming,
) -> None:
    framing.chunk(chunk_of(piece(starts=True)), 1.0)
    framing.chunk(chunk_of(piece()), 1.1)
    due = framing.chunk(chunk_of(piece(starts=True)), 2.0)
    assert due[0] == VoiceEnded(1.1)
    assert kinds(due[1:]) == [VoiceBegan, VoiceSamples]


def test_a_voice_whose_pause_is_over_ends_when_azure_has_sent_all(framing: HeaderFraming) -> None:
    framing.chunk(chunk_of(piece(starts=True)), 1.0)
    framing.completed(1.5)
    assert framing.finish(1.5) == []
    assert framing.finish(1.5 + PAUSE) == [VoiceEnded(1.5)]


def test_a_voice_in_its_pause_is_complete_when_the_connection_is_cut(framing: HeaderFraming) -> None:
    framing.chunk(chunk_of(piece(starts=True)), 1.0)
    framing.completed(1.5)
    assert framing.cut() == [VoiceEnded(1.5)]


def test_a_voice_under_way_gets_no_end_when_the_connection_is_cut(framing: HeaderFraming) -> None:
    framing.chunk(chunk_of(piece(starts=True)), 1.0)
    assert (framing.cut(), framing.deadline) == ([], None)
    assert kinds(framing.chunk(chunk_of(piece()), 2.0)) == [VoiceBegan, VoiceSamples]
