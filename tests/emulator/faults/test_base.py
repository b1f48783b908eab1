"""What no fault can be."""

from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import faults
from livekit_plugins_azure_interpreter.emulator.faults.base import check_reason


class TestArguments:
    def test_every_kind_is_explained(self) -> None:
        assert all(kind.__doc__ and not kind.__doc__.startswith(kind.__name__) for kind in faults.KINDS)

    def test_the_first_needs_no_name(self) -> None:
        assert (faults.Refuse(503), faults.Drop(2.0), faults.NoVoice(3)) == (
            faults.Refuse(status=503),
            faults.Drop(at_seconds=2.0),
            faults.NoVoice(utterance=3),
        )

    @pytest.mark.parametrize(
        ("kind", "arguments", "complaint"),
        [
            (faults.Refuse, {"status": 200}, "status must be from 400 to 599, not 200"),
            (faults.Refuse, {"status": 503, "times": 0}, "times must be at least 1, not 0"),
            (faults.Refuse, {"status": 503, "from_connection": 0}, "from_connection"),
            (faults.Drop, {"at_seconds": -1.0}, "at_seconds"),
            (faults.Drop, {"at_seconds": float("nan")}, "at_seconds"),
            (faults.Drop, {"at_seconds": 1.0, "code": 70_000}, "code"),
            (faults.Away, {"at_seconds": 1.0, "seconds": -1.0}, "seconds"),
            (faults.NoVoice, {"utterance": 0}, "utterance"),
            (faults.StallVoice, {"seconds": 1.0, "after": 1.5}, "after"),
            (faults.RefuseTurn, {"turn": 0}, "turn"),
            (faults.RefuseTurn, {"code": 999}, "code"),
            (faults.VoiceFormat, {"channels": 0}, "channels"),
            (faults.LongVoice, {"factor": 0}, "factor"),
        ],
        ids=lambda value: value.__name__ if isinstance(value, type) else "",
    )
    def test_an_impossible_argument_is_refused_by_name(
        self, kind: type[faults.Fault], arguments: dict[str, Any], complaint: str
    ) -> None:
        with pytest.raises(ValueError, match=complaint):
            kind(**arguments)


def test_a_reason_that_no_close_frame_can_hold_is_refused() -> None:
    check_reason("é" * 61)
    with pytest.raises(ValueError, match="at most 123 bytes"):
        check_reason("é" * 62)
