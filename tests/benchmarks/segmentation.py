"""How far a voice is behind the speaker, by how speech is cut into utterances: over the real SDK.

python -m benchmarks.segmentation

Two monologues of a minute: one has no pause, one has a breath of 350 ms after each 5 s. The emulator cuts by
silence (of 400 ms if the client does not say) and by length (of 30 s); it knows no sentences, so it ignores
`segmentation_strategy`. All run at the same time, at the pace of speech.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
from typing import Any

from fakes.room import Audio, Microphone
from fakes.streaming_voice import StreamingVoice
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS, RunningTranslation
from livekit_plugins_azure_interpreter._voices.utterance import Translation
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

_SPEED = 1.0
"""The SDK sends audio at most twice as fast as it is said."""
_SECONDS = 60
_PACES: tuple[dict[str, Any], ...] = (
    {"pace": "sentence"},
    {"pace": "sentence", "segmentation_max_time_ms": 20000},
    {"pace": "sentence", "segmentation_silence_timeout_ms": 300},
    {"pace": "quick"},
    {"pace": "simultaneous"},
)


def _monologue(breath_seconds: float) -> bytes:
    """Syllables; a steady tone would be taken for noise."""
    audio, pcm = Audio(), b""
    while len(pcm) < _SECONDS * 32000:
        for _ in range(5):
            pcm += audio.burst(0.9) + audio.silence(0.1)
        pcm += audio.silence(breath_seconds)
    return pcm + audio.silence(1.5)


def _line() -> Line:
    words = [f"mot{number}" + "," * (number % 6 == 5) for number in range(200)]
    return Line(" ".join(words), "en-US", {"fr": " ".join(words)})


async def _spans(pcm: bytes, options: dict[str, Any]) -> list[float]:
    """The ear-voice span of each utterance, in seconds of speech."""
    spans: list[float] = []
    async with Emulator(Behaviour(script=lambda _: _line(), voice_speed=None)) as emulator:
        stt = STT(target_languages="fr", speech_key="any", speech_endpoint=emulator.endpoint, **options)
        stt.on(
            "utterance_metrics_collected",
            lambda one: spans.append(_SPEED * (one.ear_voice_span_seconds or 0)),
        )
        tts, stream = TTS(stt, fallback=StreamingVoice()), stt.stream()
        saying: list[asyncio.Task[None]] = []

        async def say(text: Translation | RunningTranslation) -> None:
            async with tts.stream() as speech:
                if isinstance(text, RunningTranslation):
                    async for clause in text:
                        speech.push_text(clause)
                else:
                    speech.push_text(text)
                speech.end_input()
                async for _ in speech:
                    pass

        def begun(running: RunningTranslation) -> None:
            if running.take():
                saying.append(asyncio.create_task(say(running)))

        async def push() -> None:
            microphone = Microphone(speed=_SPEED)
            microphone.speak(pcm)
            for _ in range(len(Audio().frames(pcm))):
                stream.push_frame(await microphone.__anext__())
            stream.end_input()

        stt.on("translation_begun", begun)
        pushing = asyncio.create_task(push())
        async for event in stream:
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                text = event.alternatives[0].text
                if isinstance(text, Translation) and not text.utterance.is_being_said:
                    saying.append(asyncio.create_task(say(text)))
        await asyncio.gather(pushing, *saying)
        await stt.aclose()
    return spans


async def _main() -> None:
    monologues = {"without a pause": _monologue(0.0), "a breath each 5 s": _monologue(0.25)}
    rows = [(title, pcm, options) for title, pcm in monologues.items() for options in _PACES]
    for (title, _, options), spans in zip(
        rows, await asyncio.gather(*(_spans(pcm, options) for _, pcm, options in rows)), strict=True
    ):
        print(
            f"{title:18} {options!s:62} utterances {len(spans):2}  "
            f"ear-voice span: median {statistics.median(spans):5.1f} s, longest {max(spans):5.1f} s"
        )


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(_main())
