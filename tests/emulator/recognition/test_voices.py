from __future__ import annotations

import json
from typing import Any

import pytest

from livekit_plugins_azure_interpreter._voices.samples import VoiceReader
from livekit_plugins_azure_interpreter.emulator import Behaviour, Voice, faults
from livekit_plugins_azure_interpreter.emulator.faults.schedule import UtteranceFaults
from livekit_plugins_azure_interpreter.emulator.recognition.actions import (
    Action,
    CloseConnection,
    Pause,
    Send,
    VoiceSent,
)
from livekit_plugins_azure_interpreter.emulator.recognition.voices import (
    riff_header,
    voice_actions,
    voice_chunks,
)
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message


def _payloads(pcm: bytes, *what: faults.UtteranceFault, **behaviour: Any) -> list[bytes]:
    return list(voice_chunks(Voice(pcm, 24000), Behaviour(**behaviour), UtteranceFaults(what)))


def _steps(pcm: bytes, *what: faults.UtteranceFault, **behaviour: Any) -> list[Action | VoiceSent]:
    return voice_actions(Voice(pcm), "fr", 7, Behaviour(**behaviour), UtteranceFaults(what))


def _outline(steps: list[Action | VoiceSent]) -> list[Any]:
    """Messages as their path, pauses as their seconds, others as their type."""
    seen = {Send: lambda step: step.message.path, Pause: lambda step: step.seconds}
    return [seen.get(type(step), type)(step) for step in steps]


class TestSteps:
    def test_a_voice_is_begun_sent_and_ended(self) -> None:
        assert _outline(_steps(bytes(6400))) == [0.0, "audio.start", "audio", "audio", "audio.end", VoiceSent]

    def test_all_messages_are_of_its_stream(self) -> None:
        messages = [step.message for step in _steps(bytes(6400)) if isinstance(step, Send)]
        assert {message.headers["X-StreamId"] for message in messages} == {"7"}

    def test_the_first_step_tells_the_language(self) -> None:
        start = next(step for step in _steps(bytes(2)) if isinstance(step, Send))
        assert json.loads(start.message.body) == {"TranslationLanguage": "fr"}

    def test_audio_steps_alone_are_binary(self) -> None:
        says = [step for step in _steps(bytes(6400)) if isinstance(step, Send)]
        assert {step.message.path for step in says if step.binary} == {"audio"}

    def test_a_delayed_voice_waits_first(self) -> None:
        assert _steps(bytes(2), voice_delay_ms=300)[0] == Pause(0.3)

    def test_a_slow_voice_is_delayed_more(self) -> None:
        assert _steps(bytes(2), faults.SlowVoice(seconds=2.0), voice_delay_ms=300)[0] == Pause(2.3)

    def test_a_paced_voice_comes_piece_by_piece(self) -> None:
        assert _outline(_steps(bytes(6400), voice_speed=2.0))[2:6] == ["audio", 0.05, "audio", 0.05]

    def test_the_pace_of_a_voice_fits_its_samples_in_any_format(self) -> None:
        steps = _steps(bytes(6400), faults.VoiceFormat(channels=2), voice_speed=2.0)
        assert sum(step.seconds for step in steps if isinstance(step, Pause)) == pytest.approx(0.1)

    def test_an_empty_voice_has_no_audio_but_is_begun_and_ended(self) -> None:
        # An empty audio frame would be a spurious end of synthesis to the SDK.
        assert _outline(_steps(b"")) == [0.0, "audio.start", "audio.end", VoiceSent]

    def test_a_long_voice_was_sent_with_all_its_samples(self) -> None:
        assert _steps(b"\1\2", faults.LongVoice(factor=3))[-1] == VoiceSent(Voice(b"\1\2" * 3))

    def test_an_end_that_is_not_told_is_one_all_the_same(self) -> None:
        assert _outline(_steps(bytes(2), faults.VoiceNeverEnds()))[-2:] == ["audio", VoiceSent]

    @pytest.mark.parametrize("kind", [faults.DropInVoice, faults.VoiceError, faults.EmptyChunk])
    @pytest.mark.parametrize("after", [0.0, 0.5, 1.0])
    def test_a_fault_may_meet_a_voice_of_no_or_one_message(
        self, kind: type[faults.UtteranceFault], after: float
    ) -> None:
        for pcm in (b"", bytes(2)):
            assert _steps(pcm, kind(after=after))  # type: ignore[call-arg]

    def test_a_drop_is_the_last_step(self) -> None:
        what = (faults.DropInVoice(code=1011), faults.VoiceError(), faults.StallVoice(seconds=1.0))
        assert _steps(bytes(6400), *what)[-1] == CloseConnection(1011)

    def test_a_chunk_is_empty_only_when_one_was_sent(self) -> None:
        outline = _outline(_steps(bytes(2), faults.EmptyChunk(after=0.0)))
        assert outline == [0.0, "audio.start", "audio", "audio", "audio.end", VoiceSent]

    def test_a_voice_may_stall_before_its_end(self) -> None:
        outline = _outline(_steps(bytes(2), faults.StallVoice(seconds=3.0, after=1.0)))
        assert outline == [0.0, "audio.start", "audio", 3.0, "audio.end", VoiceSent]


