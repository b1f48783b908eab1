"""One turn of the emulated service: audio in, results and voices out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from .conversation import Conversation, Spoken
from .faults import (
    DropInVoice,
    EarlyVoice,
    GarbageFrame,
    NoTranslation,
    NoVoice,
    SlowVoice,
    StallVoice,
    UtteranceFaults,
    VoiceError,
    VoiceNeverEnds,
    WrongRequestId,
)
from .listening import Heard, Listener, SpeechBegan
from .results import Results
from .script import Line, Voice
from .voices import voice_chunks
from .wire import Message, WireError, json_body

_TICKS_PER_SECOND = 10_000_000
_RIFF_HEADER_BYTES = 44
_DEFAULT_RATE_HZ = 16000
_SILENCE_KEPT_SECONDS = 1.0
"""Speech is found a little after it began; older silence is let go."""
_LONG_SPEECH_SECONDS = 30.0
"""So long an utterance is acknowledged in its middle: after 66 s the client would give up."""
_ERROR_AT = 0.5


class Wire(Protocol):
    """The client's connection."""

    async def send(self, message: Message, binary: bool) -> None: ...

    async def send_garbage(self) -> None:
        """Send a binary frame that is no message."""
        ...

    def drop(self, code: int | None) -> None:
        """Close with a WebSocket close code; None: reset."""
        ...


@dataclass(frozen=True)
class Request:
    """What the client asked for at the start of a turn (Azure's `speech.context`).

    `targets` is None where it only wants the words: the client is no TranslationRecognizer.
    """

    request_id: str
    targets: tuple[str, ...] | None
    voiced_language: str | None
    start_seconds: float

    @classmethod
    def parse(cls, message: Message) -> Request:
        """Read a `speech.context`.

        Raises:
            WireError: It has another shape than Azure's.
        """
        context = message.json()
        try:
            return cls._parse(message.request_id, context)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise WireError(f"{message.path} has another shape than Azure's") from error

    @classmethod
    def _parse(cls, request_id: str, context: dict[str, Any]) -> Request:
        translation = context.get("translation")
        voiced = context.get("synthesis", {}).get("synthesizedLanguages", [])
        wanted = (translation or {}).get("onSuccess", {}).get("action") == "Synthesize"
        streams = context.get("continuation", {}).get("audio", {}).get("streams", {})
        offset = int((streams.get("1") or {}).get("offset", 0))
        return cls(
            request_id,
            None if translation is None else tuple(translation.get("targetLanguages", ())),
            voiced[0] if wanted and voiced else None,
            offset / _TICKS_PER_SECOND,
        )


@dataclass(frozen=True)
class _Utterance:
    line: Line
    start_seconds: float
    end_seconds: float
    samples: Voice
    faults: UtteranceFaults
    voice_begun: asyncio.Event = field(default_factory=asyncio.Event)


