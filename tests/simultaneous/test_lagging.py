from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._simultaneous.lagging import average_lagging_seconds, ear_voice_spans


class TestAverageLagging:
    def test_average_lagging_is_nothing_for_an_interpreter_who_says_every_word_at_once(self) -> None:
        assert average_lagging_seconds([0.0, 1.0, 2.0, 3.0], 4.0) == 0.0

    def test_average_lagging_is_the_distance_of_one_who_is_always_as_far_behind(self) -> None:
        assert average_lagging_seconds([1.5, 2.5, 3.5], 4.0) == pytest.approx(
            (1.5 + 2.5 - 4 / 3 + 3.5 - 8 / 3) / 3
        )

    def test_average_lagging_is_the_whole_speech_where_all_is_said_after_it(self) -> None:
        assert average_lagging_seconds([20.0] * 10, 20.0) == 20.0

    def test_average_lagging_is_nothing_where_nothing_was_said(self) -> None:
        assert average_lagging_seconds([], 20.0) == 0.0


def test_each_word_is_behind_its_place_in_the_speech() -> None:
    assert ear_voice_spans([2.0, 2.0, 4.0, 4.0], 4.0) == [2.0, 1.0, 2.0, 1.0]
