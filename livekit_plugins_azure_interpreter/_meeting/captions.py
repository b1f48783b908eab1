"""Sends the captions of one route: the original and its translation."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace

from livekit.agents import utils
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData

from .._options.languages import same_text
from .._speaking.whole_characters import whole_characters
from .._voices.utterance import Translation
from ..log import logger
from .planner import Route
from .room import Caption, Room

_GAP = "[…]"
"""Stands for speech that was not recognized, in any language."""
_MAX_FINALS = 1000


class Captions:
    """Sends captions one by one; the next one replaces an interim caption that was not sent in time.

    Args:
        route: The speaker, and the language of the translation.
        room: Sends them.
    """

    def __init__(self, route: Route, room: Room) -> None:
        self._route = route
        self._room = room
        self._unsent: dict[str, Caption] = {}
        self._wake = asyncio.Event()
        self._segment = ""
        # By the id of the utterance: captions whose voice may still not be heard.
        self._finals: OrderedDict[str, Caption] = OrderedDict()
        self._sending = asyncio.create_task(self._send())

    def heard(self, data: SpeechData, listeners: frozenset[str], *, final: bool) -> None:
        """Show an utterance so far, or complete.

        Args:
            data: Its transcript, as the STT gives it.
            listeners: The readers.
            final: It is complete.
        """
        self._segment = segment = self._segment or utils.shortuuid("SG_")
        if final:
            self._segment = ""
        if not listeners:
            return
        (source,), (language,) = data.source_texts or [""], data.source_languages or [LanguageCode("")]
        self._add(Caption(f"{segment}-source", self._route, True, source, language, final, listeners))
        if (data.metadata or {}).get("translated") and not same_text(language, data.language):
            text = str(data.text)
            caption = Caption(segment, self._route, False, text, self._route.language, final, listeners)
            self._add(caption)
            if final and isinstance(data.text, Translation):
                self._remember(data.text.utterance.id, caption)

    def not_spoken(self, translation: Translation) -> None:
        """Mark the caption of a translation whose voice is not heard."""
        if (caption := self._finals.pop(translation.utterance.id, None)) is not None:
            self._add(replace(caption, spoken=False))

    def forgotten(self, seconds: float, listeners: frozenset[str]) -> None:
        """Show that so much speech was not recognized, and cannot be any more."""
        if listeners:
            segment, language = utils.shortuuid("SG_"), self._route.language
            gap = Caption(segment, self._route, False, _GAP, language, True, listeners, False, seconds)
            self._add(gap)

    async def aclose(self) -> None:
        """Stop sending."""
        await utils.aio.cancel_and_wait(self._sending)

    def _remember(self, utterance_id: str, caption: Caption) -> None:
        self._finals[utterance_id] = caption
        while len(self._finals) > _MAX_FINALS:
            self._finals.popitem(last=False)

    def _add(self, caption: Caption) -> None:
        # LiveKit encodes the text, and half a character cannot be encoded.
        if text := whole_characters(caption.text):
            self._unsent[caption.id] = replace(caption, text=text)
            self._wake.set()

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._unsent:
                caption = self._unsent.pop(next(iter(self._unsent)))
                try:
                    await self._room.caption(caption)
                except Exception as error:
                    # The voice is still heard.
                    logger.warning("a caption of %s was not sent: %s", self._route.name, type(error).__name__)
