"""LiveKit's TranslationSession with our TranslationModel, as an agent in the room."""

from __future__ import annotations

from typing import Any

from livekit.agents.beta.translation import TranslationRoomOptions, TranslationSession

from livekit_plugins_azure_interpreter import TranslationModel
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .hearing import assert_heard
from .speech import recorded, sentences, silence

_TRACK = "roomio_audio"
_VOICES = [recorded("french_6.wav"), recorded("french_3.wav", seconds=2.0)]
_LINES = [
    Line(f"Sentence {number}.", translations={"fr": f"Phrase {number}."}, voices={"fr": Voice(voice)})
    for number, voice in enumerate(_VOICES, 1)
]
_SENTENCE = sentences()[3]


async def test_another_participant_hears_every_translation_and_reads_both_languages(
    meeting: Any, closing: Any
) -> None:
    alice = await meeting.join("alice", microphone=True)
    bob = await meeting.join("bob")
    agent = await meeting.join("agent", deaf=True)
    async with Emulator(Behaviour(script=_LINES)) as emulator:
        model = TranslationModel(target_language="fr", speech_key="any", speech_endpoint=emulator.endpoint)
        session = TranslationSession(model=model)
        closing(model.aclose)
        closing(session.aclose)
        await session.start(
            room=agent.room, room_options=TranslationRoomOptions(participant_identity="alice")
        )
        await bob.ear(_TRACK)
        await alice.say(_SENTENCE + silence(1.0) + _SENTENCE + silence(1.0))
        await assert_heard(bob, _TRACK, _VOICES)
        await bob.until(lambda: len(bob.read_of("agent")) >= 2 and len(bob.read_of("alice")) >= 2)
        assert bob.read_of("alice") == ["Sentence 1.", "Sentence 2."]
        assert bob.read_of("agent") == ["Phrase 1.", "Phrase 2."]
