"""What is said, what a service makes of it, and what goes wrong: drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

RATE = 16000
VOICE_TIMEOUT_SECONDS = 5.0
RETRYABLE = (
    "TooManyRequests",
    "ConnectionFailure",
    "ServiceTimeout",
    "ServiceError",
    "ServiceUnavailable",
    "RuntimeError",
)
LOUDEST_SAMPLE = 1000
"""Speech is this value and the number of the utterance: a service can hear who is who."""


@dataclass(frozen=True)
class Voice:
    """How the voice of an utterance comes.

    Args:
        delay: From the moment that it is next, to its first chunk; seconds.
        seconds: How long it is.
        chunks: In how many chunks.
        pace: Seconds between them.
        fault: What is wrong with it (see `VOICE_FAULTS`), the first time that it is spoken.
        at: The chunk before which that is.
        wait: How long the fault lasts, in seconds.
    """

    delay: float
    seconds: float
    chunks: int
    pace: float
    fault: str = ""
    at: int = 1
    wait: float = 0.0

    def __str__(self) -> str:
        fault = f" {self.fault}@{self.at} {self.wait:.1f}s" if self.fault else ""
        return f"voice +{self.delay:.2f} {self.seconds:.2f}s/{self.chunks}x{self.pace:.2f}{fault}"


VOICE_FAULTS = {
    "missing": (0.0, 0.0),  # it never comes
    "late": (1.0, 2.4),  # before it may as well be of the utterance behind it
    "overdue": (0.3, 4.3),  # so long after the timeout
    "stalled": (0.5, 4.6),  # in its middle, within the timeout
    "stuck": (5.4, 9.4),  # in its middle, longer than the timeout
    "unfinished": (0.0, 0.0),  # all of it comes, but no Completed
    "spurious": (0.0, 0.08),  # Completed in its middle, as after an empty chunk
    "empty": (0.0, 0.0),  # no sound
    "early": (0.1, 1.5),  # it begins so long before `recognized`
}
"""And from when to when each may last, in seconds."""


@dataclass(frozen=True)
class Said:
    """One utterance.

    Args:
        number: Its own.
        start, end: Where it is in the audio, in seconds.
        latency: From the silence that ends it to its final.
        interims: How many interim results come.
        translated: Else only its own words are reported.
        text: What is reported as final.
    """

    number: int
    start: float
    end: float
    latency: float
    interims: int
    translated: bool
    text: str
    voice: Voice

    @property
    def pcm(self) -> bytes:
        """Its voice; no other voice has one of its samples, and no two next to each other are equal."""
        count = int(self.voice.seconds * RATE)
        samples = np.arange(count) % 1999 + 1 + 2000 * (self.number + 1)
        return samples.astype("<i2").tobytes()

    def __str__(self) -> str:
        how = f"final +{self.latency:.2f}" + ("" if self.translated else " untranslated")
        voice = f", {self.voice}" if self.translated else ""
        return f"#{self.number} {self.start:.2f}-{self.end:.2f} {how}{voice}"


@dataclass(frozen=True)
class Fault:
    """Something that happens to the connection.

    Args:
        kind: "drop" (the SDK reconnects by itself), "fail" (the attempt is over), "outage" (drop, and the
            service is away for long) or "mute" (the connection stays, and nothing comes any more).
        stage: When: in "speech", "due" (between final and voice), "voice", "connecting", "draining"; or at
            a "time".
        number: Of which utterance.
        after: Seconds after the stage began, or from the start; in "voice": of this share of the chunks.
        code: What it fails with.
        away: How long the service cannot be reached, in seconds.
        refused, unconnected: How many of the next attempts cannot be opened, or fail before they connect.
    """

    kind: str
    stage: str
    number: int = 0
    after: float = 0.0
    code: str = ""
    away: float = 0.0
    refused: int = 0
    unconnected: int = 0

    @property
    def failures(self) -> int:
        """How many attempts in a row it can make fail."""
        if self.kind == "outage":
            return 3
        own = self.kind in ("fail", "mute") and self.stage != "connecting"
        return own + self.refused + self.unconnected

    def __str__(self) -> str:
        where = f"#{self.number} +{self.after:.2f}" if self.stage != "time" else f"{self.after:.1f}s"
        details = [self.code] if self.code else []
        details += [f"away {self.away:.1f}s"] if self.away else []
        details += [f"{self.refused} refused"] if self.refused else []
        details += [f"{self.unconnected} not connected"] if self.unconnected else []
        return f"{self.kind} {self.stage} {where} {' '.join(details)}".rstrip()


@dataclass(frozen=True)
class Schedule:
    """One run.

    Args:
        seconds: How long the audio is.
        headers: RIFF headers begin the "first" chunk of each voice, "every" chunk or "none".
        frame_seconds: How long the pushed frames are.
        segmentation: The silence that ends an utterance, in seconds.
        upload_speed: How much faster than speech audio is heard that was kept.
        once_per_turn: START and END are reported once per connection, not for each utterance.
        nothing_recognized: Where NoMatch comes, in seconds.
        late_callbacks: What was under way is reported after closing, too.
        by_identity: Translations are spoken as the objects that came, not as plain text.
        streaming_fallback: The fallback offers `stream()`.
        blocks: When the event loop is blocked, and for how long.
    """

    seed: int
    said: tuple[Said, ...]
    seconds: float
    faults: tuple[Fault, ...] = ()
    headers: str = "first"
    frame_seconds: float = 0.1
    segmentation: float = 0.5
    upload_speed: float = 100.0
    once_per_turn: bool = False
    nothing_recognized: tuple[float, ...] = ()
    late_callbacks: bool = False
    by_identity: bool = True
    streaming_fallback: bool = True
    blocks: tuple[tuple[float, float], ...] = field(default=())

    @property
    def kinds(self) -> list[str]:
        """All that goes wrong or is unusual, by kind."""
        voices = [f"voice {one.voice.fault}" for one in self.said if one.translated and one.voice.fault]
        return [
            *voices,
            *["untranslated" for one in self.said if not one.translated],
            *["block" for _ in self.blocks],
            *["nothing recognized" for _ in self.nothing_recognized],
            *["END once per turn" for _ in [0] if self.once_per_turn],
            *["late callbacks" for _ in [0] if self.late_callbacks],
        ]

    def audio(self) -> np.ndarray:
        """What is pushed: silence, and speech that names its utterance."""
        samples = np.zeros(int(self.seconds * RATE), dtype=np.int16)
        for one in self.said:
            samples[int(one.start * RATE) : int(one.end * RATE)] = LOUDEST_SAMPLE + one.number
        return samples

    def __str__(self) -> str:
        flags = [name for name in ("once_per_turn", "late_callbacks", "by_identity") if getattr(self, name)]
        return "\n".join(
            [
                f"seed {self.seed}: {self.seconds:.1f} s in frames of {self.frame_seconds} s, headers: "
                f"{self.headers}, segmentation {self.segmentation:.2f} s, upload {self.upload_speed:.0f}x"
                + "".join(f", {flag}" for flag in flags),
                *(f"  {one}" for one in self.said),
                *(f"  {fault}" for fault in self.faults),
                *(f"  blocked at {at:.2f} for {seconds:.2f}s" for at, seconds in self.blocks),
                *(f"  NoMatch at {at:.2f}" for at in self.nothing_recognized),
            ]
        )


def draw(seed: int) -> Schedule:
    """The schedule of a seed: always the same."""
    rng = random.Random(seed)
    calm = rng.random() < 0.08
    same_words = rng.random() < 0.15
    segmentation = rng.uniform(0.3, 0.8)
    said: list[Said] = []
    at = rng.uniform(0.1, 2.0)
    for number in range(rng.randint(3, 8)):
        end = at + rng.choice([rng.uniform(0.3, 1.5), rng.uniform(1.0, 5.0)])
        said.append(_said(rng, number, (at, end), calm=calm, same_words=same_words))
        at = end + segmentation + rng.choice([rng.uniform(0.0, 0.5), rng.uniform(0.2, 4.0)])
    seconds = max(said[-1].end, at + rng.uniform(-3.0, 2.0))
    faults = () if calm else _faults(rng, len(said), seconds)
    return Schedule(
        seed=seed,
        said=tuple(said),
        seconds=seconds,
        faults=faults,
        headers=rng.choice(["first", "first", "every", "none"]),
        frame_seconds=rng.choice([0.05, 0.1, 0.1, 0.2]),
        segmentation=segmentation,
        upload_speed=rng.choice([2.0, 5.0, 100.0]),
        once_per_turn=rng.random() < 0.2,
        nothing_recognized=tuple(rng.uniform(0, seconds) for _ in range(rng.choice([0, 0, 0, 1, 2]))),
        late_callbacks=rng.random() < 0.3,
        by_identity=rng.random() < 0.5,
        streaming_fallback=rng.random() < 0.5,
        blocks=() if calm or rng.random() < 0.5 else _blocks(rng, seconds),
    )


def _said(
    rng: random.Random, number: int, span: tuple[float, float], *, calm: bool, same_words: bool
) -> Said:
    translated = rng.random() < 0.93
    text = f"Phrase {number}." if translated else f"Words {number}."
    if translated and same_words and rng.random() < 0.6:
        text = "Oui."
    latency = rng.choice([rng.uniform(0.05, 0.5), rng.uniform(0.3, 2.0)])
    return Said(
        number=number,
        start=span[0],
        end=span[1],
        latency=latency,
        interims=rng.choice([0, 0, 1, 2, 3]),
        translated=translated,
        text=text,
        voice=_voice(rng, faulty=not calm and rng.random() < 0.25),
    )


def _voice(rng: random.Random, *, faulty: bool) -> Voice:
    chunks = rng.randint(2, 8)
    seconds = rng.uniform(0.3, 3.0)
    fault = rng.choice(list(VOICE_FAULTS)) if faulty else ""
    return Voice(
        # A doubt ends after a quiet of a second at least, since the usual latency is less than that.
        delay=rng.choice([0.0, rng.uniform(0.02, 0.2), rng.uniform(0.1, 0.8)]),
        seconds=seconds,
        chunks=chunks,
        pace=rng.choice([0.0, 0.02, seconds / chunks]),
        fault=fault,
        at=rng.randint(1, chunks - 1),
        wait=rng.uniform(*VOICE_FAULTS[fault]) if fault else 0.0,
    )


def _faults(rng: random.Random, count: int, seconds: float) -> tuple[Fault, ...]:
    faults = [_fault(rng, rng.randrange(count), seconds) for _ in range(rng.choice([0, 1, 1, 2, 3, 4]))]
    if rng.random() < 0.1:
        unconnected = rng.randint(1, 3)
        first = Fault("fail", "connecting", code=rng.choice(RETRYABLE), unconnected=unconnected)
        faults.append(rng.choice([first, Fault("fail", "connecting", refused=rng.randint(1, 3))]))
    return tuple(faults)


def _fault(rng: random.Random, number: int, seconds: float) -> Fault:
    stage = rng.choice(["speech", "speech", "due", "voice", "voice", "draining", "time"])
    after = rng.uniform(0, seconds) if stage == "time" else rng.random()
    kind = rng.choice(["drop", "drop", "drop", "fail", "fail", "fail", "outage", "mute"])
    if kind == "drop":
        return Fault(kind, stage, number, after, away=rng.choice([0.0, 0.0, rng.uniform(0.1, 6.0)]))
    if kind == "outage":
        return Fault(kind, stage, number, after, away=rng.uniform(6.0, 30.0))
    if kind == "mute":
        return Fault(kind, stage, number, after)
    return Fault(
        kind,
        stage,
        number,
        after,
        code=rng.choice(RETRYABLE),
        refused=rng.choice([0, 0, 0, 1]),
        unconnected=rng.choice([0, 0, 0, 1]),
    )


def _blocks(rng: random.Random, seconds: float) -> tuple[tuple[float, float], ...]:
    count = rng.choice([1, 2, 3])
    return tuple((rng.uniform(0, seconds), rng.choice([0.1, rng.uniform(0.1, 4.0)])) for _ in range(count))
