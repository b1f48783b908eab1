"""One speech: what was said, what has its result, and the streams that hear it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fakes.azure import phrase
from fakes.fixtures import Until
from fakes.limits import within
from fakes.recognizer import FakeService
from fakes.room import Audio
from livekit.agents import APIConnectionError, APIConnectOptions
from livekit.agents.stt import SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter import STT, Resource, SpeechResources
from livekit_plugins_azure_interpreter._interpreting.recognized_speech import (
    RecognizedSpeech,
    give_back_reserved,
    open_connections,
    reserve_place,
)
from livekit_plugins_azure_interpreter._sdk.events import Connected, Failed, Recognized, SpeechStarted
from livekit_plugins_azure_interpreter.speech_resources import places_of

ONCE = APIConnectOptions(max_retry=0, timeout=4)


class Told:
    """A speech, and all that it told.

    Attributes:
        waits: Before each next stream, in seconds; there is none when they are used up.
    """

    def __init__(self, stt: STT, **options: Any) -> None:
        self.stt = stt
        self.waits: list[float] = []
        self.events: list[SpeechEvent] = []
        self.ended: list[BaseException | None] = []
        self.resumed = 0
        self.speech = RecognizedSpeech(
            stt,
            conn_options=ONCE,
            heard=self.events.append,
            ended=self.ended.append,
            retry=lambda error: self.waits.pop(0) if self.waits else None,
            resumed=self._resume,
            **options,
        )

    def push(self, pcm: bytes) -> None:
        for frame in Audio().frames(pcm):
            self.speech.push(frame)

    @property
    def finals(self) -> list[str]:
        kind = SpeechEventType.FINAL_TRANSCRIPT
        return [str(event.alternatives[0].text) for event in self.events if event.type is kind]

    def _resume(self) -> None:
        self.resumed += 1


@pytest.fixture
async def told(make_stt: Callable[..., STT], until: Until, service: FakeService) -> AsyncIterator[Told]:
    told = Told(make_stt())
    await until(lambda: service.recognizers and service.last.started)
    yield told
    await told.speech.aclose()


async def test_a_speech_is_recognized_when_nobody_speaks(
    told: Told, service: FakeService, until: Until
) -> None:
    assert told.speech.is_recognized
    assert open_connections(told.stt) == 1
    service.last.post(SpeechStarted(0.1))
    await until(lambda: not told.speech.is_recognized)
    service.last.post(Recognized(phrase("hello", "bonjour", offset=0.1)))
    await until(lambda: told.speech.is_recognized)


async def test_a_sound_is_speech_until_a_result_covers_it(
    told: Told, service: FakeService, until: Until
) -> None:
    told.push(Audio().burst(0.6) + Audio().silence(0.5))
    assert told.speech.pushed_seconds == pytest.approx(1.1)
    assert not told.speech.is_recognized
    service.last.post(Recognized(phrase("hello", "bonjour", offset=0.1)))
    await until(lambda: told.speech.is_recognized)


async def test_a_position_is_recognized_while_somebody_speaks_on(
    told: Told, service: FakeService, until: Until
) -> None:
    told.push(Audio().burst(0.6) + Audio().silence(0.5) + Audio().burst(0.6))
    assert not told.speech.is_recognized_until(0.5)
    service.last.post(Recognized(phrase("hello", "bonjour", offset=0.1)))
    await until(lambda: told.finals)
    assert told.speech.is_recognized_until(0.5)
    assert not told.speech.is_recognized_until(1.5)


async def test_a_speech_is_silent_after_a_pause_that_ends_an_utterance(
    told: Told, service: FakeService, until: Until
) -> None:
    told.push(Audio().burst(0.6))
    service.last.post(Recognized(phrase("hello", "bonjour", offset=0.1)))
    await until(lambda: told.finals)
    assert not told.speech.is_silent
    told.push(Audio().silence(0.7))
    assert told.speech.is_silent
    told.stt.update_options(segmentation_silence_timeout_ms=2000)
    assert not told.speech.is_silent


async def test_a_speech_ends_when_all_has_its_result(told: Told, service: FakeService, until: Until) -> None:
    service.last.post(Recognized(phrase("hello", "bonjour")))
    told.speech.end_input()
    await until(lambda: told.speech.is_over)
    assert (told.finals, told.ended) == (["bonjour"], [None])
    assert told.speech.is_recognized
    assert open_connections(told.stt) == 0
    told.push(Audio().silence(0.02))
    assert told.speech.pushed_seconds == 0.0


async def test_a_failure_that_is_not_tried_again_is_the_end(
    told: Told, service: FakeService, until: Until
) -> None:
    service.last.post(Connected(), Failed("BadRequest", "no"))
    await until(lambda: told.ended)
    assert "BadRequest" in str(told.ended[0])
    assert not told.speech.is_open


async def test_another_stream_takes_the_place_of_one_that_fails(
    told: Told, service: FakeService, until: Until
) -> None:
    told.waits = [0.0]
    service.last.post(Connected(), Failed("BadRequest", "no"))
    await until(lambda: told.resumed and len(service.recognizers) == 2 and service.last.started)
    assert told.speech.is_open
    service.last.post(Recognized(phrase("hello", "bonjour", offset=0.1)))
    told.speech.end_input()
    await until(lambda: told.speech.is_over)
    assert (told.finals, told.ended) == (["bonjour"], [None])


async def test_closing_stops_at_once(told: Told, service: FakeService) -> None:
    told.push(Audio().burst(0.6))
    await within(told.speech.aclose())
    assert service.last.closed
    assert told.ended == [None]


async def test_a_stream_connects_at_the_place_that_was_reserved(
    make_stt: Callable[..., STT], service: FakeService, until: Until
) -> None:
    resources = SpeechResources(
        [Resource(speech_key=f"{region}-key", speech_region=region) for region in ("westeurope", "eastus")]
    )
    places = places_of(resources, "recognition")
    single = {"speech_key": None, "speech_region": None}
    stt = make_stt(**single, speech_resources=resources)
    near = await places.take(0.0)
    near.failed()
    far = await places.take_instead([near], APIConnectionError("away"))
    assert far is not None
    reserve_place(stt, far)
    speech = Told(stt).speech
    await until(lambda: service.recognizers)
    assert service.last.options.credentials.key == "eastus-key"
    await within(speech.aclose())
    assert far.is_released
    reserve_place(stt, near)
    give_back_reserved(stt)
    assert near.is_released


async def test_an_stt_with_one_credential_has_nothing_reserved(make_stt: Callable[..., STT]) -> None:
    give_back_reserved(make_stt())
