"""The ledgers of one speech stream: one per spoken language, under one framing.

Framing finds the voices in what the service sends, and says the language of each; that language's ledger
finds the utterance. The languages know nothing of each other: one may lose a voice while the others have it.

Pure: no asyncio, no threads, no SDK. Time is an argument (`now`, in seconds of any steady clock).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from .framing import Framing
from .ledger import Ledger, next_utterance_id
from .meter import Outcome
from .utterance import LostReason, Utterance
from .voice_events import LateSamples, VoiceBegan, VoiceEvent, VoiceSamples, VoiceUnplayable
from .voice_sharing import VoiceSharing

_MAX_UNTRANSLATED = 100


def _ignore(_: str) -> None:
    """Report no problem; the default."""


class Ledgers:
    """All utterances of one speech stream, and their voices in all spoken languages.

    Args:
        open_ledger: Makes the ledger of a language; it is told whether that is the main one.
        voice_timeout_seconds: How long a voice may pause.
        problem: Called with a sentence about audio that no utterance can get.
        sharing: Learns whether the service voices several languages over one connection.
        scope: Stands for the AgentSession of this speech, if several share one STT. None: unknown.
        all_are_main: A TTS that names no language speaks all of them, not only the first.

    Attributes:
        untranslated: Speech without a translation, so that its text is not taken for one.
        being_said: Utterances that are said clause by clause, so that their text is not said again.
    """

    def __init__(
        self,
        open_ledger: Callable[[str, bool], Ledger],
        *,
        voice_timeout_seconds: float = 5.0,
        problem: Callable[[str], None] = _ignore,
        sharing: VoiceSharing | None = None,
        scope: object | None = None,
        all_are_main: bool = False,
    ) -> None:
        self.scope = scope
        self._all_are_main = all_are_main
        self.untranslated: deque[str] = deque(maxlen=_MAX_UNTRANSLATED)
        self.being_said: deque[Utterance] = deque(maxlen=_MAX_UNTRANSLATED)
        self._open_ledger = open_ledger
        self._problem = problem
        self._sharing = sharing
        self._framing = Framing(voice_timeout_seconds)
        self._ledgers: dict[str, Ledger] = {}
        self._spoken: tuple[str, ...] = ()
        self._connection_languages: frozenset[str] = frozenset()
        self._all_along: frozenset[str] = frozenset()
        self._is_separate = False
        self._refused_seconds = 0.0
        self._deadline: float | None = None
        self._is_deadline_known = False

    def __iter__(self) -> Iterator[Ledger]:
        return iter(self._ledgers.values())

    def connected(self, languages: Sequence[str], voiced: Collection[str], *, separate: bool = False) -> None:
        """A connection speaks these languages from its beginning; the first one is the main one.

        Args:
            languages: The spoken languages.
            voiced: Those of them that have a voice.
            separate: Only the main one has its voice over this connection, each other one over another.
        """
        self._all_along = frozenset(voiced)
        self._is_separate = separate
        self._connection_languages = frozenset()
        self.speak(languages)

    def speak(self, languages: Sequence[str]) -> None:
        """Expect voices in these languages from the next utterance on; the first one is the main one."""
        self._all_along &= frozenset(languages)
        self._spoken = tuple(languages)
        # A voice may still come in a language that is not wanted any more.
        self._connection_languages |= frozenset(languages[:1] if self._is_separate else languages)
        self._framing.speak(tuple(self._connection_languages))
        for language in languages:
            self._opened(language, is_main=self._all_are_main or language == languages[0])
        self._is_deadline_known = False
        self._ledgers[languages[0]].is_main = True
        for language in languages:
            self._ledgers[language].relay(self._is_separate and language != languages[0])

    @property
    def is_asked_for(self) -> bool:
        """Whether a text may still be looked up here."""
        return bool(self.untranslated or self.being_said) or any(not ledger.claims.empty for ledger in self)

    def let_go(self, utterance: Utterance, outcome: Outcome = "not_spoken") -> None:
        """Note that nobody will say it, in its language."""
        for ledger in self:
            ledger.claims.let_go(utterance, outcome)

    def let_go_of_all(self, outcome: Outcome = "not_spoken") -> None:
        """Note that nobody will say any of the waiting utterances."""
        for ledger in self:
            ledger.claims.let_go_of_all(outcome)

    @property
    def dropped_seconds(self) -> float:
        """How much audio came that no utterance may get."""
        return self._refused_seconds + sum(ledger.dropped_seconds for ledger in self)

    # What the recognizer reported

    def recognized(
        self,
        texts: Mapping[str, str],
        now: float,
        *,
        voiced: Collection[str],
        start: float = 0.0,
        times: tuple[float, float] | None = None,
        same_language: Collection[str] = (),
        name: str = "",
    ) -> dict[str, Utterance]:
        """An utterance is final, with its translations into spoken languages.

        Args:
            texts: The translations, by language.
            now: When they came.
            voiced: The languages in which a voice is expected.
            start: Where its words begin in the stream's audio, in seconds.
            times: Where it begins and ends on the clock of the stream.
            same_language: The languages in which it was spoken.
            name: The id of the utterance; empty: a new one.
        """
        self._go_on(now)
        name = name or next_utterance_id()
        return {
            language: self._ledgers[language].recognized(
                text,
                now,
                name=name,
                voice_expected=language in voiced,
                start=start,
                times=times,
                same_language=language in same_language,
            )
            for language, text in texts.items()
        }

    def unread(self, now: float, *, voiced: Collection[str]) -> None:
        """A result came that cannot be read: no utterance gets its voices."""
        self._go_on(now)
        for language in voiced:
            self._ledgers[language].unread(now)

    def has_stray_voice(self, start: float) -> bool:
        """Whether a voice that waits for its utterance came before the speech at this position.

        In a language that was added amid the connection it may have no utterance, if that was said before.
        """
        return any(self._ledgers[language].has_stray_voice(start) for language in self._all_along)

    def turn_started(self) -> None:
        """A turn of the service began."""
        self._is_deadline_known = False
        self._framing.turn_started()

    def voice_announced(self, stream_id: str, language: str | None, now: float) -> None:
        """A voice begins on a stream, in a language, if the service says which."""
        self._go_on(now)
        self._take(self._framing.announced(stream_id, language, now), now)

    def chunk(self, data: bytes, now: float, *, stream_id: str = "", position: float = 0.0) -> None:
        """A piece of a voice came, when the stream's audio had been sent up to a position (seconds).

        Args:
            data: The piece: 16 bit PCM, with or without a RIFF header.
            now: When it came.
            stream_id: The service's stream; empty if that is not shown.
            position: How much of the stream's audio had been sent.
        """
        self._go_on(now)
        self._take(self._framing.chunk(data, now, stream_id=stream_id), now, position)

    def completed(
        self, now: float, *, stream_id: str = "", told: bool = False, position: float = 0.0
    ) -> None:
        """Completed came: the end of a voice, as the service said (`told`), or an empty chunk of it."""
        self._go_on(now)
        self._take(self._framing.completed(now, stream_id=stream_id, told=told), now, position)

    def relayed(self, language: str, voice: Utterance, now: float) -> None:
        """The connection of a language has recognized an utterance, whose voice begins now or later."""
        self._go_on(now)
        # The connection before may still answer, for which the language is not spoken yet.
        self._opened(language).relayed(voice)

    def lost(self, utterance: Utterance, language: str) -> None:
        """A voice is lost."""
        if self._is_shared and utterance.lost_reason is LostReason.TIMEOUT and not utterance.same_language:
            assert self._sharing is not None
            self._sharing.missed(language)

    def reconnected(self, now: float) -> None:
        """The connection was lost: incomplete voices are lost."""
        self._abandon(now, LostReason.RECONNECTED)

    def finished(self, now: float) -> None:
        """The service has sent all that it had."""
        self._go_on(now)
        self._take(self._framing.finish(now), now)
        for ledger in self:
            ledger.finished()

    def finish_connection(self, now: float) -> None:
        """A connection is over; the next one goes on where it ended. Complete voices can still be claimed."""
        self._abandon(now, LostReason.ENDED)

    def end(self, now: float) -> None:
        """The stream is over. Complete voices can still be claimed."""
        self._abandon(now, LostReason.ENDED)
        for ledger in self:
            ledger.end(LostReason.ENDED)

    # Time

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do next; None if nothing waits.

        It is known between two events: each would look at all waits several times.
        """
        if not self._is_deadline_known:
            due = (self._framing.deadline, *(ledger.deadline for ledger in self))
            self._deadline = min((at for at in due if at is not None), default=None)
            self._is_deadline_known = True
        return self._deadline

    def expire(self, now: float) -> None:
        """End every wait whose time is over, in the order of time."""
        due = self.deadline
        if due is None or due > now:
            return
        self._is_deadline_known = False  # a voice of another connection may have ended a wait
        while (due := self.deadline) is not None and due <= now:
            self._is_deadline_known = False
            if self._framing.deadline == due:
                self._take(self._framing.expire(due), due)
            else:
                next(ledger for ledger in self if ledger.deadline == due).expire(due)

    def _go_on(self, now: float) -> None:
        """An event comes at this time; what was due before it is over."""
        self.expire(now)
        self._is_deadline_known = False

    def _take(self, events: Sequence[VoiceEvent], now: float, position: float = 0.0) -> None:
        for event in events:
            if isinstance(event, LateSamples):
                self._problem(f"{event.seconds:.1f} s of audio belong to a voice that is over; dropped")
            elif isinstance(event, VoiceUnplayable):
                self._problem(f"Azure sent a voice that cannot be played: {event.reason}")
            ledger = self._ledger_of(event.language)
            if ledger is not None:
                if isinstance(event, VoiceBegan) and self._is_shared:
                    assert self._sharing is not None
                    self._sharing.heard(ledger.language)
                ledger.take(event, now, position)
            elif isinstance(event, VoiceBegan):
                self._refuse_voice(event.language, now)
            elif isinstance(event, VoiceSamples):
                self._refused_seconds += event.samples.seconds

    def _opened(self, language: str, *, is_main: bool = False) -> Ledger:
        if language not in self._ledgers:
            self._ledgers[language] = self._open_ledger(language, is_main)
        return self._ledgers[language]

    @property
    def _is_shared(self) -> bool:
        """The connection is asked for voices in several languages."""
        return self._sharing is not None and len(self._spoken) > 1 and not self._is_separate

    def _ledger_of(self, language: str | None) -> Ledger | None:
        if len(self._connection_languages) == 1:
            # All voices are in this language, whatever name the service uses for it.
            return self._ledgers[self._spoken[0]]
        return None if language is None else self._ledgers.get(language)

    def _refuse_voice(self, language: str | None, now: float) -> None:
        if language is not None:
            self._problem(f"Azure sent a voice in {language!r}, which was not asked for; dropped")
            return
        self._problem("Azure sent a voice without its language; dropped")
        for spoken in self._spoken:
            self._ledgers[spoken].doubt(now)

    def _abandon(self, now: float, reason: LostReason) -> None:
        self._go_on(now)
        self._take(self._framing.cut(), now)
        for ledger in self:
            ledger.abandon(reason)
