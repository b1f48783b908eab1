"""One stream that is spoken in several languages: each voice goes to its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes.pieces import chunk_of, piece, tags

from livekit_plugins_azure_interpreter._voices.ledger import Ledger
from livekit_plugins_azure_interpreter._voices.ledgers import Ledgers
from livekit_plugins_azure_interpreter._voices.utterance import LostReason, State, Utterance
from livekit_plugins_azure_interpreter._voices.voice_sharing import VoiceSharing

_LANGUAGES = ("fr", "de", "ja")
_TIMEOUT = 5.0


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def ledgers(problems: list[str]) -> Ledgers:
    ledgers = Ledgers(
        lambda language, is_main: Ledger(language, is_main=is_main, voice_timeout_seconds=_TIMEOUT),
        voice_timeout_seconds=_TIMEOUT,
        problem=problems.append,
    )
    ledgers.connected(_LANGUAGES, _LANGUAGES)
    ledgers.turn_started()
    return ledgers


def said(ledgers: Ledgers, number: int, now: float = 0.0) -> dict[str, Utterance]:
    texts = {language: f"{language} {number}" for language in _LANGUAGES}
    return ledgers.recognized(texts, now, voiced=_LANGUAGES)


def voice(ledgers: Ledgers, language: str | None, tag: int, now: float = 1.0) -> None:
    """A whole voice, on a stream of its own."""
    stream_id = f"{language} {tag}"
    ledgers.voice_announced(stream_id, language, now)
    ledgers.chunk(chunk_of(piece(tag=tag)), now, stream_id=stream_id)
    ledgers.completed(now, stream_id=stream_id, told=True)


def heard(utterances: dict[str, Utterance]) -> dict[str, tuple[State, list[int]]]:
    return {language: (one.state, tags(one)) for language, one in utterances.items()}


class TestVoices:
    def test_each_utterance_has_one_in_each_language_whatever_their_order(self, ledgers: Ledgers) -> None:
        first, second = said(ledgers, 1), said(ledgers, 2)
        for language, tag in (("ja", 3), ("fr", 1), ("ja", 6), ("de", 2), ("fr", 4), ("de", 5)):
            voice(ledgers, language, tag)
        assert heard(first) == {name: (State.VOICED, [tag]) for tag, name in enumerate(_LANGUAGES, 1)}
        assert heard(second) == {name: (State.VOICED, [tag]) for tag, name in enumerate(_LANGUAGES, 4)}

    def test_voices_of_several_languages_interleave(self, ledgers: Ledgers) -> None:
        utterances = said(ledgers, 1)
        for language in _LANGUAGES:
            ledgers.voice_announced(language, language, 1.0)
        for part in range(2):
            for at, language in enumerate(_LANGUAGES):
                ledgers.chunk(chunk_of(piece(tag=10 * at + part + 1)), 1.0, stream_id=language)
        for language in _LANGUAGES:
            ledgers.completed(1.0, stream_id=language, told=True)
        assert [tags(one) for one in utterances.values()] == [[1, 2], [11, 12], [21, 22]]

    def test_one_that_does_not_come_is_lost_in_its_language_alone(self, ledgers: Ledgers) -> None:
        first = said(ledgers, 1)
        voice(ledgers, "de", 2)
        voice(ledgers, "ja", 3)
        ledgers.expire(_TIMEOUT)
        assert (first["fr"].state, first["fr"].lost_reason) == (State.LOST, LostReason.TIMEOUT)
        second = said(ledgers, 2, _TIMEOUT + 1)
        for tag, language in enumerate(_LANGUAGES, 4):
            voice(ledgers, language, tag, _TIMEOUT + 2)
        assert [(one.state, tags(one)) for one in second.values()] == [
            (State.LOST, []),  # it may be the late one of the first
            (State.VOICED, [5]),
            (State.VOICED, [6]),
        ]

    def test_one_of_an_utterance_has_the_id_of_the_others(self, ledgers: Ledgers) -> None:
        first, second = said(ledgers, 1), said(ledgers, 2)
        assert len({one.id for one in first.values()}) == 1
        assert first["fr"].id != second["fr"].id

    def test_one_in_a_language_that_nobody_asked_for_is_dropped(
        self, ledgers: Ledgers, problems: list[str]
    ) -> None:
        utterances = said(ledgers, 1)
        voice(ledgers, "es", 9)
        for tag, language in enumerate(_LANGUAGES, 1):
            voice(ledgers, language, tag)
        assert [tags(one) for one in utterances.values()] == [[1], [2], [3]]
        assert problems == ["Azure sent a voice in 'es', which was not asked for; dropped"]
        assert ledgers.dropped_seconds == 1.0

    def test_one_without_a_language_is_nobodys_and_the_next_may_be_anybodys(
        self, ledgers: Ledgers, problems: list[str]
    ) -> None:
        first, second = said(ledgers, 1), said(ledgers, 2)
        voice(ledgers, None, 9)  # which may be the German one of the first
        for tag, language in enumerate(_LANGUAGES, 1):
            voice(ledgers, language, tag)
        assert all(tags(one) == [] for one in [*first.values(), *second.values()])
        assert problems == ["Azure sent a voice without its language; dropped"]
        ledgers.expire(3 * _TIMEOUT)
        third = said(ledgers, 3, 3 * _TIMEOUT)
        for tag, language in enumerate(_LANGUAGES, 4):
            voice(ledgers, language, tag, 3 * _TIMEOUT + 1)
        assert [tags(one) for one in third.values()] == [[4], [5], [6]]

    def test_one_ahead_of_its_result_is_nobodys_after_one_without_a_language(self, ledgers: Ledgers) -> None:
        voice(ledgers, "fr", 1)
        voice(ledgers, None, 9)
        assert tags(said(ledgers, 1)["fr"]) == []


class TestSpokenLanguages:
    def test_all_voices_are_of_the_only_one_whatever_the_service_calls_it(self, ledgers: Ledgers) -> None:
        ledgers.connected(["fr"], ["fr"])
        utterance = ledgers.recognized({"fr": "un"}, 0.0, voiced=["fr"])["fr"]
        voice(ledgers, "fr-FR", 1)
        assert tags(utterance) == [1]

    def test_the_only_one_gets_no_voice_of_one_that_was_there_before(self, ledgers: Ledgers) -> None:
        first = said(ledgers, 1)
        ledgers.speak(["fr"])
        second = ledgers.recognized({"fr": "deux"}, 0.0, voiced=["fr"])
        for language, tag in (("de", 2), ("fr", 1), ("fr", 3), ("ja", 4)):
            voice(ledgers, language, tag)
        assert [tags(one) for one in (*first.values(), *second.values())] == [[1], [2], [4], [3]]

    def test_a_voice_under_way_ends_in_its_language_when_another_one_is_added(self, ledgers: Ledgers) -> None:
        ledgers.connected(["fr"], ["fr"])
        utterance = ledgers.recognized({"fr": "un"}, 0.0, voiced=["fr"])["fr"]
        ledgers.voice_announced("7", "fr", 1.0)
        ledgers.chunk(chunk_of(piece(tag=1)), 1.0, stream_id="7")
        ledgers.speak(["fr", "de"])
        ledgers.chunk(chunk_of(piece(tag=2)), 1.0, stream_id="7")
        ledgers.completed(1.0, stream_id="7", told=True)
        assert heard({"fr": utterance}) == {"fr": (State.VOICED, [1, 2])}

    def test_one_that_is_added_has_voices_from_the_next_utterance_on(self, ledgers: Ledgers) -> None:
        first = ledgers.recognized({"fr": "un"}, 0.0, voiced=["fr"])
        ledgers.speak(["fr", "es"])
        second = ledgers.recognized({"fr": "deux", "es": "dos"}, 0.0, voiced=["fr", "es"])
        for language, tag in (("es", 2), ("fr", 1), ("fr", 3)):
            voice(ledgers, language, tag)
        assert [tags(one) for one in (*first.values(), *second.values())] == [[1], [3], [2]]

    def test_one_without_a_voice_is_text_only(self, ledgers: Ledgers) -> None:
        found = ledgers.recognized({"fr": "un", "de": "eins"}, 0.0, voiced=["de"])
        assert found["fr"].lost_reason is LostReason.TEXT_ONLY
        voice(ledgers, "de", 1)
        assert tags(found["de"]) == [1]

    def test_the_first_one_is_the_main_one(self, ledgers: Ledgers) -> None:
        assert [ledger.language for ledger in ledgers if ledger.is_of(None)] == ["fr"]
        assert [ledger.language for ledger in ledgers if ledger.is_of("de")] == ["de"]


def test_a_result_that_cannot_be_read_takes_its_voices(ledgers: Ledgers) -> None:
    ledgers.unread(0.0, voiced=["fr", "de"])
    utterances = said(ledgers, 2)
    for language, tag in (("fr", 1), ("de", 1), ("fr", 2), ("de", 2), ("ja", 2)):
        voice(ledgers, language, tag)
    assert [tags(one) for one in utterances.values()] == [[2], [2], [2]]


@pytest.mark.parametrize("cut", [Ledgers.reconnected, Ledgers.end])
def test_a_cut_loses_what_is_not_whole_in_each_language(
    ledgers: Ledgers, cut: Callable[[Ledgers, float], None]
) -> None:
    utterances = said(ledgers, 1)
    voice(ledgers, "fr", 1)
    ledgers.voice_announced("7", "de", 1.0)
    ledgers.chunk(chunk_of(piece()), 1.0, stream_id="7")
    cut(ledgers, 2.0)
    assert [one.state for one in utterances.values()] == [State.VOICED, State.LOST, State.LOST]
    assert ledgers.deadline is None


def test_a_stream_is_asked_for_no_longer_once_all_is_let_go(ledgers: Ledgers) -> None:
    utterances = said(ledgers, 1)
    ledgers.let_go(utterances["fr"])
    assert [ledger.claims.empty for ledger in ledgers] == [True, False, False]
    assert ledgers.is_asked_for
    ledgers.let_go_of_all()
    assert not ledgers.is_asked_for
    ledgers.untranslated.append("Yes.")
    assert ledgers.is_asked_for


def test_the_end_of_the_service_releases_the_voices_that_wait(ledgers: Ledgers) -> None:
    first, second = said(ledgers, 1), said(ledgers, 2)
    ledgers.voice_announced("7", "fr", 1.0)
    ledgers.chunk(chunk_of(piece(tag=1)), 1.0, stream_id="7")
    voice(ledgers, "fr", 2)
    assert second["fr"].state is State.RECOGNIZED
    ledgers.finished(1.0)
    assert [tags(first["fr"]), tags(second["fr"])] == [[1], [2]]


def test_a_voice_that_is_silent_while_another_waits_is_whole(ledgers: Ledgers) -> None:
    first, second = said(ledgers, 1), said(ledgers, 2)
    ledgers.voice_announced("7", "fr", 1.0)
    ledgers.chunk(chunk_of(piece(tag=1)), 1.0, stream_id="7")
    voice(ledgers, "fr", 2)
    ledgers.expire(1.0 + _TIMEOUT)
    assert [first["fr"].state, second["fr"].state] == [State.VOICED, State.VOICED]


def test_a_connection_that_is_over_loses_what_is_not_whole(ledgers: Ledgers) -> None:
    utterances = said(ledgers, 1)
    voice(ledgers, "fr", 1)
    ledgers.finish_connection(1.0)
    assert [one.lost_reason for one in utterances.values()] == [None, LostReason.ENDED, LostReason.ENDED]


def test_a_voice_ahead_of_later_speech_is_stray(ledgers: Ledgers) -> None:
    ledgers.voice_announced("7", "de", 1.0)
    ledgers.chunk(chunk_of(piece()), 1.0, stream_id="7", position=2.0)
    assert [ledgers.has_stray_voice(start) for start in (1.5, 2.5)] == [False, True]


def test_a_voice_ahead_of_speech_before_its_language_was_added_is_not_stray(ledgers: Ledgers) -> None:
    ledgers.speak([*_LANGUAGES, "es"])
    ledgers.voice_announced("7", "es", 1.0)
    ledgers.chunk(chunk_of(piece()), 1.0, stream_id="7", position=2.0)
    assert not ledgers.has_stray_voice(2.5)


def test_late_audio_is_a_problem(ledgers: Ledgers, problems: list[str]) -> None:
    said(ledgers, 1)
    voice(ledgers, "fr", 1)
    ledgers.chunk(chunk_of(piece()), 1.0, stream_id="fr 1")
    assert problems == ["1.0 s of audio belong to a voice that is over; dropped"]
    assert ledgers.dropped_seconds == 1.0


def test_a_voice_that_cannot_be_played_is_a_problem(ledgers: Ledgers, problems: list[str]) -> None:
    said(ledgers, 1)
    header = bytearray(chunk_of(piece(starts=True))[:44])
    header[34] = 8  # bits per sample
    ledgers.voice_announced("7", "fr", 1.0)
    ledgers.chunk(bytes(header) + bytes(800), 1.0, stream_id="7")
    (problem,) = problems
    assert "cannot be played" in problem


class TestSharing:
    """Whether the service voices several languages over one connection, as voices come or do not."""

    @pytest.fixture
    def reasons(self) -> list[str]:
        return []

    @pytest.fixture
    def sharing(self, reasons: list[str]) -> VoiceSharing:
        sharing = VoiceSharing()
        sharing.on_refused = reasons.append
        return sharing

    @pytest.fixture
    def ledgers(self, sharing: VoiceSharing) -> Ledgers:
        def open_ledger(language: str, is_main: bool) -> Ledger:
            return Ledger(
                language,
                is_main=is_main,
                voice_timeout_seconds=_TIMEOUT,
                lost=lambda utterance: ledgers.lost(utterance, language),
            )

        ledgers = Ledgers(open_ledger, voice_timeout_seconds=_TIMEOUT, sharing=sharing)
        ledgers.connected(_LANGUAGES, _LANGUAGES)
        return ledgers

    def test_voices_in_two_languages_show_that_it_does(self, ledgers: Ledgers, sharing: VoiceSharing) -> None:
        said(ledgers, 1)
        voice(ledgers, "fr", 1)
        voice(ledgers, "de", 1)
        assert sharing.is_shared

    def test_voices_in_one_language_alone_show_that_it_does_not(
        self, ledgers: Ledgers, reasons: list[str]
    ) -> None:
        for number in (1, 2):
            said(ledgers, number)
            voice(ledgers, "fr", number)
        ledgers.expire(1.0 + 3 * _TIMEOUT)
        assert len(reasons) == 1

    def test_speech_in_the_target_language_shows_nothing(self, ledgers: Ledgers, reasons: list[str]) -> None:
        for number in (1, 2):
            texts = {"fr": f"fr {number}", "de": f"de {number}"}
            ledgers.recognized(texts, 0.0, voiced=["fr", "de"], same_language=["de"])
            voice(ledgers, "fr", number)
        ledgers.expire(1.0 + 3 * _TIMEOUT)
        assert reasons == []

    def test_separate_connections_show_nothing(self, ledgers: Ledgers, sharing: VoiceSharing) -> None:
        ledgers.connected(_LANGUAGES, _LANGUAGES, separate=True)
        said(ledgers, 1)
        for language in ("fr", "de"):
            voice(ledgers, language, 1)
        assert not sharing.is_shared


def test_a_relayed_voice_may_come_before_its_language_is_spoken_here(problems: list[str]) -> None:
    """The connection before still answers, while that of the new language has a result."""
    ledgers = Ledgers(lambda language, is_main: Ledger(language, is_main=is_main), problem=problems.append)
    ledgers.connected(["fr"], ["fr"], separate=True)
    other = Utterance("1", "ja 1", 0.0, times=(1.0, 2.0))
    other.claim()
    ledgers.relayed("ja", other, 0.0)
    other.add(piece(tag=1))
    other.complete()
    ledgers.connected(["fr", "ja"], ["fr", "ja"], separate=True)
    found = ledgers.recognized({"fr": "fr 1", "ja": "ja 1"}, 1.0, voiced=["fr", "ja"], times=(1.0, 2.0))
    assert (found["ja"].state, tags(found["ja"])) == (State.VOICED, [1])
    assert [ledger.language for ledger in ledgers if ledger.is_main] == ["fr"]


@pytest.mark.parametrize(("all_are_main", "main"), [(False, ["fr"]), (True, ["fr", "de", "ja"])])
def test_a_search_without_a_language_covers_the_first_or_all(all_are_main: bool, main: list[str]) -> None:
    ledgers = Ledgers(lambda language, is_main: Ledger(language, is_main=is_main), all_are_main=all_are_main)
    ledgers.connected(_LANGUAGES, _LANGUAGES)
    assert [ledger.language for ledger in ledgers if ledger.is_of(None)] == main
