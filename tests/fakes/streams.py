"""What the package knows of an STT, and users do not."""

from __future__ import annotations

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._recognition.stream_factory import StreamFactory
from livekit_plugins_azure_interpreter._recognition.streams import Streams
from livekit_plugins_azure_interpreter._voices.claims import Claims
from livekit_plugins_azure_interpreter._voices.translations import Translations


def streams_of(stt: STT) -> Streams:
    """Its streams."""
    return StreamFactory.of(stt).streams


def translations_of(stt: STT) -> Translations:
    """What its streams have translated."""
    return streams_of(stt).translations


def claims_of(stt: STT) -> Claims:
    """What may still be spoken of its only stream, in its only spoken language."""
    (ledger,) = translations_of(stt).of(None)
    return ledger.claims
