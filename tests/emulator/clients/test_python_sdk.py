"""Microsoft's SDK for Python, used in ways in which the package does not use it."""

from __future__ import annotations

import asyncio
import operator
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.limits import LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice, faults

pytestmark = pytest.mark.native

_SCRIPT = tuple(Line(text, translations={"fr": f"{text} (fr)"}) for text in ("one", "two", "three"))
_VOICES = {"fr": Voice(b"\1\1" * 4000), "de": Voice(b"\2\2" * 4000), "ja": Voice(b"\3\3" * 4000)}
_VOICED = tuple(Line(text, voices=_VOICES) for text in ("one", "two", "three", "four"))
_NO_MATCH = (speechsdk.ResultReason.NoMatch, "")


class Recognizer:
    """A recognizer of the SDK on a push stream.

    Attributes:
        stream: Takes the audio.
        finals: The texts of its final results, those without words too.
        languages: The languages that each of them is translated to.
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
        self.languages: list[list[str]] = []
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

    async def add_language(self, language: str, voice: str = "") -> None:
        """Translate to another language from now on, and speak it in a voice if one is given."""
        if voice:
            self._own.properties.set_property_by_name(f"{language}TRANSLATION-Voice", voice)
        await within(asyncio.to_thread(self._own.add_target_language, language))

    async def remove_language(self, language: str) -> None:
        await within(asyncio.to_thread(self._own.remove_target_language, language))

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
        await asyncio.to_thread(self._free)

    def _free(self) -> None:
        """Not on the loop: for a second it would wait for the emulator, which that loop runs."""
        del self._own

    async def _until(self, condition: Callable[[], bool]) -> None:
        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(condition, LIMIT_SECONDS)

        assert await asyncio.to_thread(wait)

    def _recognized(self, event: Any) -> None:
        with self._changed:
            self.finals.append(event.result.text)
            self.languages.append(sorted(getattr(event.result, "translations", ())))
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


class TestVoicesOfSeveralLanguages:
    """Translations that are spoken in each language: a property of the SDK asks for the voice of one."""

    @pytest.fixture
    async def translator(self) -> AsyncIterator[Callable[..., Awaitable[Recognizer]]]:
        made: list[Recognizer] = []

        async def make(emulator: Emulator, *languages: str) -> Recognizer:
            config = speechsdk.translation.SpeechTranslationConfig(
                subscription="any", endpoint=emulator.endpoint
            )
            config.set_property_by_name("SPEECH-StopRecognitionTimeoutInSeconds", "1")
            for language in languages:
                config.add_target_language(language)
                config.set_property_by_name(f"{language}TRANSLATION-Voice", "personal-voice")
            detection = speechsdk.languageconfig.AutoDetectSourceLanguageConfig()
            made.append(Recognizer(config, "translation", detection))
            await made[-1].start()
            return made[-1]

        yield make
        for one in made:
            await one.aclose()

    async def test_an_utterance_is_spoken_in_each(self, start: Any, audio: Any, translator: Any) -> None:
        emulator = await start(Behaviour(script=_VOICED, riff="none"))
        client = await translator(emulator, "fr", "de")
        await self._say_all(client, audio.utterance(1))
        assert _spoken(emulator) == {"one": ["de", "fr"]}
        # The SDK reports both in one row; which chunk is whose, only the messages tell.
        heard, voices = b"".join(client.voices), [_VOICES[language].pcm for language in ("fr", "de")]
        assert sorted(heard) == sorted(b"".join(voices))
        assert heard not in (b"".join(voices), b"".join(reversed(voices)))

    async def test_a_language_that_is_added_is_spoken_from_then_on(
        self, start: Any, audio: Any, translator: Any
    ) -> None:
        # "two" is of the same turn, "three" of the next one, and "four" of another connection.
        behaviour = Behaviour(script=_VOICED, utterances_per_turn=2, faults=[faults.Drop(8.5)])
        emulator = await start(behaviour)
        client = await translator(emulator, "fr", "de")
        client.stream.write(audio.utterance(1))
        await client.until_heard(1)
        await client.add_language("ja", "personal-voice")
        await self._say_all(client, *(audio.utterance(number) for number in (2, 3, 4)))
        assert _spoken(emulator) == {
            "one": ["de", "fr"],
            **{text: ["de", "fr", "ja"] for text in ("two", "three", "four")},
        }
        assert emulator.connections == 2

    async def test_a_language_that_is_added_without_a_voice_is_translated_alone(
        self, start: Any, audio: Any, translator: Any
    ) -> None:
        emulator = await start(Behaviour(script=_VOICED, utterances_per_turn=2))
        client = await translator(emulator, "fr")
        client.stream.write(audio.utterance(1))
        await client.until_heard(1)
        await client.add_language("ja")
        await self._say_all(client, audio.utterance(2), audio.utterance(3))
        assert client.languages == [["fr"], ["fr", "ja"], ["fr", "ja"]]
        assert _spoken(emulator) == {"one": ["fr"], "two": ["fr"], "three": ["fr"]}

    async def test_a_language_that_is_removed_is_spoken_no_more(
        self, start: Any, audio: Any, translator: Any
    ) -> None:
        emulator = await start(Behaviour(script=_VOICED, utterances_per_turn=2))
        client = await translator(emulator, "fr", "de")
        client.stream.write(audio.utterance(1))
        await client.until_heard(1)
        await client.remove_language("fr")
        await self._say_all(client, audio.utterance(2), audio.utterance(3))
        assert client.languages == [["de", "fr"], ["de"], ["de"]]
        assert _spoken(emulator) == {"one": ["de", "fr"], "two": ["de"], "three": ["de"]}

    async def test_one_of_them_is_lost_and_the_others_are_heard(
        self, start: Any, audio: Any, translator: Any
    ) -> None:
        emulator = await start(Behaviour(script=_VOICED, faults=[faults.NoVoice(1, language="fr")]))
        client = await translator(emulator, "fr", "de")
        await self._say_all(client, audio.utterance(1), audio.utterance(2))
        assert client.languages == [["de", "fr"], ["de", "fr"]]
        assert _spoken(emulator) == {"one": ["de"], "two": ["de", "fr"]}

    async def test_a_service_may_speak_the_first_and_translate_to_all(
        self, start: Any, audio: Any, translator: Any
    ) -> None:
        emulator = await start(Behaviour(script=_VOICED, several_voices="first"))
        client = await translator(emulator, "fr", "de")
        await self._say_all(client, audio.utterance(1))
        assert (client.languages, _spoken(emulator)) == ([["de", "fr"]], {"one": ["fr"]})

    async def test_a_service_may_refuse_them_with_a_reason(
        self, start: Any, audio: Any, translator: Any
    ) -> None:
        client = await translator(await start(Behaviour(several_voices="refused")), "fr", "de")
        await self._say_all(client, audio.utterance(1))
        assert "1007" in client.refusal
        assert "Voices in several languages are not supported (fr, de)." in client.refusal

    async def test_a_service_may_refuse_one_that_is_added(
        self, start: Any, audio: Any, translator: Any
    ) -> None:
        emulator = await start(Behaviour(script=_VOICED, several_voices="refused"))
        client = await translator(emulator, "fr")
        client.stream.write(audio.utterance(1))
        await client.until_heard(1)
        await client.add_language("ja", "personal-voice")
        await self._say_all(client, audio.utterance(2))
        assert "Voices in several languages are not supported (fr, ja)." in client.refusal

    async def _say_all(self, client: Recognizer, *utterances: bytes) -> None:
        """Say the rest, and await the end of the session."""
        client.stream.write(b"".join(utterances))
        client.stream.close()
        await client.until_stopped()


def _spoken(emulator: Emulator) -> dict[str, list[str]]:
    """The languages in which each utterance was spoken."""
    spoken: dict[str, list[str]] = {}
    for one in emulator.spoken:
        spoken.setdefault(one.text, []).append(one.language)
    return {text: sorted(languages) for text, languages in spoken.items()}


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


class Synthesizer:
    """A synthesizer of the SDK.

    Attributes:
        words: The words, marks and sentences that were reported: text, kind, and place in the SSML.
        bookmarks: The bookmarks that were reached.
        visemes: The mouth shapes.
        offsets: The places of all of these in the audio, by the kind of the event.
    """

    def __init__(
        self, emulator: Emulator, *, form: str = "Raw16Khz16BitMonoPcm", by_host: bool = False
    ) -> None:
        where = {"endpoint": emulator.synthesis_endpoint}
        if by_host:
            where = {"host": emulator.synthesis_endpoint.partition("/tts/")[0]}
        config = speechsdk.SpeechConfig(subscription="any", **where)
        config.set_speech_synthesis_output_format(getattr(speechsdk.SpeechSynthesisOutputFormat, form))
        config.set_property(speechsdk.PropertyId.SpeechServiceResponse_RequestSentenceBoundary, "true")
        self._own = speechsdk.SpeechSynthesizer(config, audio_config=None)
        self.words: list[tuple[str, str, int]] = []
        self.bookmarks: list[str] = []
        self.visemes: list[int] = []
        self.offsets: dict[str, list[int]] = {"word": [], "bookmark": [], "viseme": []}
        self._changed = threading.Condition()

    async def until_reported(self, *, words: int, visemes: int = 0, bookmarks: int = 0) -> None:
        """The SDK may report the last events after the result."""

        def all_came() -> bool:
            counts = len(self.words), len(self.visemes), len(self.bookmarks)
            return all(map(operator.ge, counts, (words, visemes, bookmarks)))

        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(all_came, LIMIT_SECONDS)

        assert await asyncio.to_thread(wait)

    def listen(self) -> None:
        """Ask for the events."""
        self._own.synthesis_word_boundary.connect(self._word)
        self._own.bookmark_reached.connect(self._bookmark)
        self._own.viseme_received.connect(self._viseme)

    async def speak(self, ssml: str) -> Any:
        return await within(asyncio.to_thread(lambda: self._own.speak_ssml_async(ssml).get()))

    async def speak_text(self, text: str) -> Any:
        return await within(asyncio.to_thread(lambda: self._own.speak_text_async(text).get()))

    async def speak_pieces(self, *pieces: str, until_heard: bool = False) -> Any:
        """Stream a text, and end it; or end it only when something of it was heard."""
        heard = threading.Event()
        self._own.synthesizing.connect(lambda _: heard.set())

        def speak() -> Any:
            request = speechsdk.SpeechSynthesisRequest(speechsdk.SpeechSynthesisRequestInputType.TextStream)
            speaking = self._own.speak_async(request)
            for piece in pieces:
                request.input_stream.write(piece)
            if until_heard:
                assert heard.wait(LIMIT_SECONDS)
            request.input_stream.close()
            return speaking.get()

        return await within(asyncio.to_thread(speak))

    async def voices(self, locale: str = "") -> Any:
        return await within(asyncio.to_thread(lambda: self._own.get_voices_async(locale).get()))

    async def aclose(self) -> None:
        await asyncio.to_thread(self._free)

    def _free(self) -> None:
        """Not on the loop: for a second it would wait for the emulator, which that loop runs."""
        del self._own

    def _word(self, event: Any) -> None:
        with self._changed:
            self.words.append((event.text, event.boundary_type.name, event.text_offset))
            self.offsets["word"].append(event.audio_offset)
            self._changed.notify_all()

    def _bookmark(self, event: Any) -> None:
        with self._changed:
            self.bookmarks.append(event.text)
            self.offsets["bookmark"].append(event.audio_offset)
            self._changed.notify_all()

    def _viseme(self, event: Any) -> None:
        with self._changed:
            self.visemes.append(event.viseme_id)
            self.offsets["viseme"].append(event.audio_offset)
            self._changed.notify_all()


_SSML = (
    '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US">'
    '<voice name="en-US-AvaMultilingualNeural">{}</voice></speak>'
)


class TestSpeechSynthesis:
    @pytest.fixture
    async def synthesizer(self) -> AsyncIterator[Callable[..., Synthesizer]]:
        made: list[Synthesizer] = []

        def make(emulator: Emulator, **options: Any) -> Synthesizer:
            made.append(Synthesizer(emulator, **options))
            return made[-1]

        yield make
        for one in made:
            await one.aclose()

    async def test_words_sentences_mouths_and_bookmarks_are_reported(
        self, start: Any, synthesizer: Any
    ) -> None:
        client = synthesizer(await start(Behaviour(synthesis_seconds=0.5, chunk_bytes=800)))
        client.listen()
        ssml = _SSML.format('Mum, <bookmark mark="here"/>hi.')
        result = await client.speak(ssml)
        await client.until_reported(words=5, visemes=8, bookmarks=1)
        assert sorted(client.words) == sorted(
            [
                ("Mum", "Word", ssml.index("Mum")),
                (",", "Punctuation", ssml.index(",")),
                ("hi", "Word", ssml.index("hi")),
                (".", "Punctuation", ssml.index("hi.") + 2),
                # The SDK cannot find a sentence with markup in it.
                ("Mum, hi.", "Sentence", -1),
            ]
        )
        assert client.bookmarks == ["here"]
        assert client.visemes == [21, 7, 21, 0, 12, 6, 0, 0]
        for offsets in client.offsets.values():
            assert offsets == sorted(offsets)
            assert 0 <= offsets[0] <= offsets[-1] <= 5_000_000
        assert result.audio_duration.total_seconds() == 0.5

    async def test_a_plain_text_is_spoken_as_it_is_written(self, start: Any, synthesizer: Any) -> None:
        emulator = await start()
        client = synthesizer(emulator)
        client.listen()
        await client.speak_text('Tom & "Jerry" <3')
        await client.until_reported(words=7)
        assert [one.text for one in emulator.synthesized] == ['Tom & "Jerry" <3']
        assert ("&", "Punctuation", 4) in client.words

    @pytest.mark.parametrize(
        ("form", "begins"),
        [
            ("Audio24Khz48KBitRateMonoMp3", b"\xff"),
            ("Ogg16Khz16BitMonoOpus", b"OggS"),
            ("Webm24Khz16BitMonoOpus", b"\x1a\x45\xdf\xa3"),
            ("Riff8Khz8BitMonoMULaw", b"RIFF"),
        ],
    )
    async def test_a_voice_comes_in_the_format_that_was_asked_for(
        self, start: Any, synthesizer: Any, form: str, begins: bytes
    ) -> None:
        result = await synthesizer(await start(), form=form).speak(_SSML.format("Hello"))
        assert result.reason is speechsdk.ResultReason.SynthesizingAudioCompleted
        assert result.audio_data.startswith(begins)

    @pytest.mark.parametrize(
        ("ssml", "reason"),
        [
            (_SSML.format("Hello").replace("Ava", "A va"), "Unsupported voice en-US-A vaMultilingualNeural."),
            (_SSML.format("Tom & Jerry"), "The SSML is not XML"),
            ('<speak xml:lang="en-US">Hello</speak>', "Ssml should contain at least one [VOICE] tag."),
        ],
        ids=["voice", "XML", "no voice"],
    )
    async def test_a_document_that_azure_refuses_is_a_bad_request_with_its_reason(
        self, start: Any, synthesizer: Any, ssml: str, reason: str
    ) -> None:
        result = await synthesizer(await start()).speak(ssml)
        details = result.cancellation_details
        assert details.error_code is speechsdk.CancellationErrorCode.BadRequest
        assert f"Error code: 1007. Error details: {reason}" in details.error_details
        assert "USP state: TurnStarted. Received audio size: 0 bytes." in details.error_details

    async def test_a_format_without_an_encoder_is_a_bad_request(self, start: Any, synthesizer: Any) -> None:
        result = await synthesizer(await start(), form="AmrWb16000Hz").speak(_SSML.format("Hello"))
        details = result.cancellation_details
        assert details.error_code is speechsdk.CancellationErrorCode.BadRequest
        assert "Unsupported output format amr-wb-16000hz" in details.error_details

    @pytest.mark.parametrize("text", ["", "?!"])
    async def test_a_text_without_words_is_completed_without_audio(
        self, start: Any, synthesizer: Any, text: str
    ) -> None:
        result = await synthesizer(await start()).speak(_SSML.format(text))
        assert result.reason is speechsdk.ResultReason.SynthesizingAudioCompleted
        assert result.audio_data == b""

    async def test_voices_are_listed_for_a_client_that_names_the_host(
        self, start: Any, synthesizer: Any
    ) -> None:
        client = synthesizer(await start(), by_host=True)
        listed = (await client.voices()).voices
        assert "en-US-AvaMultilingualNeural" in {voice.short_name for voice in listed}
        french = (await client.voices("fr-FR")).voices
        assert {voice.locale for voice in french} == {"fr-FR"}
        assert {voice.gender.name for voice in french} == {"Female", "Male"}

    @pytest.mark.parametrize("by_host", [True, False])
    async def test_a_text_that_comes_in_pieces_is_spoken(
        self, start: Any, synthesizer: Any, by_host: bool
    ) -> None:
        emulator = await start()
        client = synthesizer(emulator, by_host=by_host)
        result = await client.speak_pieces("Hello ", "world. ", "How are you?")
        assert result.reason is speechsdk.ResultReason.SynthesizingAudioCompleted
        assert result.audio_data == emulator.synthesized[0].voice.pcm
        assert [one.text for one in emulator.synthesized] == ["Hello world. How are you?"]

    async def test_the_first_sentence_is_heard_before_the_text_is_over(
        self, start: Any, synthesizer: Any
    ) -> None:
        client = synthesizer(await start())
        heard = await client.speak_pieces("Hello world. ", until_heard=True)
        assert heard.reason is speechsdk.ResultReason.SynthesizingAudioCompleted
