"""The thread half, with objects of the real SDK; nothing is sent anywhere but to loopback."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, cast

import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.limits import LIMIT_SECONDS
from fakes.room import Audio
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter._sdk import c_api, events
from livekit_plugins_azure_interpreter._sdk import recognizer as _recognizer
from livekit_plugins_azure_interpreter._sdk.c_api import EventKind
from livekit_plugins_azure_interpreter._sdk.errors import to_api_error
from livekit_plugins_azure_interpreter._sdk.recognizer import (
    TAKES_COMMITS,
    AzureRecognizer,
    _config,
    _make,
    _message_signals,
    _peer,
    _RecognizerCallbacks,
)
from livekit_plugins_azure_interpreter._sdk.result_watch import RESULT_PATH
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line
from livekit_plugins_azure_interpreter.options import Options, Proxy

pytestmark = pytest.mark.native

NOBODY = "ws://127.0.0.1:9"
"""The discard port: nobody listens there."""
VOICE = Audio().voice(0.5, seed=1)


def options(*, credentials: Credentials | None = None, **chosen: Any) -> Options:
    somebody = Credentials(endpoint=f"{NOBODY}/speech/universal/v2", key="a-secret-key")
    return Options(credentials=credentials or somebody, target_languages=("fr", "de"), **chosen)


class Posted:
    """What was posted, from any thread."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []
        self.threads: list[threading.Thread] = []
        self._changed = threading.Condition()

    def __call__(self, event: events.Event) -> None:
        with self._changed:
            self.events.append(event)
            self.threads.append(threading.current_thread())
            self._changed.notify_all()

    def wait_for(self, wanted: type[events.Event]) -> events.Event:
        def found() -> events.Event | None:
            return next((event for event in self.events if isinstance(event, wanted)), None)

        with self._changed:
            assert self._changed.wait_for(found, LIMIT_SECONDS)
            event = found()
        assert event is not None
        return event


@pytest.fixture
def posted() -> Posted:
    return Posted()


@pytest.fixture
def make(posted: Posted) -> Iterator[Callable[..., AzureRecognizer]]:
    made: list[AzureRecognizer] = []

    def make_one(**chosen: Any) -> AzureRecognizer:
        made.append(AzureRecognizer(options(**chosen), posted))
        return made[-1]

    yield make_one
    for recognizer in made:
        if hasattr(recognizer, "_recognizer"):
            recognizer.close()


