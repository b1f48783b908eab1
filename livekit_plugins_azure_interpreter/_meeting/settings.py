"""The arguments of a `MeetingInterpreter`, checked, as the parts of a meeting need them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from livekit import rtc

from .._fleet.resource_places import Places
from .._options.glossary import Glossary
from .._options.languages import all_targets
from .._options.numbers import check_number
from .._sound.voice_detector import VoiceDetector
from .._speaking.fallback import check_fallback, check_simultaneous
from ..options import DEFAULT_PACE, STTOptions, voice_of_pace
from ..speech_resources import places_of
from ..stt import STT
from .client_contract import offer
from .planner import Planner
from .route import RoutePolicy
from .route_voices import Fallback, RouteVoices
from .voice_choice import AzureVoices, VoiceChoice, VoiceOffer
from .wishes import AttributeNames, LanguageOf, Wishes

Mode = Literal["simultaneous", "consecutive"]
CatchUp = Literal["none", "time_stretch"]
OriginalVoices = Literal["keep", "replace"]


@dataclass(frozen=True)
class Conduct:
    """How people speak and listen.

    Attributes:
        mode, originals: As given.
        policy: How each route is spoken.
        open_detector: Makes what tells whether there is a voice in the next audio; None: all audio is sent.
    """

    mode: Mode
    originals: OriginalVoices
    policy: RoutePolicy
    open_detector: Callable[[], Callable[[bytes], bool]] | None

    @property
    def is_consecutive(self) -> bool:
        """People take turns."""
        return self.mode == "consecutive"

    @property
    def replaces_originals(self) -> bool:
        """Who hears an interpretation does not hear the original."""
        return self.originals == "replace"

    @classmethod
    def parse(
        cls,
        *,
        mode: Mode,
        originals: OriginalVoices,
        catch_up: CatchUp,
        max_lag_seconds: float | None,
        skip_silence: bool,
        silent_track_seconds: float | None,
    ) -> Conduct:
        """Read the arguments of the same names.

        Raises:
            ValueError: One is none of its values; the message names it.
        """
        if catch_up not in ("none", "time_stretch"):
            raise ValueError(f'catch_up must be "none" or "time_stretch", got {catch_up!r}')
        if originals not in ("keep", "replace"):
            raise ValueError(f'originals must be "keep" or "replace", got {originals!r}')
        check_number("max_lag_seconds", max_lag_seconds, above=0, or_none=True)
        check_number("silent_track_seconds", silent_track_seconds, above=0, or_none=True)
        if mode not in ("simultaneous", "consecutive"):
            raise ValueError(f'mode must be "simultaneous" or "consecutive", got {mode!r}')
        policy = RoutePolicy(
            catch_up=catch_up == "time_stretch",
            max_lag_seconds=max_lag_seconds,
            speaks_same_language=originals == "replace",
            silent_track_seconds=silent_track_seconds,
        )
        return cls(mode, originals, policy, _open_detector if skip_silence else None)


@dataclass(frozen=True)
class SpeechSettings:
    """How speakers are recognized, and in which voices they are heard.

    Attributes:
        make_stt: Makes the STT of a speaker. A function, because its repr shows no key.
        voices: Who speaks each language.
        offer: What speakers may choose.
        is_heard: Whether there is a voice for a speaker's choice in a language.
        places: Where a stream takes a place before it connects; None: it needs none.
    """

    make_stt: Callable[[], STT]
    voices: RouteVoices
    offer: VoiceOffer
    is_heard: Callable[[VoiceChoice, str], bool]
    places: Places | None

    @classmethod
    def parse(
        cls,
        options: STTOptions,
        *,
        voices: Collection[VoiceChoice] | None,
        default_voice: VoiceChoice | None,
        prebuilt_voices: Mapping[str, str] | None,
        fallback: Fallback | None,
        fallback_speaks_corrections: bool,
    ) -> SpeechSettings:
        """Read the arguments of the same names.

        Raises:
            ValueError: One is malformed, or contradicts another; the message names it.
        """
        check_fallback(fallback, fallback_speaks_corrections=fallback_speaks_corrections)
        pace = options.get("pace", DEFAULT_PACE)
        check_simultaneous(pace, fallback, prebuilt_voices=prebuilt_voices)
        voice = options.get("voice", voice_of_pace(pace))
        # Those of the meeting are known only when somebody comes.
        languages = [*voice] if isinstance(voice, Mapping) else ["en"]
        make_stt = _stt_maker(options, languages)
        azure = AzureVoices(voice, prebuilt_voices or {}, has_fallback=fallback is not None)
        offered = VoiceOffer.parse(voices, default_voice, azure.choices)
        by_route = RouteVoices(azure.of, fallback, fallback_speaks_corrections)
        resources = options.get("speech_resources")
        places = None if resources is None else places_of(resources, "recognition")
        return cls(make_stt, by_route, offered, azure.is_heard, places)


@dataclass(frozen=True)
class MeetingSettings:
    """All that a meeting needs to know.

    Attributes:
        speech: How speakers are recognized, and in which voices they are heard.
        conduct: How people speak and listen.
        make_wishes: Makes what reads the wishes of the people.
        make_planner: Makes what plans who is interpreted.
        offer: The participant attribute that tells what people may ask for.
        track_sources: The sources of the audio tracks that are interpreted.
        interprets_agents: Other agents are interpreted like people.
    """

    speech: SpeechSettings
    conduct: Conduct
    make_wishes: Callable[[], Wishes]
    make_planner: Callable[[], Planner]
    offer: str
    track_sources: frozenset[rtc.TrackSource.ValueType]
    interprets_agents: bool

    @classmethod
    def parse(
        cls,
        speech: SpeechSettings,
        conduct: Conduct,
        names: AttributeNames,
        *,
        language_of: LanguageOf | None,
        default_language: str | None,
        max_streams: int,
        track_sources: Collection[rtc.TrackSource.ValueType],
        interpret_agents: bool,
    ) -> MeetingSettings:
        """Read the arguments of the same names.

        Raises:
            ValueError: One is missing or malformed; the message names it.
        """
        check_number("max_streams", max_streams, least=1, whole=True)
        if not track_sources:
            raise ValueError("track_sources is empty: name at least one source, or leave it out")

        def make_wishes() -> Wishes:
            return Wishes(names, speech.offer, language_of=language_of, default_language=default_language)

        make_wishes()  # raises for a mistake now, not when the meeting begins
        return cls(
            speech,
            conduct,
            make_wishes,
            lambda: Planner(max_streams, speech.is_heard),
            offer(all_targets(), speech.offer, mode=conduct.mode, originals=conduct.originals),
            frozenset(track_sources),
            interpret_agents,
        )


def _stt_maker(options: STTOptions, languages: list[str]) -> Callable[[], STT]:
    """What makes the STT of a speaker, without a voice: each change of languages or of a choice names voices.

    Args:
        options: The options of `STT`.
        languages: Those that the option `voice` names, or any other.
    """
    # Read once: each speaker has an STT, and a glossary may have thousands of terms.
    glossary = cast(Any, Glossary.parse(options.get("glossary")))
    given = cast(STTOptions, {**options, "glossary": glossary})
    # Raises for a mistake now, not when somebody speaks.
    STT(target_languages=languages, spoken_languages=languages, **given)
    without_voice = cast(STTOptions, {**given, "voice": None})
    return lambda: STT(target_languages="en", spoken_languages="en", **without_voice)


def _open_detector() -> Callable[[bytes], bool]:
    return VoiceDetector().is_voice
