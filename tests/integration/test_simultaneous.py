"""Speech that is interpreted while it is being said, over the real SDK against the emulator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from fakes.room import Audio
from fakes.streaming_voice import StreamingVoice

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line

pytestmark = pytest.mark.native

EnterRoom = Callable[..., Awaitable[Any]]
SIMULTANEOUS = {"pace": "simultaneous"}
_WORDS_PER_SECOND = 3


def sentence(number: int, seconds: float) -> Line:
    """A sentence that takes so long to say; each of its words exists once."""
    count = round(seconds * _WORDS_PER_SECOND)
    french = " ".join(f"mot{number}x{at}" + ("," if at % 7 == 6 else "") for at in range(count))
    english = " ".join(f"word{number}x{at}" for at in range(count))
    return Line(f"{english}.", "en-US", {"fr": f"{french}.", "de": french.replace("mot", "Wort") + "."})


def speech(lines: Sequence[float], *, pause: float = 0.7) -> bytes:
    """Sentences of these lengths, in seconds."""
    audio, pcm = Audio(), b""
    for number, seconds in enumerate(lines):
        pcm += audio.burst(seconds, hertz=300 + 13 * number) + audio.silence(pause)
    return pcm + audio.silence(0.3)


def words(text: str) -> list[str]:
    return [word.strip(",.") for word in text.split()]


class TestSession:
    async def test_a_long_sentence_is_heard_while_it_is_being_said(self, enter_room: EnterRoom) -> None:
        line = sentence(1, 20)
        voice = StreamingVoice()
        room = await enter_room(
            Behaviour(script=[line]), fallback=voice, speed=4.0, pair_options=SIMULTANEOUS
        )
        begun: list[Any] = []
        metrics: list[Any] = []
        room.stt.on("translation_begun", begun.append)
        room.stt.on("utterance_metrics_collected", metrics.append)
        room.microphone.speak(speech([20]))
        await room.speaker.until_played(1)
        assert words(voice.texts[0]) == words(line.translations["fr"])
        assert len(voice.texts) == 1
        first = voice.speeches[0].pieces[0][1] - room.microphone.began_at
        print([round(at - room.microphone.began_at, 2) for _, at in voice.speeches[0].pieces], first, metrics)
        assert first < 20 / 4 / 2
