"""The ledger of one language: which audio belongs to which translation.

Matching finds the utterance of each voice, and claims find the text that is spoken with it. An utterance
whose voice is not certain is LOST, and never gets another's voice.

Pure: no asyncio, no threads, no SDK. Time is an argument (`now`, in seconds of any steady clock).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from .claims import Claims
from .matching import Matching, SameLanguage
from .pace import Pace
from .relay import Relay
from .utterance import LostReason, State, Utterance
from .voice_events import LateSamples, VoiceBegan, VoiceEnded, VoiceEvent, VoiceSamples

_ids = count(1)


def next_utterance_id() -> str:
    """A name that no other utterance of this process has."""
    return f"utterance-{next(_ids)}"


class Ledger:
    """All utterances of one speech stream in one spoken language, and the voice of each.

    Args:
        language: The language, as Azure calls it.
        is_main: It is the language that a TTS speaks if it names none.
        voice_timeout_seconds: How long the utterance that is first in line waits for its voice.
        max_audio_seconds: How much audio waits for a claim before the oldest is lost.
        lost: Called with each utterance that becomes LOST.
        same_language: Whether the service voices same-language speech; several ledgers may share it.

    Attributes:
        claims: The utterances that somebody may still want to have spoken.
    """

    def __init__(
        self,
        language: str = "und",
        *,
        is_main: bool = True,
        voice_timeout_seconds: float = 5.0,
        max_audio_seconds: float = 600.0,
        lost: Callable[[Utterance], None] | None = None,
        same_language: SameLanguage | None = None,
    ) -> None:
        self.language = language
        self.is_main = is_main
        self.claims = Claims(max_audio_seconds=max_audio_seconds, settled=self._settled)
        self._on_lost = lost
        self._pace = Pace(voice_timeout_seconds)
        self._relay = Relay(voice_timeout_seconds, self.claims)
        self._is_relayed = False
        self._matching = Matching(
            voice_timeout_seconds,
            claims=self.claims,
            pace=self._pace,
            same_language=same_language or SameLanguage(),
        )

    def is_of(self, language: str | None) -> bool:
        """Whether a search in this language covers it; None: the main language."""
        return self.is_main if language is None else self.language == language

    @property
    def dropped_seconds(self) -> float:
        """How much audio came that no utterance may get."""
        return self._matching.dropped_seconds

    def recognized(
        self,
        text: str,
        now: float,
        *,
        name: str = "",
        voice_expected: bool = True,
        start: float = 0.0,
        times: tuple[float, float] | None = None,
        same_language: bool = False,
    ) -> Utterance:
        """A translation is final; a voice is expected for it unless only text was asked for.

        Args:
            text: The translation.
            now: When it came.
            name: The id of the utterance, which has the same one in each language; empty: a new one.
            voice_expected: False: only text was asked for.
            start: Where its words begin in the stream's audio, in seconds.
            times: Where it begins and ends on the clock of the stream.
            same_language: It was spoken in the target language, and may have no voice.
        """
        while self.has_stray_voice(start):
            self._matching.drop_stray_voice()
        utterance = Utterance(
            name or next_utterance_id(), text, now, times=times, same_language=same_language
        )
        self.claims.wait(utterance)
        if not voice_expected:
            self.claims.lose(utterance, LostReason.TEXT_ONLY)
        elif self._is_relayed:
            self._relay.recognized(utterance, now)
        else:
            self._matching.recognized(utterance, now)
        return utterance

    def relay(self, is_relayed: bool) -> None:
        """Whether the voices of what is recognized from now on come from another connection."""
        self._is_relayed = is_relayed

    def relayed(self, voice: Utterance) -> None:
        """The other connection has recognized an utterance, whose voice begins now or later."""
        self._relay.came(voice)

    def unread(self, now: float) -> None:
        """A result came that cannot be read: no utterance gets its voice."""
        if self._is_relayed:
            return
        nobody = Utterance(next_utterance_id(), "", now)
        nobody.let_go()
        self._matching.recognized(nobody, now)

    def has_stray_voice(self, start: float) -> bool:
        """Whether the voice that waits for its utterance came before the speech at this position."""
        return self._matching.has_stray_voice(start)

    def take(self, event: VoiceEvent, now: float, position: float = 0.0) -> None:
        """Take an event of framing, which came when the stream's audio had been sent up to a position."""
        if isinstance(event, VoiceBegan):
            self._matching.voice_began(now, position)
        elif isinstance(event, VoiceSamples):
            self._matching.samples(event.samples, now)
        elif isinstance(event, VoiceEnded):
            self._voice_ended(event)
        elif isinstance(event, LateSamples):
            self._matching.late_samples(event.seconds, now)

    def doubt(self, now: float) -> None:
        """A voice came that may be one of this language: until a pause the next one may be anybody's."""
        self._matching.doubt(now)

    def finished(self) -> None:
        """The service has sent all that it had."""
        self._matching.finished()

    def abandon(self, reason: LostReason) -> None:
        """The connection brings no voice any more: those that are incomplete are lost."""
        self._matching.abandon(reason)

    def end(self, reason: LostReason) -> None:
        """No connection brings a voice any more. Complete ones can still be claimed."""
        self._matching.abandon(reason)
        self._relay.abandon(reason)

    def expected_seconds(self, text: str) -> float | None:
        """About how long the voice of a text is, by the pace of earlier voices; None if there was none."""
        return self._pace.expected_seconds(text)

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do next; None if nothing waits."""
        due = (self._matching.deadline, self._relay.deadline)
        return min((at for at in due if at is not None), default=None)

    def expire(self, due: float) -> None:
        """End the wait that is over now."""
        if self._relay.deadline == due:
            self._relay.expire(due)
        else:
            self._matching.expire(due)

    def _voice_ended(self, ended: VoiceEnded) -> None:
        if ended.whole:
            self._matching.voice_ended(ended.at)
        else:
            self._matching.voice_stopped(ended.at, certain=ended.certain)

    def _settled(self, utterance: Utterance) -> None:
        if utterance.state is State.VOICED:
            self._pace.voiced(utterance.seconds, len(utterance.text))
        if utterance.state is State.LOST and utterance.wanted and self._on_lost is not None:
            self._on_lost(utterance)