class TestRecognizer:
    def test_a_failure_is_posted_from_a_thread_of_the_sdk(
        self, make: Callable[..., AzureRecognizer], posted: Posted
    ) -> None:
        make().start()
        failed = posted.wait_for(events.Failed)
        assert isinstance(failed, events.Failed)
        assert failed.code == "ConnectionFailure"
        assert threading.current_thread() not in posted.threads

    def test_audio_is_taken_before_it_has_started(self, make: Callable[..., AzureRecognizer]) -> None:
        recognizer = make()
        recognizer.write(bytes(3200))
        recognizer.end_audio()

    def test_the_end_of_no_audio_is_the_end(
        self, make: Callable[..., AzureRecognizer], posted: Posted
    ) -> None:
        recognizer = make()
        recognizer.start()
        recognizer.end_audio()
        posted.wait_for(events.Finished)

    def test_nothing_is_posted_after_close(
        self, make: Callable[..., AzureRecognizer], posted: Posted
    ) -> None:
        recognizer = make()
        recognizer.start()
        recognizer.close()
        before = list(posted.events)
        gc.collect()
        assert posted.events == before

    def test_close_disconnects_every_signal(self, make: Callable[..., AzureRecognizer]) -> None:
        recognizer = make()
        signals = list(recognizer._signals)
        alive = (recognizer._recognizer, recognizer._connection)  # not by their end
        assert len(signals) == 9
        assert all(signal.is_connected() for signal in signals)
        recognizer.close()
        assert not any(signal.is_connected() for signal in signals)
        del alive

    def test_close_lets_go_of_everything_native(self, make: Callable[..., AzureRecognizer]) -> None:
        recognizer = make()
        recognizer.start()
        native = [
            weakref.ref(thing)
            for thing in (recognizer._recognizer, recognizer._connection, recognizer._audio)
        ]
        recognizer.close()
        gc.collect()
        assert [thing() for thing in native] == [None] * 3

    def test_close_waits_until_a_turn_that_may_be_beginning_has_begun(
        self, make: Callable[..., AzureRecognizer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_recognizer, "_TURN_BEGINS_SECONDS", 0.2)
        recognizer = make()
        recognizer.start()
        began_at = time.monotonic()
        recognizer.write(bytes(6400))
        recognizer.close()
        assert time.monotonic() - began_at >= 0.2

    def test_close_does_not_wait_before_the_first_audio(
        self, make: Callable[..., AzureRecognizer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_recognizer, "_TURN_BEGINS_SECONDS", 1000.0)
        recognizer = make()
        recognizer.close()

    def test_one_that_was_never_started_can_be_closed(self, make: Callable[..., AzureRecognizer]) -> None:
        make().close()

    def test_options_that_the_sdk_refuses_are_a_runtime_error(self, posted: Posted) -> None:
        credentials = Credentials(endpoint="", key="a-secret-key")
        with pytest.raises(RuntimeError) as raised:
            AzureRecognizer(options(credentials=credentials), posted)
        assert "a-secret-key" not in repr(raised.value)
        assert not posted.events


class TestWriting:
    @pytest.fixture
    def written(self, mocker: MockerFixture) -> Any:
        return mocker.spy(speechsdk.audio.PushAudioInputStream, "write")

    def test_the_sdk_is_given_the_audio_as_it_is_written(
        self, make: Callable[..., AzureRecognizer], written: Any
    ) -> None:
        recognizer = make()
        for size in (1280, 640):
            recognizer.write(bytes(size))
        assert [len(call.args[1]) for call in written.call_args_list] == [1280, 640]


@pytest.mark.skipif(not TAKES_COMMITS, reason="the SDK has no commit")
class TestCommit:
    def test_a_commit_comes_after_all_audio_before_it(
        self, make: Callable[..., AzureRecognizer], mocker: MockerFixture
    ) -> None:
        recognizer = make(latency="relaxed", manual_flush=True)
        stream, asked = speechsdk.audio.PushAudioInputStream, mocker.Mock()
        asked.attach_mock(mocker.spy(stream, "write"), "write")
        asked.attach_mock(mocker.spy(stream, "commit"), "commit")
        recognizer.write(bytes(640))
        recognizer.commit()
        recognizer.write(bytes(3200))
        audio = recognizer._audio
        assert asked.mock_calls == [
            mocker.call.write(audio, bytes(640)),
            mocker.call.commit(audio),
            mocker.call.write(audio, bytes(3200)),
        ]

    def test_a_commit_without_audio_is_harmless(self, make: Callable[..., AzureRecognizer]) -> None:
        recognizer = make(manual_flush=True)
        recognizer.commit()
        recognizer.commit()


class TestHearing:
    """With an emulator, so that the SDK's own threads call."""

    @pytest.fixture
    async def emulator(self) -> AsyncIterator[Emulator]:
        lines = [Line("Yes.", translations={"fr": "Oui.", "de": "Ja."}, voices={"fr": VOICE})]
        async with Emulator(Behaviour(script=lines, interim_interval_ms=100)) as emulator:
            yield emulator

    @pytest.fixture
    def hear(
        self, emulator: Emulator, make: Callable[..., AzureRecognizer], posted: Posted
    ) -> Callable[[], Awaitable[AzureRecognizer]]:
        """Have a recognizer hear one utterance to its end."""

        async def hear() -> AzureRecognizer:
            audio = Audio()
            recognizer = make(credentials=Credentials(endpoint=emulator.endpoint, key="any"))
            recognizer.write(audio.silence(0.3) + audio.burst(1.0) + audio.silence(1.0))
            recognizer.end_audio()
            await asyncio.to_thread(recognizer.start)
            await asyncio.to_thread(posted.wait_for, events.Finished)
            return recognizer

        return hear

    async def test_the_events_of_azure_are_posted_in_order(
        self, hear: Callable[[], Awaitable[AzureRecognizer]], posted: Posted
    ) -> None:
        await hear()
        # The end of speech may be told before or after the final result.
        others = (events.MessageReceived, events.TurnStarted, events.SpeechStopped)
        kinds = [type(event) for event in posted.events if not isinstance(event, others)]
        once = [kind for kind, _ in itertools.groupby(kinds)]
        assert once[:4] == [events.Connected, events.SpeechStarted, events.Recognizing, events.Recognized]
        assert once[-1] is events.Finished
        assert once.index(events.VoiceChunk) < once.index(events.VoiceCompleted)

    async def test_an_interim_and_a_final_have_their_words_and_place(
        self, hear: Callable[[], Awaitable[AzureRecognizer]], posted: Posted
    ) -> None:
        await hear()
        interim, final = posted.wait_for(events.Recognizing), posted.wait_for(events.Recognized)
        assert isinstance(interim, events.Recognizing)
        assert isinstance(final, events.Recognized)
        assert "Yes.".startswith(interim.phrase.read().text)
        assert final.phrase.read().translations == {"fr": "Oui.", "de": "Ja."}
        for phrase in (interim.phrase, final.phrase):
            assert phrase.offset_seconds == pytest.approx(0.3, abs=0.15)
            assert phrase.duration_seconds > 0

    async def test_a_voice_is_what_was_sent_and_messages_tell_its_stream_its_language_and_its_end(
        self, hear: Callable[[], Awaitable[AzureRecognizer]], posted: Posted
    ) -> None:
        assert (await hear()).sees_messages
        chunks = [event for event in posted.events if isinstance(event, events.VoiceChunk)]
        assert b"".join(chunk.data for chunk in chunks).endswith(VOICE.pcm)
        (stream_id,) = {chunk.stream_id for chunk in chunks}
        announced = posted.wait_for(events.VoiceAnnounced)
        assert isinstance(announced, events.VoiceAnnounced)
        assert (announced.stream_id, announced.language) == (stream_id, "fr")
        assert events.VoiceCompleted(stream_id, told=True) in posted.events
        assert any(isinstance(event, events.MessageReceived) for event in posted.events)

    async def test_every_callback_is_on_a_thread_of_the_sdk(
        self, hear: Callable[[], Awaitable[AzureRecognizer]], posted: Posted
    ) -> None:
        await hear()
        assert not set(posted.threads) & {threading.current_thread(), threading.main_thread()}


class TestHaste:
    @pytest.mark.parametrize(
        ("endpoint", "proxy", "peer"),
        [
            ("wss://example.com/speech/universal/v2", None, ("example.com", 443)),
            ("ws://127.0.0.1/speech/universal/v2", None, ("127.0.0.1", 80)),
            ("ws://[::1]:8765/speech/universal/v2", None, ("::1", 8765)),
            ("wss://example.com/any", "http://proxy.example:8080", ("proxy.example", 8080)),
        ],
    )
    def test_the_peer_is_what_the_sdk_connects_to(
        self, endpoint: str, proxy: str | None, peer: tuple[str, int]
    ) -> None:
        chosen = options(
            credentials=Credentials(endpoint=endpoint, key="any"),
            proxy=Proxy.parse(proxy) if proxy else None,
        )
        assert _peer(chosen) == peer


class TestToken:
    def test_a_fresh_one_is_taken_for_the_next_connection(self, make: Callable[..., AzureRecognizer]) -> None:
        tokens = iter(("first", "second"))
        recognizer = make(credentials=Credentials(endpoint=NOBODY, auth_token=lambda: next(tokens)))
        recognizer.renew_token()
        assert recognizer._recognizer.authorization_token == "second"

    def test_one_that_comes_after_closing_is_left(self, make: Callable[..., AzureRecognizer]) -> None:
        recognizer = make(credentials=Credentials(endpoint=NOBODY, auth_token=lambda: "a-token"))
        recognizer.close()
        recognizer.renew_token()

    def test_a_key_needs_none(self, make: Callable[..., AzureRecognizer]) -> None:
        recognizer = make()
        recognizer.renew_token()
        assert not recognizer._recognizer.authorization_token


class TestSetVoices:
    def _named(self, recognizer: AzureRecognizer) -> list[str]:
        properties = recognizer._recognizer.properties
        return [properties.get_property_by_name(f"{name}TRANSLATION-Voice") for name in ("fr", "de")]

    def test_the_sdk_has_them_for_its_next_connection(self, make: Callable[..., AzureRecognizer]) -> None:
        both = {"spoken_languages": ("fr", "de"), "voice": "personal-voice"}
        recognizer = make(**both)
        assert self._named(recognizer) == ["personal-voice"] * 2
        others = (("fr", "fr-FR-DeniseNeural"), ("de", None))
        recognizer.set_voices(options(**{**both, "voice": others}))
        assert self._named(recognizer) == ["fr-FR-DeniseNeural", ""]

    def test_the_only_voice_is_another_property(self, make: Callable[..., AzureRecognizer]) -> None:
        recognizer = make()
        recognizer.set_voices(options(voice=None))
        voice = speechsdk.PropertyId.SpeechServiceConnection_TranslationVoice
        assert recognizer._recognizer.properties.get_property(voice) == ""

    def test_voices_that_come_after_closing_are_left(self, make: Callable[..., AzureRecognizer]) -> None:
        recognizer = make()
        recognizer.close()
        recognizer.set_voices(options(voice=None))


def test_an_sdk_that_does_not_tell_of_messages_is_no_error(posted: Posted) -> None:
    """As another version may be: the typed events have to do."""
    unknown = EventKind("something_new_set_callback", "something_new_release", 1)
    assert _message_signals(object(), _RecognizerCallbacks(posted), unknown) == []


class TestConfig:
    def _property(self, name: str | Any, **chosen: Any) -> str:
        config = _config(options(**chosen))
        if isinstance(name, str):
            return str(config.get_property_by_name(name))
        return str(config.get_property(name))

    def test_the_target_languages_and_the_voice(self) -> None:
        assert list(_config(options()).target_languages) == ["fr", "de"]
        assert _config(options()).voice_name == "personal-voice"
        assert _config(options(voice=None)).voice_name == ""

    def test_each_of_several_spoken_languages_has_its_voice(self) -> None:
        config = _config(
            options(spoken_languages=("de", "fr"), voice=(("de", "personal-voice"), ("fr", None)))
        )
        assert list(config.target_languages) == ["de", "fr"]
        found = [config.get_property_by_name(f"{name}TRANSLATION-Voice") for name in ("de", "fr")]
        assert (found, config.voice_name) == (["personal-voice", ""], "")

    @pytest.mark.parametrize(
        ("name", "chosen", "value"),
        [
            ("LanguageIdMode", {}, "Continuous"),
            ("SegmentationSilenceTimeoutMs", {"segmentation_silence_timeout_ms": 300}, "300"),
            ("SegmentationMaximumTimeMs", {"segmentation_max_time_ms": 20000}, "20000"),
            ("SegmentationStrategy", {"segmentation_strategy": "Semantic"}, "Semantic"),
        ],
    )
    def test_a_given_option_is_a_property(self, name: str, chosen: dict[str, Any], value: str) -> None:
        names = [found for found in dir(speechsdk.PropertyId) if found.endswith(name)]
        assert self._property(getattr(speechsdk.PropertyId, names[0]), **chosen) == value

    def test_an_option_that_is_not_given_is_left_to_azure(self) -> None:
        assert self._property(speechsdk.PropertyId.Speech_SegmentationStrategy) == ""

    @pytest.mark.parametrize(
        ("chosen", "message_bytes", "polling_ms"),
        [
            ({}, "1280", "15"),
            ({"latency": "low", "sample_rate": 24000}, "960", "10"),
            ({"latency": "lowest"}, "640", "5"),
            ({"latency": "balanced"}, "1280", "15"),
            ({"latency": "relaxed"}, "3200", "10"),
        ],
    )
    def test_a_latency_is_the_length_of_messages_and_how_often_is_looked_for_work(
        self, chosen: dict[str, Any], message_bytes: str, polling_ms: str
    ) -> None:
        assert self._property("SPEECH-BytesPerFrame", **chosen) == message_bytes
        assert self._property("SPEECH-USPRunPollingInterval", **chosen) == polling_ms
        assert self._property("SPEECH-USPPollingInterval", **chosen) == polling_ms

    @pytest.mark.parametrize(("chosen", "value"), [(False, "false"), (True, "")])
    def test_silence_ends_no_turn_unless_that_is_left_to_azure(self, chosen: bool, value: str) -> None:
        name = "Continuous-LegacyDefaultDisconnectSilenceTimeout"
        assert self._property(name, silence_ends_turns=chosen) == value

    def test_a_proxy_is_that_of_the_connection(self) -> None:
        names = speechsdk.PropertyId
        proxy = Proxy.parse("http://somebody:a-secret@proxy.example:8080")
        host = self._property(names.SpeechServiceConnection_ProxyHostName, proxy=proxy)
        assert (host, self._property(names.SpeechServiceConnection_ProxyPort, proxy=proxy)) == (
            "proxy.example",
            "8080",
        )
        assert self._property(names.SpeechServiceConnection_ProxyUserName, proxy=proxy) == "somebody"
        assert self._property(names.SpeechServiceConnection_ProxyPassword, proxy=proxy) == "a-secret"

    @pytest.mark.parametrize(
        ("source_languages", "name"),
        [
            (("en-US",), speechsdk.PropertyId.SpeechServiceConnection_EndpointId),
            (("en-US", "es-ES"), "en-USSPEECH-ModelId"),
        ],
    )
    def test_a_custom_endpoint_is_that_of_its_language(
        self, source_languages: tuple[str, ...], name: Any
    ) -> None:
        audio = speechsdk.audio.AudioConfig(stream=speechsdk.audio.PushAudioInputStream())

        def endpoint(**chosen: Any) -> str:
            found = _make(options(source_languages=source_languages, **chosen), audio).properties
            if isinstance(name, str):
                return str(found.get_property_by_name(name))
            return str(found.get_property(name))

        assert endpoint(custom_endpoints=(("en-US", "a-model"),)) == "a-model"
        assert endpoint(custom_endpoints=(("it-IT", "a-model"),)) == ""

    @pytest.mark.parametrize("category", ["a-category", None])
    def test_a_category_is_that_of_the_translation(self, category: str | None) -> None:
        name = speechsdk.PropertyId.SpeechServiceConnection_TranslationCategoryId
        assert self._property(name, translation_category=category) == (category or "")

    def test_a_token_is_sent_instead_of_a_key(self) -> None:
        credentials = Credentials(endpoint=NOBODY, auth_token="a-token")
        assert _config(options(credentials=credentials)).authorization_token == "a-token"

    @pytest.mark.parametrize("profanity", ["masked", "removed", "raw"])
    def test_each_way_with_profanity_is_one_of_the_sdks(self, profanity: str) -> None:
        name = speechsdk.PropertyId.SpeechServiceResponse_ProfanityOption
        assert self._property(name, profanity=profanity).lower() == profanity

    @pytest.mark.parametrize(
        ("source_languages", "name", "value"),
        [
            (("en-US",), speechsdk.PropertyId.SpeechServiceConnection_RecoLanguage, "en-US"),
            (
                ("en-US", "es-ES"),
                speechsdk.PropertyId.SpeechServiceConnection_AutoDetectSourceLanguages,
                "en-US,es-ES",
            ),
            ((), speechsdk.PropertyId.SpeechServiceConnection_AutoDetectSourceLanguages, "und"),
        ],
    )
    def test_one_language_is_fixed_several_are_candidates_none_is_any(
        self, source_languages: tuple[str, ...], name: Any, value: str
    ) -> None:
        audio = speechsdk.audio.AudioConfig(stream=speechsdk.audio.PushAudioInputStream())
        recognizer = _make(options(source_languages=source_languages, phrase_list=("Contoso",)), audio)
        assert recognizer.properties.get_property(name).lower() == value.lower()


PHRASE = events.RawPhrase(1.5, 0.5, "{}")


class TestReporter:
    """Events are numbers here; what each reads as is told by the test."""

    @pytest.fixture
    def reporter(self, posted: Posted) -> _RecognizerCallbacks:
        return _RecognizerCallbacks(posted)

    @pytest.fixture
    def reads(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        def read(**values: Any) -> None:
            for name, value in values.items():
                monkeypatch.setattr(c_api, name, lambda _, value=value: value)

        return read

    def test_connections(self, reporter: _RecognizerCallbacks, posted: Posted) -> None:
        reporter.connected(1)
        reporter.disconnected(1)
        assert posted.events == [events.Connected(), events.Disconnected()]

    def test_speech(self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None]) -> None:
        reads(offset_seconds=1.0)
        reporter.speech_started(1)
        reporter.speech_stopped(1)
        assert posted.events == [events.SpeechStarted(1.0), events.SpeechStopped(1.0)]

    def test_transcripts(
        self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None]
    ) -> None:
        reads(phrase=PHRASE, is_nothing=False)
        reporter.recognizing(1)
        reporter.recognized(1)
        reads(is_nothing=True)
        reporter.recognized(1)
        assert posted.events == [
            events.Recognizing(PHRASE),
            events.Recognized(PHRASE),
            events.NothingRecognized(),
        ]

    def test_voices(self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None]) -> None:
        for audio in (b"\x01\x02", b"", None):
            reads(voice=audio)
            reporter.synthesizing(1)
        assert posted.events == [events.VoiceChunk(b"\x01\x02"), events.VoiceCompleted()]

    def test_a_chunk_is_of_the_stream_that_the_message_before_names_and_its_end_is_told_by_one(
        self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None]
    ) -> None:
        for path, voice in (("audio", b"12"), ("audio", b""), ("audio.end", b"")):
            reads(message=c_api.ServiceMessage(path, stream_id="7"), voice=voice)
            reporter.message(1)
            reporter.synthesizing(1)
        assert [event for event in posted.events if not isinstance(event, events.MessageReceived)] == [
            events.VoiceChunk(b"12", "7"),
            events.VoiceCompleted("7"),
            events.VoiceCompleted("7", told=True),
        ]

    def test_the_begin_of_a_turn_and_of_a_voice_are_told(
        self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None]
    ) -> None:
        start = c_api.ServiceMessage("audio.start", stream_id="7", body=b'{"TranslationLanguage":"fr"}')
        for message in (c_api.ServiceMessage("turn.start"), start):
            reads(message=message)
            reporter.message(1)
        told = [event for event in posted.events if not isinstance(event, events.MessageReceived)]
        assert told == [events.TurnStarted(), events.VoiceAnnounced("7", '{"TranslationLanguage":"fr"}')]

    @pytest.mark.parametrize("reported", [True, False])
    def test_a_result_that_the_sdk_does_not_report_is_told(
        self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None], reported: bool
    ) -> None:
        final = c_api.ServiceMessage(RESULT_PATH, "a turn", body=b"no JSON")
        reads(phrase=PHRASE, is_nothing=False)
        for message in (c_api.ServiceMessage("turn.start", "a turn"), final):
            reads(message=message)
            reporter.message(1)
        if reported:
            reporter.recognized(1)
        reporter.message(1)
        assert (events.ResultUnread() in posted.events) is not reported

    @pytest.mark.parametrize(
        "path", ["speech.fragment", "speech.tentative.phrase", "speech.hypothesis", "speech.phrase"]
    )
    def test_words_without_their_translation_are_told_apart(
        self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None], path: str
    ) -> None:
        reads(phrase=PHRASE, is_nothing=False)
        for kind in (path, RESULT_PATH):
            reads(message=c_api.ServiceMessage(kind, body=b"{}"))
            reporter.message(1)
            reporter.recognizing(1)
            reporter.recognized(1)
        told = [event for event in posted.events if not isinstance(event, events.MessageReceived)]
        assert told == [events.WordsRecognized(PHRASE), events.Recognizing(PHRASE), events.Recognized(PHRASE)]

    def test_the_end_of_a_turn_is_told(
        self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None]
    ) -> None:
        reads(message=c_api.ServiceMessage("turn.end", body=b"{}"))
        reporter.message(1)
        assert events.TurnEnded() in posted.events

    def test_silence_told_by_words_alone_is_nothing(
        self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None]
    ) -> None:
        reads(is_nothing=True, message=c_api.ServiceMessage("speech.phrase", body=b"{}"))
        reporter.message(1)
        reporter.recognized(1)
        assert events.NothingRecognized() not in posted.events

    @pytest.mark.parametrize("event", [events.Finished(), events.Failed("AuthenticationFailure", "401")])
    def test_the_end(
        self, reporter: _RecognizerCallbacks, posted: Posted, reads: Callable[..., None], event: events.Event
    ) -> None:
        reads(end=event)
        reporter.canceled(1)
        assert posted.events == [event]

    def test_a_callback_that_raises_is_a_failure_without_its_words(
        self, reporter: _RecognizerCallbacks, posted: Posted
    ) -> None:
        reporter.failed(UnicodeError("what was said"))
        assert posted.events == [events.Failed(events.CALLBACK_FAILED, "UnicodeError")]


CODES = [code.name for code in speechsdk.CancellationErrorCode if code.name != "NoError"]


class TestSecrets:
    @pytest.mark.parametrize("code", [*CODES, "SomethingNew"])
    def test_none_is_in_an_error(self, code: str) -> None:
        error = to_api_error(events.Failed(code, "401 wss://host/?key=a-secret-key"), session_id="azure_1")
        assert "a-secret-key" not in repr(error) + str(error) + repr(vars(error))
        assert code in str(error)

    def test_none_is_in_the_options(self) -> None:
        credentials = Credentials(
            endpoint=NOBODY,
            key="a-secret-key",
            auth_token="a-secret-token",
            token_credential=cast(Any, Secret()),
        )
        shown = repr(options(credentials=credentials))
        assert "secret" not in shown.lower()


class Secret:
    def get_token(self, *scopes: str) -> Any:
        raise NotImplementedError
