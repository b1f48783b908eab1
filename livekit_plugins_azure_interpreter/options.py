"""The options of an STT and of a synthesizer, checked once and frozen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict, cast, get_args
from urllib.parse import unquote, urlsplit

from ._options.glossary import Glossary
from ._options.languages import is_code, other_of, same_speech, spelled, target
from ._options.numbers import check_number
from ._options.strings import is_visible_ascii
from .credentials import Credentials

if TYPE_CHECKING:
    from azure.cognitiveservices.speech import ProfanityOption
    from azure.core.credentials import TokenCredential

    from .speech_resources import SpeechResources


PERSONAL_VOICE = "personal-voice"
"""The voice that Azure makes from the speaker's own."""
Voice = str | None | Mapping[str, str | None]
"""One voice for every spoken language, or one for each."""
MAX_SOURCE_LANGUAGES = 10

_VOICE = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z]{4})?-([A-Za-z]{2}|[0-9]{3})"  # language and region
    r"(-[A-Za-z0-9]+)*-[A-Za-z0-9]+(:[A-Za-z0-9]+)?"  # dialect, name, model
)
_ENDPOINT_ID = re.compile(r"[A-Za-z0-9-]+")
_SAMPLE_RATES_HZ = (8000, 16000, 24000, 48000)
_MILLISECONDS = (("segmentation_silence_timeout_ms", 100, 5000), ("segmentation_max_time_ms", 20000, 70000))
"""Azure's limit."""
SPOKEN_RATES_HZ = (16000, 24000, 48000)

Profanity = Literal["masked", "removed", "raw"]
Latency = Literal["lowest", "low", "balanced", "relaxed"]
DEFAULT_LATENCY: Latency = "balanced"
SegmentationStrategy = Literal["Default", "Time", "Semantic"]
Pace = Literal["sentence", "quick", "simultaneous"]
"""How early speech is interpreted: after its utterance, after a shorter one, or while it is being said."""
DEFAULT_PACE: Pace = "sentence"


class Segmentation(NamedTuple):
    """How Azure cuts speech into utterances; None: its own default."""

    silence_timeout_ms: int | None
    max_time_ms: int | None
    strategy: SegmentationStrategy | None


_SEGMENTATIONS: Mapping[Pace, Segmentation] = {
    "sentence": Segmentation(None, None, None),
    "quick": Segmentation(300, 20000, "Semantic"),
    "simultaneous": Segmentation(None, None, None),
}
"""What a pace asks for, where the options do not."""


class STTOptionsWithoutLanguages(TypedDict, total=False):
    """The arguments of `STT`, except those of languages; `STT` explains them."""

    voice: Voice
    sample_rate: int
    latency: Latency
    pace: Pace
    speech_key: str | None
    speech_region: str | None
    speech_endpoint: str | None
    speech_host: str | None
    speech_auth_token: str | Callable[[], str] | None
    token_credential: TokenCredential | None
    speech_resources: SpeechResources | None
    segmentation_silence_timeout_ms: int | None
    segmentation_max_time_ms: int | None
    segmentation_strategy: SegmentationStrategy | None
    silence_ends_turns: bool
    manual_flush: bool
    profanity: Profanity | ProfanityOption | None
    explicit_punctuation: bool
    true_text_post_processing: bool
    phrase_list: Sequence[str] | None
    phrase_list_weight: float
    custom_endpoints: Mapping[str, str] | None
    translation_category: str | None
    glossary: Mapping[str, Mapping[str, str]] | None
    proxy: str | None
    voice_timeout_seconds: float
    peer_timeout_seconds: float
    max_audio_seconds: float
    kept_audio_seconds: float


class STTOptions(STTOptionsWithoutLanguages, total=False):
    """The arguments of `STT`, except `target_languages`, `spoken_languages` and `between`."""

    source_languages: str | Sequence[str] | None


