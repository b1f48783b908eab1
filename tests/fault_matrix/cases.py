"""The cases of the matrix: what goes wrong, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc

from livekit_plugins_azure_interpreter._sound.mono import MonoResampler
from livekit_plugins_azure_interpreter.emulator import faults as f

from . import speech

COUNT = 48
SPEED = 4.0
_AT = (0.2, 0.5, 0.8)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row.

    Args:
        name: What goes wrong.
        faults: The same, for the emulator.
        languages: The spoken ones.
        faulty_language: The faults are of the voices in this one alone: the others are heard whole.
        count: Utterances.
        speed: Audio runs, and is played, so many times faster than real.
        listening_speed: Where the listener is slower than that.
        spacing_seconds: From the start of an utterance to that of the next.
        speech_seconds: The length of each utterance.
        behaviour, stt: More arguments of `Behaviour` and of `STT`.
        voice_seconds: The length of each voice.
        heard_as: What else a whole voice may be, made of the voice of the utterance.
        connections: How many connections there must be; None: any number.
        cuts: How many voices may be cut: one for each that was dropped while it sounded.
        official: The official plugin's STT, which has no voices, can run it.
        blocks_seconds: The event loop is blocked for so long, every four seconds.
        tokens: Credentials are tokens that expire.
        quick: It is part of the tests.
    """

    name: str
    faults: Sequence[f.Fault] = ()
    languages: Sequence[str] = ("fr",)
    faulty_language: str | None = None
    count: int = COUNT
    speed: float = SPEED
    listening_speed: float | None = None
    spacing_seconds: float = speech.SPACING_SECONDS
    speech_seconds: float = speech.SPEECH_SECONDS
    behaviour: Mapping[str, Any] = field(default_factory=dict)
    stt: Mapping[str, Any] = field(default_factory=dict)
    voice_seconds: float = 0.3
    heard_as: Callable[[bytes], bytes] = bytes
    connections: int | None = None
    cuts: int = 0
    official: bool = False
    blocks_seconds: float = 0.0
    tokens: bool = False
    quick: bool = False


def _positions(count: int = COUNT, within: float = 0.2) -> list[float]:
    """Positions in the audio, so far into an utterance; negative: before it."""
    return [speech.start_seconds(round(count * share)) + within for share in _AT]


def _numbers(count: int = COUNT) -> list[int]:
    return [round(count * share) for share in _AT]


def _drops(code: int | None, within: float = 0.2) -> list[f.Fault]:
    return [f.Drop(at_seconds=at, code=code) for at in _positions(within=within)]


def _refusals(status: int) -> list[f.Fault]:
    return [f.Drop(at_seconds=_positions()[0]), f.Refuse(status=status, from_connection=2, times=6)]


def _voices(kind: type[f.UtteranceFault], **options: Any) -> list[f.Fault]:
    return [kind(utterance=number, **options) for number in _numbers()]


