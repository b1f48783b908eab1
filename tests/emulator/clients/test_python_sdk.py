"""Microsoft's SDK for Python, used in ways in which the package does not use it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.limits import LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

pytestmark = pytest.mark.native

_SCRIPT = tuple(Line(text, translations={"fr": f"{text} (fr)"}) for text in ("one", "two", "three"))
_NO_MATCH = (speechsdk.ResultReason.NoMatch, "")


class Recognizer:
    """A recognizer of the SDK on a push stream.

    Attributes:
        stream: Takes the audio.
        finals: The texts of its final results, those without words too.
    """

    def __init__(self, config: Any, kind: str) -> None:
        self.stream = speechsdk.audio.PushAudioInputStream()
        audio = speechsdk.audio.AudioConfig(stream=self.stream)
        if kind == "translation":
            self._own = speechsdk.translation.TranslationRecognizer(config, audio_config=audio)
        else:
            self._own = speechsdk.SpeechRecognizer(config, audio)
        self.finals: list[str] = []
        self._changed = threading.Condition()
        self._stops = 0
        self._own.recognized.connect(self._recognized)
        self._own.session_stopped.connect(self._stopped)

    async def start(self) -> None:
        await asyncio.to_thread(lambda: self._own.start_continuous_recognition_async().get())

    async def stop(self) -> None:
        await within(asyncio.to_thread(lambda: self._own.stop_continuous_recognition_async().get()))

    async def recognize_once(self) -> Any:
        return await within(asyncio.to_thread(lambda: self._own.recognize_once_async().get()))

    async def until_heard(self, number: int) -> None:
        await self._until(lambda: len(self.finals) >= number)

    async def until_stopped(self) -> None:
        await self._until(lambda: self._stops > 0)

    async def aclose(self) -> None:
        self.stream.close()
        await self.stop()
        for signal in (self._own.recognized, self._own.session_stopped):
            signal.disconnect_all()

    async def _until(self, condition: Callable[[], bool]) -> None:
        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(condition, LIMIT_SECONDS)

        assert await asyncio.to_thread(wait)

    def _recognized(self, event: Any) -> None:
        with self._changed:
            self.finals.append(event.result.text)
            self._changed.notify_all()

    def _stopped(self, _: Any) -> None:
        with self._changed:
            self._stops += 1
            self._changed.notify_all()


@pytest.fixture(params=["speech", "translation"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which recognizer of the SDK: one for the words, or one that also translates."""
    return str(request.param)


@pytest.fixture
async def recognizer(kind: str) -> AsyncIterator[Callable[..., Recognizer]]:
    made: list[Recognizer] = []

    def make(emulator: Emulator, **properties: str) -> Recognizer:
        if kind == "translation":
            config = speechsdk.translation.SpeechTranslationConfig(
                subscription="any", endpoint=emulator.endpoint
            )
            config.add_target_language("fr")
        else:
            config = speechsdk.SpeechConfig(subscription="any", endpoint=emulator.endpoint)
        config.speech_recognition_language = "en-US"
        config.set_property_by_name("SPEECH-StopRecognitionTimeoutInSeconds", "1")
        for name, value in properties.items():
            config.set_property(getattr(speechsdk.PropertyId, name), value)
        made.append(Recognizer(config, kind))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


class TestContinuousRecognition:
    async def test_all_utterances_are_recognized_up_to_the_end_of_the_stream(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        client = recognizer(await start(Behaviour(script=_SCRIPT)))
        client.stream.write(audio.utterance(1) + audio.utterance(2))
        client.stream.close()
        await client.start()
        await client.until_stopped()
        assert client.finals == ["one", "two"]

    async def test_a_recognizer_that_starts_again_hears_what_comes_next(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        client = recognizer(emulator)
        for number in (1, 2):
            await client.start()
            client.stream.write(audio.utterance(number) + audio.silence(0.5))
            await client.until_heard(number)
            await client.stop()
        assert client.finals == ["one", "two"]
        assert emulator.turns == 2

    async def test_silence_ends_a_turn_with_a_result_without_words(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT, silent_turn_seconds=3.0))
        client = recognizer(emulator)
        await client.start()
        client.stream.write(audio.silence(4.0) + audio.utterance(1) + audio.silence(0.5))
        await client.until_heard(2)
        assert client.finals == ["", "one"]
        assert emulator.turns == 2

    @pytest.mark.parametrize("timeout_ms", ["0", "9999999"])
    async def test_a_client_that_wants_it_hears_silence_for_longer(
        self, start: Any, audio: Any, recognizer: Any, timeout_ms: str
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT, silent_turn_seconds=3.0))
        client = recognizer(emulator, SpeechServiceConnection_InitialSilenceTimeoutMs=timeout_ms)
        await client.start()
        client.stream.write(audio.silence(4.0) + audio.utterance(1) + audio.silence(0.5))
        await client.until_heard(1)
        assert client.finals == ["one"]
        assert emulator.turns == 1

    async def test_the_silence_that_ends_a_phrase_is_the_clients(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        client = recognizer(emulator, Speech_SegmentationSilenceTimeoutMs="1000")
        client.stream.write(audio.noise(0.5) + audio.silence(0.8) + audio.noise(0.5) + audio.silence(1.5))
        client.stream.close()
        await client.start()
        await client.until_stopped()
        assert client.finals == ["one"]


class TestRecognizeOnce:
    async def test_each_call_gives_the_next_sentence(self, start: Any, audio: Any, recognizer: Any) -> None:
        client = recognizer(await start(Behaviour(script=_SCRIPT)))
        client.stream.write(b"".join(audio.utterance(number) for number in (1, 2, 3)))
        client.stream.close()
        texts = [(await client.recognize_once()).text for _ in _SCRIPT]
        assert texts == [line.text for line in _SCRIPT]

    async def test_silence_is_no_match_after_five_seconds(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        client = recognizer(await start(Behaviour(script=_SCRIPT)))
        client.stream.write(audio.silence(6.0))
        result = await client.recognize_once()
        assert (result.reason, result.text) == _NO_MATCH
        assert result.no_match_details.reason is speechsdk.NoMatchReason.InitialSilenceTimeout

    async def test_silence_is_no_match_after_the_clients_own_time(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        emulator = await start(Behaviour(script=_SCRIPT))
        client = recognizer(emulator, SpeechServiceConnection_InitialSilenceTimeoutMs="1000")
        client.stream.write(audio.silence(1.5))
        result = await client.recognize_once()
        assert (result.reason, result.text) == _NO_MATCH

    async def test_a_silent_stream_that_ends_is_no_match(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        client = recognizer(await start(Behaviour(script=_SCRIPT)))
        client.stream.write(audio.silence(1.0))
        client.stream.close()
        result = await client.recognize_once()
        assert (result.reason, result.text) == _NO_MATCH


async def test_a_speech_recognizer_finds_the_emulator_by_its_host(start: Any, audio: Any) -> None:
    emulator = await start(Behaviour(script=_SCRIPT))
    host, _, _ = emulator.endpoint.partition("/speech/")
    client = Recognizer(speechsdk.SpeechConfig(subscription="any", host=host), "speech")
    client.stream.write(audio.utterance(1))
    client.stream.close()
    result = await client.recognize_once()
    assert result.text == "one"
    await client.aclose()
