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
    """What was sent and spoken.

    Attributes:
        early: The streams that had begun before the result of the latest utterance.
    """

    def __init__(self, languages: tuple[str, ...], behaviour: Behaviour) -> None:
        self.languages = languages
        self.early: list[str] = []
        self.sends: list[Send] = []
        self.spoken: list[Spoken] = []
        self.speaking = Speaking(behaviour, self._perform, self.spoken.append)

    async def say(self, text: str, *what: faults.UtteranceFault, voices: dict[str, Voice] = _BOTH) -> None:
        """What is said before the result of an utterance, and after it."""
        line, samples = Line(text, voices=voices), Voice(bytes(320))
        utterance = Utterance(line, 1.0, 2.0, samples, self.languages, self.languages)
        await within(self.speaking.say_early(utterance, UtteranceFaults(what)))
        self.early = self.streams("audio.start")
        await self.speaking.say(utterance, UtteranceFaults(what))

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

    async def test_a_voice_begins_after_the_result(self, speak: Any) -> None:
        said = speak("fr")
        await said.say("one")
        assert said.early == []

    async def test_an_early_voice_has_begun_with_its_first_chunk(self, speak: Any) -> None:
        said = speak("fr", voice_speed=0.01)
        await said.say("one", faults.EarlyVoice())
        assert (said.early, said.streams("audio")) == (["1"], ["1"])

    async def test_an_early_voice_without_a_chunk_has_begun_when_it_ends(self, speak: Any) -> None:
        said = speak("fr")
        await said.say("one", faults.EarlyVoice(), faults.VoiceError(after=0.0))
        assert (said.early, said.streams("audio.end")) == (["1"], ["1"])

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

    async def test_nothing_is_said_without_a_language(self, speak: Any) -> None:
        said = speak()
        await said.say("one")
        await said.finish()
        assert said.sends == []


class TestFaultsOfOneLanguage:
    """French goes wrong, German does not."""

    async def _spoken(self, said: Any, *what: faults.VoiceFault) -> list[str]:
        await said.say("one", *what)
        await said.finish()
        return sorted(spoken.language for spoken in said.spoken)

    async def test_a_voice_is_lost(self, speak: Any) -> None:
        said = speak("fr", "de")
        assert await self._spoken(said, faults.NoVoice(language="fr")) == ["de"]

    async def test_a_voice_without_a_language_is_lost_in_each(self, speak: Any) -> None:
        assert await self._spoken(speak("fr", "de"), faults.NoVoice()) == []

    async def test_a_voice_ends_with_an_error(self, speak: Any) -> None:
        said = speak("fr", "de")
        assert await self._spoken(said, faults.VoiceError(language="fr")) == ["de"]

    async def test_a_voice_is_early(self, speak: Any) -> None:
        said = speak("fr", "de")
        assert await self._spoken(said, faults.EarlyVoice(language="de")) == ["de", "fr"]
        starts = [send.message.json() for send in said.sends if send.message.path == "audio.start"]
        assert (said.early, starts[0]) == (["1"], {"TranslationLanguage": "de"})
