"""A voice that waits for its utterance."""

from __future__ import annotations

from fakes.pieces import piece, tags

from livekit_plugins_azure_interpreter._voices.held_voice import Voice
from livekit_plugins_azure_interpreter._voices.utterance import LostReason, State, Utterance


def test_an_utterance_is_given_all_that_was_held() -> None:
    voice, utterance = Voice(None, 0.0), Utterance("1", "un", 0.0)
    voice.held = [piece(tag=1), piece(0.5, tag=2)]
    assert voice.held_seconds == 1.5
    voice.give(utterance)
    assert (tags(utterance), voice.held, utterance.state) == ([1, 2], [], State.VOICING)


def test_a_voice_that_ended_before_it_is_given_is_whole() -> None:
    voice, utterance = Voice(None, 0.0, held=[piece()]), Utterance("1", "un", 0.0)
    voice.end()
    voice.give(utterance)
    assert utterance.state is State.VOICED


def test_a_voice_without_a_sound_is_lost_as_empty() -> None:
    utterance = Utterance("1", "un", 0.0)
    Voice(utterance, 0.0).end()
    assert utterance.lost_reason is LostReason.EMPTY


def test_the_end_of_a_voice_leaves_an_utterance_that_is_lost_as_it_is() -> None:
    utterance = Utterance("1", "un", 0.0)
    utterance.lose(LostReason.EVICTED)
    Voice(utterance, 0.0).end()
    assert utterance.lost_reason is LostReason.EVICTED


def test_a_discarded_voice_tells_how_much_of_it_was_held() -> None:
    voice = Voice(None, 0.0, held=[piece(0.5)])
    assert (voice.discard(), voice.held, voice.discarded) == (0.5, [], True)
