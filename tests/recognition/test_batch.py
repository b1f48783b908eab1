"""A recording, translated as a whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes.azure import heard, untranslated
from fakes.limits import within
from fakes.recognizer import FakeService
from fakes.room import Audio
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError
from livekit.agents.metrics import STTMetrics
from livekit.agents.stt import SpeechEventType, STTError

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._sdk.events import Connected, Failed

FRAMES = Audio().frames(Audio().silence(0.3))
QUICK = APIConnectOptions(max_retry=2, retry_interval=0.01, timeout=4)


class Told:
    def __init__(self, stt: STT) -> None:
        self.errors: list[STTError] = []
        self.metrics: list[STTMetrics] = []
        stt.on("error", self.errors.append)
        stt.on("metrics_collected", self.metrics.append)


async def test_all_its_frames_are_heard_and_its_utterances_joined(
    make_stt: Callable[..., STT], service: FakeService
) -> None:
    service.replies = [[Connected(), heard("Oui."), untranslated("Hm")]]
    event = await within(make_stt().recognize(FRAMES))
    assert (event.type, event.alternatives[0].text) == (SpeechEventType.FINAL_TRANSCRIPT, "Oui. Hm")
    assert bytes(service.last.written) == Audio().silence(0.3)


async def test_one_frame_is_a_recording(make_stt: Callable[..., STT], service: FakeService) -> None:
    await within(make_stt().recognize(FRAMES[0]))
    assert bytes(service.last.written) == bytes(FRAMES[0].data)


async def test_a_recording_is_reported_once_and_not_as_a_stream(make_stt: Callable[..., STT]) -> None:
    stt = make_stt()
    told = Told(stt)
    event = await within(stt.recognize(FRAMES))
    (metrics,) = [metrics for metrics in told.metrics if metrics.audio_duration]
    assert (metrics.streamed, metrics.request_id) == (False, event.request_id)
    assert metrics.audio_duration == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("code", "error", "recoverable"),
    [
        ("ConnectionFailure", APIConnectionError, [True, True, False]),
        ("AuthenticationFailure", APIStatusError, [False]),
    ],
)
async def test_each_failed_attempt_is_one_error(
    make_stt: Callable[..., STT],
    service: FakeService,
    code: str,
    error: type[Exception],
    recoverable: list[bool],
) -> None:
    service.replies = [[Failed(code, "")]]
    stt = make_stt()
    told = Told(stt)
    with pytest.raises(error):
        await within(stt.recognize(FRAMES, conn_options=QUICK))
    assert [one.recoverable for one in told.errors] == recoverable
    assert len(service.recognizers) == len(recoverable)
