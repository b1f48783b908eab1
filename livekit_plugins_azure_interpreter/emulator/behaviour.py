"""How the emulated service behaves: every option of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from .faults import Fault
from .recognition.acknowledgement import Acknowledges
from .recording.exchange import Exchange
from .revisions import Revisions
from .script import Script

_BESIDE_REPLAY = {"replay", "key", "token_seconds", "synthesis_seconds"}


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the emulated service behaves.

    Args:
        script: The lines that it understands, in order; or a function from the samples of an utterance
            (the samples so far, for interim results) to its line. Without a line, the utterance gets a
            number, and the speaker's own samples come back, as `ECHOED`.
        key: The only key that it accepts; None: any.
        interim_interval_ms: How much speech causes another interim result; None: no interim results.
        revisions: How the texts of interim results change until the final one. None: they have the
            first words of the final, 2.5 for each second.
        recognition_delay_ms: From the end of an utterance to its final result.
        voice_delay_ms: From the final result (or the voice before it) to the first byte of the voice.
        several_voices: What the service does if a client wants voices in several languages. "all": it sends
            them. "first": it sends only the voice whose language is the first of the targets; all
            translations come. "refused": it closes the connection, with a reason.
        voice_speed: Seconds of voice sent per second; None: as fast as the wire.
        chunk_bytes: Size of the messages that carry a voice.
        riff: Which chunks of a voice begin with a RIFF header.
        synthesis_seconds: How long the voice of a text is, if a client asks for text to speech; None: as long
            as its words take to say. A text that comes in pieces has a voice for each of its sentences.
        silence_ms: How much silence ends an utterance, unless the client chooses (its segmentation).
        acknowledge_seconds: How often audio without speech is acknowledged.
        acknowledges: What acknowledges audio. "both": results, whose headers say up to where. "results":
            results alone, without headers. "headers": headers alone; one in turn.start announces them, and
            positions count from the start of the session.
        commits: What the service does with a client's wish to end the utterance now (the SDK's
            `PushAudioInputStream.commit`). None: it is answered if the client's address asks for that
            (`setfeature=forcecommit`), else ignored. "refused" closes the connection.
        utterances_per_turn: The service ends the turn after so many; None: one turn.
        silent_turn_seconds: How much silence ends a turn, with a final result without words, unless the
            client chooses (its silence timeouts, of which 0 is none). None: silence ends no turn.
        longest_seconds: A longer utterance is cut, unless the client chooses (its segmentation). From 30 s on
            its audio is acknowledged in its middle, so a client that connects again sends only later audio.
        connection_seconds: The age at which the service closes a connection; None: never.
        token_seconds: How long a token of `Emulator.issue_token` is accepted; then keys are not. None: keys
            are accepted, and tokens never expire.
        faults: The faults that happen.
        replay: A recorded exchange whose service side is replayed; only `key`, `token_seconds` and
            `synthesis_seconds` can be set with it.

    Raises:
        ValueError: An option is out of its range, or contradicts another.
    """

    script: Script = ()
    key: str | None = field(default=None, repr=False)
    interim_interval_ms: int | None = 300
    revisions: Revisions | None = None
    recognition_delay_ms: int = 0
    voice_delay_ms: int = 0
    several_voices: Literal["all", "first", "refused"] = "all"
    voice_speed: float | None = None
    chunk_bytes: int = 3200
    riff: Literal["first", "every", "none"] = "first"
    synthesis_seconds: float | None = 0.5
    silence_ms: int = 400
    acknowledge_seconds: float = 5.0
    acknowledges: Acknowledges = "both"
    commits: Literal["answered", "ignored", "refused"] | None = None
    utterances_per_turn: int | None = None
    silent_turn_seconds: float | None = 15.0
    longest_seconds: float = 30.0
    connection_seconds: float | None = None
    token_seconds: float | None = None
    faults: Sequence[Fault] = ()
    replay: Exchange | None = None

    def __post_init__(self) -> None:
        if self.replay is not None and (others := self._chosen() - _BESIDE_REPLAY):
            raise ValueError(f"replay says what was recorded: {', '.join(sorted(others))} cannot change that")
        positioned = [
            position is not None
            for line in (() if callable(self.script) else self.script)
            for position in (line.start_seconds, line.end_seconds)
        ]
        if any(positioned) and not all(positioned):
            raise ValueError("either every line of a script has start and end, or none has")
        if self.chunk_bytes < 2 or self.chunk_bytes % 2:
            raise ValueError("chunk_bytes must be a positive, even number")
        if self.voice_speed is not None and self.voice_speed <= 0:
            raise ValueError("voice_speed must be positive")
        for name in ("longest_seconds", "silent_turn_seconds", "connection_seconds", "token_seconds"):
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise ValueError(f"{name} must be positive")

    def _chosen(self) -> set[str]:
        return {one.name for one in fields(self) if getattr(self, one.name) != one.default}
