"""The streams of an STT are opened, changed and closed together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from fakes.azure import heard, phrase
from fakes.limits import within
from fakes.recognizer import FakeService
from fakes.room import Audio
from livekit.agents import APIConnectOptions, APIStatusError

from livekit_plugins_azure_interpreter import STT, VoiceLost, VoicesSeparated
from livekit_plugins_azure_interpreter._recognition.stream_factory import StreamFactory
from livekit_plugins_azure_interpreter._sdk.events import (
    Connected,
    Failed,
    Recognized,
    TurnStarted,
    VoiceAnnounced,
    VoiceChunk,
    VoiceCompleted,
)

Until = Callable[[Callable[[], object]], Awaitable[None]]

ONCE = APIConnectOptions(max_retry=0, timeout=4)
FRAME = Audio().frames(Audio().silence(0.3), frame_ms=100)[0]


@pytest.fixture
def stt(make_stt: Callable[..., STT]) -> STT:
    return make_stt()


@pytest.fixture
def factory(stt: STT) -> StreamFactory:
    return StreamFactory.of(stt)


def _targets(service: FakeService) -> list[tuple[str, ...]]:
    return [recognizer.options.target_languages for recognizer in service.recognizers]


async def test_each_stt_has_a_factory_of_its_own(
    make_stt: Callable[..., STT], stt: STT, factory: StreamFactory
) -> None:
    assert StreamFactory.of(stt) is factory
    assert StreamFactory.of(make_stt()) is not factory


async def test_a_stream_hears_with_the_options_of_the_factory_and_its_own(
    factory: StreamFactory, service: FakeService, until: Until
) -> None:
    factory.open(ONCE, source_languages=("es-ES",))
    await until(lambda: service.recognizers)
    options = service.last.options
    assert (options.target_languages, options.source_languages) == (("fr",), ("es-ES",))


async def test_a_change_is_that_of_open_and_of_later_streams(
    factory: StreamFactory, service: FakeService, until: Until
) -> None:
    factory.open(ONCE)
    factory.change({"target_languages": ("de",)})
    await until(lambda: len(service.recognizers) == 1)
    factory.open(ONCE)
    await until(lambda: len(service.recognizers) == 2)
    assert _targets(service) == [("de",), ("de",)]


async def test_a_change_leaves_a_stream_what_is_its_own(
    factory: StreamFactory, service: FakeService, until: Until
) -> None:
    factory.open(ONCE, target_languages=("it",))
    factory.change({"target_languages": ("de",)})
    await until(lambda: service.recognizers)
    assert _targets(service) == [("it",)]


async def test_a_stream_with_the_audio_of_another_hears_that_first(
    factory: StreamFactory, service: FakeService, until: Until
) -> None:
    stream = factory.open(ONCE)
    audio = factory.streams.open[stream].audio
    stream.push_frame(FRAME)
    await until(lambda: service.recognizers and service.last.written)
    await within(stream.aclose())
    factory.open(ONCE, audio=audio)
    await until(lambda: len(service.recognizers) == 2 and service.last.written)
    assert bytes(service.last.written) == bytes(FRAME.data)


async def test_a_recording_is_one_text_without_a_voice_and_leaves_no_stream(
    factory: StreamFactory, service: FakeService
) -> None:
    service.replies = [[Connected(), heard("Oui."), heard("Non.", offset=2.0)]]
    event = await within(factory.transcribe(FRAME, ONCE, source_languages=("es-ES",)))
    assert event.alternatives[0].text == "Oui. Non."
    assert (service.last.options.voice, service.last.options.source_languages) == (None, ("es-ES",))
    assert (factory.streams.open, factory.streams.unclaimed) == ({}, {})


async def test_a_recording_that_fails_is_one_attempt_and_leaves_no_stream(
    factory: StreamFactory, service: FakeService
) -> None:
    service.replies = [[Failed("ServiceError", "")]]
    with pytest.raises(APIStatusError):
        await within(factory.transcribe(FRAME, APIConnectOptions(max_retry=3, timeout=4)))
    assert (len(service.recognizers), factory.streams.unclaimed) == (1, {})


async def test_a_lost_voice_of_a_stream_is_an_event_of_the_stt(
    stt: STT, factory: StreamFactory, service: FakeService, until: Until
) -> None:
    lost: list[VoiceLost] = []
    stt.on("voice_lost", lost.append)
    service.replies = [[Connected(), heard("Oui.")]]
    factory.open(ONCE).end_input()
    await until(lambda: lost)
    assert stt.counts.voices_lost.total() == 1


async def test_a_factory_that_is_closed_closes_all_streams_and_lets_go_of_what_they_said(
    factory: StreamFactory, service: FakeService, until: Until
) -> None:
    service.replies = [[Connected(), heard("Oui.")]]
    factory.open(ONCE)
    factory.open(ONCE)
    await until(lambda: len(factory.streams.translations.streams) == 2)
    await until(lambda: factory.streams.counts.utterances == 2)
    await within(factory.aclose())
    assert all(recognizer.closed for recognizer in service.recognizers)
    assert (factory.streams.open, factory.streams.translations.claim("Oui.")) == ({}, [])


async def test_separate_voices_are_asked_for_by_open_and_later_streams_and_told_once(
    make_stt: Callable[..., STT], service: FakeService, until: Until
) -> None:
    stt = make_stt(target_languages=["fr", "de"], spoken_languages=["fr", "de"])
    told: list[VoicesSeparated] = []
    stt.on("voices_separated", told.append)
    factory = StreamFactory.of(stt)
    factory.streams.sharing.refused("it voices one language only")
    factory.streams.sharing.refused("it voices one language only")
    factory.open(ONCE).push_frame(FRAME)
    await until(lambda: len(service.recognizers) == 2)
    assert sorted(tuple(one.options.voices) for one in service.recognizers) == [("de",), ("fr",)]
    assert told == [VoicesSeparated("it voices one language only")]
    assert factory.streams.open_connections == 2


async def test_a_voice_that_is_lost_teaches_whether_voices_share_a_connection(
    make_stt: Callable[..., STT], service: FakeService, until: Until
) -> None:
    stt = make_stt(target_languages=["fr", "de"], spoken_languages=["fr", "de"], voice_timeout_seconds=0.05)
    told: list[VoicesSeparated] = []
    stt.on("voices_separated", told.append)
    StreamFactory.of(stt).open(ONCE)
    await until(lambda: service.recognizers and service.last.started)
    started = [TurnStarted(), VoiceAnnounced("1", '{"TranslationLanguage":"fr"}')]
    service.last.post(*started, VoiceChunk(bytes([1]) * 320, "1"), VoiceCompleted("1", told=True))
    for number in range(2):
        texts = {"fr": f"oui {number}", "de": f"ja {number}"}
        service.last.post(Recognized(phrase(translations=texts, offset=float(number))))
    await until(lambda: told)
