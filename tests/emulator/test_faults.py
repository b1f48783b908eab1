"""Faults: how often and when they happen, and how the command line names them."""

from __future__ import annotations

import dataclasses

import pytest

from livekit_plugins_azure_interpreter.emulator import faults as f


class TestTimes:
    def test_a_fault_happens_once_unless_told(self) -> None:
        faults = f.Faults([f.NoVoice()])
        happened = [faults.of_next_utterance().get(f.NoVoice) is not None for _ in range(3)]
        assert happened == [True, False, False]

    @pytest.mark.parametrize(("times", "expected"), [(0, 0), (2, 2), (None, 4)])
    def test_it_happens_so_many_times_or_always(self, times: int | None, expected: int) -> None:
        faults = f.Faults([f.NoVoice(times=times)])
        assert sum(faults.of_next_utterance().get(f.NoVoice) is not None for _ in range(4)) == expected


class TestHandshakes:
    def test_one_happens_from_its_connection_on(self) -> None:
        refusal = f.Refuse(status=503, from_connection=2, times=2)
        faults = f.Faults([refusal])
        assert [faults.at_handshake(number) for number in (1, 2, 3, 4)] == [None, refusal, refusal, None]

    def test_one_at_a_time_happens(self) -> None:
        first, second = f.Refuse(status=503), f.Refuse(status=429)
        faults = f.Faults([first, second])
        assert [faults.at_handshake(number) for number in (1, 2, 3)] == [first, second, None]


class TestPositions:
    def test_one_happens_as_the_audio_reaches_it(self) -> None:
        drop = f.Drop(at_seconds=5.0)
        faults = f.Faults([drop])
        steps = [(0.0, 4.9), (4.9, 5.0), (5.0, 6.0)]
        assert [faults.at_position(before, now) for before, now in steps] == [[], [drop], []]

    def test_all_that_are_reached_happen(self) -> None:
        both = [f.Mute(at_seconds=1.0), f.Drop(at_seconds=2.0)]
        assert f.Faults(both).at_position(0.0, 3.0) == both

    def test_what_was_passed_before_the_session_began_does_not_happen(self) -> None:
        assert f.Faults([f.Drop(at_seconds=1.0)]).at_position(2.0, 3.0) == []


class TestUtterances:
    def test_one_happens_to_its_utterance(self) -> None:
        faults = f.Faults([f.NoVoice(utterance=2)])
        happened = [faults.of_next_utterance().get(f.NoVoice) is not None for _ in range(3)]
        assert happened == [False, True, False]

    def test_several_happen_to_the_same(self) -> None:
        taken = f.Faults([f.SlowVoice(seconds=1.0), f.OddChunks()]).of_next_utterance()
        assert taken.get(f.SlowVoice) == f.SlowVoice(seconds=1.0)
        assert taken.get(f.OddChunks) == f.OddChunks()
        assert taken.get(f.NoVoice) is None


class TestParse:
    @pytest.mark.parametrize("kind", f.KINDS, ids=f.fault_name)
    def test_every_fault_can_be_named_with_all_its_options(self, kind: type[f.Fault]) -> None:
        options = {field.name: 3 for field in dataclasses.fields(kind)}
        text = " ".join([f.fault_name(kind), *(f"{name}={value}" for name, value in options.items())])
        assert f.parse_fault(text) == kind(**options)

    @pytest.mark.parametrize("kind", f.KINDS, ids=f.fault_name)
    def test_every_fault_says_what_happens(self, kind: type[f.Fault]) -> None:
        assert kind.__doc__
        assert not kind.__doc__.startswith(kind.__name__)

    def test_a_share_or_a_time_may_have_a_fraction(self) -> None:
        assert f.parse_fault("stall-voice seconds=1.5 after=0.25") == f.StallVoice(seconds=1.5, after=0.25)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("earthquake", "there is no fault 'earthquake'; there are: refuse, "),
            ("drop at_seconds=5 colour=3", "drop has no option 'colour'; it has: "),
            ("drop at_seconds=soon", "at_seconds of drop must be a number, not 'soon'"),
            ("drop at_seconds=5 code=1.5", "code of drop must be a number, not '1.5'"),
            ("drop", "drop needs at_seconds"),
        ],
    )
    def test_a_mistake_is_told_with_what_there_is(self, text: str, says: str) -> None:
        with pytest.raises(ValueError, match=says.replace("(", r"\(")):
            f.parse_fault(text)

    def test_names_are_in_kebab_case(self) -> None:
        assert f.fault_name(f.DropInVoice) == "drop-in-voice"
