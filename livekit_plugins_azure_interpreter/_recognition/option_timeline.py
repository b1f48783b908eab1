"""Records from which position in the audio each change of a stream's options applies. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..options import Options
from .replay_buffer import ReplayBuffer

_SEGMENTATION_SILENCE_MS = 500
"""Azure's default: after so much silence no utterance is under way."""
_LONGEST_WAIT_SECONDS = 10.0
"""How much audio a change waits for the end of an utterance."""


OptionMark = tuple[float, Options]
"""A position in the audio, and the options that hold from there on."""


@dataclass(frozen=True)
class OptionChange:
    """Other options, among the frames of a stream."""

    changes: Mapping[str, Any]


class OptionTimeline:
    """The options of all retained audio, and the options wanted from the next utterance on.

    Speech from before a change keeps its options, also in another attempt.

    Args:
        options: The options at the beginning.
        retained: The stream's audio; positions are its own, in seconds.
    """

    def __init__(self, options: Options, retained: ReplayBuffer) -> None:
        self._replay_buffer = retained
        self._wanted = options
        self._wanted_at: float | None = None
        self._places: deque[OptionMark] = deque([(0.0, options)])
        self._instead_of_own_voice: Options | None = None

    def withdraw_own_voice(self, instead: Options) -> None:
        """No connection asks for the speaker's own voice from now on, also not for audio that is sent again.

        Args:
            instead: They have the voices that are asked for instead.
        """
        self._instead_of_own_voice = instead

    def permitted(self, options: Options) -> Options:
        """These options, without a voice that is withdrawn."""
        instead = self._instead_of_own_voice
        return options if instead is None else options.without_own_voice(instead)

    def begin(self, changes: Mapping[str, Any]) -> None:
        """Begin with other options, before any speech."""
        self._wanted = replace(self._wanted, **changes)
        self._places = deque([(0.0, self._wanted)])

    def change_all(self, changes: Mapping[str, Any]) -> None:
        """Use other options for all retained audio, too: it is sent again."""
        self._wanted = replace(self._wanted, **changes)
        self._places = deque((start, replace(options, **changes)) for start, options in self._places)

    def want(self, change: OptionChange) -> None:
        """Use other options from the next utterance on."""
        self._wanted = replace(self._wanted, **change.changes)
        if self._wanted == self._places[-1][1]:
            self._wanted_at = None
        elif self._wanted_at is None:
            self._wanted_at = self._replay_buffer.end_seconds

    @property
    def is_due(self) -> bool:
        """Whether a change takes effect now, at the end of the audio.

        It does when no utterance is under way, or one has lasted for so long that it is cut in two.
        """
        if self._wanted_at is None:
            return False
        late = self._replay_buffer.end_seconds - self._wanted_at > _LONGEST_WAIT_SECONDS
        return late or self.is_quiet

    @property
    def is_quiet(self) -> bool:
        """Whether no utterance is under way."""
        quiet_ms = self._places[-1][1].segmentation.silence_timeout_ms or _SEGMENTATION_SILENCE_MS
        return self._replay_buffer.quiet_seconds * 1000 >= quiet_ms

    def take_place(self) -> OptionMark:
        """Apply the wanted options from the end of the audio on. Returns that position and the options."""
        self._wanted_at = None
        self._places.append((self._replay_buffer.end_seconds, self._wanted))
        self._forget()
        return self._places[-1]

    def of_retained(self) -> list[OptionMark]:
        """The options at the start of the retained audio, and each later position where they change."""
        self._forget()
        (_, first), *others = self._places
        return [(self._replay_buffer.start_seconds, first), *others]

    def _forget(self) -> None:
        while len(self._places) > 1 and self._places[1][0] <= self._replay_buffer.start_seconds:
            self._places.popleft()
