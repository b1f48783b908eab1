"""What is said of an utterance while it is still being spoken, in each language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from .._options.languages import target
from .._simultaneous.lagging import average_lagging_seconds
from .._simultaneous.policy import Outcome, SimultaneousPolicy
from .._voices.ledger import next_utterance_id
from .._voices.ledgers import Ledgers
from .._voices.meter import RecognitionTimings
from .._voices.utterance import Utterance
from ..options import Options
from .running_translation import RunningTranslation
from .transcripts import NOT_RUNNING, Transcript


@dataclass
class _Language:
    """The utterance in one language: what is certain of it, and who says that."""

    policy: SimultaneousPolicy
    running: RunningTranslation | None = None


class SimultaneousSpeech:
    """The running translations of one speaker's present utterance.

    It outlives a stream that fails, as the audio does: the next one hears the same sentence again, and what
    was said of it before is not said again.

    Attributes:
        begun: Called with each translation that begins.
        is_heard: Somebody may say what the stream hears.
    """

    def __init__(self) -> None:
        self.is_heard = True
        self.begun: Callable[[RunningTranslation], None] = lambda running: None
        self._languages: dict[str, _Language] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._name = ""

    @property
    def name(self) -> str:
        """The id that the present utterance has already; empty: none."""
        return self._name

    @property
    def untaken(self) -> list[RunningTranslation]:
        """Those that nobody says yet, and that have the `text` of the transcript."""
        running = (one.running for one in self._languages.values())
        return [one for one in running if one is not None and one.is_main and not one.is_taken]

    def interim(
        self, transcript: Transcript, options: Options, now: float
    ) -> Mapping[str, RunningTranslation]:
        """Take what is known of the utterance so far. Returns what is being said, by language.

        Args:
            transcript: The utterance so far.
            options: Those of what is said now.
            now: When it came.
        """
        if options.pace != "simultaneous" or not self.is_heard:
            return NOT_RUNNING
        for language, text in transcript.translations.items():
            if target(language) in options.spoken:
                one = self._languages.setdefault(language, _Language(SimultaneousPolicy(language)))
                if one.running is not None:
                    one.running.source_language = transcript.source_language
                    if one.running.is_broken_off:
                        continue  # the final result brings the rest
                if piece := one.policy.interim(text, now):
                    self._say(one, piece, transcript, language, now)
        return {language: one.running for language, one in self._languages.items() if one.running is not None}

    def final(
        self, utterances: Mapping[str, Utterance], ledgers: Ledgers, now: float
    ) -> dict[str, Utterance]:
        """The utterance has ended. What is being said gets its rest, if it is translated into the language.

        Args:
            utterances: Its translations, by language.
            ledgers: They have just taken them.
            now: When the result came.

        Returns:
            The same; in place of those that are being said, the utterances that their clauses know.
        """
        found = dict(utterances)
        self._outcomes = {}
        for language, one in self._languages.items():
            final = utterances.get(language)
            if one.running is not None and one.running.is_taken and final is not None:
                rest = one.policy.final(final.text, now)
                if one.running.is_broken_off and rest.strip():
                    final.rest = rest.lstrip()
                else:
                    self._outcomes[language] = one.policy.outcome
                    found[language] = said = one.running.utterance
                    said.end_as(final)
                    one.running.end(rest)
                    ledgers.let_go(final)
                    ledgers.being_said.append(said)
        self.end()
        return found

    def measured(self, timings: RecognitionTimings) -> RecognitionTimings:
        """The timings of the utterance that has just ended, with the figures of what was said early."""
        outcome = self._outcomes.get(timings.target_language)
        if outcome is None or not outcome.committed_words:
            return timings
        given_at = [at - timings.began_at for at in outcome.given_at]
        return replace(
            timings,
            words_before_end_share=outcome.words_before_end / outcome.committed_words,
            contradicted_share=outcome.contradicted_words / outcome.committed_words,
            average_lagging_seconds=average_lagging_seconds(given_at, timings.speech_seconds),
        )

    def restarted(self) -> None:
        """The service hears the utterance again, from its beginning."""
        for one in self._languages.values():
            one.policy.restarted()

    def end(self) -> None:
        """Nothing more comes of the utterance."""
        for one in self._languages.values():
            if one.running is not None:
                one.running.end()
        self._languages.clear()
        self._name = ""

    def _say(self, one: _Language, piece: str, transcript: Transcript, language: str, now: float) -> None:
        if one.running is not None:
            one.running.add(piece)
            return
        self._name = self._name or next_utterance_id()
        utterance = Utterance.begun(self._name, now)
        is_main = language == transcript.language
        one.running = RunningTranslation(utterance, language, is_main=is_main)
        one.running.source_language = transcript.source_language
        one.running.add(piece)
        self.begun(one.running)
