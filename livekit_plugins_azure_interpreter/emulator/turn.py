"""One turn of the emulated service: audio in, results and voices out."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .conversation import Behaviour, Conversation, Spoken
from .listening import Heard, Listener, SpeechBegan
from .script import Line, Voice
from .wire import Message, WireError

_TICKS_PER_SECOND = 10_000_000
_RIFF_HEADER_BYTES = 44
_DEFAULT_RATE_HZ = 16000
_SILENCE_KEPT_SECONDS = 1.0
"""Speech is found a little after it began; older silence is let go."""

Send = Callable[[Message, bool], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """What the client asked for at the start of a turn (Azure's `speech.context`)."""

    request_id: str
    targets: tuple[str, ...]
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
        translation = context.get("translation", {})
        voiced = context.get("synthesis", {}).get("synthesizedLanguages", [])
        wanted = translation.get("onSuccess", {}).get("action") == "Synthesize"
        streams = context.get("continuation", {}).get("audio", {}).get("streams", {})
        offset = int((streams.get("1") or {}).get("offset", 0))
        return cls(
            request_id,
            tuple(translation.get("targetLanguages", ())),
            voiced[0] if wanted and voiced else None,
            offset / _TICKS_PER_SECOND,
        )


@dataclass(frozen=True)
class _Utterance:
    line: Line
    start_seconds: float
    end_seconds: float
    samples: Voice


class Turn:
    """Answers one turn of a session.

    Results and voices are sent by a task each, so that a result overtakes the voice of the
    utterance before it, as the service's do.

    Args:
        request: What the client wants.
        conversation: The session that the turn belongs to.
        behaviour: How the service behaves.
        send: Puts a message on the wire; the flag asks for a binary frame.
        spoken: Called with each voice that was sent whole.
    """

    def __init__(
        self,
        request: Request,
        conversation: Conversation,
        behaviour: Behaviour,
        send: Send,
        spoken: Callable[[Spoken], None],
    ) -> None:
        self._request = request
        self.targets = request.targets
        self._conversation = conversation
        self._behaviour = behaviour
        self._send_message = send
        self._spoken = spoken
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
            self._forget(self._now - _SILENCE_KEPT_SECONDS)
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
            line = self._conversation.line(event.start_seconds, event.index)
            samples = self._take(event.start_seconds, event.end_seconds)
            self._results.put_nowait(_Utterance(line, event.start_seconds, event.end_seconds, samples))
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
        await self._send("speech.endDetected", {"Offset": self._ticks(self._now)})
        await asyncio.gather(*self._tasks[:2])
        await self._send("turn.end", {})

    async def _interim(self) -> None:
        interval_ms = self._behaviour.interim_interval_ms
        start = self._speech_start
        if start is None or interval_ms is None or self._now < self._next_interim + interval_ms / 1000:
            return
        self._next_interim = self._now
        line = self._conversation.line(start, self._speech_index)
        words = max(1, int((self._now - start) * 2.5))
        phrase = {"Text": " ".join(line.text.split()[:words]), **self._span(line, start, self._now)}
        texts = [
            {"Language": target, "Text": " ".join(line.translation(target).split()[:words])}
            for target in self.targets
        ]
        await self._send(
            "translation.response",
            {"SpeechHypothesis": phrase, "TranslationStatus": "Success", "Translations": texts},
        )

    async def _acknowledge(self) -> None:
        quiet = self._speech_start is None and self._answered == self._count
        if quiet and self._now - self._acknowledged >= self._behaviour.acknowledge_seconds:
            await self._send("audio.acknowledge", {}, self._acknowledging(self._now))

    async def _give_results(self) -> None:
        while (utterance := await self._results.get()) is not None:
            await asyncio.sleep(self._behaviour.recognition_delay_ms / 1000)
            line = utterance.line
            phrase = {
                "RecognitionStatus": "Success",
                "DisplayText": line.text,
                **self._span(line, utterance.start_seconds, utterance.end_seconds),
            }
            translated: dict[str, Any] = {"TranslationStatus": "Error", "FailureReason": "no translation"}
            if line.translated:
                translated = {"TranslationStatus": "Success"}
            translated["Translations"] = [
                {"Language": target, "DisplayText": line.translation(target)}
                for target in self.targets
                if line.translated
            ]
            headers = self._acknowledging(utterance.end_seconds)
            await self._send("translation.response", {"SpeechPhrase": phrase, **translated}, headers)
            self._answered += 1
            if line.translated and line.voiced and self._request.voiced_language is not None:
                self._voices.put_nowait(utterance)
        self._voices.put_nowait(None)

    async def _give_voices(self) -> None:
        stream_id = 0
        language = self._request.voiced_language or ""
        while (utterance := await self._voices.get()) is not None:
            stream_id += 1
            stream = {"X-StreamId": str(stream_id)}
            voice = utterance.line.voices.get(language, utterance.samples)
            await asyncio.sleep(self._behaviour.voice_delay_ms / 1000)
            await self._send("audio.start", {"TranslationLanguage": language}, stream)
            for chunk in _chunks(voice, self._behaviour):
                await self._send_message(Message("audio", self._headers(stream), chunk), True)
                if self._behaviour.voice_speed is not None:
                    seconds = len(chunk) / 2 / voice.sample_rate
                    await asyncio.sleep(seconds / self._behaviour.voice_speed)
            await self._send("audio.end", {"Status": "Success"}, stream)
            start, end = utterance.start_seconds, utterance.end_seconds
            self._spoken(Spoken(utterance.line.text, language, voice, start, end))

    async def _send(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body, ensure_ascii=False).encode()
        await self._send_message(Message(path, self._headers(headers), content), False)

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

    def _span(self, line: Line, start: float, end: float) -> dict[str, Any]:
        return {
            "Offset": self._ticks(start),
            "Duration": round((end - start) * _TICKS_PER_SECOND),
            "PrimaryLanguage": {"Language": line.language, "Confidence": "High"},
        }

    @property
    def _now(self) -> float:
        return self._audio_start + len(self._audio) / 2 / self._sample_rate

    def _ticks(self, seconds: float) -> int:
        return round((seconds - self._request.start_seconds) * _TICKS_PER_SECOND)

    def _take(self, start: float, end: float) -> Voice:
        """The samples of an utterance; what was heard until its end is let go."""
        first, last = (max(0, self._byte(seconds)) for seconds in (start, end))
        samples = bytes(self._audio[first:last])
        self._forget(end)
        return Voice(samples, self._sample_rate)

    def _forget(self, until: float) -> None:
        size = min(len(self._audio), max(0, self._byte(until)))
        del self._audio[:size]
        self._audio_start += size / 2 / self._sample_rate

    def _byte(self, seconds: float) -> int:
        return round((seconds - self._audio_start) * self._sample_rate) * 2


def _chunks(voice: Voice, behaviour: Behaviour) -> Iterator[bytes]:
    header = riff_header(voice.sample_rate)
    for at in range(0, len(voice.pcm), behaviour.chunk_bytes):
        chunk = voice.pcm[at : at + behaviour.chunk_bytes]
        with_header = behaviour.riff == "every" or (behaviour.riff == "first" and at == 0)
        yield header + chunk if with_header else chunk


def _riff_rate(payload: bytes) -> int:
    rate = int.from_bytes(payload[24:28], "little")
    if len(payload) < _RIFF_HEADER_BYTES or rate == 0:
        raise WireError("a RIFF header is cut off, or tells no sample rate")
    return rate


def riff_header(sample_rate: int) -> bytes:
    """A RIFF header as streaming services send it: the sizes are not known yet, and 0."""
    fmt = struct.pack("<HHIIHH", 1, 1, sample_rate, sample_rate * 2, 2, 16)
    return b"RIFF" + bytes(4) + b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + bytes(4)
