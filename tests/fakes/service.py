"""A simulated Azure Speech service behind the port: it listens to the audio that it is given.

Silence is zeros, speech names its utterance by its value. What is reported comes from a real thread,
when the schedule says; what goes wrong, and when, is the schedule's too.
"""

from __future__ import annotations

import itertools
import random
import struct
from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np

from livekit_plugins_azure_interpreter._sdk.events import (
    Connected,
    Disconnected,
    Event,
    Failed,
    Finished,
    MessageReceived,
    NothingRecognized,
    RawPhrase,
    Recognized,
    Recognizing,
    SpeechStarted,
    SpeechStopped,
    VoiceChunk,
    VoiceCompleted,
)
from livekit_plugins_azure_interpreter.credentials import TokenError
from livekit_plugins_azure_interpreter.options import Options

from .azure import phrase
from .clock import VirtualLoop
from .recognizer import FakeRecognizer, FakeService
from .schedule import LOUDEST_SAMPLE, RATE, VOICE_TIMEOUT_SECONDS, Fault, Said, Schedule, Voice

_BYTES_PER_SECOND = 2 * RATE
_MOST_FAILURES = 3
"""In a row: what an AgentSession's options (max_retry=3) survive."""
_LATE_SECONDS = 0.7
_ACKNOWLEDGED_SECONDS = 1.0
_HEADER = struct.pack(
    "<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16, b"data", 0
)


