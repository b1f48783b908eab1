"""What is said of an utterance while it is still being spoken, in each language."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .._options.languages import target
from .._simultaneous.lagging import average_lagging_seconds
from .._voices.ledger import next_utterance_id
from .._voices.ledgers import Ledgers
from .._voices.meter import RecognitionTimings
from .._voices.utterance import Utterance
from ..options import Options
from .running_translation import RunningTranslation
from .transcripts import NOT_RUNNING, Transcript

if TYPE_CHECKING:
    from .._simultaneous.policy import Outcome, Said, SimultaneousPolicy


@dataclass
class _Language:
    """A sentence in one language.

    Attributes:
        language: The language.
        is_main: It is the `text` of the transcript.
        begun: What was said of it with the sentence before, until the connection was lost; None: nothing.
        policy: Decides what is certain of it.
        certain: What is certain, and was not given out yet.
        source_language: The language that is spoken, as detected so far.
        running: What was given out; None: nothing yet.
    """

    language: str
    is_main: bool
    begun: Said | None = None
    certain: str = ""
    source_language: str = ""
    running: RunningTranslation | None = None
    policy: SimultaneousPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.policy = self._new_policy()

    @property
    def is_taken(self) -> bool:
        """Somebody says what was given out."""
        return self.running is not None and self.running.is_taken

    @property
    def is_said(self) -> bool:
        """Something of it was said."""
        return self.is_taken or self.begun is not None

    def hears(self, text: str, source_language: str, now: float) -> None:
        self.source_language = source_language
        if self.running is not None:
            self.running.source_language = source_language
            if self.running.is_broken_off:
                return  # the final result brings the rest
        self.certain += self.policy.interim(text, now)

    def forget_untaken(self) -> None:
        """It has ended: nobody will say what was given out, if nobody does yet."""
        if not self.is_taken:
            self.policy = self._new_policy()

    def _new_policy(self) -> SimultaneousPolicy:
        # Its tables and expressions would take a fifth of the time in which the package is imported.
        from .._simultaneous.policy import SimultaneousPolicy  # noqa: PLC0415 - only this pace needs it

        return SimultaneousPolicy(self.language, said=self.begun)


@dataclass
class _Sentence:
    """An utterance that has no final result yet.

    Attributes:
        start: Where its words begin in the latest result, on the clock of the stream.
        until: Where they end in it.
        heard_until: Where they end at most, also over a connection that was lost.
        is_restarted: The connection was lost in its middle.
        has_result: A result of it came; none: it is only the end of what was said of the sentence before.
    """

    start: float
    until: float
    heard_until: float = 0.0
    is_restarted: bool = False
    has_result: bool = False
    name: str = field(default_factory=next_utterance_id)
    languages: dict[str, _Language] = field(default_factory=dict)

    def hears(self, transcript: Transcript, options: Options, now: float) -> None:
        self.has_result = True
        self.start, self.until = transcript.start_time, transcript.end_time
        self.heard_until = max(self.heard_until, self.until)
        for language, text in transcript.translations.items():
            if target(language) in options.spoken:
                if language not in self.languages:
                    self.languages[language] = _Language(language, language == transcript.language)
                self.languages[language].hears(text, transcript.source_language, now)

    def is_at(self, start_time: float, end_time: float) -> bool:
        """Whether a result at this place is of it: the middle of one of them is within the other.

        An interim result reaches into the silence after its words, and may touch the next sentence.
        """
        middle, own = (start_time + end_time) / 2, (self.start + self.until) / 2
        return self.start <= middle < self.until or start_time <= own < end_time

    def beyond(self, finals: Mapping[str, Utterance], end_time: float) -> dict[str, _Language]:
        """What was said of it beyond its end, which is the beginning of the next sentence."""
        if not self.is_restarted or end_time >= self.heard_until:
            return {}
        said = {
            language: one.policy.ended_at(finals[language].text)
            for language, one in self.languages.items()
            if one.is_said and language in finals
        }
        return {
            language: _Language(language, self.languages[language].is_main, begun)
            for language, begun in said.items()
            if begun.keys
        }

    @property
    def is_begun(self) -> bool:
        """Something of it was given out, or said with the sentence before."""
        return any(one.running is not None or one.begun is not None for one in self.languages.values())

    @property
    def running(self) -> dict[str, RunningTranslation]:
        found = ((language, one.running) for language, one in self.languages.items())
        return {language: running for language, running in found if running is not None}

    def end(self) -> None:
        for running in self.running.values():
            running.end()


class SimultaneousSpeech:
    """The running translations of one speaker.

    It outlives a stream that fails, as the audio does: the next one hears the same sentence again, and what
    was said of it before is not said again. If the service now ends it earlier, what was said beyond that end
    is the beginning of the next sentence, which may be cut again. Where audio comes faster than it is said,
    words of a later sentence may come before the final result of an earlier one: they wait for that.

    Attributes:
        begun: Called with each translation that begins.
        is_heard: Somebody may say what the stream hears.
    """

    def __init__(self) -> None:
        self.is_heard = True
        self.begun: Callable[[RunningTranslation], None] = lambda running: None
        self._sentences: deque[_Sentence] = deque()
        self._outcomes: dict[str, Outcome] = {}

    @property
    def untaken(self) -> list[RunningTranslation]:
        """Those that nobody says yet, and that have the `text` of the transcript."""
        running = (one for sentence in self._sentences for one in sentence.running.values())
        return [one for one in running if one.is_main and not one.is_taken]

    def name_of(self, start_time: float, end_time: float) -> str:
        """The id that the utterance at this place has already; empty: none."""
        sentence = self._sentence_at(start_time, end_time)
        return "" if sentence is None or not sentence.running else sentence.name

    def interim(
        self, transcript: Transcript, options: Options, now: float
    ) -> Mapping[str, RunningTranslation]:
        """Take what is known of an utterance so far. Returns what is being said of it, by language.

        Args:
            transcript: The utterance so far.
            options: Those of what is said now.
            now: When it came.
        """
        if options.pace != "simultaneous" or not self.is_heard:
            return NOT_RUNNING
        sentence = self._sentence_at(transcript.start_time, transcript.end_time)
        if sentence is None:
            self._sentences = deque(one for one in self._sentences if one.has_result)
            sentence = _Sentence(transcript.start_time, transcript.end_time)
            earlier = sum(one.start < sentence.start for one in self._sentences)
            self._sentences.insert(earlier, sentence)
        sentence.hears(transcript, options, now)
        self._say(now)
        running = sentence.running
        for one in running.values():
            one.interims.append(transcript.text)
        return running

    def final(
        self, utterances: Mapping[str, Utterance], times: tuple[float, float], ledgers: Ledgers, now: float
    ) -> dict[str, Utterance]:
        """An utterance has ended. What is being said gets its rest, if it is translated into the language.

        Args:
            utterances: Its translations, by language.
            times: Where it began and ended, on the clock of the stream.
            ledgers: They have just taken them.
            now: When the result came.

        Returns:
            The same; in place of those that are being said, the utterances that their clauses know.
        """
        found, self._outcomes = dict(utterances), {}
        sentence = self._sentence_at(*times)
        while self._sentences and (sentence is not None or self._sentences[0].until <= times[0]):
            ended = self._sentences.popleft()
            if ended is sentence:
                for one in ended.languages.values():
                    one.forget_untaken()
                self._cut(ended, found, times[1])
                self._end_with(ended, found, ledgers, now)
                sentence = None
            ended.end()
        self._say(now)
        return found

    def measured(self, timings: RecognitionTimings) -> RecognitionTimings:
        """The timings of the utterance that has just ended, with the figures of what was said early."""
        outcome = self._outcomes.get(timings.target_language)
        if outcome is None or not outcome.words_before_end:
            return timings
        given_at = [at - timings.began_at for at in outcome.given_at]
        return replace(
            timings,
            words_before_end_share=outcome.words_before_end / outcome.committed_words,
            contradicted_share=outcome.contradicted_words / outcome.words_before_end,
            average_lagging_seconds=average_lagging_seconds(given_at, timings.speech_seconds),
        )

    def nothing(self) -> None:
        """A result came without words: the first sentence has none."""
        if self._sentences:
            self._sentences.popleft().end()

    def restarted(self) -> None:
        """The service hears again what has no final result, from its beginning."""
        self._sentences = deque(one for one in self._sentences if one.is_begun)
        for sentence in self._sentences:
            sentence.is_restarted = True
            for one in sentence.languages.values():
                one.policy.restarted()

    def end(self) -> None:
        """Nothing more comes of any sentence."""
        while self._sentences:
            self._sentences.popleft().end()

    def _sentence_at(self, start_time: float, end_time: float) -> _Sentence | None:
        """The sentence of a result at this place."""
        return next((one for one in self._sentences if one.is_at(start_time, end_time)), None)

    def _say(self, now: float) -> None:
        """Give out what is certain of the first sentence: no other one is said before it."""
        if not self._sentences:
            return
        sentence = self._sentences[0]
        for language, one in sentence.languages.items():
            if not one.certain:
                continue
            is_first = one.running is None
            if one.running is None:
                utterance = Utterance.begun(sentence.name, now)
                one.running = RunningTranslation(utterance, language, is_main=one.is_main)
                one.running.source_language = one.source_language
            one.running.add(one.certain)
            one.certain = ""
            if is_first:
                self.begun(one.running)

    def _cut(self, sentence: _Sentence, finals: Mapping[str, Utterance], end_time: float) -> None:
        """What was said beyond the end of a sentence begins the next one, which may be waiting already."""
        if not (begun := sentence.beyond(finals, end_time)):
            return
        if not self._sentences or self._sentences[0].start >= sentence.heard_until:
            self._sentences.appendleft(_Sentence(end_time, sentence.heard_until))
        following = self._sentences[0]
        following.languages.update(begun)
        following.heard_until = max(following.heard_until, sentence.heard_until)
        following.is_restarted = True

    def _end_with(
        self, sentence: _Sentence, finals: dict[str, Utterance], ledgers: Ledgers, now: float
    ) -> None:
        """Give out the rest of what was said of it; `finals` gets the utterances that the clauses know."""
        for language, one in sentence.languages.items():
            final = finals.get(language)
            if final is None or not one.is_said:
                continue
            rest = one.policy.final(final.text, now)
            if one.running is None or not one.is_taken:
                _say_rest(final, rest, ledgers)
                continue
            if one.running.is_broken_off and rest.strip():
                final.rest = rest.lstrip()
                continue
            self._outcomes[language] = one.policy.outcome
            finals[language] = said = one.running.utterance
            said.end_as(final)
            one.running.end(one.certain + rest)
            ledgers.let_go(final)
            ledgers.being_said.append(said)


def _say_rest(final: Utterance, rest: str, ledgers: Ledgers) -> None:
    """Have only the rest of an utterance said, if there is one."""
    if rest.strip():
        final.rest = rest.lstrip()
    else:
        final.is_being_said = True
        ledgers.let_go(final)
