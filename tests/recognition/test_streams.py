"""What the streams of one STT share: which may be spoken, which are probes, and what is reported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest
from fakes.azure import heard, untranslated, voice
from fakes.limits import within
from fakes.pieces import PieceLedger as Ledger
from fakes.pieces import piece
from fakes.recognizer import FakeService
from fakes.tts import tone
from livekit import rtc
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS, SpeechForgotten, UtteranceMetrics, VoiceLost
from livekit_plugins_azure_interpreter._recognition.stream_audio import StreamAudio
from livekit_plugins_azure_interpreter._recognition.streams import OpenStream, Streams
from livekit_plugins_azure_interpreter._sdk.events import Connected, Failed
from livekit_plugins_azure_interpreter._voices.utterance import LostReason
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import Options

Until = Callable[[Callable[[], object]], Awaitable[None]]
Make = Callable[..., Any]

FINAL = SpeechEventType.FINAL_TRANSCRIPT


@pytest.fixture
def emitted() -> list[tuple[str, object]]:
    return []


@pytest.fixture
def streams(service: FakeService, emitted: list[tuple[str, object]]) -> Streams:
    return Streams(
        open_recognizer=service,
        peer_timeout_seconds=15.0,
        voice_timeout_seconds=5.0,
        kept_audio_seconds=1.0,
        emit=lambda name, report: emitted.append((name, report)),
    )


_PIECES: dict[OpenStream, Ledger] = {}
"""What the streams of a test get to hear."""


def opened(streams: Streams, *, claimable: bool = True) -> OpenStream:
    """A stream that was added."""
    options = Options(credentials=Credentials(endpoint="ws://localhost", key="any"), target_languages=("fr",))
    audio = StreamAudio(options, max_seconds=streams.kept_audio_seconds, now=lambda: 0.0)
    stream: Any = object()
    pieces = Ledger()
    opened = OpenStream(stream, pieces.ledgers, audio, lambda changes: None, lambda instead: None)
    _PIECES[opened] = pieces
    streams.add(opened, claimable=claimable)
    return opened


class TestOpenStreams:
    def test_a_stream_that_a_tts_may_ask_is_open_and_its_translations_are_found(
        self, streams: Streams
    ) -> None:
        one = opened(streams)
        _PIECES[one].recognized("Oui.", 0.0)
        assert (list(streams.open.values()), streams.unclaimed) == ([one], {})
        assert streams.translations.oldest("Oui.") is not None

    def test_the_translations_of_a_recording_are_not_found(self, streams: Streams) -> None:
        recording = opened(streams, claimable=False)
        _PIECES[recording].recognized("Oui.", 0.0)
        assert (streams.open, list(streams.unclaimed.values())) == ({}, [recording])
        assert streams.translations.oldest("Oui.") is None

    @pytest.mark.parametrize("claimable", [True, False], ids=["stream", "recording"])
    def test_a_stream_that_has_ended_is_forgotten_and_its_dropped_audio_counted(
        self, streams: Streams, claimable: bool
    ) -> None:
        one = opened(streams, claimable=claimable)
        _PIECES[one].audio(piece(2.0), 0.0)
        _PIECES[one].end(1.0)
        streams.ended(one.stream)
        assert one.ended.is_set()
        assert (streams.open, streams.unclaimed, streams.translations.streams) == ({}, {}, [])
        assert streams.counts.voice_dropped_seconds == 2.0

    def test_the_translations_of_a_stream_that_has_ended_can_still_be_said(self, streams: Streams) -> None:
        one, other = opened(streams), opened(streams)
        utterance = _PIECES[one].recognized("Oui.", 0.0)
        streams.ended(one.stream)
        assert streams.translations.claim("Oui.") == [utterance]
        assert list(streams.open.values()) == [other]


class TestProbes:
    """What LiveKit's adapter opens to see whether an STT has recovered."""

    PROBE: ClassVar[dict[str, bool]] = {"placed": False, "has_retries": False, "probed": True}

    @pytest.fixture
    def placed(self, streams: Streams) -> OpenStream:
        """A stream with a place on the session's clock."""
        one = opened(streams)
        assert not streams.began(one.stream, placed=True, has_retries=True, probed=False)
        return one

    def test_a_probe_is_no_stream_that_a_tts_may_ask(self, streams: Streams, placed: OpenStream) -> None:
        probe = opened(streams)
        assert streams.began(probe.stream, **self.PROBE)
        assert list(streams.open.values()) == [placed]
        assert list(streams.unclaimed.values()) == [probe]
        assert streams.translations.streams == [placed.ledgers]

    @pytest.mark.parametrize("change", [{"placed": True}, {"has_retries": True}, {"probed": False}])
    def test_a_stream_that_differs_from_a_probe_is_none(
        self, streams: Streams, placed: OpenStream, change: dict[str, bool]
    ) -> None:
        other = opened(streams)
        assert not streams.began(other.stream, **{**self.PROBE, **change})
        assert list(streams.open.values()) == [placed, other]

    def test_a_stream_is_no_probe_where_none_was_placed(self, streams: Streams) -> None:
        one = opened(streams)
        assert not streams.began(one.stream, **self.PROBE)
        assert list(streams.open.values()) == [one]

    def test_a_recording_is_no_probe(self, streams: Streams, placed: OpenStream) -> None:
        recording = opened(streams, claimable=False)
        assert not streams.began(recording.stream, **self.PROBE)


