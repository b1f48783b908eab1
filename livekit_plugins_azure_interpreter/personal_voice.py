"""Speaks any text in an enrolled personal voice, or in a prebuilt one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import TYPE_CHECKING, Literal

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    APIError,
    APIStatusError,
    NotGivenOr,
    tts,
    utils,
)
from livekit.agents.tts import AudioEmitter, ChunkedStream, TTSCapabilities
from livekit.agents.utils import is_given

from ._livekit_private import SynthesizeStream, note_request_id
from ._sdk.errors import to_api_error
from ._sdk.events import BUSY, Failed, SynthesisChunk, SynthesisStarted, WordBoundary
from ._sdk.on_demand import open_synthesizer
from ._sdk.synthesis import OpenSynthesizer
from ._speaking.breaks import clause_end, sentence_end
from ._speaking.joined_voices import JoinedVoices
from ._speaking.portions import Portions
from ._speaking.ssml import PERSONAL_MODEL, SynthesisVoice, is_speakable
from ._speaking.synthesizers import Synthesizers, TextSynthesizers
from ._speaking.whole_characters import WholeCharacters
from ._speaking.word_alignment import WordAligner
from ._voices.utterance import Clause
from .options import Proxy, SpeakingOptions
from .speech_resources import SpeechResources, credentials_option, places_of

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_ENDS_QUIETLY = 499
"""LiveKit's base class ends a stream with this status without an error."""
_MOST_SSML_BYTES = 65_536
"""Azure's limit for one request."""
_MOST_SECONDS = 300.0
"""Azure cuts a voice at 10 minutes. The pace of a text is an estimate, and the SDK allows 5
minutes for a whole voice to come, so a request asks for half of that."""
_RESUMES = 2
"""How often a text continues after a lost connection; LiveKit tries again only before the first sound."""


