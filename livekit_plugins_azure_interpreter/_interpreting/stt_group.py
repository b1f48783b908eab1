"""Treats the interpreting STTs of a session as one: ours alone, or those in a FallbackAdapter."""

from __future__ import annotations

from collections.abc import Iterator

from livekit.agents import stt as livekit_stt

from .._livekit_private import stts_in
from .._recognition.running_translation import RunningTranslation
from .._recognition.stream_factory import StreamFactory
from .._recognition.streams import OpenStream
from .._voices.claims import Claims
from .._voices.ledgers import Ledgers
from .._voices.meter import Outcome
from .._voices.text_key import text_key
from .._voices.translations import Translations
from .._voices.utterance import Translation, Utterance
from ..stt import STT


class STTGroup:
    """The STTs whose translations are spoken.

    Each search covers the streams of one scope; see `Translations`.

    Args:
        stt: The STT of a session. An STT that does not interpret is left out.
        language: The spoken language, as Azure calls it; None: the main one.
    """

    def __init__(self, stt: object, language: str | None = None) -> None:
        self._language = language
        self._stts = list(_found(stt))
        self._factories = [StreamFactory.of(one) for one in self._stts]

    def __iter__(self) -> Iterator[STT]:
        return iter(self._stts)

    @property
    def have_voices(self) -> bool:
        """Whether each of them asks Azure for a voice."""
        return all(
            language in factory.options.voices
            for factory in self._factories
            for language in ([self._language] if self._language else factory.options.said)
        )

    @property
    def are_simultaneous(self) -> bool:
        """Whether one of them is interpreted while it is heard."""
        return any(factory.options.pace == "simultaneous" for factory in self._factories)

    @property
    def speak(self) -> bool:
        """Whether each of them speaks this language."""
        return all(self._language_of(factory) in factory.options.spoken for factory in self._factories)

    @property
    def language(self) -> str | None:
        """The spoken language that is not the first one of each of them; None if it is."""
        first = all(self._language_of(factory) == factory.options.spoken[0] for factory in self._factories)
        return None if first else self._language

    def are_spoken(self) -> None:
        """Note that a TTS speaks them."""
        for factory in self._factories:
            factory.streams.spoken_languages.add(self._language)

    def next_translation(self, text: str, scope: object | None = None) -> Translation | None:
        """As `STT.next_translation`, for all of them."""
        oldest = self._with_oldest(text, scope, handed_out=False)
        return None if oldest is None else oldest.next(text, scope, self._language)

    def heard_as(self, name: object, start_time: float, end_time: float, scope: object) -> Utterance | None:
        """The utterance of a final transcript, even if its text was changed."""
        claims = self._claims(scope)
        if found := next(
            (one for claim in claims if (one := claim.heard_as(name, start_time, end_time))), None
        ):
            return found
        times = (start_time, end_time)
        said = self._being_said(scope)
        return next((one for one in said if one.id == name or (end_time and one.times == times)), None)

    def take_untranslated(self, text: str, scope: object) -> bool:
        """Whether this was said and is not a translation; True once for each."""
        for ledgers in self._ledgers():
            if ledgers.scope in (None, scope) and text in ledgers.untranslated:
                ledgers.untranslated.remove(text)
                return True
        return False

    def take_being_said(self, text: str, scope: object) -> bool:
        """Whether this is being said clause by clause already; True once for each."""
        key = text_key(text)
        for ledgers in self._ledgers():
            said = (one for one in ledgers.being_said if ledgers.scope in (None, scope) and one.key == key)
            if (utterance := next(said, None)) is not None:
                ledgers.being_said.remove(utterance)
                return True
        return False

    def running(self, scope: object) -> list[RunningTranslation]:
        """The translations of a session that nobody says yet, of sentences that have not ended."""
        opened = (one for factory in self._factories for one in factory.streams.open.values())
        heard = (one.audio.simultaneous for one in opened if one.ledgers.scope in (None, scope))
        return [running for simultaneous in heard for running in simultaneous.untaken]

    def begins(self, settled: str, scope: object | None) -> bool:
        """As `Claims.begins`."""
        return any(claims.begins(settled) for claims in self._claims(scope))

    def says(self, text: str, scope: object | None) -> bool:
        """As `Claims.says`."""
        return any(claims.says(text) for claims in self._claims(scope))

    def has_untold(self, scope: object) -> bool:
        """Whether a translation of this session was not handed out yet."""
        return any(claims.has_untold for claims in self._claims(scope))

    def let_go(self, translation: Translation, outcome: Outcome = "not_spoken") -> None:
        """As `STT.let_go`."""
        for translations in self._translations():
            translations.let_go(translation, outcome)

    def let_go_of_all(self, scope: object, outcome: Outcome) -> None:
        """Note that nobody will say the translations of this session."""
        for ledgers in self._ledgers():
            if ledgers.scope is scope:
                ledgers.let_go_of_all(outcome)

    def streams(self, scope: object) -> list[OpenStream]:
        """The open streams of a session."""
        opened = (one for factory in self._factories for one in factory.streams.open.values())
        return [one for one in opened if one.ledgers.scope is scope]

    def claim(self, text: str, scope: object | None = None) -> list[Utterance]:
        """Claim the utterances that a text says, if it says any."""
        if not isinstance(text, Translation) and (oldest := self._with_oldest(text, scope)):
            return oldest.claim(text, scope, self._language)
        claimed = (one.claim(text, scope, self._language) for one in self._translations())
        return next((found for found in claimed if found), [])

    def waiting_seconds(self, scope: object | None = None) -> float:
        """How much unclaimed voice has come."""
        return sum(one.waiting_seconds(scope, self._language) for one in self._translations())

    def _claims(self, scope: object | None) -> Iterator[Claims]:
        return (ledger.claims for one in self._translations() for ledger in one.of(scope, self._language))

    def _being_said(self, scope: object | None) -> Iterator[Utterance]:
        scoped = (one for one in self._ledgers() if one.scope in (None, scope))
        return (utterance for ledgers in scoped for utterance in ledgers.being_said)

    def _ledgers(self) -> Iterator[Ledgers]:
        """Those of each stream."""
        return (ledgers for one in self._translations() for ledgers in one.streams)

    def _language_of(self, factory: StreamFactory) -> str:
        return self._language or factory.options.spoken[0]

    def _translations(self) -> Iterator[Translations]:
        """The translations of each STT."""
        return (factory.streams.translations for factory in self._factories)

    def _with_oldest(
        self, text: str, scope: object | None = None, *, handed_out: bool = True
    ) -> Translations | None:
        found = [
            (utterance, translations)
            for translations in self._translations()
            if (utterance := translations.oldest(text, scope, self._language, handed_out=handed_out))
        ]
        return min(found, key=lambda pair: pair[0].recognized_at)[1] if found else None


def _found(stt: object) -> Iterator[STT]:
    if isinstance(stt, STT):
        yield stt
    elif isinstance(stt, livekit_stt.FallbackAdapter):
        for inner in stts_in(stt):
            yield from _found(inner)
