"""How the voices on a track are encoded."""

from __future__ import annotations

from typing import Any

from livekit import rtc

_BITRATE = 72_000
"""In bits per second, while a voice sounds; a silent track sends next to nothing.

From here on, Opus encodes without its speech codec, which it uses at LiveKit's default, and which takes more
CPU, also in silence.
"""


def voice_track_options(**options: Any) -> rtc.TrackPublishOptions:
    """The options with which a track of voices is published.

    Args:
        **options: Other fields of LiveKit's `TrackPublishOptions`.
    """
    made = rtc.TrackPublishOptions(**options)
    made.audio_encoding.max_bitrate = _BITRATE
    return made
