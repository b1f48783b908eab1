"""Simultaneous interpretation over the real SDK and the emulator, at the pace of speech.

Each stream is a speaker with the sentences of a language pair, and a listener who hears one translation after
the other, as a room does: at the simultaneous pace with `catch_up="time_stretch"`, as the page for users has
it, and without it beside. Half of the streams run at the same time. The emulators have processes of their
own, so that the CPU is that of the pair.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import logging
import os
import time
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fakes.parallel import PAIRS
from fakes.room import Audio, Microphone
from fakes.streaming_voice import Speech, StreamingVoice
from livekit import rtc
from livekit.agents import tts
from livekit.agents.stt import SpeechEventType
from sacrebleu.metrics import CHRF

from livekit_plugins_azure_interpreter import STT, TTS, RunningTranslation, UtteranceMetrics
from livekit_plugins_azure_interpreter._interpreting.translation_queue import translation_of
from livekit_plugins_azure_interpreter._simultaneous.lagging import ear_voice_spans
from livekit_plugins_azure_interpreter._simultaneous.meaning import changes_meaning
from livekit_plugins_azure_interpreter._simultaneous.words import words
from livekit_plugins_azure_interpreter._speaking.catch_up import Backlog, faster
from livekit_plugins_azure_interpreter._voices.utterance import Translation
from livekit_plugins_azure_interpreter.emulator.revisions import spoken_seconds

from .figures import Figure, Result, median, p90
from .service import serving
from .simultaneous_said import (
    LONG_SECONDS,
    SPEECHES,
    VOICE_PACE,
    VOICE_SECONDS,
    Sentence,
    samples,
    speech,
)

_SHARES = (0.0, 0.1, 0.2, 0.3)
_SENTENCES = 8
_APART_SECONDS = 0.15
"""Between two connections that are opened."""
_STUCK_SECONDS = 60.0
_FRAME_MS = 40
_CPU_STREAMS, _CPU_ROUNDS = 6, 6

Spoken = Translation | RunningTranslation


@dataclass(frozen=True)
class Case:
    """A stream.

    Args:
        spoken, language: The languages that are said and heard.
        pace: As of the STT.
        share: How many of the words Azure changes.
        speech: Which speech is said.
        catches_up: A voice that waits is played faster.
    """

    spoken: str
    language: str
    pace: str
    share: float = 0.0
    speech: int = 0
    catches_up: bool = False


@dataclass(frozen=True)
class Heard:
    """What was heard of a sentence.

    Args:
        case: Its stream.
        seconds: How long it was said.
        final: Its final translation.
        text: All that was heard, repairs included.
        first_span: How far its first sound is behind its first word, as `UtteranceMetrics` has it.
        spans: The same for each word that was heard.
        is_late: It is in the second half of its speech.
        before_end, contradicted: How many words were said before its end, and how many of these were wrong.
    """

    case: Case
    seconds: float
    final: str
    text: str
    first_span: float
    spans: Sequence[float]
    is_late: bool
    before_end: float
    contradicted: float

    @property
    def behind_end(self) -> float:
        """How long after the end of the sentence its last word begins to be heard."""
        return self.spans[-1] - self.seconds / len(self.spans)

    @property
    def lost(self) -> Sequence[str]:
        """The words of the final translation that were not heard."""
        return list((_counted(self.final) - _counted(self.text)).elements())

    @property
    def lost_with_meaning(self) -> Sequence[str]:
        """Those whose meaning was not heard in another form of the word either."""
        heard = _counted(self.text)
        language = self.case.language
        return [one for one in self.lost if all(changes_meaning([other], [one], language) for other in heard)]

    @property
    def again(self) -> int:
        """How many words were heard that the final translation has not, or not so often."""
        return (_counted(self.text) - _counted(self.final)).total()


class Played:
    """When the voice of a sentence is heard.

    Attributes:
        until: When what has come of it will have been heard.
    """

    def __init__(self) -> None:
        self.until = self._taken = 0.0
        self._heard: list[tuple[float, float]] = []

    async def taken(self, frames: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
        """The same frames."""
        async for frame in frames:
            self._taken += frame.duration
            yield frame

    async def play(self, frames: AsyncIterable[rtc.AudioFrame]) -> None:
        """Play what comes, which may be faster than it was taken."""
        async for frame in frames:
            self.until = max(self.until, time.monotonic()) + frame.duration
            self._heard.append((self._taken, self.until))

    def heard_at(self, voice_seconds: float) -> float:
        """When this place of the voice is heard."""
        at = bisect.bisect_right(self._heard, (voice_seconds, 0.0))
        return self._heard[min(at, len(self._heard) - 1)][1]


class Listener:
    """Says one translation after the other, and waits until each has been heard."""

    def __init__(self, case: Case, said: Sequence[Sentence], endpoint: str) -> None:
        target = [part.translations[case.language] for sentence in said for part in sentence]
        seconds = sum(part.seconds for sentence in said for part in sentence)
        self._pace = VOICE_PACE * seconds / sum(map(spoken_seconds, target))
        self.voice = StreamingVoice(seconds_of=self.seconds_of, delay_seconds=VOICE_SECONDS)
        self.metrics: dict[str, UtteranceMetrics] = {}
        self.said: list[str] = []
        self.played: list[Played] = []
        self._catches_up = case.catches_up
        self.stt = STT(
            target_languages=case.language,
            pace=case.pace,
            voice=None,
            speech_key="any",
            speech_endpoint=endpoint,
        )
        self._tts = TTS(self.stt, fallback=self.voice)
        self._queue: asyncio.Queue[Spoken | None] = asyncio.Queue()
        self.stt.on("translation_begun", self._begun)
        self.stt.on("utterance_metrics_collected", lambda one: self.metrics.setdefault(one.id, one))

    def seconds_of(self, text: str) -> float:
        return self._pace * spoken_seconds(text)

    async def listen(self, microphone: Microphone, frames: int) -> None:
        """Interpret so many frames, and hear all that is said of them."""
        stream, saying = self.stt.stream(), asyncio.create_task(self._say_all())

        async def push() -> None:
            for _ in range(frames):
                stream.push_frame(await microphone.__anext__())
            stream.end_input()

        pushing = asyncio.create_task(push())
        async for event in stream:
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                text = event.alternatives[0].text
                if isinstance(text, Translation) and not text.utterance.is_being_said:
                    self._queue.put_nowait(text)
        self._queue.put_nowait(None)
        await asyncio.gather(pushing, saying)
        await self.stt.aclose()

    def _begun(self, running: RunningTranslation) -> None:
        if running.take():
            self._queue.put_nowait(running)

    async def _say_all(self) -> None:
        while (spoken := await self._queue.get()) is not None:
            self.said.append(spoken.utterance.id)
            backlog, played = Backlog(), Played()
            backlog.queued(translation_of(spoken), time.monotonic())
            async with self._tts.stream() as stream:
                frames = played.taken(audio.frame async for audio in stream)
                sound = faster(frames, backlog) if self._catches_up else frames
                await asyncio.gather(played.play(sound), _push(stream, spoken))
            self.played.append(played)
            await asyncio.sleep(max(0.0, played.until - time.monotonic()))


async def _push(stream: tts.SynthesizeStream, spoken: Spoken) -> None:
    if isinstance(spoken, RunningTranslation):
        async for clause in spoken:
            stream.push_text(clause)
    else:
        stream.push_text(spoken)
    stream.end_input()


def measure(*, quick: bool) -> list[Result]:
    logging.disable(logging.WARNING)
    shares = _SHARES[:2] if quick else _SHARES
    try:
        with contextlib.ExitStack() as stack:
            services = [
                stack.enter_context(serving("benchmarks.simultaneous_said", str(share))) for share in shares
            ]
            endpoints = {share: one.endpoint for share, one in zip(shares, services, strict=True)}
            return asyncio.run(_measure(endpoints, quick=quick))
    finally:
        logging.disable(logging.NOTSET)


async def _measure(endpoints: Mapping[float, str], *, quick: bool) -> list[Result]:
    paces = [Case(*pair, pace) for pair in PAIRS for pace in ("sentence", "quick")]
    revised = [Case(*pair, "simultaneous", share, catches_up=True) for pair in PAIRS for share in endpoints]
    others = [Case(*pair, "simultaneous", _SHARES[1]) for pair in PAIRS]
    others += [
        Case(*pair, "simultaneous", _SHARES[1], number, True)
        for pair in PAIRS
        for number in range(1, 1 if quick else SPEECHES)
    ]
    count = _SENTENCES // 2 if quick else _SENTENCES
    heard: list[Heard] = []
    for cases in (revised, paces + others):  # two cores are too few for all at once
        opened = [_interpret(case, endpoints[case.share], count, at) for at, case in enumerate(cases)]
        heard += [one for stream in await asyncio.gather(*opened) for one in stream]
    cpu = await _cpu(endpoints[0.1], 2 if quick else _CPU_ROUNDS)
    return [_paces(heard), _revised(heard, list(endpoints)), _pairs(heard), cpu]


async def _interpret(case: Case, endpoint: str, count: int, number: int) -> list[Heard]:
    said = speech(case.spoken, count, number=case.speech, breathes=case.pace == "quick")
    listener, microphone = Listener(case, said, endpoint), Microphone(speed=1.0)
    frames = Audio().frames(samples(said), frame_ms=_FRAME_MS)
    for frame in frames:
        microphone.give(frame)
    await asyncio.sleep(number * _APART_SECONDS)
    seconds = sum(frame.duration for frame in frames)
    try:
        await asyncio.wait_for(listener.listen(microphone, len(frames)), seconds + _STUCK_SECONDS)
    except asyncio.TimeoutError:
        raise RuntimeError(f"{case}: not over {_STUCK_SECONDS:.0f} s after the end of the speech") from None
    return list(_heard(case, said, listener))


def _heard(case: Case, said: Sequence[Sentence], listener: Listener) -> Iterator[Heard]:
    speeches, metrics = listener.voice.speeches, [listener.metrics[one] for one in listener.said]
    parts = sum(map(len, said))
    if not len(speeches) == len(metrics) == parts:
        raise RuntimeError(f"{case}: {parts} utterances, but {len(speeches)} speeches")
    at = 0
    for sentence in said:
        stop = at + len(sentence)
        own, measured, played = speeches[at:stop], metrics[at:stop], listener.played[at:stop]
        seconds = sum(part.seconds for part in sentence)
        first_span = measured[0].ear_voice_span_seconds or 0.0
        began_at = own[0].pieces[0][1] - first_span
        text = " ".join(one.text for one in own)
        before_end = [
            (one.words_before_end_share or 0.0) * len(words(speech.text))
            for one, speech in zip(measured, own, strict=True)
        ]
        yield Heard(
            case,
            seconds,
            " ".join(part.translations[case.language] for part in sentence),
            text,
            first_span,
            ear_voice_spans([sound - began_at for sound in _sounds(own, played, listener)], seconds),
            2 * at >= parts,
            sum(before_end),
            sum(
                count * (one.contradicted_share or 0.0)
                for count, one in zip(before_end, measured, strict=True)
            ),
        )
        at = stop


def _sounds(speeches: Sequence[Speech], played: Sequence[Played], listener: Listener) -> Iterator[float]:
    """When each word is heard."""
    for said, voice in zip(speeches, played, strict=True):
        begins = 0.0
        for piece, _ in said.pieces:
            count, seconds = len(words(piece)), listener.seconds_of(piece)
            yield from (voice.heard_at(begins + at * seconds / count) for at in range(count))
            begins += seconds


def _counted(text: str) -> Counter[str]:
    return Counter(word.key for word in words(text))


# The figures


def _paces(heard: Sequence[Heard]) -> Result:
    result = Result("real time: ear-voice span", axes=("seconds of the sentence", "s to the first sound"))
    for pace in ("sentence", "quick", "simultaneous", "simultaneous without catch_up"):
        own = [one for one in heard if one.case.pace == pace]
        if pace.startswith("simultaneous"):
            own = _simultaneous(heard, _SHARES[1], catches_up=pace == "simultaneous")
        long = [one for one in own if one.seconds >= LONG_SECONDS]
        for title, spans in (
            ("first sound behind the first word", [[one.first_span for one in some] for some in (long, own)]),
            ("each word behind its own", [[at for one in some for at in one.spans] for some in (long, own)]),
        ):
            result.figures.append(
                Figure(
                    f"real time, {pace}: {title}, sentences of about 20 s, median",
                    median(spans[0]),
                    "s",
                    goal=3.0 if pace == "simultaneous" else None,
                    beside=f"90th {p90(spans[0]):.1f} s; all sentences {median(spans[1]):.1f}, "
                    f"90th {p90(spans[1]):.1f} s; {len(own)} sentences, {len(long)} of them long",
                )
            )
        result.series[pace] = sorted((one.seconds, one.first_span) for one in own)
    for pace in ("sentence", "simultaneous"):
        own = [one for one in heard if one.case.pace == pace and not one.case.share]
        halves = [[one.behind_end for one in own if one.is_late is late] for late in (False, True)]
        result.figures.append(
            Figure(
                f"real time, {pace}, 0% revised: last word behind the end, later sentences, median",
                median(halves[1]),
                "s",
                beside=f"earlier sentences of the speech {median(halves[0]):.1f} s",
            )
        )
    return result


def _simultaneous(heard: Sequence[Heard], share: float, *, catches_up: bool = True) -> list[Heard]:
    case = ("simultaneous", share, catches_up)
    return [one for one in heard if (one.case.pace, one.case.share, one.case.catches_up) == case]


def _revised(heard: Sequence[Heard], shares: Sequence[float]) -> Result:
    result = Result("real time: revised interim results")
    for share in shares:
        own = _simultaneous(heard, share)
        if not share:
            wrong = sum(len(one.lost) + one.again for one in own)
            result.figures.append(
                Figure("real time, 0% revised: words lost or said twice", wrong, "words", bound=0.0)
            )
        result.figures += _quality(own, f"real time, {share:.0%} revised", goals=share == _SHARES[1])
    return result


def _pairs(heard: Sequence[Heard]) -> Result:
    result = Result("real time: language pairs, 10 % revised")
    for pair in PAIRS:
        revised = _simultaneous(heard, _SHARES[1])
        own = [one for one in revised if (one.case.spoken, one.case.language) == pair]
        result.figures += _quality(own, f"real time, {'-'.join(pair)}", goals=True)
    return result


def _quality(heard: Sequence[Heard], name: str, *, goals: bool) -> list[Figure]:
    final_words = sum(len(words(one.final)) for one in heard)
    lost, again = sum(len(one.lost) for one in heard), sum(one.again for one in heard)
    spans = [span for one in heard for span in one.spans]
    long = [one.first_span for one in heard if one.seconds >= LONG_SECONDS]
    return [
        Figure(
            f"{name}: words contradicted",
            100 * sum(one.contradicted for one in heard) / sum(one.before_end for one in heard),
            "%",
            goal=3.0 if goals else None,
            beside=f"of {final_words} words {lost / final_words:.1%} were not heard "
            f"({sum(len(one.lost_with_meaning) for one in heard)} words with a meaning), "
            f"{again / final_words:.1%} were contradicted or said again",
        ),
        Figure(
            f"{name}: chrF of what was heard",
            CHRF().corpus_score([one.text for one in heard], [[one.final for one in heard]]).score / 100,
            "",
            goal=0.95 if goals else None,
            at_least=True,
            beside=f"each word behind its own: {median(spans):.1f} s, 90th {p90(spans):.1f} s; "
            f"first sound of sentences of about 20 s: {median(long):.1f} s",
        ),
    ]


# CPU


async def _cpu(endpoint: str, rounds: int) -> Result:
    """What a stream costs, against "sentence" without a voice, in rounds that take turns."""
    await _cpu_of("sentence", endpoint)  # what only the first round costs
    costs: dict[str, list[float]] = {"sentence": [], "simultaneous": []}
    for number in range(rounds):
        for pace in sorted(costs, reverse=bool(number % 2)):
            costs[pace].append(await _cpu_of(pace, endpoint))
    ratios = [b / a for a, b in zip(costs["sentence"], costs["simultaneous"], strict=True)]
    result = Result("real time: CPU")
    result.figures.append(
        Figure(
            'real time: CPU of a stream, "simultaneous" to "sentence" without a voice',
            median(ratios),
            "times",
            goal=1.2,
            beside=", ".join(f"{pace} {median(cost):.2f} % of a core" for pace, cost in costs.items())
            + f"; {rounds} rounds, {min(ratios):.2f} to {max(ratios):.2f}",
        )
    )
    return result


async def _cpu_of(pace: str, endpoint: str) -> float:
    """Percent of a core that a stream takes whose clauses are read and not said."""
    stt = STT(target_languages="fr", voice=None, pace=pace, speech_key="any", speech_endpoint=endpoint)
    reading: list[asyncio.Task[None]] = []
    stt.on("translation_begun", lambda one: one.take() and reading.append(asyncio.create_task(_read(one))))
    middle = speech("en", 3)[2:]  # neither the shortest nor the longest
    frames = Audio().frames(samples(middle), frame_ms=_FRAME_MS)
    before = os.times()
    await asyncio.gather(*(_recognize(stt, frames) for _ in range(_CPU_STREAMS)))
    await asyncio.gather(*reading)
    after = os.times()
    await stt.aclose()
    seconds = sum(frame.duration for frame in frames) * _CPU_STREAMS
    return 100 * (after.user + after.system - before.user - before.system) / seconds


async def _recognize(stt: STT, frames: Sequence[rtc.AudioFrame]) -> None:
    stream, microphone = stt.stream(), Microphone(speed=1.0)
    for frame in frames:
        microphone.give(frame)

    async def push() -> None:
        for _ in frames:
            stream.push_frame(await microphone.__anext__())
        stream.end_input()

    pushing = asyncio.create_task(push())
    async for _ in stream:
        pass
    await pushing


async def _read(running: RunningTranslation) -> None:
    async for _ in running:
        pass
