"""The ledger: which audio belongs to which translation.

Azure ties a voice to its translation by nothing but order: the audio that starts next belongs to
the utterance that is first in line for a voice, and Completed ends it. So what breaks the order is
detected, and an utterance whose voice cannot be told for certain is LOST, never given another's.

Pure: no asyncio, no threads, no SDK. Time is an argument (`now`, in seconds of any steady clock).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from .claims import Claims
from .samples import Samples
from .utterance import LostReason, State, Utterance

_PAUSE_SECONDS = 0.1
"""After Completed, where voices begin with headers: audio without one still continues that voice."""
_LEAST_QUIET_SECONDS = 1.0
"""The shortest quiet after which the order of voices is certain again."""
_KNOWN_LATENCIES = 3
"""After so many voices the stream's own latency is known, and quiet need not last the whole timeout."""
_PATIENCE = 0.6
"""After this share of the timeout a voice may as well be of the utterance behind the first in line."""
_MAX_EARLY_SECONDS = 30.0
"""How much voice is held for utterances that are not recognized yet."""

_ids = count(1)


@dataclass(eq=False)
class _Voice:
    """A voice under way, or one that waits for its utterance to be recognized."""

    owner: Utterance | None
    last_at: float
    position: float = 0.0
    held: list[Samples] = field(default_factory=list)
    completed_at: float | None = None
    closed: bool = False
    discarded: bool = False

    @property
    def held_seconds(self) -> float:
        return sum(samples.seconds for samples in self.held)

    def add(self, samples: Samples) -> None:
        if self.owner is None:
            self.held.append(samples)
        elif not self.owner.done:
            self.owner.add(samples)

    def close(self) -> None:
        """Nothing more belongs to this voice."""
        self.closed = True
        owner = self.owner
        if owner is None or owner.done:
            return
        if owner.seconds:
            owner.complete()
        else:
            owner.lose(LostReason.EMPTY)

    def give(self, owner: Utterance) -> None:
        """The utterance was recognized after its voice had begun."""
        self.owner = owner
        for samples in self.held:
            owner.add(samples)
        self.held = []
        if self.closed:
            self.close()


@dataclass
class SameLanguage:
    """Whether Azure gives a voice to speech that is in the target language already; None: not known yet."""

    voiced: bool | None = None


