"""(b) From the end of speech to the first sound: the pair, and the pipeline that a user would build.

The service takes the same time for its final and its voice in both; what is added to that is compared.
"""

from __future__ import annotations

import math

from .figures import Figure, Result, median, p99
from .service import Conversation, serve
from .stamps import FRAME_SECONDS
from .worker import Job, Report, run

_CONVERSATION = Conversation(
    3.02, 1.0, 0.5, recognition_delay_ms=300, voice_delay_ms=100, utterances_per_turn=1
)
_TRANSLATOR_SECONDS = (0.0, 0.3)


def measure(*, quick: bool) -> list[Result]:
    rounds, utterances = (1, 3) if quick else (3, 12)
    seconds = utterances * _CONVERSATION.period_seconds
    ours: list[float] = []
    cascades: dict[float, list[float]] = {translator: [] for translator in _TRANSLATOR_SECONDS}
    with serve(_CONVERSATION) as service:
        for _ in range(rounds):
            ours += _added_ms(run(Job("session", seconds), service))
            for translator in cascades:
                options = {"translator_seconds": translator}
                cascades[translator] += _added_ms(run(Job("cascade", seconds, options=options), service))
    result = Result("added between speech and voice", axes=("translator, ms", "ms added, median"))
    result.series = {
        "pair": [(translator * 1000, median(ours)) for translator in _TRANSLATOR_SECONDS],
        "official STT, LLM, official TTS": [(at * 1000, median(added)) for at, added in cascades.items()],
    }
    for translator, added in cascades.items():
        medians = f"{median(ours):.0f} and {median(added):.0f} ms"
        result.figures.append(
            Figure(
                f"end of speech to first sound, added to the service's time, "
                f"to the cascade's (translator {translator * 1000:.0f} ms)",
                median(ours) / median(added),
                "times",
                0.1,
                beside=f"{medians}; 99th {p99(ours):.0f} and {p99(added):.0f}",
            )
        )
    return [result]


def _added_ms(report: Report) -> list[float]:
    frames = (math.ceil(end / FRAME_SECONDS) - 1 for end in _CONVERSATION.ends())
    ends = [report.pushed_at[frame] for frame in frames if frame < len(report.pushed_at)]
    own = (_CONVERSATION.recognition_delay_ms + _CONVERSATION.voice_delay_ms) / 1000
    before = [(sound, [end for end in ends if end < sound]) for sound in report.sound_at]
    return [(sound - earlier[-1] - own) * 1000 for sound, earlier in before if earlier]
