"""In which voice a speaker's translations are heard: what may be chosen, and what Azure is asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from .._options.languages import target
from ..options import PERSONAL_VOICE, Voice, check_targets, check_voice

VoiceChoice = Literal["own", "prebuilt", "text"]
"""A speaker's own voice, a prebuilt one, or no voice at all."""

CHOICES: tuple[VoiceChoice, ...] = get_args(VoiceChoice)


class AzureVoices:
    """Azure's voice of each language, for each choice.

    Args:
        voice: As the option of `STT`: what is asked for where speakers have chosen their own voice.
        prebuilt: A prebuilt voice of each language.
        has_fallback: Another TTS speaks what Azure has no voice for.

    Raises:
        ValueError: A language or the name of a voice is malformed; the message names the argument.
    """

    def __init__(self, voice: Voice, prebuilt: Mapping[str, str], *, has_fallback: bool) -> None:
        check_targets("prebuilt_voices", tuple(prebuilt))
        for name in prebuilt.values():
            check_voice("prebuilt_voices", name)
        own = voice if isinstance(voice, Mapping) else {}
        self._own = {target(language): name for language, name in own.items()}
        self._own_otherwise = PERSONAL_VOICE if isinstance(voice, Mapping) else voice
        self._prebuilt = {target(language): name for language, name in prebuilt.items()}
        self._has_fallback = has_fallback

    @property
    def choices(self) -> tuple[VoiceChoice, ...]:
        """What can be had."""
        named = {self._own_otherwise, *self._own.values()}
        can_be_had = {
            "own": PERSONAL_VOICE in named,
            "prebuilt": bool(self._prebuilt or named - {PERSONAL_VOICE, None} or self._has_fallback),
            "text": True,
        }
        return tuple(choice for choice in CHOICES if can_be_had[choice])

    def of(self, choice: VoiceChoice, language: str) -> str | None:
        """Azure's voice of a language; None: it has none."""
        if choice == "text":
            return None
        own = self._own.get(language, self._own_otherwise)
        if choice == "own":
            return own
        return self._prebuilt.get(language, None if own == PERSONAL_VOICE else own)

    def is_heard(self, choice: VoiceChoice, language: str) -> bool:
        """Whether a translation into a language is heard, in any voice."""
        return choice != "text" and (self._has_fallback or self.of(choice, language) is not None)


@dataclass(frozen=True)
class VoiceOffer:
    """What speakers may choose.

    Attributes:
        choices: The choices.
        default: The choice of those who make none.
    """

    choices: tuple[VoiceChoice, ...]
    default: VoiceChoice

    @classmethod
    def parse(
        cls,
        choices: Collection[VoiceChoice] | None,
        default: VoiceChoice | None,
        can_be_had: tuple[VoiceChoice, ...],
    ) -> VoiceOffer:
        """Read the deployer's arguments; None: all that can be had, and the first of them.

        Raises:
            ValueError: An argument names what there is not, or what cannot be had.
        """
        if choices is None:
            choices = can_be_had
        if isinstance(choices, str) or not choices or not set(choices) <= set(CHOICES):
            raise ValueError(f"voices takes one or several of {_listed(CHOICES)}, got {choices!r}")
        offered: tuple[VoiceChoice, ...] = tuple(choice for choice in CHOICES if choice in choices)
        for choice in offered:
            if choice not in can_be_had:
                raise ValueError(f"voices has {choice!r}: {_MISSING[choice]}")
        if default is not None and default not in offered:
            raise ValueError(f"default_voice must be in voices ({_listed(offered)}), got {default!r}")
        return cls(offered, default or offered[0])

    @property
    def careful(self) -> VoiceChoice:
        """The choice of somebody whose choice is refused: never their own voice."""
        return "prebuilt" if "prebuilt" in self.choices else "text"

    def choice(self, written: str) -> VoiceChoice:
        """What a speaker has chosen, as they write it.

        Raises:
            ValueError: It is not on offer; the message says what is, and what holds.
        """
        spelled: dict[str, VoiceChoice] = {choice: choice for choice in self.choices}
        if (choice := spelled.get(written.strip().casefold())) is not None:
            return choice
        holds = _HOLDS[self.careful]
        raise ValueError(f"{written[:40]!r} is not on offer, choose {_listed(self.choices)}; {holds}")


class VoiceChoices:
    """The choices of the speakers. A no holds until its speaker says yes.

    A client that comes back after a lost connection, or to a restarted server, may have lost its attributes.
    That is no yes.

    Args:
        default: The choice of those who make none.
    """

    def __init__(self, default: VoiceChoice) -> None:
        self._default: VoiceChoice = default
        self._noes: dict[str, VoiceChoice] = {}

    def voice_of(self, identity: str, chosen: VoiceChoice | None) -> VoiceChoice:
        """The voice of a speaker, who has chosen this one now; None: none."""
        if chosen is None:
            return self._noes.get(identity, self._default)
        if chosen == "own":
            self._noes.pop(identity, None)
        else:
            self._noes[identity] = chosen
        return chosen


_MISSING = {
    "own": 'voice names another voice for every language, so leave voice out, or "own"',
    "prebuilt": "name one in prebuilt_voices, or give a fallback",
}
_HOLDS = {
    "prebuilt": "until then a prebuilt voice speaks the translations",
    "text": "until then the translations are only text",
}


def _listed(choices: Collection[str]) -> str:
    return " or ".join(f'"{choice}"' for choice in choices)
