"""Opens the streams of an STT."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary, ref

from livekit.agents import APIConnectOptions, stt
from livekit.agents.stt import SpeechEvent
from livekit.agents.utils import AudioBuffer

from .._livekit_private import hearing_scope
from .._voices.ledger import Ledger
from .._voices.ledgers import Ledgers
from .._voices.matching import SameLanguage
from .._voices.utterance import Utterance
from ..log import logger
from ..options import Options
from ..reports import VoicesSeparated
from .batch import BatchStream
from .side_stream import VoiceStream
from .stream import SpeechStream
from .stream_audio import StreamAudio
from .streams import Streams


class StreamFactory:
    """Opens the streams of an STT, and changes those that are open.

    Args:
        stt: The STT that has the streams.
        streams: The state that they share.
        options: The options of new streams.
        max_audio_seconds: How much voice of a stream may wait to be spoken.
    """

    def __init__(
        self, stt: stt.STT[Any], streams: Streams, options: Options, *, max_audio_seconds: float
    ) -> None:
        self.streams = streams
        streams.sharing.on_refused = self.separate_voices
        self.options = options
        self._stt = stt
        self._max_audio_seconds = max_audio_seconds
        self._same_language: dict[str, SameLanguage] = {}
        _factories[stt] = ref(self)

    @classmethod
    def of(cls, stt: stt.STT[Any]) -> StreamFactory:
        """The factory of an STT, which only this package sees."""
        factory = _factories[stt]()
        assert factory is not None
        return factory

    def open(
        self, conn_options: APIConnectOptions, *, audio: StreamAudio | None = None, **own: Any
    ) -> SpeechStream:
        """Open a stream.

        Args:
            conn_options: LiveKit's retries, and how long connecting may take.
            audio: The audio of a stream that has failed; its unrecognized part is heard first.
            **own: Options of this stream alone, which keeps them.
        """
        return SpeechStream(
            stt=self._stt,
            owner=self.streams,
            options=replace(self.options, **own),
            own=frozenset(own),
            ledgers=self._ledgers(),
            conn_options=conn_options,
            open_side=partial(self._open_side, conn_options),
            audio=audio,
        )

    async def transcribe(
        self, buffer: AudioBuffer, conn_options: APIConnectOptions, **own: Any
    ) -> SpeechEvent:
        """All utterances of a recording as one final transcript, without a voice; one attempt.

        Raises:
            APIError: The attempt failed.
        """
        recording = BatchStream(
            stt=self._stt,
            owner=self.streams,
            options=replace(self.options, voice=None, pace="sentence", **own),
            own=frozenset(["voice", "pace", *own]),
            ledgers=self._ledgers(),
            conn_options=replace(conn_options, max_retry=0),
            open_side=partial(self._open_side, conn_options),
        )
        try:
            return await recording.transcribe(buffer)
        finally:
            await recording.aclose()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change the options of new streams, and of open streams that a TTS may ask for voices."""
        self.options = replace(self.options, **changes)
        for opened in list(self.streams.open.values()):
            opened.change(changes)

    async def aclose(self) -> None:
        """Close every stream. Unclaimed voices are dropped."""
        streams = [*self.streams.open, *self.streams.unclaimed]
        await asyncio.gather(*(stream.aclose() for stream in streams))
        self.streams.translations.let_go_of_all()
        if self.streams.places is not None:
            self.streams.places.close()

    def separate_voices(self, reason: str) -> None:
        """From now on each spoken language has its voice over a connection of its own."""
        logger.warning(
            "Azure does not voice several languages over one connection: %s. From now on each further spoken "
            "language uses a connection of its own",
            reason,
        )
        self.change({"separate_voices": True})
        self.streams.emit("voices_separated", VoicesSeparated(reason))

    def _open_side(
        self,
        conn_options: APIConnectOptions,
        options: Options,
        start_seconds: float,
        came: Callable[[Utterance], None],
    ) -> VoiceStream:
        stream = VoiceStream(
            stt=self._stt,
            owner=self.streams,
            options=options,
            own=frozenset(),
            ledgers=self._ledgers(),
            conn_options=conn_options,
            open_side=partial(self._open_side, conn_options),
            came=came,
        )
        stream.start_time_offset = start_seconds
        return stream

    def _ledgers(self) -> Ledgers:
        scope = hearing_scope()

        def lost(utterance: Utterance, ledger: Ledger) -> None:
            self.streams.voice_lost(utterance, ledger)
            ledgers.lost(utterance, ledger.language)

        def open_ledger(language: str, is_main: bool) -> Ledger:
            ledger = Ledger(
                language,
                is_main=is_main,
                voice_timeout_seconds=self.streams.voice_timeout_seconds,
                max_audio_seconds=self._max_audio_seconds,
                lost=lambda utterance: lost(utterance, ledger),
                same_language=self._same_language.setdefault(language, SameLanguage()),
            )
            return ledger

        ledgers = Ledgers(
            open_ledger,
            voice_timeout_seconds=self.streams.voice_timeout_seconds,
            problem=logger.warning,
            sharing=self.streams.sharing,
            scope=scope,
            all_are_main=bool(self.options.between),
        )
        return ledgers


_factories: WeakKeyDictionary[stt.STT[Any], ReferenceType[StreamFactory]] = WeakKeyDictionary()
