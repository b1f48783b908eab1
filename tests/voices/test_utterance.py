"""A translated utterance: its states, and what leads from one to another."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
from fakes.pieces import piece, tags

from livekit_plugins_azure_interpreter._voices.samples import Samples
from livekit_plugins_azure_interpreter._voices.utterance import (
    Clause,
    IllegalStep,
    LostReason,
    State,
    Step,
    Translation,
    Utterance,
)

# The utterance: a table

STEPS: dict[Step, Callable[[Utterance], None]] = {
    Step.AUDIO: lambda utterance: utterance.add(piece()),
    Step.COMPLETE: lambda utterance: utterance.complete(),
    Step.LOSE: lambda utterance: utterance.lose(LostReason.TIMEOUT),
}
UNCLAIMED, CLAIMED = False, True
ILLEGAL = None
EXPECTED = {
    (State.RECOGNIZED, UNCLAIMED, Step.AUDIO): State.VOICING,
    (State.RECOGNIZED, UNCLAIMED, Step.COMPLETE): ILLEGAL,
    (State.RECOGNIZED, UNCLAIMED, Step.LOSE): State.LOST,
    (State.RECOGNIZED, CLAIMED, Step.AUDIO): State.VOICING,
    (State.RECOGNIZED, CLAIMED, Step.COMPLETE): ILLEGAL,
    (State.RECOGNIZED, CLAIMED, Step.LOSE): State.LOST,
    (State.VOICING, UNCLAIMED, Step.AUDIO): State.VOICING,
    (State.VOICING, UNCLAIMED, Step.COMPLETE): State.VOICED,
    (State.VOICING, UNCLAIMED, Step.LOSE): State.LOST,
    (State.VOICING, CLAIMED, Step.AUDIO): State.VOICING,
    (State.VOICING, CLAIMED, Step.COMPLETE): State.VOICED,
    (State.VOICING, CLAIMED, Step.LOSE): State.LOST,
    (State.VOICED, UNCLAIMED, Step.AUDIO): ILLEGAL,
    (State.VOICED, UNCLAIMED, Step.COMPLETE): ILLEGAL,
    (State.VOICED, UNCLAIMED, Step.LOSE): State.LOST,
    (State.VOICED, CLAIMED, Step.AUDIO): ILLEGAL,
    (State.VOICED, CLAIMED, Step.COMPLETE): ILLEGAL,
    (State.VOICED, CLAIMED, Step.LOSE): ILLEGAL,
    (State.LOST, UNCLAIMED, Step.AUDIO): ILLEGAL,
    (State.LOST, UNCLAIMED, Step.COMPLETE): ILLEGAL,
    (State.LOST, UNCLAIMED, Step.LOSE): ILLEGAL,
    (State.LOST, CLAIMED, Step.AUDIO): ILLEGAL,
    (State.LOST, CLAIMED, Step.COMPLETE): ILLEGAL,
    (State.LOST, CLAIMED, Step.LOSE): ILLEGAL,
}
LEGAL_STEPS = [(*case, following) for case, following in EXPECTED.items() if following is not ILLEGAL]
ILLEGAL_STEPS = [case for case, following in EXPECTED.items() if following is ILLEGAL]


def utterance_in(state: State, claimed: bool) -> Utterance:
    """An utterance as it is in this state, one second long where it has a voice."""
    utterance = Utterance("utterance-1", "Bonjour", 0.0, state=state, claimed=claimed)
    if state in (State.VOICING, State.VOICED):
        utterance.samples.append(piece())
        utterance.seconds = 1.0
    if state is State.LOST:
        utterance.lost_reason = LostReason.STALLED
    return utterance


def everything_of(utterance: Utterance) -> dict[str, object]:
    return {**vars(utterance), "samples": list(utterance.samples)}


def test_the_table_has_every_state_every_claim_and_every_step() -> None:
    every = {(state, claimed, step) for state in State for claimed in (False, True) for step in Step}
    assert EXPECTED.keys() == every


@pytest.mark.parametrize(("state", "claimed", "step", "following"), LEGAL_STEPS)
def test_a_legal_step_leads_to_its_state(state: State, claimed: bool, step: Step, following: State) -> None:
    utterance = utterance_in(state, claimed)
    STEPS[step](utterance)
    assert (utterance.state, utterance.claimed) == (following, claimed)


@pytest.mark.parametrize(("state", "claimed", "step", "following"), LEGAL_STEPS)
def test_a_legal_step_notifies_once(state: State, claimed: bool, step: Step, following: State) -> None:
    utterance = utterance_in(state, claimed)
    seen: list[State] = []
    utterance.changed = lambda: seen.append(utterance.state)
    STEPS[step](utterance)
    assert seen == [following]


@pytest.mark.parametrize(("state", "claimed", "step"), ILLEGAL_STEPS)
def test_an_illegal_step_raises_and_changes_nothing(state: State, claimed: bool, step: Step) -> None:
    utterance = utterance_in(state, claimed)
    notified: list[None] = []
    utterance.changed = lambda: notified.append(None)
    before = everything_of(utterance)
    with pytest.raises(IllegalStep):
        STEPS[step](utterance)
    assert (everything_of(utterance), notified) == (before, [])


@pytest.mark.parametrize("state", State)
def test_a_claim_is_possible_in_every_state_and_changes_nothing_else(state: State) -> None:
    utterance = utterance_in(state, UNCLAIMED)
    before = everything_of(utterance)
    utterance.claim()
    assert everything_of(utterance) == {**before, "claimed": True}


@pytest.mark.parametrize("state", State)
def test_a_second_claim_raises_and_changes_nothing(state: State) -> None:
    utterance = utterance_in(state, CLAIMED)
    before = everything_of(utterance)
    with pytest.raises(IllegalStep):
        utterance.claim()
    assert everything_of(utterance) == before


@pytest.mark.parametrize(
    ("state", "done"),
    [(State.RECOGNIZED, False), (State.VOICING, False), (State.VOICED, True), (State.LOST, True)],
)
def test_a_complete_or_lost_voice_alone_is_done(state: State, done: bool) -> None:
    assert utterance_in(state, UNCLAIMED).done is done


def test_audio_is_kept_in_order_and_measured() -> None:
    utterance = utterance_in(State.RECOGNIZED, UNCLAIMED)
    utterance.add(piece(1.0, tag=1))
    utterance.add(piece(0.5, tag=2))
    assert (tags(utterance), utterance.seconds) == ([1, 2], 1.5)


def test_heard_audio_stays_for_the_claimant() -> None:
    utterance = utterance_in(State.VOICING, CLAIMED)
    utterance.lose(LostReason.STALLED)
    assert (len(utterance.samples), utterance.seconds) == (1, 1.0)


def test_heard_audio_is_freed_if_nobody_has_claimed_it() -> None:
    utterance = utterance_in(State.VOICING, UNCLAIMED)
    utterance.lose(LostReason.STALLED)
    assert (utterance.samples, utterance.seconds) == ([], 0.0)


def test_the_reason_of_a_loss_is_kept() -> None:
    utterance = utterance_in(State.RECOGNIZED, UNCLAIMED)
    utterance.lose(LostReason.RECONNECTED)
    assert utterance.lost_reason is LostReason.RECONNECTED


def test_a_translation_is_its_text_and_knows_its_utterance() -> None:
    utterance = utterance_in(State.RECOGNIZED, UNCLAIMED)
    assert (utterance.translation, utterance.translation.utterance) == ("Bonjour", utterance)


def test_a_translation_stays_a_plain_text_to_everyone_else() -> None:
    translation = utterance_in(State.RECOGNIZED, UNCLAIMED).translation
    assert isinstance(translation, Translation)
    assert (translation, hash(translation)) == ("Bonjour", hash("Bonjour"))


def test_a_translation_reaches_another_process_as_its_text() -> None:
    # So do the log records of a job; one that cannot be read ends the log, and then blocks the job.
    arrived = pickle.loads(pickle.dumps(utterance_in(State.RECOGNIZED, UNCLAIMED).translation))
    assert (type(arrived), arrived) == (str, "Bonjour")


def test_one_that_nobody_will_say_keeps_no_sound_but_its_length() -> None:
    utterance = Utterance("utterance-1", "un", 0.0)
    utterance.add(piece())
    utterance.let_go()
    utterance.add(piece())
    utterance.complete()
    assert (utterance.wanted, utterance.claimed, utterance.state) == (False, True, State.VOICED)
    assert (utterance.samples, utterance.seconds) == ([], 2 * piece().seconds)


@pytest.mark.parametrize("state", State)
def test_a_freed_utterance_keeps_the_state_and_the_length_but_no_sound(state: State) -> None:
    utterance = utterance_in(state, CLAIMED)
    seconds = utterance.seconds
    utterance.free_sound()
    assert (utterance.state, utterance.seconds, utterance.samples) == (state, seconds, [])


def test_audio_after_the_sound_was_freed_is_not_kept() -> None:
    utterance = utterance_in(State.VOICING, CLAIMED)
    utterance.free_sound()
    utterance.add(piece())
    utterance.complete()
    assert (utterance.state, utterance.seconds, utterance.samples) == (State.VOICED, 2.0, [])


_SILENCE = Samples(bytes(32000), 16000)


class TestSilence:
    """The service sends zeros for what it cannot speak."""

    def test_silence_before_the_first_sound_is_part_of_the_voice(self) -> None:
        utterance = utterance_in(State.RECOGNIZED, claimed=False)
        utterance.add(_SILENCE)
        assert (utterance.state, utterance.seconds) == (State.RECOGNIZED, 0.0)
        utterance.add(piece(0.5, tag=1))
        utterance.add(_SILENCE)
        assert utterance.samples == [_SILENCE, piece(0.5, tag=1), _SILENCE]
        assert (utterance.state, utterance.seconds) == (State.VOICING, 2.5)

    def test_a_voice_of_silence_has_no_sound(self) -> None:
        utterance = utterance_in(State.RECOGNIZED, claimed=False)
        utterance.add(_SILENCE)
        utterance.lose(LostReason.EMPTY)
        assert (utterance.samples, utterance.lead, utterance.seconds) == ([], [], 0.0)

    def test_silence_without_end_is_not_kept_back_for_ever(self) -> None:
        utterance = utterance_in(State.RECOGNIZED, claimed=False)
        for _ in range(30):
            utterance.add(_SILENCE)
        assert (utterance.state, utterance.seconds) == (State.VOICING, 30.0)


def test_an_utterance_that_is_said_before_its_end_gets_its_text_then() -> None:
    utterance, final = (
        Utterance.begun("utterance-1", 1.0),
        Utterance("utterance-1", "Oui.", 2.0, times=(0.0, 1.0)),
    )
    assert (utterance.is_being_said, utterance.claimed, utterance.done, utterance.text) == (
        True,
        True,
        True,
        "",
    )
    clause = Clause("Oui", utterance)
    utterance.end_as(final)
    assert (utterance.translation, utterance.key, utterance.times) == ("Oui.", final.key, (0.0, 1.0))
    assert clause.utterance.translation.utterance is utterance


def test_an_utterance_whose_beginning_was_said_before_has_a_rest() -> None:
    utterance = Utterance("utterance-1", "Oui, bien sûr.", 1.0)
    assert utterance.unsaid is utterance.translation
    utterance.rest = "bien sûr."
    assert (utterance.unsaid, utterance.unsaid.utterance) == ("bien sûr.", utterance)
