"""One turn of the emulated service: audio in, results and voices out."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..faults import EarlyVoice, ErrorName, NoTranslation, NoVoice
from ..faults.schedule import UtteranceFaults
from ..languages import in_language
from ..script import Line, Voice
from ..spoken import Spoken
from ..wire import Message, json_body
from .actions import Action, CloseConnection, Pause, Send, SendGarbage, VoiceSent
from .conversation import Conversation
from .phrases import PhraseMessages
from .speech_context import SpeechContext
from .turn_audio import TurnAudio
from .vad import SpeechBegan, Vad, VadEvent
from .voices import voice_actions

_TICKS_PER_SECOND = 10_000_000
_SILENCE_KEPT_SECONDS = 1.0
"""Speech is found a little after it began; older silence is dropped."""
_LONG_SPEECH_SECONDS = 30.0
"""An utterance of this length is acknowledged in its middle: after 66 s the client would give up."""
_SINGLE_SILENCE_SECONDS = 5.0
"""Azure's initial silence timeout of a turn for one phrase."""
_MOST_WAITING = 100
"""The number of unanswered utterances at which no more audio is read."""


class Wire(Protocol):
    """The client's connection."""

    async def send(self, message: Message, binary: bool) -> None: ...

    async def send_garbage(self) -> None:
        """Send a binary frame that is not a message."""
        ...

    def drop(self, code: int | None) -> None:
        """Close with a WebSocket close code, or reset; the connection's running work stops."""
        ...


@dataclass(frozen=True)
class _Utterance:
    line: Line
    start_seconds: float
    end_seconds: float
    samples: Voice


@dataclass(frozen=True)
class _Voice:
    utterance: _Utterance
    faults: UtteranceFaults
    begun: asyncio.Event = field(default_factory=asyncio.Event)


