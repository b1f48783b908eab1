"""Translates speech in any language to text, with Azure's Live Interpreter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    AgentSession,
    APIConnectOptions,
    NotGivenOr,
)
from livekit.agents.stt import SpeechEvent, STTCapabilities
from livekit.agents.utils import AudioBuffer, is_given

from ._livekit_private import KeytermsSTT, scope_of
from ._options.glossary import Glossary
from ._options.languages import spelled
from ._options.numbers import check_number
from ._options.phrases import MOST_PHRASES, phrases, with_keyterms
from ._recognition.placement import PlacesOfSTT
from ._recognition.stream import SpeechStream
from ._recognition.stream_factory import StreamFactory
from ._recognition.streams import Streams
from ._sdk.connection import OpenRecognizer
from ._sdk.on_demand import open_recognizer, takes_commits
from ._voices.utterance import Translation
from .log import logger
from .options import (
    DEFAULT_LATENCY,
    DEFAULT_PACE,
    Latency,
    Options,
    Pace,
    Profanity,
    Proxy,
    SegmentationStrategy,
    Voice,
    check_endpoints,
    languages,
    profanity_option,
    voice_of_pace,
    voice_option,
)
from .reports import Counts
from .speech_resources import SpeechResources, credentials_option, places_of

if TYPE_CHECKING:
    from azure.cognitiveservices.speech import ProfanityOption
    from azure.core.credentials import TokenCredential

_Events = Literal[
    "utterance_recognized",
    "utterance_metrics_collected",
    "voice_lost",
    "voices_separated",
    "speech_forgotten",
    "translation_begun",
]


class STT(KeytermsSTT[_Events]):
    """Hears any language and translates it (Azure: Live Interpreter, by a `TranslationRecognizer`).

    Give it to an `AgentSession` as `stt`; `TTS(stt)` speaks its translations. Several streams may be open at
    once; each is a connection to Azure and matches its own voices.

    A FINAL_TRANSCRIPT (LiveKit's `SpeechData`) has the translation in `text` and `language`, the original in
    `source_texts` and `source_languages`, all translations in `target_texts` and `target_languages`, and its
    times in seconds on the clock of the stream. Speech that Azure recognized but did not translate has the
    original in `text`, no target, and `metadata={"translated": False}`, with Azure's `failure_reason` if it
    gives one; otherwise `metadata` has "translated", and the "id" by which the events name the utterance.

    Events: those of `livekit.agents.stt.STT`, and `utterance_recognized` (`UtteranceRecognized`),
    `voice_lost` (`VoiceLost`), `voices_separated` (`VoicesSeparated`),
    `speech_forgotten` (`SpeechForgotten`), `utterance_metrics_collected` (`UtteranceMetrics`), and, with
    pace "simultaneous", `translation_begun` (`RunningTranslation`).

    Args:
        target_languages: The languages to translate to, e.g. "fr" or ["fr", "de"]. A
            region ("fr-FR"), another code ("no") or a name ("français") of a language is accepted. Results
            carry your code; Azure gets its own ("fr", "nb").
        source_languages: None hears any language (open range); one is fixed; 2 to 10 are candidates.
        spoken_languages: Those of them that are also spoken, over the same connection; the default is the
            first one. `text` is in the first spoken language; `TTS(stt, language="de")` speaks another one.
        between: Two languages, in place of `target_languages`: what is said in one is translated to the
            other, and spoken in it; `text` is this translation. Speech in a third language is translated to
            the first.
        voice: "personal-voice", the default, is made from the speaker's own voice; or the name of a prebuilt
            voice, e.g. "fr-FR-DeniseNeural"; None gives text only. A mapping names one for each spoken
            language.
        sample_rate: The rate of the audio sent to Azure, in Hz: 8000, 16000, 24000 or 48000. Frames of any
            rate, mono or stereo, can be pushed.
        latency: How long audio may wait to be sent, for CPU time: "balanced" sends it every 40 ms, "low"
            every 20, "relaxed" every 100 (the SDK's default); "lowest" is like "low", but looks for results
            and audio five times as often.
        pace: When speech is heard in the other language. "sentence": when its utterance has ended. "quick":
            the same, with shorter utterances, by other defaults of the segmentation options. "simultaneous":
            while it is being said, clause by clause, as far as its translation is certain. Azure's own voice
            comes too late for that, so the `tts` of the session speaks, or the `fallback` of `TTS`; `voice`
            is None.
        speech_key: Key of the Speech resource (AZURE_SPEECH_KEY).
        speech_region: Its region, e.g. "westeurope" (AZURE_SPEECH_REGION).
        speech_endpoint: Or a whole endpoint (AZURE_SPEECH_ENDPOINT), e.g. of a custom domain:
            "wss://NAME.cognitiveservices.azure.com/stt/speech/universal/v2".
        speech_host: Or the host of a container (AZURE_SPEECH_HOST), e.g. "ws://localhost:5000".
        speech_auth_token: A token instead of a key; or a function that gives one, which is called in a
            thread before each connection, so that a stream outlives its token.
        token_credential: Or an Entra ID credential (synchronous, of azure.core); needs speech_endpoint.
        speech_resources: Several resources in place of these.
        segmentation_silence_timeout_ms: Silence that ends an utterance, 100 to 5000 ms.
        segmentation_max_time_ms: The longest utterance, 20000 to 70000 ms.
        segmentation_strategy: "Default", "Time" or "Semantic".
        silence_ends_turns: Let Azure end a turn after about 15 s of silence, with a result without words.
            The default asks it not to, so that a quiet room costs no new turns.
        manual_flush: `SpeechStream.flush()` ends the utterance at once, if Azure takes the request; a session
            does it at `commit_user_turn()`, and where its VAD hears the end of speech. Not documented by
            Azure. An endpoint that ignores it ends utterances by their silence, as ever.
        profanity: "masked", "removed" or "raw", or the SDK's `ProfanityOption`.
        explicit_punctuation: Azure sets only dictated punctuation.
        true_text_post_processing: Azure leaves out hesitations and repetitions ("TrueText").
        phrase_list: Expected names and terms, at most 2,000. The session's keyterms are added to them.
        phrase_list_weight: The weight of the phrases, 0 (no effect) to 2.
        custom_endpoints: The id of a custom speech model's endpoint, by source language; a stream
            for another language does not use it.
        translation_category: The category ID of a custom translation model (Azure's Custom Translator). It
            needs a multi-service resource (kind CognitiveServices or AIServices), not a Speech resource.
        glossary: Terms that Azure translates wrongly, by target language:
            `{"fr": {"live kit": "LiveKit"}}`. A term is what Azure writes in the translation, whole words in
            any case. Transcripts and captions have its correction. Azure's voice does not; `metadata` then
            has the "uncorrected_texts", which it says, by language. See `TTS(fallback_speaks_corrections=)`.
        proxy: An HTTP proxy: "http://host:port" or "http://user:password@host:port".
        voice_timeout_seconds: How long the next translation waits for its voice before the voice
            counts as lost.
        peer_timeout_seconds: If Azure sends nothing for as long although it gets speech, the stream
            connects again. Each attempt without a result doubles this time, up to four times as long. A
            result resets it.
        max_audio_seconds: How much voice may wait to be spoken, per stream, before the oldest is lost.
        kept_audio_seconds: How much audio that is not recognized yet is kept for the next connection, per
            stream, before the oldest is forgotten.

    Raises:
        ValueError: An argument is missing, malformed or contradicts another; the message names it.
    """

    def __init__(
        self,
        *,
        target_languages: str | Sequence[str] = (),
        source_languages: str | Sequence[str] | None = None,
        spoken_languages: str | Sequence[str] | None = None,
        between: tuple[str, str] | None = None,
        voice: NotGivenOr[Voice] = NOT_GIVEN,
        sample_rate: int = 16000,
        latency: Latency = DEFAULT_LATENCY,
        pace: Pace = DEFAULT_PACE,
        speech_key: str | None = None,
        speech_region: str | None = None,
        speech_endpoint: str | None = None,
        speech_host: str | None = None,
        speech_auth_token: str | Callable[[], str] | None = None,
        token_credential: TokenCredential | None = None,
        speech_resources: SpeechResources | None = None,
        segmentation_silence_timeout_ms: int | None = None,
        segmentation_max_time_ms: int | None = None,
        segmentation_strategy: SegmentationStrategy | None = None,
        silence_ends_turns: bool = False,
        manual_flush: bool = False,
        profanity: Profanity | ProfanityOption | None = None,
        explicit_punctuation: bool = False,
        true_text_post_processing: bool = False,
        phrase_list: Sequence[str] | None = None,
        phrase_list_weight: float = 1.0,
        custom_endpoints: Mapping[str, str] | None = None,
        translation_category: str | None = None,
        glossary: Mapping[str, Mapping[str, str]] | None = None,
        proxy: str | None = None,
        voice_timeout_seconds: float = 5.0,
        peer_timeout_seconds: float = 15.0,
        max_audio_seconds: float = 600.0,
        kept_audio_seconds: float = 60.0,
        _open_recognizer: OpenRecognizer = open_recognizer,
    ) -> None:
        if between is not None and (target_languages or spoken_languages):
            raise ValueError("between names both languages: leave target_languages and spoken_languages out")
        credentials: dict[str, Any] = {
            "speech_key": speech_key,
            "speech_region": speech_region,
            "speech_endpoint": speech_endpoint,
            "speech_host": speech_host,
            "speech_auth_token": speech_auth_token,
            "token_credential": token_credential,
        }
        options = Options(
            target_languages=languages("target_languages", target_languages or between),
            source_languages=languages("source_languages", source_languages),
            spoken_languages=languages("spoken_languages", spoken_languages or between),
            between=languages("between", between),
            voice=voice_option("voice", voice if is_given(voice) else voice_of_pace(pace)),
            sample_rate=sample_rate,
            latency=latency,
            pace=pace,
            segmentation_silence_timeout_ms=segmentation_silence_timeout_ms,
            segmentation_max_time_ms=segmentation_max_time_ms,
            segmentation_strategy=segmentation_strategy,
            silence_ends_turns=silence_ends_turns,
            manual_flush=manual_flush,
            profanity=profanity_option(profanity),
            explicit_punctuation=explicit_punctuation,
            true_text_post_processing=true_text_post_processing,
            phrase_list=phrases(phrase_list),
            phrase_list_weight=phrase_list_weight,
            custom_endpoints=tuple((spelled(key), value) for key, value in (custom_endpoints or {}).items()),
            translation_category=translation_category,
            glossary=Glossary.parse(glossary),
            proxy=Proxy.parse(proxy) if proxy else None,
            credentials=credentials_option(speech_resources, "recognition", credentials),
        )
        check_endpoints(options.custom_endpoints, options.source_languages)
        if manual_flush and not takes_commits():
            raise ValueError(
                "manual_flush needs version 1.52 or later of the Azure Speech SDK: "
                "python -m pip install --upgrade azure-cognitiveservices-speech"
            )
        super().__init__(
            capabilities=STTCapabilities(
                streaming=True,
                interim_results=True,
                aligned_transcript="chunk",
                offline_recognize=True,
                keyterms=True,
                manual_flush=manual_flush,
            ),
            session_keyterms=self._expect_session_keyterms,
        )
        for name, seconds in (
            ("voice_timeout_seconds", voice_timeout_seconds),
            ("peer_timeout_seconds", peer_timeout_seconds),
            ("max_audio_seconds", max_audio_seconds),
            ("kept_audio_seconds", kept_audio_seconds),
        ):
            check_number(name, seconds, above=0)
        streams = Streams(
            open_recognizer=_open_recognizer,
            peer_timeout_seconds=peer_timeout_seconds,
            voice_timeout_seconds=voice_timeout_seconds,
            kept_audio_seconds=kept_audio_seconds,
            emit=lambda event, told: self.emit(cast(_Events, event), told),
            places=None
            if speech_resources is None
            else PlacesOfSTT(places_of(speech_resources, "recognition")),
        )
        self._factory = StreamFactory(self, streams, options, max_audio_seconds=max_audio_seconds)
        self._phrase_list = options.phrase_list
        self._session_keyterms: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """ "live-interpreter", as LiveKit's metrics name it."""
        return "live-interpreter"

    @property
    def provider(self) -> str:
        """The provider of the service, as LiveKit's metrics name it."""
        return "Azure"

    @property
    def counts(self) -> Counts:
        """The counts so far, for a monitor."""
        return self._factory.streams.counts

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> SpeechStream:
        """Open a stream: one connection to Azure. Needs a running loop.

        Iterating it raises an error that LiveKit's retries could not solve: an `APIStatusError` if Azure
        refused (401: the credentials, 403: the quota, 400: the options), an `APIConnectionError` or
        `APITimeoutError` if Azure could not be reached.

        Args:
            language: The one source language of this stream, in place of `source_languages`.
            conn_options: LiveKit's retries, and how long connecting may take.

        Raises:
            ValueError: `language` is not a language code.
        """
        return self._factory.open(conn_options, **_own(language))

    def update_options(
        self,
        *,
        target_languages: NotGivenOr[str | Sequence[str]] = NOT_GIVEN,
        source_languages: NotGivenOr[str | Sequence[str] | None] = NOT_GIVEN,
        spoken_languages: NotGivenOr[str | Sequence[str] | None] = NOT_GIVEN,
        between: NotGivenOr[tuple[str, str]] = NOT_GIVEN,
        voice: NotGivenOr[Voice] = NOT_GIVEN,
        phrase_list: NotGivenOr[Sequence[str] | None] = NOT_GIVEN,
        phrase_list_weight: NotGivenOr[float] = NOT_GIVEN,
        translation_category: NotGivenOr[str | None] = NOT_GIVEN,
        glossary: NotGivenOr[Mapping[str, Mapping[str, str]] | None] = NOT_GIVEN,
        segmentation_silence_timeout_ms: NotGivenOr[int | None] = NOT_GIVEN,
        segmentation_max_time_ms: NotGivenOr[int | None] = NOT_GIVEN,
        segmentation_strategy: NotGivenOr[SegmentationStrategy | None] = NOT_GIVEN,
    ) -> None:
        """Change the options of open and new streams.

        It takes effect at the next utterance: earlier speech keeps its languages and its voice. If
        somebody speaks without a pause, the change waits for 10 s; then it cuts the utterance in two.
        A stream with a `language` of its own keeps that. Arguments are as of the class; those that are
        not given do not change.

        Raises:
            ValueError: An argument is malformed; nothing was changed.
        """
        changes: dict[str, Any] = self._between(between, target_languages, spoken_languages)
        if is_given(target_languages):
            changes["target_languages"] = languages("target_languages", target_languages)
        if is_given(source_languages):
            changes["source_languages"] = languages("source_languages", source_languages)
        if is_given(spoken_languages):
            changes["spoken_languages"] = languages("spoken_languages", spoken_languages)
        if is_given(voice):
            changes["voice"] = voice_option("voice", voice)
        if is_given(glossary):
            changes["glossary"] = Glossary.parse(glossary)
        phrase_list_given = phrases(phrase_list) if is_given(phrase_list) else self._phrase_list
        changes["phrase_list"], _ = with_keyterms(phrase_list_given, self._session_keyterms)
        as_given: dict[str, Any] = {
            "phrase_list_weight": phrase_list_weight,
            "translation_category": translation_category,
            "segmentation_silence_timeout_ms": segmentation_silence_timeout_ms,
            "segmentation_max_time_ms": segmentation_max_time_ms,
            "segmentation_strategy": segmentation_strategy,
        }
        changes.update((name, value) for name, value in as_given.items() if is_given(value))
        self._factory.change(changes)
        self._phrase_list = phrase_list_given

    def _between(
        self, between: NotGivenOr[tuple[str, str]], *others: NotGivenOr[str | Sequence[str] | None]
    ) -> dict[str, Any]:
        """The changes of an STT that interprets between two languages."""
        is_between = bool(self._factory.options.between)
        if is_given(between) and not is_between:
            raise ValueError("between cannot be added to an STT with target_languages: make another STT")
        if is_between and any(is_given(other) for other in others):
            raise ValueError("this STT has two languages, of between: change between, not target_languages")
        both = languages("between", between) if is_given(between) else ()
        return {"between": both, "target_languages": both, "spoken_languages": both} if both else {}

    def _expect_session_keyterms(self, keyterms: Sequence[str]) -> None:
        self._session_keyterms = tuple(keyterms)
        phrase_list, left_out = with_keyterms(self._phrase_list, self._session_keyterms)
        if left_out:
            logger.warning(
                "%d keyterms of the session are left out: Azure takes %d phrases, without control characters",
                left_out,
                MOST_PHRASES,
            )
        self._factory.change({"phrase_list": phrase_list})

    async def aclose(self) -> None:
        """Close every stream. Unclaimed voices are dropped."""
        await self._factory.aclose()

    def next_translation(self, text: str, *, session: AgentSession[Any] | None = None) -> Translation | None:
        """The oldest translation into the first spoken language with these words, each handed out once.

        `session.say()` speaks it with the voice of exactly this utterance. None: the words are not a
        translation of this STT, or all such translations were handed out or spoken.

        Args:
            text: The words of a final transcript.
            session: Search only the translations of this session, if several share the STT.
        """
        return self._factory.streams.translations.next(text, None if session is None else scope_of(session))

    def let_go(self, translation: Translation) -> None:
        """Drop a translation that nobody will say: no text can claim its voice any more."""
        self._factory.streams.translations.let_go(translation)

    async def _recognize_impl(
        self, buffer: AudioBuffer, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> SpeechEvent:
        # One attempt: the base class tries again as often as the caller wants.
        return await self._factory.transcribe(buffer, conn_options, **_own(language))


def _own(language: NotGivenOr[str]) -> dict[str, Any]:
    """The options that belong to one stream."""
    return {"source_languages": languages("language", language)} if is_given(language) else {}