_PROXY_HINT = 'proxy must be "http://host:port" or "http://user:password@host:port"'


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy."""

    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """Read "http://host:port" or "http://user:password@host:port".

        Raises:
            ValueError: It has another form; the message does not repeat it.
        """
        if not is_visible_ascii(url := url.strip()):
            raise ValueError(_PROXY_HINT)
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError(_PROXY_HINT) from None
        if not host or not port or parts.scheme != "http":
            raise ValueError(_PROXY_HINT)
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        return cls(host, port, user, password)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of one recognizer, as `STT` explains them.

    `voice` of pace "simultaneous" is None for each language.
    `between` is empty, or two languages, which are the target and the spoken languages, too.
    `voice` is one voice for every spoken language, or pairs of language and voice.
    `separate_voices`: each further spoken language has its voice over a connection of its own.
    `reconnect_seconds` is how long the SDK itself tries to reach a service that refuses or drops it.
    """

    credentials: Credentials
    target_languages: tuple[str, ...]
    source_languages: tuple[str, ...] = ()
    spoken_languages: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    voice: str | tuple[tuple[str, str | None], ...] | None = PERSONAL_VOICE
    sample_rate: int = 16000
    latency: Latency = DEFAULT_LATENCY
    pace: Pace = DEFAULT_PACE
    segmentation_silence_timeout_ms: int | None = None
    segmentation_max_time_ms: int | None = None
    segmentation_strategy: SegmentationStrategy | None = None
    silence_ends_turns: bool = False
    manual_flush: bool = False
    profanity: Profanity | None = None
    explicit_punctuation: bool = False
    true_text_post_processing: bool = False
    phrase_list: tuple[str, ...] = ()
    phrase_list_weight: float = 1.0
    custom_endpoints: tuple[tuple[str, str], ...] = ()
    translation_category: str | None = None
    glossary: Glossary = field(default_factory=Glossary)
    proxy: Proxy | None = None
    separate_voices: bool = False
    reconnect_seconds: float = 1.0

    def __post_init__(self) -> None:
        if not self.target_languages:
            raise ValueError("target_languages needs at least one language, e.g. 'fr'")
        if len(self.source_languages) > MAX_SOURCE_LANGUAGES:
            raise ValueError(
                f"source_languages takes at most {MAX_SOURCE_LANGUAGES} languages "
                f"({len(self.source_languages)} given); None hears any language"
            )
        check_targets("target_languages", self.target_languages)
        check_languages("source_languages", self.source_languages)
        self._check_between()
        self._check_spoken()
        check_choice("sample_rate", self.sample_rate, _SAMPLE_RATES_HZ)
        check_choice("latency", self.latency, get_args(Latency))
        self._check_pace()
        check_choice("profanity", self.profanity, (None, "masked", "removed", "raw"))
        check_choice(
            "segmentation_strategy", self.segmentation_strategy, (None, "Default", "Time", "Semantic")
        )
        for name, least, most in _MILLISECONDS:
            check_number(name, getattr(self, name), least=least, most=most, whole=True, or_none=True)
        check_number("phrase_list_weight", self.phrase_list_weight, least=0, most=2)
        if self.translation_category is not None:
            _check_category(self.translation_category)

    @property
    def spoken(self) -> tuple[str, ...]:
        """The spoken languages, as Azure calls them; the first one is the main one."""
        return tuple(map(target, self.spoken_languages or self.target_languages[:1]))

    @property
    def targets(self) -> tuple[str, ...]:
        """All target languages, as Azure calls them, the spoken ones first."""
        return tuple(dict.fromkeys([*self.spoken, *map(target, self.target_languages)]))

    @property
    def main_language(self) -> str:
        """The first spoken language, as the user wrote it."""
        main = self.spoken[0]
        return next(language for language in self.target_languages if target(language) == main)

    def language_to_say(self, spoken: str) -> str:
        """The language, as the user wrote it, of the `text` of speech in a language.

        Between two languages, this is the one of them that it was not said in; for any other, the first.
        """
        return other_of(self.between, spoken) if self.between else self.main_language

    @property
    def said(self) -> tuple[str, ...]:
        """The languages, as Azure calls them, that the `text` of a transcript may be in."""
        return self.spoken if self.between else self.spoken[:1]

    @property
    def voices(self) -> dict[str, str]:
        """The voices to ask for, by language as Azure calls it; not of languages that are text only."""
        given = self._voices()
        return {language: voice for language in self.spoken if (voice := given.get(language)) is not None}

    @property
    def segmentation(self) -> Segmentation:
        """How Azure cuts speech into utterances: as the options say; where they do not, as the pace does."""
        of_pace = _SEGMENTATIONS[self.pace]
        return Segmentation(
            self.segmentation_silence_timeout_ms or of_pace.silence_timeout_ms,
            self.segmentation_max_time_ms or of_pace.max_time_ms,
            self.segmentation_strategy or of_pace.strategy,
        )

    @property
    def copies_voice(self) -> bool:
        """Whether a voice is made from the speaker's own."""
        return PERSONAL_VOICE in self.voices.values()

    def without_own_voice(self, other: Options) -> Options:
        """These options with the voice that the other ones have, or none, in place of the speaker's own."""
        if not self.copies_voice:
            return self
        voices = other.voices
        return replace(
            self,
            voice=tuple(
                (language, voices.get(language) if voice == PERSONAL_VOICE else voice)
                for language, voice in self._voices().items()
            ),
        )

    def differs_in_languages_alone(self, other: Options) -> bool:
        """Whether a running connection with these options can go over to the other ones.

        Both must name their spoken languages, and the other ones have at least one voice.
        """
        if self.separate_voices:
            return False
        like_other = replace(
            self,
            target_languages=other.target_languages,
            spoken_languages=other.spoken_languages,
            voice=other.voice,
            glossary=other.glossary,
        )
        return like_other == other and bool(self.spoken_languages and other.spoken_languages and other.voices)

    @property
    def shares_connection(self) -> bool:
        """Whether voices in several languages are asked for over one connection."""
        return len(self.voices) > 1 and not self.separate_voices

    def of_main_connection(self) -> Options:
        """The options of the stream's own connection."""
        if not self.separate_voices:
            return self
        main = self.spoken[0]
        targets = tuple(dict.fromkeys([self.main_language, *self.target_languages]))
        return replace(self, target_languages=targets, spoken_languages=(), voice=self.voices.get(main))

    def of_side_connections(self) -> dict[str, Options]:
        """The options of a connection for each further language that has a voice."""
        if not self.separate_voices:
            return {}
        return {
            language: replace(
                self,
                target_languages=(language,),
                spoken_languages=(),
                between=(),
                voice=voice,
                separate_voices=False,
            )
            for language, voice in self.voices.items()
            if language != self.spoken[0]
        }

    def _voices(self) -> dict[str, str | None]:
        if isinstance(self.voice, tuple):
            return {target(language): voice for language, voice in self.voice}
        return dict.fromkeys(self.spoken, self.voice)

    def _check_pace(self) -> None:
        check_choice("pace", self.pace, get_args(Pace))
        if self.pace == "simultaneous" and self.voices:
            raise ValueError(
                'voice must be None with pace="simultaneous", or be left out: Azure makes a voice after the '
                "utterance, too late to be heard, and it costs money. Instead the session's tts speaks, or "
                "the fallback of TTS, such as PersonalVoiceTTS"
            )

    def _check_between(self) -> None:
        check_targets("between", self.between)
        if self.between and (len(self.between) != 2 or same_speech(*self.between)):
            raise ValueError(f"between takes two different languages, e.g. ('en', 'fr'), not {self.between}")

    def _check_spoken(self) -> None:
        check_targets("spoken_languages", self.spoken_languages)
        targets = set(map(target, self.target_languages))
        for language in self.spoken_languages:
            if target(language) not in targets:
                raise ValueError(f"spoken_languages has {language!r}, which is not in target_languages")
        voices = self._voices()
        for language in self.spoken:
            if language not in voices:
                raise ValueError(f"voice names no voice for {language!r}, which is spoken")
        for language, voice in voices.items():
            if language not in self.spoken:
                raise ValueError(f"voice names one for {language!r}, which is not in spoken_languages")
            if voice not in (None, PERSONAL_VOICE):
                check_voice("voice", voice, f"{PERSONAL_VOICE!r}, None (text only), or ")


