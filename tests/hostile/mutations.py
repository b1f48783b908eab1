"""Messages of Azure Speech that somebody has damaged, or means badly."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

Frame = str | bytes

_RIFF = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80>\0\0\0}\0\0\x02\0\x10\0data\0\0\0\0"
_NESTED = 100_000
_EXTREMES = (
    "Infinity",
    "-Infinity",
    "NaN",
    "1e999",
    "-1",
    "1" * 4000,
    '"' + "x" * 10_000 + '"',
    "null",
    "{}",
)
_EXTREME_NUMBERS = (0, 1, 49, 2**31, 2**32 - 1)


def _text(path: str, body: Any) -> str:
    return f"Path:{path}\r\nX-RequestId:r1\r\n\r\n{json.dumps(body)}"


def _binary(path: str, body: bytes) -> bytes:
    head = f"Path:{path}\r\nX-RequestId:r1\r\n".encode()
    return len(head).to_bytes(2, "big") + head + body


_CONTEXT = {
    "phraseDetection": {
        "mode": "CONVERSATION",
        "CONVERSATION": {"segmentation": {"segmentationSilenceTimeoutMs": 400}},
        "initialSilenceTimeout": 5000,
        "onSuccess": {"action": "Translate"},
    },
    "phraseOutput": {"format": "Detailed", "detailed": {"options": ["WordTimings"]}},
    "translation": {"targetLanguages": ["fr", "de"], "onSuccess": {"action": "Synthesize"}},
    "synthesis": {"synthesizedLanguages": ["fr"], "defaultVoices": {"fr": "personal-voice"}},
    "continuation": {"token": "t", "audio": {"streams": {"1": {"offset": "10000000"}}}},
    "audio": {"streams": {"1": None}},
}
SPEECH: tuple[Frame, ...] = (
    _text("speech.config", {"context": {"system": {"name": "hostile"}}}),
    _text("speech.context", _CONTEXT),
    _binary("audio", _RIFF),
    _binary("audio", bytes(range(256)) * 12),
    _text("event", {"name": "updateLanguage", "to": ["fr"]}),
    _binary("audio", b""),
)
SYNTHESIS: tuple[Frame, ...] = (
    _text("synthesis.context", {"synthesis": {"audio": {"outputFormat": "raw-16khz-16bit-mono-pcm"}}}),
    "Path:ssml\r\nX-RequestId:r1\r\n\r\n"
    "<speak version='1.0' xml:lang='en-US'><voice name='en-US-AvaNeural'>Hello there.</voice></speak>",
)


def conversation(chance: random.Random) -> tuple[str, list[Frame]]:
    """The path of a service, and its messages, of which at least one is damaged."""
    path, frames = chance.choice(
        (("/speech/universal/v2", SPEECH), ("/tts/cognitiveservices/websocket/v1", SYNTHESIS))
    )
    damaged = list(frames)
    for index in chance.sample(range(len(damaged)), chance.randint(1, 2)):
        damaged[index] = chance.choice(_DAMAGES)(damaged[index], chance)
    return path, damaged


def _flipped(frame: Frame, chance: random.Random) -> Frame:
    """Some bits are others."""
    data = bytearray(_bytes(frame))
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return _like(frame, bytes(data))


def _cut(frame: Frame, chance: random.Random) -> Frame:
    """Its end is missing."""
    data = _bytes(frame)
    return _like(frame, data[: chance.randrange(len(data))])


def _doubled(frame: Frame, chance: random.Random) -> Frame:
    """A part of it comes twice."""
    data = _bytes(frame)
    start, end = sorted(chance.randrange(len(data)) for _ in range(2))
    return _like(frame, data[:end] + data[start:end] + data[end:])


def _nested(frame: Frame, chance: random.Random) -> Frame:
    """Its body is nested more deeply than any parser goes."""
    head = _bytes(frame).partition(b"\r\n\r\n")[0]
    return _like(frame, head + b"\r\n\r\n" + chance.choice((b"[", b'{"a":')) * _NESTED)


def _extreme(frame: Frame, chance: random.Random) -> Frame:
    """A value of its JSON is one that nobody sends, or its audio has a rate that nobody hears."""
    if isinstance(frame, bytes):
        head, found, _ = frame.partition(b"RIFF")
        rate = chance.choice(_EXTREME_NUMBERS).to_bytes(4, "little")
        return head + _RIFF[:24] + rate + _RIFF[28:] if found else frame * 2
    head, _, body = frame.partition("\r\n\r\n")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return f"{head}\r\n\r\n{chance.choice(_EXTREMES)}"
    whole = [value]
    holder, key = chance.choice(list(_places(whole)))
    holder[key] = "@here@"
    written = json.dumps(whole[0]).replace('"@here@"', chance.choice(_EXTREMES), 1)
    return f"{head}\r\n\r\n{written}"


def _half_emoji(frame: Frame, chance: random.Random) -> Frame:
    """A string of its JSON has half an emoji."""
    return frame.replace("fr", "\\ud83d") if isinstance(frame, str) else _flipped(frame, chance)


def _other_kind(frame: Frame, chance: random.Random) -> Frame:
    """A text frame as a binary one, or the reverse."""
    data = _bytes(frame)
    return data if isinstance(frame, str) else data.decode("latin-1")


def _random(frame: Frame, chance: random.Random) -> Frame:
    """Nothing of it is left."""
    return _like(frame, chance.randbytes(chance.choice((0, 1, 2, 3, 100, 10_000))))


_DAMAGES: tuple[Callable[[Frame, random.Random], Frame], ...] = (
    _flipped,
    _cut,
    _doubled,
    _nested,
    _extreme,
    _extreme,
    _half_emoji,
    _other_kind,
    _random,
)


def _places(value: Any) -> Any:
    """Each place of a JSON value that holds another: its container and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in list(items):
        yield value, key
        yield from _places(held)


def _bytes(frame: Frame) -> bytes:
    return frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame


def _like(frame: Frame, data: bytes) -> Frame:
    return data.decode("utf-8", "replace") if isinstance(frame, str) else data
