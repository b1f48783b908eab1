"""Events of the real SDK's C library, from a real connection to the emulator."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import threading
import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import azure.cognitiveservices.speech as speechsdk
import pytest
from azure.cognitiveservices.speech import interop
from fakes.limits import LIMIT_SECONDS
from fakes.room import Audio

from livekit_plugins_azure_interpreter._sdk import c_api, events
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Refuse

pytestmark = pytest.mark.native


@pytest.fixture
def recognizer() -> Any:
    """One that goes nowhere: signals can be connected, and nothing is received."""
    config = speechsdk.translation.SpeechTranslationConfig(subscription="any", endpoint="ws://127.0.0.1:9")
    config.add_target_language("fr")
    config.speech_recognition_language = "en-US"
    config.set_property_by_name("SPEECH-StopRecognitionTimeoutInSeconds", "1")  # 10 after a refusal
    stream = speechsdk.audio.PushAudioInputStream()
    return speechsdk.translation.TranslationRecognizer(
        translation_config=config, audio_config=speechsdk.audio.AudioConfig(stream=stream)
    )


@pytest.fixture
def connection(recognizer: Any) -> Any:
    return speechsdk.Connection.from_recognizer(recognizer)


@pytest.fixture
def audio() -> Audio:
    return Audio()


def fail(error: Exception) -> None:
    raise error


class Source:
    """What a signal needs of the SDK's objects."""

    def __init__(self, handle: object) -> None:
        self._handle = handle


class Library:
    """The SDK's C library, of which a thread may call a callback after it was taken away, and freed."""

    KIND = c_api.EventKind("some_set_callback", "some_release", 1)

    def __init__(self) -> None:
        self.source = Source(handle=7)
        self.released: list[int | None] = []
        # Functions, not methods: as those of a C library, they take attributes.
        self.some_set_callback = partial(self._set_callback)
        self.some_release = partial(self._release)
        self._address, self._context = 0, ctypes.c_void_p()

    def send(self, event: int) -> None:
        ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(self._address)(event, self._context)

    def _set_callback(self, handle: int, callback: Any, context: ctypes.c_void_p) -> int:
        if callback is not None:
            self._address, self._context = ctypes.cast(callback, ctypes.c_void_p).value or 0, context
        return 0

    def _release(self, event: ctypes.c_void_p) -> None:
        self.released.append(event.value)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    library = Library()
    monkeypatch.setattr(interop, "_sdk_lib", library)
    c_api._callback.cache_clear()
    yield library
    c_api._callback.cache_clear()


class TestSignal:
    def test_it_is_connected_when_it_is_told_to(self, connection: Any) -> None:
        signal = c_api.Signal(connection, c_api.MESSAGE_RECEIVED, lambda _: None, fail)
        assert not signal.is_connected()
        signal.connect()
        assert signal.is_connected()
        signal.disconnect_all()
        assert not signal.is_connected()

    def test_it_does_not_keep_its_source_alive(self, connection: Any) -> None:
        source = Source(connection._handle)
        signal = c_api.Signal(source, c_api.MESSAGE_RECEIVED, lambda _: None, fail)
        signal.connect()
        signal.disconnect_all()
        alive = weakref.ref(source)
        del source
        assert alive() is None

    def test_a_source_that_is_gone_has_nothing_to_disconnect(self, connection: Any) -> None:
        source = Source(connection._handle)
        signal = c_api.Signal(source, c_api.MESSAGE_RECEIVED, lambda _: None, fail)
        del source
        signal.disconnect_all()
        assert not signal.is_connected()

    @pytest.mark.parametrize(
        "missing",
        [
            {"set_callback": "no_such_function"},
            {"release": "no_such_function"},
            {"needs": ("no_such_function",)},
        ],
    )
    def test_a_kind_that_this_sdk_does_not_have(self, connection: Any, missing: dict[str, Any]) -> None:
        kind = c_api.MESSAGE_RECEIVED._replace(**missing)
        with pytest.raises(AttributeError, match="no_such_function"):
            c_api.Signal(connection, kind, lambda _: None, fail)

    def test_a_callback_that_raises_is_reported_and_the_next_event_comes(self, library: Library) -> None:
        failures: list[Exception] = []

        def received(event: int) -> None:
            raise ValueError(event)

        signal = c_api.Signal(library.source, Library.KIND, received, failures.append)
        signal.connect()
        library.send(1)
        library.send(2)
        signal.disconnect_all()
        assert [failure.args for failure in failures] == [(1,), (2,)]
        assert library.released == [1, 2]

    def test_an_event_goes_to_its_own_signal(self, library: Library) -> None:
        received: list[tuple[str, int]] = []
        names = ("first", "second")
        signals = [
            c_api.Signal(library.source, Library.KIND, partial(lambda *got: received.append(got), name), fail)
            for name in names
        ]
        for event, signal in enumerate(signals, 1):
            signal.connect()
            library.send(event)
        for signal in signals:
            signal.disconnect_all()
        assert received == [("first", 1), ("second", 2)]

    def test_an_event_that_comes_late_is_released_unread(self, library: Library) -> None:
        received: list[int] = []
        signal = c_api.Signal(library.source, Library.KIND, received.append, fail)
        signal.connect()
        signal.disconnect_all()
        del signal
        gc.collect()
        library.send(3)
        assert received == []
        assert library.released == [3]