class TestPayloads:
    @pytest.mark.parametrize(
        ("chunk_bytes", "sizes"),
        [(2, [2] * 500), (640, [640, 360]), (1000, [1000]), (3200, [1000])],
    )
    def test_payloads_have_the_requested_size_and_a_rest(self, chunk_bytes: int, sizes: list[int]) -> None:
        payloads = _payloads(bytes(1000), chunk_bytes=chunk_bytes, riff="none")
        assert [len(payload) for payload in payloads] == sizes

    @pytest.mark.parametrize(
        ("riff", "headed"),
        [("first", [True, False, False]), ("every", [True, True, True]), ("none", [False, False, False])],
    )
    def test_a_riff_header_is_where_it_was_asked_for(self, riff: str, headed: list[bool]) -> None:
        payloads = _payloads(bytes(1920), chunk_bytes=640, riff=riff)
        assert [payload.startswith(riff_header(24000)) for payload in payloads] == headed

    @pytest.mark.parametrize("riff", ["first", "every", "none"])
    def test_the_samples_are_whole_beside_the_headers(self, audio: Any, riff: str) -> None:
        pcm = audio.noise(0.1, seed=5)
        payloads = _payloads(pcm, chunk_bytes=640, riff=riff)
        assert b"".join(payload.removeprefix(riff_header(24000)) for payload in payloads) == pcm

    @pytest.mark.parametrize(
        "fault", [faults.SplitHeader(), faults.LyingHeader(), faults.VoiceFormat(channels=2)]
    )
    def test_a_fault_in_the_header_adds_a_header(self, fault: faults.UtteranceFault) -> None:
        assert _payloads(bytes(640), fault, riff="none")[0].startswith(b"RIFF")

    def test_every_header_can_be_cut_in_two(self) -> None:
        payloads = _payloads(bytes(1280), faults.SplitHeader(), chunk_bytes=640, riff="every")
        assert [len(payload) for payload in payloads] == [20, 664, 20, 664]

    @pytest.mark.parametrize("size", [4, 640, 3200, 3202, 6400])
    def test_odd_chunks_are_odd_however_short_the_voice_is(self, size: int) -> None:
        payloads = _payloads(bytes(size), faults.OddChunks(), riff="none")
        assert (len(payloads[0]) % 2, len(payloads) > 1, sum(map(len, payloads))) == (1, True, size)


