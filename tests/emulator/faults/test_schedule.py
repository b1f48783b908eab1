from __future__ import annotations

from livekit_plugins_azure_interpreter.emulator.faults import (
    BadJson,
    Drop,
    DropText,
    EndWithoutOffset,
    HangHandshake,
    LongVoice,
    Mute,
    MuteText,
    NoVoice,
    Refuse,
    RefuseTurn,
    SlowVoice,
)
from livekit_plugins_azure_interpreter.emulator.faults.schedule import FaultSchedule, UtteranceFaults


class TestHandshake:
    def test_nothing_happens_without_a_fault(self) -> None:
        assert FaultSchedule().at_handshake() is None

    def test_one_fault_happens_at_a_time_in_order(self) -> None:
        faults = FaultSchedule([Refuse(503), HangHandshake()])
        assert [faults.at_handshake() for _ in range(3)] == [Refuse(503), HangHandshake(), None]

    def test_a_fault_of_a_handshake_may_always_happen(self) -> None:
        faults = FaultSchedule([Refuse(503, times=None)])
        assert all(faults.at_handshake() for _ in range(100))

    def test_a_fault_of_a_handshake_waits_for_its_connection(self) -> None:
        faults = FaultSchedule([Refuse(503, from_connection=3, times=2)])
        happened = [faults.at_handshake() is not None for _ in range(6)]
        assert happened == [False, False, True, True, False, False]


class TestPosition:
    def test_a_fault_happens_once_when_its_position_is_reached(self) -> None:
        faults = FaultSchedule([Drop(2.0)])
        happened = [faults.at_position(at, at + 1.0) for at in (0.0, 1.0, 2.0, 0.0, 1.0)]
        assert happened == [[], [Drop(2.0)], [], [], []]

    def test_each_connection_may_reach_it_anew(self) -> None:
        faults = FaultSchedule([Drop(2.0, times=2)])
        assert [len(faults.at_position(1.0, 3.0)) for _ in range(3)] == [1, 1, 0]

    def test_one_that_was_passed_elsewhere_does_not_happen(self) -> None:
        assert FaultSchedule([Drop(2.0)]).at_position(3.0, 4.0) == []

    def test_several_happen_at_once(self) -> None:
        assert FaultSchedule([Drop(1.0), Mute(2.0)]).at_position(0.0, 2.0) == [Drop(1.0), Mute(2.0)]


class TestUtterance:
    def test_utterances_are_counted_from_one(self) -> None:
        faults = FaultSchedule([NoVoice(2)])
        happened = [faults.of_next_utterance().get(NoVoice) is not None for _ in range(4)]
        assert happened == [False, True, False, False]

    def test_several_happen_to_one(self) -> None:
        first = FaultSchedule([SlowVoice(1, seconds=2.0), LongVoice(1)]).of_next_utterance()
        assert (first.get(SlowVoice), first.get(LongVoice)) == (SlowVoice(1, seconds=2.0), LongVoice(1))

    def test_other_kinds_do_not_use_it_up(self) -> None:
        faults = FaultSchedule([NoVoice()])
        faults.at_handshake()
        faults.at_position(0.0, 100.0)
        assert faults.of_next_utterance().get(NoVoice)

    def test_one_of_several_kinds_can_be_asked_for(self) -> None:
        happening = UtteranceFaults([NoVoice()])
        assert (
            happening.any(LongVoice, NoVoice),
            happening.any(LongVoice),
            UtteranceFaults().any(NoVoice),
        ) == (
            True,
            False,
            False,
        )


class TestTexts:
    def test_one_text_is_meant_or_each(self) -> None:
        faults = FaultSchedule([DropText(text=2), MuteText(times=1), NoVoice()])
        happened = [faults.of_next_text() for _ in range(3)]
        assert happened == [MuteText(times=1), DropText(text=2), None]


class TestTurns:
    def test_one_turn_is_meant_or_each(self) -> None:
        faults = FaultSchedule([RefuseTurn(2), EndWithoutOffset(), NoVoice()])
        turns = [faults.of_next_turn() for _ in range(3)]
        assert [turn.any(RefuseTurn) for turn in turns] == [False, True, False]
        assert all(turn.any(EndWithoutOffset) for turn in turns)

    def test_a_fault_of_turns_happens_as_often_as_it_says(self) -> None:
        faults = FaultSchedule([RefuseTurn(times=2)])
        assert [faults.of_next_turn().any(RefuseTurn) for _ in range(3)] == [True, True, False]


def test_each_fault_that_happens_is_told() -> None:
    told: list[object] = []
    never, once = NoVoice(utterance=2), NoVoice(utterance=1)
    schedule = FaultSchedule([never, once], struck=told.append)
    schedule.of_next_utterance()
    assert told == [once]


class TestVoice:
    _FRENCH = UtteranceFaults([NoVoice(language="fr")])

    def test_a_fault_of_one_language_happens_to_the_voice_in_it(self) -> None:
        assert self._FRENCH.of_voice("fr").get(NoVoice) == NoVoice(language="fr")

    def test_a_fault_of_one_language_happens_to_its_regions(self) -> None:
        assert self._FRENCH.of_voice("fr-CA").any(NoVoice)

    def test_a_fault_of_one_language_happens_to_no_other(self) -> None:
        assert not self._FRENCH.of_voice("de").any(NoVoice)

    def test_a_fault_of_one_language_waits_for_a_voice_in_it(self) -> None:
        faults = FaultSchedule([NoVoice(language="fr", times=1)])
        spoken = (["de"], [], ["de", "fr"], ["fr"])
        happened = [faults.of_next_utterance(languages).any(NoVoice) for languages in spoken]
        assert happened == [False, False, True, False]

    def test_a_fault_without_a_language_happens_to_the_voice_in_each(self) -> None:
        faults = UtteranceFaults([NoVoice(), BadJson()])
        assert all(faults.of_voice("de").any(kind) for kind in (NoVoice, BadJson))
