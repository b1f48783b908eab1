from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter.emulator.recognition.address import Address

_PATH = "/speech/universal/v2"


class TestAddress:
    def test_an_address_without_parameters_asks_for_nothing(self) -> None:
        assert Address.parse(_PATH, {}) == Address(mode="", connection_seconds=None, commits=False)

    def test_an_address_can_bound_the_age_of_the_connection(self) -> None:
        assert Address.parse(_PATH, {"maxConnectionDurationSecs": "15"}).connection_seconds == 15.0

    @pytest.mark.parametrize("seconds", ["", "0", "-1", "soon", "inf", "1e3", "²", "9" * 5000])
    def test_an_age_that_is_no_whole_number_of_seconds_is_none(self, seconds: str) -> None:
        assert Address.parse(_PATH, {"maxConnectionDurationSecs": seconds}).connection_seconds is None

    @pytest.mark.parametrize(
        ("features", "commits"), [("forcecommit", True), ("other,forcecommit", True), ("other", False)]
    )
    def test_an_address_can_ask_for_answers_to_commits(self, features: str, commits: bool) -> None:
        assert Address.parse(_PATH, {"setfeature": features}).commits is commits

    @pytest.mark.parametrize(
        ("path", "mode"),
        [
            ("/speech/recognition/interactive/cognitiveservices/v1", "interactive"),
            ("/stt/speech/recognition/conversation/cognitiveservices/v1", "conversation"),
            ("/speech/universal/v2", ""),
        ],
    )
    def test_the_mode_of_a_host_is_in_the_path(self, path: str, mode: str) -> None:
        assert Address.parse(path, {}).mode == mode
