"""Frames put together to messages."""

from __future__ import annotations

import itertools
import random

import pytest

from livekit_plugins_azure_interpreter._sdk.packetizer import Packetizer

_FRAME = bytes(range(64)) * 10


def test_a_frame_that_is_a_message_is_the_same_object() -> None:
    messages = Packetizer(640)
    assert messages.add(_FRAME) is _FRAME
    assert messages.add(_FRAME) is _FRAME


def test_frames_wait_until_they_are_a_message() -> None:
    messages = Packetizer(1920)
    assert [messages.add(_FRAME) for _ in range(6)] == [b"", b"", _FRAME * 3] * 2


def test_the_overhang_of_a_message_counts_for_the_next() -> None:
    messages = Packetizer(960)
    assert [len(messages.add(_FRAME)) for _ in range(6)] == [0, 1280, 640, 0, 1280, 640]


def test_a_message_that_has_begun_with_what_was_written_elsewhere_is_completed() -> None:
    messages = Packetizer(1280)
    messages.align(640)
    assert [len(messages.add(_FRAME)) for _ in range(3)] == [640, 0, 1280]


def test_audio_that_waits_belongs_to_the_message_that_is_aligned() -> None:
    messages = Packetizer(1920)
    messages.add(_FRAME)
    messages.align(640)
    assert [len(messages.add(_FRAME)) for _ in range(2)] == [1280, 0]


def test_the_end_brings_what_waits_once() -> None:
    messages = Packetizer(1280)
    messages.add(_FRAME)
    assert messages.flush() == _FRAME
    assert messages.flush() == b""


def test_the_message_after_a_flush_is_as_long_as_any_other() -> None:
    messages = Packetizer(960)
    messages.add(_FRAME)
    messages.flush()
    assert [len(messages.add(_FRAME)) for _ in range(3)] == [0, 1280, 640]


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_and_no_whole_message_waits(seed: int) -> None:
    draw = random.Random(seed)
    message_bytes = draw.choice((640, 1280, 3200))
    pieces = [draw.randbytes(2 * draw.randint(0, 2000)) for _ in range(100)]
    messages = Packetizer(message_bytes)
    given = [messages.add(piece) for piece in pieces]
    for pushed, out in zip(
        itertools.accumulate(map(len, pieces)), itertools.accumulate(map(len, given)), strict=True
    ):
        assert pushed // message_bytes == out // message_bytes
    assert b"".join([*given, messages.flush()]) == b"".join(pieces)
