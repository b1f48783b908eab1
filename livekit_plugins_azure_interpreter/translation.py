"""The pair as a model for LiveKit's `TranslationSession`: a track in, its translation out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import livekit.agents.beta.translation as livekit_translation
from livekit import rtc
from livekit.agents import tts as livekit_tts
from livekit.agents.beta.translation import (
    InputSpeechStarted,
    InputSpeechStopped,
    InputTranscript,
    OutputSpeechStopped,
    OutputTranscript,
    TranslatedAudioFrame,
    TranslationCapabilities,
    TranslationModelError,
)
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType, STTError
from livekit.agents.tts import TTSError

from ._interpreting.pipeline import SpeakerPipeline
from ._interpreting.translation_queue import SpokenTranslation
from ._options.option_names import argument_names, check_names
from ._speaking.fallback import check_fallback, check_simultaneous
from .options import DEFAULT_PACE, STTOptionsWithoutLanguages
from .reports import UtteranceRecognized, VoiceLost
from .stt import STT
from .tts import TTS

if TYPE_CHECKING:
    from typing_extensions import Unpack

_CAPABILITIES = TranslationCapabilities(
    input_transcription=True,
    output_transcription=True,
    turn_reporting=True,
    output_segmentation=True,
    retargetable=True,
)
_UtteranceEvents = Literal["utterance_recognized", "utterance_metrics_collected"]
_LANGUAGES_OF_STT = ("target_languages", "spoken_languages", "source_languages")


class TranslationModel(livekit_translation.TranslationModel):
    """Hears any language, and speaks it in another in the speaker's own voice (Azure: Live Interpreter). ::

        session = TranslationSession(model=azure_interpreter.TranslationModel(target_language="fr"))
        await session.start(room=ctx.room)

    Each session has its own pair of `STT` and `TTS`, with all their guarantees.

    Args:
        target_language: The language to speak, e.g. "fr".
        source_language: The one language that is spoken; None hears any.
        fallback: Speaks a translation whose voice is lost, and every one with pace "simultaneous"; any
            LiveKit TTS. `aclose` leaves it open.
        fallback_speaks_corrections: The fallback also speaks each translation that the `glossary` corrected,
            because Azure's voice of it says the uncorrected text.
        skip_same_language: Speech that is in the target language already is not said again.
        **options: Any other option of `STT`.

    Raises:
        ValueError: An argument is missing, malformed or contradicts another; the message names it.
        TypeError: `STT` has no such option; the message names the nearest.
    """

    def __init__(
        self,
        *,
        target_language: str,
        source_language: str | None = None,
        fallback: livekit_tts.TTS[Any] | None = None,
        fallback_speaks_corrections: bool = False,
        skip_same_language: bool = True,
        **options: Unpack[STTOptionsWithoutLanguages],
    ) -> None:
        known = [*argument_names(TranslationModel), *argument_names(STT)]
        check_names(options, [name for name in known if name not in _LANGUAGES_OF_STT], "TranslationModel")
        super().__init__(
            capabilities=_CAPABILITIES, target_language=target_language, source_language=source_language
        )
        # A function, because its repr shows no key.
        check_fallback(fallback, fallback_speaks_corrections=fallback_speaks_corrections)
        check_simultaneous(options.get("pace", DEFAULT_PACE), fallback)
        self._stt: Callable[[str], STT] = lambda target: STT(
            target_languages=target, source_languages=self.source_language, **options
        )
        self._fallback = fallback
        self._fallback_speaks_corrections = fallback_speaks_corrections
        self._skip_same_language = skip_same_language
        self._sessions: list[TranslationModelSession] = []
        self._utterances = rtc.EventEmitter[_UtteranceEvents]()
        self._stt(target_language)  # raises for a mistake now, not when somebody speaks

    @property
    def model(self) -> str:
        """ "live-interpreter", as LiveKit's metrics name it."""
        return "live-interpreter"

    @property
    def provider(self) -> str:
        """Whose service it is, as LiveKit's metrics name it."""
        return "Azure"

    def update_options(self, *, target_language: str) -> None:
        """Change the language of new sessions; `session.update_options` changes a running one.

        Args:
            target_language: The language to speak, e.g. "de".

        Raises:
            ValueError: Azure does not translate to it; nothing was changed.
        """
        self._stt(target_language)
        super().update_options(target_language=target_language)

    def on(self, event: _UtteranceEvents, callback: Callable[..., None]) -> Callable[..., None]:
        """Have a callback called with each utterance of its sessions, as `STT` tells of them.

        Args:
            event: "utterance_recognized" (`UtteranceRecognized`) or "utterance_metrics_collected"
                (`UtteranceMetrics`).
            callback: It gets the event.
        """
        return self._utterances.on(event, callback)

    def session(self) -> TranslationModelSession:
        """Open a session: one connection to Azure. Needs a running loop."""
        stt = self._stt(self.target_language)
        for event in get_args(_UtteranceEvents):
            stt.on(event, partial(self._utterances.emit, event))
        session = TranslationModelSession(
            self,
            stt,
            TTS(
                stt,
                fallback=self._fallback,
                fallback_speaks_corrections=self._fallback_speaks_corrections,
            ),
            skip_same_language=self._skip_same_language,
            closed=self._sessions.remove,
        )
        self._sessions.append(session)
        return session

    async def aclose(self) -> None:
        """Close its sessions."""
        while self._sessions:
            await self._sessions[0].aclose()


