"""Interprets one speaker's speech into one language: an `STT` stream, spoken by a `TTS`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, APIError, utils
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from .._recognition.stream_audio import StreamAudio
from .._recognition.stream_factory import StreamFactory
from .._recognition.streams import OpenStream
from .._sound.mono import mono
from .._sound.speech_detector import SpeechDetector
from .._speaking.catch_up import Backlog
from .._voices.utterance import Translation
from ..stt import STT
from ..tts import TTS

_EDGE_SECONDS = 0.3
"""A final may end so long before the last sound of its utterance."""
_NOISE_SECONDS = 5.0
"""A sound that is so long ago, and that no result covers, was no speech."""


class SpokenTranslation:
    """One translation to be spoken: iterate it for its voice, as it comes.

    Attributes:
        translation: What is to be spoken.
        data: The final transcript; `start_time` is where it was said.
    """

    def __init__(
        self, translation: Translation, data: SpeechData, frames: AsyncGenerator[rtc.AudioFrame, None]
    ) -> None:
        self.translation = translation
        self.data = data
        self._frames = frames

    def __aiter__(self) -> AsyncIterator[rtc.AudioFrame]:
        return self._frames

    async def aclose(self) -> None:
        """The rest of its voice is not wanted."""
        await self._frames.aclose()

    def said_seconds_ago(self, now: float) -> float:
        """How long ago its last word was said, also where Azure was away since; `now` is the loop's."""
        timings = self.translation.utterance.meter.timings
        return 0.0 if timings is None else now - timings.ended_at


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
        retry: Called when a stream fails: how many seconds to wait before another one takes its place, and
            hears first what that one has not recognized; None: it is over.
        resumed: Called when another stream has taken its place.
        backlog: Keeps account of what waits to be spoken; several interpretations may share one.
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
        retry: Callable[[BaseException | None], float | None] = lambda error: None,
        resumed: Callable[[], None] = lambda: None,
        backlog: Backlog | None = None,
    ) -> None:
        self._stt, self._tts = stt, tts
        self._skip_same_language = skip_same_language
        self._conn_options = conn_options
        self._heard, self._ended = heard, ended
        self._retry, self._resumed = retry, resumed
        self._backlog = backlog or Backlog()
        self._now = asyncio.get_running_loop().time
        self._factory = StreamFactory.of(stt)
        self._opened = self._open()
        # What may be speech is waited for: a listener who goes too early would miss what was said.
        self._detector = SpeechDetector()
        self._unsaid = utils.aio.Chan[tuple[Translation, SpeechData]]()
        self._pushed_seconds = self._loud_until = self._covered_until = 0.0
        self._hears_speech = False
        self._noise_seconds = _NOISE_SECONDS
        self._input_ended = asyncio.Event()
        self._input_ended_at = float("inf")
        self._is_waiting = False
        self._clearings = 0
        self._is_over = False
        self._listening = asyncio.create_task(self._listen())
        self._listening.add_done_callback(self._listened)

    @property
    def pushed_seconds(self) -> float:
        """How much audio was pushed: where in the stream's time the next frame will be."""
        return self._pushed_seconds

    @property
    def is_open(self) -> bool:
        """It has a stream; not while it waits for another one."""
        return not (self._is_waiting or self._is_over)

    @property
    def is_over(self) -> bool:
        """It will have no stream any more; what it brought may still be unsaid."""
        return self._is_over

    @property
    def quiet(self) -> bool:
        """Nobody speaks, and all that was said has been handed out."""
        return not (self._hears_speech or self._expects_more) and self._unsaid.empty()

    @property
    def _expects_more(self) -> bool:
        """There was a sound lately that no result covers; Azure need not tell when speech begins."""
        lately = self._is_waiting or self._pushed_seconds - self._loud_until < self._noise_seconds
        return not self._is_over and lately and self._loud_until > self._covered_until + _EDGE_SECONDS

    def push(self, frame: rtc.AudioFrame) -> None:
        """What is said next: frames of any rate and channels. Ignored once it has ended."""
        if self._input_ended.is_set() or self._is_over:
            return
        if self._opened.ended.is_set():
            self._opened.audio.keep(frame)
        else:
            self._opened.stream.push_frame(frame)
        self._pushed_seconds += frame.duration
        if self._detector.push(mono(frame), frame.sample_rate):
            self._loud_until = self._pushed_seconds

    def end_input(self) -> None:
        """Nothing more will be said. What was said is still interpreted."""
        if self._input_ended.is_set():
            return
        self._input_ended.set()
        self._input_ended_at = self._now()
        if not self._opened.ended.is_set():
            self._opened.stream.end_input()

    def clear(self) -> None:
        """What has not been spoken yet never will be."""
        self._clearings += 1
        while not self._unsaid.empty():
            translation, _ = self._unsaid.recv_nowait()
            self._backlog.over(translation, self._now())
            self._stt.let_go(translation)

    async def aclose(self) -> None:
        """Stop at once, whatever is under way."""
        self.clear()
        await utils.aio.cancel_and_wait(self._listening)
        await self._opened.stream.aclose()
        self._over(None)

    async def __aiter__(self) -> AsyncGenerator[SpokenTranslation, None]:
        async for translation, data in self._unsaid:
            try:
                yield SpokenTranslation(translation, data, self._speak(translation))
            finally:
                self._backlog.over(translation, self._now())

    async def _listen(self) -> None:
        while True:
            error = await self._listen_to_stream()
            if error is None and self._input_ended.is_set():
                return
            if not await self._another_is_due(error):
                if error is not None:
                    raise error
                return
            self._go_on()

    async def _listen_to_stream(self) -> Exception | None:
        try:
            async for event in self._opened.stream:
                self._take(event)
        except Exception as error:
            return error
        return None

    async def _another_is_due(self, error: Exception | None) -> bool:
        """Wait until another stream should take the place of one that has failed; False: none should."""
        self._hears_speech = False
        await self._opened.stream.aclose()
        self._is_waiting = True
        seconds = self._retry(error)
        if seconds is None:
            return False
        due_at = self._now() + seconds
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._input_ended.wait(), seconds)
        if not self._input_ended.is_set():
            return True
        if not self._opened.audio.replay_buffer.speech_seconds:
            return False
        if due_at - self._input_ended_at > self._factory.streams.kept_audio_seconds:
            self._factory.streams.give_up(self._opened.audio)
            return False
        await asyncio.sleep(due_at - self._now())
        return True

    def _open(self, audio: StreamAudio | None = None) -> OpenStream:
        """A stream; with the audio of one that has failed, in the place of that one."""
        stream = self._factory.open(self._conn_options, audio=audio)
        return self._factory.streams.open[stream]

    def _go_on(self) -> None:
        # Azure has to hear first what was kept: a sound in it is no noise before that.
        self._noise_seconds = _NOISE_SECONDS + self._opened.audio.replay_buffer.kept_seconds
        self._opened = self._open(self._opened.audio)
        if self._input_ended.is_set():
            self._opened.stream.end_input()
        self._is_waiting = False
        self._resumed()

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
            self._backlog.queued(translation, self._now())
            self._unsaid.send_nowait((translation, data))

    async def _speak(self, text: str) -> AsyncGenerator[rtc.AudioFrame, None]:
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
