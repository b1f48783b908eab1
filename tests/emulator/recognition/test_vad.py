from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator.recognition.vad import (
    EnergyVad,
    ScriptedVad,
    SpeechBegan,
    SpeechEnded,
    Vad,
    VadEvent,
)


def _hear(vad: Vad, pcm: bytes, piece: int = 3200) -> list[VadEvent]:
    return [heard for at in range(0, len(pcm), piece) for heard in vad.hear(pcm[at : at + piece])]


def _spans(heard: list[VadEvent]) -> list[tuple[float, float]]:
    return [
        (round(event.start_seconds, 6), round(event.end_seconds, 6))
        for event in heard
        if isinstance(event, SpeechEnded)
    ]


class TestEnergyVad:
    def test_silence_is_no_speech(self, audio: Any) -> None:
        assert _hear(EnergyVad(16000), audio.silence(3)) == []

    def test_hiss_is_no_speech(self) -> None:
        hiss = b"\x64\x00\x9c\xff" * 16000  # +100, -100
        assert _hear(EnergyVad(16000), hiss) == []

    def test_speech_keeps_a_margin_of_100_ms_on_either_side(self, audio: Any) -> None:
        heard = _hear(EnergyVad(16000), audio.silence(0.5) + audio.noise(1) + audio.silence(1))
        assert _spans(heard) == [(0.4, 1.6)]

    def test_the_beginning_is_told_before_the_end(self, audio: Any) -> None:
        heard = _hear(EnergyVad(16000), audio.silence(0.5) + audio.noise(1) + audio.silence(1))
        assert [type(event) for event in heard] == [SpeechBegan, SpeechEnded]

    def test_the_beginning_is_told_as_soon_as_speech_is_loud(self, audio: Any) -> None:
        vad = EnergyVad(16000)
        assert _hear(vad, audio.silence(0.5) + audio.noise(0.02)) == [SpeechBegan(0.4)]

    def test_speech_from_the_first_sample_begins_there(self, audio: Any) -> None:
        heard = _hear(EnergyVad(16000, start_seconds=7.0), audio.noise(1) + audio.silence(1))
        assert _spans(heard) == [(7.0, 8.1)]

    def test_positions_count_from_the_start_of_the_audio(self, audio: Any) -> None:
        vad = EnergyVad(16000, start_seconds=10.0)
        assert _spans(_hear(vad, audio.silence(0.5) + audio.noise(1) + audio.silence(1))) == [(10.4, 11.6)]

    @pytest.mark.parametrize("rate", [8000, 16000, 24000, 44100, 48000])
    def test_the_sample_rate_does_not_change_positions(self, audio: Any, rate: int) -> None:
        pcm = audio.silence(0.5, rate) + audio.noise(0.5, rate) + audio.silence(1, rate)
        assert _spans(_hear(EnergyVad(rate), pcm)) == [(0.4, 1.1)]

    @pytest.mark.parametrize("piece", [2, 100, 640, 100_000])
    def test_the_size_of_the_pieces_does_not_change_what_is_heard(self, audio: Any, piece: int) -> None:
        pcm = audio.silence(0.2) + audio.noise(0.2) + audio.silence(0.6)
        assert _spans(_hear(EnergyVad(16000), pcm, piece)) == [(0.1, 0.5)]

    def test_a_pause_shorter_than_the_silence_stays_within_one_stretch(self, audio: Any) -> None:
        pcm = audio.noise(0.5) + audio.silence(0.4) + audio.noise(0.5) + audio.silence(1)
        assert _spans(_hear(EnergyVad(16000, silence_ms=500), pcm)) == [(0.0, 1.5)]

    def test_a_pause_of_the_silence_parts_two_stretches(self, audio: Any) -> None:
        pcm = audio.noise(0.5) + audio.silence(0.4) + audio.noise(0.5) + audio.silence(1)
        assert _spans(_hear(EnergyVad(16000, silence_ms=300), pcm)) == [(0.0, 0.6), (0.8, 1.5)]

    def test_stretches_never_overlap(self, audio: Any) -> None:
        pcm = audio.noise(0.5) + audio.silence(0.12) + audio.noise(0.5) + audio.silence(1)
        (_, first_end), (second_start, _) = _spans(_hear(EnergyVad(16000, silence_ms=100), pcm))
        assert second_start >= first_end

    def test_speech_without_a_pause_is_cut_at_the_longest_stretch(self, audio: Any) -> None:
        vad = EnergyVad(16000, longest_seconds=1.0)
        assert _spans(_hear(vad, audio.noise(2.5))) == [(0.0, 1.0), (1.0, 2.0)]

    def test_the_end_of_the_audio_ends_an_open_stretch(self, audio: Any) -> None:
        vad = EnergyVad(16000)
        _hear(vad, audio.silence(0.5) + audio.noise(1))
        assert _spans(list(vad.end())) == [(0.4, 1.5)]

    def test_the_end_of_the_audio_says_nothing_after_silence(self, audio: Any) -> None:
        vad = EnergyVad(16000)
        _hear(vad, audio.silence(1))
        assert list(vad.end()) == []


class TestScriptedVad:
    def test_lines_are_heard_at_their_positions_whatever_the_audio_is(self, audio: Any) -> None:
        vad = ScriptedVad([(0.5, 1.0), (2.0, 2.5)], 16000)
        assert _spans(_hear(vad, audio.silence(3))) == [(0.5, 1.0), (2.0, 2.5)]

    def test_each_end_names_its_line(self, audio: Any) -> None:
        heard = _hear(ScriptedVad([(0.5, 1.0), (2.0, 2.5)], 16000), audio.silence(3))
        assert [event.index for event in heard if isinstance(event, SpeechEnded)] == [0, 1]

    def test_each_beginning_names_its_line(self, audio: Any) -> None:
        heard = _hear(ScriptedVad([(0.5, 1.0), (2.0, 2.5)], 16000), audio.silence(3))
        assert [event.index for event in heard if isinstance(event, SpeechBegan)] == [0, 1]

    def test_nothing_is_heard_before_its_position(self, audio: Any) -> None:
        assert _hear(ScriptedVad([(0.5, 1.0)], 16000), audio.silence(0.4)) == []

    def test_the_beginning_is_told_before_the_line_is_over(self, audio: Any) -> None:
        (began,) = _hear(ScriptedVad([(0.5, 1.0)], 16000), audio.silence(0.7))
        assert isinstance(began, SpeechBegan)

    def test_one_piece_of_audio_may_hold_several_lines(self, audio: Any) -> None:
        vad = ScriptedVad([(0.5, 1.0), (2.0, 2.5)], 16000)
        assert _spans(list(vad.hear(audio.silence(3)))) == [(0.5, 1.0), (2.0, 2.5)]

    def test_lines_that_ended_before_the_audio_begins_are_not_heard_again(self, audio: Any) -> None:
        vad = ScriptedVad([(0.5, 1.0), (2.0, 2.5)], 16000, start_seconds=1.0)
        heard = _hear(vad, audio.silence(3))
        assert [event.index for event in heard if isinstance(event, SpeechEnded)] == [1]

    def test_the_end_of_the_audio_ends_an_open_line_where_it_is(self, audio: Any) -> None:
        vad = ScriptedVad([(0.5, 2.0)], 16000)
        _hear(vad, audio.silence(1))
        assert _spans(list(vad.end())) == [(0.5, 1.0)]

    def test_the_end_of_the_audio_says_nothing_between_lines(self, audio: Any) -> None:
        vad = ScriptedVad([(2.0, 2.5)], 16000)
        _hear(vad, audio.silence(1))
        assert list(vad.end()) == []
