"""Matching: which utterance a voice belongs to. Pure.

It keeps the line of utterances that wait for a voice, and the mode, which says how certain the order of
voices is; `modes` explains the theory. Time is an argument (`now`, in seconds of any steady clock).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from .claims import Claims
from .held_voice import Voice
from .modes import Ahead, Ambiguous, Finding, InDoubt, InStep, Mode, following
from .pace import Pace
from .samples import Samples
from .utterance import LostReason, Utterance

_MAX_HELD_SECONDS = 30.0
"""How much voice is held while its result has not come, or its owner is not certain."""


@dataclass
class SameLanguage:
    """Whether Azure gives a voice to speech that is in the target language already; None: not known yet."""

    voiced: bool | None = None


class Matching:
    """The utterances of one stream that wait for a voice, and the voice under way.

    Args:
        timeout_seconds: How long the utterance that is first in line waits for its voice.
        claims: Keeps the voices, and takes note of lost ones.
        pace: Records how late voices begin, and how long they are.
        same_language: Whether the service voices same-language speech; several streams may share it.

    Attributes:
        dropped_seconds: How much audio came that no utterance may get.
    """

    def __init__(
        self, timeout_seconds: float, *, claims: Claims, pace: Pace, same_language: SameLanguage
    ) -> None:
        self.dropped_seconds = 0.0
        self._timeout_seconds = timeout_seconds
        self._claims = claims
        self._pace = pace
        self._same_language = same_language
        self._mode: Mode = InStep()
        self._line: deque[Utterance] = deque()
        self._voice: Voice | None = None
        self._line_moved_at = float("-inf")
        self._voices_come = False

    # Results

    def recognized(self, utterance: Utterance, now: float) -> None:
        """A translation is final, and a voice is expected for it."""
        mode = self._mode
        if utterance.same_language and self._same_language.voiced is False:
            self._claims.lose(utterance, LostReason.SAME_LANGUAGE)
        elif isinstance(mode, Ahead):
            self._drop_first_ahead()
            self._give(mode.voices[0], utterance)
        elif isinstance(mode, InDoubt) and mode.orphans:
            # A dropped voice may have been an early voice of this one: then the next voice is another's.
            self._claims.lose(utterance, LostReason.IN_DOUBT)
            self._go(Finding.RESULT_OF_ORPHAN, InDoubt(now + self._timeout_seconds, orphans=mode.orphans - 1))
        else:
            self._line.append(utterance)

    def has_stray_voice(self, start: float) -> bool:
        """Whether the voice that waits for its result came before the speech at this position."""
        return isinstance(self._mode, Ahead) and 0.0 < self._mode.voices[0].position <= start

    def drop_stray_voice(self) -> None:
        """Drop the voice whose result does not come any more."""
        assert isinstance(self._mode, Ahead)
        self.dropped_seconds += self._mode.voices[0].discard()
        self._drop_first_ahead()

    # Voices

    def voice_began(self, now: float, position: float) -> None:
        """A voice begins, when the stream's audio had been sent up to a position (seconds)."""
        self._voices_come = True
        voice = self._voice = Voice(None, now, position)
        mode = self._mode
        if isinstance(mode, Ambiguous) or (isinstance(mode, InStep) and self._is_ambiguous):
            self._hold_for_either(voice)
        elif isinstance(mode, InDoubt):
            self._begin_in_doubt(voice)
        elif len(self._line) > 1 and now - self._waits_since(self._line[0]) > self._pace.patience_seconds:
            self._begin_overdue(voice, now)
        elif self._line:
            self._begin_in_step(voice, now)
        else:
            self._begin_ahead(voice)

    def samples(self, samples: Samples, now: float) -> None:
        """A piece of the voice under way came."""
        voice = self._voice
        assert voice is not None
        voice.last_at = now
        if voice.discarded or (voice.owner is not None and voice.owner.done):
            self.dropped_seconds += samples.seconds
        elif voice.owner is None:
            voice.held.append(samples)
            self._bound_held(now)
        else:
            before = voice.owner.seconds
            voice.owner.add(samples)
            self._claims.account(voice.owner, voice.owner.seconds - before)

    def voice_ended(self, at: float) -> None:
        """The voice under way is whole."""
        voice, self._voice = self._voice, None
        assert voice is not None
        self._line_moved_at = at
        if voice.discarded:
            has_orphans = isinstance(self._mode, InDoubt) and self._mode.orphans > 0
            self._doubt(at + (self._timeout_seconds if has_orphans else self._pace.quiet_seconds))
            return
        was_done = voice.owner is None or voice.owner.done
        voice.end()
        if voice.owner is not None and not was_done:
            self._claims.settle(voice.owner)

    def voice_stopped(self, at: float, *, certain: bool) -> None:
        """The voice under way stopped in its middle; if that is not `certain`, its rest may still come."""
        voice, self._voice = self._voice, None
        assert voice is not None
        self._line_moved_at = at
        if voice.owner is None and not voice.discarded:
            self._drop_held(at)
        elif voice.owner is not None and not voice.owner.done:
            self._claims.lose(voice.owner, LostReason.STALLED)
        if voice.discarded or not certain:
            self._doubt(at + self._timeout_seconds)

    def late_samples(self, seconds: float, now: float) -> None:
        """Audio of a voice that is over came: the service has not gone on to the next one."""
        self.dropped_seconds += seconds
        self._line_moved_at = now
        if isinstance(self._mode, InDoubt):
            until = now + self._timeout_seconds
            self._go(Finding.VOICE_OF_ANYBODY, replace(self._mode, until=until))

    def doubt(self, now: float) -> None:
        """A voice began that nobody gets; it may belong to this line, or to none here."""
        if isinstance(self._mode, (Ahead, Ambiguous)):
            self._drop_held(now)
        else:
            self._doubt(now + self._timeout_seconds)
        self._begin_in_doubt(Voice(None, now))

    def finished(self) -> None:
        """The service has sent everything: assign the voices that may belong to either of two utterances."""
        if isinstance(self._mode, Ambiguous) and len(self._mode.voices) == self._certain_of_a_voice:
            self._tell_apart(voiced=False)

    def abandon(self, reason: LostReason) -> None:
        """The connection is gone, or the stream is over: no utterance in line gets a voice any more."""
        if self._voice is not None and self._voice.owner is not None and not self._voice.owner.done:
            self._claims.lose(self._voice.owner, reason)
        self._lose_line(reason)
        if isinstance(self._mode, (Ahead, Ambiguous)):
            self.dropped_seconds += sum(voice.held_seconds for voice in self._mode.voices)
        self._voice = None
        self._go(Finding.CUT, InStep())

    # Time

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do next; None if nothing waits."""
        mode = self._mode
        due = []
        if isinstance(mode, Ahead) and mode.voices[0].ended:
            due.append(mode.voices[0].last_at + self._timeout_seconds)
        if self._voice is None and self._line:
            # The voices of those before it have come, and are held.
            first = self._line[len(mode.voices) if isinstance(mode, Ambiguous) else 0]
            due.append(self._waits_since(first) + self._timeout_seconds)
        if self._voice is None and isinstance(mode, InDoubt):
            due.append(mode.until)
        return min(due, default=None)

    def expire(self, due: float) -> None:
        """End the wait that is over now."""
        mode = self._mode
        if isinstance(mode, InDoubt) and self._voice is None and mode.until <= due:
            self._go(Finding.QUIET, InStep())
        elif isinstance(mode, Ahead):
            self._drop_held(due)
        elif isinstance(mode, Ambiguous):
            self._tell_apart(voiced=False)
        else:
            self._first_in_line_waited_in_vain(due)

    def _first_in_line_waited_in_vain(self, due: float) -> None:
        """Its voice may still come; the next utterance must not get it."""
        if self._line[0].same_language and self._same_language.voiced is None:
            # It has no voice, so none is late: the next one to come is not its.
            self._same_language.voiced = False
            self._claims.lose(self._line.popleft(), LostReason.TIMEOUT)
            return
        self._claims.lose(self._line.popleft(), LostReason.TIMEOUT)
        if self._voices_come:
            self._line_moved_at = due
        # If several in a row get no voice, each waits from its own result; else the lag would grow.
        self._voices_come = False
        self._doubt(due + self._timeout_seconds)

    def _waits_since(self, utterance: Utterance) -> float:
        return max(utterance.recognized_at, self._line_moved_at)

    # A voice begins

    def _begin_in_step(self, voice: Voice, now: float) -> None:
        voice.owner = self._line.popleft()
        if voice.owner.same_language:
            self._same_language.voiced = True
        self._pace.began(now - self._waits_since(voice.owner))

    def _begin_ahead(self, voice: Voice) -> None:
        self._one_without_a_voice_may_have_had_it()
        ahead = self._mode.voices if isinstance(self._mode, Ahead) else ()
        self._go(Finding.VOICE_AHEAD, Ahead((*ahead, voice)))

    def _begin_in_doubt(self, voice: Voice) -> None:
        assert isinstance(self._mode, InDoubt)
        voice.discarded = True
        orphans = self._mode.orphans
        if self._line:
            self._claims.lose(self._line.popleft(), LostReason.IN_DOUBT)
        else:
            self._one_without_a_voice_may_have_had_it()
            orphans += 1
        self._go(Finding.VOICE_OF_ANYBODY, replace(self._mode, orphans=orphans))

    def _begin_overdue(self, voice: Voice, now: float) -> None:
        """The voice of the first in line is late; or it was never sent, and this one belongs to the next."""
        self._claims.lose(self._line.popleft(), LostReason.IN_DOUBT)
        # In both cases it took at least as long as the second has waited.
        self._pace.waited(now - self._waits_since(self._line[0]))
        self._go(Finding.ORDER_LOST, InDoubt(now + self._pace.quiet_seconds))
        self._begin_in_doubt(voice)

    def _one_without_a_voice_may_have_had_it(self) -> None:
        if self._same_language.voiced is False:
            self._same_language.voiced = None

    # A voice of the first in line, or of the one behind

    @property
    def _is_ambiguous(self) -> bool:
        """The first in line may have no voice; the one behind it has one."""
        if self._same_language.voiced is not None or not self._line:
            return False
        return self._line[0].same_language and self._certain_of_a_voice > 0

    @property
    def _certain_of_a_voice(self) -> int:
        """How many in line have a voice, even if the service does not voice same-language speech."""
        return sum(not utterance.same_language for utterance in self._line)

    def _hold_for_either(self, voice: Voice) -> None:
        held = self._mode.voices if isinstance(self._mode, Ambiguous) else ()
        self._go(Finding.VOICE_OF_EITHER, Ambiguous((*held, voice)))
        if len(held) + 1 > self._certain_of_a_voice:
            self._tell_apart(voiced=True)

    def _tell_apart(self, *, voiced: bool) -> None:
        """Assign the held voices, whose utterances are known now."""
        assert isinstance(self._mode, Ambiguous)
        held = self._mode.voices
        self._go(Finding.TOLD_APART, InStep())
        self._same_language.voiced = voiced
        if not voiced:
            voiceless = [utterance for utterance in self._line if utterance.same_language]
            self._line = deque(utterance for utterance in self._line if not utterance.same_language)
            for utterance in voiceless:
                self._claims.lose(utterance, LostReason.SAME_LANGUAGE)
        for voice in held:
            self._give(voice, self._line.popleft())

    # Held voices

    def _give(self, voice: Voice, owner: Utterance) -> None:
        voice.give(owner)
        self._claims.settle(owner)
        self._claims.account(owner, owner.seconds)

    def _drop_first_ahead(self) -> None:
        assert isinstance(self._mode, Ahead)
        if rest := self._mode.voices[1:]:
            self._go(Finding.RESULT_CAME, Ahead(rest))
        else:
            self._go(Finding.LAST_RESULT_CAME, InStep())

    def _bound_held(self, now: float) -> None:
        if isinstance(self._mode, (Ahead, Ambiguous)):
            held_seconds = sum(voice.held_seconds for voice in self._mode.voices)
            if held_seconds > _MAX_HELD_SECONDS:
                self._drop_held(now)

    def _drop_held(self, now: float) -> None:
        """Drop all held voices. A result that comes now must not get the next voice."""
        assert isinstance(self._mode, (Ahead, Ambiguous))
        self.dropped_seconds += sum(voice.discard() for voice in self._mode.voices)
        orphans = len(self._mode.voices) if isinstance(self._mode, Ahead) else 0
        self._lose_line(LostReason.IN_DOUBT)
        self._go(Finding.ORDER_LOST, InDoubt(now + self._timeout_seconds, orphans))

    def _doubt(self, until: float) -> None:
        orphans = self._mode.orphans if isinstance(self._mode, InDoubt) else 0
        self._go(Finding.ORDER_LOST, InDoubt(until, orphans))

    def _lose_line(self, reason: LostReason) -> None:
        while self._line:
            self._claims.lose(self._line.popleft(), reason)

    def _go(self, finding: Finding, mode: Mode) -> None:
        self._mode = following(self._mode, finding, mode)
