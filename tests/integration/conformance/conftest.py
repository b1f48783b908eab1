"""What LiveKit expects of any STT and TTS is asked of ours: over the real SDK, against the emulator."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes.lengths import behaviour as by_length
from fakes.lengths import utterance, voice
from fakes.limits import within
from livekit.agents import APIConnectOptions, tts
from livekit.agents.metrics import TTSMetrics

from livekit_plugins_azure_interpreter import TTS, PersonalVoiceTTS
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, synthesize

from ..conftest import OpenPair

# One clause, since a voice begins to speak with the first one.
TEXT = 'This is one clause & it is <not> as short as "Yes" is!'


@dataclass
class Told:
    """What an STT or TTS reports to its listeners."""

    errors: list[Any] = field(default_factory=list)
    metrics: list[Any] = field(default_factory=list)

    @classmethod
    def by(cls, source: Any) -> Told:
        told = cls()
        source.on("error", told.errors.append)
        source.on("metrics_collected", told.metrics.append)
        return told


class Speaking:
    """A TTS, a text that it can speak, the samples that must be heard, and who counts them."""

    def __init__(
        self, speaker: tts.TTS[Any], text: str, pcm: bytes, *, counted_by: tts.TTS[Any] | None = None
    ) -> None:
        self.tts, self.text, self.pcm = speaker, text, pcm
        self.counted_by = counted_by or speaker
        self.told = Told.by(speaker)

    @property
    def tts_metrics(self) -> list[TTSMetrics]:
        return [metrics for metrics in self.told.metrics if isinstance(metrics, TTSMetrics)]

    async def stream(self, *texts: str, **conn_options: Any) -> list[tts.SynthesizedAudio]:
        """What a stream gives for texts that come one after another."""

        async def hear() -> list[tts.SynthesizedAudio]:
            async with self.tts.stream(conn_options=_options(conn_options)) as stream:
                for text in texts:
                    stream.push_text(text)
                    await asyncio.sleep(0)
                stream.end_input()
                return [audio async for audio in stream]

        return await within(hear())

    async def synthesize(self, text: str, **conn_options: Any) -> list[tts.SynthesizedAudio]:
        """What a text gives that is whole from the beginning."""

        async def hear() -> list[tts.SynthesizedAudio]:
            async with self.tts.synthesize(text, conn_options=_options(conn_options)) as stream:
                return [audio async for audio in stream]

        return await within(hear())


def _options(chosen: dict[str, Any]) -> APIConnectOptions:
    return APIConnectOptions(**{"max_retry": 3, "retry_interval": 0.01, "timeout": 4.0, **chosen})


OpenSpeaking = Callable[..., Awaitable[Speaking]]


@pytest.fixture
async def open_translation(open_pair: OpenPair) -> OpenSpeaking:
    """`TTS(stt)`, and a translation that has just become final; options are the STT's."""

    async def make(behaviour: Behaviour | None = None, **options: Any) -> Speaking:
        pair = await open_pair(behaviour or by_length(), **options)
        pair.push(utterance(2))
        pair.stream.end_input()
        await pair.listen_until("final_transcript")
        return Speaking(pair.tts, pair.finals[0].text, voice(2, "fr"))

    return make


@pytest.fixture
async def open_voice() -> AsyncIterator[OpenSpeaking]:
    """`PersonalVoiceTTS`, and a text; options are its own."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(behaviour: Behaviour | None = None, **options: Any) -> Speaking:
            emulator = await stack.enter_async_context(Emulator(behaviour))
            where = {"speech_key": "any", "speech_endpoint": emulator.endpoint}
            speaker = PersonalVoiceTTS(**{**where, "speaker_profile_id": "some-id", **options})
            stack.push_async_callback(within, speaker.aclose())
            return Speaking(speaker, TEXT, synthesize(TEXT, 0.5, speaker.sample_rate).pcm)

        yield make


@pytest.fixture
async def open_other_text(open_pair: OpenPair, open_voice: OpenSpeaking) -> OpenSpeaking:
    """`TTS(stt, fallback=PersonalVoiceTTS(...))`, and a text that is no translation."""

    async def make(behaviour: Behaviour | None = None, **options: Any) -> Speaking:
        fallback = await open_voice(behaviour, sample_rate=16000, **options)
        pair = await open_pair()
        speaker = TTS(pair.stt, fallback=fallback.tts)
        return Speaking(speaker, fallback.text, fallback.pcm, counted_by=fallback.tts)

    return make


@pytest.fixture(params=["translation", "voice", "other_text"])
def open_speaking(request: pytest.FixtureRequest) -> OpenSpeaking:
    """Each kind of text in turn."""
    found: OpenSpeaking = request.getfixturevalue(f"open_{request.param}")
    return found


@pytest.fixture(name="by_length")
def behaviour_by_length() -> Callable[..., Behaviour]:
    """An emulator's behaviour for `open_translation`, with faults."""
    return by_length