class PersonalVoiceTTS(tts.TTS[Literal["metrics_collected", "error"]]):
    """Speaks any text in an enrolled personal voice, or in a prebuilt one (Azure: `SpeechSynthesizer`).

    It serves alone, as the `tts` of any agent; and as `TTS(stt, fallback=PersonalVoiceTTS(...))`, so that a
    greeting and a translation whose voice was lost sound like the speaker. Speech begins when the first
    clause of a text has come, in any script. A text can have any length. One connection stays open for the
    next text; `aclose` closes it.

    Args:
        speaker_profile_id: The profile of an enrolled personal voice (Azure's `speakerProfileId`;
            AZURE_SPEAKER_PROFILE_ID).
        model: Azure's base model that speaks in a personal voice: "DragonLatestNeural" sounds more like
            the speaker, "PhoenixLatestNeural" is quicker.
        voice: A prebuilt voice instead, e.g. "fr-FR-DeniseNeural".
        language: The language of the texts, e.g. "fr-FR". None: Azure detects it; a
            prebuilt voice uses its own.
        rate: The pace, as a multiple of the voice's own pace, 0.5 to 2.
        sample_rate: The rate of the frames, in Hz: 16000, 24000 or 48000. Nothing is resampled.
        word_timings: Report the times of the words, if the model gives them (LiveKit's aligned
            transcripts).
        speech_key: As of `STT`, from the same variable (AZURE_SPEECH_KEY). The others have theirs, too.
        speech_region: As of `STT`.
        speech_endpoint: As of `STT`. With an endpoint of the Live Interpreter it uses the synthesizer of
            the same resource.
        speech_host: As of `STT`, but of a text-to-speech container.
        speech_auth_token: As of `STT`.
        token_credential: As of `STT`.
        speech_resources: As of `STT`.
        proxy: An HTTP proxy: "http://host:port" or "http://user:password@host:port".

    Raises:
        ValueError: A voice, a credential or a service is missing or malformed; the message names it.
    """

    def __init__(
        self,
        *,
        speaker_profile_id: str | None = None,
        model: str = PERSONAL_MODEL,
        voice: str | None = None,
        language: str | None = None,
        rate: float | None = None,
        sample_rate: int = 24000,
        word_timings: bool = True,
        speech_key: str | None = None,
        speech_region: str | None = None,
        speech_endpoint: str | None = None,
        speech_host: str | None = None,
        speech_auth_token: str | Callable[[], str] | None = None,
        token_credential: TokenCredential | None = None,
        speech_resources: SpeechResources | None = None,
        proxy: str | None = None,
        _open_synthesizer: OpenSynthesizer = open_synthesizer,
    ) -> None:
        self._voice = SynthesisVoice.resolve(
            speaker_profile_id=speaker_profile_id, model=model, voice=voice, language=language, rate=rate
        )
        credentials: dict[str, object] = {
            "speech_key": speech_key,
            "speech_region": speech_region,
            "speech_endpoint": speech_endpoint,
            "speech_host": speech_host,
            "speech_auth_token": speech_auth_token,
            "token_credential": token_credential,
        }
        self._options = SpeakingOptions(
            credentials=credentials_option(speech_resources, "synthesis", credentials),
            sample_rate=sample_rate,
            word_timings=word_timings,
            proxy=Proxy.parse(proxy) if proxy is not None else None,
        )
        super().__init__(
            capabilities=TTSCapabilities(streaming=True, aligned_transcript=word_timings),
            sample_rate=sample_rate,
            num_channels=1,
        )
        places = None if speech_resources is None else places_of(speech_resources, "synthesis")
        self._synthesizers = Synthesizers(_open_synthesizer, self._options, places)

    @property
    def model(self) -> str:
        """The base model, or the prebuilt voice, as LiveKit's metrics name it."""
        return self._voice.name

    @property
    def provider(self) -> str:
        """The provider of the service, as LiveKit's metrics name it."""
        return "Azure"

    def update_options(
        self,
        *,
        speaker_profile_id: NotGivenOr[str] = NOT_GIVEN,
        model: NotGivenOr[str] = NOT_GIVEN,
        voice: NotGivenOr[str] = NOT_GIVEN,
        language: NotGivenOr[str | None] = NOT_GIVEN,
        rate: NotGivenOr[float | None] = NOT_GIVEN,
    ) -> None:
        """Change the voice of new texts, over the same connection. The current text does not change.

        A `voice` replaces a personal one, and a `speaker_profile_id` replaces a prebuilt one.
        Arguments are as of the class; those that are not given do not change.

        Raises:
            ValueError: An argument is malformed; nothing was changed.
        """
        given = {
            "speaker_profile_id": speaker_profile_id,
            "model": model,
            "voice": voice,
            "language": language,
            "rate": rate,
        }
        self._voice = self._voice.changed({name: value for name, value in given.items() if is_given(value)})

    def prewarm(self) -> None:
        """Connect ahead of the first text; within a running event loop."""
        self._synthesizers.warm()

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> ChunkedStream:
        """Speak a text that is whole.

        Iterating it raises an `APIStatusError` if Azure refused (401: the credentials, 400: the voice, the
        model or the language), an `APIConnectionError` or `APITimeoutError` if it could not be reached.
        """
        return _PersonalVoiceChunkedStream(
            tts=self, input_text=text, speaker=self._speaker(conn_options), conn_options=conn_options
        )

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> PersonalVoiceStream:
        """Open a stream for one text, which is spoken as its sentences come; it raises as `synthesize`."""
        return PersonalVoiceStream(tts=self, speaker=self._speaker(conn_options), conn_options=conn_options)

    async def aclose(self) -> None:
        """Close the connections at once, within about a second."""
        await self._synthesizers.aclose()

    def _speaker(self, conn_options: APIConnectOptions) -> _TextSpeaker:
        return _TextSpeaker(self._voice, self._options, self._synthesizers.for_text(conn_options.timeout))


class PersonalVoiceStream(SynthesizeStream):
    """Speaks one text as it comes. Made by `PersonalVoiceTTS.stream()`."""

    def __init__(
        self, *, tts: PersonalVoiceTTS, speaker: _TextSpeaker, conn_options: APIConnectOptions
    ) -> None:
        super().__init__(tts=tts, conn_options=conn_options)
        self._speaker = speaker

    async def _run(self, output_emitter: AudioEmitter) -> None:
        await self._speaker.say(self._pushed_texts, output_emitter, started=self._text_is_sent)


