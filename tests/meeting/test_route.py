"""One route in virtual time: who hears it, and what its track does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.booth import BOB, CARL, Booth, in_a_booth
from fakes.meeting import FakeOutput, FakeRoom
from livekit import rtc

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.route import RoutePolicy

LONG_SECONDS = 130.0
"""So long a silence that a track is given up."""


@in_a_booth()
async def test_speech_is_heard_by_everyone_who_wants_it(booth: Booth) -> None:
    booth.serve_bob()
    said = await booth.say()
    await booth.go_on(5.0)
    assert (booth.heard("bob"), booth.heard("carl")) == ([said], [])
    assert booth.states == ["started"]


@in_a_booth()
async def test_a_listener_who_comes_for_the_next_word_hears_it_from_there(booth: Booth) -> None:
    booth.serve_bob()
    first = await booth.say()
    booth.serve({"fr": CARL})
    booth.serve({"fr": CARL})
    assert booth.interpreter.everyone == BOB | CARL
    second = await booth.say()
    await booth.go_on(6.0)
    assert (booth.heard("bob"), booth.heard("carl")) == ([first], [second])
    assert booth.interpreter.routes["fr"].listeners == CARL


@in_a_booth()
async def test_a_room_that_refuses_the_track_is_asked_again(booth: Booth) -> None:
    booth.room.refusals = 1
    booth.serve_bob()
    said = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]
    assert "failed" in booth.states


@in_a_booth()
async def test_a_track_that_breaks_in_mid_sentence_costs_the_listener_no_frame(booth: Booth) -> None:
    booth.serve_bob()
    booth.room.broken_frames = {3}
    said = [await booth.say(voice_seconds=2.0), await booth.say()]
    await booth.go_on(12.0)
    assert booth.heard("bob") == said
    assert [booth.heard_seconds(number) for number in said] == pytest.approx([2.0, 1.0])
    assert "failed" in booth.states
    assert not booth.missed


@in_a_booth()
async def test_a_sentence_that_breaks_every_track_is_told_and_the_next_one_is_heard(booth: Booth) -> None:
    booth.serve_bob()
    booth.room.broken_frames = range(3, 6)
    broken = await booth.say(voice_seconds=2.0)
    await booth.go_on(15.0)
    said = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard_seconds(broken) < 2.0
    assert booth.heard_seconds(said) == pytest.approx(1.0)
    assert [(missed.speaker, missed.reason) for missed in booth.missed] == [("alice", "failed")]
    assert [caption.text for caption in booth.room.captions if not caption.spoken] == [f"{broken} in fr"]


class FailingOnceTTS(TTS):
    """Its first voice fails as no voice should."""

    def __init__(self, stt: STT, language: str) -> None:
        super().__init__(stt, language=language)
        self._has_failed = False

    def stream(self, **options: Any) -> Any:
        if not self._has_failed:
            self._has_failed = True
            raise ValueError("as nobody foresaw")
        return super().stream(**options)


@in_a_booth(tts=FailingOnceTTS)
async def test_a_voice_that_fails_is_told_and_the_next_one_is_heard(booth: Booth) -> None:
    booth.serve_bob()
    failing, said = await booth.say(), await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]
    assert [missed.reason for missed in booth.missed] == ["failed"]
    assert [caption.text for caption in booth.room.captions if not caption.spoken] == [f"{failing} in fr"]
    assert booth.states == ["started"]


@in_a_booth(policy=RoutePolicy(catch_up=False, max_lag_seconds=15.0))
async def test_the_rest_of_a_sentence_is_late_when_its_track_was_broken_for_too_long(booth: Booth) -> None:
    booth.serve_bob()
    booth.room.broken_frames = {3}
    broken = await booth.say(voice_seconds=2.0)
    await booth.go_on(0.5)
    booth.room.refusals = 6
    await booth.go_on(120.0)
    assert 0.0 < booth.heard_seconds(broken) < 2.0
    assert [missed.reason for missed in booth.missed] == ["late"]


# Back to the present


@in_a_booth(policy=RoutePolicy(catch_up=False, max_lag_seconds=15.0))
async def test_speech_of_too_long_ago_is_captioned_and_not_heard(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    meanwhile = await booth.say_every(5.0, times=7)
    booth.azure_comes_back()
    await booth.go_on(40.0)
    heard = booth.heard("bob")
    assert heard == meanwhile[-len(heard) :] != meanwhile
    only_read = [caption for caption in booth.room.captions if not caption.spoken]
    assert [caption.text for caption in only_read] == [
        f"{number} in fr" for number in meanwhile if number not in heard
    ]
    assert [missed.reason for missed in booth.missed] == ["late"] * len(only_read)
    finals = {caption.id for caption in booth.room.captions if caption.spoken and not caption.original}
    assert {caption.id for caption in only_read} <= finals, "they take the place of what was written"


@in_a_booth(policy=RoutePolicy(catch_up=False, max_lag_seconds=15.0))
async def test_a_fast_speaker_is_never_heard_later_than_that(booth: Booth) -> None:
    booth.serve_bob()
    said = {}
    for _ in range(30):
        at = booth.loop.time()
        said[await booth.say(voice_seconds=3.0)] = at + 1.0
        await booth.go_on(0.5)
    await booth.go_on(60.0)
    heard = booth.heard("bob")
    assert heard == sorted(heard)
    assert len(heard) < len(said)
    assert len(heard) + len(booth.missed) == len(said)
    began = {played.number: played.at for played in reversed(booth.room.played)}
    assert max(began[number] - said[number] for number in heard) <= 15.0 + 1.0


class Stopwatch(FakeRoom):
    """A room that measures what is played, whatever it is."""

    played_seconds = 0.0

    async def publish(self, route: Route, sample_rate: int) -> FakeOutput:
        room = self

        class Output(FakeOutput):
            async def play(self, frame: rtc.AudioFrame) -> None:
                room.played_seconds += frame.duration
                await asyncio.sleep(frame.duration)

        output = Output(self, route)
        self.outputs.append(output)
        return output


@pytest.mark.parametrize(
    ("catch_up", "least", "most"), [(False, 59.9, 60.1), (True, 60 / 1.25 - 0.1, 52.0)], ids=["no", "yes"]
)
def test_a_fast_speaker_is_heard_faster_with_catch_up(catch_up: bool, least: float, most: float) -> None:
    @in_a_booth(room=Stopwatch, policy=RoutePolicy(catch_up=catch_up, max_lag_seconds=None))
    async def play(booth: Booth) -> None:
        booth.serve_bob()
        for _ in range(20):
            await booth.say(voice_seconds=3.0)
            await booth.go_on(0.5)
        await booth.go_on(60.0)
        assert isinstance(booth.room, Stopwatch)
        assert least <= booth.room.played_seconds <= most

    play()


@in_a_booth()
async def test_a_language_that_is_wanted_again_stays(booth: Booth) -> None:
    booth.serve({"fr": BOB, "de": CARL})
    said = await booth.say()
    booth.serve({"de": CARL})
    booth.serve({"fr": BOB, "de": CARL})
    again = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said, again]
    assert booth.azure.languages == ["de fr"]


@in_a_booth()
async def test_a_language_that_has_left_comes_back_while_its_track_still_speaks(booth: Booth) -> None:
    booth.serve({"fr": BOB, "de": CARL})
    first = await booth.say(voice_seconds=6.0)
    booth.serve({"de": CARL})
    await booth.go_on(2.5)
    assert booth.azure.languages == ["de"]
    booth.serve({"fr": BOB, "de": CARL})
    await booth.go_on(0.5)
    second = await booth.say()
    await booth.go_on(9.0)
    assert booth.heard("bob") == [first, second]
    assert booth.tracks == ["alice-de", "alice-fr"]


@in_a_booth()
async def test_a_newcomer_hears_the_whole_utterance_that_is_under_way_in_a_language_that_is_there(
    booth: Booth,
) -> None:
    booth.serve_bob()
    saying = asyncio.ensure_future(booth.say())
    await asyncio.sleep(0.5)
    booth.serve({"fr": BOB | CARL}, come=CARL)
    said = await saying
    await booth.go_on(6.0)
    assert booth.heard("carl") == [said]


@in_a_booth()
async def test_one_that_leaves_is_heard_to_the_end(booth: Booth) -> None:
    booth.serve_bob()
    said = await booth.say()
    booth.leave()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]
    assert booth.interpreter.is_idle
    assert booth.freed == 2


@in_a_booth()
async def test_speech_in_the_language_of_the_route_is_not_said_again(booth: Booth) -> None:
    booth.serve_bob()
    await booth.say(language="fr")
    await booth.go_on(12.0)  # so long, it is not certain that Azure does not voice it
    said = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]


@in_a_booth()
async def test_a_route_stops_at_once_when_everybody_is_gone(booth: Booth) -> None:
    booth.serve({"fr": BOB, "de": CARL})
    await booth.say(voice_seconds=5.0)
    await booth.go_on(2.0)
    booth.room.leave("bob")
    booth.serve({"de": CARL})
    assert booth.interpreter.routes["fr"].over
    await booth.go_on(0.1)
    assert booth.tracks == ["alice-de"]


@in_a_booth()
async def test_a_route_that_is_closed_in_mid_voice_takes_its_track_out(booth: Booth) -> None:
    booth.serve_bob()
    await booth.say(voice_seconds=5.0)
    await booth.say()
    await booth.go_on(2.0)
    assert booth.interpreter.routes["fr"].everyone == BOB
    await booth.interpreter.routes["fr"].aclose()
    assert not booth.tracks


@in_a_booth()
async def test_a_listener_of_two_languages_hears_each_utterance_in_the_other_one(booth: Booth) -> None:
    booth.serve({"en": BOB, "fr": BOB | CARL}, between={"bob": ("en", "fr")})
    english, german = await booth.say(language="en"), await booth.say(language="de")
    await booth.go_on(8.0)
    assert booth.heard("bob", "fr") == [english]
    assert booth.heard("bob", "en") == [german]
    assert booth.heard("carl", "fr") == [english, german]
    # If nobody else wants it, it is not spoken at all.
    booth.serve({"en": BOB, "fr": BOB}, between={"bob": ("en", "fr")})
    voices = len(booth.sounds)
    await booth.say(language="de")
    await booth.go_on(8.0)
    assert booth.sounds[voices:] == [("en", True), ("en", False)]
    # From here on bob wants one language, whatever is said.
    booth.serve({"fr": BOB | CARL})
    another = await booth.say(language="de")
    await booth.go_on(8.0)
    assert booth.heard("bob", "fr") == [english, another]


@in_a_booth()
async def test_same_language_speech_is_not_repeated(booth: Booth) -> None:
    booth.serve_bob()
    await booth.say(language="fr")
    await booth.go_on(8.0)
    assert booth.sounds == []


@in_a_booth(policy=RoutePolicy(catch_up=False, speaks_same_language=True))
async def test_same_language_speech_is_repeated_if_the_original_is_not_heard(booth: Booth) -> None:
    booth.serve_bob()
    french, english = await booth.say(language="fr"), await booth.say(language="en")
    await booth.go_on(12.0)
    # The service has no voice for the first, and that costs the second nothing.
    assert french not in booth.heard("bob")
    assert booth.heard("bob") == [english]


@in_a_booth()
async def test_a_route_tells_when_it_sounds(booth: Booth) -> None:
    booth.serve_bob()
    await booth.say(voice_seconds=2.0)
    assert booth.sounds == []
    await booth.go_on(1.5)
    assert booth.sounds == [("fr", True)]
    await booth.go_on(4.0)
    assert booth.sounds == [("fr", True), ("fr", False)]


@in_a_booth()
async def test_a_track_that_was_silent_for_long_is_back_before_the_next_voice(booth: Booth) -> None:
    booth.serve_bob()
    first = await booth.say()
    await booth.go_on(LONG_SECONDS)
    assert booth.tracks == []
    second = await booth.say()
    # The end of her sentence has not been heard yet.
    assert (booth.tracks, booth.heard("bob")) == (["alice-fr"], [first])
    await booth.go_on(5.0)
    assert booth.heard("bob") == [first, second]
    assert booth.states == ["started"]


@in_a_booth()
async def test_a_listener_who_comes_while_a_silent_track_is_gone_hears_the_next_word(booth: Booth) -> None:
    booth.serve_bob()
    await booth.go_on(LONG_SECONDS)
    booth.serve({"fr": BOB | CARL}, come=CARL)
    assert booth.tracks == []
    said = await booth.say()
    await booth.go_on(5.0)
    assert (booth.heard("bob"), booth.heard("carl")) == ([said], [said])


@in_a_booth()
async def test_a_silent_track_that_is_refused_when_it_comes_back_is_told(booth: Booth) -> None:
    booth.serve_bob()
    await booth.go_on(LONG_SECONDS)
    booth.room.refusals = 1
    said = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]
    assert "failed" in booth.states
    assert not booth.interpreter.routes["fr"].is_broken
