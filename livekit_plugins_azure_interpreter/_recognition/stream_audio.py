"""The audio of a stream: its replay buffer, its options and its push times."""

from __future__ import annotations

from collections.abc import Callable

from livekit import rtc

from .._sdk.packetizer import Packetizer, message_bytes
from .._sound.mono import MonoResampler
from ..options import Options
from .flush_marks import FlushMarks
from .option_timeline import OptionChange, OptionTimeline
from .push_clock import PushClock
from .replay_buffer import ReplayBuffer
from .simultaneous_speech import SimultaneousSpeech


class StreamAudio:
    """Outlives a stream that fails: the stream that replaces it continues with the same audio.

    Args:
        options: The options at its beginning.
        max_seconds: How much of it is kept.
        now: The loop's clock.

    Attributes:
        replay_buffer: The kept audio; positions count from the start of all audio.
        options: The options at each position.
        flush_marks: The positions at which it was flushed.
        push_clock: The push time of each position.
        reported_seconds: How much audio LiveKit has counted.
        simultaneous: What is said of the present utterance before its end.
        sent_again_until: Audio before this position is not sent again for a missing result.
    """

    def __init__(self, options: Options, *, max_seconds: float, now: Callable[[], float]) -> None:
        self._now = now
        self._mono = MonoResampler(options.sample_rate)
        self._packetizer = Packetizer(message_bytes(options.latency, options.sample_rate))
        self.replay_buffer = ReplayBuffer(options.sample_rate, max_seconds=max_seconds)
        self.options = OptionTimeline(options, self.replay_buffer)
        self.flush_marks = FlushMarks(self.replay_buffer)
        self.push_clock = PushClock(now())
        self.simultaneous = SimultaneousSpeech()
        self.reported_seconds = 0.0
        self.sent_again_until = 0.0

    def take(self, frame: rtc.AudioFrame) -> bytes:
        """The audio of a frame and all that waits, if it completes a message of the SDK; else it waits."""
        return self._packetizer.add(self._mono.push(frame))

    def flush(self) -> bytes:
        """All audio that waits: as the end of a message."""
        return self._packetizer.add(self._mono.flush()) + self._packetizer.flush()

    def align(self, written_bytes: int) -> None:
        """Let messages begin where the SDK begins them.

        Args:
            written_bytes: What the SDK was given since it began, or since the last commit.
        """
        self._packetizer.align(written_bytes)

    def keep(self, item: object, *, items_behind: int = 0) -> None:
        """Keep a frame, a change of the options or a flush for the next stream while there is none."""
        if isinstance(item, OptionChange):
            self.options.want(item)
        elif isinstance(item, rtc.AudioFrame):
            if message := self.take(item):
                if self.options.is_due:
                    self.options.take_place()
                self.replay_buffer.add(message)
                self.note_pushed(item, items_behind)
        else:
            if rest := self.flush():
                self.replay_buffer.add(rest)
            self.flush_marks.add()

    def note_pushed(self, frame: rtc.AudioFrame, items_behind: int) -> None:
        """A frame was taken.

        Args:
            frame: The last one that was added.
            items_behind: How many frames were already pushed after it.
        """
        behind_seconds = items_behind * frame.duration if items_behind else 0.0
        self.push_clock.taken(self.replay_buffer.end_seconds, self._now(), behind_seconds=behind_seconds)
