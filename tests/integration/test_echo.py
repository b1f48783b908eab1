"""An interpreter that hears itself: what its speaker plays comes back through its microphone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.limits import within
from fakes.room import by_pitch

from livekit_plugins_azure_interpreter import InterpreterAgent
from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Voice

_SAID_HERTZ = (300, 430)
_FRENCH_HERTZ = (1000, 1200)
_LAST_HERTZ = 560


def _behaviour(audio: Any, detected: str = "fr-FR", key: str = "fr", **more: Any) -> Behaviour:
    """Two lines of English; their voices, heard again, are French, which stays as it is."""
    lines = {}
    for number, (said, french) in enumerate(zip(_SAID_HERTZ, _FRENCH_HERTZ, strict=True), 1):
        text, voice = f"phrase numéro {number}", Voice(audio.burst(0.5, hertz=french))
        lines[said] = Line(f"sentence {number}", translations={key: text}, voices={key: voice})
        lines[french] = Line(text, detected, translations={key: text}, voices={key: voice}, **more)
    lines[_LAST_HERTZ] = Line("the end", translations={key: "fin"}, voices={key: audio.voice(0.3, 9)})
    return Behaviour(script=by_pitch(lines))


async def _hear_itself(room: Any, audio: Any) -> None:
    """What is played is heard again, with a silence behind it."""
    room.speaker.on_played = lambda pcm: room.microphone.speak(pcm + audio.silence(0.6))
    for said in _SAID_HERTZ:
        room.microphone.speak(audio.burst(0.5, hertz=said) + audio.silence(0.6))


def _recognized(room: Any, count: int) -> Any:
    """Wait for so many utterances of the emulator."""
    reached = asyncio.Event()
    heard: list[str] = []

    def note(event: Any) -> None:
        heard.append(event.transcript.source_language)
        if len(heard) >= count:
            reached.set()

    room.stt.on("utterance_recognized", note)
    return reached, heard


@pytest.mark.parametrize("voiced", [True, False], ids=["Azure voices it", "Azure does not voice it"])
async def test_the_interpreter_does_not_repeat_its_own_voice(
    enter_room: Any, audio: Any, other_voice: Any, voiced: bool
) -> None:
    room = await enter_room(
        _behaviour(audio, voiced=voiced), fallback=other_voice, pair_options={"voice_timeout_seconds": 1.0}
    )
    reached, heard = _recognized(room, 4)
    await _hear_itself(room, audio)
    await within(reached.wait())
    room.microphone.speak(audio.burst(0.5, hertz=_LAST_HERTZ) + audio.silence(0.6))
    await room.speaker.until_played(3)
    *repeated, last = room.speaker.segments
    assert all(map(audio.same, repeated, (audio.burst(0.5, hertz=french) for french in _FRENCH_HERTZ)))
    assert sorted(heard[:4]) == ["en-US", "en-US", "fr-FR", "fr-FR"]
    own = audio.same(last, audio.voice(0.3, 9).pcm)
    assert other_voice.texts == ([] if own else ["fin"])
    if voiced:  # else the voice that did not come leaves it in doubt for a while whose the next one is
        assert own


@pytest.mark.parametrize(("detected", "target", "asked"), [("nb-NO", "no", "nb"), ("he-IL", "iw", "he")])
async def test_the_interpreter_knows_its_language_by_any_name(
    enter_room: Any, audio: Any, detected: str, target: str, asked: str
) -> None:
    room = await enter_room(
        _behaviour(audio, detected, asked), pair_options={"target_languages": target}, speed=2.0
    )
    reached, _ = _recognized(room, 4)
    await _hear_itself(room, audio)
    await within(reached.wait())
    room.microphone.speak(audio.burst(0.5, hertz=_LAST_HERTZ) + audio.silence(0.6))
    await room.speaker.until_played(3)
    assert audio.same(room.speaker.segments[-1], audio.voice(0.3, 9).pcm)
    assert room.asked[0]["translation"]["targetLanguages"] == [asked]


async def test_a_pair_without_the_rule_repeats_itself_for_ever(enter_room: Any, audio: Any) -> None:
    agent = InterpreterAgent(skip_same_language=False)
    room = await enter_room(_behaviour(audio), agent=agent, speed=3.0)
    await _hear_itself(room, audio)
    await room.speaker.until_played(6)
