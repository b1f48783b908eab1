"""The private names of LiveKit that tests use, beside those of the package's own `_livekit_private`."""

from __future__ import annotations

from livekit.agents import stt


def give_session_keyterms(stt: stt.STT, keyterms: list[str]) -> None:
    """Do what a session does with its keyterms."""
    stt._update_session_keyterms(keyterms)
