"""A track of voices costs little CPU, and sounds as it did or better."""

from __future__ import annotations

from livekit import rtc

from livekit_plugins_azure_interpreter._sound.voice_track import voice_track_options

SPEECH_CODEC_BELOW = 66_000
"""In bits per second. Up to 64,000, a voice was seen to take as much CPU as at LiveKit's default."""


def test_the_bitrate_is_one_at_which_opus_needs_no_speech_codec() -> None:
    assert voice_track_options().audio_encoding.max_bitrate >= SPEECH_CODEC_BELOW


def test_silence_is_not_sent_and_lost_packets_are_made_good_as_livekit_does_by_default() -> None:
    options = voice_track_options()
    assert not options.HasField("dtx")
    assert not options.HasField("red")


def test_the_other_options_are_as_given() -> None:
    options = voice_track_options(source=rtc.TrackSource.SOURCE_MICROPHONE)
    assert options.source == rtc.TrackSource.SOURCE_MICROPHONE