class SimulatedRecognizer(FakeRecognizer):
    """One attempt: the SDK's recognizer, and the service at the other end of its connections."""

    _service: SimulatedService

    def __init__(self, service: SimulatedService, options: Options, post: Callable[[Event], None]) -> None:
        super().__init__(service, options, post)
        self.number = len(service.recognizers)
        self.connected = self.over = self.mute = False
        self._loop = service.loop
        self._schedule = service.schedule
        self._rng = random.Random(f"{service.schedule.seed} {self.number}")
        self._connection = itertools.count(1)
        self._current = 0
        self._covered = 0
        self._forget()

    def _forget(self) -> None:
        """Nothing of an earlier connection goes on."""
        self._current = next(self._connection)
        self._hearing: Said | None = None
        self._heard_from = self._heard_bytes = self._silent_bytes = 0
        self._heard_at = 0.0
        self._last_final_at = 0.0
        self._finals_due = 0
        self._starts = self._ends = 0
        self._next_voice_at = self._voices_until = self._unfinished_until = 0.0
        self._voices: dict[int, tuple[int, bool]] = {}
        self._in_doubt = False

    # The port

    def start(self) -> None:
        self._enter("start")
        self.started = True
        delay = self._rng.uniform(0.02, 0.3)
        if self._service.unconnected:
            self._service.unconnected -= 1
            self._after(delay, partial(self.fail, self._service.codes.pop(0)))
        else:
            self._connect_after(delay)

    def write(self, pcm: bytes) -> None:
        super().write(pcm)
        if self.connected:
            self._hear(pcm)

    def end_audio(self) -> None:
        self.audio_ended = True
        if self.connected:
            self._end_of_audio()
        self._service.reached("draining", self)

    def close(self) -> None:
        super().close()
        if not self.over:
            # Not by itself: the package gave it up, or was closed.
            self._service.failures += 1
            self._spoil()
        self.over = True
        if self._schedule.late_callbacks:
            self._loop.happen(_LATE_SECONDS, self._forget)
        else:
            self._forget()

    # Connections

    def drop(self) -> None:
        """The connection is lost; the SDK connects again by itself, and replays."""
        if self.connected:
            self._spoil()
            self.connected = False
            self._forget()
            self._report(Disconnected())
        self._connect_after(0.25)

    def fail(self, code: str) -> None:
        """The SDK gives up."""
        if self.over:
            return
        self._spoil()
        self._service.failures += 1
        self._report(Failed(code, "as scheduled"))
        self.over = True
        self.connected = False
        if not self._schedule.late_callbacks:
            self._forget()

    def _connect_after(self, delay: float) -> None:
        away = self._service.away_until - self._loop.time()
        if away < self.options.reconnect_seconds - 0.5:
            self._after(max(delay, away + self._rng.uniform(0.0, 0.25)), self._connected)
        else:
            self._after(self.options.reconnect_seconds, partial(self.fail, "ConnectionFailure"))

    def _connected(self) -> None:
        if self.over:
            return
        self.connected = True
        self._report(Connected())
        self._heard_at = self._loop.time()
        self._heard_bytes = self._covered
        self._hear(bytes(self.written[self._covered :]))
        if self.audio_ended:
            self._end_of_audio()

    # What is heard

    def _hear(self, pcm: bytes) -> None:
        samples = np.frombuffer(pcm, dtype=np.int16)
        edges = np.flatnonzero(samples[1:] != samples[:-1]) + 1
        for start, end in itertools.pairwise([0, *edges.tolist(), len(samples)]):
            if end > start:
                self._hear_run(int(samples[start]), 2 * (end - start))

    def _hear_run(self, value: int, size: int) -> None:
        begin = self._heard_bytes
        self._heard_bytes += size
        pace = size / _BYTES_PER_SECOND / self._schedule.upload_speed
        self._heard_at = max(self._loop.time(), self._heard_at + pace)
        said = self._schedule.said[value - LOUDEST_SAMPLE] if value else None
        if said is None:
            self._silent_bytes += size
            if self._silent_bytes >= self._schedule.segmentation * _BYTES_PER_SECOND:
                self._utterance_ended(begin + size - self._silent_bytes)
            return
        if said is not self._hearing:
            self._utterance_ended(begin - self._silent_bytes)
            self._utterance_began(said, begin)
        self._silent_bytes = 0

    def _utterance_began(self, said: Said, begin: int) -> None:
        self._hearing, self._heard_from = said, begin
        delay = self._heard_at - self._loop.time()
        # Before its own final, and mostly after the final before.
        after_final = self._last_final_at + 0.001 - self._loop.time()
        patient = self._rng.random() < 0.7
        start = max(delay, after_final) if patient else delay + self._rng.uniform(0.0, 0.04)
        self._after(start, partial(self._started, said, begin))
        for index in range(said.interims):
            self._after(delay + 0.3 * (index + 1), partial(self._interim, said, begin))

    def _started(self, said: Said, begin: int) -> None:
        if not (self._schedule.once_per_turn and self._starts):
            self._report(SpeechStarted(begin / _BYTES_PER_SECOND))
        self._starts += 1
        self._service.reached("speech", self, said.number)

    def _interim(self, said: Said, begin: int) -> None:
        if self._hearing is said:
            interim = phrase("wor", said.text[:3], offset=begin / _BYTES_PER_SECOND, duration=0.2)
            self._report(Recognizing(interim))

    def _utterance_ended(self, end: int) -> None:
        said, self._hearing = self._hearing, None
        if said is None:
            return
        now = self._loop.time()
        final_at = max(self._heard_at + said.latency, self._last_final_at + 0.005)
        voice = self._service.voice_of(said)
        if voice.fault == "early" and said.translated and not self._finals_due:
            begin = max(now, final_at - voice.wait)
            if self._next_voice_at + 0.02 < begin < final_at:
                self._service.count("voice early")
                self._after(begin - now, partial(self._speak, said, voice, early=True))
        self._last_final_at = final_at
        self._finals_due += 1
        self._after(final_at - now, partial(self._final, said, self._heard_from, end, voice))

    def _final(self, said: Said, begin: int, end: int, voice: Voice) -> None:
        self._finals_due -= 1
        self._covered = end
        ends = not self._schedule.once_per_turn
        before = ends and self._rng.random() < 0.5
        stopped = SpeechStopped(end / _BYTES_PER_SECOND)
        if before:
            self._report(stopped)
        texts = {"fr": said.text} if said.translated else {}
        source = f"Words {said.number}." if said.translated else said.text
        self._report_final(
            phrase(
                source,
                texts,
                offset=begin / _BYTES_PER_SECOND,
                duration=(end - begin) / _BYTES_PER_SECOND,
            )
        )
        if ends and not before:
            self._report(stopped)
        if not self.closed and not self.mute and not self.over:
            self._service.recognized(said.number)
        if said.translated and said.number not in self._voices:
            self._speak(said, voice)
        self._service.reached("due", self, said.number)

    def _report_final(self, final: RawPhrase) -> None:
        self._report(Recognized(final))

    def _end_of_audio(self) -> None:
        self._utterance_ended(self._heard_bytes - self._silent_bytes)
        self._after(self._heard_at - self._loop.time() + 0.1, self._finish)

    def _finish(self) -> None:
        until = max(self._voices_until, self._last_final_at) + 0.1
        if self._finals_due or self._loop.time() < until:
            self._after(max(0.1, until - self._loop.time()), self._finish)
            return
        if self._schedule.once_per_turn and self._starts:
            self._report(SpeechStopped(self._heard_bytes / _BYTES_PER_SECOND))
        self._spoil()
        self._report(Finished())
        self.over = not self.mute

    # What is spoken

    def _speak(self, said: Said, voice: Voice, *, early: bool = False) -> None:
        """Send its voice after those before it."""
        number, now, rng = said.number, self._loop.time(), self._rng
        self._voices[number] = (0, False)
        is_next_at = max(now, self._next_voice_at, self._unfinished_until)
        self._unfinished_until = 0.0
        fault = self._possible(said.number, voice.fault)
        chunks = self._chunks(said, voice, rng)
        begin = now if early else max(now + voice.delay, self._next_voice_at + rng.uniform(0.0, 0.2))
        # Nothing but order ties a voice to its utterance. So where one is missing, or its end, the next
        # goes on only when the utterance must have been given up: it could not be told from this one.
        until_given_up = VOICE_TIMEOUT_SECONDS + 0.5
        if fault == "missing" or (fault == "empty" and self._schedule.headers == "none"):
            self._next_voice_at = is_next_at + until_given_up
            return
        if fault == "late":
            begin = is_next_at + voice.wait
        elif fault == "overdue":
            begin = is_next_at + VOICE_TIMEOUT_SECONDS + voice.wait
        elif fault == "empty":
            chunks = [_HEADER]
        at = begin
        for index, chunk in enumerate(chunks):
            if index == voice.at and fault in ("stalled", "stuck"):
                at += max(0.0, voice.wait - voice.pace)
            elif index == voice.at and fault == "spurious":
                self._after(at - now, partial(self._report, VoiceCompleted()))
                at += voice.wait
            self._after(at - now, partial(self._chunk, said, chunk, index, len(chunks)))
            at += voice.pace
        if fault == "unfinished":
            self._voices_until = at
            self._unfinished_until = at + VOICE_TIMEOUT_SECONDS
            # Where headers begin voices only, the next one tells that this one is over.
            self._next_voice_at = at if self._schedule.headers == "first" else at + until_given_up
            return
        at += rng.choice([0.0, rng.uniform(0.0, 0.3)])
        self._after(at - now, partial(self._completed, said, len(chunks)))
        self._next_voice_at = self._voices_until = at

    def _possible(self, number: int, fault: str) -> str:
        """The fault of a voice, unless it is one that cannot be told; and what it may cost."""
        headers = self._schedule.headers
        if fault == "spurious" and headers != "first":
            # Only where a header begins each voice, and no chunk within, is the rest seen to be the rest.
            fault = ""
        if fault in ("late", "overdue") and self._in_doubt:
            # After a voice that nobody got the next ones come with the usual latency: a quiet that is
            # longer is taken to mean that nothing of before is still to come.
            fault = ""
        if fault and fault != "early":
            self._service.count(f"voice {fault}")
        if fault in ("missing", "overdue", "stuck", "unfinished", "empty"):
            self._service.may_be_lost.add(number)
            told = {"empty": headers != "none", "unfinished": headers == "first"}
            self._in_doubt |= not told.get(fault, False)
        if fault in ("stuck", "unfinished"):
            self._service.may_be_cut.add(number)
        return fault

    def _chunks(self, said: Said, voice: Voice, rng: random.Random) -> list[bytes]:
        pcm, headers = said.pcm, self._schedule.headers
        # Of 10 ms at least; a chunk may end amid a sample, where no header follows.
        odd = 0 if headers == "every" else rng.choice([0, 1])
        cuts = sorted(cut + odd for cut in rng.sample(range(320, len(pcm) - 320, 320), voice.chunks - 1))
        pieces = [pcm[start:end] for start, end in itertools.pairwise([0, *cuts, len(pcm)])]
        if headers == "every":
            return [_HEADER + piece for piece in pieces]
        if headers == "first":
            pieces[0] = _HEADER + pieces[0]
        return pieces

    def _chunk(self, said: Said, chunk: bytes, index: int, count: int) -> None:
        self._voices[said.number] = (index + 1, False)
        self._report(VoiceChunk(chunk))
        self._service.reached("voice", self, said.number, share=(index + 1) / count)

    def _completed(self, said: Said, count: int) -> None:
        self._voices[said.number] = (count, True)
        self._report(VoiceCompleted())
        if self._in_doubt:
            self._service.may_be_lost.add(said.number)

    def _spoil(self) -> None:
        """Voices that are due or under way are lost without a word."""
        for number, (chunks, completed) in self._voices.items():
            if not completed:
                self._service.may_be_lost.add(number)
                if chunks:
                    self._service.may_be_cut.add(number)

    # Reporting

    def nothing_recognized(self) -> None:
        if self.connected and self._hearing is None and not self._finals_due:
            self._service.count("nothing recognized")
            self._report(NothingRecognized())

    def _report(self, event: Event) -> None:
        if self.mute or (self.over and not self._schedule.late_callbacks):
            return
        if self._service.note(self, event):
            self.post(MessageReceived())
        self.post(event)

    def _after(self, delay: float, what: Callable[[], None]) -> None:
        connection = self._current

        def happen() -> None:
            if connection == self._current:
                what()

        self._loop.happen(delay, happen)


