"""Several resources, each an emulator: refusals and outages at the start and in the middle of speech."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.fixtures import Until
from fakes.limits import within
from fakes.redis_server import RedisServer
from livekit.agents import APIConnectOptions, APIStatusError

from livekit_plugins_azure_interpreter import (
    PersonalVoiceTTS,
    RedisLeases,
    Resource,
    ResourceChanged,
    SpeechResources,
)
from livekit_plugins_azure_interpreter._fleet import resource_pool
from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    Drop,
    DropText,
    Emulator,
    Refuse,
    RefuseText,
    RefuseTurn,
)
from livekit_plugins_azure_interpreter.speech_resources import places_of

_STRETCHES = ((0.4, 0.9), (1.3, 1.9), (2.3, 2.7), (3.1, 3.8))
_TEXTS = ["phrase numéro 1", "phrase numéro 2", "phrase numéro 3", "phrase numéro 4"]
_END = 4.4
_MIDDLE = 1.6
"""In the middle of the second utterance."""
_MIDDLE_BYTES = round((_MIDDLE - 0.1) * 16000) * 2
_QUOTA = "Quota exceeded. Cid: "

Open = Callable[..., Awaitable[Any]]


class Two:
    """A pair with two resources."""

    def __init__(self, pair: Any, near: Emulator, far: Emulator, resources: SpeechResources) -> None:
        self.pair, self.near, self.far, self.resources = pair, near, far, resources
        self.changes: list[ResourceChanged] = []
        resources.on("resource_changed", self.changes.append)

    @property
    def told(self) -> list[tuple[str, str, str | None]]:
        return [(one.name, one.state, one.reason) for one in self.changes]

    @property
    def open_streams(self) -> list[int]:
        return [one.open_streams for one in self.resources.states if one.use == "recognition"]

    def says_all(self) -> bool:
        """Each utterance is interpreted once, in order, at its place."""
        times = [(final.start_time, final.end_time) for final in self.pair.finals]
        in_time = times == [pytest.approx(stretch, abs=0.2) for stretch in _STRETCHES]
        return in_time and [final.text for final in self.pair.finals] == _TEXTS


@pytest.fixture
def lines(audio: Any) -> list[Any]:
    return [audio.line(number, 0.2) for number in range(1, len(_STRETCHES) + 1)]


@pytest.fixture
async def open_two(open_pair: Any, lines: list[Any]) -> AsyncIterator[Open]:
    """A pair with two resources; faults are those of the nearer one.

    The farther one hears the utterance `far_from` first.
    """
    async with contextlib.AsyncExitStack() as stack:

        async def make(
            *faults: Any,
            far: tuple[Any, ...] = (),
            far_from: int = 0,
            max_streams: int = 2,
            leases: Any = None,
            **options: Any,
        ) -> Two:
            behaviours = [
                Behaviour(script=lines[first:], faults=those)
                for first, those in ((0, faults), (far_from, far))
            ]
            emulators = [await stack.enter_async_context(Emulator(one)) for one in behaviours]
            both = [
                Resource(speech_key="any", speech_endpoint=one.endpoint, name=name, max_streams=max_streams)
                for name, one in zip(("near", "far"), emulators, strict=True)
            ]
            resources = SpeechResources(both, leases=leases, share=0)
            single = {"speech_key": None, "speech_endpoint": None}
            pair = await open_pair(**single, speech_resources=resources, **options)
            return Two(pair, *emulators, resources)

        yield make


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (RefuseTurn(code=1007, reason=_QUOTA), "quota"),
        (RefuseTurn(code=4429), "quota"),
        (Refuse(429, times=None), "quota"),
        (Refuse(503, times=None), "outage"),
        (Refuse(401, times=None), "rejected"),
    ],
)
async def test_a_resource_that_refuses_at_the_start_loses_nothing(
    open_two: Open, audio: Any, fault: Any, reason: str
) -> None:
    two = await open_two(fault)
    await two.pair.interpret(audio.speech(*_STRETCHES, end=_END))
    assert two.says_all()
    assert two.told == [("near", "resting", reason)]
    assert two.pair.errors == []
    assert two.open_streams == [0, 0]


async def _interpret_to_the_middle(two: Two, audio: Any) -> None:
    """The first utterance has its result, and the second one has begun."""
    two.pair.push(audio.speech(*_STRETCHES, end=_END)[:_MIDDLE_BYTES])
    await two.pair.listen_until("final_transcript")
    await two.pair.say(two.pair.finals[0].text)


async def _interpret_the_rest(two: Two, audio: Any) -> None:
    two.pair.push(audio.speech(*_STRETCHES, end=_END)[_MIDDLE_BYTES:])
    two.pair.stream.end_input()
    await within(two.pair.listen())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Drop(_MIDDLE, code=1007, reason=_QUOTA), "quota"),
        (Drop(_MIDDLE, code=4429), "quota"),
    ],
)
async def test_a_resource_that_refuses_in_the_middle_of_an_utterance_loses_nothing(
    open_two: Open, audio: Any, other_voice: Any, fault: Any, reason: str
) -> None:
    two = await open_two(fault, far_from=1, fallback=other_voice)
    await _interpret_to_the_middle(two, audio)
    await _interpret_the_rest(two, audio)
    assert two.says_all()
    assert two.told == [("near", "resting", reason)]
    assert two.pair.errors == []
    assert [one.moved_streams for one in two.resources.states] == [1, 0, 0, 0]


async def test_a_resource_that_dies_in_the_middle_of_an_utterance_loses_nothing(
    open_two: Open, audio: Any, other_voice: Any
) -> None:
    two = await open_two(far_from=1, fallback=other_voice)
    await _interpret_to_the_middle(two, audio)
    await two.near.aclose()
    await _interpret_the_rest(two, audio)
    assert two.says_all()
    assert two.told == [("near", "resting", "outage")]
    assert two.pair.errors == []
    assert two.open_streams == [0, 0]


async def test_new_streams_go_back_to_the_first_resource_after_its_rest(
    open_two: Open, audio: Any, other_voice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(resource_pool.FIRST_REST_SECONDS, "quota", 0.5)
    two = await open_two(RefuseTurn(turn=1, code=4429), fallback=other_voice)
    await two.pair.interpret(audio.speech(*_STRETCHES, end=_END))
    assert (two.near.connections, two.far.connections) == (1, 1)
    await asyncio.sleep(0.5)
    two.pair.stream = two.pair.stt.stream()
    await two.pair.interpret(audio.speech(*_STRETCHES, end=_END))
    assert (two.near.connections, two.far.connections) == (2, 1)
    assert two.told == [("near", "resting", "quota"), ("near", "returned", None)]


async def test_resources_that_all_refuse_are_the_error_of_the_last_one(open_two: Open, audio: Any) -> None:
    refuses = Refuse(401, times=None)
    two = await open_two(refuses, far=(refuses,))
    two.pair.push(audio.speech(*_STRETCHES, end=_END))
    with pytest.raises(APIStatusError, match="Azure refused the credentials"):
        await within(two.pair.listen())
    assert two.told == [("near", "resting", "rejected"), ("far", "resting", "rejected")]
    assert two.open_streams == [0, 0]


async def test_a_stream_without_a_free_place_fails_after_its_connect_timeout(
    open_two: Open, audio: Any, until: Until
) -> None:
    two = await open_two(max_streams=1)
    streams = [two.pair.stream, two.pair.stt.stream()]
    for stream in streams:
        stream.push_frame(audio.frames(audio.speech((0.4, 0.9), end=1.0))[0])
    await until(lambda: two.open_streams == [1, 1])
    third = two.pair.stt.stream(conn_options=APIConnectOptions(max_retry=0, timeout=0.5))
    with pytest.raises(APIStatusError, match="all places at the Azure resources are taken"):
        await within(third.__anext__())
    await within(two.pair.stream.aclose())
    assert two.open_streams == [0, 1]


class Voices:
    """A PersonalVoiceTTS with two resources, each an emulator."""

    def __init__(self, near: Emulator, far: Emulator) -> None:
        self.near, self.far = near, far
        both = [
            Resource(speech_key="any", speech_endpoint=one.endpoint, name=name, max_streams=1)
            for name, one in (("near", near), ("far", far))
        ]
        self.resources = SpeechResources(both)
        self.tts = PersonalVoiceTTS(voice="fr-FR-DeniseNeural", speech_resources=self.resources)
        self.errors: list[Any] = []
        self.tts.on("error", self.errors.append)

    async def say(self, text: str) -> bytes:
        async with self.tts.synthesize(text) as speech:
            return b"".join([bytes(audio.frame.data) async for audio in speech])

    @property
    def counted(self) -> list[tuple[int, int]]:
        """The open places, and the refusals, of each resource."""
        states = [one for one in self.resources.states if one.use == "synthesis"]
        return [(one.open_streams, sum(one.refusals.values())) for one in states]


@pytest.fixture
async def open_voices() -> AsyncIterator[Callable[..., Awaitable[Voices]]]:
    """Faults are those of the nearer resource."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(*faults: Any) -> Voices:
            behaviours = Behaviour(faults=faults), Behaviour()
            voices = Voices(*[await stack.enter_async_context(Emulator(one)) for one in behaviours])
            stack.push_async_callback(within, voices.tts.aclose())
            return voices

        yield make


