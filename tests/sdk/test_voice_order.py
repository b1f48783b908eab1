"""Chunks that alternate, sorted into voices one after another; time is an argument."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._sdk.events import (
    Connected,
    Disconnected,
    Event,
    Failed,
    Finished,
    SpeechStarted,
    VoiceChunk,
    VoiceCompleted,
)
from livekit_plugins_azure_interpreter._sdk.voice_order import VoiceNames, VoiceOrder

_UNTOLD, _TIMEOUT = 0.3, 5.0


def chunk(voice: str, data: bytes = b"..") -> VoiceChunk:
    return VoiceChunk(data, voice)


def told(voice: str) -> VoiceCompleted:
    return VoiceCompleted(voice, told=True)


def shown(due: list[Event]) -> str:
    """A letter per voice: "A" it begins, "a" it goes on, "?" who knows, "|" its end; "." anything else."""
    text = ""
    for event in due:
        if isinstance(event, VoiceChunk):
            text += {True: event.voice.upper(), False: event.voice, None: "?"}[event.begins]
        else:
            text += "|" if isinstance(event, VoiceCompleted) else "."
    return text


def said(letters: str, order: VoiceOrder | None = None, now: float = 0.0) -> str:
    """What becomes of chunks: "a" is one of voice a, "A" its end told, "-" after it an end untold."""
    order = order or VoiceOrder()
    due: list[Event] = []
    for before, letter in zip(" " + letters, letters, strict=False):
        if letter == "-":
            due += order.take(VoiceCompleted(before), now)
        else:
            due += order.take(told(letter.lower()) if letter.isupper() else chunk(letter), now)
    return shown(due)


class TestOrder:
    @pytest.mark.parametrize(
        ("came", "due"),
        [
            ("aaA", "Aa|"),
            ("aAbB", "A|B|"),
            ("aAA", "A|"),
            ("abaAB", "Aa|B|"),
            ("ababAB", "Aa|Bb|"),
            ("abBaA", "Aa|B|"),
            ("abcCBA", "A|B|C|"),
            ("abcA", "A|B"),
            ("ab", "A"),
            ("a-a", "A|?"),
            ("a-b", "A|B"),
            ("A", "|"),
        ],
    )
    def test_one_voice_after_another(self, came: str, due: str) -> None:
        assert said(came) == due

    def test_an_end_without_a_chunk_is_an_empty_voice(self) -> None:
        order = VoiceOrder()
        came = [VoiceChunk(b"1", "a"), told("a"), told("b"), VoiceCompleted("c")]
        due = [one for event in came for one in order.take(event, 0.0)]
        ends = [one for one in due if isinstance(one, VoiceCompleted)]
        assert [one.empty for one in ends] == [False, True, False]

    def test_a_chunk_after_the_end_of_its_voice_is_heard_by_nobody_and_told(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert said("AabB") == "|B|"
        assert "2 bytes" in caplog.text

    def test_where_voices_are_not_named_all_pass_as_they_come(self) -> None:
        order = VoiceOrder()
        came = [VoiceChunk(b"1"), VoiceCompleted(), VoiceChunk(b"2")]
        assert [one for event in came for one in order.take(event, 0.0)] == came

    def test_anything_else_passes_at_once(self) -> None:
        order = VoiceOrder()
        assert said("ab", order) == "A"
        assert list(order.take(SpeechStarted(1.0), 0.0)) == [SpeechStarted(1.0)]


class TestVoiceWithoutAnEnd:
    def test_nothing_is_waited_for_while_nothing_is_held(self) -> None:
        order = VoiceOrder()
        said("aa", order)
        assert order.deadline is None
        assert not list(order.expire(100.0))

    def test_it_is_over_a_moment_after_its_last_chunk_when_another_waits(self) -> None:
        order = VoiceOrder()
        said("a", order, 1.0)
        said("b", order, 1.2)
        assert order.deadline == pytest.approx(1.0 + _UNTOLD)
        assert not list(order.expire(1.0 + _UNTOLD - 0.01))
        assert shown(list(order.expire(1.0 + _UNTOLD))) == "|B"

    def test_each_chunk_of_it_gives_it_more_time(self) -> None:
        order = VoiceOrder()
        said("ab", order, 1.0)
        said("a", order, 1.2)
        assert order.deadline == pytest.approx(1.2 + _UNTOLD)

    def test_a_service_that_tells_ends_is_waited_for_longer(self) -> None:
        order = VoiceOrder()
        said("aAbc", order, 1.0)
        assert order.deadline is not None
        assert 1.0 + _UNTOLD < order.deadline < 1.0 + _TIMEOUT

    def test_what_comes_of_it_after_all_is_heard_by_nobody_and_told(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        order = VoiceOrder()
        said("ab", order)
        list(order.expire(_UNTOLD))
        assert said("aAbB", order) == "b|"
        assert "2 bytes" in caplog.text

    def test_at_the_end_of_the_audio_what_is_held_is_due(self) -> None:
        order = VoiceOrder()
        said("abcB", order)
        due = list(order.take(Finished(), 0.0))
        assert shown(due) == "|B|C."
        assert due[-1] == Finished()

    @pytest.mark.parametrize("cut", [Connected(), Disconnected(), Failed("ServiceError", "")])
    def test_a_cut_ends_all(self, cut: Event) -> None:
        order = VoiceOrder()
        said("ab", order)
        assert list(order.take(cut, 0.0)) == [cut]
        assert order.deadline is None
        assert said("b", order) == "B"


class TestNames:
    def test_chunks_of_a_stream_have_one_name_up_to_the_next_voice(self) -> None:
        names = VoiceNames()
        first = names.of("audio.start", "7")
        assert [names.of("audio", "7"), names.of("audio.end", "7")] == [first] * 2
        assert names.of("audio.start", "7") != first

    def test_a_turn_begins_anew(self) -> None:
        names = VoiceNames()
        first = names.of("audio", "1")
        assert names.of("audio", "1") == first
        assert names.of("turn.start", "") == ""
        assert names.of("audio", "1") != first

    def test_a_stream_that_is_used_again_has_another_where_starts_are_not_told(self) -> None:
        names = VoiceNames()
        first = names.of("audio", "1")
        assert names.of("audio.end", "1") == first
        assert names.of("audio", "1") != first

    def test_what_comes_after_the_end_is_of_the_same_voice_where_starts_are_told(self) -> None:
        names = VoiceNames()
        first = names.of("audio.start", "1")
        assert [names.of(path, "1") for path in ("audio.end", "audio", "audio.end")] == [first] * 3

    def test_two_streams_have_two(self) -> None:
        names = VoiceNames()
        assert names.of("audio", "1") != names.of("audio", "2")
