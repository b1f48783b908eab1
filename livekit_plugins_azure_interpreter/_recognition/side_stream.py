"""A stream for the voice of one language of another stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._livekit_private import UnreportedStream
from .._sdk import events
from .._sdk.connection import Connection
from .._voices.utterance import Utterance
from ..options import Options
from .active_connection import ActiveConnection
from .stream import SpeechStream
from .transcripts import Transcript


class VoiceStream(UnreportedStream, SpeechStream):
    """Its utterances go to the stream whose audio it hears, which reports them.

    Args:
        came: Takes each utterance, whose voice belongs to the taker.
        **options: Of a `SpeechStream`.
    """

    _can_be_spoken = False

    def __init__(self, *, came: Callable[[Utterance], None], **options: Any) -> None:
        super().__init__(**options)
        self._came = came

    def go_over_to(self, options: Options) -> None:
        """Hear and speak with other options from the next utterance on."""
        self._update({name: value for name, value in vars(options).items() if name != "reconnect_seconds"})

    def withdraw_own_voice(self, instead: Options) -> None:
        """Ask for the voice of these options instead of the speaker's own, at once."""
        self._withdraw_own_voice(instead)

    def _end_by_silence(self, connection: Connection, flushed_place: tuple[float, float]) -> None:
        """The stream whose audio it hears sends the silence; else their clocks would differ."""

    def _report_forgotten(self) -> None:
        """The stream whose audio it hears reports what that has forgotten."""

    def _measure(
        self,
        phrase: events.Phrase,
        transcript: Transcript,
        utterances: Mapping[str, Utterance],
        active: ActiveConnection,
    ) -> None:
        for utterance in utterances.values():
            for ledger in self._ledgers:
                ledger.claims.claim(utterance.translation)
            self._came(utterance)