class TestLostVoices:
    def test_a_lost_voice_is_counted_and_reported_with_what_is_missing(
        self, streams: Streams, emitted: list[tuple[str, object]], caplog: pytest.LogCaptureFixture
    ) -> None:
        one = opened(streams)
        _PIECES[one].recognized("douze lettres", 0.0)
        _PIECES[one].audio(piece(1.0), 1.0)
        _PIECES[one].completed(1.0)
        utterance = _PIECES[one].recognized("treize lettre", 2.0)
        _PIECES[one].audio(piece(0.25), 3.0)
        utterance.claim()  # so that its sound is kept
        _PIECES[one].reconnected(4.0)
        streams.voice_lost(utterance, _PIECES[one].ledger)
        reason = LostReason.RECONNECTED.value
        assert emitted == [("voice_lost", VoiceLost(utterance.id, "fr", reason, 0.25, pytest.approx(0.75)))]
        assert streams.counts.voices_lost == {reason: 1}
        assert "treize" not in caplog.text

    @pytest.mark.parametrize("reason", [LostReason.TEXT_ONLY, LostReason.SAME_LANGUAGE])
    def test_a_voice_that_was_not_expected_is_not_lost(
        self, streams: Streams, emitted: list[tuple[str, object]], reason: LostReason
    ) -> None:
        one = opened(streams)
        utterance = _PIECES[one].recognized("Oui.", 0.0)
        utterance.lose(reason)
        streams.voice_lost(utterance, _PIECES[one].ledger)
        assert (emitted, streams.counts.voices_lost) == ([], {})

    def test_a_voice_of_a_recording_is_not_lost(
        self, streams: Streams, emitted: list[tuple[str, object]]
    ) -> None:
        recording = opened(streams, claimable=False)
        utterance = _PIECES[recording].recognized("Oui.", 0.0)
        _PIECES[recording].end(1.0)
        streams.voice_lost(utterance, _PIECES[recording].ledger)
        assert emitted == []


class TestForgottenSpeech:
    LOUD = b"\x00\x10" * 16000

    def test_speech_beyond_the_bound_is_reported_once(
        self, streams: Streams, emitted: list[tuple[str, object]]
    ) -> None:
        audio = opened(streams).audio
        for _ in range(3):
            audio.replay_buffer.add(self.LOUD)
        streams.report_forgotten(audio)
        streams.report_forgotten(audio)
        assert emitted == [("speech_forgotten", SpeechForgotten(2.0))]
        assert streams.counts.speech_forgotten_seconds == 2.0

    def test_the_kept_speech_of_a_stream_that_is_given_up_is_reported_too(
        self, streams: Streams, emitted: list[tuple[str, object]]
    ) -> None:
        audio = opened(streams).audio
        for _ in range(3):
            audio.replay_buffer.add(self.LOUD)
        streams.give_up(audio)
        assert [report for _, report in emitted] == [SpeechForgotten(2.0), SpeechForgotten(1.0)]

    def test_a_stream_without_speech_has_nothing_to_report(
        self, streams: Streams, emitted: list[tuple[str, object]]
    ) -> None:
        streams.give_up(opened(streams).audio)
        assert emitted == []