class _PersonalVoiceChunkedStream(ChunkedStream):
    """Speaks one text that is whole from the beginning. Made by `PersonalVoiceTTS.synthesize()`.

    LiveKit's own class reads a stream, and reports errors and metrics twice: for itself and for the stream.
    """

    def __init__(
        self,
        *,
        tts: PersonalVoiceTTS,
        input_text: str,
        speaker: _TextSpeaker,
        conn_options: APIConnectOptions,
    ) -> None:
        super().__init__(tts=tts, input_text=input_text, conn_options=conn_options)
        self._speaker = speaker

    async def _run(self, output_emitter: AudioEmitter) -> None:
        await self._speaker.say(_whole(self.input_text), output_emitter)


async def _whole(text: str) -> AsyncIterator[str]:
    yield text


async def _read(
    parts: AsyncIterable[object], portions: Portions, segment: _Segment, came: asyncio.Event
) -> None:
    """Take the pieces of a text, in whole characters; an object that is not a string is a flush."""
    characters = WholeCharacters()
    async for part in parts:
        if isinstance(part, str):
            portions.push(characters.push(part))
            if isinstance(part, Clause):
                segment.is_of_clauses()
                portions.flush()  # its sentence is still being said, and the next one may come late
        else:
            portions.flush()
        came.set()
    portions.flush()


