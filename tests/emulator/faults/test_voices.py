"""Each fault in a voice, on the wire."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import pytest
from fakes.three_utterances import VOICE, behaviour, whole_turn

from livekit_plugins_azure_interpreter.emulator import Emulator, Tap, faults
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

pytestmark = pytest.mark.native


class _Clock(Tap):
    """When messages were sent, by their kind."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    def sending(self, message: Message) -> Message:
        self.times.setdefault(message.path, []).append(time.monotonic())
        return message


class TestVoices:
    def _voices(self, client: Any) -> list[list[bytes]]:
        """The payloads of each voice, by its stream."""
        streams = {frame.headers["X-StreamId"]: list[bytes]() for frame in client.of("audio.start")}
        for frame in client.of("audio"):
            streams[frame.headers["X-StreamId"]].append(frame.body)
        return list(streams.values())

    async def test_no_voice_is_no_message_of_it(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.NoVoice(2))
        assert (len(client.of("translation.response")), len(client.of("audio.start"))) == (3, 2)

    async def test_an_early_voice_begins_before_its_result(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await whole_turn(start, connect, audio, faults.EarlyVoice(1))
        assert client.paths.index("audio") < client.paths.index("translation.response")

    async def test_an_early_voice_that_never_comes_does_not_hold_up_its_result(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        what = (faults.EarlyVoice(1), faults.VoiceError(1, after=0.0))
        client = await whole_turn(start, connect, audio, *what)
        assert len(client.of("translation.response")) == 3

    async def _times(self, connect: Any, audio: Any, fault: faults.Fault) -> dict[str, list[float]]:
        clock = _Clock()
        async with Emulator(behaviour(fault), tap=clock) as emulator:
            await (await connect(emulator.endpoint)).whole_turn(audio.utterance())
        return clock.times

    async def test_a_slow_voice_begins_late(self, connect: Any, audio: Any) -> None:
        times = await self._times(connect, audio, faults.SlowVoice(1, seconds=0.1))
        assert times["audio.start"][0] - times["translation.response"][0] > 0.08

    async def test_a_voice_stalls_amid_its_audio(self, connect: Any, audio: Any) -> None:
        times = await self._times(connect, audio, faults.StallVoice(1, seconds=0.1))
        assert times["audio"][1] - times["audio"][0] > 0.08

    @pytest.mark.parametrize(
        ("after", "chunks"), [(0.0, 0), (0.5, 1), (1.0, 2)], ids=["before", "amid", "before its end"]
    )
    async def test_the_connection_drops_when_a_share_of_the_voice_was_sent(
        self, start: Any, connect: Any, audio: Any, after: float, chunks: int
    ) -> None:
        emulator = await start(behaviour(faults.DropInVoice(1, after=after, code=1011)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        for _ in range(chunks):
            await client.until("audio")
        assert (await client.closed(), client.of("audio.end"), emulator.spoken) == (1011, [], [])

    async def test_a_drop_amid_a_voice_may_be_a_reset(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(behaviour(faults.DropInVoice(1)))).endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        assert await client.closed() == aiohttp.WSCloseCode.ABNORMAL_CLOSURE

    async def test_a_voice_never_ends(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.VoiceNeverEnds(2))
        assert [frame.headers["X-StreamId"] for frame in client.of("audio.end")] == ["1", "3"]

    async def test_a_voice_ends_with_an_error(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.VoiceError(2))
        ends = [frame.json()["Status"] for frame in client.of("audio.end")]
        assert (ends, [len(voice) for voice in self._voices(client)]) == (
            ["Success", "Error", "Success"],
            [2, 1, 2],
        )

    async def test_a_chunk_amid_the_voice_is_empty(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.EmptyChunk(2))
        sizes = [[len(chunk) for chunk in voice] for voice in self._voices(client)]
        assert sizes == [[3244, 3200], [3244, 0, 3200], [3244, 3200]]

    async def test_chunks_have_odd_sizes(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.OddChunks(2), riff="none")
        sizes = [[len(chunk) % 2 for chunk in voice] for voice in self._voices(client)]
        assert (sizes, {b"".join(voice) for voice in self._voices(client)}) == (
            [[0, 0], [1, 1], [0, 0]],
            {VOICE.pcm},
        )

    async def test_a_header_is_cut_in_two(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.SplitHeader(2))
        voices = self._voices(client)
        sizes = [[len(chunk) for chunk in voice] for voice in voices]
        assert sizes == [[3244, 3200], [20, 3224, 3200], [3244, 3200]]
        assert b"".join(voices[1]) == b"".join(voices[0])

    async def test_a_header_lies_about_its_sizes(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.LyingHeader(2))
        header = self._voices(client)[1][0][:44]
        assert (header[4:8], header[40:44]) == (b"\xff\xff\xff\xff", b"\x02\0\0\0")

    async def test_a_voice_is_stereo_of_8_bits(self, start: Any, connect: Any, audio: Any) -> None:
        form = faults.VoiceFormat(2, sample_rate=8000, channels=2, bits=8)
        client = await whole_turn(start, connect, audio, form)
        sent = b"".join(self._voices(client)[1])
        header = (
            b"\x01\0\x02\0" + (8000).to_bytes(4, "little") + (16000).to_bytes(4, "little") + b"\x02\0\x08\0"
        )
        assert (sent[20:36], sent[44:]) == (header, b"\x90" * 6400)

    async def test_a_voice_is_long(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.LongVoice(2, factor=3), riff="none")
        assert b"".join(self._voices(client)[1]) == VOICE.pcm * 3


def test_a_voice_of_24_bits_is_refused() -> None:
    bits: Any = 24
    with pytest.raises(ValueError, match="bits"):
        faults.VoiceFormat(bits=bits)
