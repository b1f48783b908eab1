from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fakes.limits import within

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Spoken, Voice, faults
from livekit_plugins_azure_interpreter.emulator.faults.schedule import UtteranceFaults
from livekit_plugins_azure_interpreter.emulator.recognition.actions import Action, Pause, Send
from livekit_plugins_azure_interpreter.emulator.recognition.speaking import Speaking, Utterance

_FRENCH, _GERMAN = Voice(bytes(6400)), Voice(b"\1\1" * 3200)
_BOTH = {"fr": _FRENCH, "de": _GERMAN}


class Said:
    """What was sent and spoken."""

    def __init__(self, languages: tuple[str, ...], behaviour: Behaviour) -> None:
        self.languages = languages
        self.sends: list[Send] = []
        self.spoken: list[Spoken] = []
        self.speaking = Speaking(behaviour, self._perform, self.spoken.append)

    async def say(
        self, text: str, *what: faults.UtteranceFault, voices: dict[str, Voice] = _BOTH
    ) -> list[asyncio.Event]:
        line, samples = Line(text, voices=voices), Voice(bytes(320))
        utterance = Utterance(line, 1.0, 2.0, samples, self.languages, self.languages)
        return await self.speaking.say(utterance, UtteranceFaults(what))

    async def finish(self) -> None:
        await self.speaking.finish()
        await within(asyncio.gather(*self.speaking.tasks))

    def streams(self, path: str) -> list[str]:
        return [send.message.headers["X-StreamId"] for send in self.sends if send.message.path == path]

    async def _perform(self, action: Action) -> None:
        if isinstance(action, Send):
            self.sends.append(action)
        elif isinstance(action, Pause):
            await asyncio.sleep(action.seconds)


@pytest.fixture
async def speak() -> AsyncIterator[Callable[..., Said]]:
    made: list[Said] = []

    def make(*languages: str, **behaviour: Any) -> Said:
        made.append(Said(languages, Behaviour(**behaviour)))
        return made[-1]

    yield make
    for one in made:
        for task in one.speaking.tasks:
            task.cancel()
        await asyncio.gather(*one.speaking.tasks, return_exceptions=True)


class TestSpeaking:
    async def test_voices_of_a_language_come_one_after_another(self, speak: Any) -> None:
        said = speak("fr")
        for text in ("one", "two"):
            await said.say(text)
        await said.finish()
        assert said.streams("audio") == ["1", "1", "2", "2"]
        assert [spoken.text for spoken in said.spoken] == ["one", "two"]

    async def test_voices_of_several_languages_alternate(self, speak: Any) -> None:
        said = speak("fr", "de")
        await said.say("one")
        await said.finish()
        assert said.streams("audio") == ["1", "2", "1", "2"]

    async def test_a_start_names_the_language_of_its_stream(self, speak: Any) -> None:
        said = speak("fr", "de")
        await said.say("one")
        await said.finish()
        starts = [send.message for send in said.sends if send.message.path == "audio.start"]
        assert [(start.headers["X-StreamId"], start.json()["TranslationLanguage"]) for start in starts] == [
            ("1", "fr"),
            ("2", "de"),
        ]

    async def test_each_voice_is_that_of_its_language(self, speak: Any) -> None:
        said = speak("fr", "de")
        await said.say("one")
        await said.finish()
        assert {spoken.language: spoken.voice for spoken in said.spoken} == _BOTH

    async def test_an_utterance_without_a_voice_is_echoed(self, speak: Any) -> None:
        said = speak("fr")
        await said.say("one", voices={})
        await said.finish()
        assert said.spoken == [Spoken("one", "fr", Voice(bytes(320)), 1.0, 2.0)]

    async def test_a_voice_has_begun_with_its_first_chunk(self, speak: Any) -> None:
        said = speak("fr", voice_speed=0.01)
        (begun,) = await said.say("one")
        await within(begun.wait())
        assert said.streams("audio") == ["1"]

    async def test_a_voice_without_a_chunk_has_begun_when_it_ends(self, speak: Any) -> None:
        said = speak("fr")
        (begun,) = await said.say("one", faults.VoiceError(after=0.0))
        await said.finish()
        assert begun.is_set()
        assert said.spoken == []

    async def test_a_language_that_is_added_is_spoken_from_the_next_utterance_on(self, speak: Any) -> None:
        said = speak("fr")
        await said.say("one")
        said.languages = ("fr", "de")
        await said.say("two")
        await said.finish()
        assert sorted((spoken.text, spoken.language) for spoken in said.spoken) == [
            ("one", "fr"),
            ("two", "de"),
            ("two", "fr"),
        ]

    async def test_a_service_that_voices_one_language_voices_the_first(self, speak: Any) -> None:
        said = speak("de", "fr", several_voices="first")
        await said.say("one")
        await said.finish()
        assert [spoken.language for spoken in said.spoken] == ["de"]

    async def test_nothing_is_said_without_a_language(self, speak: Any) -> None:
        said = speak()
        assert await said.say("one") == []
        await said.finish()
        assert said.sends == []
