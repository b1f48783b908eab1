"""The ledger: which audio belongs to which translation.

Azure ties a voice to its translation by nothing but order: the audio that starts next belongs to
the utterance that is first in line for a voice, and Completed ends it. So what breaks the order is
detected, and an utterance whose voice cannot be told for certain is LOST, never given another's.

Pure: no asyncio, no threads, no SDK. Time is an argument (`now`, in seconds of any steady clock).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from itertools import count

from ._matching import text_key
from ._voice import Samples

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
_MAX_WAITING = 10_000
"""How many translations wait for a claim; a text claimed later is spoken as any other text."""


class State(IntEnum):
    """Where an utterance's voice is."""

    RECOGNIZED = 0
    """Translated; no sound of its voice has come."""
    VOICING = 1
    """Its voice has begun."""
    VOICED = 2
    """Its voice is complete."""
    LOST = 3
    """No more audio will come."""


class Step(Enum):
    """What can happen to an utterance's voice."""

    AUDIO = "audio"
    COMPLETE = "complete"
    LOSE = "lose"


# From where each step leads; what is missing is illegal. A voice that is complete can still be
# lost, while nobody has claimed it: its audio leaves when memory is full.
_NEXT = {
    (State.RECOGNIZED, Step.AUDIO): State.VOICING,
    (State.RECOGNIZED, Step.LOSE): State.LOST,
    (State.VOICING, Step.AUDIO): State.VOICING,
    (State.VOICING, Step.COMPLETE): State.VOICED,
    (State.VOICING, Step.LOSE): State.LOST,
    (State.VOICED, Step.LOSE): State.LOST,
}


_ids = count(1)


class LostReason(str, Enum):
    """Why an utterance has no (more) audio."""

    TIMEOUT = "Azure sent no voice in time"
    STALLED = "the voice stopped in its middle"
    EMPTY = "the voice had no sound"
    IN_DOUBT = "a voice came that may belong to another utterance"
    RECONNECTED = "the connection was lost"
    ENDED = "the stream ended"
    EVICTED = "too much audio was waiting to be spoken"
    TEXT_ONLY = "no voice was asked for"
    SAME_LANGUAGE = "Azure gives no voice to speech that is in the target language already"


class IllegalStep(Exception):
    """A step that the utterance's state does not allow. Nothing was changed."""


class Translation(str):
    """A translated text that knows its utterance, so that `TTS` finds the voice by identity."""

    utterance: Utterance

    def __new__(cls, text: str, utterance: Utterance) -> Translation:
        self = super().__new__(cls, text)
        self.utterance = utterance
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        # LiveKit pickles what a job logs, to be logged by the worker. In another process it is a text.
        return str, (str(self),)