@dataclass(frozen=True, kw_only=True)
class SpeakingOptions:
    """The options of a synthesizer for every text, as `PersonalVoiceTTS` explains them."""

    credentials: Credentials
    sample_rate: int = 24000
    word_timings: bool = True
    proxy: Proxy | None = None

    def __post_init__(self) -> None:
        check_choice("sample_rate", self.sample_rate, SPOKEN_RATES_HZ)


def languages(name: str, value: str | Sequence[str] | None) -> tuple[str, ...]:
    """One language or several, by their codes ("zh_CN": "zh-CN", "français": "fr"), as a tuple.

    Raises:
        ValueError: An element is not a string.
    """
    if value is None:
        return ()
    several = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(language, str) for language in several):
        raise ValueError(f"{name} takes language codes, e.g. 'fr' or ['fr', 'de']")
    return tuple(dict.fromkeys(map(spelled, several)))


def voice_of_pace(pace: Pace) -> str | None:
    """The voice that is asked for if none is named."""
    return None if pace == "simultaneous" else PERSONAL_VOICE


def voice_option(name: str, voice: Voice) -> str | tuple[tuple[str, str | None], ...] | None:
    """The voice of all spoken languages, or of each, as pairs.

    Raises:
        ValueError: A language is none that Azure translates to.
    """
    if not isinstance(voice, Mapping):
        return voice
    check_targets(name, tuple(voice))
    return tuple(voice.items())


