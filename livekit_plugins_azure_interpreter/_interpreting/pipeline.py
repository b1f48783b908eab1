"""Interprets one speaker's speech into one language: an `STT` stream, spoken by a `TTS`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from .._recognition.transcripts import running_translations
from .._speaking.catch_up import Backlog
from .._voices.utterance import Translation
from ..stt import STT
from ..tts import TTS
from .recognized_speech import RecognizedSpeech
from .translation_queue import SpokenTranslation, TranslationQueue


class SpeakerPipeline:
    """Frames in; what is to be spoken out, in order, as `SpokenTranslation` after `SpokenTranslation`.

        async for speech in interpretation:
            async for frame in speech: ...

    Iteration ends once the stream has, and all that it brought was spoken. Made on a running loop.

    Args:
        stt, tts: The pair; several interpretations may share one. `aclose` leaves both open.
        skip_same_language: What was said in the target language is not said again.
        heard: Called with each event of the stream, before what it has is spoken.
        ended: Called when it is over, with what ended it before its time; what it brought may still be
            unsaid.
    """

    def __init__(
        self,
        stt: STT,
        tts: TTS,
        *,
        skip_same_language: bool = True,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        heard: Callable[[SpeechEvent], None] = lambda event: None,
        ended: Callable[[BaseException | None], None] = lambda error: None,
    ) -> None:
        self._stt = stt
        self._skip_same_language = skip_same_language
        self._heard, self._ended = heard, ended
        self._queue = TranslationQueue(stt, tts, conn_options, Backlog())
        self._speech = RecognizedSpeech(stt, conn_options=conn_options, heard=self._take, ended=self._over)

    def push(self, frame: rtc.AudioFrame) -> None:
        """What is said next: frames of any rate and channels. Ignored once it has ended."""
        self._speech.push(frame)

    def end_input(self) -> None:
        """Nothing more will be said. What was said is still interpreted."""
        self._speech.end_input()

    def clear(self) -> None:
        """What has not been spoken yet never will be."""
        self._queue.clear()

    async def aclose(self) -> None:
        """Stop at once, whatever is under way."""
        self.clear()
        await self._speech.aclose()

    def __aiter__(self) -> AsyncGenerator[SpokenTranslation, None]:
        return aiter(self._queue)

    def _over(self, error: BaseException | None) -> None:
        self._queue.close()
        self._ended(error)

    def _take(self, event: SpeechEvent) -> None:
        self._heard(event)
        if event.type is SpeechEventType.INTERIM_TRANSCRIPT:
            self._interim(event.alternatives[0])
        elif event.type is SpeechEventType.FINAL_TRANSCRIPT:
            self._final(event.alternatives[0])

    def _interim(self, data: SpeechData) -> None:
        for running in running_translations(data).values():
            if running.is_main and running.take(skip_same_language=self._skip_same_language):
                self._queue.add(running, data)

    def _final(self, data: SpeechData) -> None:
        translation = data.text
        if not isinstance(translation, Translation):
            return  # heard, but not translated
        if translation.utterance.is_being_said:
            return
        if self._skip_same_language and translation.utterance.same_language:
            self._stt.let_go(translation)
        else:
            self._queue.add(translation.utterance.unsaid, data)
