"""Voices told apart by the streams that the service names; time is an argument."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from fakes.pieces import chunk_of, piece
from hypothesis import given, settings
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._voices.stream_framing import (
    PAUSE_SECONDS,
    STALL_SHARE,
    UNTOLD_END_SECONDS,
    StreamFraming,
)
from livekit_plugins_azure_interpreter._voices.voice_events import (
    LateSamples,
    VoiceBegan,
    VoiceEnded,
    VoiceEvent,
    VoiceSamples,
    VoiceUnplayable,
)

TIMEOUT = 5.0
CHUNK = {letter: bytes([ord(letter), 0]) for letter in "abcd"}


def shown(due: Sequence[VoiceEvent]) -> str:
    """ "<" a voice begins, its letters, ">" it is whole, "/" it stopped; "!" late, "?" unplayable."""
    text = ""
    for event in due:
        if isinstance(event, VoiceSamples):
            text += event.samples.pcm[:1].decode()
        elif isinstance(event, VoiceEnded):
            text += ">" if event.whole else "/"
        else:
            text += {VoiceBegan: "<", LateSamples: "!", VoiceUnplayable: "?"}[type(event)]
    return text


class Service:
    """Sends what letters say: "a" a chunk of stream a, "A" its end, "-" an empty chunk of the one before,
    "^a" the start of a voice on stream a, "|" a turn."""

    def __init__(self, *languages: str) -> None:
        self.framing = StreamFraming(TIMEOUT)
        self.framing.only_language = languages[0] if len(languages) == 1 else None
        self.languages: dict[str, str] = {}

    def says(self, letters: str, now: float = 0.0) -> str:
        return shown(self.events(letters, now))

    def events(self, letters: str, now: float = 0.0) -> list[VoiceEvent]:
        due: list[VoiceEvent] = []
        for before, letter in zip(" " + letters, letters, strict=False):
            due += self._one(before, letter, now)
        return due

    def _one(self, before: str, letter: str, now: float) -> list[VoiceEvent]:
        framing = self.framing
        if letter == "^":
            return []
        if before == "^":
            return framing.announced(letter, self.languages.get(letter), now)
        if letter == "|":
            framing.turn_started()
            return []
        if letter == "-":
            return framing.completed(now, stream_id=before, told=False)
        if letter.isupper():
            return framing.completed(now, stream_id=letter.lower(), told=True)
        return framing.chunk(CHUNK[letter], now, stream_id=letter)


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        ("aaA", "<aa>"),
        ("aAbB", "<a><b>"),
        ("aAA", "<a>"),
        ("abaAB", "<aa><b>"),
        ("ababAB", "<aa><bb>"),
        ("abBaA", "<aa><b>"),
        ("abcCBA", "<a><b><c>"),
        ("abcA", "<a><b"),
        ("ab", "<a"),
        ("a-a", "<aa"),
        ("a-b", "<a><b"),
        ("ab-bAB", "<a><bb>"),
        ("A", "<>"),
        ("aABcC", "<a><><c>"),
        ("-", ""),
        ("b-", "<b"),
    ],
)
def test_voices_come_one_after_another(sent: str, heard: str) -> None:
    assert Service().says(sent) == heard


def test_a_told_end_ends_a_voice_at_once() -> None:
    service = Service()
    assert service.events("^aa", 1.0)[0] == VoiceBegan(None)
    assert service.events("A", 2.0) == [VoiceEnded(2.0, whole=True, certain=True)]
    assert service.framing.deadline is None


class TestAStreamUsedAgain:
    """The service may use a stream's name for a later voice."""

    @pytest.mark.parametrize(
        ("sent", "heard"),
        [
            ("^aaA^aa", "<a><a"),
            ("aAa", "<a><a"),
            ("aA|a", "<a><a"),
            ("^aa^aa", "<a><a"),
            ("^a^aaA", "<a>"),
            ("abB^bbAB", "<a><b><b>"),
        ],
    )
    def test_a_start_a_turn_or_the_lack_of_starts_makes_it_another_voice(self, sent: str, heard: str) -> None:
        assert Service().says(sent) == heard

    def test_a_chunk_after_the_end_is_late_where_starts_are_told(self) -> None:
        service = Service()
        service.says("^aaA")
        (late,) = service.events("a", 1.0)
        assert late == LateSamples(1 / 16000)

    def test_a_header_after_the_end_begins_another_voice_also_where_starts_are_told(self) -> None:
        service = Service()
        service.says("^aaA")
        due = service.framing.chunk(chunk_of(piece(starts=True, tag=ord("a"))), 1.0, stream_id="a")
        assert shown(due) == "<a"

    @pytest.mark.parametrize("starts", ["", "^a^b^c"])
    def test_the_second_voice_of_a_stream_never_goes_into_a_third_of_three(self, starts: str) -> None:
        heard = Service().says(starts + "abcBbBAC")
        assert heard == ("<a!><b><c>" if starts else "<a><b><c><b>")

    def test_an_end_of_a_voice_that_was_given_up_is_no_other_voice(self) -> None:
        service = Service()
        service.says("ab")
        service.framing.expire(UNTOLD_END_SECONDS)
        assert service.says("AB", UNTOLD_END_SECONDS) == ">"


