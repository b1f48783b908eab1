"""A TranslationModel and its sessions, over a fake recognizer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fakes.azure import heard, hearing, spoken_in, untranslated, voice
from fakes.fixtures import Until
from fakes.limits import within
from fakes.recognizer import FakeService
from fakes.room import Audio
from fakes.tts import ToneTTS, tone
from livekit.agents.beta.translation import OutputSpeechStopped, TranslatedAudioFrame

from livekit_plugins_azure_interpreter import TranslationModel
from livekit_plugins_azure_interpreter._sdk.events import Disconnected, Failed, SpeechStarted

VOICE = tone(440, 0.2)
EVENTS = (
    "input_speech_started",
    "input_speech_stopped",
    "input_transcript",
    "output_transcript",
    "utterance_recognized",
    "voice_lost",
    "error",
)

Make = Callable[..., TranslationModel]


@pytest.fixture
async def make(service: FakeService) -> AsyncIterator[Make]:
    made: list[TranslationModel] = []

    def make_one(**options: Any) -> TranslationModel:
        credentials = {"speech_key": "a-key", "speech_region": "westeurope"}
        wanted = {"target_language": "fr", **credentials, "_open_recognizer": service}
        made.append(TranslationModel(**{**wanted, **options}))
        return made[-1]

    yield make_one
    for model in made:
        await within(model.aclose())


class Booth:
    """A session, all that it told by the name of the event, and what it spoke: voices, and their ends."""

    def __init__(self, model: TranslationModel, service: FakeService, until: Until) -> None:
        self.session = model.session()
        self.told: dict[str, list[Any]] = {name: [] for name in EVENTS}
        self.spoken: list[bytes | None] = []
        self.over = False
        for name in EVENTS:
            self.session.on(name, self.told[name].append)  # type: ignore[arg-type]
        self._service, self._until = service, until
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self.session.audio_stream:
            if isinstance(event, TranslatedAudioFrame):
                self.spoken.append(bytes(event.frame.data))
            else:
                assert isinstance(event, OutputSpeechStopped)
                self.spoken.append(None)
        self.over = True

    async def hears(self, *events: Any) -> None:
        """All that Azure reports, to the end of the session."""
        await self.connected()
        self._service.last.post(*events)
        self.session.end_input()
        await self._until(lambda: self.over)

    async def connected(self) -> None:
        await self._until(lambda: self._service.recognizers and self._service.last.started)

    @property
    def segments(self) -> list[bytes]:
        """What was spoken up to each end."""
        assert self.spoken[-1:] in ([], [None]), "what is spoken has an end"
        segments = [b""]
        for piece in self.spoken:
            if piece is None:
                segments.append(b"")
            else:
                segments[-1] += piece
        return segments[:-1]

    async def aclose(self) -> None:
        await within(self.session.aclose())
        self._listening.cancel()
        await asyncio.wait({self._listening})


@pytest.fixture
async def enter(service: FakeService, until: Until) -> AsyncIterator[Callable[[TranslationModel], Booth]]:
    booths: list[Booth] = []

    def enter_one(model: TranslationModel) -> Booth:
        booths.append(Booth(model, service, until))
        return booths[-1]

    yield enter_one
    for booth in booths:
        await booth.aclose()


Enter = Callable[[TranslationModel], Booth]


class TestModel:
    async def test_a_model_names_its_model_and_provider(self, make: Make) -> None:
        model = make(source_language="en-US")
        assert (model.model, model.provider) == ("live-interpreter", "Azure")
        assert (model.target_language, model.source_language) == ("fr", "en-US")

    @pytest.mark.parametrize(
        "options",
        [
            {"target_language": "no language"},
            {"sample_rate": 11025},
            {"glossary": {"gsw": {}}},
            {"fallback_speaks_corrections": True},
            {"pace": "simultaneous"},
        ],
    )
    async def test_a_mistake_is_told_at_once(self, make: Make, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(options))):
            make(**options)

    @pytest.mark.parametrize(
        ("option", "nearest"),
        [
            ("sample_rte", "sample_rate"),
            ("target_languages", "target_language"),
            ("spoken_languages", "source_language"),
            ("source_languages", "source_language"),
        ],
    )
    async def test_a_wrong_name_of_an_option_is_told_with_the_nearest(
        self, make: Make, option: str, nearest: str
    ) -> None:
        with pytest.raises(TypeError, match=f"has no option '{option}'; the nearest is '{nearest}'"):
            make(**{option: "fr"})

    async def test_another_language_is_that_of_the_sessions_to_come(
        self, make: Make, enter: Enter, service: FakeService
    ) -> None:
        model = make()
        model.update_options(target_language="de")
        await enter(model).connected()
        assert service.last.options.target_languages == ("de",)

    async def test_a_language_that_is_none_changes_nothing(self, make: Make) -> None:
        model = make()
        with pytest.raises(ValueError, match="target_language"):
            model.update_options(target_language="no language")
        assert model.target_language == "fr"

    async def test_the_utterances_of_all_its_sessions_are_told(
        self, make: Make, enter: Enter, service: FakeService, until: Until
    ) -> None:
        model, recognized, measured = make(), list[Any](), list[Any]()
        model.on("utterance_recognized", recognized.append)
        model.on("utterance_metrics_collected", measured.append)
        for count, words in enumerate(("Oui.", "Non."), 1):
            booth = enter(model)
            await until(lambda count=count: len(service.recognizers) == count)
            await booth.hears(heard(words), *voice(VOICE))
        assert [one.transcript.text for one in recognized] == ["Oui.", "Non."]
        assert [(one.id, one.outcome) for one in measured] == [(one.id, "voiced") for one in recognized]

    async def test_closing_it_closes_its_sessions(
        self, make: Make, enter: Enter, service: FakeService, until: Until
    ) -> None:
        model = make()
        booths = [enter(model), enter(model)]
        await until(lambda: sum(one.started for one in service.recognizers) == 2)
        await within(model.aclose())
        assert all(one.closed for one in service.recognizers)
        await until(lambda: all(booth.over for booth in booths))

    @pytest.mark.parametrize("cancelled", [False, True])
    async def test_closing_it_waits_for_a_session_that_is_closing(
        self, make: Make, enter: Enter, service: FakeService, until: Until, cancelled: bool
    ) -> None:
        model = make()
        booth = enter(model)
        await booth.connected()
        service.hold("close")
        session_closes = asyncio.create_task(booth.session.aclose())
        await until(lambda: "close" in service.entered)
        if cancelled:
            session_closes.cancel()
        model_closes = asyncio.create_task(model.aclose())
        for _ in range(10):
            await asyncio.sleep(0)
        closed_too_early = model_closes.done()
        service.release("close")
        await within(model_closes)
        assert not closed_too_early
        assert service.last.closed
        await asyncio.wait({session_closes})


class TestSession:
    async def test_each_voice_is_followed_by_its_end(self, make: Make, enter: Enter) -> None:
        booth = enter(make())
        other = tone(660, 0.3)
        await booth.hears(heard("Oui."), *voice(VOICE), heard("Non."), *voice(other))
        assert all(map(Audio().same, booth.segments, [VOICE, other]))
        said = [(one.text, one.is_final, one.language) for one in booth.told["output_transcript"]]
        assert said == [("Oui.", True, "fr"), ("Non.", True, "fr")]

    async def test_speech_is_reported_as_it_was_said(self, make: Make, enter: Enter) -> None:
        booth = enter(make())
        await booth.hears(SpeechStarted(0.1), hearing("Ou"), heard("Oui."), *voice(VOICE))
        transcripts = [(one.text, one.is_final, one.language) for one in booth.told["input_transcript"]]
        interim, final = ("what is being said", False, "en-US"), ("what was said", True, "en-US")
        assert transcripts == [interim, final]
        assert (len(booth.told["input_speech_started"]), len(booth.told["input_speech_stopped"])) == (1, 1)
        assert len(booth.told["utterance_recognized"]) == 1

    async def test_an_original_that_is_empty_is_not_told(self, make: Make, enter: Enter) -> None:
        booth = enter(make())
        await booth.hears(untranslated(""), heard("Oui."), *voice(VOICE))
        assert [one.text for one in booth.told["input_transcript"]] == ["what was said"]

    @pytest.mark.parametrize(("skip", "said"), [(True, []), (False, ["Salut."])])
    async def test_speech_in_the_target_language_is_said_again_if_asked_for(
        self, make: Make, enter: Enter, skip: bool, said: list[str]
    ) -> None:
        booth = enter(make(skip_same_language=skip, fallback=ToneTTS()))
        await booth.hears(spoken_in("fr-FR", "Salut."), Disconnected())
        assert [one.text for one in booth.told["output_transcript"]] == said

    async def test_a_correction_is_read_and_spoken_by_the_fallback_if_asked_for(
        self, make: Make, enter: Enter
    ) -> None:
        fallback = ToneTTS()
        terms = {"fr": {"live kit": "LiveKit"}}
        booth = enter(make(glossary=terms, fallback=fallback, fallback_speaks_corrections=True))
        await booth.hears(heard("Live kit."), *voice(VOICE))
        assert [one.text for one in booth.told["output_transcript"]] == fallback.texts == ["LiveKit."]
        assert booth.segments == [fallback.tone]

    async def test_a_lost_voice_is_told_and_its_words_are_read(self, make: Make, enter: Enter) -> None:
        booth = enter(make())
        await booth.hears(heard("Oui."), Disconnected())
        assert booth.spoken == []
        assert len(booth.told["voice_lost"]) == 1
        assert [error.recoverable for error in booth.told["error"]] == [True]
        assert [one.text for one in booth.told["output_transcript"]] == ["Oui."]

    async def test_a_failure_of_azure_ends_it_with_the_reason(
        self, make: Make, enter: Enter, service: FakeService, until: Until
    ) -> None:
        booth = enter(make())
        await booth.connected()
        service.last.post(Failed("AuthenticationFailure", ""))
        await until(lambda: booth.over)
        (error,) = booth.told["error"]
        assert not error.recoverable
        assert "AZURE_SPEECH_KEY" in str(error.error)

    async def test_a_cleared_translation_is_not_spoken(
        self, make: Make, enter: Enter, service: FakeService, until: Until
    ) -> None:
        booth = enter(make())
        await booth.connected()
        service.last.post(heard("Oui."), heard("Non."))
        await until(lambda: len(booth.told["input_transcript"]) == 2)
        booth.session.clear_audio()
        await booth.hears(*voice(VOICE), *voice(VOICE))
        assert "Non." not in [one.text for one in booth.told["output_transcript"]]

    async def test_audio_of_the_session_reaches_azure(
        self, make: Make, enter: Enter, service: FakeService
    ) -> None:
        booth = enter(make())
        for frame in Audio().frames(VOICE):
            booth.session.push_audio(frame)
        await booth.hears()
        assert bytes(service.last.written).startswith(VOICE)

    async def test_one_that_runs_speaks_another_language(
        self, make: Make, enter: Enter, service: FakeService
    ) -> None:
        booth = enter(make())
        booth.session.update_options(target_language="de")
        await booth.hears()
        assert service.last.options.target_languages == ("de",)

    async def test_closing_twice_is_closing_once(self, make: Make, enter: Enter) -> None:
        booth = enter(make())
        await booth.connected()
        await within(booth.session.aclose())
        await within(booth.session.aclose())
