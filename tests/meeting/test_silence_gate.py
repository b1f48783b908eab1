"""What of a speaker's audio is sent: all that belongs to speech, and nothing of the silence between."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from livekit import rtc

from livekit_plugins_azure_interpreter._meeting.silence_gate import SilenceGate

MS_HZ = 16
"""Samples in a millisecond."""


class Stage:
    """A gate, and an Azure that needs some time after a voice.

    Attributes:
        sent: The milliseconds of audio that were sent, in order.
        asked: How often the gate asked whether there is a voice.
        is_waiting: Azure has not answered yet, whatever was said.
    """

    def __init__(self, *voices: tuple[int, int], answer_ms: int = 1000) -> None:
        self.sent: list[int] = []
        self.asked = 0
        self.is_waiting = False
        self._voices = voices
        self._answer_ms = answer_ms
        self._pushed_ms = 0
        self._gate = SilenceGate(self._send, is_silent=self._is_silent, is_voice=self._is_voice)

    def push(self, until_ms: int, *, frame_ms: int = 20) -> None:
        """Audio until here, in which each sample tells its millisecond."""
        while self._pushed_ms < until_ms:
            start, self._pushed_ms = self._pushed_ms, self._pushed_ms + frame_ms
            samples = np.arange(start, self._pushed_ms, dtype="<u2").repeat(MS_HZ)
            self._gate.push(rtc.AudioFrame(samples.tobytes(), 1000 * MS_HZ, 1, len(samples)))

    def withheld(self) -> list[tuple[int, int]]:
        """The stretches of audio that were not sent."""
        stretches: list[tuple[int, int]] = []
        for ms in sorted(set(range(self._pushed_ms)) - set(self.sent)):
            if stretches and stretches[-1][1] == ms:
                stretches[-1] = stretches[-1][0], ms + 1
            else:
                stretches.append((ms, ms + 1))
        return stretches

    def _send(self, frame: rtc.AudioFrame) -> None:
        self.sent += np.frombuffer(frame.data, "<u2")[::MS_HZ].tolist()

    def _is_silent(self) -> bool:
        under_way = (start < self._pushed_ms <= end + self._answer_ms for start, end in self._voices)
        return not self.is_waiting and not any(under_way)

    def _is_voice(self, pcm: bytes) -> bool:
        self.asked += 1
        heard = np.frombuffer(pcm, "<u2")
        return any(start <= ms < end for start, end in self._voices for ms in heard.tolist())


def test_the_first_second_is_sent_and_then_nothing_in_a_silence() -> None:
    stage = Stage()
    stage.push(14_000)
    assert stage.withheld() == [(1000, 14_000)]


@pytest.mark.parametrize("start_ms", range(5000, 5100, 17))
@pytest.mark.parametrize("frame_ms", [10, 20, 30, 100])
def test_a_voice_is_sent_whole_with_half_a_second_before_it(start_ms: int, frame_ms: int) -> None:
    stage = Stage((start_ms, 8000))
    stage.push(14_000, frame_ms=frame_ms)
    (_, first_ms), (last_ms, _) = stage.withheld()
    assert start_ms - 740 <= first_ms <= start_ms - 500
    assert 9000 <= last_ms <= 9200


def test_the_audio_is_sent_in_order_and_once() -> None:
    stage = Stage((3000, 4000), (6000, 6100), (6900, 7000), (12_000, 12_040))
    stage.push(20_000)
    assert stage.sent == sorted(set(stage.sent))


def test_a_voice_that_comes_back_before_the_gate_knows_loses_nothing() -> None:
    stage = Stage((3000, 4000), (5110, 6000))
    stage.push(14_000)
    assert [start for start, _ in stage.withheld()] == [1000, 7100]


def test_a_voice_that_azure_does_not_notice_is_sent_whole() -> None:
    stage = Stage((3000, 9000), answer_ms=-6000)
    stage.push(14_000)
    (_, first_ms), (last_ms, _) = stage.withheld()
    assert first_ms == 2500
    assert last_ms >= 9000


def test_a_result_that_is_late_is_waited_for() -> None:
    stage = Stage((3000, 4000))
    stage.push(4000)
    stage.is_waiting = True
    stage.push(20_000)
    stage.is_waiting = False
    stage.push(21_000)
    assert [start for start, _ in stage.withheld()] == [1000, 20_100]


def test_a_start_of_speech_that_azure_alone_has_noticed_opens_it() -> None:
    stage = Stage()
    stage.push(5000)
    stage.is_waiting = True
    stage.push(6000)
    assert stage.withheld() == [(1000, 4500)]


def test_a_long_silence_is_sent_a_tenth_of_a_second_every_15_s() -> None:
    stage = Stage()
    stage.push(60_000)
    withheld = stage.withheld()
    assert [later[0] - earlier[1] for earlier, later in pairwise(withheld)] == [100, 100, 100]
    assert all(end - start <= 15_000 for start, end in withheld)


def test_no_voice_is_looked_for_while_it_is_open() -> None:
    stage = Stage((0, 10_000))
    stage.push(10_000)
    assert stage.asked == 0