class Turn:
    """Answers one turn of a session.

    One task sends the results and another one the voices, so that a result overtakes the voice of the
    utterance before it, as in the service.

    Args:
        request: The client's request.
        conversation: The session that the turn belongs to.
        wire: Takes the messages.
        spoken: Called with each voice that was sent completely.
    """

    def __init__(
        self,
        request: SpeechContext,
        conversation: Conversation,
        wire: Wire,
        spoken: Callable[[Spoken], None],
    ) -> None:
        self._request = request
        self._conversation = conversation
        self._behaviour = conversation.behaviour
        self._wire = wire
        self._spoken = spoken
        self._answers = PhraseMessages(
            request.targets, detailed=request.detailed, word_timings=request.word_timings
        )
        self._start = conversation.now if request.start_seconds is None else request.start_seconds
        self._recording = TurnAudio(self._start)
        self._vad: Vad | None = None
        self._speech_start: float | None = None
        self._speech_index: int | None = None
        self._next_interim = 0.0
        self._acknowledged = self._quiet_since = self._start
        self._count = 0
        self._answered = 0
        self._over = False
        self._results: asyncio.Queue[_Utterance | None] = asyncio.Queue(_MOST_WAITING)
        self._voices: asyncio.Queue[_Voice | None] = asyncio.Queue(_MOST_WAITING)
        self._tasks = [asyncio.create_task(self._give_results()), asyncio.create_task(self._give_voices())]

    @property
    def now(self) -> float:
        """The position in the session's audio, in seconds."""
        return self._recording.now

    @property
    def is_done(self) -> bool:
        """Whether everything is sent."""
        return all(task.done() for task in self._tasks)

    def retarget(self, languages: tuple[str, ...]) -> None:
        """Translate to these languages from now on."""
        if self._answers.targets is not None:
            self._answers.targets = languages

    async def start(self) -> None:
        await self._say("turn.start", {"context": {"serviceTag": self._request.request_id}})

    async def hear(self, payload: bytes) -> None:
        """Take an audio message of the client; an empty one ends the audio of the turn.

        Raises:
            WireError: It begins with an invalid header.
        """
        if self._over:
            return
        if not payload:
            await self._end(heard_seconds=self.now)
            return
        pcm = self._recording.append(payload)
        if self._vad is None:
            rate = self._recording.sample_rate
            detection = self._request.detection
            self._vad = self._conversation.vad(rate, self._start, detection)
        await self._heard(self._vad.hear(pcm))
        if self._speech_start is None:
            self._recording.forget(self.now - _SILENCE_KEPT_SECONDS)
        await self._interim()
        await self._acknowledge()
        await self._end_in_silence()

    async def fail(self, status: ErrorName) -> None:
        """Send the client an error instead of a result. It is the last message."""
        self.stop()
        await self._perform(Send(self._answers.error(status, self._span(self._acknowledged, self.now))))

    def stop(self) -> None:
        """Send nothing more, and hear nothing."""
        self._over = True
        for task in self._tasks:
            task.cancel()

    async def aclose(self) -> None:
        """Stop, and wait for it."""
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _heard(self, events: Iterator[VadEvent]) -> None:
        for event in events:
            if isinstance(event, SpeechBegan):
                self._speech_start, self._speech_index = event.start_seconds, event.index
                self._next_interim = event.start_seconds
                await self._say("speech.startDetected", {"Offset": self._ticks(event.start_seconds)})
                continue
            self._speech_start = None
            start, end = event.start_seconds, event.end_seconds
            samples = self._recording.samples(start, end)
            self._recording.forget(end)
            self._quiet_since = end
            line = self._conversation.line(samples, start, event.index)
            self._count += 1
            await self._results.put(_Utterance(line, start, end, samples))
            if self._count == self._most_utterances and not self._over:
                await self._end(heard_seconds=end)
                return

    @property
    def _most_utterances(self) -> int | None:
        return 1 if self._request.detection.is_single else self._behaviour.utterances_per_turn

    async def _end(self, *, heard_seconds: float) -> None:
        """End the turn. The audio up to here is answered; the client sends what comes after it again."""
        self._over = True
        if self._vad is not None and self._speech_start is not None:
            await self._heard(self._vad.end())
        if self._request.detection.is_single and self._count == 0:
            await self._perform(Send(self._answers.silence(self._span(self._acknowledged, self.now))))
        await self._results.put(None)
        self._tasks.append(asyncio.create_task(self._finish(heard_seconds, *self._tasks)))

    async def _finish(self, heard_seconds: float, *saying: asyncio.Task[None]) -> None:
        # The client ends the turn's audio at speech.endDetected and drops what comes after turn.end.
        await self._say("speech.endDetected", {"Offset": self._ticks(self.now)})
        await asyncio.gather(*saying)
        await self._say("turn.end", {}, self._acknowledging(heard_seconds))

    async def _interim(self) -> None:
        interval_ms = self._behaviour.interim_interval_ms
        start = self._speech_start
        if start is None or interval_ms is None or self.now < self._next_interim + interval_ms / 1000:
            return
        self._next_interim = self.now
        line = self._conversation.line(self._recording.samples(start, self.now), start, self._speech_index)
        await self._perform(Send(self._answers.interim(line, self.now - start, self._span(start, self.now))))

    async def _acknowledge(self) -> None:
        quiet = self._speech_start is None and self._answered == self._count
        long = self._speech_start is not None and self.now - self._speech_start >= _LONG_SPEECH_SECONDS
        if (quiet or long) and self.now - self._acknowledged >= self._behaviour.acknowledge_seconds:
            await self._say("audio.acknowledge", {}, self._acknowledging(self.now))

    async def _end_in_silence(self) -> None:
        quiet = self._speech_start is None and self._answered == self._count
        if self._over or not quiet or self.now - self._quiet_since < self._silence_limit_seconds:
            return
        if not self._request.detection.is_single:
            conversation = self._conversation
            # The service has been seen to use both forms.
            nothing = self._answers.nothing(
                self._span(self._quiet_since, self.now), entries=conversation.silent_turns % 2 == 1
            )
            conversation.silent_turns += 1
            await self._perform(Send(Message(nothing.path, self._acknowledging(self.now), nothing.body)))
        await self._end(heard_seconds=self.now)

    @property
    def _silence_limit_seconds(self) -> float:
        detection, own = self._request.detection, self._behaviour.silent_turn_seconds
        asked = detection.trailing_silence_seconds if self._count else detection.initial_silence_seconds
        if asked is not None:
            return asked
        if detection.is_single:
            return _SINGLE_SILENCE_SECONDS
        return math.inf if own is None else own

    async def _give_results(self) -> None:
        while (utterance := await self._results.get()) is not None:
            await asyncio.sleep(self._behaviour.recognition_delay_ms / 1000)
            faults = self._conversation.faults.of_next_utterance()
            voice = _Voice(utterance, faults) if self._is_voiced(utterance.line, faults) else None
            early = faults.get(EarlyVoice)
            if voice and early:
                await self._voices.put(voice)
                await voice.begun.wait()
            await self._give_result(utterance, faults)
            self._answered += 1
            if voice and not early:
                await self._voices.put(voice)
        await self._voices.put(None)

    async def _give_result(self, utterance: _Utterance, faults: UtteranceFaults) -> None:
        start, end = utterance.start_seconds, utterance.end_seconds
        headers = self._acknowledging(end)
        for action in self._answers.final(utterance.line, self._span(start, end), headers, faults):
            await self._perform(action)

    def _is_voiced(self, line: Line, faults: UtteranceFaults) -> bool:
        wanted = self._request.voiced_language is not None
        return wanted and line.translated and line.voiced and not faults.any(NoVoice, NoTranslation)

    async def _give_voices(self) -> None:
        stream_id = 0
        language = self._request.voiced_language or ""
        while (voice := await self._voices.get()) is not None:
            stream_id += 1
            utterance = voice.utterance
            samples = in_language(utterance.line.voices, language) or utterance.samples
            for action in voice_actions(samples, language, stream_id, self._behaviour, voice.faults):
                await self._perform(action, utterance)
                if isinstance(action, Send) and action.binary:
                    voice.begun.set()
            voice.begun.set()

    async def _perform(self, action: Action, utterance: _Utterance | None = None) -> None:
        match action:
            case Send(message, binary):
                headers = {
                    "X-RequestId": self._request.request_id,
                    "Content-Type": "application/json; charset=utf-8",
                    **message.headers,
                }
                await self._wire.send(Message(message.path, headers, message.body), binary)
            case SendGarbage():
                await self._wire.send_garbage()
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case CloseConnection(code):
                self._wire.drop(code)
                await asyncio.sleep(0)  # a stopped turn ends here
            case VoiceSent(voice):
                assert utterance is not None
                language = self._request.voiced_language or ""
                start, end = utterance.start_seconds, utterance.end_seconds
                self._spoken(Spoken(utterance.line.text, language, voice, start, end))

    async def _say(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        await self._perform(Send(Message(path, headers or {}, json_body(body))))

    def _acknowledging(self, seconds: float) -> dict[str, str]:
        self._acknowledged = max(self._acknowledged, seconds)
        return {
            "X-Continuation-Token": self._request.request_id,
            "X-Continuation-Audio-Streams-1-Offset": str(self._ticks(seconds)),
        }

    def _span(self, start: float, end: float) -> dict[str, Any]:
        return {"Offset": self._ticks(start), "Duration": round((end - start) * _TICKS_PER_SECOND)}

    def _ticks(self, seconds: float) -> int:
        return round((seconds - self._start) * _TICKS_PER_SECOND)
