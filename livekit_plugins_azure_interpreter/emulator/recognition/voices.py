"""Builds the actions that send a voice: messages, pauses and faults."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from ..behaviour import Behaviour
from ..faults import (
    DropInVoice,
    EmptyChunk,
    LongVoice,
    LyingHeader,
    OddChunks,
    ServiceTurn,
    SilentVoice,
    SlowVoice,
    SplitHeader,
    StallVoice,
    StrayVoice,
    UnannouncedVoice,
    VoiceError,
    VoiceFormat,
    VoiceNeverEnds,
)
from ..faults.schedule import UtteranceFaults
from ..script import Voice
from ..transport.wire import Message, json_body
from .actions import Action, CloseConnection, Pause, Send, VoiceSent

_SPLIT_AT = 20
_UNKNOWN = 0
_FOUR_GIGABYTES = 0xFFFF_FFFF
_ONE_SAMPLE_BYTES = 2


def voice_actions(
    voice: Voice, language: str, stream_id: int, behaviour: Behaviour, faults: UtteranceFaults
) -> list[Action | VoiceSent]:
    """The actions that send a voice, in order."""
    stream = {"X-StreamId": str(stream_id), **_other_turn(faults)}

    def say(path: str, body: dict[str, Any]) -> Send:
        return Send(Message(path, stream, json_body(body)))

    if long := faults.get(LongVoice):
        voice = Voice(voice.pcm * long.factor, voice.sample_rate)
    if faults.get(SilentVoice):
        voice = Voice(bytes(len(voice.pcm)), voice.sample_rate)
    slow = faults.get(SlowVoice)
    actions: list[Action | VoiceSent] = [
        Pause(behaviour.voice_delay_ms / 1000 + (slow.seconds if slow else 0.0))
    ]
    if not faults.get(UnannouncedVoice):
        actions.append(say("audio.start", {"TranslationLanguage": language}))
    payloads = list(voice_chunks(voice, behaviour, faults))
    chunks = [list[Action]([Send(Message("audio", stream, payload), True)]) for payload in payloads]
    if behaviour.voice_speed is not None:
        for chunk in chunks:
            chunk.append(Pause(voice.seconds / len(chunks) / behaviour.voice_speed))
    end: list[Action | VoiceSent] = (
        [] if faults.get(VoiceNeverEnds) else [say("audio.end", {"Status": "Success"})]
    )
    end.append(VoiceSent(voice))

    def at(share: float) -> int:
        return int(share * len(payloads))

    if error := faults.get(VoiceError):
        del chunks[at(error.after) :]
        end = [say("audio.end", {"Status": "Error"})]
    if drop := faults.get(DropInVoice):
        del chunks[at(drop.after) :]
        end = [CloseConnection(drop.code)]
    if empty := faults.get(EmptyChunk):
        chunks.insert(max(1, at(empty.after)), [Send(Message("audio", stream), True)])
    if stall := faults.get(StallVoice):
        chunks.insert(at(stall.after), [Pause(stall.seconds)])
    if faults.get(ServiceTurn):
        actions.insert(0, say("turn.start", {"context": {"serviceTag": stream["X-RequestId"]}}))
        end.append(say("turn.end", {}))
    return [*actions, *(action for chunk in chunks for action in chunk), *end]


def _other_turn(faults: UtteranceFaults) -> dict[str, str]:
    """The header of messages that do not belong to the turn of the client."""
    return {"X-RequestId": uuid4().hex} if faults.any(ServiceTurn, StrayVoice) else {}


def voice_chunks(voice: Voice, behaviour: Behaviour, faults: UtteranceFaults) -> Iterator[bytes]:
    """A voice, cut into the payloads of its messages."""
    form = faults.get(VoiceFormat) or VoiceFormat(sample_rate=voice.sample_rate)
    data = _in_format(voice.pcm, form)
    header = _header(form, faults)
    riff = behaviour.riff
    if riff == "none" and faults.any(VoiceFormat, LyingHeader, SplitHeader):
        riff = "first"
    for at, chunk in _cut(data, behaviour.chunk_bytes, odd=faults.get(OddChunks) is not None):
        if riff == "none" or (riff == "first" and at):
            yield chunk
        elif faults.get(SplitHeader):
            yield header[:_SPLIT_AT]
            yield header[_SPLIT_AT:] + chunk
        else:
            yield header + chunk


def riff_header(
    sample_rate: int, channels: int = 1, bits: int = 16, *, size: int = _UNKNOWN, data_size: int = _UNKNOWN
) -> bytes:
    """A RIFF header as streaming services send it: sizes that are not known yet are 0."""
    frame_bytes = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * frame_bytes, frame_bytes, bits)
    form = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
    return b"RIFF" + struct.pack("<I", size) + form + b"data" + struct.pack("<I", data_size)


def _header(form: VoiceFormat, faults: UtteranceFaults) -> bytes:
    sizes = {"size": _FOUR_GIGABYTES, "data_size": _ONE_SAMPLE_BYTES} if faults.get(LyingHeader) else {}
    return riff_header(form.sample_rate, form.channels, form.bits, **sizes)


def _cut(data: bytes, size: int, *, odd: bool) -> Iterator[tuple[int, bytes]]:
    if odd:
        # A short voice is cut, too.
        size = min(size + 1, len(data) // 2 | 1)
    for at in range(0, len(data), size):
        yield at, data[at : at + size]


def _in_format(pcm: bytes, form: VoiceFormat) -> bytes:
    if (form.channels, form.bits) == (1, 16):
        return pcm
    samples = (pcm[at : at + 2] for at in range(0, len(pcm), 2))
    if form.bits == 8:
        # Eight bits have no sign: silence is 128.
        samples = (bytes([sample[1] ^ 0x80]) for sample in samples)
    return b"".join(sample * form.channels for sample in samples)
