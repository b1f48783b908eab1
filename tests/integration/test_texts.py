"""Texts of any length and in any letters: each utterance is heard, with the voice that is its own."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.room import by_pitch

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Message, Tap, faults

_THREE = ((0.3, 0.8), (1.4, 1.9), (2.5, 3.0))
_TEXTS = [
    "short",
    "\N{DEVANAGARI LETTER NA}" * 683,
    "\N{CYRILLIC SMALL LETTER ZHE}" * 1024,
    "\N{GRINNING FACE}" * 512,
    "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 13_333,
    "before\0after",
    "half \ud83d an emoji",
    "short again",
]
_HEARD = [text.replace("\ud83d", "") for text in _TEXTS]


async def test_every_text_is_whole_and_every_voice_says_its_own(enter_room: Any, audio: Any) -> None:
    lines = [
        Line(text, translations={"fr": f"{text} fr"}, voices={"fr": audio.voice(0.3, seed=number)})
        for number, text in enumerate(_TEXTS)
    ]
    room = await enter_room(Behaviour(script=lines, silence_ms=200), speed=4.0)
    told: list[Any] = []
    room.stt.on("utterance_recognized", told.append)
    bursts = [(0.3 + number, 0.8 + number) for number in range(len(lines))]
    room.microphone.speak(audio.speech(*bursts, end=len(lines) + 0.3))
    await room.speaker.until_played(len(lines))
    assert [one.transcript.source_text for one in told] == _HEARD
    assert [one.transcript.text for one in told] == [f"{text} fr" for text in _HEARD]
    assert room.heard([line.voices["fr"].pcm for line in lines])
    assert (room.lost, room.errors) == ([], [])


class Unreadable(Tap):
    """Cuts the results with these words short, each time that one is sent."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def sending(self, message: Message) -> Message:
        if b'"SpeechPhrase"' not in message.body or self._text not in message.body:
            return message
        return Message(message.path, message.headers, message.body[:-1])


@pytest.mark.parametrize("always", [False, True])
async def test_a_result_that_the_sdk_cannot_read_gives_its_voice_to_no_other(
    open_pair: Any, audio: Any, other_voice: Any, always: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The next utterance is under way before the voice comes: its place in the audio does not tell."""
    lines = [audio.line(number) for number in (1, 2, 3)]
    behaviour = Behaviour(
        script=by_pitch(dict(zip((300, 430, 560), lines, strict=True))),
        silence_ms=200,
        voice_delay_ms=300,
        faults=[] if always else [faults.BadJson(utterance=2)],
    )
    pair = await open_pair(behaviour, fallback=other_voice)
    if always:
        pair.emulator.tap = Unreadable(lines[1].text)
    voices = await pair.interpret(audio.speech(*_THREE, end=3.6))
    heard = [line for line in lines if not (always and line is lines[1])]
    assert [final.source_texts for final in pair.finals] == [[line.text] for line in heard]
    for voice, line in zip(voices, heard, strict=True):
        theirs = (line.voices["fr"].pcm, other_voice.pcm(line.translations["fr"]))
        assert any(audio.same(voice, pcm) for pcm in theirs)
    assert [error.recoverable for error in pair.errors] == [True]
    assert ("could not be read; its speech" in caplog.text) is always