def _at_rate(rate_hz: int) -> Callable[[bytes], bytes]:
    def resampled(pcm: bytes) -> bytes:
        frame = rtc.AudioFrame(pcm, rate_hz, 1, len(pcm) // 2)
        resampler = MonoResampler(speech.RATE_HZ)
        return resampler.push(frame) + resampler.flush()

    return resampled


SLOW_VOICE: Mapping[str, Any] = {"voice_speed": 4.0}
CASES = (
    Case(name="nothing", official=True, connections=1),
    Case(name="TCP reset between utterances", faults=_drops(None, -0.2), official=True),
    Case(name="TCP reset in mid-utterance", faults=_drops(None), official=True),
    *(
        Case(name=f"close {code} in mid-utterance", faults=_drops(code), official=True, quick=code == 1007)
        for code in (1000, 1001, 1003, 1008, 1011, 1012, 1013, 1002, 1007, 4000, 4429)
    ),
    *(
        Case(name=f"reset, then {status} six times", faults=_refusals(status), official=True)
        for status in (404, 408, 429, 500, 502, 503, 504)
    ),
    Case(
        name="reset, then a handshake that hangs",
        faults=[f.Drop(at_seconds=_positions()[0]), f.HangHandshake(from_connection=2)],
        official=True,
    ),
    Case(
        name="service away for 2 s",
        faults=[f.Away(at_seconds=at, seconds=2.0) for at in _positions()],
        official=True,
        quick=True,
    ),
    Case(
        name="service away for 30 s",
        faults=[f.Away(at_seconds=_positions()[0], seconds=30.0)],
        speed=1.0,
        official=True,
    ),
    Case(
        name="service goes mute",
        faults=[f.Mute(at_seconds=_positions()[1])],
        speed=2.0,
        official=True,
    ),
    Case(
        name="socket is a black hole",
        faults=[f.BlackHole(at_seconds=_positions()[1])],
        speed=2.0,
        official=True,
    ),
    Case(
        name="a monologue of 70 s without a final result",
        count=2,
        speed=1.0,
        spacing_seconds=71.0,
        speech_seconds=70.0,
        behaviour={"longest_seconds": 80.0},
        connections=1,
    ),
    Case(name="silence for 70 s", count=2, speed=1.0, spacing_seconds=71.0, connections=1),
    Case(
        name="connection is closed for its age",
        behaviour={"connection_seconds": 3.0},
        official=True,
    ),
    Case(
        name="token expires again and again",
        behaviour={"connection_seconds": 2.0, "token_seconds": 1.0},
        tokens=True,
    ),
    Case(name="turn ends after each fourth utterance", behaviour={"utterances_per_turn": 4}, official=True),
    *(
        Case(
            name=f"only {how} acknowledge, {turns}",
            behaviour={"acknowledges": how, "utterances_per_turn": utterances},
            faults=_drops(None),
        )
        for how in ("results", "headers")
        for turns, utterances in (("in one turn", None), ("in short turns", 4))
    ),
    *(
        Case(
            name=f"reset, then turns refused with {code}",
            faults=[f.Drop(at_seconds=_positions()[0]), f.RefuseTurn(code=code, reason=reason, turn=2)],
        )
        for code, reason in (
            (1007, "Bad request"),
            (1011, "Internal server error"),
            (1012, "Instance is shutting down"),
            (4429, "the request is throttled because you have exceeded the concurrent request limit"),
        )
    ),
    Case(name="no interim results", behaviour={"interim_interval_ms": None}, official=True),
    # A voice without a result is told by what had been said when it began: at the pace of speech.
    Case(name="result is no JSON", faults=_voices(f.BadJson), speed=1.0, official=True),
    Case(name="result lacks its fields", faults=_voices(f.MissingFields), speed=1.0),
    Case(name="result under another turn's id", faults=_voices(f.WrongRequestId), official=True),
    Case(name="a frame of garbage", faults=_voices(f.GarbageFrame), official=True),
    Case(name="unknown language", faults=_voices(f.UnknownLanguage)),
    Case(name="language without a region", faults=_voices(f.BareLanguage)),
    Case(name="text in NBest only", faults=_voices(f.TextInNBest)),
    Case(name="fields that nobody knows", faults=_voices(f.UnknownFields)),
    Case(name="results of words alone beside the translation", faults=_voices(f.OtherResults)),
    Case(name="end of speech without its position", faults=[f.EndWithoutOffset()]),
    Case(name="translations keyed fr-FR", faults=_voices(f.RegionKeyed)),
    Case(name="reset before a voice", faults=_voices(f.DropInVoice, after=0.0)),
    Case(
        name="reset in mid-voice",
        faults=_voices(f.DropInVoice),
        behaviour=SLOW_VOICE,
        voice_seconds=0.8,
        cuts=3,
    ),
    Case(
        name="voice never sent",
        faults=_voices(f.NoVoice),
        speed=1.0,
        stt={"voice_timeout_seconds": 0.4},
    ),
    Case(
        name="voice never sent, the next within the timeout",
        faults=[f.NoVoice(utterance=number) for number in (5, 9)],
        speed=1.0,
        count=12,
        spacing_seconds=3.0,
    ),
    Case(name="voice begins before its result", faults=_voices(f.EarlyVoice)),
    Case(name="voice begins 2 s late", faults=_voices(f.SlowVoice, seconds=2.0)),
    Case(name="voice pauses for 2 s", faults=_voices(f.StallVoice, seconds=2.0), quick=True),
    Case(
        name="voice stops for 8 s",
        faults=_voices(f.StallVoice, seconds=8.0),
        behaviour=SLOW_VOICE,
        cuts=3,
    ),
    Case(name="voice whose end is not told", faults=_voices(f.VoiceNeverEnds)),
    Case(name="voice ends with an error", faults=_voices(f.VoiceError), behaviour=SLOW_VOICE, cuts=3),
    Case(name="empty chunk in mid-voice", faults=_voices(f.EmptyChunk)),
    Case(name="chunks of odd sizes", faults=_voices(f.OddChunks)),
    Case(name="header cut in two", faults=_voices(f.SplitHeader)),
    Case(name="header that lies about its size", faults=_voices(f.LyingHeader)),
    Case(name="a header on every chunk", behaviour={"riff": "every"}),
    Case(name="no header", behaviour={"riff": "none"}),
    Case(name="whole voices in one chunk of 100 kB", behaviour={"chunk_bytes": 1_000_000}, voice_seconds=4.0),
    Case(name="voice of zeros", faults=_voices(f.SilentVoice)),
    Case(name="voice without its start", faults=_voices(f.UnannouncedVoice)),
    Case(name="voice in a turn of the service", faults=_voices(f.ServiceTurn)),
    Case(
        name="voice under an id that never began",
        faults=_voices(f.StrayVoice),
        speed=1.0,
        stt={"voice_timeout_seconds": 0.4},
    ),
    *(
        Case(
            name=f"voice at {rate_hz} Hz",
            faults=_voices(f.VoiceFormat, sample_rate=rate_hz),
            heard_as=_at_rate(rate_hz),
        )
        for rate_hz in (8000, 24000, 48000)
    ),
    Case(name="voice in stereo", faults=_voices(f.VoiceFormat, channels=2)),
    Case(name="voice of 8 bits", faults=_voices(f.VoiceFormat, bits=8)),
    Case(
        name="voices ten times as long",
        faults=_voices(f.LongVoice, factor=10),
        heard_as=lambda pcm: pcm * 10,
    ),
    Case(name="event loop blocked for 2 s, again and again", blocks_seconds=2.0, official=True),
    Case(
        name="speaker ten times faster than the listener",
        listening_speed=SPEED / 10,
        voice_seconds=1.0,
        count=24,
        stt={"max_audio_seconds": 5.0},
    ),
)