class TestAVoiceWithoutAToldEnd:
    def test_a_voice_is_over_a_moment_after_its_last_chunk_when_another_waits(self) -> None:
        service = Service()
        service.says("a", 1.0)
        service.says("b", 1.2)
        assert service.framing.deadline == pytest.approx(1.0 + UNTOLD_END_SECONDS)
        assert service.framing.expire(1.0 + UNTOLD_END_SECONDS - 0.01) == []
        assert shown(service.framing.expire(1.0 + UNTOLD_END_SECONDS)) == "><b"

    def test_each_chunk_of_it_gives_it_more_time(self) -> None:
        service = Service()
        service.says("ab", 1.0)
        service.says("a", 1.2)
        assert service.framing.deadline == pytest.approx(1.2 + UNTOLD_END_SECONDS)

    def test_a_service_that_tells_ends_is_given_more_time(self) -> None:
        service = Service()
        service.says("aAbc", 1.0)
        assert service.framing.deadline == 1.0 + STALL_SHARE * TIMEOUT

    def test_a_voice_has_the_whole_timeout_while_no_other_waits(self) -> None:
        service = Service()
        service.says("a", 1.0)
        assert service.framing.deadline == 1.0 + TIMEOUT
        assert service.framing.expire(1.0 + TIMEOUT) == [VoiceEnded(6.0, whole=False, certain=True)]
        assert service.says("a", 6.5) == "!"

    def test_an_empty_chunk_ends_the_rest_of_a_voice_that_stalled(self) -> None:
        service = Service()
        service.says("a", 1.0)
        service.framing.expire(1.0 + TIMEOUT)
        assert service.says("a-a", 7.0) == "!<a"

    def test_an_empty_chunk_ends_it_after_a_pause(self) -> None:
        service = Service()
        service.says("a-", 1.0)
        assert service.framing.deadline == 1.0 + PAUSE_SECONDS
        assert shown(service.framing.expire(1.0 + PAUSE_SECONDS)) == ">"
        assert service.says("a", 2.0) == "<a"

    def test_a_header_in_the_pause_begins_the_next_voice(self) -> None:
        service = Service()
        service.says("a-")
        due = service.framing.chunk(chunk_of(piece(starts=True, tag=ord("a"))), 0.0, stream_id="a")
        assert shown(due) == "><a"

    def test_a_chunk_after_its_voice_was_given_up_is_late(self) -> None:
        service = Service()
        service.says("ab")
        service.framing.expire(UNTOLD_END_SECONDS)
        assert service.says("aAbB", UNTOLD_END_SECONDS) == "!b>"


class TestTheEndOfTheAudio:
    def test_no_voice_waits_for_the_one_before_any_more(self) -> None:
        service = Service()
        service.says("abcB")
        assert shown(service.framing.finish(0.0)) == "><b><c"

    def test_a_cut_gives_a_voice_no_end_and_counts_what_waited(self) -> None:
        service = Service()
        service.says("ab")
        assert service.framing.cut() == [LateSamples(1 / 16000)]
        assert service.framing.deadline is None
        assert service.says("b") == "<b"

    def test_a_cut_in_the_pause_leaves_the_voice_whole(self) -> None:
        service = Service()
        service.says("a-", 1.0)
        assert service.framing.cut() == [VoiceEnded(1.0)]


class TestLanguages:
    def test_voices_of_two_languages_do_not_wait_for_each_other(self) -> None:
        service = Service("fr", "de")
        service.languages = {"a": "fr", "b": "de"}
        due = service.events("^a^bababAB")
        assert shown(due) == "<a<bab>>"
        assert [event.language for event in due] == ["fr", "fr", "de", "de", "fr", "de", "fr", "de"]

    def test_voices_of_one_language_do(self) -> None:
        service = Service("fr", "de")
        service.languages = {"a": "fr", "b": "de", "c": "fr"}
        due = service.events("^a^b^cacbACB")
        assert shown([event for event in due if event.language == "fr"]) == "<a><c>"

    def test_each_voice_is_in_the_one_language_that_is_spoken(self) -> None:
        service = Service("fr")
        service.languages = {"a": "fr-FR"}
        assert {event.language for event in service.events("^aaAbB")} == {"fr"}


def test_a_voice_that_is_no_pcm_takes_its_place_without_a_sound() -> None:
    framing = StreamFraming(TIMEOUT)
    riff = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + b"\x55\0\1\0" + bytes(12) + b"data\0\0\0\0"
    due = framing.chunk(riff + b"noise", 0.0, stream_id="a")
    due += framing.completed(0.0, stream_id="a", told=True)
    assert shown(due) == "<?>"


def test_half_a_sample_at_the_end_of_a_voice_is_no_sound_of_the_next() -> None:
    framing = StreamFraming(TIMEOUT)
    framing.chunk(b"abc", 0.0, stream_id="a")
    framing.completed(0.0, stream_id="a", told=True)
    assert shown(framing.chunk(b"bb", 0.0, stream_id="b")) == "<b"


@settings(derandomize=True, deadline=None, max_examples=int(os.environ.get("EXAMPLES", "200")))
@given(st.text("abcdABCD-^|", max_size=30))
def test_each_voice_begins_once_ends_once_and_holds_all_sound_whatever_is_sent(
    letters: str,
) -> None:
    service = Service()
    due = service.events(letters.replace("^^", "^").rstrip("^").replace("^|", "|").replace("^-", "-"))
    due += service.framing.finish(0.0)
    while (deadline := service.framing.deadline) is not None:
        due += service.framing.expire(deadline)
    is_open = False
    for event in due:
        if isinstance(event, VoiceBegan):
            assert not is_open
        elif isinstance(event, (VoiceSamples, VoiceEnded)):
            assert is_open
        is_open = not isinstance(event, VoiceEnded) if not isinstance(event, LateSamples) else is_open
    assert not is_open
    assert all(len({letter}) == 1 for letter in shown(due).replace("<", " ").replace(">", " ").split())
