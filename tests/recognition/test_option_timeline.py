from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livekit_plugins_azure_interpreter._recognition.option_timeline import OptionChange, OptionTimeline
from livekit_plugins_azure_interpreter._recognition.replay_buffer import ReplayBuffer
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import Options

_RATE_HZ = 8000


class Stream:
    """Audio that is retained, and sent with the options of its place."""

    def __init__(self, **options: int) -> None:
        credentials = Credentials(endpoint="ws://localhost", key="any")
        self.retained = ReplayBuffer(_RATE_HZ, max_seconds=60)
        self.options = OptionTimeline(
            Options(credentials=credentials, target_languages=("fr",), sample_rate=_RATE_HZ, **options),
            self.retained,
        )
        self.changed_at: list[float] = []
        self._noise = np.random.default_rng(1)

    def speak(self, seconds: float) -> None:
        self._push(np.full(80, 8000, "<i2").tobytes(), seconds)

    def pause(self, seconds: float) -> None:
        self._push(bytes(160), seconds)

    def pause_in_noise(self, seconds: float) -> None:
        self._push(self._noise.normal(0, 1000, 80).astype("<i2").tobytes(), seconds)

    def want(self, target: str) -> None:
        self.options.want(OptionChange({"target_languages": (target,)}))

    def places(self) -> list[tuple[float, str]]:
        places = self.options.of_retained()
        return [(round(position, 3), options.target_languages[0]) for position, options in places]

    def _push(self, pcm: bytes, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            if self.options.is_due:
                self.changed_at.append(round(self.options.take_place()[0], 3))
            self.retained.add(pcm)


def test_a_change_before_any_speech_applies_from_the_beginning() -> None:
    stream = Stream()
    stream.options.begin({"target_languages": ("de",)})
    stream.speak(1.0)
    assert (stream.places(), stream.changed_at) == ([(0.0, "de")], [])


def test_a_change_during_silence_takes_effect_at_once() -> None:
    stream = Stream()
    stream.pause(0.1)
    stream.want("de")
    stream.speak(1.0)
    assert stream.places() == [(0.0, "fr"), (0.1, "de")]


def test_an_utterance_under_way_is_heard_to_its_end() -> None:
    stream = Stream()
    stream.speak(1.0)
    stream.want("de")
    stream.speak(1.0)
    stream.pause(0.3)
    stream.speak(1.0)
    stream.pause(0.6)
    assert stream.places() == [(0.0, "fr"), (3.8, "de")]


@pytest.mark.parametrize(("silence_ms", "place"), [(200, 1.2), (2000, 3.0)])
def test_an_utterance_ends_after_the_silence_that_azure_was_told(silence_ms: int, place: float) -> None:
    stream = Stream(segmentation_silence_timeout_ms=silence_ms)
    stream.speak(1.0)
    stream.want("de")
    stream.pause(2.5)
    assert stream.changed_at == [place]


def test_a_pause_in_a_noisy_room_is_one() -> None:
    stream = Stream()
    stream.pause_in_noise(6.0)
    stream.speak(1.0)
    stream.want("de")
    stream.speak(1.0)
    stream.pause_in_noise(1.0)
    assert stream.changed_at == [8.5]


def test_a_pause_that_began_before_it_was_wanted_counts() -> None:
    stream = Stream()
    stream.speak(1.0)
    stream.pause(0.4)
    stream.want("de")
    stream.pause(0.3)
    assert stream.changed_at == [1.5]


def test_a_speaker_without_a_pause_is_cut_in_two_in_the_end() -> None:
    stream = Stream()
    stream.speak(1.0)
    stream.want("de")
    stream.speak(12.0)
    assert stream.changed_at == [pytest.approx(11.0, abs=0.02)]


def test_several_that_take_no_place_before_the_next_are_one() -> None:
    stream = Stream()
    stream.speak(1.0)
    stream.want("de")
    stream.speak(1.0)
    stream.want("it")
    stream.pause(1.0)
    assert stream.places() == [(0.0, "fr"), (2.5, "it")]


def test_one_that_is_taken_back_takes_no_place() -> None:
    stream = Stream()
    stream.speak(1.0)
    stream.want("de")
    stream.want("fr")
    stream.pause(1.0)
    assert stream.changed_at == []


def test_places_that_are_dealt_with_are_forgotten() -> None:
    stream = Stream()
    for target in ("de", "it", "es"):
        stream.speak(1.0)
        stream.want(target)
        stream.pause(1.0)
    assert stream.places() == [(0.0, "fr"), (1.5, "de"), (3.5, "it"), (5.5, "es")]
    stream.retained.cover(3.5)
    assert stream.places() == [(3.5, "it"), (5.5, "es")]
    stream.retained.cover(6.0)
    assert stream.places() == [(6.0, "es")]


def test_a_voice_that_is_withdrawn_is_not_asked_for_any_more() -> None:
    stream = Stream()
    ((_, before),) = stream.options.of_retained()
    assert stream.options.permitted(before).voices == {"fr": "personal-voice"}
    instead = replace(before, voice="fr-FR-DeniseNeural")
    stream.options.withdraw_own_voice(instead)
    assert stream.options.permitted(before).voices == {"fr": "fr-FR-DeniseNeural"}
    stream.options.withdraw_own_voice(replace(instead, voice=None))
    assert stream.options.permitted(before).voices == {}
