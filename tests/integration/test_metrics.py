"""What a monitor is told: by LiveKit's own metrics, by the event of each utterance, and in traces."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.limits import LIMIT_SECONDS, within
from fakes.promises import assert_less, tries_again
from fakes.room import Audio, OtherVoice
from livekit.agents import AgentSession, APIStatusError, telemetry
from livekit.agents.metrics import STTMetrics, STTModelUsage, TTSMetrics, TTSModelUsage
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from livekit_plugins_azure_interpreter import UtteranceMetrics
from livekit_plugins_azure_interpreter.emulator import Behaviour
from livekit_plugins_azure_interpreter.emulator.faults import Drop, NoTranslation, NoVoice

from .conftest import OpenPair

_SECONDS = 1.6
_SPOKEN = (0.2, 1.0)


class TestUsage:
    async def test_audio_is_counted_once_over_drops_and_new_connections(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        lines = [audio.line(1), audio.line(2)]
        faults = [Drop(0.6), Drop(1.0, code=4000)]  # the SDK reconnects; LiveKit begins anew
        pair = await open_pair(Behaviour(script=lines, faults=faults), fallback=OtherVoice())
        heard: list[STTMetrics] = []
        pair.stt.on("metrics_collected", heard.append)
        await pair.interpret(audio.speech((0.2, 0.8), (1.5, 2.1), end=3.0))
        assert sum(metrics.audio_duration for metrics in heard) == pytest.approx(3.0, abs=0.001)
        assert len(pair.finals) == 2
        (label,) = {metrics.label for metrics in heard}
        assert label == pair.stt.label
        for metrics in heard:
            assert metrics.metadata is not None
            assert (metrics.metadata.model_name, metrics.metadata.model_provider) == (
                "live-interpreter",
                "Azure",
            )

    async def test_a_stream_that_is_closed_in_the_middle_has_counted_all(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        pair = await open_pair()
        heard: list[STTMetrics] = []
        pair.stt.on("metrics_collected", heard.append)
        pair.push(audio.speech((0.2, 0.8), end=1.2))
        await pair.listen_until("final_transcript")
        await within(pair.stream.aclose())
        assert sum(metrics.audio_duration for metrics in heard) == pytest.approx(1.2, abs=0.001)

    async def test_audio_that_azure_refused_is_not_counted(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair(Behaviour(key="right"), speech_key="wrong")
        heard: list[STTMetrics] = []
        pair.stt.on("metrics_collected", heard.append)
        pair.push(audio.speech((0.2, 0.8), end=1.2))
        with pytest.raises(APIStatusError):
            await within(pair.listen())
        assert heard == []

    async def test_usage_names_the_connection_as_azure_does(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair()
        heard: list[STTMetrics] = []
        spoken: list[TTSMetrics] = []
        pair.stt.on("metrics_collected", heard.append)
        pair.tts.on("metrics_collected", spoken.append)
        await pair.interpret(audio.speech(_SPOKEN, end=_SECONDS))
        (session,) = pair.emulator.sessions
        assert {metrics.request_id for metrics in heard if metrics.audio_duration} == {session}
        assert [metrics.request_id for metrics in spoken] == [session]
        assert {event.request_id for event in pair.events} == {session}

    async def test_usage_tells_how_long_each_connection_took(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair(Behaviour(faults=[Drop(0.6, code=4000)]))
        heard: list[STTMetrics] = []
        pair.stt.on("metrics_collected", heard.append)
        await pair.interpret(audio.speech(_SPOKEN, end=_SECONDS))
        took = [metrics.acquire_time for metrics in heard if metrics.acquire_time]
        assert len(took) == len(pair.emulator.sessions) == 2
        assert all(0 < seconds < LIMIT_SECONDS for seconds in took)

    async def test_a_recording_is_counted_once(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair()
        heard: list[STTMetrics] = []
        told: list[UtteranceMetrics] = []
        pair.stt.on("metrics_collected", heard.append)
        pair.stt.on("utterance_metrics_collected", told.append)
        await within(pair.stt.recognize(audio.frames(audio.speech(_SPOKEN, end=_SECONDS))))
        (metrics,) = [one for one in heard if one.audio_duration]
        assert (metrics.streamed, metrics.audio_duration) == (False, pytest.approx(_SECONDS))
        assert metrics.request_id in pair.emulator.sessions
        assert [one.outcome for one in told] == ["not_spoken"]


class TestVoices:
    @tries_again
    async def test_a_voice_is_counted_with_the_time_from_its_claim_to_its_first_sound(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        line = audio.line(1, 1.0)
        pair = await open_pair(Behaviour(script=[line], voice_delay_ms=300))
        spoken: list[TTSMetrics] = []
        pair.tts.on("metrics_collected", spoken.append)
        await pair.interpret(audio.speech(_SPOKEN, end=_SECONDS))
        (metrics,) = spoken
        assert metrics.ttfb > 0.2
        assert_less(metrics.ttfb, 2.0)
        assert metrics.ttfb <= metrics.duration
        assert metrics.audio_duration == pytest.approx(1.0)
        assert metrics.characters_count == len(line.translations["fr"])
        assert (metrics.streamed, metrics.cancelled, metrics.label) == (True, False, pair.tts.label)
        assert metrics.segment_id == pair.finals[0].text.utterance.id  # type: ignore[attr-defined]

    async def test_the_fallback_counts_its_own_speech(
        self, open_pair: OpenPair, audio: Audio, other_voice: OtherVoice
    ) -> None:
        behaviour = Behaviour(script=[audio.line(1)], faults=[NoVoice(1)])
        pair = await open_pair(behaviour, fallback=other_voice, voice_timeout_seconds=0.3)
        spoken: list[TTSMetrics] = []
        pair.tts.on("metrics_collected", spoken.append)
        await pair.interpret(audio.speech(_SPOKEN, end=_SECONDS))
        assert [metrics.label for metrics in spoken] == [other_voice.label]

    async def test_a_joined_text_is_counted_by_who_says_each_part(
        self, open_pair: OpenPair, audio: Audio, other_voice: OtherVoice
    ) -> None:
        lines = [audio.line(1), audio.line(2)]
        behaviour = Behaviour(script=lines, faults=[NoVoice(2)])
        pair = await open_pair(behaviour, fallback=other_voice, voice_timeout_seconds=1.0)
        spoken: list[TTSMetrics] = []
        pair.tts.on("metrics_collected", spoken.append)
        pair.push(audio.speech((0.2, 0.6), (1.1, 1.5), end=2.2))
        await pair.listen_until("final_transcript", 2)
        texts = [line.translations["fr"] for line in lines]
        await pair.say(" ".join(texts))
        counted = {metrics.label: metrics.characters_count for metrics in spoken}
        assert counted == {pair.tts.label: len(texts[0]), other_voice.label: len(texts[1])}

    async def test_a_voice_that_is_interrupted_is_counted_as_cancelled(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        pair = await open_pair(Behaviour(script=[audio.line(1, 4.0)], voice_speed=1.0))
        spoken: list[TTSMetrics] = []
        told: list[UtteranceMetrics] = []
        pair.tts.on("metrics_collected", spoken.append)
        pair.stt.on("utterance_metrics_collected", told.append)
        pair.push(audio.speech(_SPOKEN, end=_SECONDS))
        await pair.listen_until("final_transcript")
        stream = pair.tts.stream()
        stream.push_text(pair.finals[0].text)
        stream.end_input()
        await within(stream.__anext__())
        await within(stream.aclose())
        assert [(metrics.cancelled, metrics.audio_duration < 4.0) for metrics in spoken] == [(True, True)]
        assert [metrics.outcome for metrics in told] == ["interrupted"]


class TestInASession:
    @pytest.fixture
    def told(self) -> list[UtteranceMetrics]:
        return []

    async def _enter(self, enter_room: Any, told: list[UtteranceMetrics], *args: Any, **options: Any) -> Any:
        room = await enter_room(*args, **options)
        room.stt.on("utterance_metrics_collected", told.append)
        return room

    @tries_again
    async def test_a_voiced_utterance_is_measured_from_the_microphone_to_the_speaker(
        self, enter_room: Any, audio: Audio, told: list[UtteranceMetrics]
    ) -> None:
        told.clear()
        start, end = _SPOKEN
        line = audio.line(1, 0.5, language="en-US", start_seconds=start, end_seconds=end)
        room = await self._enter(enter_room, told, Behaviour(script=[line], silence_ms=200))
        played: list[float] = []
        room.speaker.on("playback_started", lambda event: played.append(event.created_at))
        room.microphone.speak(audio.speech(_SPOKEN, end=_SECONDS))
        await room.speaker.until_played(1)
        (metrics,) = told
        assert (metrics.outcome, metrics.lost_reason) == ("voiced", None)
        assert (metrics.source_language, metrics.target_language) == ("en-US", "fr")
        assert metrics.session_id in room.emulator.sessions
        assert metrics.speech_seconds == pytest.approx(end - start)
        assert (metrics.voice_seconds, metrics.backlog_seconds <= 0.5) == (pytest.approx(0.5), True)
        # The microphone speaks twice as fast as it is said.
        played_at = played[0] - time.time() + time.monotonic()
        since = [played_at - (room.microphone.began_at + position / 2) for position in _SPOKEN]
        assert_less(abs(metrics.ear_voice_span_seconds - since[0]), 0.25)
        assert_less(abs(metrics.end_of_speech_to_first_sound_seconds - since[1]), 0.25)
        assert 0 < metrics.recognition_delay_seconds <= metrics.end_of_speech_to_first_sound_seconds

    async def test_each_utterance_is_told_once_with_what_became_of_it(
        self, enter_room: Any, audio: Audio, other_voice: OtherVoice, told: list[UtteranceMetrics]
    ) -> None:
        lines = [
            audio.line(1, 0.2),
            audio.line(2),
            audio.line(3),
            audio.line(4, 0.2, language="fr-FR"),
            audio.line(5, 0.2),
        ]
        behaviour = Behaviour(script=lines, silence_ms=200, faults=[NoVoice(2), NoTranslation(3)])
        room = await self._enter(
            enter_room, told, behaviour, fallback=other_voice, pair_options={"voice_timeout_seconds": 0.3}
        )
        bursts = [(start, start + 0.4) for start in (0.2, 1.6, 3.0, 4.4, 5.8)]
        room.microphone.speak(audio.speech(*bursts, end=7.0))
        await room.speaker.until_played(3)
        assert [one.outcome for one in told] == ["voiced", "fallback", "not_spoken", "not_spoken", "voiced"]
        assert len({one.id for one in told}) == len(lines)
        assert [one.lost_reason is not None for one in told] == [False, True, False, False, False]
        assert [one.ear_voice_span_seconds is not None for one in told] == [True, True, False, False, True]
        assert [one.target_language for one in told] == ["fr", "fr", "", "fr", "fr"]
        assert dict(room.stt.counts.outcomes) == {"voiced": 2, "fallback": 1, "not_spoken": 2}

    async def test_a_voice_that_nobody_can_replace_is_lost(
        self, enter_room: Any, audio: Audio, told: list[UtteranceMetrics]
    ) -> None:
        lines = [audio.line(1), audio.line(2, 0.2)]
        behaviour = Behaviour(script=lines, silence_ms=200, faults=[NoVoice(1)])
        room = await self._enter(enter_room, told, behaviour, pair_options={"voice_timeout_seconds": 0.3})
        room.microphone.speak(audio.speech((0.2, 0.6), (2.6, 3.0), end=4.0))
        await room.speaker.until_played(1)
        assert [(one.outcome, one.voice_seconds > 0) for one in told] == [("lost", False), ("voiced", True)]
        assert told[0].lost_reason == "Azure sent no voice in time"

    async def test_the_session_adds_up_what_was_used_by_model_and_provider(
        self, enter_room: Any, audio: Audio, other_voice: OtherVoice
    ) -> None:
        lines = [audio.line(1, 0.5), audio.line(2)]
        behaviour = Behaviour(script=lines, silence_ms=200, faults=[NoVoice(2)])
        room = await enter_room(
            behaviour, fallback=other_voice, pair_options={"voice_timeout_seconds": 0.3}, speed=4.0
        )
        told: list[Any] = []
        session: AgentSession[None] = room.session
        session.on("session_usage_updated", told.append)
        room.microphone.speak(audio.speech((0.2, 0.8), (1.6, 2.2), end=6.0))
        await room.speaker.until_played(2)
        usage = session.usage.model_usage
        assert told
        (voice,) = [one for one in usage if isinstance(one, TTSModelUsage) and one.provider == "Azure"]
        assert (voice.model, voice.audio_duration) == ("live-interpreter", pytest.approx(0.5))
        assert voice.characters_count == len(lines[0].translations["fr"])
        (other,) = [one for one in usage if isinstance(one, TTSModelUsage) and one.provider != "Azure"]
        assert other.characters_count == len(lines[1].translations["fr"])
        (hearing,) = [one for one in usage if isinstance(one, STTModelUsage)]
        assert (hearing.provider, hearing.model) == ("Azure", "live-interpreter")


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What LiveKit traces meanwhile."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry.set_tracer_provider(provider)
    yield exporter
    telemetry.set_tracer_provider(trace.NoOpTracerProvider())  # type: ignore[arg-type]


def _named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


async def test_livekits_span_of_a_voice_tells_how_it_was_interpreted(
    enter_room: Any, audio: Audio, spans: InMemorySpanExporter
) -> None:
    line = audio.line(1, 0.3, language="en-US")
    room = await enter_room(Behaviour(script=[line], silence_ms=200))
    told: list[UtteranceMetrics] = []
    room.stt.on("utterance_metrics_collected", told.append)
    room.microphone.speak(audio.speech(_SPOKEN, end=_SECONDS))
    await room.speaker.until_played(1)
    await within(room.session.aclose())
    (span,) = _named(spans, "tts_request")
    attributes = dict(span.attributes or {})
    own = {name: value for name, value in attributes.items() if name.startswith("azure_interpreter.")}
    assert own["azure_interpreter.outcome"] == "voiced"
    assert own["azure_interpreter.source_language"] == "en-US"
    assert own["azure_interpreter.ear_voice_span_seconds"] == told[0].ear_voice_span_seconds
    assert "azure_interpreter.lost_reason" not in own
    assert told[0].id in str(attributes["lk.tts_metrics"])
    assert not any("phrase" in str(value) for value in own.values())
    (attempt,) = _named(spans, "tts_request_run")
    assert told[0].session_id in (attempt.attributes or {})["lk.provider_request_ids"]  # type: ignore[operator]
    (turn, *_) = _named(spans, "user_turn")
    assert told[0].session_id in (turn.attributes or {})["lk.provider_request_ids"]  # type: ignore[operator]
