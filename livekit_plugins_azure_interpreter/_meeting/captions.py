"""Sends the captions of one speaker: the original, and its translations."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace

from livekit.agents import utils
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData

from .._interpreting.translation_queue import spoken_so_far
from .._options.languages import in_language, same_text
from .._speaking.whole_characters import whole_characters
from .._voices.utterance import Translation
from ..log import logger
from .room import Caption, Room

_GAP = "[…]"
"""Stands for speech that was not recognized, in any language."""
_MAX_FINALS = 1000
_INTERIM_SECONDS = 0.5
"""How long an interim caption stands before the next one replaces it: nobody reads faster, and each is three
requests to LiveKit."""

Readers = Mapping[str, frozenset[str]]
"""The readers of each language."""


class Captions:
    """Sends captions one by one; finals at once, the latest interims now and then.

    Args:
        speaker: The identity of the speaker.
        room: Sends them.
        all_sent: Called when none is left to be sent.
    """

    def __init__(self, speaker: str, room: Room, *, all_sent: Callable[[], None]) -> None:
        self._speaker = speaker
        self._room = room
        self._all_sent = all_sent
        self._unsent: dict[str, Caption] = {}
        # The last interim of the original (None), and of each translation.
        self._shown: dict[str | None, Caption] = {}
        self._is_sending = False
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._next_interims_at = 0.0
        self._segment = ""
        # By the utterance and the language: captions whose voice may still not be heard.
        self._finals: OrderedDict[tuple[str, str], Caption] = OrderedDict()
        self._sending = asyncio.create_task(self._send())

    @property
    def are_sent(self) -> bool:
        """None is left to be sent."""
        return not (self._unsent or self._is_sending)

    def heard(self, data: SpeechData, followers: frozenset[str], readers: Readers, *, final: bool) -> None:
        """Show an utterance so far, or complete.

        Args:
            data: Its transcript, as the STT gives it.
            followers: The readers of the original.
            readers: Those of its translations.
            final: It is complete.
        """
        self._segment = segment = self._segment or utils.shortuuid("SG_")
        if final:
            self._segment = ""
        (source,), (spoken,) = data.source_texts or [""], data.source_languages or [LanguageCode("")]
        self._add(Caption(f"{segment}-source", self._speaker, True, source, spoken, final, followers))
        # Captions do not run ahead of what is heard.
        texts = {**translations(data), **spoken_so_far(data)}
        for language, these in readers.items():
            text = in_language(texts, language)
            if text is not None and not same_text(spoken, language):
                name = f"{segment}-{language}"
                caption = Caption(name, self._speaker, False, str(text), language, final, these)
                self._add(caption)
                if final and isinstance(text, Translation):
                    self._remember((text.utterance.id, language), caption)

    def not_spoken(self, language: str, translation: Translation) -> None:
        """Mark the caption of a translation whose voice is not heard."""
        if (caption := self._finals.pop((translation.utterance.id, language), None)) is not None:
            self._add(replace(caption, spoken=False))

    def forgotten(self, seconds: float, readers: Readers) -> None:
        """Show that so much speech was not recognized, and cannot be any more."""
        for language, these in readers.items():
            segment = utils.shortuuid("SG_")
            self._add(Caption(segment, self._speaker, False, _GAP, language, True, these, False, seconds))

    async def aclose(self) -> None:
        """Stop sending."""
        await utils.aio.cancel_and_wait(self._sending)

    def _remember(self, utterance: tuple[str, str], caption: Caption) -> None:
        self._finals[utterance] = caption
        while len(self._finals) > _MAX_FINALS:
            self._finals.popitem(last=False)

    def _add(self, caption: Caption) -> None:
        # LiveKit encodes the text, and half a character cannot be encoded.
        if caption.readers and (text := whole_characters(caption.text)):
            is_first = not self._unsent
            self._unsent[caption.id] = replace(caption, text=text)
            if caption.final:
                self._wake.set()
            elif is_first:
                self._loop.call_at(self._next_interims_at, self._wake.set)

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not self._unsent:
                continue  # a final has taken the interims along
            self._is_sending = True
            while self._unsent:
                await self._show(self._unsent.pop(next(iter(self._unsent))))
            self._is_sending = False
            self._next_interims_at = self._loop.time() + _INTERIM_SECONDS
            self._all_sent()

    async def _show(self, caption: Caption) -> None:
        place = None if caption.original else caption.language
        if caption == self._shown.get(place):
            return
        try:
            await self._room.caption(caption)
        except Exception as error:
            # The voice is still heard.
            name = f"{caption.speaker} in {caption.language}"
            logger.warning("a caption of %s was not sent: %s", name, type(error).__name__)
        if not caption.final:
            self._shown[place] = caption


def translations(data: SpeechData) -> dict[str, str]:
    """The translations of an utterance, by language."""
    languages = map(str, data.target_languages or ())
    return dict(zip(languages, data.target_texts or (), strict=True))