def check_targets(name: str, codes: tuple[str, ...]) -> None:
    """Check that Azure translates to all of them.

    Raises:
        ValueError: It does not translate to one; the message names that and the nearest target.
    """
    for code in codes:
        try:
            target(code)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def check_languages(name: str, codes: tuple[str, ...]) -> None:
    for code in codes:
        if not is_code(code):
            raise ValueError(f"{name}: {code!r} is not a language code such as 'fr' or 'pt-BR'")


def check_voice(name: str, voice: object, besides: str = "") -> None:
    """Check that it has the form of a prebuilt voice's name. Only Azure knows whether that voice exists."""
    if not isinstance(voice, str) or not _VOICE.fullmatch(voice):
        raise ValueError(
            f"{name} must be {besides}the full name of a prebuilt voice, which begins with its language, "
            f"such as 'fr-FR-DeniseNeural'; not {voice!r}"
        )


def _check_category(category: object) -> None:
    if not isinstance(category, str) or not is_visible_ascii(category):
        raise ValueError(
            "translation_category must be the category ID of a custom translation model, as Azure shows it, "
            "such as 'aaaabbbb-0000-cccc-1111-dddd2222eeee-TECH'"
        )


def check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}")


def profanity_option(value: Profanity | ProfanityOption | None) -> Profanity | None:
    """The name of the option, also for the SDK's object; `Options` refuses any other value."""
    return cast(Profanity, value.name.lower()) if isinstance(value, Enum) else value


def check_endpoints(endpoints: Sequence[tuple[str, str]], source_languages: Sequence[str]) -> None:
    """Check that custom endpoints fit the given languages; a later update may change the languages.

    Raises:
        ValueError: One is for a language that was not given, or has no id.
    """
    for language, endpoint_id in endpoints:
        if language not in source_languages:
            raise ValueError(f"custom_endpoints has {language!r}, which is not in source_languages")
        if not isinstance(endpoint_id, str) or not _ENDPOINT_ID.fullmatch(endpoint_id):
            raise ValueError(
                f"custom_endpoints needs the id of an endpoint for {language!r}: letters, digits and hyphens"
            )