class TestOutcomes:
    @pytest.fixture
    async def heard_two(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, told: list[UtteranceMetrics]
    ) -> STT:
        """An STT that a TTS speaks for, and that has heard two translations and what is none."""
        interpreter: STT = make_stt()
        TTS(interpreter)
        interpreter.on("utterance_metrics_collected", told.append)
        listener = listen(interpreter)
        await until(lambda: service.recognizers and service.last.started)
        service.last.post(heard("Oui."), heard("Non."), untranslated("Hm."))
        await listener.has(SpeechEventType.FINAL_TRANSCRIPT, 3)
        return interpreter

    @pytest.fixture
    def told(self) -> list[UtteranceMetrics]:
        return []

    async def test_an_untranslated_utterance_is_reported_at_once(
        self, heard_two: STT, told: list[UtteranceMetrics]
    ) -> None:
        assert [(one.outcome, one.target_language) for one in told] == [("not_spoken", "")]

    async def test_an_utterance_is_reported_as_it_is_let_go(
        self, heard_two: STT, told: list[UtteranceMetrics]
    ) -> None:
        translation = heard_two.next_translation("Oui.")
        assert translation is not None
        heard_two.let_go(translation)
        heard_two.let_go(translation)
        assert [one.id for one in told[1:]] == [translation.utterance.id]

    async def test_an_unsaid_utterance_is_reported_when_the_stt_is_closed(
        self, heard_two: STT, told: list[UtteranceMetrics]
    ) -> None:
        await within(heard_two.aclose())
        assert [one.outcome for one in told] == ["not_spoken"] * 3
        assert heard_two.counts.outcomes == {"not_spoken": 3}

    async def test_the_rest_of_an_ended_stream_is_reported_when_it_is_forgotten(
        self, heard_two: STT, listen: Make, service: FakeService, told: list[UtteranceMetrics], until: Until
    ) -> None:
        for number in range(17):
            listener = listen(heard_two)
            await until(lambda count=number + 2: len(service.recognizers) == count and service.last.started)
            service.last.post(heard("Encore."))
            await listener.has(SpeechEventType.FINAL_TRANSCRIPT)
            await listener.aclose()
        assert len(told) == 1 + 1  # the oldest of 17, and what was not translated

    async def test_every_utterance_is_reported_at_once_if_no_tts_speaks_for_the_stt(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, told: list[UtteranceMetrics]
    ) -> None:
        interpreter = make_stt()
        interpreter.on("utterance_metrics_collected", told.append)
        listener = listen(interpreter)
        await until(lambda: service.recognizers and service.last.started)
        service.last.post(heard("Oui."))
        await listener.has(SpeechEventType.FINAL_TRANSCRIPT)
        assert [(one.outcome, one.target_language) for one in told] == [("not_spoken", "fr")]


class TestCounts:
    async def test_they_tell_what_was_heard_and_lost(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        stt = make_stt()
        lost: list[VoiceLost] = []
        stt.on("voice_lost", lost.append)
        listener = listen(stt)
        await until(lambda: service.recognizers)
        service.last.post(
            heard("douze lettres"), *voice(tone(440, 1.3)), heard("dix lettres"), untranslated("Yes.")
        )
        await listener.has(FINAL, 3)
        service.last.post(Failed("ConnectionFailure", ""))
        await until(lambda: lost)
        assert stt.counts.utterances == 3
        assert dict(stt.counts.voices_lost) == {"the connection was lost": 1}
        # By the pace of the voice before: 13 characters in 1.3 s.
        assert (lost[0].seconds_heard, lost[0].seconds_missing) == (0.0, pytest.approx(1.1))

    async def test_a_missing_voice_is_not_guessed_without_an_earlier_one(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        stt = make_stt()
        lost: list[VoiceLost] = []
        stt.on("voice_lost", lost.append)
        service.replies = [[Connected(), heard("Oui."), Failed("ConnectionFailure", "")], [Connected()]]
        listen(stt)
        await until(lambda: lost)
        assert lost[0].seconds_missing is None

    async def test_speech_that_could_not_be_kept_is_counted(
        self,
        make_stt: Make,
        listen: Make,
        service: FakeService,
        until: Until,
    ) -> None:
        stt = make_stt(kept_audio_seconds=1.0)
        told: list[SpeechForgotten] = []
        stt.on("speech_forgotten", told.append)
        listener = listen(stt)
        for _ in range(3):
            listener.stream.push_frame(rtc.AudioFrame(b"\x00\x10" * 8000, 16000, 1, 8000))
        await until(lambda: service.recognizers and len(service.last.written) == 48000)
        service.last.post(Failed("ConnectionFailure", ""))
        await until(lambda: len(service.recognizers) == 2 and service.last.written)
        assert stt.counts.speech_forgotten_seconds == pytest.approx(0.5)
        assert told == [SpeechForgotten(stt.counts.speech_forgotten_seconds)]