class Heard:
    """What signals of each kind read, and on which threads."""

    def __init__(self) -> None:
        self.phrases: list[events.RawPhrase] = []
        self.voices: list[bytes | None] = []
        self.voices_of_phrases: list[bytes | None] = []
        self.messages: list[c_api.ServiceMessage] = []
        self.finals: list[events.RawPhrase] = []
        self.nothing: list[bool] = []
        self.offsets: list[float] = []
        self.ends: list[events.Event] = []
        self.threads: set[threading.Thread] = set()

    def phrase(self, event: int) -> None:
        self.phrases.append(c_api.phrase(event))
        self.voices_of_phrases.append(c_api.voice(event))
        self.threads.add(threading.current_thread())

    def voice(self, event: int) -> None:
        self.voices.append(c_api.voice(event))

    def message(self, event: int) -> None:
        self.messages.append(c_api.message(event))

    def final(self, event: int) -> None:
        self.nothing.append(c_api.is_nothing(event))
        self.finals.append(c_api.phrase(event))

    def started(self, event: int) -> None:
        self.offsets.append(c_api.offset_seconds(event))


@pytest.fixture
async def heard(audio: Audio) -> Heard:
    """Of one utterance, up to the end of its voice."""
    heard = Heard()
    async with Emulator(Behaviour(script=[audio.line(1)], interim_interval_ms=200)) as emulator:
        await asyncio.to_thread(_hear, emulator.endpoint, audio.speech((0.2, 1.4), end=2.5), heard)
    return heard


def _hear(endpoint: str, pcm: bytes, heard: Heard) -> None:
    config = speechsdk.translation.SpeechTranslationConfig(subscription="any", endpoint=endpoint)
    config.add_target_language("fr")
    config.voice_name = "personal-voice"
    config.speech_recognition_language = "en-US"
    config.set_property_by_name("SPEECH-StopRecognitionTimeoutInSeconds", "1")  # 10 after a refusal
    stream = speechsdk.audio.PushAudioInputStream()
    recognizer = speechsdk.translation.TranslationRecognizer(
        translation_config=config, audio_config=speechsdk.audio.AudioConfig(stream=stream)
    )
    messages = speechsdk.Connection.from_recognizer(recognizer)
    ended = threading.Event()

    def canceled(event: int) -> None:
        heard.ends.append(c_api.end(event))
        ended.set()

    signals = [
        c_api.Signal(recognizer, c_api.RECOGNIZING, heard.phrase, fail),
        c_api.Signal(recognizer, c_api.RECOGNIZED, heard.final, fail),
        c_api.Signal(recognizer, c_api.SYNTHESIZING, heard.voice, fail),
        c_api.Signal(recognizer, c_api.SPEECH_STARTED, heard.started, fail),
        c_api.Signal(recognizer, c_api.CANCELED, canceled, fail),
        c_api.Signal(messages, c_api.MESSAGE_RECEIVED, heard.message, fail),
    ]
    for signal in signals:
        signal.connect()
    recognizer.start_continuous_recognition_async().get()
    stream.write(pcm)
    stream.close()
    assert ended.wait(LIMIT_SECONDS)
    for signal in signals:
        signal.disconnect_all()
    recognizer.stop_continuous_recognition_async().get()


