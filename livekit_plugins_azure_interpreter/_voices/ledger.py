"""The ledger: which audio belongs to which translation.

Framing finds the voices in what the service sends, matching finds the utterance of each, and claims find
the text that is spoken with it. An utterance whose voice is not certain is LOST, and never gets
another's voice.

Pure: no asyncio, no threads, no SDK. Time is an argument (`now`, in seconds of any steady clock).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

from .claims import Claims
from .framing import Framing
from .matching import Matching, SameLanguage
from .pace import Pace
from .utterance import LostReason, State, Utterance
from .voice_events import LateSamples, VoiceBegan, VoiceEnded, VoiceEvent, VoiceSamples, VoiceUnplayable

_SPOKEN = ("und",)
"""All voices are in one language, so they form one line, whatever name the service uses for it."""
_ids = count(1)


def _ignore(_: str) -> None:
    """Report no problem; the default."""


class Ledger:
    """All utterances of one speech stream, and the audio of each.

    Args:
        voice_timeout_seconds: How long the utterance that is first in line waits for its voice,
            and how long a voice may pause.
        max_audio_seconds: How much audio waits for a claim before the oldest is lost.
        lost: Called with each utterance that becomes LOST.
        problem: Called with a sentence about audio that no utterance can get.
        same_language: Whether the service voices same-language speech; several ledgers may share it.
        scope: Stands for the AgentSession of this speech, if several share one STT. None: unknown.

    Attributes:
        claims: The utterances that somebody may still want to have spoken.
    """

    def __init__(
        self,
        *,
        voice_timeout_seconds: float = 5.0,
        max_audio_seconds: float = 600.0,
        lost: Callable[[Utterance], None] | None = None,
        problem: Callable[[str], None] = _ignore,
        same_language: SameLanguage | None = None,
        scope: object | None = None,
    ) -> None:
        self.scope = scope
        self.claims = Claims(max_audio_seconds=max_audio_seconds, settled=self._settled)
        self._on_lost = lost
        self._problem = problem
        self._pace = Pace(voice_timeout_seconds)
        self._framing = Framing(voice_timeout_seconds, _SPOKEN)
        self._matching = Matching(
            voice_timeout_seconds,
            claims=self.claims,
            pace=self._pace,
            same_language=same_language or SameLanguage(),
        )

    @property
    def dropped_seconds(self) -> float:
        """How much audio came that no utterance may get."""
        return self._matching.dropped_seconds

    # What the recognizer reported

    def recognized(
        self,
        text: str,
        now: float,
        *,
        voice_expected: bool = True,
        start: float = 0.0,
        same_language: bool = False,
    ) -> Utterance:
        """A translation is final; a voice is expected for it unless only text was asked for.

        Args:
            text: The translation.
            now: When it came.
            voice_expected: False: only text was asked for.
            start: Where its words begin in the stream's audio, in seconds.
            same_language: It was spoken in the target language, and may have no voice.
        """
        self.expire(now)
        while self.has_stray_voice(start):
            self._matching.drop_stray_voice()
        utterance = Utterance(f"utterance-{next(_ids)}", text, now, same_language=same_language)
        self.claims.wait(utterance)
        if voice_expected:
            self._matching.recognized(utterance, now)
        else:
            self.claims.lose(utterance, LostReason.TEXT_ONLY)
        return utterance

    def unread(self, now: float) -> None:
        """A result came that cannot be read: no utterance gets its voice."""
        self.expire(now)
        nobody = Utterance(f"utterance-{next(_ids)}", "", now)
        nobody.let_go()
        self._matching.recognized(nobody, now)

    def has_stray_voice(self, start: float) -> bool:
        """Whether the voice that waits for its utterance came before the speech at this position."""
        return self._matching.has_stray_voice(start)

    def turn_started(self) -> None:
        """A turn of the service began."""
        self._framing.turn_started()

    def voice_announced(self, stream_id: str, language: str | None, now: float) -> None:
        """A voice begins on a stream, in a language, if the service says which."""
        self.expire(now)
        self._match(self._framing.announced(stream_id, language, now), now)

    def chunk(self, data: bytes, now: float, *, stream_id: str = "", position: float = 0.0) -> None:
        """A piece of a voice came, when the stream's audio had been sent up to a position (seconds).

        Args:
            data: The piece: 16 bit PCM, with or without a RIFF header.
            now: When it came.
            stream_id: The service's stream; empty if that is not shown.
            position: How much of the stream's audio had been sent.
        """
        self.expire(now)
        self._match(self._framing.chunk(data, now, stream_id=stream_id), now, position)

    def completed(
        self, now: float, *, stream_id: str = "", told: bool = False, position: float = 0.0
    ) -> None:
        """Completed came: the end of a voice, as the service said (`told`), or an empty chunk of it."""
        self.expire(now)
        self._match(self._framing.completed(now, stream_id=stream_id, told=told), now, position)

    def reconnected(self, now: float) -> None:
        """The connection was lost: incomplete voices are lost."""
        self._abandon(now, LostReason.RECONNECTED)

    def finished(self, now: float) -> None:
        """The service has sent all that it had."""
        self.expire(now)
        self._match(self._framing.finish(now), now)
        self._matching.finished()

    def end(self, now: float) -> None:
        """The stream is over. Complete voices can still be claimed."""
        self._abandon(now, LostReason.ENDED)

    def expected_seconds(self, text: str) -> float | None:
        """About how long the voice of a text is, by the pace of earlier voices; None if there was none."""
        return self._pace.expected_seconds(text)

    # Time

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do next; None if nothing waits."""
        due = (self._framing.deadline, self._matching.deadline)
        return min((at for at in due if at is not None), default=None)

    def expire(self, now: float) -> None:
        """End every wait whose time is over, in the order of time."""
        while (due := self.deadline) is not None and due <= now:
            if self._framing.deadline == due:
                self._match(self._framing.expire(due), due)
            else:
                self._matching.expire(due)

    def _match(self, events: Sequence[VoiceEvent], now: float, position: float = 0.0) -> None:
        for event in events:
            if isinstance(event, VoiceBegan):
                self._matching.voice_began(now, position)
            elif isinstance(event, VoiceSamples):
                self._matching.samples(event.samples, now)
            elif isinstance(event, VoiceEnded):
                self._voice_ended(event)
            elif isinstance(event, LateSamples):
                self._matching.late_samples(event.seconds, now)
                self._problem(f"{event.seconds:.1f} s of audio belong to a voice that is over; dropped")
            elif isinstance(event, VoiceUnplayable):
                self._problem(f"Azure sent a voice that cannot be played: {event.reason}")

    def _voice_ended(self, ended: VoiceEnded) -> None:
        if ended.whole:
            self._matching.voice_ended(ended.at)
        else:
            self._matching.voice_stopped(ended.at, certain=ended.certain)

    def _abandon(self, now: float, reason: LostReason) -> None:
        self.expire(now)
        self._match(self._framing.cut(), now)
        self._matching.abandon(reason)

    def _settled(self, utterance: Utterance) -> None:
        if utterance.state is State.VOICED:
            self._pace.voiced(utterance.seconds, len(utterance.text))
        if utterance.state is State.LOST and utterance.wanted and self._on_lost is not None:
            self._on_lost(utterance)
