"""A translation that is said while its sentence is still being spoken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from .._options.languages import same_speech
from .._voices.utterance import Clause, Translation, Utterance
from .._within import within

_PATIENCE_SECONDS = 10.0
"""So long the next clause is waited for, also if Azure is away. Then what comes is said as another speech."""

_MAX_INTERIMS = 50


class RunningTranslation:
    """A translation that has begun before its sentence has ended (`stt.on("translation_begun")`).

    Iterate it, once, for its clauses, as they become certain; joined, they are what is to be heard. It ends
    with the end of the sentence, and always ends. An `InterpreterAgent`, a `MeetingInterpreter` and a
    `TranslationModel` take it by themselves. In code of your own::

        if running.take():
            session.say(running)  # any streaming TTS

    If nobody takes it before the end of the sentence, the final transcript is said as a whole instead.

    Attributes:
        language: The language of the translation, as you wrote it.
        is_main: It is the `text` of the transcript.
        source_language: The language that is spoken, as Azure detects it so far (BCP 47).
        utterance: The utterance; its text comes at its end.
        interims: The text of the interim transcripts since it began.
    """

    def __init__(self, utterance: Utterance, language: str, *, is_main: bool) -> None:
        self.utterance = utterance
        self.language = language
        self.is_main = is_main
        self.source_language = ""
        self.interims: deque[str] = deque(maxlen=_MAX_INTERIMS)
        self._said = ""
        self._unread: deque[Clause] = deque()
        self._came = asyncio.Event()
        self._is_taken = self._is_over = self._is_broken_off = False
        self._skips_same_language = False

    @property
    def id(self) -> str:
        """The id of the utterance, as in later events."""
        return self.utterance.id

    @property
    def said(self) -> str:
        """All clauses so far, joined."""
        return self._said

    @property
    def same_language(self) -> bool:
        """Whether it is spoken in the language of the translation already, as far as Azure knows yet."""
        return same_speech(self.source_language, self.language)

    @property
    def translation(self) -> Translation:
        """What LiveKit gets for its text, which is empty before its end."""
        return self.utterance.translation

    @property
    def is_taken(self) -> bool:
        """Somebody says it."""
        return self._is_taken

    @property
    def is_broken_off(self) -> bool:
        """No clause came for so long that its speech is over; the rest is said with the final transcript."""
        return self._is_broken_off

    def take(self, *, skip_same_language: bool = False) -> bool:
        """Whether the caller says it from now on. The first one does, and nobody after its end.

        Args:
            skip_same_language: The caller says nothing that was spoken in the language of the translation.
        """
        if self._is_taken or self._is_over or (skip_same_language and self.same_language):
            return False
        self._is_taken = True
        self._skips_same_language = skip_same_language
        return True

    async def __aiter__(self) -> AsyncIterator[Clause]:
        while True:
            while self._unread:
                yield self._unread.popleft()
            if self._is_over:
                return
            self._came.clear()
            try:
                await within(self._came.wait(), _PATIENCE_SECONDS)
            except asyncio.TimeoutError:
                if not self._unread and not self._is_over:
                    self._is_broken_off = self._is_over = True

    # The stream's side

    def add(self, text: str) -> None:
        """More of it is certain."""
        if text and not self._is_over:
            self._said += text
            self._unread.append(Clause(text, self.utterance))
            self._came.set()

    def end(self, rest: str = "") -> None:
        """The sentence has ended, and this is the rest; without one, nothing more of it is to be said."""
        if not (self._skips_same_language and self.utterance.same_language):
            self.add(rest)
        self._is_over = True
        self._came.set()
