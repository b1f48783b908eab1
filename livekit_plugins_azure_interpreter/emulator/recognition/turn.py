"""One turn of the emulated service: audio in, results and voices out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..faults import EndWithoutOffset, ErrorName
from ..faults.schedule import TurnFaults, UtteranceFaults
from ..script import Line
from ..spoken import Spoken
from ..transport.wire import Message, json_body
from .acknowledgement import Acknowledgement
from .actions import Action, CloseConnection, Pause, Send, SendGarbage
from .conversation import Conversation
from .phrases import PhraseMessages
from .speaking import Speaking, Utterance
from .speech_context import LanguageChange, SpeechContext
from .turn_audio import TurnAudio
from .vad import SpeechBegan, Vad, VadEvent

_SILENCE_KEPT_SECONDS = 1.0
"""Speech is found a little after it began; older silence is dropped."""
_LONG_SPEECH_SECONDS = 30.0
"""An utterance of this length is acknowledged in its middle: after 66 s the client would give up."""
_MOST_WAITING = 100
"""The number of unanswered utterances at which no more audio is read."""
_NO_FAULTS = TurnFaults()


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
class _EmptyCommit:
    """A client's wish to end an utterance while nothing was said."""

    token: str
    at_seconds: float


class Turn:
    """Answers one turn of a session.

    One task sends the results and others the voices, so that a result overtakes the voice of the
    utterance before it, as in the service.

    Args:
        request: The client's request.
        conversation: The session that the turn belongs to.
        wire: Takes the messages.
        spoken: Called with each voice that was sent completely.
        faults: What goes wrong with the turn as a whole.
    """

    def __init__(
        self,
        request: SpeechContext,
        conversation: Conversation,
        wire: Wire,
        spoken: Callable[[Spoken], None],
        faults: TurnFaults = _NO_FAULTS,
    ) -> None:
        self._request = request
        self._conversation = conversation
        self._behaviour = conversation.behaviour
        self._wire = wire
        self._faults = faults
        self._answers = PhraseMessages(
            request.targets,
            detailed=request.detailed,
            word_timings=request.word_timings,
            speakers=request.speakers,
            revisions=self._behaviour.revisions,
        )
        self._voiced_languages = request.voiced_languages
        self._start = conversation.now if request.start_seconds is None else request.start_seconds
        self._recording = TurnAudio(self._start)
        self._acknowledgement = Acknowledgement(self._behaviour.acknowledges, request.request_id, self._start)
        self._vad: Vad | None = None
        self._speech_start: float | None = None
        self._speech_index: int | None = None
        self._next_interim = 0.0
        self._quiet_since = self._start
        self._count = 0
        self._answered = 0
        self._over = False
        self._results: asyncio.Queue[Utterance | _EmptyCommit | None] = asyncio.Queue(_MOST_WAITING)
        self._speaking = Speaking(self._behaviour, self._perform, spoken)
        self._giving = asyncio.create_task(self._give_results())
        self._finishing: asyncio.Task[None] | None = None

    @property
    def now(self) -> float:
        """The position in the session's audio, in seconds."""
        return self._recording.now

    @property
    def is_done(self) -> bool:
        """Whether everything is sent."""
        return all(task.done() for task in self._tasks)

    @property
    def _tasks(self) -> list[asyncio.Task[None]]:
        finishing = [] if self._finishing is None else [self._finishing]
        return [self._giving, *self._speaking.tasks, *finishing]

    def retarget(self, change: LanguageChange) -> None:
        """Translate, and speak if the client says so, what ends from now on in other languages."""
        if self._answers.targets is None:
            return
        self._answers = replace(self._answers, targets=change.targets)
        voiced = self._voiced_languages if change.voiced_languages is None else change.voiced_languages
        self._voiced_languages = tuple(language for language in voiced if language in change.targets)

    async def start(self) -> None:
        context = {"context": {"serviceTag": self._request.request_id}}
        await self._say("turn.start", context, self._acknowledgement.opening())

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
            self._vad = self._conversation.vad(rate, self._start, self._request.detection)
        await self._heard(self._vad.hear(pcm))
        if self._speech_start is None:
            self._recording.forget(self.now - _SILENCE_KEPT_SECONDS)
        await self._interim()
        await self._acknowledge()
        await self._end_in_silence()

    async def commit(self, token: str) -> None:
        """End the utterance that is being said, and answer with the client's token, also if there is none."""
        if self._over:
            return
        if self._vad is not None and self._speech_start is not None:
            await self._heard(self._vad.end(), token)
        else:
            await self._results.put(_EmptyCommit(token, self.now))

    async def fail(self, status: ErrorName) -> None:
        """Send the client an error instead of a result. It is the last message."""
        self.stop()
        unanswered = self._acknowledgement.span(self._acknowledgement.until, self.now)
        await self._perform(Send(self._answers.error(status, unanswered)))

    def stop(self) -> None:
        """Send nothing more, and hear nothing."""
        self._over = True
        for task in self._tasks:
            task.cancel()

    async def aclose(self) -> None:
        """Stop, and wait for it."""
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _heard(self, events: Iterator[VadEvent], commit_token: str = "") -> None:
        for event in events:
            if isinstance(event, SpeechBegan):
                self._speech_start, self._speech_index = event.start_seconds, event.index
                self._next_interim = event.start_seconds
                offset = self._acknowledgement.ticks(event.start_seconds)
                await self._say("speech.startDetected", {"Offset": offset})
                continue
            self._speech_start = None
            start, end = event.start_seconds, event.end_seconds
            samples = self._recording.samples(start, end)
            self._recording.forget(end)
            self._quiet_since = end
            line = self._conversation.line(samples, start, event.index)
            self._count += 1
            targets, spoken = self._answers.targets, self._spoken_languages(line)
            await self._results.put(Utterance(line, start, end, samples, targets, spoken, commit_token))
            if self._count == self._most_utterances and not self._over:
                await self._end(heard_seconds=end)
                return

    def _spoken_languages(self, line: Line) -> tuple[str, ...]:
        if not (line.translated and line.voiced):
            return ()
        return self._voiced_languages[: 1 if self._behaviour.several_voices == "first" else None]

    @property
    def _most_utterances(self) -> int | None:
        return 1 if self._request.detection.is_single else self._behaviour.utterances_per_turn

    async def _end(self, *, heard_seconds: float) -> None:
        """End the turn. The audio up to here is answered; the client sends what comes after it again."""
        self._over = True
        if self._vad is not None and self._speech_start is not None:
            await self._heard(self._vad.end())
        if self._request.detection.is_single and self._count == 0:
            unanswered = self._acknowledgement.span(self._acknowledgement.until, self.now)
            await self._perform(Send(self._answers.silence(unanswered)))
        await self._results.put(None)
        self._finishing = asyncio.create_task(self._finish(heard_seconds))

    async def _finish(self, heard_seconds: float) -> None:
        # The client ends the turn's audio at speech.endDetected and drops what comes after turn.end.
        end = {} if self._faults.get(EndWithoutOffset) else {"Offset": self._acknowledgement.ticks(self.now)}
        await self._say("speech.endDetected", end)
        await asyncio.gather(self._giving)
        await asyncio.gather(*self._speaking.tasks)
        await self._say("turn.end", {}, self._acknowledgement.up_to(heard_seconds))

    async def _interim(self) -> None:
        interval_ms = self._behaviour.interim_interval_ms
        start = self._speech_start
        if start is None or interval_ms is None or self.now < self._next_interim + interval_ms / 1000:
            return
        self._next_interim = self.now
        line = self._conversation.line(self._recording.samples(start, self.now), start, self._speech_index)
        span = self._acknowledgement.span(start, self.now)
        await self._perform(Send(self._answers.interim(line, self.now - start, span)))

    async def _acknowledge(self) -> None:
        long = self._speech_start is not None and self.now - self._speech_start >= _LONG_SPEECH_SECONDS
        since = self.now - self._acknowledgement.until
        if not (self._is_quiet or long) or since < self._behaviour.acknowledge_seconds:
            return
        if headers := self._acknowledgement.up_to(self.now):
            await self._say("audio.acknowledge", {}, headers)

    @property
    def _is_quiet(self) -> bool:
        return self._speech_start is None and self._answered == self._count

    async def _end_in_silence(self) -> None:
        detection, quiet_seconds = self._request.detection, self.now - self._quiet_since
        limit = detection.silence_seconds(self._behaviour.silent_turn_seconds, has_heard=self._count > 0)
        if self._over or not self._is_quiet or quiet_seconds < limit:
            return
        if not detection.is_single:
            conversation = self._conversation
            # The service has been seen to use both forms.
            nothing = self._answers.nothing(
                self._acknowledgement.span(self._quiet_since, self.now),
                entries=conversation.silent_turns % 2 == 1,
            )
            conversation.silent_turns += 1
            headers = self._acknowledgement.up_to(self.now)
            await self._perform(Send(Message(nothing.path, headers, nothing.body)))
        await self._end(heard_seconds=self.now)

    async def _give_results(self) -> None:
        while (utterance := await self._results.get()) is not None:
            if isinstance(utterance, _EmptyCommit):
                span = self._acknowledgement.span(utterance.at_seconds, utterance.at_seconds)
                await self._perform(Send(self._answers.no_match(span, utterance.token)))
                continue
            await asyncio.sleep(self._behaviour.recognition_delay_ms / 1000)
            faults = self._conversation.faults.of_next_utterance(utterance.voiced_languages)
            await self._speaking.say_early(utterance, faults)
            await self._give_result(utterance, faults)
            self._answered += 1
            await self._speaking.say(utterance, faults)
        await self._speaking.finish()

    async def _give_result(self, utterance: Utterance, faults: UtteranceFaults) -> None:
        span = self._acknowledgement.span(utterance.start_seconds, utterance.end_seconds)
        headers = self._acknowledgement.up_to(utterance.end_seconds)
        # The client may have asked for other languages since.
        answers = replace(self._answers, targets=utterance.targets)
        for action in answers.final(
            utterance.line, span, headers, faults, commit_token=utterance.commit_token
        ):
            await self._perform(action)

    async def _perform(self, action: Action) -> None:
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

    async def _say(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        await self._perform(Send(Message(path, headers or {}, json_body(body))))