class Turn:
    """Answers one turn of a session.

    Results and voices are sent by a task each, so that a result overtakes the voice of the
    utterance before it, as the service's do.

    Args:
        request: What the client wants.
        conversation: The session that the turn belongs to.
        wire: Where messages go.
        spoken: Called with each voice that was sent whole.
    """

    def __init__(
        self,
        request: Request,
        conversation: Conversation,
        wire: Wire,
        spoken: Callable[[Spoken], None],
    ) -> None:
        self._request = request
        self._conversation = conversation
        self._behaviour = conversation.behaviour
        self._wire = wire
        self._spoken = spoken
        self._answers = Results(request.targets)
        self._sample_rate = _DEFAULT_RATE_HZ
        self._listener: Listener | None = None
        self._audio = bytearray()
        self._audio_start = request.start_seconds
        self._speech_start: float | None = None
        self._speech_index: int | None = None
        self._next_interim = 0.0
        self._acknowledged = request.start_seconds
        self._count = 0
        self._answered = 0
        self._over = False
        self._results: asyncio.Queue[_Utterance | None] = asyncio.Queue()
        self._voices: asyncio.Queue[_Utterance | None] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._give_results()), asyncio.create_task(self._give_voices())]

    @property
    def now(self) -> float:
        """The position in the session's audio, in seconds."""
        return self._audio_start + len(self._audio) / 2 / self._sample_rate

    def retarget(self, languages: tuple[str, ...]) -> None:
        """Translate to these languages from now on."""
        self._answers.targets = languages

    async def start(self) -> None:
        await self._send("turn.start", {"context": {"serviceTag": self._request.request_id}})

    async def hear(self, payload: bytes) -> None:
        """Take an audio message of the client; an empty one ends the audio of the turn."""
        if self._over:
            return
        if not payload:
            await self._end()
            return
        if payload.startswith(b"RIFF"):
            self._sample_rate = _riff_rate(payload)
            payload = payload[_RIFF_HEADER_BYTES:]
        if self._listener is None:
            self._listener = self._conversation.listener(self._sample_rate, self._audio_start)
        self._audio += payload
        await self._heard(self._listener.hear(payload))
        if self._speech_start is None:
            self._forget(self.now - _SILENCE_KEPT_SECONDS)
        await self._interim()
        await self._acknowledge()

    async def aclose(self) -> None:
        """Stop at once, whatever is still to be said."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _heard(self, events: Iterator[Heard]) -> None:
        for event in events:
            if isinstance(event, SpeechBegan):
                self._speech_start, self._speech_index = event.start_seconds, event.index
                self._next_interim = event.start_seconds
                await self._send("speech.startDetected", {"Offset": self._ticks(event.start_seconds)})
                continue
            self._speech_start = None
            samples = self._take(event.start_seconds, event.end_seconds)
            line = self._conversation.line(samples, event.start_seconds, event.index)
            faults = self._conversation.faults.of_next_utterance()
            utterance = _Utterance(line, event.start_seconds, event.end_seconds, samples, faults)
            self._results.put_nowait(utterance)
            self._count += 1
            if self._count == self._behaviour.utterances_per_turn and not self._over:
                await self._end()
                return

    async def _end(self) -> None:
        self._over = True
        if self._listener is not None and self._speech_start is not None:
            await self._heard(self._listener.end())
        self._results.put_nowait(None)
        self._tasks.append(asyncio.create_task(self._finish()))

    async def _finish(self) -> None:
        # The client ends the turn's audio at speech.endDetected and drops what comes after turn.end.
        await self._send("speech.endDetected", {"Offset": self._ticks(self.now)})
        await asyncio.gather(*self._tasks[:2])
        await self._send("turn.end", {})

    async def _interim(self) -> None:
        interval_ms = self._behaviour.interim_interval_ms
        start = self._speech_start
        if start is None or interval_ms is None or self.now < self._next_interim + interval_ms / 1000:
            return
        self._next_interim = self.now
        line = self._conversation.line(self._samples(start, self.now), start, self._speech_index)
        body = self._answers.interim(line, self.now - start, self._span(start, self.now))
        await self._send_body(self._answers.path_of_interim, body)

    async def _acknowledge(self) -> None:
        quiet = self._speech_start is None and self._answered == self._count
        long = self._speech_start is not None and self.now - self._speech_start >= _LONG_SPEECH_SECONDS
        if (quiet or long) and self.now - self._acknowledged >= self._behaviour.acknowledge_seconds:
            await self._send("audio.acknowledge", {}, self._acknowledging(self.now))

    async def _give_results(self) -> None:
        while (utterance := await self._results.get()) is not None:
            await asyncio.sleep(self._behaviour.recognition_delay_ms / 1000)
            voiced = self._is_voiced(utterance)
            if voiced and utterance.faults.get(EarlyVoice):
                self._voices.put_nowait(utterance)
                await utterance.voice_begun.wait()
            await self._give_result(utterance)
            self._answered += 1
            if voiced and not utterance.faults.get(EarlyVoice):
                self._voices.put_nowait(utterance)
        self._voices.put_nowait(None)

    async def _give_result(self, utterance: _Utterance) -> None:
        span = self._span(utterance.start_seconds, utterance.end_seconds)
        body = self._answers.final(utterance.line, span, utterance.faults)
        path, headers = self._answers.path_of_final, self._acknowledging(utterance.end_seconds)
        if utterance.faults.get(GarbageFrame):
            await self._wire.send_garbage()
        if utterance.faults.get(WrongRequestId):
            await self._send_body(path, body, {**headers, "X-RequestId": "0" * 32})
        await self._send_body(path, body, headers)

    def _is_voiced(self, utterance: _Utterance) -> bool:
        line, faults = utterance.line, utterance.faults
        silenced = faults.get(NoVoice) or faults.get(NoTranslation)
        wanted = self._request.voiced_language is not None
        return wanted and line.translated and line.voiced and not silenced

    async def _give_voices(self) -> None:
        stream_id = 0
        while (utterance := await self._voices.get()) is not None:
            stream_id += 1
            await self._give_voice(utterance, {"X-StreamId": str(stream_id)})

    async def _give_voice(self, utterance: _Utterance, stream: dict[str, str]) -> None:
        language = self._request.voiced_language or ""
        faults = utterance.faults
        voice = utterance.line.voices.get(language, utterance.samples)
        chunks = list(voice_chunks(voice, self._behaviour, faults))
        await asyncio.sleep(self._behaviour.voice_delay_ms / 1000)
        if slow := faults.get(SlowVoice):
            await asyncio.sleep(slow.seconds)
        await self._send("audio.start", {"TranslationLanguage": language}, stream)
        for number, chunk in enumerate(chunks):
            if (drop := faults.get(DropInVoice)) and number == int(drop.after * len(chunks)):
                self._wire.drop(drop.code)
                return
            if (stall := faults.get(StallVoice)) and number == int(stall.after * len(chunks)):
                await asyncio.sleep(stall.seconds)
            if faults.get(VoiceError) and number == int(_ERROR_AT * len(chunks)):
                await self._send("audio.end", {"Status": "Error"}, stream)
                return
            await self._wire.send(Message("audio", self._headers(stream), chunk), True)
            utterance.voice_begun.set()
            if self._behaviour.voice_speed is not None:
                seconds = len(chunk) / 2 / voice.sample_rate
                await asyncio.sleep(seconds / self._behaviour.voice_speed)
        utterance.voice_begun.set()
        if not faults.get(VoiceNeverEnds):
            await self._send("audio.end", {"Status": "Success"}, stream)
        start, end = utterance.start_seconds, utterance.end_seconds
        self._spoken(Spoken(utterance.line.text, language, voice, start, end))

    async def _send(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        await self._send_body(path, json_body(body), headers)

    async def _send_body(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        await self._wire.send(Message(path, self._headers(headers), body), False)

    def _headers(self, extra: dict[str, str] | None) -> dict[str, str]:
        return {
            "X-RequestId": self._request.request_id,
            "Content-Type": "application/json; charset=utf-8",
            **(extra or {}),
        }

    def _acknowledging(self, seconds: float) -> dict[str, str]:
        self._acknowledged = max(self._acknowledged, seconds)
        return {
            "X-Continuation-Token": self._request.request_id,
            "X-Continuation-Audio-Streams-1-Offset": str(self._ticks(seconds)),
        }

    def _span(self, start: float, end: float) -> dict[str, Any]:
        return {"Offset": self._ticks(start), "Duration": round((end - start) * _TICKS_PER_SECOND)}

    def _ticks(self, seconds: float) -> int:
        return round((seconds - self._request.start_seconds) * _TICKS_PER_SECOND)

    def _take(self, start: float, end: float) -> Voice:
        """The samples of an utterance; what was heard until its end is let go."""
        samples = self._samples(start, end)
        self._forget(end)
        return samples

    def _samples(self, start: float, end: float) -> Voice:
        first, last = (max(0, self._byte(seconds)) for seconds in (start, end))
        return Voice(bytes(self._audio[first:last]), self._sample_rate)

    def _forget(self, until: float) -> None:
        size = min(len(self._audio), max(0, self._byte(until)))
        del self._audio[:size]
        self._audio_start += size / 2 / self._sample_rate

    def _byte(self, seconds: float) -> int:
        return round((seconds - self._audio_start) * self._sample_rate) * 2


def _riff_rate(payload: bytes) -> int:
    rate = int.from_bytes(payload[24:28], "little")
    if len(payload) < _RIFF_HEADER_BYTES or rate == 0:
        raise WireError("a RIFF header is cut off, or tells no sample rate")
    return rate