class TranslationModelSession(livekit_translation.TranslationModelSession[Any]):
    """Frames in; the voices of their translations out. Made by `TranslationModel.session()`.

    Events: LiveKit's, and those of `STT`: `utterance_recognized` (`UtteranceRecognized`) and
    `voice_lost` (`VoiceLost`). Interim results exist for the original only: LiveKit appends
    the words of a translation's transcript, but Azure can change them until the end.
    """

    def __init__(
        self,
        model: TranslationModel,
        stt: STT,
        tts: TTS,
        *,
        skip_same_language: bool,
        closed: Callable[[TranslationModelSession], None],
    ) -> None:
        super().__init__(model)
        self._closed = closed
        self._close_task: asyncio.Task[None] | None = None
        stt.on("error", self._failed)
        stt.on("utterance_recognized", self._recognized)
        stt.on("voice_lost", self._voice_lost)
        tts.on("error", self._unspoken)
        self._stt, self._tts = stt, tts
        self._interpretation = SpeakerPipeline(
            stt, tts, skip_same_language=skip_same_language, heard=self._heard
        )
        self._audio = self._speak()

    @property
    def audio_stream(self) -> AsyncIterator[TranslatedAudioFrame | OutputSpeechStopped]:
        """The voices, in order, each followed by `OutputSpeechStopped`. It can be read once."""
        return self._audio

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        """Add speech: frames of any rate and channels, which may change at any time."""
        self._interpretation.push(frame)

    def end_input(self) -> None:
        """End the speech: `audio_stream` ends when all translations have been spoken."""
        self._interpretation.end_input()

    def clear_audio(self) -> None:
        """Drop the translations that wait, and the rest of the one that plays."""
        self._interpretation.clear()

    def update_options(self, *, target_language: str) -> None:
        """Speak another language, from the next utterance on; earlier speech keeps its language.

        Args:
            target_language: The language to speak, e.g. "de".

        Raises:
            ValueError: Azure does not translate to it; nothing was changed.
        """
        self._stt.update_options(target_languages=target_language)

    async def aclose(self) -> None:
        """Stop at once.

        A second call waits for the first. A cancelled call still closes the session.
        """
        if self._close_task is None:
            self._close_task = asyncio.create_task(self._close())
        await asyncio.shield(self._close_task)

    async def _close(self) -> None:
        try:
            await self._interpretation.aclose()
            await self._stt.aclose()
            await self._tts.aclose()
        finally:
            self._closed(self)

    async def _speak(self) -> AsyncIterator[TranslatedAudioFrame | OutputSpeechStopped]:
        async for speech in self._interpretation:
            async for event in self._speak_one(speech):
                yield event

    async def _speak_one(
        self, speech: SpokenTranslation
    ) -> AsyncIterator[TranslatedAudioFrame | OutputSpeechStopped]:
        said = False
        async for frame in speech:
            yield TranslatedAudioFrame(frame, speech.data.language)
            if not said and speech.is_whole:
                # Only after the session has taken sound of it, and so has finished the one before: else
                # the transcript would be added to that one.
                self._said(speech)
            said = True
        if not (said and speech.is_whole):
            self._said(speech)
        if said:
            yield OutputSpeechStopped()

    def _said(self, speech: SpokenTranslation) -> None:
        transcript = OutputTranscript(speech.text, True, speech.data.language)
        self.emit("output_transcript", transcript)

    def _heard(self, event: SpeechEvent) -> None:
        if event.type is SpeechEventType.START_OF_SPEECH:
            self.emit("input_speech_started", InputSpeechStarted())
        elif event.type is SpeechEventType.END_OF_SPEECH:
            self.emit("input_speech_stopped", InputSpeechStopped())
        elif event.type is SpeechEventType.INTERIM_TRANSCRIPT:
            self._transcribed(event.alternatives[0], is_final=False)
        elif event.type is SpeechEventType.FINAL_TRANSCRIPT:
            self._transcribed(event.alternatives[0], is_final=True)

    def _transcribed(self, data: SpeechData, *, is_final: bool) -> None:
        (text,), (language,) = data.source_texts or [""], data.source_languages or [LanguageCode("")]
        if text:
            self.emit("input_transcript", InputTranscript(text, is_final, language or None))

    def _recognized(self, utterance: UtteranceRecognized) -> None:
        self.emit("utterance_recognized", utterance)

    def _voice_lost(self, lost: VoiceLost) -> None:
        self.emit("voice_lost", lost)

    def _failed(self, error: STTError) -> None:
        self._error(error.error, recoverable=error.recoverable)

    def _unspoken(self, error: TTSError) -> None:
        # One voice is missing. An error that is not recoverable would close the session.
        self._error(error.error, recoverable=True)

    def _error(self, error: Exception, *, recoverable: bool) -> None:
        model_error = TranslationModelError(
            timestamp=time.time(), label=self.translation_model.label, error=error, recoverable=recoverable
        )
        self.emit("error", model_error)