@pytest.mark.parametrize("fault", [RefuseText(code=4429), DropText(after=0.5), DropText(after=0.0)])
async def test_a_text_is_spoken_whole_by_the_next_resource(open_voices: Any, fault: Any) -> None:
    voices = await open_voices(fault)
    heard = await within(voices.say("This is one sentence."))
    assert heard == await within(voices.say("This is one sentence."))
    assert voices.counted == [(0, 1), (0, 0)]
    assert voices.errors == []


async def test_texts_at_the_same_time_are_spoken_at_the_resources_that_have_a_place(open_voices: Any) -> None:
    voices = await open_voices()
    await within(asyncio.gather(*(voices.say(f"This is text number {number}.") for number in range(4))))
    assert voices.near.synthesis_connections
    assert voices.far.synthesis_connections
    assert voices.counted == [(0, 0), (0, 0)]


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.kill()


async def test_two_processes_share_the_places_through_redis_also_after_its_restart(
    open_two: Open, audio: Any, redis_server: RedisServer, until: Until
) -> None:
    leases = [RedisLeases(redis_server.url) for _ in range(2)]
    processes = [await open_two(max_streams=1, leases=one) for one in leases]
    frame = audio.frames(audio.speech((0.4, 0.9), end=1.0))[0]
    for process in processes:
        process.pair.stream.push_frame(frame)
    # The names of the resources are the same in both, so each gets one of the two places.
    await until(lambda: sum(one.near.connections + one.far.connections for one in processes) == 2)
    assert [one.open_streams for one in processes] in ([[1, 0], [0, 1]], [[0, 1], [1, 0]])
    redis_server.kill()
    third = processes[0].pair.stt.stream(conn_options=APIConnectOptions(max_retry=0, timeout=0.5))
    with pytest.raises(APIStatusError, match="all places at the Azure resources are taken"):
        await within(third.__anext__())
    redis_server.start()
    await within(processes[1].pair.stream.aclose())
    await within(processes[1].resources.aclose())
    fourth = processes[0].pair.stt.stream()
    fourth.push_frame(frame)
    await until(lambda: processes[0].open_streams == [1, 1])
    await within(fourth.aclose())
    for process, one in zip(processes, leases, strict=True):
        await within(process.pair.stream.aclose())
        await within(process.resources.aclose())
        await within(one.aclose())


async def test_a_change_of_the_options_waits_for_the_place_of_its_own_stream_if_all_are_taken(
    open_two: Open, audio: Any, lines: list[Any]
) -> None:
    two = await open_two(max_streams=1)
    held = await places_of(two.resources, "recognition").take(0.0)
    two.pair.push(audio.speech(*_STRETCHES[:2], end=2.6))
    await two.pair.listen_until("final_transcript", 2)
    two.pair.stt.update_options(phrase_list=["LiveKit"])
    late = [(start - 1.9, end - 1.9) for start, end in _STRETCHES[2:]]
    two.pair.push(audio.speech(*late, end=_END - 1.9))
    two.pair.stream.end_input()
    await within(two.pair.listen())
    assert [final.start_time for final in two.pair.finals] == [
        pytest.approx(start, abs=0.2)
        for start, _ in (*_STRETCHES[:2], *((2.6 + start, 0) for start, _ in late))
    ]
    assert two.pair.errors == []
    held.release()
    assert two.open_streams == [0, 0]
