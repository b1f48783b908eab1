from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Voice
from livekit_plugins_azure_interpreter.emulator.recognition.conversation import Conversation
from livekit_plugins_azure_interpreter.emulator.recognition.speech_context import Detection
from livekit_plugins_azure_interpreter.emulator.recognition.vad import EnergyVad, ScriptedVad, SpeechEnded

_LINES = (Line("one"), Line("two"))
_SAMPLES = Voice(b"")


class TestLine:
    def test_each_new_stretch_is_given_the_next_line(self) -> None:
        conversation = Conversation(Behaviour(script=_LINES))
        assert [conversation.line(_SAMPLES, 0.4).text, conversation.line(_SAMPLES, 3.0).text] == [
            "one",
            "two",
        ]

    @pytest.mark.parametrize("again", [0.4, 0.2, 0.6])
    def test_a_stretch_that_is_sent_again_is_given_the_same_line(self, again: float) -> None:
        conversation = Conversation(Behaviour(script=_LINES))
        conversation.line(_SAMPLES, 0.4)
        assert conversation.line(_SAMPLES, again).text == "one"

    def test_an_earlier_stretch_keeps_its_line_after_later_ones(self) -> None:
        conversation = Conversation(Behaviour(script=_LINES))
        conversation.line(_SAMPLES, 0.4)
        conversation.line(_SAMPLES, 3.0)
        assert conversation.line(_SAMPLES, 0.4).text == "one"

    def test_a_used_up_script_goes_on_with_numbered_utterances(self) -> None:
        conversation = Conversation(Behaviour(script=_LINES[:1]))
        conversation.line(_SAMPLES, 0.4)
        assert conversation.line(_SAMPLES, 3.0) == Line("utterance 2", language="und")

    def test_an_index_decides_where_there_is_one(self) -> None:
        assert Conversation(Behaviour(script=_LINES)).line(_SAMPLES, 0.4, index=1).text == "two"

    def test_numbers_go_on_when_the_oldest_stretches_are_forgotten(self) -> None:
        conversation = Conversation(Behaviour())
        last = [conversation.line(_SAMPLES, second).text for second in range(1200)][-1]
        assert (last, conversation.line(_SAMPLES, 1199.1).text) == ("utterance 1200", "utterance 1200")

    def test_a_function_is_given_the_samples_of_the_utterance(self) -> None:
        conversation = Conversation(Behaviour(script=lambda samples: Line(f"{samples.seconds} s")))
        assert conversation.line(Voice(bytes(32_000)), 0.4).text == "1.0 s"

    def test_a_function_is_asked_each_time(self) -> None:
        lines = iter(_LINES)
        conversation = Conversation(Behaviour(script=lambda _: next(lines)))
        assert [conversation.line(_SAMPLES, 0.4).text for _ in _LINES] == ["one", "two"]


class TestVad:
    def test_a_function_hears_by_energy(self) -> None:
        vad = Conversation(Behaviour(script=lambda _: Line("one"))).vad(16000, 0.0, Detection())
        assert isinstance(vad, EnergyVad)

    def test_it_cuts_an_utterance_that_is_too_long(self, audio: Any) -> None:
        vad = Conversation(Behaviour(longest_seconds=1.0)).vad(16000, 0.0, Detection())
        ends = [event.end_seconds for event in vad.hear(audio.noise(2.5)) if isinstance(event, SpeechEnded)]
        assert ends == [1.0, 2.0]

    def test_lines_without_positions_are_found_by_energy(self) -> None:
        assert isinstance(Conversation(Behaviour(script=_LINES)).vad(16000, 0.0, Detection()), EnergyVad)

    def test_lines_with_positions_are_found_there(self) -> None:
        script = [Line("a", start_seconds=0, end_seconds=1)]
        assert isinstance(Conversation(Behaviour(script=script)).vad(16000, 0.0, Detection()), ScriptedVad)

    def test_it_ends_speech_after_the_silence_of_the_behaviour(self, audio: Any) -> None:
        vad = Conversation(Behaviour(silence_ms=100)).vad(16000, 0.0, Detection())
        heard = list(vad.hear(audio.noise(0.2) + audio.silence(0.1)))
        assert [type(event) for event in heard][-1] is SpeechEnded

    def test_it_counts_from_where_the_audio_begins(self, audio: Any) -> None:
        vad = Conversation(Behaviour()).vad(16000, 20.0, Detection())
        (began,) = vad.hear(audio.noise(0.2))
        assert began.start_seconds == 20.0


def test_a_conversation_is_never_heard_backwards() -> None:
    conversation = Conversation(Behaviour())
    conversation.heard_until(2.0)
    conversation.heard_until(1.0)
    assert conversation.now == 2.0
