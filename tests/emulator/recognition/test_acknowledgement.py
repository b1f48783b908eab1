from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter.emulator.recognition.acknowledgement import (
    Acknowledgement,
    Acknowledges,
)


def _begun(how: Acknowledges) -> Acknowledgement:
    """In a turn whose audio begins at 20 s of its session."""
    return Acknowledgement(how, "r1", 20.0)


class TestAcknowledgement:
    @pytest.mark.parametrize(("how", "offset"), [("both", "10000000"), ("headers", "210000000")])
    def test_headers_tell_a_position_and_a_token(self, how: Acknowledges, offset: str) -> None:
        assert _begun(how).up_to(21.0) == {
            "X-Continuation-Token": "r1",
            "X-Continuation-Audio-Streams-1-Offset": offset,
        }

    def test_results_that_acknowledge_alone_have_no_headers(self) -> None:
        assert _begun("results").up_to(21.0) == {}

    @pytest.mark.parametrize("how", ["both", "results", "headers"])
    def test_the_position_never_goes_back(self, how: Acknowledges) -> None:
        acknowledgement = _begun(how)
        assert acknowledgement.until == 20.0
        acknowledgement.up_to(22.0)
        acknowledgement.up_to(21.0)
        assert acknowledgement.until == 22.0

    @pytest.mark.parametrize("how", ["both", "results"])
    def test_a_turn_opens_without_headers(self, how: Acknowledges) -> None:
        assert _begun(how).opening() == {}

    def test_a_turn_in_which_headers_alone_acknowledge_opens_with_its_start(self) -> None:
        assert _begun("headers").opening()["X-Continuation-Audio-Streams-1-Offset"] == "200000000"

    @pytest.mark.parametrize(
        ("how", "offset"), [("both", 10_000_000), ("results", 10_000_000), ("headers", 210_000_000)]
    )
    def test_a_span_is_a_place_in_the_turn_or_in_the_session(self, how: Acknowledges, offset: int) -> None:
        assert _begun(how).span(21.0, 21.5) == {"Offset": offset, "Duration": 5_000_000}
