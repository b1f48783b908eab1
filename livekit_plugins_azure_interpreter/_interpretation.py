"""One speaker's speech, interpreted into one language: a stream of an `STT`, spoken by a `TTS`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, APIError, utils
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from ._audio import mono
from ._speech_detector import SpeechDetector
from ._utterances import Translation
from .stt import STT
from .tts import TTS

_EDGE_SECONDS = 0.3
"""A final may end so long before the last sound of its utterance."""
_NOISE_SECONDS = 5.0
"""A sound that is so long ago, and that no result covers, was no speech."""


class Speech:
    """One translation to be spoken: iterate it for its voice, as it comes.

    Attributes:
        data: The final transcript; `text` is the translation, `start_time` where it was said.
    """

    def __init__(self, data: SpeechData, frames: AsyncIterator[rtc.AudioFrame]) -> None:
        self.data = data
        self._frames = frames

    def __aiter__(self) -> AsyncIterator[rtc.AudioFrame]:
        return self._frames


class Interpretation:
    """Frames in; what is to be spoken out, in order, as `Speech` after `Speech`.

        async for speech in interpretation:
            async for frame in speech: ...

    Iteration ends once the stream has, and all that it brought was spoken. Made on a running loop.

    Args:
        stt, tts: The pair; several interpretations may share one. `aclose` leaves both open.
        skip_same_language: What was said in the target language is not said again.
        heard: Called with each event of the stream, before what it has is spoken.
        ended: Called when the connection to Azure is over, with what ended it before its time; what it
            brought may still be unsaid.
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
        self._stt, self._tts = stt, tts
        self._skip_same_language = skip_same_language
        self._conn_options = conn_options
        self._heard, self._ended = heard, ended
        self._stream = stt.stream(conn_options=conn_options)
        # What may be speech is waited for: a listener who goes too early would miss what was said.
        self._detector = SpeechDetector()
        self._unsaid = utils.aio.Chan[tuple[Translation, SpeechData]]()
        self._pushed_seconds = self._loud_until = self._covered_until = 0.0
        self._hears_speech = self._input_ended = False
        self._clearings = 0
        self._is_over = False
        self._listening = asyncio.create_task(self._listen())
        self._listening.add_done_callback(self._listened)

    @property
    def pushed_seconds(self) -> float:
        """How much audio was pushed: where in the stream's time the next frame will be."""
        return self._pushed_seconds

    @property
    def quiet(self) -> bool:
        """Nobody speaks, and all that was said has been handed out."""
        return not (self._hears_speech or self._expects_more) and self._unsaid.empty()

    @property
    def _expects_more(self) -> bool:
        """There was a sound lately that no result covers; Azure need not tell when speech begins."""
        lately = self._pushed_seconds - self._loud_until < _NOISE_SECONDS
        return not self._is_over and lately and self._loud_until > self._covered_until + _EDGE_SECONDS

    def push(self, frame: rtc.AudioFrame) -> None:
        """What is said next: frames of any rate and channels. Ignored once the stream has ended."""
        if self._input_ended or self._stream_ended:
            return
        self._stream.push_frame(frame)
        self._pushed_seconds += frame.duration
        if self._detector.push(mono(frame), frame.sample_rate):
            self._loud_until = self._pushed_seconds

    def end_input(self) -> None:
        """Nothing more will be said. What was said is still interpreted."""
        if not (self._input_ended or self._stream_ended):
            self._stream.end_input()
        self._input_ended = True

    @property
    def _stream_ended(self) -> bool:
        """It takes nothing any more, although its last events may not have been read."""
        return self._stream._task.done()

    def clear(self) -> None:
        """What has not been spoken yet never will be."""
        self._clearings += 1
        while not self._unsaid.empty():
            translation, _ = self._unsaid.recv_nowait()
            self._stt.let_go(translation)

    async def aclose(self) -> None:
        """Stop at once, whatever is under way."""
        self.clear()
        await utils.aio.cancel_and_wait(self._listening)
        await self._stream.aclose()
        self._over(None)

    async def __aiter__(self) -> AsyncIterator[Speech]:
        async for translation, data in self._unsaid:
            yield Speech(data, self._speak(translation))

    async def _listen(self) -> None:
        async for event in self._stream:
            self._take(event)

    def _listened(self, listening: asyncio.Task[None]) -> None:
        self._hears_speech = False
        self._unsaid.close()
        if not listening.cancelled():
            self._over(listening.exception())

    def _over(self, error: BaseException | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._ended(error)

    def _take(self, event: SpeechEvent) -> None:
        if event.type is SpeechEventType.START_OF_SPEECH:
            self._hears_speech = True
        elif event.type is SpeechEventType.END_OF_SPEECH:
            self._hears_speech = False
        self._heard(event)
        if event.type is SpeechEventType.FINAL_TRANSCRIPT:
            self._covered_until = max(self._covered_until, event.alternatives[0].end_time)
            self._final(event.alternatives[0])

    def _final(self, data: SpeechData) -> None:
        translation = data.text
        if not isinstance(translation, Translation):
            return  # heard, but not translated
        if self._skip_same_language and translation.utterance.same_language:
            self._stt.let_go(translation)
        else:
            self._unsaid.send_nowait((translation, data))

    async def _speak(self, text: str) -> AsyncIterator[rtc.AudioFrame]:
        clearings = self._clearings
        try:
            async with self._tts.stream(conn_options=self._conn_options) as stream:
                stream.push_text(text)
                stream.end_input()
                async for audio in stream:
                    if clearings != self._clearings:
                        return
                    yield audio.frame
        except APIError:
            # The TTS has told of it; the translations after this one are spoken all the same.
            return