class SimulatedService(FakeService):
    """Opens simulated recognizers; give it to `STT(_open_recognizer=...)`.

    Attributes:
        away_until: Nobody can connect before.
        unconnected, refused: How many of the next attempts fail.
        failures: How many attempts have failed since the last final.
        may_be_lost: The utterances whose voice something happened to.
        may_be_cut: Those of them whose voice had begun.
        happened: What went wrong, by kind.
    """

    recognizer: type[SimulatedRecognizer] = SimulatedRecognizer

    def __init__(self, schedule: Schedule, loop: VirtualLoop) -> None:
        super().__init__(sees_messages=True)
        self.schedule = schedule
        self.loop = loop
        self.rng = random.Random(schedule.seed + 1)
        self.away_until = 0.0
        self.unconnected = self.refused = self.failures = 0
        self.codes: list[str] = []
        self.may_be_lost: set[int] = set()
        self.may_be_cut: set[int] = set()
        self.happened: Counter[str] = Counter()
        self.notes: list[str] = []
        self._begun_at = loop.time()
        self._message_at = 0.0
        self._faulty_voices = {one.number for one in schedule.said if one.voice.fault}
        self._pending = list(schedule.faults)
        self._postponed: list[Fault] = []
        loop.idle = self._idle
        self._set_the_clock()

    def __call__(self, options: Options, post: Callable[[Event], None]) -> SimulatedRecognizer:
        if self.refused:
            self.refused -= 1
            self.failures += 1
            self._note("refused")
            raise TokenError("as scheduled")
        recognizer = self.recognizer(self, options, post)
        self.recognizers.append(recognizer)
        return recognizer

    @property
    def active(self) -> SimulatedRecognizer | None:
        last = self.recognizers[-1] if self.recognizers else None
        return last if isinstance(last, SimulatedRecognizer) and not last.closed else None

    def count(self, kind: str) -> None:
        self.happened[kind] += 1

    def note(self, recognizer: SimulatedRecognizer, event: Event) -> bool:
        """Keep what is reported, for whom a failure puzzles; whether the message itself is told of, too."""
        if isinstance(event, VoiceChunk):
            what = f"VoiceChunk {len(event.data)}"
        elif isinstance(event, (Recognized, Recognizing)):
            words = event.phrase.read()
            what = f"{type(event).__name__} {list(words.translations.values()) or words.text}"
        else:
            what = type(event).__name__ + (f" {event.code}" if isinstance(event, Failed) else "")
        self._note(f"[{recognizer.number}] {what}")
        if self.loop.time() - self._message_at < _ACKNOWLEDGED_SECONDS:
            return False
        self._message_at = self.loop.time()
        return not isinstance(event, (Connected, Disconnected, Failed, Finished))

    def _note(self, what: str) -> None:
        self.notes.append(f"{self.loop.time() - self._begun_at:8.3f} {what}")

    def voice_of(self, said: Said) -> Voice:
        """Its voice: with its fault the first time, without it when it is spoken again."""
        if said.number in self._faulty_voices:
            self._faulty_voices.discard(said.number)
            return said.voice
        return Voice(said.voice.delay, said.voice.seconds, said.voice.chunks, said.voice.pace)

    # What goes wrong

    def _set_the_clock(self) -> None:
        for at, seconds in self.schedule.blocks:
            self.loop.call_later(at, self._block, seconds)
        for at in self.schedule.nothing_recognized:
            self.loop.happen(at, lambda: self.active and self.active.nothing_recognized())
        for fault in self.schedule.faults:
            if fault.stage == "time":
                self._pending.remove(fault)
                self.loop.happen(fault.after, partial(self._apply, fault))
            elif fault.stage == "connecting":
                self._pending.remove(fault)
                self._apply_to_next(fault)

    def _block(self, seconds: float) -> None:
        self.count("block")
        self._note(f"blocked for {seconds:.2f} s")
        self.loop.block(seconds)

    def reached(
        self, stage: str, recognizer: SimulatedRecognizer, number: int = -1, *, share: float = 1.0
    ) -> None:
        """A stage of the schedule is reached, at which something may go wrong."""
        if recognizer is not self.active:
            return
        for fault in list(self._pending):
            if fault.stage != stage or (number >= 0 and fault.number != number) or share < fault.after:
                continue
            self._pending.remove(fault)
            self.loop.happen(0.0 if stage == "voice" else fault.after, partial(self._apply, fault))

    def recognized(self, number: int) -> None:
        """A final was reported: LiveKit counts its retries anew."""
        self.failures = 0
        postponed, self._postponed = self._postponed, []
        for fault in postponed:
            self.loop.happen(self.rng.uniform(0.05, 1.0), partial(self._apply, fault))

    def _apply(self, fault: Fault) -> None:
        recognizer = self.active
        if recognizer is None or not recognizer.connected or recognizer.mute or recognizer.over:
            self._postponed.append(fault)
        elif self.failures + self.refused + self.unconnected + fault.failures > _MOST_FAILURES:
            # What exceeds the retries of an AgentSession ends its stream, and rightly so.
            self._postponed.append(fault)
        else:
            self.count(f"{fault.kind} {fault.stage}")
            self._note(f"-- {fault}")
            self._apply_to_next(fault)
            self._apply_to(fault, recognizer)

    def _apply_to(self, fault: Fault, recognizer: SimulatedRecognizer) -> None:
        self.away_until = max(self.away_until, self.loop.time() + fault.away)
        if fault.kind == "fail":
            recognizer.fail(fault.code)
        elif fault.kind == "mute":
            recognizer.mute = True
            recognizer._spoil()
        else:
            recognizer.drop()

    def _apply_to_next(self, fault: Fault) -> None:
        self.refused += fault.refused
        self.unconnected += fault.unconnected
        self.codes += [fault.code] * fault.unconnected
        if fault.refused:
            self.happened["refused open"] += fault.refused
        if fault.unconnected:
            self.happened["failed before connecting"] += fault.unconnected

    def _idle(self) -> bool:
        return all(recognizer.idle for recognizer in self.recognizers)