async def test_an_interim_result_has_the_services_own_words(heard: Heard, audio: Audio) -> None:
    phrase = heard.phrases[-1].read()
    line = audio.line(1)
    assert line.text.startswith(phrase.text)
    assert phrase.translations
    assert phrase.offset_seconds == pytest.approx(0.2, abs=0.15)
    assert 0 < phrase.duration_seconds < 2.4


async def test_a_voice_is_read_byte_for_byte_then_its_end(heard: Heard, audio: Audio) -> None:
    *chunks, end = heard.voices
    assert end == b""
    assert all(chunks)
    assert b"".join(filter(None, chunks)).endswith(audio.line(1).voices["fr"].pcm)


async def test_an_event_without_a_voice_is_no_piece_of_one(heard: Heard) -> None:
    assert heard.voices_of_phrases
    assert set(heard.voices_of_phrases) == {None}


async def test_every_message_is_read_on_a_thread_of_the_sdk(heard: Heard) -> None:
    paths = [message.path for message in heard.messages]
    assert paths[0] == "turn.start"
    assert len(paths) > len(heard.phrases) + len(heard.voices)
    assert threading.main_thread() not in heard.threads


async def test_a_message_of_a_voice_names_its_stream(heard: Heard) -> None:
    streams = {message.stream_id for message in heard.messages if message.path.startswith("audio")}
    assert len(streams) == 1
    assert "" not in streams
    others = {message.stream_id for message in heard.messages if not message.path.startswith("audio")}
    assert others == {""}


async def test_a_message_of_a_result_has_its_turn_and_what_it_says(heard: Heard) -> None:
    results = [message for message in heard.messages if message.path == "translation.response"]
    assert [json.loads(message.body).popitem()[0] for message in results]
    assert {message.request_id for message in results} == {heard.messages[0].request_id}


async def test_the_start_of_a_voice_says_its_language(heard: Heard) -> None:
    (start,) = [message for message in heard.messages if message.path == "audio.start"]
    assert json.loads(start.body) == {"TranslationLanguage": "fr"}


async def test_a_message_of_nothing_else_says_anything(heard: Heard) -> None:
    with_body = {message.path for message in heard.messages if message.body}
    assert with_body == {"translation.response", "audio.start"}


async def test_a_final_result_has_the_services_own_words(heard: Heard, audio: Audio) -> None:
    (final,) = heard.finals
    assert (final.read().text, heard.nothing) == (audio.line(1).text, [False])
    assert heard.offsets == [pytest.approx(final.offset_seconds, abs=0.01)]


async def test_the_end_of_the_audio_is_read(heard: Heard) -> None:
    assert heard.ends == [events.Finished()]


async def test_the_end_by_a_failure_is_read_with_its_code_and_details(audio: Audio) -> None:
    heard = Heard()
    async with Emulator(Behaviour(faults=[Refuse(status=401)])) as emulator:
        await asyncio.to_thread(_hear, emulator.endpoint, audio.speech((0.2, 0.4), end=0.5), heard)
    (failed,) = heard.ends
    assert isinstance(failed, events.Failed)
    assert failed.code == "AuthenticationFailure"
    assert "401" in failed.details


def test_an_event_that_is_gone_is_an_error_of_the_sdk() -> None:
    with pytest.raises(RuntimeError, match="SPXERR_INVALID_ARG"):
        c_api.offset_seconds(0)
