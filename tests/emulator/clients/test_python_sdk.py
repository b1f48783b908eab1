"""Microsoft's SDK for Python, used in ways in which the package does not use it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.limits import LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice, faults

pytestmark = pytest.mark.native

_SCRIPT = tuple(Line(text, translations={"fr": f"{text} (fr)"}) for text in ("one", "two", "three"))
_NO_MATCH = (speechsdk.ResultReason.NoMatch, "")


class Recognizer:
    """A recognizer of the SDK on a push stream.

    Attributes:
        stream: Takes the audio.
        finals: The texts of its final results, those without words too.
        commit_tokens: The commit that each of them answers; 0: none.
        voices: The voices of its translations, each as whole as it was reported.
        refusal: The reason why the service refused it.
    """

    def __init__(self, config: Any, kind: str, detection: Any = None) -> None:
        self.stream = speechsdk.audio.PushAudioInputStream()
        audio = speechsdk.audio.AudioConfig(stream=self.stream)
        if kind == "translation":
            self._own = speechsdk.translation.TranslationRecognizer(
                config, audio_config=audio, auto_detect_source_language_config=detection
            )
            self._own.synthesizing.connect(self._synthesizing)
        else:
            self._own = speechsdk.SpeechRecognizer(config, audio)
        self.finals: list[str] = []
        self.commit_tokens: list[int] = []
        self.voices: list[bytes] = []
        self.refusal = ""
        self._voice = b""
        self._changed = threading.Condition()
        self._stops = 0
        self._own.recognized.connect(self._recognized)
        self._own.session_stopped.connect(self._stopped)
        self._own.canceled.connect(self._canceled)

    def assess_pronunciation(self, text: str) -> None:
        speechsdk.PronunciationAssessmentConfig(reference_text=text).apply_to(self._own)

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
        for signal in (self._own.recognized, self._own.session_stopped, self._own.canceled):
            signal.disconnect_all()
        if isinstance(self._own, speechsdk.translation.TranslationRecognizer):
            self._own.synthesizing.disconnect_all()

    async def _until(self, condition: Callable[[], bool]) -> None:
        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(condition, LIMIT_SECONDS)

        assert await asyncio.to_thread(wait)

    def _recognized(self, event: Any) -> None:
        with self._changed:
            self.finals.append(event.result.text)
            self.commit_tokens.append(event.result.commit_token)
            self._changed.notify_all()

    def _synthesizing(self, event: Any) -> None:
        self._voice += event.result.audio
        if event.result.reason is speechsdk.ResultReason.SynthesizingAudioCompleted:
            self.voices.append(self._voice)
            self._voice = b""

    def _canceled(self, event: Any) -> None:
        self.refusal = event.cancellation_details.error_details

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


class TestAcknowledges:
    @pytest.mark.parametrize("acknowledges", ["results", "headers"])
    async def test_utterances_are_recognized_once_over_lost_connections(
        self, start: Any, audio: Any, recognizer: Any, acknowledges: Any
    ) -> None:
        drops = (faults.Drop(4.2), faults.Drop(6.6))
        emulator = await start(Behaviour(script=_SCRIPT, acknowledges=acknowledges, faults=drops))
        client = recognizer(emulator)
        client.stream.write(b"".join(audio.utterance(number) for number in (1, 2, 3)))
        client.stream.close()
        await client.start()
        await client.until_stopped()
        assert client.finals == ["one", "two", "three"]
        assert emulator.connections == 3


class TestCommit:
    async def test_a_commit_is_answered_by_the_utterance_that_it_ends(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        client = recognizer(await start(Behaviour(script=_SCRIPT, commits="answered")))
        await client.start()
        client.stream.write(audio.silence(0.5) + audio.noise(0.5))
        token = client.stream.commit()
        await client.until_heard(1)
        assert (client.finals, client.commit_tokens) == (["one"], [token])

    async def test_a_commit_that_is_ignored_does_no_harm(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        client = recognizer(await start(Behaviour(script=_SCRIPT)))
        await client.start()
        client.stream.write(audio.silence(0.5) + audio.noise(0.5))
        client.stream.commit()
        client.stream.write(audio.noise(0.5) + audio.silence(1.0))
        await client.until_heard(1)
        assert (client.finals, client.commit_tokens) == (["one"], [0])

    async def test_a_commit_that_is_refused_ends_the_session_with_a_reason(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        client = recognizer(await start(Behaviour(script=_SCRIPT, commits="refused")))
        await client.start()
        client.stream.write(audio.silence(0.5) + audio.noise(0.5))
        client.stream.commit()
        await client.until_stopped()
        assert "audio.commit is not supported." in client.refusal


class TestRefusal:
    async def test_a_turn_that_is_refused_ends_the_session_with_the_services_reason(
        self, start: Any, audio: Any, recognizer: Any
    ) -> None:
        reason = "Quota exceeded. Cid: "
        client = recognizer(await start(Behaviour(faults=[faults.RefuseTurn(reason=reason)])))
        await client.start()
        client.stream.write(audio.utterance(1))
        await client.until_stopped()
        assert reason in client.refusal


async def test_pronunciation_assessment_is_refused_with_a_reason(start: Any, audio: Any) -> None:
    emulator = await start(Behaviour(script=_SCRIPT))
    client = Recognizer(speechsdk.SpeechConfig(subscription="any", endpoint=emulator.endpoint), "speech")
    client.assess_pronunciation("one")
    client.stream.write(audio.utterance(1))
    result = await client.recognize_once()
    assert result.reason is speechsdk.ResultReason.Canceled
    assert "1007" in result.cancellation_details.error_details
    assert "does not offer pronunciation assessment" in result.cancellation_details.error_details
    await client.aclose()


async def test_a_translation_into_two_languages_is_spoken_in_both(start: Any, audio: Any) -> None:
    voices = {"fr": Voice(b"\1\1" * 4000), "de": Voice(b"\2\2" * 4000)}
    emulator = await start(Behaviour(script=[Line("one", voices=voices)], riff="none"))
    config = speechsdk.translation.SpeechTranslationConfig(subscription="any", endpoint=emulator.endpoint)
    for language in voices:
        config.add_target_language(language)
        config.set_property_by_name(f"{language}TRANSLATION-Voice", "personal-voice")
    client = Recognizer(config, "translation", speechsdk.languageconfig.AutoDetectSourceLanguageConfig())
    client.stream.write(audio.utterance(1))
    client.stream.close()
    await client.start()
    await client.until_stopped()
    assert {spoken.language for spoken in emulator.spoken} == {"fr", "de"}
    # The SDK reports both in one row; which chunk is whose, only the messages tell.
    heard = b"".join(client.voices)
    assert sorted(heard) == sorted(b"".join(voice.pcm for voice in voices.values()))
    assert heard not in (voices["fr"].pcm + voices["de"].pcm, voices["de"].pcm + voices["fr"].pcm)
    await client.aclose()


async def test_a_conversation_transcriber_names_the_speakers_of_the_script(start: Any, audio: Any) -> None:
    script = [Line("one"), Line("two", speaker="Guest-2"), Line("three", speaker="Unknown")]
    emulator = await start(Behaviour(script=script))
    stream = speechsdk.audio.PushAudioInputStream()
    stream.write(b"".join(audio.utterance(number) for number in (1, 2, 3)))
    stream.close()
    transcriber = speechsdk.transcription.ConversationTranscriber(
        speechsdk.SpeechConfig(subscription="any", endpoint=emulator.endpoint),
        speechsdk.audio.AudioConfig(stream=stream),
    )
    said: list[tuple[str, str]] = []
    guesses: set[str] = set()
    stopped = threading.Event()
    transcriber.transcribed.connect(lambda event: said.append((event.result.speaker_id, event.result.text)))
    transcriber.transcribing.connect(lambda event: guesses.add(event.result.speaker_id))
    transcriber.session_stopped.connect(lambda _: stopped.set())
    await asyncio.to_thread(lambda: transcriber.start_transcribing_async().get())
    assert await asyncio.to_thread(stopped.wait, LIMIT_SECONDS)
    await within(asyncio.to_thread(lambda: transcriber.stop_transcribing_async().get()))
    for signal in (transcriber.transcribed, transcriber.transcribing, transcriber.session_stopped):
        signal.disconnect_all()
    assert said == [("Guest-1", "one"), ("Guest-2", "two"), ("Unknown", "three")]
    assert guesses == {"Unknown"}


async def test_a_speech_recognizer_finds_the_emulator_by_its_host(start: Any, audio: Any) -> None:
    emulator = await start(Behaviour(script=_SCRIPT))
    host, _, _ = emulator.endpoint.partition("/speech/")
    client = Recognizer(speechsdk.SpeechConfig(subscription="any", host=host), "speech")
    client.stream.write(audio.utterance(1))
    client.stream.close()
    result = await client.recognize_once()
    assert result.text == "one"
    await client.aclose()
