"""Streams of one speaker, one after another: what each hears, and when there is no other one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from fakes.azure import phrase
from fakes.fixtures import Until
from fakes.limits import within
from fakes.recognizer import FakeService
from fakes.room import Audio
from livekit.agents import APIConnectOptions, APIError
from livekit.agents.stt import SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter import STT, SpeechForgotten
from livekit_plugins_azure_interpreter._interpreting.stream_succession import StreamSuccession
from livekit_plugins_azure_interpreter._sdk.events import Connected, Failed, Recognized

ONCE = APIConnectOptions(max_retry=0, timeout=4)
FAILURE = Failed("BadRequest", "no")
WORD = Audio().burst(0.6)


class Line:
    """A succession of streams, and all that it told.

    Attributes:
        waits: Before each next stream, in seconds; there is none when they are used up.
        meanwhile: Called when a stream has failed.
    """

    def __init__(self, stt: STT) -> None:
        self.waits: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.errors: list[BaseException | None] = []
        self.resumed: list[float] = []
        self.events: list[SpeechEvent] = []
        self.streams = StreamSuccession(stt, ONCE, retry=self._retry, resumed=self.resumed.append)
        self.listening = asyncio.create_task(self.streams.listen(self.events.append))

    def push(self, pcm: bytes) -> None:
        for frame in Audio().frames(pcm):
            self.streams.push(frame)

    @property
    def finals(self) -> list[str]:
        kind = SpeechEventType.FINAL_TRANSCRIPT
        return [str(event.alternatives[0].text) for event in self.events if event.type is kind]

    def _retry(self, error: BaseException | None) -> float | None:
        self.errors.append(error)
        assert self.streams.is_waiting
        self.meanwhile()
        return self.waits.pop(0) if self.waits else None


@pytest.fixture
def stt(make_stt: Callable[..., STT]) -> STT:
    return make_stt(kept_audio_seconds=10.0)


@pytest.fixture
async def line(stt: STT, until: Until, service: FakeService) -> AsyncIterator[Line]:
    line = Line(stt)
    await until(lambda: service.recognizers and service.last.started)
    yield line
    line.listening.cancel()
    await asyncio.wait({line.listening})
    await line.streams.aclose()
    assert service.last.closed


async def test_events_are_heard_until_all_that_was_said_is_recognized(
    line: Line, service: FakeService
) -> None:
    service.last.post(Recognized(phrase("hello", "bonjour")))
    assert not line.streams.is_input_ended
    line.streams.end_input()
    line.streams.end_input()
    assert line.streams.is_input_ended
    await within(line.listening)
    assert line.finals == ["bonjour"]
    assert line.errors == []


async def test_a_stream_that_fails_without_another_is_an_error(line: Line, service: FakeService) -> None:
    service.last.post(Connected(), FAILURE)
    with pytest.raises(APIError, match="BadRequest"):
        await within(line.listening)
    assert len(line.errors) == 1


async def test_another_stream_hears_first_what_was_not_recognized(
    line: Line, service: FakeService, until: Until
) -> None:
    line.waits = [0.0]
    line.meanwhile = lambda: line.push(Audio().silence(0.4))
    line.push(WORD)
    await until(lambda: len(service.last.written) >= len(WORD))
    service.last.post(Connected(), FAILURE)
    await until(lambda: len(service.recognizers) == 2 and service.last.started)
    line.streams.end_input()
    service.last.post(Recognized(phrase("hello", "bonjour")))
    await within(line.listening)
    assert bytes(service.last.written).startswith(WORD)
    assert not line.streams.is_waiting
    assert line.resumed == [pytest.approx(1.0)]
    assert line.finals == ["bonjour"]


async def test_a_failed_stream_is_not_replaced_when_nothing_is_left_to_recognize(
    line: Line, service: FakeService
) -> None:
    line.waits = [1e6]
    line.meanwhile = line.streams.end_input
    service.last.post(Connected(), FAILURE)
    with pytest.raises(APIError):
        await within(line.listening)
    assert len(service.recognizers) == 1


async def test_the_end_of_a_speech_is_still_recognized_by_another_stream(
    line: Line, service: FakeService, until: Until
) -> None:
    line.waits = [0.05]
    line.meanwhile = line.streams.end_input
    line.push(WORD)
    await until(lambda: len(service.last.written) >= len(WORD))
    service.last.post(Connected(), FAILURE)
    await within(line.listening)
    assert len(service.recognizers) == 2
    assert service.last.audio_ended


async def test_speech_is_given_up_when_the_next_stream_would_come_too_late(
    line: Line, stt: STT, service: FakeService, until: Until
) -> None:
    forgotten: list[SpeechForgotten] = []
    stt.on("speech_forgotten", forgotten.append)
    line.waits = [11.0]
    line.meanwhile = line.streams.end_input
    line.push(WORD)
    await until(lambda: len(service.last.written) >= len(WORD))
    service.last.post(Connected(), FAILURE)
    with pytest.raises(APIError):
        await within(line.listening)
    assert [one.seconds for one in forgotten] == [pytest.approx(0.6, abs=0.1)]


async def test_speech_that_is_kept_has_the_languages_of_its_time(
    line: Line, stt: STT, service: FakeService, until: Until
) -> None:
    line.waits = [0.2]
    said = Audio().silence(0.6) + WORD

    def other_language() -> None:
        line.push(said)
        stt.update_options(target_languages=["de"])
        line.push(said)

    line.meanwhile = other_language
    service.last.post(Connected(), FAILURE)
    await until(lambda: len(service.recognizers) == 3 and service.last.started)
    line.streams.end_input()
    await until(lambda: service.last.audio_ended)
    _, first, second = service.recognizers
    assert [one.options.targets for one in (first, second)] == [("fr",), ("de",)]
    assert WORD in bytes(first.written)
    assert WORD in bytes(second.written)


async def test_streams_end_with_their_stt(line: Line, stt: STT) -> None:
    await within(stt.aclose())
    await within(line.listening)
    assert line.errors == [None]


async def test_a_withdrawn_voice_is_not_asked_for_by_another_stream(
    line: Line, stt: STT, service: FakeService, until: Until
) -> None:
    line.waits = [0.0]
    line.push(WORD)
    await until(lambda: service.last.written)
    stt.update_options(voice="fr-FR-DeniseNeural")
    line.streams.withdraw_own_voice()
    service.last.post(FAILURE)
    await until(lambda: len(service.recognizers) > 1 and service.last.written)
    assert [one.options.voices["fr"] for one in service.recognizers[1:]] == ["fr-FR-DeniseNeural"]


async def test_a_connection_of_each_stream_is_told(stt: STT, until: Until, service: FakeService) -> None:
    connections: list[bool] = []
    streams = StreamSuccession(
        stt,
        ONCE,
        retry=lambda error: None,
        resumed=lambda seconds: None,
        connected=lambda: connections.append(True),
    )
    listening = asyncio.create_task(streams.listen(lambda event: None))
    await until(lambda: connections)
    streams.end_input()
    await within(listening)
    assert connections == [True]
