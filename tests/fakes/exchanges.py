"""Recorded exchanges made by hand: what the service says of phrases, message by message."""

from __future__ import annotations

from typing import Any

from livekit_plugins_azure_interpreter.emulator import Exchange, RecordedConnection, RecordedMessage
from livekit_plugins_azure_interpreter.emulator.recording.exchange import Sender
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message, json_body

_SPEECH_SECONDS = 0.5
_TICKS_PER_SECOND = 10_000_000


def recorded(
    path: str,
    body: dict[str, Any] | bytes | None = None,
    *,
    sender: Sender = "service",
    turn: int = 1,
    **headers: str,
) -> RecordedMessage:
    """A message that comes when half a second of audio was heard."""
    binary = isinstance(body, bytes)
    content = body if isinstance(body, bytes) else json_body(body or {})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RecordedMessage(
        sender=sender,
        at_seconds=_SPEECH_SECONDS,
        message=Message(path, named, content),
        turn=turn,
        position_seconds=_SPEECH_SECONDS,
        binary=binary,
    )


def asked(*targets: str, turn: int = 1) -> list[RecordedMessage]:
    """A turn begins: the client asks, and the service is there."""
    context = {"translation": {"targetLanguages": [*targets]}}
    begun = [
        recorded("speech.context", context, sender="client", turn=turn),
        recorded("turn.start", turn=turn),
    ]
    return [_at_once(message) for message in begun]


def final(
    number: int, *, key: str | None = "fr", language: str = "en-US", turn: int = 1, **phrase: Any
) -> RecordedMessage:
    """The final result of a phrase; without a key it is not translated."""
    spoken = {
        "RecognitionStatus": "Success",
        "DisplayText": f"sentence {number}",
        "Offset": number * _TICKS_PER_SECOND // 10,
        "Duration": _TICKS_PER_SECOND // 10,
        "PrimaryLanguage": {"Language": language, "Confidence": "High"},
        **phrase,
    }
    translations = [] if key is None else [{"Language": key, "DisplayText": f"phrase {number}"}]
    status = {"TranslationStatus": "Success" if translations else "Error", "FailureReason": ""}
    return recorded(
        "translation.response", {"SpeechPhrase": spoken, **status, "Translations": translations}, turn=turn
    )


def interim(*, turn: int = 1) -> RecordedMessage:
    """An interim result of the first phrase."""
    spoken = {"Text": "sentence", "Offset": _TICKS_PER_SECOND // 10, "Duration": _TICKS_PER_SECOND // 20}
    translations = [{"Language": "fr", "Text": "phrase"}]
    body = {"SpeechHypothesis": spoken, "TranslationStatus": "Success", "Translations": translations}
    return recorded("translation.response", body, turn=turn)


def chunk(voice: int, pcm: bytes, *, turn: int = 1) -> RecordedMessage:
    """A piece of a voice."""
    return recorded("audio", pcm, turn=turn, X_StreamId=str(voice))


def voice_end(voice: int, status: str = "Success", *, turn: int = 1) -> RecordedMessage:
    """The end of a voice."""
    return recorded("audio.end", {"Status": status}, turn=turn, X_StreamId=str(voice))


def speech_end(*, turn: int = 1) -> RecordedMessage:
    return recorded("speech.endDetected", {"Offset": _TICKS_PER_SECOND // 2}, turn=turn)


def exchange(*messages: RecordedMessage, **connection: Any) -> Exchange:
    """One connection and one turn, which ends with what is said."""
    said = [*asked("fr"), *messages, speech_end(), recorded("turn.end")]
    return Exchange(connections=[RecordedConnection(messages=said, **connection)])


def _at_once(message: RecordedMessage) -> RecordedMessage:
    return RecordedMessage(sender=message.sender, at_seconds=0.0, message=message.message, turn=message.turn)
