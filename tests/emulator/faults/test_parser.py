from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter.emulator import faults
from livekit_plugins_azure_interpreter.emulator.faults.parser import (
    describe_faults,
    fault_name,
    parse_fault,
    written_fault,
)


def _shortest_text(kind: type[faults.Fault]) -> str:
    """Its name, with the options that it needs."""
    needed = {"status": "503", "at_seconds": "1", "seconds": "1"}
    if kind is faults.ErrorStatus:
        del needed["status"]
    options = [f"{name}={needed[name]}" for name in kind.__dataclass_fields__ if name in needed]
    return " ".join([fault_name(kind), *options])


class TestParse:
    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("hang-handshake", faults.HangHandshake()),
            ("refuse status=503 times=3 from_connection=2", faults.Refuse(503, times=3, from_connection=2)),
            ("drop at_seconds=5 code=1011", faults.Drop(5.0, code=1011)),
            ("drop at_seconds=2.5", faults.Drop(2.5)),
            ("drop at_seconds=5 times=always", faults.Drop(5.0, times=None)),
            ("error-status at_seconds=5 status=Forbidden", faults.ErrorStatus(5.0, "Forbidden")),
            ("unsure-language confidence=Unknown", faults.UnsureLanguage(confidence="Unknown")),
            ("refuse-turn code=4429 turn=2", faults.RefuseTurn(2, code=4429)),
            ("no-voice", faults.NoVoice()),
            ("no-voice utterance=2", faults.NoVoice(2)),
            ("slow-voice seconds=2 language=fr", faults.SlowVoice(seconds=2.0, language="fr")),
            (
                "  stall-voice  utterance=2  seconds=1.5 after=0.25 ",
                faults.StallVoice(2, seconds=1.5, after=0.25),
            ),
        ],
    )
    def test_a_text_is_parsed_to_its_fault(self, text: str, fault: faults.Fault) -> None:
        assert parse_fault(text) == fault

    def test_every_fault_has_a_name(self) -> None:
        assert {kind: type(parse_fault(_shortest_text(kind))) for kind in faults.KINDS} == {
            kind: kind for kind in faults.KINDS
        }

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("", "there is no fault ''; there are: refuse, "),
            ("explode", "there is no fault 'explode'; there are: refuse, "),
            ("drop", "drop needs at_seconds"),
            ("drop at=5", "drop has no option 'at'; it has: .*at_seconds"),
            ("drop at_seconds", "at_seconds of drop must be a number, not ''"),
            ("drop at_seconds=soon", "at_seconds of drop must be a number, not 'soon'"),
            ("no-voice utterance=1.5", "utterance of no-voice must be a number, not '1.5'"),
            ("no-voice utterance=0", "no-voice: utterance must be at least 1, not 0"),
            ("error-status at_seconds=5 status=Bad", "error-status: status must be one of Error, "),
        ],
    )
    def test_an_unknown_text_is_refused_with_the_known_ones(self, text: str, complaint: str) -> None:
        with pytest.raises(ValueError, match=f"^{complaint}"):
            parse_fault(text)


class TestWritten:
    @pytest.mark.parametrize(
        "text",
        [
            "drop at_seconds=5.0 code=1011",
            "no-voice",
            "stall-voice utterance=2 language=fr seconds=1.5 after=0.25",
        ],
    )
    def test_a_fault_is_written_as_it_is_parsed(self, text: str) -> None:
        assert written_fault(parse_fault(text)) == text


class TestDescribe:
    def test_each_fault_has_two_lines(self) -> None:
        assert len(describe_faults().splitlines()) == 2 * len(faults.KINDS)

    def test_descriptions_tell_the_options_and_what_the_fault_is(self) -> None:
        lines = describe_faults().splitlines()
        at = lines.index("  drop at_seconds= [code=] [reason=]")
        assert lines[at + 1] == "      The connection is reset, or closed with a code."
