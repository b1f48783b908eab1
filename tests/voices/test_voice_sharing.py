"""Whether the service voices several languages over one connection, by the voices that come."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._voices.voice_sharing import VoiceSharing


@pytest.fixture
def reasons() -> list[str]:
    return []


@pytest.fixture
def sharing(reasons: list[str]) -> VoiceSharing:
    sharing = VoiceSharing()
    sharing.on_refused = reasons.append
    return sharing


class TestVoiceSharing:
    def test_voices_in_two_languages_show_that_it_does(self, sharing: VoiceSharing) -> None:
        sharing.heard("fr")
        assert not sharing.is_shared
        sharing.heard("de")
        assert sharing.is_shared

    def test_voices_in_one_language_show_nothing(self, sharing: VoiceSharing) -> None:
        sharing.heard("fr")
        sharing.heard("fr")
        assert not sharing.is_shared

    def test_two_missing_voices_beside_others_show_that_it_does_not(
        self, sharing: VoiceSharing, reasons: list[str]
    ) -> None:
        sharing.heard("fr")
        sharing.missed("de")
        assert reasons == []
        sharing.missed("de")
        assert reasons == ["it voices one language only"]

    def test_one_missing_voice_in_each_language_shows_nothing(
        self, sharing: VoiceSharing, reasons: list[str]
    ) -> None:
        sharing.heard("fr")
        sharing.missed("de")
        sharing.missed("ja")
        assert reasons == []

    def test_missing_voices_show_nothing_while_none_comes_at_all(
        self, sharing: VoiceSharing, reasons: list[str]
    ) -> None:
        for _ in range(5):
            sharing.missed("de")
        assert reasons == []

    def test_missing_voices_in_a_language_that_was_heard_show_nothing(
        self, sharing: VoiceSharing, reasons: list[str]
    ) -> None:
        sharing.heard("fr")
        for _ in range(5):
            sharing.missed("fr")
        assert reasons == []

    def test_an_answer_is_for_good(self, sharing: VoiceSharing, reasons: list[str]) -> None:
        sharing.heard("fr")
        sharing.heard("de")
        for _ in range(5):
            sharing.missed("ja")
        sharing.refused("it says so")
        assert (sharing.is_shared, reasons) == (True, [])

    def test_a_refusal_is_told_once(self, sharing: VoiceSharing, reasons: list[str]) -> None:
        sharing.refused("it says so")
        sharing.refused("it says so again")
        sharing.heard("fr")
        sharing.heard("de")
        assert (sharing.is_shared, reasons) == (False, ["it says so"])

    def test_a_refusal_may_be_told_to_nobody(self) -> None:
        sharing = VoiceSharing()
        sharing.refused("it says so")
        assert not sharing.is_shared
