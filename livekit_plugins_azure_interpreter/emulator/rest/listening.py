"""Finds what is said in a whole recording, with the script and the ears of the WebSocket service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..faults.schedule import UtteranceFaults
from ..recognition.actions import Send
from ..recognition.conversation import Conversation
from ..recognition.phrases import PhraseMessages
from ..recognition.speech_context import Detection
from ..recognition.vad import SpeechEnded, Vad, VadEvent
from ..script import Line, Voice

_TICKS_PER_SECOND = 10_000_000
_AS_THE_SERVICE = Detection()


@dataclass(frozen=True)
class Phrase:
    """A line, and its place in a recording."""

    line: Line
    start_seconds: float
    end_seconds: float

    def result(self, *, detailed: bool = True, word_timings: bool = False) -> dict[str, Any]:
        """Azure's `speech.phrase`, as the WebSocket service has it.

        Args:
            detailed: It has alternatives (NBest).
            word_timings: And those the place of each word.
        """
        span = {
            "Offset": round(self.start_seconds * _TICKS_PER_SECOND),
            "Duration": round((self.end_seconds - self.start_seconds) * _TICKS_PER_SECOND),
        }
        messages = PhraseMessages(None, detailed=detailed, word_timings=word_timings)
        action = messages.final(self.line, span, {}, UtteranceFaults())[-1]
        assert isinstance(action, Send)
        return action.message.json()


async def listen(conversation: Conversation, recording: Voice, *, once: bool = False) -> list[Phrase]:
    """All phrases of a recording, which is the next audio of a conversation.

    Args:
        conversation: The session.
        recording: The audio.
        once: Only the first phrase is wanted.
    """
    start = conversation.now
    # Another recording of this session may come meanwhile; it is behind this one.
    conversation.heard_until(start + recording.seconds)
    vad = conversation.vad(recording.sample_rate, start, _AS_THE_SERVICE)
    phrases: list[Phrase] = []
    for events in _hear(vad, recording):
        for event in events:
            if isinstance(event, SpeechEnded):
                begin, end = event.start_seconds - start, event.end_seconds - start
                samples = _between(recording, begin, end)
                line = conversation.line(samples, event.start_seconds, event.index)
                phrases.append(Phrase(line, begin, end))
                if once:
                    return phrases
        await asyncio.sleep(0)  # other clients are served between two seconds of audio
    return phrases


def _hear(vad: Vad, recording: Voice) -> Iterator[Iterator[VadEvent]]:
    second = recording.sample_rate * 2
    for at in range(0, len(recording.pcm), second):
        yield vad.hear(recording.pcm[at : at + second])
    yield vad.end()


def _between(recording: Voice, start: float, end: float) -> Voice:
    first, last = (max(0, round(seconds * recording.sample_rate)) * 2 for seconds in (start, end))
    return Voice(recording.pcm[first:last], recording.sample_rate)
