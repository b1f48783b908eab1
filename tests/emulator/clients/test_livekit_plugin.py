"""The official `livekit-plugins-azure`: its STT and its TTS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from fakes.limits import within
from livekit import rtc
from livekit.agents import APIConnectOptions, APIStatusError
from livekit.agents.stt import SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop, Emulator, Line

pytestmark = pytest.mark.native

_SCRIPT = (Line("Good morning, all."), Line("Goodbye."))
_ONE_TRY = APIConnectOptions(max_retry=0, timeout=10.0)

Recognize = Callable[..., Awaitable[list[SpeechEvent]]]


@pytest.fixture
def azure() -> Any:
    """The plugin, which imports OpenAI's package: that takes a second, so it is not imported to collect."""
    from livekit.plugins import azure  # noqa: PLC0415

    return azure


@pytest.fixture
def recognize(azure: Any, audio: Any) -> Recognize:
    """Say two sentences; all events of the STT. Its own options may be given."""

    async def do(emulator: Emulator, **options: Any) -> list[SpeechEvent]:
        given = {"speech_key": "any", "speech_endpoint": emulator.endpoint, **options}
        async with azure.STT(**given).stream(conn_options=_ONE_TRY) as stream:
            for pcm in audio.frames(audio.utterance(1) + audio.utterance(2)):
                stream.push_frame(rtc.AudioFrame(pcm, 16000, 1, len(pcm) // 2))
            stream.end_input()

            async def events() -> list[SpeechEvent]:
                return [event async for event in stream]

            return await within(events())

    return do


@pytest.fixture
async def speak(azure: Any) -> AsyncIterator[Callable[..., Awaitable[rtc.AudioFrame]]]:
    async with aiohttp.ClientSession() as http:

        async def do(emulator: Emulator, **options: Any) -> rtc.AudioFrame:
            tts = azure.TTS(speech_endpoint=emulator.synthesis_url, http_session=http, **options)
            return await within(tts.synthesize("Good morning.", conn_options=_ONE_TRY).collect())

        yield do


def _texts(events: list[SpeechEvent], kind: SpeechEventType) -> list[str]:
    return [event.alternatives[0].text for event in events if event.type is kind]


class TestSTT:
    async def test_interim_results_precede_each_final(self, start: Any, recognize: Recognize) -> None:
        events = await recognize(await start(Behaviour(script=_SCRIPT)))
        assert _texts(events, SpeechEventType.FINAL_TRANSCRIPT) == [line.text for line in _SCRIPT]
        interim = _texts(events, SpeechEventType.INTERIM_TRANSCRIPT)
        assert interim
        assert _SCRIPT[0].text.startswith(interim[0])

    async def test_one_of_several_languages_is_detected(self, start: Any, recognize: Recognize) -> None:
        emulator = await start(Behaviour(script=[Line("Bonjour.", language="fr-FR")]))
        events = await recognize(emulator, language=["en-US", "fr-FR"])
        (final, *_) = [event for event in events if event.type is SpeechEventType.FINAL_TRANSCRIPT]
        assert final.alternatives[0].language == "fr-FR"

    async def test_a_connection_that_is_lost_loses_no_words(self, start: Any, recognize: Recognize) -> None:
        emulator = await start(Behaviour(script=_SCRIPT, faults=[Drop(2.0)]))
        events = await recognize(emulator)
        assert _texts(events, SpeechEventType.FINAL_TRANSCRIPT) == [line.text for line in _SCRIPT]
        assert emulator.connections == 2

    async def test_a_wrong_key_is_refused(self, start: Any, recognize: Recognize, caplog: Any) -> None:
        emulator = await start(Behaviour(key="right"))
        # This plugin raises nothing then.
        assert not _texts(await recognize(emulator), SpeechEventType.FINAL_TRANSCRIPT)
        assert "Authentication error (401)" in caplog.text
        assert emulator.connections == 0


class TestTTS:
    async def test_a_text_is_spoken(self, start: Any, speak: Any) -> None:
        emulator = await start(Behaviour(synthesis_seconds=0.5))
        frame = await speak(emulator, sample_rate=16000)
        (synthesized,) = emulator.synthesized
        assert bytes(frame.data) == synthesized.voice.pcm
        assert synthesized.text == "Good morning."

    async def test_a_token_is_accepted(self, start: Any, speak: Any) -> None:
        emulator = await start(Behaviour(token_seconds=600.0))
        assert await speak(emulator, speech_auth_token=emulator.issue_token())

    async def test_a_wrong_key_is_refused(self, start: Any, speak: Any) -> None:
        with pytest.raises(APIStatusError) as refused:
            await speak(await start(Behaviour(key="right")), speech_key="wrong")
        assert refused.value.status_code == 401
