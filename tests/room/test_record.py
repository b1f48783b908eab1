"""A meeting on a real server is recorded, also by the next interpreter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fakes.limits import within

from livekit_plugins_azure_interpreter import MeetingInterpreter
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice
from livekit_plugins_azure_interpreter.record import SQLiteRecord, minutes

from .speech import Sentence, known_by_sound, recorded, sentences, silence

_FRENCH = recorded("french_5.wav")
_SAID = Sentence(
    sentences()[5],
    Line("The train is late.", "en-US", {"fr": "Le train a du retard."}, {"fr": Voice(_FRENCH)}),
)

Closing = Callable[[Callable[[], Awaitable[object]]], None]


async def test_the_next_interpreter_goes_on_with_the_record(
    meeting: Any, tmp_path: Path, closing: Closing
) -> None:
    record = SQLiteRecord(tmp_path / "meetings.db")
    closing(record.aclose)
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"})
    behaviour = Behaviour(script=known_by_sound([_SAID]), silence_ms=700)
    async with Emulator(behaviour) as emulator:
        for name in ("first", "second"):
            joined = await meeting.join(name, deaf=True)
            interpreter = MeetingInterpreter(
                speech_key="any", speech_endpoint=emulator.endpoint, record=record
            )
            closing(interpreter.aclose)
            await interpreter.start(joined.room)
            ear = await bob.ear("alice-fr")
            await alice.say(_SAID.pcm + silence(1.0))
            await bob.until(lambda ear=ear: ear.loud_seconds > 0.3)
            await bob.read("alice", 1)
            await within(interpreter.aclose())
            await joined.leave()
            await ear.forget()
        room = await joined.room.sid
    (found,) = await record.meetings()
    assert (found.id, found.room) == (room, meeting.name)
    entries = await record.read(room)
    assert [entry.number for entry in entries] == [*range(1, len(entries) + 1)]
    written = minutes(entries)
    assert [said.utterance.text for said in written.said] == [_SAID.line.text] * 2
    assert [said.speaker for said in written.said] == ["alice"] * 2
    assert [entry.kind for entry in written.others].count("started") == 2
