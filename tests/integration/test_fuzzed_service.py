"""Messages of the service that are almost valid, through the real SDK: nothing raises, hangs, or goes astray.

FUZZ_MESSAGES tells how many are mutated, FUZZ_SEED the seed.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from fakes.limits import within
from fakes.mutations import Mutations
from fakes.room import Audio, by_pitch
from livekit.agents import APIConnectOptions

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._sdk.events import (
    CALLBACK_FAILED,
    Disconnected,
    Event,
    Failed,
    VoiceCompleted,
)
from livekit_plugins_azure_interpreter._sdk.recognizer import AzureRecognizer
from livekit_plugins_azure_interpreter._voices.utterance import Translation
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator
from livekit_plugins_azure_interpreter.options import Options

MESSAGES = int(os.environ.get("FUZZ_MESSAGES", "60"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
_UTTERANCES = 90
_SETTLED_SECONDS = 0.3
"""A mutated utterance may bring no voice that anybody could wait for."""
_WORDS = re.compile(r"phrase numéro (\d+)$")


class Fuzzed:
    """One stream, that hears a mutated utterance and a clean one, in turns."""

    def __init__(self, seed: int) -> None:
        self.audio = Audio()
        self.lines = [self.audio.line(number, 0.1) for number in range(_UTTERANCES)]
        self.mutations = Mutations(seed)
        self.reported: list[Event] = []
        self.finals: list[Any] = []
        self.errors: list[Any] = []

    def open(self, options: Options, post: Callable[[Event], None]) -> AzureRecognizer:
        def report(event: Event) -> None:
            self.reported.append(event)
            post(event)

        return AzureRecognizer(options, report)

    async def run(self, messages: int) -> None:
        script = by_pitch({400 + 40 * number: line for number, line in enumerate(self.lines)})
        behaviour = Behaviour(script=script, silence_ms=100, interim_interval_ms=60)
        async with Emulator(behaviour, tap=self.mutations) as emulator:
            stt = STT(
                target_languages="fr",
                speech_key="any",
                speech_endpoint=emulator.endpoint,
                voice_timeout_seconds=1.0,
                peer_timeout_seconds=1.0,
                _open_recognizer=self.open,
            )
            stt.on("error", self.errors.append)
            patient = APIConnectOptions(max_retry=1000, retry_interval=0.01, timeout=5)
            async with stt.stream(conn_options=patient) as stream:
                reading = asyncio.create_task(self._read(stream))
                for number in range(0, _UTTERANCES, 2):
                    if self.mutations.count >= messages:
                        break
                    await self._hear(stream, number, mutated=True)
                    await self._hear(stream, number + 1, mutated=False)
                stream.end_input()
                await within(reading)
            await stt.aclose()

    async def _hear(self, stream: Any, number: int, *, mutated: bool) -> None:
        self.mutations.on = mutated
        before = len(self.reported)
        pcm = self.audio.burst(0.2, hertz=400 + 40 * number) + self.audio.silence(0.3)
        for frame in self.audio.frames(pcm):
            stream.push_frame(frame)
        if mutated:
            await self._until(lambda: self._voice_is_over(before), _SETTLED_SECONDS)
        elif not await self._until(lambda: self._is_heard(number), 10.0):
            raise AssertionError(f"utterance {number}, which was not mutated, is not heard")

    async def _read(self, stream: Any) -> None:
        async for event in stream:
            if event.type.value == "final_transcript":
                self.finals.append(event.alternatives[0])

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        return condition()

    def _voice_is_over(self, before: int) -> bool:
        ends = (VoiceCompleted, Failed, Disconnected)
        return any(isinstance(event, ends) for event in self.reported[before:])

    def _is_heard(self, number: int) -> bool:
        return any(
            utterance.text == self.lines[number].translations["fr"] and utterance.done
            for utterance in self.utterances
        )

    @property
    def utterances(self) -> list[Any]:
        return [final.text.utterance for final in self.finals if isinstance(final.text, Translation)]

    def astray(self) -> list[str]:
        """The texts with a voice that is not their own."""
        found = []
        for utterance in self.utterances:
            words = _WORDS.match(utterance.text)
            # A chunk may be missing, or come twice; none is of another voice.
            if words and any(
                samples.pcm not in self.lines[int(words[1])].voices["fr"].pcm for samples in utterance.samples
            ):
                found.append(utterance.text)
        return found


@pytest.mark.timeout(180 + MESSAGES / 5)
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
async def test_mutated_messages_raise_nothing_and_no_voice_goes_astray() -> None:
    count = 0
    seed = SEED
    while count < MESSAGES:
        fuzzed = Fuzzed(seed)
        try:
            await fuzzed.run(MESSAGES - count)
        except BaseException:
            print(f"FUZZ_SEED={seed}")
            raise
        raised = [one for one in fuzzed.reported if isinstance(one, Failed) and one.code == CALLBACK_FAILED]
        assert (raised, fuzzed.astray()) == ([], []), f"FUZZ_SEED={seed}"
        assert all(error.recoverable for error in fuzzed.errors), f"FUZZ_SEED={seed}"
        count += fuzzed.mutations.count
        seed += 1
