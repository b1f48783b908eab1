"""The thread half of synthesis, with objects of the real SDK; nothing is sent anywhere but to loopback."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.limits import LIMIT_SECONDS, within
from fakes.promises import takes_less_than, tries_again

from livekit_plugins_azure_interpreter._sdk import events
from livekit_plugins_azure_interpreter._sdk.synthesizer import (
    AzureSynthesizer,
    _config,
    _SynthesizerCallbacks,
    close_all,
)
from livekit_plugins_azure_interpreter._speaking.ssml import SynthesisVoice
from livekit_plugins_azure_interpreter.credentials import SPEAKING, Credentials
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, MuteText, synthesize
from livekit_plugins_azure_interpreter.options import Proxy, SpeakingOptions

pytestmark = pytest.mark.native

NOBODY = "ws://127.0.0.1:9"
"""The discard port: nobody listens there."""
HELLO = SynthesisVoice(name="fr-FR-DeniseNeural").ssml("Hello you")

Make = Callable[..., AzureSynthesizer]


def options(endpoint: str = NOBODY, **chosen: Any) -> SpeakingOptions:
    who = chosen.pop("credentials", None)
    credentials = who or Credentials.resolve(key="a-secret-key", endpoint=endpoint, service=SPEAKING)
    return SpeakingOptions(credentials=credentials, **chosen)


class Posted:
    """What was posted, from any thread."""

    def __init__(self) -> None:
        self.events: list[events.SynthesisEvent] = []
        self.threads: list[threading.Thread] = []
        self._changed = threading.Condition()

    def __call__(self, event: events.SynthesisEvent) -> None:
        with self._changed:
            self.events.append(event)
            self.threads.append(threading.current_thread())
            self._changed.notify_all()

    def of(self, wanted: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, wanted)]

    def wait_for(self, wanted: type[Any], count: int = 1) -> Any:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(wanted)) >= count, LIMIT_SECONDS)
        return self.of(wanted)[-1]


@pytest.fixture
def posted() -> Posted:
    return Posted()


@pytest.fixture
def make(posted: Posted) -> Iterator[Make]:
    made: list[AzureSynthesizer] = []

    def make_one(endpoint: str = NOBODY, **chosen: Any) -> AzureSynthesizer:
        made.append(AzureSynthesizer(options(endpoint, **chosen), posted))
        return made[-1]

    yield make_one
    for synthesizer in made:
        if hasattr(synthesizer, "_synthesizer"):
            synthesizer.close()


async def off_the_loop(work: Callable[[], Any]) -> Any:
    return await within(asyncio.to_thread(work))


class TestSpeaking:
    @pytest.mark.parametrize("sample_rate", [16000, 24000, 48000])
    async def test_a_voice_is_posted_sample_for_sample(
        self, make: Make, posted: Posted, sample_rate: int
    ) -> None:
        def speak() -> None:
            make(emulator.endpoint, sample_rate=sample_rate).speak(HELLO)
            posted.wait_for(events.SynthesisCompleted)

        async with Emulator(Behaviour(synthesis_seconds=0.3)) as emulator:
            await off_the_loop(speak)
        pcm = b"".join(chunk.pcm for chunk in posted.of(events.SynthesisChunk))
        assert pcm == synthesize("Hello you", 0.3, sample_rate).pcm

    async def test_words_are_posted_with_their_text(self, make: Make, posted: Posted) -> None:
        def speak() -> None:
            make(emulator.endpoint).speak(HELLO)
            posted.wait_for(events.SynthesisCompleted)
            posted.wait_for(events.WordBoundary, 2)

        async with Emulator(Behaviour(synthesis_seconds=0.8)) as emulator:
            await off_the_loop(speak)
        (begun,) = posted.of(events.SynthesisStarted)
        assert posted.of(events.WordBoundary) == [
            events.WordBoundary("Hello", 0.0, 0.5, begun.request_id),
            events.WordBoundary("you", 0.5, 0.3, begun.request_id),
        ]
        assert threading.current_thread() not in posted.threads

    async def test_words_are_not_asked_for_where_they_are_not_wanted(
        self, make: Make, posted: Posted
    ) -> None:
        def speak() -> None:
            make(emulator.endpoint, word_timings=False).speak(HELLO)
            posted.wait_for(events.SynthesisCompleted)

        async with Emulator() as emulator:
            await off_the_loop(speak)
        assert not posted.of(events.WordBoundary)

    async def test_one_connection_that_was_opened_ahead_speaks_all(self, make: Make, posted: Posted) -> None:
        def speak() -> None:
            synthesizer = make(emulator.endpoint)
            synthesizer.open()
            posted.wait_for(events.Connected)
            for count in (1, 2, 3):
                synthesizer.speak(HELLO)
                posted.wait_for(events.SynthesisCompleted, count)

        async with Emulator() as emulator:
            await off_the_loop(speak)
            assert emulator.synthesis_connections == 1

    async def test_a_connection_that_the_service_closes_is_posted(self, make: Make, posted: Posted) -> None:
        def connect() -> None:
            make(emulator.endpoint).open()
            posted.wait_for(events.Connected)

        async with Emulator() as emulator:
            await off_the_loop(connect)
        await off_the_loop(lambda: posted.wait_for(events.Disconnected))

    def test_a_failure_is_posted(self, make: Make, posted: Posted) -> None:
        make().speak(HELLO)
        assert posted.wait_for(events.Failed).code == "ConnectionFailure"


class TestStopping:
    async def test_a_text_that_is_stopped_leaves_the_connection_to_the_next(
        self, make: Make, posted: Posted
    ) -> None:
        def stop() -> None:
            synthesizer = make(emulator.endpoint)
            synthesizer.speak(HELLO)
            posted.wait_for(events.SynthesisChunk)
            synthesizer.stop()
            assert posted.wait_for(events.Failed).code == "NoError"
            synthesizer.speak(HELLO)
            posted.wait_for(events.SynthesisCompleted)

        async with Emulator(Behaviour(voice_speed=1.0)) as emulator:
            await off_the_loop(stop)
            assert emulator.synthesis_connections == 1


class TestClosing:
    def test_closing_disconnects_every_signal(self, make: Make) -> None:
        synthesizer = make()
        signals = list(synthesizer._signals)
        alive = (synthesizer._synthesizer, synthesizer._connection)  # not by their end
        assert len(signals) == 7
        assert all(signal.is_connected() for signal in signals)
        synthesizer.close()
        assert not any(signal.is_connected() for signal in signals)
        del alive

    def test_closing_frees_everything_native(self, make: Make) -> None:
        synthesizer = make()
        natives = [weakref.ref(synthesizer._synthesizer), weakref.ref(synthesizer._connection)]
        synthesizer.close()
        gc.collect()
        assert [native() for native in natives] == [None, None]

    def test_closing_twice_is_closing_once(self, make: Make) -> None:
        synthesizer = make()
        synthesizer.close()
        synthesizer.close()

    def test_the_end_of_the_process_closes_what_nobody_closed(self, make: Make) -> None:
        synthesizer = make()
        signals = list(synthesizer._signals)
        alive = (synthesizer._synthesizer, synthesizer._connection)  # not by their end
        close_all()
        assert not any(signal.is_connected() for signal in signals)
        del alive

    @pytest.mark.parametrize("mute", [0.0, 0.5])
    @tries_again
    async def test_closing_amid_a_text_takes_about_a_second_at_most(
        self, make: Make, posted: Posted, mute: float
    ) -> None:
        def close() -> None:
            synthesizer = make(emulator.endpoint)
            synthesizer.open()
            posted.wait_for(events.Connected)
            synthesizer.speak(HELLO)
            posted.wait_for(events.SynthesisChunk if mute else events.SynthesisStarted)
            with takes_less_than(2.0):
                synthesizer.close()

        async with Emulator(Behaviour(faults=[MuteText(after=mute)])) as emulator:
            await off_the_loop(close)
        before = list(posted.events)
        gc.collect()
        assert posted.events == before


class TestReporter:
    """What each callback copies."""

    def test_each_kind(self, posted: Posted) -> None:
        reporter = _SynthesizerCallbacks(posted)
        result = SimpleNamespace(result_id="r1", audio_data=b"12")
        reporter.connected(None)
        reporter.begun(SimpleNamespace(result=result))
        reporter.chunk(SimpleNamespace(result=result))
        place = {"audio_offset": 2_500_000, "duration": timedelta(milliseconds=125)}
        reporter.word(SimpleNamespace(text="so", result_id="r1", **place))
        reporter.completed(None)
        reporter.disconnected(None)
        assert posted.events == [
            events.Connected(),
            events.SynthesisStarted("r1"),
            events.SynthesisChunk(b"12"),
            events.WordBoundary("so", 0.25, 0.125, "r1"),
            events.SynthesisCompleted(),
            events.Disconnected(),
        ]

    def test_a_cancellation(self, posted: Posted) -> None:
        code = speechsdk.CancellationErrorCode.AuthenticationFailure
        details = SimpleNamespace(error_code=code, error_details="401")
        _SynthesizerCallbacks(posted).canceled(
            SimpleNamespace(result=SimpleNamespace(cancellation_details=details))
        )
        assert posted.events == [events.Failed("AuthenticationFailure", "401")]


class TestConfig:
    def test_key_endpoint_and_format(self) -> None:
        config = _config(options("wss://westeurope.stt.speech.microsoft.com/speech/universal/v2"))
        names = speechsdk.PropertyId
        assert config.subscription_key == "a-secret-key"
        assert (
            config.get_property(names.SpeechServiceConnection_Endpoint)
            == "wss://westeurope.tts.speech.microsoft.com/cognitiveservices/websocket/v1"
        )
        assert (
            config.get_property(names.SpeechServiceConnection_SynthOutputFormat) == "raw-24khz-16bit-mono-pcm"
        )

    def test_a_token_and_a_proxy(self) -> None:
        credentials = Credentials(endpoint=NOBODY, auth_token=lambda: "a-token")
        config = _config(options(credentials=credentials, proxy=Proxy("proxy", 8080, "me", "pw")))
        assert config.authorization_token == "a-token"
        assert config.get_property(speechsdk.PropertyId.SpeechServiceConnection_ProxyHostName) == "proxy"
