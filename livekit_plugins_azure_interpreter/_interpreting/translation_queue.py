"""Queues one speaker's translations, and hands them out to be spoken, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, utils
from livekit.agents.stt import SpeechData

from .._speaking.catch_up import Backlog
from .._voices.utterance import Translation
from ..stt import STT
from ..tts import TTS


class SpokenTranslation:
    """One translation to be spoken: iterate it for its voice, as it comes.

    Attributes:
        translation: The text to speak.
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
        self._waiting = utils.aio.Chan[tuple[Translation, SpeechData]]()
        self._clearings = 0

    @property
    def is_empty(self) -> bool:
        """Whether all were handed out; the last one may still be under way."""
        return self._waiting.empty()

    def add(self, translation: Translation, data: SpeechData) -> None:
        """Add a translation behind those that wait; `data` is its final transcript."""
        self._backlog.queued(translation, self._now())
        self._waiting.send_nowait((translation, data))

    def clear(self) -> None:
        """Drop the translations that wait, and stop the one that is under way."""
        self._clearings += 1
        while not self._waiting.empty():
            translation, _ = self._waiting.recv_nowait()
            self._backlog.over(translation, self._now())
            self._stt.let_go(translation)

    def close(self) -> None:
        """End the queue. Waiting translations are still spoken."""
        self._waiting.close()

    async def __aiter__(self) -> AsyncGenerator[SpokenTranslation, None]:
        async for translation, data in self._waiting:
            try:
                yield SpokenTranslation(translation, data, self._speak(translation))
            finally:
                self._backlog.over(translation, self._now())

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
            # The TTS has reported it; the translations after this one are still spoken.
            return