class _TextSpeaker:
    """Speaks the text of one stream, over all its attempts."""

    def __init__(
        self, voice: SynthesisVoice, options: SpeakingOptions, synthesizers: TextSynthesizers
    ) -> None:
        self._voice = voice
        self._options = options
        self._synthesizers = synthesizers
        self._renewed = False
        self._resumes = _RESUMES

    async def say(
        self,
        parts: AsyncIterable[object],
        emitter: AudioEmitter,
        started: Callable[[], None] = lambda: None,
    ) -> None:
        """Speak a text as it comes, portion by portion.

        Args:
            parts: The text; an object that is not a string is a flush.
            emitter: Takes the sound.
            started: Called when Azure is asked to speak.

        Raises:
            APIError: Azure did not speak; or there is nothing to say, which ends the stream quietly.
        """
        self._started = started
        emitter.initialize(
            request_id=utils.shortuuid("azure_"),
            sample_rate=self._options.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        segment = _Segment(emitter, self._options)
        portions = self._portions()
        came = asyncio.Event()
        reading = asyncio.create_task(_read(parts, portions, segment, came))
        reading.add_done_callback(lambda _: came.set())
        try:
            while True:
                came.clear()
                if text := portions.take():
                    await self._say(text, segment)
                elif reading.done():
                    await reading  # raises its error
                    segment.finish()
                    break
                else:
                    await came.wait()
        finally:
            self._synthesizers.close()
            await utils.aio.cancel_and_wait(reading)
        if segment.was_asked_for and not segment.seconds:
            # The base class would say so too, but with the text.
            raise APIError("Azure sent no sound for this text: check voice or model", retryable=False)
        if not segment.was_asked_for:
            raise APIStatusError("nothing to say", status_code=_ENDS_QUIETLY)
        emitter.end_segment()

    def _portions(self) -> Portions:
        most_bytes = _MOST_SSML_BYTES - len(self._voice.ssml("").encode())
        return Portions(most_seconds=_MOST_SECONDS * (self._voice.rate or 1.0), most_bytes=most_bytes)

    async def _say(self, text: str, segment: _Segment) -> None:
        if is_speakable(text):
            await self._speak(text, segment)
        elif segment.seconds:
            # It still belongs to the transcript.
            segment.begin(text)
            segment.end()

    async def _speak(self, text: str, segment: _Segment) -> None:
        """Speak a whole text. If the connection is lost in the middle, it continues there."""
        segment.begin(text)
        while True:
            try:
                await self._speak_once(text, segment)
            except APIError as error:
                if not (segment.seconds and error.retryable and self._resumes):
                    raise
                self._resumes -= 1
            else:
                break
        segment.end()

    async def _speak_once(self, text: str, segment: _Segment) -> None:
        segment.was_asked_for = True
        self._started()
        is_spoken = False
        while not is_spoken:
            try:
                is_spoken = await self._was_free_to_speak(text, segment)  # else the next one is new
            except APIError as error:
                if not await self._synthesizers.goes_on(error):
                    raise

    async def _was_free_to_speak(self, text: str, segment: _Segment) -> bool:
        """Speak with the next synthesizer. False: it is still busy with a stopped text."""
        segment.restart()
        synthesis = await self._synthesizers.take()
        timeout_seconds = self._synthesizers.timeout_seconds
        try:
            speaking = synthesis.speak(self._voice.ssml(text), timeout_seconds=timeout_seconds)
            async with contextlib.aclosing(speaking):
                async for event in speaking:
                    if isinstance(event, SynthesisChunk):
                        segment.push(event.pcm)
                    elif isinstance(event, WordBoundary):
                        segment.reached(event)
                    elif isinstance(event, SynthesisStarted):
                        self._synthesizers.served()
                        segment.begun(event.request_id)
                    elif isinstance(event, Failed):
                        if event.code == BUSY:
                            return False
                        raise self._error(event, segment.request_id)
        finally:
            self._synthesizers.give_back(synthesis)
        return True

    def _error(self, failed: Failed, request_id: str) -> APIError:
        renewed = self._synthesizers.is_renewable and not self._renewed
        self._renewed = True
        return to_api_error(failed, session_id=request_id, renewed=renewed, speaking=True)


class _Segment:
    """The audible result: the texts of a stream, one after another.

    Attributes:
        seconds: How much sound was emitted.
        request_id: The request of the latest text.
        was_asked_for: Azure was asked to speak.
    """

    def __init__(self, emitter: AudioEmitter, options: SpeakingOptions) -> None:
        self._emitter = emitter
        self._bytes_per_second = 2 * options.sample_rate
        self._timings: WordAligner | None = None
        self._word_timings = options.word_timings
        self._joined: JoinedVoices | None = None
        self._sample_rate = options.sample_rate
        self._said = ""
        self._emitted = 0
        self._at = self._taken = 0
        self.request_id = ""
        self.was_asked_for = False
        emitter.start_segment(segment_id=utils.shortuuid("speech_"))

    @property
    def seconds(self) -> float:
        return self._emitted / self._bytes_per_second

    def is_of_clauses(self) -> None:
        """Its texts are the clauses of one sentence."""
        self._joined = self._joined or JoinedVoices(self._sample_rate)

    def begin(self, text: str) -> None:
        """A text is spoken next."""
        if self._joined is not None:
            self._emit(self._joined.next(after_mark=_ends_with_mark(self._said)))
        self._said, self._taken = text, 0
        self._timings = WordAligner(text, self.seconds) if self._word_timings else None

    def restart(self) -> None:
        """Speak the text from its beginning, without the part that was heard already."""
        self._at = 0

    def begun(self, request_id: str) -> None:
        self.request_id = request_id
        note_request_id(self._emitter, request_id)

    def reached(self, word: WordBoundary) -> None:
        if self._timings is not None and (timed := self._timings.reached(word)) is not None:
            self._emitter.push_timed_transcript(timed)

    def push(self, pcm: bytes) -> None:
        known = max(0, self._taken - self._at)
        self._at += len(pcm)
        self._taken = max(self._taken, self._at)
        pcm = pcm[known:]
        self._emit(pcm if self._joined is None else self._joined.push(pcm))

    def end(self) -> None:
        """The text was spoken."""
        if self._timings is not None and (timed := self._timings.end(self.seconds)) is not None:
            self._emitter.push_timed_transcript(timed)

    def finish(self) -> None:
        """No other text follows."""
        if self._joined is not None:
            self._emit(self._joined.end())

    def _emit(self, pcm: bytes) -> None:
        if pcm:
            self._emitter.push(pcm)
            self._emitted += len(pcm)


def _ends_with_mark(text: str) -> bool:
    followed = f"{text.rstrip()} "
    return len(followed) in (clause_end(followed, len(followed)), sentence_end(followed, len(followed)))
