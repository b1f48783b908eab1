"""What is kept of a stream's audio for the stream that replaces it."""

from __future__ import annotations

import pytest
from livekit import rtc

from livekit_plugins_azure_interpreter._recognition.option_timeline import OptionChange
from livekit_plugins_azure_interpreter._recognition.stream_audio import StreamAudio
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import Options

FLUSH = object()  # LiveKit's sentinel is an object of no other use
TO_GERMAN = OptionChange({"target_languages": ("de",)})


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def audio(clock: Clock) -> StreamAudio:
    options = Options(credentials=Credentials(endpoint="ws://localhost", key="any"), target_languages=("fr",))
    return StreamAudio(options, max_seconds=10.0, now=clock)


def frame(seconds: float, *, rate_hz: int = 16000, channels: int = 1) -> rtc.AudioFrame:
    count = round(seconds * rate_hz)
    return rtc.AudioFrame(b"\x10\x00" * channels * count, rate_hz, channels, count)


def targets(audio: StreamAudio) -> list[tuple[float, str]]:
    """From where on in the audio which language is the target."""
    return [(at, options.target_languages[0]) for at, options in audio.options.of_retained()]


def test_frames_wait_until_they_complete_a_message_of_the_sdk(audio: StreamAudio) -> None:
    taken = [len(audio.take(frame(0.02))) for _ in range(5)]
    assert taken == [0, 1280, 0, 1280, 0]
    assert (len(audio.flush()), audio.flush()) == (640, b"")


def test_a_message_begins_where_the_sdk_begins_one(audio: StreamAudio) -> None:
    audio.align(640)
    assert [len(audio.take(frame(0.02))) for _ in range(3)] == [640, 0, 1280]


def test_a_frame_that_waits_is_taken_by_the_next_stream(audio: StreamAudio) -> None:
    audio.take(frame(0.02))  # its stream ends
    audio.keep(frame(0.02))
    assert audio.replay_buffer.end_seconds == 0.04


def test_a_kept_frame_is_kept_as_it_is_sent(audio: StreamAudio) -> None:
    audio.keep(frame(0.5, channels=2))
    assert [piece.pcm for piece in audio.replay_buffer.pieces()] == [bytes(frame(0.5).data)]


def test_a_kept_frame_has_the_time_at_which_it_was_pushed(audio: StreamAudio, clock: Clock) -> None:
    clock.now = 12.0
    audio.keep(frame(0.5))
    assert audio.push_clock.at(0.5) == 12.0


def test_a_frame_with_others_behind_it_was_pushed_as_much_earlier(audio: StreamAudio, clock: Clock) -> None:
    clock.now = 20.0
    audio.keep(frame(0.5), items_behind=3)
    assert audio.push_clock.at(0.5) == 20.0 - 3 * 0.5


def test_a_kept_change_applies_from_the_next_frame_on(audio: StreamAudio) -> None:
    audio.keep(frame(0.5))
    audio.keep(TO_GERMAN)
    before = targets(audio)
    audio.keep(frame(0.5))
    assert (before, targets(audio)) == ([(0.0, "fr")], [(0.0, "fr"), (0.5, "de")])


def test_a_kept_flush_has_its_place(audio: StreamAudio) -> None:
    audio.keep(frame(0.5))
    audio.keep(FLUSH)
    audio.keep(frame(0.5))
    assert audio.flush_marks.of_retained() == [0.5]
    assert len(audio.replay_buffer.pieces()) == 2


def test_a_kept_flush_comes_after_what_the_resampler_holds(audio: StreamAudio) -> None:
    audio.keep(frame(0.5, rate_hz=48000))
    audio.keep(FLUSH)
    assert audio.flush_marks.of_retained() == [audio.replay_buffer.end_seconds] == [0.5]
