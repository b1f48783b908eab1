"""Interprets one speaker's speech into one language: an `STT` stream, spoken by a `TTS`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, utils
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from .._speaking.catch_up import Backlog
from .._voices.utterance import Translation
from ..stt import STT
from ..tts import TTS
from .speech_presence import SpeechPresence
from .stream_succession import StreamSuccession
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
        self._stt = stt
        self._skip_same_language = skip_same_language
        self._heard, self._ended = heard, ended
        self._retry, self._resumed = retry, resumed
        self._presence = SpeechPresence()
        self._streams = StreamSuccession(stt, conn_options, retry=self._failed, resumed=self._replaced)
        self._queue = TranslationQueue(stt, tts, conn_options, backlog or Backlog())
        self._is_over = False
        self._listening = asyncio.create_task(self._streams.listen(self._take))
        self._listening.add_done_callback(self._listened)

    @property
    def pushed_seconds(self) -> float:
        """How much audio was pushed: where in the stream's time the next frame will be."""
        return self._presence.pushed_seconds

    @property
    def is_open(self) -> bool:
        """It has a stream; not while it waits for another one."""
        return not (self._streams.is_waiting or self._is_over)

    @property
    def is_over(self) -> bool:
        """It will have no stream any more; what it brought may still be unsaid."""
        return self._is_over

    @property
    def quiet(self) -> bool:
        """Nobody speaks, and all that was said has been handed out."""
        # What may be speech is waited for: a listener who goes too early would miss what was said.
        return (self._is_over or not self._presence.is_speech) and self._queue.is_empty

    def push(self, frame: rtc.AudioFrame) -> None:
        """What is said next: frames of any rate and channels. Ignored once it has ended."""
        if not (self._streams.is_input_ended or self._is_over):
            self._streams.push(frame)
            self._presence.push(frame)

    def end_input(self) -> None:
        """Nothing more will be said. What was said is still interpreted."""
        self._streams.end_input()

    def clear(self) -> None:
        """What has not been spoken yet never will be."""
        self._queue.clear()

    async def aclose(self) -> None:
        """Stop at once, whatever is under way."""
        self.clear()
        await utils.aio.cancel_and_wait(self._listening)
        await self._streams.aclose()
        self._over(None)

    def __aiter__(self) -> AsyncGenerator[SpokenTranslation, None]:
        return aiter(self._queue)

    def _failed(self, error: BaseException | None) -> float | None:
        self._presence.stream_failed()
        return self._retry(error)

    def _replaced(self, kept_seconds: float) -> None:
        self._presence.stream_replaced(kept_seconds)
        self._resumed()

    def _listened(self, listening: asyncio.Task[None]) -> None:
        self._queue.close()
        if not listening.cancelled():
            self._over(listening.exception())

    def _over(self, error: BaseException | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._ended(error)

    def _take(self, event: SpeechEvent) -> None:
        self._presence.heard(event)
        self._heard(event)
        if event.type is SpeechEventType.FINAL_TRANSCRIPT:
            self._final(event.alternatives[0])

    def _final(self, data: SpeechData) -> None:
        translation = data.text
        if not isinstance(translation, Translation):
            return  # heard, but not translated
        if self._skip_same_language and translation.utterance.same_language:
            self._stt.let_go(translation)
        else:
            self._queue.add(translation, data)
