from __future__ import annotations

import asyncio
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Voice
from livekit_plugins_azure_interpreter.emulator.recognition.conversation import Conversation
from livekit_plugins_azure_interpreter.emulator.rest.listening import Phrase, listen

_SCRIPT = (Line("Good morning."), Line("Goodbye."))


class TestListen:
    async def test_each_stretch_of_speech_has_the_next_line(self, audio: Any) -> None:
        conversation = Conversation(Behaviour(script=_SCRIPT))
        heard = await listen(conversation, Voice(audio.utterance(1) + audio.utterance(2)))
        assert heard == [Phrase(_SCRIPT[0], 0.4, 1.6), Phrase(_SCRIPT[1], 2.9, 4.1)]

    async def test_the_first_phrase_alone_is_heard_if_one_is_wanted(self, audio: Any) -> None:
        conversation = Conversation(Behaviour(script=_SCRIPT))
        recording = Voice(audio.utterance(1) + audio.utterance(2))
        heard = [await listen(conversation, recording, once=True) for _ in _SCRIPT]
        assert [phrase.line for (phrase,) in heard] == list(_SCRIPT)
        assert [phrase.start_seconds for (phrase,) in heard] == pytest.approx([0.4, 0.4])

    async def test_recordings_that_come_at_once_have_lines_of_their_own(self, audio: Any) -> None:
        conversation = Conversation(Behaviour(script=_SCRIPT))
        recording = Voice(audio.utterance())
        heard = await asyncio.gather(*(listen(conversation, recording) for _ in _SCRIPT))
        assert {phrase.line.text for (phrase,) in heard} == {"Good morning.", "Goodbye."}

    async def test_speech_up_to_the_end_is_heard(self, audio: Any) -> None:
        heard = await listen(Conversation(Behaviour(script=_SCRIPT)), Voice(audio.noise(0.5)))
        assert heard == [Phrase(_SCRIPT[0], 0.0, 0.5)]

    async def test_a_script_that_is_a_function_hears_the_samples(self, audio: Any) -> None:
        samples: list[Voice] = []

        def script(voice: Voice) -> Line:
            samples.append(voice)
            return _SCRIPT[0]

        await listen(Conversation(Behaviour(script=script)), Voice(audio.utterance()))
        assert [voice.seconds for voice in samples] == [1.2]

    async def test_silence_has_no_phrase(self, audio: Any) -> None:
        assert await listen(Conversation(Behaviour(script=_SCRIPT)), Voice(audio.silence(2.0))) == []


class TestPhrase:
    def test_it_has_azures_result(self) -> None:
        result = Phrase(Line("Good morning."), 0.5, 1.5).result(word_timings=True)
        assert (result["RecognitionStatus"], result["DisplayText"]) == ("Success", "Good morning.")
        assert (result["Offset"], result["Duration"]) == (5_000_000, 10_000_000)
        assert [word["Word"] for word in result["NBest"][0]["Words"]] == ["good", "morning"]

    def test_it_has_alternatives_only_where_they_are_wanted(self) -> None:
        assert "NBest" not in Phrase(Line("Hello"), 0.0, 1.0).result(detailed=False)
