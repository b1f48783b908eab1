"""Speaks translations with the audio that Azure synthesized, unchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, tts
from livekit.agents import stt as livekit_stt
from livekit.agents.tts import AudioEmitter, ChunkedStream, TTSCapabilities

from ._interpreting.stt_group import STTGroup
from ._livekit_private import UnmeteredChunkedStream, UnmeteredSynthesizeStream, when_ended
from ._options.languages import target
from ._options.numbers import check_number
from ._speaking.fallback import check_fallback
from ._speaking.player import Player
from ._speaking.whole_characters import WholeCharacters, whole_characters
from .options import check_targets
from .stt import STT


class TTS(tts.TTS[Literal["metrics_collected", "error"]]):
    """Speaks translations of an `STT` in the voice that Azure made for them, sample for sample.

    Give it to an `AgentSession` as `tts`. Frames are 16 bit mono. It recognizes a translation by the object
    that the `STT` gave, or by its words; see `STT.next_translation`.

    Args:
        stt: The session's `STT`, or its `stt.FallbackAdapter` that contains one or more.
        language: One of the `spoken_languages` of the STT; None: the first one. Several TTS of one STT may
            each speak another language of the same utterance: give them its text in that language.
        fallback: Speaks any other text, and a translation whose voice is lost; any LiveKit TTS.
            Without one, another text is an `APIError`, and a lost voice is a recoverable error.
        fallback_speaks_corrections: The fallback also speaks each translation that the `glossary` of the STT
            corrected, because Azure's voice of it says the uncorrected text.
        sample_rate: Of the frames, in Hz, 8000 to 192000. A voice or fallback of another rate is resampled.

    Raises:
        ValueError: `sample_rate` is out of range, the STT does not speak the language, or the fallback that
            speaks corrections is missing.
        TypeError: `stt` is not this package's `STT`, and contains none.
    """

    def __init__(
        self,
        stt: STT | livekit_stt.FallbackAdapter,
        *,
        language: str | None = None,
        fallback: tts.TTS[Any] | None = None,
        fallback_speaks_corrections: bool = False,
        sample_rate: int = 16000,
    ) -> None:
        check_number("sample_rate", sample_rate, least=8000, most=192_000, whole=True)
        check_fallback(fallback, fallback_speaks_corrections=fallback_speaks_corrections)
        if language is not None:
            check_targets("language", (language,))
        self._stt, self._stt_group = stt, STTGroup(stt, None if language is None else target(language))
        first = next(iter(self._stt_group), None)
        if first is None:
            raise TypeError(
                "TTS(stt) speaks the translations of azure_interpreter.STT, or of a stt.FallbackAdapter with "
                f"one in it, not of {stt!r}: any other adapter hides them, and none is needed"
            )
        if not self._stt_group.speak:
            raise ValueError(
                f"language: the STT does not speak {language!r}; name it in STT(spoken_languages=[...])"
            )
        self._first = first
        self._fallback = fallback
        self._fallback_speaks_corrections = fallback_speaks_corrections
        self._stt_group.are_spoken()
        super().__init__(
            capabilities=TTSCapabilities(streaming=True), sample_rate=sample_rate, num_channels=1
        )

    @property
    def has_voices(self) -> bool:
        """Whether each translation has Azure's voice (not with `STT(voice=None)`) or the fallback's."""
        return self._fallback is not None or self._stt_group.have_voices

    @property
    def language(self) -> str | None:
        """The language that it speaks, as Azure calls it, or None if that is the first one of its STT."""
        return self._stt_group.language

    @property
    def stt(self) -> STT | livekit_stt.FallbackAdapter:
        """The STT whose translations it speaks."""
        return self._stt

    @property
    def fallback(self) -> tts.TTS[Any] | None:
        """The TTS that speaks any other text, and a translation whose voice is lost."""
        return self._fallback

    @property
    def model(self) -> str:
        """The model of the STT, as LiveKit's metrics name it."""
        return self._first.model

    @property
    def provider(self) -> str:
        """The provider of the service, as LiveKit's metrics name it."""
        return self._first.provider

    def prewarm(self) -> None:
        """Prepare the fallback. Azure's own voice needs no preparation."""
        if self._fallback is not None:
            self._fallback.prewarm()

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> ChunkedStream:
        """Speak a text that is whole: a translation, several joined by a space, or any other.

        Iterating it raises an `APIError` if the text is not a translation and there is no `fallback`; or an
        error of the fallback.
        """
        player = self._player(conn_options, streamed=False)
        return _TranslationChunkedStream(tts=self, input_text=text, player=player, conn_options=conn_options)

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> SynthesizeStream:
        """Open a stream for one text; otherwise as `synthesize`.

        A translation is spoken when its text is whole. With a `fallback`, a text is spoken as it
        comes if no waiting translation begins like it; it does not wait for later translations.
        """
        player = self._player(conn_options, streamed=True)
        return SynthesizeStream(tts=self, player=player, conn_options=conn_options)

    def _player(self, conn_options: APIConnectOptions, *, streamed: bool) -> Player:
        return Player(
            self,
            self._stt_group,
            self._fallback,
            conn_options,
            streamed=streamed,
            fallback_speaks_corrections=self._fallback_speaks_corrections,
        )


class SynthesizeStream(UnmeteredSynthesizeStream):
    """Speaks one text: one translation, several joined, or any other. Made by `TTS.stream()`."""

    def __init__(self, *, tts: TTS, player: Player, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, conn_options=conn_options)
        self._player = player
        when_ended(self, player.ended)

    async def _run(self, output_emitter: AudioEmitter) -> None:
        await self._player.say_pieces(self._pieces(), output_emitter, self._text_is_sent)

    async def _pieces(self) -> AsyncIterator[str]:
        """The pushed texts, as the same objects, in whole characters."""
        characters = WholeCharacters()
        async for part in self._pushed_texts:
            if isinstance(part, str) and (piece := characters.push(part)):
                yield piece


class _TranslationChunkedStream(UnmeteredChunkedStream):
    """Speaks one text that is whole from the beginning. Made by `TTS.synthesize()`.

    LiveKit's own class reads a stream, and reports errors and metrics twice: for itself and for the stream.
    """

    def __init__(self, *, tts: TTS, input_text: str, player: Player, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, input_text=whole_characters(input_text), conn_options=conn_options)
        self._player = player
        when_ended(self, player.ended)

    async def _run(self, output_emitter: AudioEmitter) -> None:
        await self._player.say(self.input_text, output_emitter)
