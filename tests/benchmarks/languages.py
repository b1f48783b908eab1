"""(g) One speaker, heard in four languages over one stream: how late each voice is, and what it costs.

Beside it, in the same run: one language alone, and a stream for each of the four languages.
"""

from __future__ import annotations

from itertools import chain

from .figures import Figure, Result, distribution, median
from .service import Conversation, serve
from .worker import Job, Report, run

_LANGUAGES = ("fr", "de", "ja", "es")
_CONVERSATION = Conversation(4.02, 1.0, 0.5, voice_delay_ms=50, languages=_LANGUAGES)
_SPEAKERS = 3


def measure(*, quick: bool) -> list[Result]:
    rounds, seconds = (1, 40.0) if quick else (5, 120.0)
    alone: list[Report] = []
    together: list[Report] = []
    separate: list[Report] = []
    four = {"target_languages": _LANGUAGES, "spoken_languages": _LANGUAGES}
    with serve(_CONVERSATION) as service:
        for _ in range(rounds):
            alone.append(run(_job(_SPEAKERS, seconds, {}), service))
            together.append(run(_job(_SPEAKERS, seconds, four), service))
            separate.append(run(_job(_SPEAKERS * len(_LANGUAGES), seconds, {}), service))
    first = list(chain(*(report.voice_ms for report in together)))
    further = list(chain(*(report.further_voice_ms for report in together)))
    single = list(chain(*(report.voice_ms for report in alone)))
    cpu = median(
        [ours.cpu_ms / (len(_LANGUAGES) * each.cpu_ms) for ours, each in zip(together, separate, strict=True)]
    )
    memory = median(
        [
            ours.memory_mb / (len(_LANGUAGES) * each.memory_mb)
            for ours, each in zip(together, separate, strict=True)
        ]
    )
    medians = f"{median(first):.1f}, {median(further):.1f} and, with one language, {median(single):.1f} ms"
    return [
        Result(
            "four languages over one stream",
            [
                Figure(
                    "a voice of the first of four languages, to the only language of a stream",
                    median(first) - median(single),
                    "ms",
                    5.0,
                    beside=medians,
                ),
                Figure(
                    "a voice of the others, to the first of the four",
                    median(further) - median(first),
                    "ms",
                    20.0,
                    beside=medians,
                ),
                Figure("CPU of a speaker in four languages, to four streams", cpu, "times", 0.45),
                Figure("memory of a speaker in four languages, to four streams", memory, "times", 1.0),
            ],
            {
                "first": distribution(first),
                "others": distribution(further),
                "one language": distribution(single),
            },
            ("ms from the wire", "share of voices"),
        )
    ]


def _job(streams: int, seconds: float, options: dict[str, object]) -> Job:
    return Job("pair", seconds, streams, _CONVERSATION.period_seconds, options)