class TestFormat:
    def test_samples_are_repeated_for_each_channel(self) -> None:
        (payload,) = _payloads(b"\1\2\3\4", faults.VoiceFormat(channels=2))
        assert payload[44:] == b"\1\2\1\2\3\4\3\4"

    @pytest.mark.parametrize(("sample", "byte"), [(0, 0x80), (0x7FFF, 0xFF), (-0x8000, 0x00), (-0x100, 0x7F)])
    def test_eight_bits_have_no_sign(self, sample: int, byte: int) -> None:
        (payload,) = _payloads(sample.to_bytes(2, "little", signed=True), faults.VoiceFormat(bits=8))
        assert payload[44:] == bytes([byte])

    def test_the_rate_is_only_told(self) -> None:
        (payload,) = _payloads(b"\1\2\3\4", faults.VoiceFormat(sample_rate=48000))
        assert payload == riff_header(48000) + b"\1\2\3\4"


class TestRiffHeader:
    def test_a_riff_header_has_44_bytes_and_sizes_0_as_streaming_services_send_it(self, audio: Any) -> None:
        assert riff_header(24000) == audio.riff(24000)

    def test_a_riff_header_tells_channels_and_bits(self) -> None:
        assert riff_header(16000, 2, 8)[22:36] == b"\2\0\x80\x3e\0\0\0\x7d\0\0\2\0\x08\0"


class TestReader:
    @pytest.mark.parametrize(
        "what",
        [
            (),
            (faults.OddChunks(),),
            (faults.SplitHeader(),),
            (faults.LyingHeader(),),
            (faults.VoiceFormat(sample_rate=24000, channels=2),),
        ],
        ids=["nothing", "odd chunks", "split header", "lying header", "stereo"],
    )
    def test_a_reader_gets_the_samples_back(
        self, audio: Any, what: tuple[faults.UtteranceFault, ...]
    ) -> None:
        pcm = audio.noise(0.1, seed=5)
        reader = VoiceReader()
        pieces = [reader.read(payload) for payload in _payloads(pcm, *what, chunk_bytes=640)]
        assert b"".join(piece.pcm for piece in pieces if piece is not None) == pcm


class TestForms:
    def _messages(self, *what: faults.UtteranceFault, **behaviour: Any) -> list[Message]:
        steps = _steps(b"\1\2" * 3200, *what, **behaviour)
        return [step.message for step in steps if isinstance(step, Send)]

    def test_a_silent_voice_is_a_header_and_zeros(self) -> None:
        sent = b"".join(
            message.body for message in self._messages(faults.SilentVoice()) if message.path == "audio"
        )
        assert (sent[:4], sent[44:]) == (b"RIFF", bytes(6400))

    def test_an_unannounced_voice_has_no_start(self) -> None:
        paths = [message.path for message in self._messages(faults.UnannouncedVoice())]
        assert paths == ["audio", "audio", "audio.end"]

    def test_a_voice_in_a_turn_of_the_service_has_an_id_of_its_own(self) -> None:
        messages = self._messages(faults.ServiceTurn())
        (request_id,) = {message.request_id for message in messages}
        assert request_id
        assert messages[0].json() == {"context": {"serviceTag": request_id}}
        paths = [message.path for message in messages]
        assert paths == ["turn.start", "audio.start", "audio", "audio", "audio.end", "turn.end"]

    def test_a_stray_voice_has_an_id_that_no_turn_began_with(self) -> None:
        messages = self._messages(faults.StrayVoice())
        assert len({message.request_id for message in messages}) == 1
        assert [message.path for message in messages] == ["audio.start", "audio", "audio", "audio.end"]

    def test_a_voice_of_the_clients_turn_leaves_the_id_to_the_turn(self) -> None:
        assert {message.request_id for message in self._messages()} == {""}

    def test_a_whole_voice_can_be_one_chunk(self) -> None:
        steps = _steps(bytes(200_000), chunk_bytes=1_000_000)
        (chunk,) = [step.message.body for step in steps if isinstance(step, Send) and step.binary]
        assert len(chunk) == 200_044
