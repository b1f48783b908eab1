"""Queues one speaker's translations, and hands them out to be spoken, in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Collection

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, utils
from livekit.agents.stt import SpeechData

from .._recognition.running_translation import RunningTranslation
from .._recognition.transcripts import running_translations
from .._speaking.catch_up import Backlog
from .._speaking.fallback import push_text
from .._voices.utterance import Translation
from ..stt import STT
from ..tts import TTS

Spoken = Translation | RunningTranslation
"""A whole text, or one that comes clause by clause while its sentence is still being spoken."""


def translation_of(spoken: Spoken) -> Translation:
    """The translation that knows the utterance."""
    return spoken if isinstance(spoken, Translation) else spoken.translation


def languages_begun(data: SpeechData) -> Collection[str]:
    """The languages in which an utterance is spoken before its sentence has ended, as the user wrote them."""
    return running_translations(data).keys()


def spoken_so_far(data: SpeechData) -> dict[str, str]:
    """What of an utterance is heard before its sentence has ended, by language."""
    return {language: one.said for language, one in running_translations(data).items() if one.is_taken}


class SpokenTranslation:
    """One translation to be spoken: iterate it for its voice, as it comes.

    Args:
        spoken: What is spoken.
        data: The transcript when it was queued; `start_time` is where it was said.
        frames: Its voice.

    Attributes:
        translation: It knows its utterance, which has the text at the end of its sentence.
        data: As given.
    """

    def __init__(
        self, spoken: Spoken, data: SpeechData, frames: AsyncGenerator[rtc.AudioFrame, None]
    ) -> None:
        self.translation = translation_of(spoken)
        self.data = data
        self._spoken = spoken
        self._frames = frames

    @property
    def is_whole(self) -> bool:
        """Its sentence had ended when it was queued."""
        return isinstance(self._spoken, Translation)

    @property
    def text(self) -> str:
        """The words that are spoken; as far as they are known, unless it is whole."""
        return str(self._spoken) if isinstance(self._spoken, Translation) else self._spoken.said

    def __aiter__(self) -> AsyncIterator[rtc.AudioFrame]:
        return self._frames

    async def aclose(self) -> None:
        """Stop: the rest of its voice is not wanted."""
        await self._frames.aclose()

    def said_seconds_ago(self, now: float) -> float:
        """How long ago its last word was said, also if Azure was away since; `now` is the loop's time."""
        timings = self.translation.utterance.meter.timings
        return 0.0 if timings is None else now - timings.ended_at


class TranslationQueue:
    """Iterate it for the translations to speak; iteration ends when it is closed and empty.

    Args:
        stt: The STT that made the translations.
        tts: The TTS that speaks them.
        conn_options: The options of each voice.
        backlog: Counts the voice that waits to be spoken.
    """

    def __init__(self, stt: STT, tts: TTS, conn_options: APIConnectOptions, backlog: Backlog) -> None:
        self._stt, self._tts = stt, tts
        self._conn_options = conn_options
        self._backlog = backlog
        self._now = asyncio.get_running_loop().time
        self._waiting = utils.aio.Chan[tuple[Spoken, SpeechData]]()
        self._clearings = 0

    @property
    def is_empty(self) -> bool:
        """Whether all were handed out; the last one may still be under way."""
        return self._waiting.empty()

    def add(self, spoken: Spoken, data: SpeechData) -> None:
        """Add a translation behind those that wait; `data` is its transcript, so far or final."""
        self._backlog.queued(translation_of(spoken), self._now())
        self._waiting.send_nowait((spoken, data))

    def begin(self, data: SpeechData, language: str, *, skip_same_language: bool) -> bool:
        """Add a translation whose sentence has not ended, unless somebody speaks it already.

        Args:
            data: Its transcript so far.
            language: One of `languages_begun`.
            skip_same_language: It is not spoken if it was said in this language.

        Returns:
            Whether it was added.
        """
        running = running_translations(data)[language]
        if not running.take(skip_same_language=skip_same_language):
            return False
        self.add(running, data)
        return True

    def clear(self) -> None:
        """Drop the translations that wait, and stop the one that is under way."""
        self._clearings += 1
        while not self._waiting.empty():
            translation = translation_of(self._waiting.recv_nowait()[0])
            self._backlog.over(translation, self._now())
            self._stt.let_go(translation)

    def close(self) -> None:
        """End the queue. Waiting translations are still spoken."""
        self._waiting.close()

    async def __aiter__(self) -> AsyncGenerator[SpokenTranslation, None]:
        async for spoken, data in self._waiting:
            speech = SpokenTranslation(spoken, data, self._speak(spoken))
            try:
                yield speech
            finally:
                self._backlog.over(speech.translation, self._now())

    async def _speak(self, text: Spoken) -> AsyncGenerator[rtc.AudioFrame, None]:
        clearings = self._clearings
        try:
            async with contextlib.AsyncExitStack() as stack:
                stream = await stack.enter_async_context(self._tts.stream(conn_options=self._conn_options))
                if isinstance(text, str):
                    stream.push_text(text)
                    stream.end_input()
                else:
                    pushing = asyncio.create_task(push_text(stream, text))
                    stack.push_async_callback(utils.aio.cancel_and_wait, pushing)
                async for audio in stream:
                    if clearings != self._clearings:
                        return
                    yield audio.frame
        except APIError:
            # The TTS has reported it; the translations after this one are still spoken.
            return