class Ledger:
    """All utterances of one speech stream, and who may have which audio.

    Args:
        voice_timeout_seconds: How long the utterance that is first in line waits for its voice,
            and how long a voice may pause.
        max_audio_seconds: How much audio waits for a claim before the oldest is lost.
        lost: Called with each utterance that becomes LOST.
        same_language: What is known of the service; several ledgers may share it.
        scope: Whose speech it is, where several share one STT: stands for an AgentSession. None: unknown.

    Attributes:
        claims: The utterances that somebody may still want to have spoken.
        dropped_seconds: How much audio came that nobody may be given.
    """

    def __init__(
        self,
        *,
        voice_timeout_seconds: float = 5.0,
        max_audio_seconds: float = 600.0,
        lost: Callable[[Utterance], None] | None = None,
        same_language: SameLanguage | None = None,
        scope: object | None = None,
    ) -> None:
        self.scope = scope
        self._timeout = voice_timeout_seconds
        self.claims = Claims(max_audio_seconds=max_audio_seconds, settled=self._settle)
        self._on_lost = lost
        self.dropped_seconds = 0.0
        self._same_language = same_language or SameLanguage()
        self._line: deque[Utterance] = deque()
        self._undecided: deque[_Voice] = deque()
        self._early: deque[_Voice] = deque()
        self._voice: _Voice | None = None
        self._line_moved_at = float("-inf")
        self._voices_come = False
        self._headers_seen = False
        self._header_on_every_chunk = self._header_on_first_chunk = False
        self._discarding_tail = False
        self._doubt_until: float | None = None
        self._orphans = 0
        self._slowest_seconds = 0.0
        self._latencies = 0
        self._voiced_seconds = 0.0
        self._voiced_characters = 0

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
            self._drop_stray()
        utterance = Utterance(f"utterance-{next(_ids)}", text, now, same_language=same_language)
        self.claims.wait(utterance)
        if voice_expected:
            self._line_up(utterance, now)
        else:
            self.claims.lose(utterance, LostReason.TEXT_ONLY)
        return utterance

    def unread(self, now: float) -> None:
        """A result came that cannot be read: its voice is nobody's, and least of all the next one's."""
        self.expire(now)
        nobody = Utterance(f"utterance-{next(_ids)}", "", now)
        nobody.let_go()
        self._line_up(nobody, now)

    def _line_up(self, utterance: Utterance, now: float) -> None:
        same_language = utterance.same_language
        if same_language and self._same_language.voiced is False:
            self.claims.lose(utterance, LostReason.SAME_LANGUAGE)
        elif self._early:
            self._early.popleft().give(utterance)
            self._settle(utterance)
            self.claims.account(utterance, utterance.seconds)
        elif self._doubt_until is not None and self._orphans:
            # A voice that nobody got may have been this one's, early: then the next is another's.
            self._orphans -= 1
            self.claims.lose(utterance, LostReason.IN_DOUBT)
            self._doubt_until = now + self._timeout
        else:
            self._line.append(utterance)

    def has_stray_voice(self, start: float) -> bool:
        """The voice that waits for its utterance came before the words at this position were said."""
        return bool(self._early) and 0.0 < self._early[0].position <= start

    def audio(self, samples: Samples, now: float, *, position: float = 0.0) -> None:
        """A piece of a voice came, when the stream's audio had been sent up to a position (seconds)."""
        self.expire(now)
        continues = self._voice is not None and self._voice.completed_at is None
        self._headers_seen |= samples.starts
        if samples.starts and continues and self._header_on_first_chunk and not self._header_on_every_chunk:
            # Headers begin voices only, so the end of the one before was not told.
            self._close_voice()
            continues = False
        self._header_on_every_chunk |= samples.starts and continues
        self._header_on_first_chunk |= self._headers_seen and continues and not samples.starts
        if self._discarding_tail and not samples.starts:
            self.dropped_seconds += samples.seconds
            self._line_moved_at = now
            if self._doubt_until is not None:
                self._doubt_until = now + self._timeout
            return
        self._discarding_tail = False
        if self._voice is not None and self._voice.completed_at is not None and samples.starts:
            self._close_voice()
        voice = self._voice or self._begin_voice(now, position)
        voice.last_at, voice.completed_at = now, None
        if voice.discarded:
            self.dropped_seconds += samples.seconds
            return
        voice.add(samples)
        if voice.owner is None:
            self._bound_early(now)
        elif not voice.owner.done:
            self.claims.account(voice.owner, samples.seconds)
        else:
            self.dropped_seconds += samples.seconds

    def completed(self, now: float) -> None:
        """Completed came: the end of a voice, or an empty chunk of it."""
        self.expire(now)
        self._discarding_tail = False
        if self._voice is not None:
            self._voice.completed_at = now
            if not self._headers_seen:
                self._close_voice()

    def reconnected(self, now: float) -> None:
        """The connection was lost: what is not fully voiced never will be."""
        self._abandon(now, LostReason.RECONNECTED)

    def finished(self, now: float) -> None:
        """Azure has sent all that it had: voices that may be of either of two utterances are told apart."""
        self.expire(now)
        if self._undecided and len(self._undecided) == sum(
            not utterance.same_language for utterance in self._line
        ):
            self._decide(voiced=False)

    def end(self, now: float) -> None:
        """The stream is over. What is fully voiced can still be claimed."""
        self._abandon(now, LostReason.ENDED)

    def expected_seconds(self, text: str) -> float | None:
        """How long the voice of a text is, by the pace of the voices before; None: there was none."""
        if not self._voiced_characters:
            return None
        return len(text) * self._voiced_seconds / self._voiced_characters

    # Time

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do next; None: nothing is waited for."""
        due = [voice.last_at + self._timeout for voice in self._early if voice.closed]
        if self._voice is not None:
            due.append(self._voice_deadline(self._voice))
        else:
            if self._line:
                # Of those before it the voices have come, and are held.
                due.append(self._waits_since(self._line[len(self._undecided)]) + self._timeout)
            if self._doubt_until is not None:
                due.append(self._doubt_until)
        return min(due, default=None)

    def expire(self, now: float) -> None:
        """End every wait whose time is over."""
        while (due := self.deadline) is not None and due <= now:
            self._expire(due)

    def _waits_since(self, utterance: Utterance) -> float:
        return max(utterance.recognized_at, self._line_moved_at)

    def _voice_deadline(self, voice: _Voice) -> float:
        if voice.completed_at is not None:
            return voice.completed_at + _PAUSE_SECONDS
        return voice.last_at + self._timeout

    def _expire(self, due: float) -> None:
        if self._voice is not None and self._voice_deadline(self._voice) <= due:
            self._end_overdue(self._voice, due)
        elif self._voice is None and self._doubt_until is not None and self._doubt_until <= due:
            self._doubt_until, self._orphans = None, 0
        elif self._early and self._early[0].closed and self._early[0].last_at + self._timeout <= due:
            self._drop_early(due)
        elif self._undecided:
            self._decide(voiced=False)
        else:
            # Its voice may still come, and then it must not be taken for that of the next.
            if self._line[0].same_language and self._same_language.voiced is None:
                self._same_language.voiced = False
            self.claims.lose(self._line.popleft(), LostReason.TIMEOUT)
            if self._voices_come:
                self._line_moved_at = due
            # Where none came for several in a row, each waits from its own result, or the lag would grow.
            self._voices_come = False
            self._doubt_until = due + self._timeout

    def _end_overdue(self, voice: _Voice, due: float) -> None:
        if voice.completed_at is not None:
            self._close_voice()
            return
        if voice in self._early:
            self._drop_early(due)
        elif voice in self._undecided:
            self._drop_undecided(due)
        self._voice = None
        self._line_moved_at = due
        if voice.owner is not None and not voice.owner.done:
            self.claims.lose(voice.owner, LostReason.STALLED)
        # Its rest can only be told from the next voice where a header begins each, and no chunk within.
        self._discarding_tail = self._header_on_first_chunk and not self._header_on_every_chunk
        if voice.discarded or not self._discarding_tail:
            self._doubt_until = due + self._timeout

    # Voices

    def _begin_voice(self, now: float, position: float) -> _Voice:
        self._voices_come = True
        if self._undecided or self._is_undecided:
            voice = self._voice = _Voice(None, now, position)
            self._undecided.append(voice)
            if len(self._undecided) > sum(not utterance.same_language for utterance in self._line):
                self._decide(voiced=True)
            return voice
        if self._doubt_until is None and self._is_overdue(now):
            # The voice of the first in line is late, or was never sent, and this is of the one behind.
            self.claims.lose(self._line.popleft(), LostReason.IN_DOUBT)
            # Whosever it is, it took at least as long as the second has waited.
            self._slowest_seconds = max(self._slowest_seconds, now - self._waits_since(self._line[0]))
            self._doubt_until = now + self._quiet_seconds
        utterance = self._line.popleft() if self._line else None
        if utterance is None and self._same_language.voiced is False:
            # One that was thought to have no voice may have this one.
            self._same_language.voiced = None
        elif utterance is not None and utterance.same_language and self._doubt_until is None:
            self._same_language.voiced = True
        if self._doubt_until is not None:
            self._voice = _Voice(None, now, position, discarded=True)
            self._orphans += utterance is None
            if utterance is not None:
                self.claims.lose(utterance, LostReason.IN_DOUBT)
            return self._voice
        self._voice = _Voice(utterance, now, position)
        if utterance is None:
            self._early.append(self._voice)
        else:
            self._slowest_seconds = max(self._slowest_seconds, now - self._waits_since(utterance))
            self._latencies += 1
        return self._voice

    @property
    def _is_undecided(self) -> bool:
        """The next voice is of an utterance that may have none, or of the one behind it."""
        if self._doubt_until is not None or self._same_language.voiced is not None or not self._line:
            return False
        return self._line[0].same_language and not all(utterance.same_language for utterance in self._line)

    def _decide(self, *, voiced: bool) -> None:
        """It is clear now whose the voices are that were held."""
        self._same_language.voiced = voiced
        if not voiced:
            voiceless = [utterance for utterance in self._line if utterance.same_language]
            self._line = deque(utterance for utterance in self._line if not utterance.same_language)
            for utterance in voiceless:
                self.claims.lose(utterance, LostReason.SAME_LANGUAGE)
        while self._undecided:
            owner = self._line.popleft()
            self._undecided.popleft().give(owner)
            self._settle(owner)
            self.claims.account(owner, owner.seconds)

    def _drop_undecided(self, now: float) -> None:
        """Give up: nobody gets the voices that were held, nor the one under way."""
        for voice in self._undecided:
            self.dropped_seconds += voice.held_seconds
            voice.held, voice.discarded = [], True
        self._undecided.clear()
        while self._line:
            self.claims.lose(self._line.popleft(), LostReason.IN_DOUBT)
        self._doubt_until = now + self._timeout

    def _close_voice(self) -> None:
        voice, self._voice = self._voice, None
        assert voice is not None
        self._line_moved_at = voice.last_at if voice.completed_at is None else voice.completed_at
        if voice.discarded:
            quiet = self._timeout if self._orphans else self._quiet_seconds
            self._doubt_until = self._line_moved_at + quiet
            return
        owner = None if voice.owner is None or voice.owner.done else voice.owner
        voice.close()
        if owner is not None:
            self._settle(owner)

    def _is_overdue(self, now: float) -> bool:
        """The first in line has waited for so long that a voice may as well be of the second."""
        patience = max(_PATIENCE * self._timeout, 3 * self._slowest_seconds)
        return len(self._line) > 1 and now - self._waits_since(self._line[0]) > patience

    @property
    def _quiet_seconds(self) -> float:
        """After a voice that nobody got: an older one that is still to come would begin by then."""
        if self._latencies < _KNOWN_LATENCIES:
            return self._timeout
        return min(self._timeout, max(_LEAST_QUIET_SECONDS, 3 * self._slowest_seconds))

    def _bound_early(self, now: float) -> None:
        if sum(voice.held_seconds for voice in self._early) > _MAX_EARLY_SECONDS:
            self._drop_early(now)
        if sum(voice.held_seconds for voice in self._undecided) > _MAX_EARLY_SECONDS:
            self._drop_undecided(now)

    def _drop_stray(self) -> None:
        stray = self._early.popleft()
        self.dropped_seconds += stray.held_seconds
        stray.held, stray.discarded = [], True

    def _drop_early(self, now: float) -> None:
        """Give up what waits for `recognized`: an utterance that comes now must not get the next voice."""
        for voice in self._early:
            self.dropped_seconds += voice.held_seconds
            voice.held, voice.discarded = [], True
        self._orphans += len(self._early)
        self._early.clear()
        self._doubt_until = now + self._timeout

    def _abandon(self, now: float, reason: LostReason) -> None:
        self.expire(now)
        if self._voice is not None and self._voice.completed_at is not None:
            self._close_voice()
        if self._voice is not None and self._voice.owner is not None and not self._voice.owner.done:
            self.claims.lose(self._voice.owner, reason)
        while self._line:
            self.claims.lose(self._line.popleft(), reason)
        self.dropped_seconds += sum(voice.held_seconds for voice in (*self._early, *self._undecided))
        self._early.clear()
        self._undecided.clear()
        self._voice, self._doubt_until = None, None
        self._orphans, self._discarding_tail = 0, False

    def _settle(self, utterance: Utterance) -> None:
        if utterance.state is State.VOICED:
            self._voiced_seconds += utterance.seconds
            self._voiced_characters += len(utterance.text)
        if utterance.state is State.LOST and utterance.wanted and self._on_lost is not None:
            self._on_lost(utterance)
