"""A side stream: its utterances, and their voices, are those of the stream whose audio it hears."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fakes.azure import phrase, voice
from fakes.limits import within
from fakes.recognizer import FakeRecognizer, FakeService
from fakes.streams import streams_of
from fakes.tts import tone
from livekit import rtc
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._recognition import stream as stream_module
from livekit_plugins_azure_interpreter._recognition.stream_factory import StreamFactory
from livekit_plugins_azure_interpreter._sdk.events import Connected, Failed, Recognized
from livekit_plugins_azure_interpreter._voices.utterance import State, Utterance

Until = Callable[[Callable[[], object]], Awaitable[None]]
FINAL = SpeechEventType.FINAL_TRANSCRIPT


@pytest.fixture
def service() -> Iterator[FakeService]:
    """Its messages are not seen, so each spoken language has a connection of its own."""
    service = FakeService(sees_messages=False, replies=[[Connected()]])
    yield service
    service.shut_down()


class Spoken:
    """A stream that is spoken in French, and in German by its side stream."""

    def __init__(self, stt: STT, listener: Any, service: FakeService, until: Until) -> None:
        self.stt, self.listener, self._service, self.until = stt, listener, service, until
        self.reported: list[Any] = []
        stt.on("utterance_recognized", self.reported.append)
        stt.on("utterance_metrics_collected", self.reported.append)

    async def recognizer(self, language: str) -> FakeRecognizer:
        await self.until(lambda: self._of(language) and self._of(language)[-1].started)
        return self._of(language)[-1]

    async def has_written(self, language: str, seconds: float) -> bool:
        recognizer = await self.recognizer(language)
        await self.until(lambda: len(recognizer.written) / 32000 >= seconds - 0.01)
        return len(recognizer.written) / 32000 == pytest.approx(seconds, abs=0.01)

    def push(self, seconds: float) -> None:
        pcm = tone(440, seconds)
        self.listener.stream.push_frame(rtc.AudioFrame(pcm, 16000, 1, len(pcm) // 2))

    def german(self) -> Utterance:
        text = self.listener.finals[-1].target_texts[1]
        utterance: Utterance = text.utterance
        return utterance

    def _of(self, language: str) -> list[FakeRecognizer]:
        # The stream's own connection translates to both.
        targets = ("fr", "de") if language == "fr" else ("de",)
        made = [one for one in self._service.recognizers if one.options.target_languages == targets]
        return [one for one in made if not one.options.shares_connection]


@pytest.fixture
async def spoken(make_stt: Callable[..., STT], listen: Any, service: FakeService, until: Until) -> Spoken:
    return _spoken(make_stt, listen, service, until)


def _spoken(make_stt: Any, listen: Any, service: FakeService, until: Until, **options: Any) -> Spoken:
    stt = make_stt(target_languages=["fr", "de"], spoken_languages=["fr", "de"], **options)
    return Spoken(stt, listen(stt), service, until)


def said() -> Recognized:
    return Recognized(phrase("Yes.", {"fr": "Oui.", "de": "Ja."}, offset=0.2, duration=0.5))


async def test_a_side_stream_brings_the_voice_of_its_language(spoken: Spoken, until: Until) -> None:
    spoken.push(1.0)
    assert await spoken.has_written("de", 1.0)
    (await spoken.recognizer("fr")).post(said())
    await spoken.listener.has(FINAL)
    pcm = tone(300, 0.2)
    (await spoken.recognizer("de")).post(said(), *voice(pcm))
    spoken.listener.stream.end_input()
    await until(lambda: spoken.german().state is State.VOICED)
    assert b"".join(samples.pcm for samples in spoken.german().samples) == pcm


async def test_a_side_stream_reports_no_utterances_and_no_usage(spoken: Spoken, until: Until) -> None:
    spoken.push(1.0)
    for language in ("fr", "de"):
        assert await spoken.has_written(language, 1.0)
        (await spoken.recognizer(language)).post(said())
    spoken.listener.stream.end_input()
    await spoken.listener.ended()
    assert len([one for one in spoken.reported if hasattr(one, "transcript")]) == 1
    assert {one.target_language for one in spoken.reported if hasattr(one, "outcome")} == {"fr", "de"}
    assert spoken.stt.counts.utterances == 1


async def test_a_side_stream_is_closed_after_its_stream(
    spoken: Spoken, service: FakeService, until: Until
) -> None:
    await spoken.recognizer("de")
    await within(spoken.listener.stream.aclose())
    await until(lambda: streams_of(spoken.stt).open_connections == 0)
    assert all(recognizer.closed for recognizer in service.recognizers)


async def test_a_side_stream_that_fails_loses_its_voice_alone(spoken: Spoken, until: Until) -> None:
    spoken.push(1.0)
    assert await spoken.has_written("de", 1.0)
    (await spoken.recognizer("de")).post(said(), Failed("AuthenticationFailure", ""))
    (await spoken.recognizer("fr")).post(said(), *voice(tone(300, 0.2)))
    await spoken.listener.has(FINAL)
    await until(lambda: spoken.german().state is State.LOST)
    (french,) = (text.utterance for text in spoken.listener.finals[-1].target_texts[:1])
    await until(lambda: french.seconds == pytest.approx(0.2))


async def test_a_side_stream_reports_no_forgotten_speech(
    make_stt: Any, listen: Any, service: FakeService, until: Until
) -> None:
    """The stream whose audio it hears may have all of it."""
    spoken = _spoken(make_stt, listen, service, until, kept_audio_seconds=0.5)
    spoken.push(1.0)
    assert await spoken.has_written("de", 1.0)
    before = await spoken.recognizer("de")
    opened = len(service.recognizers)
    before.post(Failed("ConnectionFailure", ""))
    await until(lambda: len(service.recognizers) > opened)
    assert await spoken.recognizer("de") is not before
    assert spoken.stt.counts.speech_forgotten_seconds == 0.0


async def test_a_side_stream_hears_with_other_options_from_the_next_utterance_on(
    spoken: Spoken, service: FakeService, until: Until
) -> None:
    await spoken.recognizer("de")
    spoken.stt.update_options(phrase_list=["LiveKit"])
    pcm = bytes(32000)
    spoken.listener.stream.push_frame(rtc.AudioFrame(pcm, 16000, 1, len(pcm) // 2))

    def german_phrases() -> list[tuple[str, ...]]:
        return [one.options.phrase_list for one in service.recognizers if "de" in one.options.voices]

    await until(lambda: german_phrases()[-1] == ("LiveKit",))


async def test_a_side_stream_hears_the_silence_that_ends_an_utterance(
    make_stt: Any, listen: Any, service: FakeService, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have the same clock afterwards, although one may have had an answer to the flush."""
    monkeypatch.setattr(stream_module, "_FLUSH_ANSWER_SECONDS", 0.05)
    spoken = _spoken(make_stt, listen, service, until, manual_flush=True)
    spoken.push(0.6)
    assert await spoken.has_written("de", 0.6)
    # German has an answer already.
    (await spoken.recognizer("de")).post(Recognized(phrase("Yes.", {"de": "Ja."}, offset=0.0, duration=0.6)))
    await until(lambda: service.recognizers)
    spoken.listener.stream.flush()
    assert await spoken.has_written("fr", 2.6)
    spoken.push(1.0)
    assert await spoken.has_written("fr", 3.6)
    assert await spoken.has_written("de", 3.6)


async def test_a_side_stream_whose_voice_is_withdrawn_reconnects_without_it(spoken: Spoken) -> None:
    spoken.push(0.6)
    recognizer = await spoken.recognizer("de")
    opened = StreamFactory.of(spoken.stt).streams.open[spoken.listener.stream]
    voices = (("fr", None), ("de", "de-DE-KatjaNeural"))
    opened.withdraw_own_voice(replace(StreamFactory.of(spoken.stt).options, voice=voices))
    await spoken.until(lambda: recognizer.next_voices == {"de": "de-DE-KatjaNeural"})