@dataclass(eq=False)
class Utterance:
    """One translated utterance and its voice.

    Attributes:
        id: Unique in this process.
        recognized_at: When its final result came, on the ledger's clock.
        samples: Its voice so far, in order.
        seconds: How long that is.
        lost_reason: Why it is LOST.
        same_language: It was spoken in the target language.
        handed_out: Somebody was given its translation, to have it spoken.
        wanted: False: nobody will say it. Its voice keeps its place in the line, and is not kept.
        changed: Called after each change of the voice, for the one who claimed it.
    """

    id: str
    text: str
    recognized_at: float
    state: State = State.RECOGNIZED
    same_language: bool = False
    claimed: bool = False
    handed_out: bool = False
    wanted: bool = True
    samples: list[Samples] = field(default_factory=list)
    seconds: float = 0.0
    lost_reason: LostReason | None = None
    changed: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.key = text_key(self.text)
        self.translation = Translation(self.text, self)

    @property
    def done(self) -> bool:
        """No more audio will come."""
        return self.state in (State.VOICED, State.LOST)

    def add(self, samples: Samples) -> None:
        """A piece of its voice came."""
        self._step(Step.AUDIO)
        if self.wanted:
            self.samples.append(samples)
        self.seconds += samples.seconds
        self._notify()

    def complete(self) -> None:
        """Its voice is complete."""
        self._step(Step.COMPLETE)
        self._notify()

    def lose(self, reason: LostReason) -> None:
        """No more audio will come. What came stays, for the one who has claimed it."""
        if self.claimed and self.state is State.VOICED:
            raise IllegalStep("a complete voice that is claimed cannot be lost")
        self._step(Step.LOSE)
        self.lost_reason = reason
        if not self.claimed:
            self.samples.clear()
            self.seconds = 0.0
        self._notify()

    def claim(self) -> None:
        """From now on the voice belongs to one speech."""
        if self.claimed:
            raise IllegalStep("the utterance is claimed already")
        self.claimed = True

    def let_go(self) -> None:
        """Nobody will say it."""
        self.claim()
        self.wanted = False
        self.samples.clear()

    def _step(self, step: Step) -> None:
        following = _NEXT.get((self.state, step))
        if following is None:
            raise IllegalStep(f"{step.value} after {self.state.name}")
        self.state = following

    def _notify(self) -> None:
        if self.changed is not None:
            self.changed()


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

    Attributes:
        dropped_seconds: How much audio came that nobody may be given.
        evicted: How many utterances were lost because too much was waiting.
    """

    def __init__(
        self,
        *,
        voice_timeout_seconds: float = 5.0,
        max_audio_seconds: float = 600.0,
        lost: Callable[[Utterance], None] | None = None,
        same_language: SameLanguage | None = None,
    ) -> None:
        self._timeout = voice_timeout_seconds
        self._max_audio_seconds = max_audio_seconds
        self._on_lost = lost
        self.dropped_seconds = 0.0
        self.evicted = 0
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
        self._waiting: dict[str, Utterance] = {}
        self._by_key: dict[str, deque[Utterance]] = {}
        self._with_audio: deque[Utterance] = deque()
        self._waiting_seconds = 0.0

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
        self._wait_for_claim(utterance)
        if not voice_expected:
            self._lose(utterance, LostReason.TEXT_ONLY)
        elif same_language and self._same_language.voiced is False:
            self._lose(utterance, LostReason.SAME_LANGUAGE)
        elif self._early:
            self._early.popleft().give(utterance)
            self._settle(utterance)
            self._account(utterance, utterance.seconds)
        elif self._doubt_until is not None and self._orphans:
            # A voice that nobody got may have been this one's, early: then the next is another's.
            self._orphans -= 1
            self._lose(utterance, LostReason.IN_DOUBT)
            self._doubt_until = now + self._timeout
        else:
            self._line.append(utterance)
        return utterance

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
            self._account(voice.owner, samples.seconds)
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
            self._lose(self._line.popleft(), LostReason.TIMEOUT)
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
            self._lose(voice.owner, LostReason.STALLED)
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
            self._lose(self._line.popleft(), LostReason.IN_DOUBT)
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
                self._lose(utterance, LostReason.IN_DOUBT)
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
                self._lose(utterance, LostReason.SAME_LANGUAGE)
        while self._undecided:
            owner = self._line.popleft()
            self._undecided.popleft().give(owner)
            self._settle(owner)
            self._account(owner, owner.seconds)

    def _drop_undecided(self, now: float) -> None:
        """Give up: nobody gets the voices that were held, nor the one under way."""
        for voice in self._undecided:
            self.dropped_seconds += voice.held_seconds
            voice.held, voice.discarded = [], True
        self._undecided.clear()
        while self._line:
            self._lose(self._line.popleft(), LostReason.IN_DOUBT)
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
            self._lose(self._voice.owner, reason)
        while self._line:
            self._lose(self._line.popleft(), reason)
        self.dropped_seconds += sum(voice.held_seconds for voice in (*self._early, *self._undecided))
        self._early.clear()
        self._undecided.clear()
        self._voice, self._doubt_until = None, None
        self._orphans, self._discarding_tail = 0, False

    # Claims

    def claim(self, text: str) -> list[Utterance]:
        """The utterances that a text says, in order, each claimed; none: the text is no translation.

        By identity where the text is a `Translation` of this ledger's stream, else by its words,
        the oldest unclaimed first; a text that is several translations joined is all of them.
        """
        if isinstance(text, Translation):
            found = [text.utterance] if text.utterance.id in self._waiting else []
        else:
            found = self._find(text_key(text))
        for utterance in found:
            self._forget(utterance)
            utterance.claim()
        return found

    def let_go(self, utterance: Utterance) -> None:
        """Nobody will say it: not now, and no later text with the same words."""
        if utterance.id in self._waiting:
            self._forget(utterance)
            utterance.let_go()

    @property
    def empty(self) -> bool:
        """Nothing waits for a claim."""
        return not self._waiting

    def find(self, text: str, *, handed_out: bool = True) -> Utterance | None:
        """The oldest utterance with these words that nobody has claimed, or was handed out either."""
        same = self._by_key.get(text_key(text), ())
        return next((one for one in same if handed_out or not one.handed_out), None)

    def _find(self, key: str) -> list[Utterance]:
        if not key:
            return []
        if same := self._by_key.get(key):
            return [same[0]]
        waiting = list(self._waiting.values())
        starts = (at for at, utterance in enumerate(waiting) if key.startswith(utterance.key))
        return next((found for at in starts if (found := _joined(waiting, at, key))), [])

    # What waits for a claim, and its bound

    def _wait_for_claim(self, utterance: Utterance) -> None:
        self._waiting[utterance.id] = utterance
        self._by_key.setdefault(utterance.key, deque()).append(utterance)
        if len(self._waiting) > _MAX_WAITING:
            self._evict(next(iter(self._waiting.values())))

    def _forget(self, utterance: Utterance) -> None:
        del self._waiting[utterance.id]
        same = self._by_key[utterance.key]
        same.remove(utterance)
        if not same:
            del self._by_key[utterance.key]
        self._waiting_seconds -= utterance.seconds

    def _account(self, utterance: Utterance, seconds: float) -> None:
        if utterance.claimed:
            if utterance.wanted and utterance.seconds > self._max_audio_seconds and not utterance.done:
                self.evicted += 1
                self._lose(utterance, LostReason.EVICTED)
            return
        if not self._with_audio or self._with_audio[-1] is not utterance:
            self._with_audio.append(utterance)
        self._waiting_seconds += seconds
        while self._waiting_seconds > self._max_audio_seconds and self._with_audio:
            oldest = self._with_audio.popleft()
            if not oldest.claimed and oldest.state is not State.LOST:
                self.evicted += 1
                self._lose(oldest, LostReason.EVICTED)

    def _evict(self, utterance: Utterance) -> None:
        self.evicted += 1
        # One that is in line keeps its place there: its voice may come, and is nobody else's.
        if utterance.state is not State.LOST and utterance not in self._line:
            self._lose(utterance, LostReason.EVICTED)
        self._forget(utterance)

    def _lose(self, utterance: Utterance, reason: LostReason) -> None:
        if not utterance.claimed:
            self._waiting_seconds -= utterance.seconds
        utterance.lose(reason)
        self._settle(utterance)

    def _settle(self, utterance: Utterance) -> None:
        while self._with_audio and (self._with_audio[0].claimed or self._with_audio[0].state is State.LOST):
            self._with_audio.popleft()
        if utterance.state is State.VOICED:
            self._voiced_seconds += utterance.seconds
            self._voiced_characters += len(utterance.text)
        if utterance.state is State.LOST and utterance.wanted and self._on_lost is not None:
            self._on_lost(utterance)


def _joined(waiting: Sequence[Utterance], start: int, key: str) -> list[Utterance]:
    """The utterances from this one on whose keys, joined, are this key; none, if they are not."""
    found = []
    for at in range(start, len(waiting)):
        part = waiting[at].key
        if not key.startswith(part):
            return []
        found.append(waiting[at])
        key = key[len(part) :]
        if not key:
            return found
    return []
