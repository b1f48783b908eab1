"""One speaker in virtual time: the stream, and what comes of it in all languages."""

from __future__ import annotations

import asyncio

import pytest
from fakes.booth import BOB, CARL, Booth, in_a_booth
from fakes.meeting import FakeStream

from livekit_plugins_azure_interpreter._meeting.route import RoutePolicy


@in_a_booth()
async def test_streams_follow_one_another_and_are_spoken_in_order(booth: Booth) -> None:
    booth.serve_bob()
    first = await booth.say()
    booth.hear(False)
    assert (booth.interpreter.hears, booth.interpreter.further_streams) == (False, 1)
    booth.hear(True)
    second = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [first, second]
    assert booth.states == ["started", "ended", "started"]
    assert (booth.interpreter.open_streams, booth.freed) == (1, 1)


@in_a_booth()
async def test_a_stream_that_fails_is_replaced_after_a_while(booth: Booth) -> None:
    booth.azure.failing = lambda stream: len(booth.azure.streams) < 3
    booth.serve_bob()
    await booth.go_on(5.0)
    waits = [change.retry_seconds or 0.0 for change in booth.changes if change.state == "failed"]
    assert len(waits) == 2
    assert all(2.0**n / 2 <= wait <= 2.0**n for n, wait in enumerate(waits))
    said = await booth.say()
    await booth.go_on(5.0)
    assert booth.heard("bob") == [said]


@in_a_booth()
async def test_a_muted_speaker_is_not_tried_again(booth: Booth) -> None:
    booth.azure.failing = lambda stream: True
    booth.serve_bob()
    await booth.go_on(0.3)
    booth.hear(False)
    await booth.go_on(5.0)
    assert booth.states == ["started", "failed"]


@in_a_booth()
async def test_both_languages_can_be_read(booth: Booth) -> None:
    booth.serve_bob()
    said = await booth.say()
    await booth.go_on(5.0)
    assert [(one.text, one.readers) for one in booth.room.captions] == [
        (f"{said}", BOB),
        (f"{said} in fr", BOB),
    ]


# While Azure is away


@in_a_booth()
async def test_speech_during_an_outage_is_heard_afterwards_once_and_in_order(booth: Booth) -> None:
    booth.serve_bob()
    before = await booth.say()
    await booth.go_on(3.0)
    booth.azure_goes()
    meanwhile = await booth.say_every(5.0, times=8)
    assert "failed" in booth.states, "LiveKit's attempts have ended"
    booth.azure_comes_back()
    after = await booth.say()
    await booth.go_on(40.0)
    assert booth.heard("bob") == [before, *meanwhile, after]
    originals = [caption.text for caption in booth.room.captions if caption.original]
    assert originals == [f"{number}" for number in (before, *meanwhile, after)]
    assert not booth.missed


@in_a_booth(kept_audio_seconds=10.0)
async def test_speech_that_cannot_be_kept_is_told_and_can_be_seen(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    meanwhile = await booth.say_every(5.0, times=9)
    booth.azure_comes_back()
    await booth.go_on(40.0)
    kept = booth.heard("bob")
    assert kept == meanwhile[-len(kept) :]
    assert 1 <= len(kept) <= 3
    forgotten = len(meanwhile) - len(kept)
    told_seconds = sum(missed.seconds for missed in booth.missed)
    # The edge of what is kept may lie amid an utterance, which is heard all the same if enough of it is left.
    assert forgotten - 0.1 <= told_seconds <= forgotten + 1.0
    assert {(missed.speaker, missed.reason) for missed in booth.missed} == {("alice", "forgotten")}
    gaps = [caption for caption in booth.room.captions if caption.missing_seconds]
    assert sum(gap.missing_seconds for gap in gaps) == pytest.approx(told_seconds)
    assert all(gap.readers == BOB and not gap.spoken for gap in gaps)


@in_a_booth()
async def test_a_speaker_who_falls_silent_during_an_outage_is_heard_afterwards(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    first = await booth.say()
    await booth.go_on(5.0)
    booth.hear(False)
    await booth.go_on(35.0)
    booth.hear(True)
    second = await booth.say()
    booth.azure_comes_back()
    await booth.go_on(60.0)
    assert booth.heard("bob") == [first, second]
    assert booth.interpreter.open_streams == 1


@in_a_booth()
async def test_an_azure_that_cannot_be_reached_is_looked_for_again_soon(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    await booth.go_on(120.0)
    assert max(change.retry_seconds or 0.0 for change in booth.changes) <= 5.0


@in_a_booth(kept_audio_seconds=20.0)
async def test_an_azure_that_stays_away_is_not_waited_for_without_end(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes("Forbidden")
    await booth.say()
    booth.leave()
    await booth.go_on(120.0)
    assert booth.interpreter.is_idle
    assert [missed.reason for missed in booth.missed] == ["forgotten"]


@in_a_booth()
async def test_a_listener_from_the_next_word_on_is_not_told_what_was_said_before(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    for_bob = await booth.say()
    await booth.go_on(20.0)
    booth.serve({"fr": CARL})
    await booth.go_on(0.5)
    for_carl = await booth.say()
    await booth.go_on(20.0)
    booth.azure_comes_back()
    await booth.go_on(60.0)
    assert (booth.heard("bob"), booth.heard("carl")) == ([for_bob], [for_carl])


# All languages over one stream


@in_a_booth()
async def test_all_languages_come_over_one_stream(booth: Booth) -> None:
    booth.serve({"fr": BOB, "de": CARL})
    said = [await booth.say(), await booth.say()]
    await booth.go_on(6.0)
    assert (booth.heard("bob"), booth.heard("carl", "de")) == (said, said)
    assert (len(booth.azure.streams), booth.interpreter.open_streams) == (1, 1)
    assert booth.tracks == ["alice-de", "alice-fr"]


@in_a_booth()
async def test_a_language_comes_and_goes_over_the_same_stream(booth: Booth) -> None:
    booth.serve_bob()
    first = await booth.say()
    booth.serve({"fr": BOB, "de": CARL})
    await booth.go_on(0.5)
    assert booth.azure.languages == ["de fr"]
    second = await booth.say()
    booth.serve({"de": BOB | CARL})
    await booth.go_on(0.1)
    third = await booth.say()
    await booth.go_on(8.0)
    assert booth.heard("bob") == [first, second]
    assert booth.heard("bob", "de") == [third]
    assert booth.heard("carl", "de") == [second, third]
    assert booth.azure.languages == ["de"]
    assert booth.tracks == ["alice-de"]
    assert len(booth.azure.streams) == 1
    assert booth.states_of("fr") == ["started", "ended"]
    assert booth.states_of("de") == ["started"]


@in_a_booth()
async def test_a_language_stays_until_all_that_was_said_has_its_result(booth: Booth) -> None:
    booth.serve({"fr": BOB, "de": CARL})
    booth.azure.weather.final_latency = (2.0, 2.0)
    said = await booth.say()
    booth.serve({"de": CARL})
    await booth.go_on(1.5)
    assert booth.azure.languages == ["de fr"]
    await booth.go_on(6.0)
    assert booth.azure.languages == ["de"]
    assert booth.heard("bob") == [said]


@in_a_booth()
async def test_a_speaker_who_never_pauses_loses_an_unwanted_track_all_the_same(booth: Booth) -> None:
    booth.serve({"fr": BOB, "de": CARL})
    booth.azure.weather.final_latency = (1.2, 1.2)
    await booth.say()
    booth.serve({"de": CARL})
    for _ in range(4):
        await booth.go_on(0.4)
        await booth.say()
    assert booth.tracks == ["alice-de"]
    await booth.go_on(5.0)
    assert booth.azure.languages == ["de"]


@in_a_booth()
async def test_a_listener_of_a_new_language_hears_from_the_next_utterance_on(booth: Booth) -> None:
    booth.serve_bob()
    await booth.say()
    saying = asyncio.ensure_future(booth.say())
    await asyncio.sleep(0.5)
    booth.serve({"fr": BOB, "de": CARL}, come=CARL)
    await saying
    await booth.go_on(0.5)
    said = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("carl", "de") == [said]


@in_a_booth()
async def test_a_language_is_lost_alone_when_its_voice_is(booth: Booth) -> None:
    booth.azure.stream = WithoutFrench
    booth.serve({"fr": BOB, "de": CARL})
    said = await booth.say()
    await booth.go_on(15.0)
    assert (booth.heard("bob"), booth.heard("carl", "de")) == ([], [said])


class WithoutFrench(FakeStream):
    """Its French voices do not come."""

    def _speak(self, number: int, language: str, samples: int) -> None:
        if language != "fr":
            super()._speak(number, language, samples)


@in_a_booth(refused=("de",))
async def test_a_language_whose_fallback_cannot_be_made_fails_alone(booth: Booth) -> None:
    booth.serve({"fr": BOB, "de": CARL})
    said = await booth.say()
    await booth.go_on(5.0)
    assert booth.heard("bob") == [said]
    assert booth.azure.languages == ["fr"]
    assert (booth.states_of("de"), booth.states_of("fr")) == (["failed"], ["started"])


@in_a_booth()
async def test_a_stream_that_fails_fails_each_of_its_languages(booth: Booth) -> None:
    booth.serve({"fr": BOB}, read={"de": CARL})
    await booth.go_on(0.5)
    booth.azure.open[0].fail()
    await booth.go_on(3.0)
    assert booth.states_of("fr") == booth.states_of("de") == ["started", "failed", "started"]
    assert booth.interpreter.open_streams == 1


@in_a_booth()
async def test_a_stream_that_fails_after_its_end_has_ended_all_the_same(booth: Booth) -> None:
    booth.serve_bob()
    said = await booth.say()
    booth.azure_goes("Forbidden")
    booth.hear(False)
    await booth.go_on(0.2)
    booth.azure_comes_back()
    await booth.go_on(8.0)
    assert booth.states == ["started", "ended", "failed", "ended"]
    assert booth.heard("bob") == [said]
    assert booth.interpreter.open_streams == 0


@in_a_booth()
async def test_a_language_changes_during_an_outage_for_what_is_said_after_it(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes("Forbidden")
    first = await booth.say()
    await booth.go_on(15.0)
    assert booth.interpreter.open_streams == 0
    booth.serve({"de": BOB})
    await booth.go_on(0.5)
    second = await booth.say()
    assert booth.interpreter.open_streams == 0
    booth.azure_comes_back()
    await booth.go_on(40.0)
    assert (booth.heard("bob"), booth.heard("bob", "de")) == ([first], [second])
    assert not booth.missed


@in_a_booth(kept_audio_seconds=10.0)
async def test_forgotten_speech_is_missed_in_each_language(booth: Booth) -> None:
    booth.serve({"fr": BOB}, read={"de": CARL})
    booth.azure_goes()
    await booth.say_every(5.0, times=9)
    booth.azure_comes_back()
    await booth.go_on(40.0)
    assert {missed.language for missed in booth.missed} == {"fr", "de"}
    gaps = [one for one in booth.room.captions if one.missing_seconds]
    assert {(gap.language, gap.readers) for gap in gaps} == {("fr", BOB), ("de", CARL)}


# To be read only


@in_a_booth()
async def test_a_language_that_is_only_read_costs_no_voice(booth: Booth) -> None:
    booth.serve({"fr": BOB}, read={"de": CARL})
    said = await booth.say()
    await booth.go_on(5.0)
    assert booth.azure.languages == ["(de) fr"]
    assert booth.tracks == ["alice-fr"]
    assert booth.read("carl") == [f"{said}", f"{said} in de"]
    assert booth.read("bob") == [f"{said}", f"{said} in fr"]


@in_a_booth()
async def test_a_speaker_who_is_only_read_has_a_stream_without_a_voice(booth: Booth) -> None:
    booth.serve({}, read={"de": CARL, "fr": BOB})
    said = await booth.say()
    await booth.go_on(5.0)
    assert booth.azure.languages == ["(de) (fr)"]
    assert not booth.tracks
    assert booth.read("carl") == [f"{said}", f"{said} in de"]
    assert booth.interpreter.read_languages == {"de", "fr"}
    assert booth.states == ["started", "started"]
    booth.leave()
    await booth.go_on(3.0)
    assert booth.interpreter.is_idle


@in_a_booth()
async def test_a_reader_who_begins_to_listen_hears_the_next_utterance_over_the_same_stream(
    booth: Booth,
) -> None:
    booth.serve({"de": CARL}, read={"fr": BOB})
    await booth.say()
    await booth.go_on(3.0)
    booth.serve({"de": CARL, "fr": BOB})
    await booth.go_on(0.5)
    said = await booth.say()
    await booth.go_on(5.0)
    assert booth.heard("bob") == [said]
    assert len(booth.azure.streams) == 1


@in_a_booth()
async def test_a_listener_who_goes_on_reading_costs_no_voice_any_more(booth: Booth) -> None:
    booth.serve({"de": CARL, "fr": BOB})
    first = await booth.say()
    booth.serve({"de": CARL}, read={"fr": BOB})
    second = await booth.say()
    await booth.go_on(6.0)
    assert booth.azure.languages == ["de (fr)"]
    assert booth.tracks == ["alice-de"]
    assert booth.heard("bob") == [first]
    assert booth.read("bob") == [f"{first}", f"{first} in fr", f"{second}", f"{second} in fr"]


@in_a_booth()
async def test_the_last_words_are_read_after_the_speaker_has_left(booth: Booth) -> None:
    booth.serve({}, read={"fr": BOB})
    said = await booth.say()
    booth.leave()
    assert not booth.interpreter.is_idle
    await booth.go_on(4.0)
    assert booth.read("bob") == [f"{said}", f"{said} in fr"]
    assert booth.interpreter.is_idle


@in_a_booth()
async def test_the_end_of_the_last_caption_is_told(booth: Booth) -> None:
    booth.room.caption_seconds = 3.0
    booth.serve({}, read={"fr": BOB})
    await booth.say()
    booth.leave()
    await booth.go_on(2.0)
    assert (booth.interpreter.open_streams, booth.freed, booth.interpreter.is_idle) == (0, 1, False)
    await booth.go_on(8.0)
    assert booth.interpreter.is_idle
    assert booth.freed == 2


# Those who are gone


@in_a_booth()
async def test_a_speaker_is_followed_by_those_who_hear_and_those_who_read(booth: Booth) -> None:
    booth.serve({"fr": BOB}, read={"de": CARL})
    assert booth.interpreter.everyone == BOB | CARL


@in_a_booth()
async def test_a_language_stops_at_once_when_its_listeners_are_gone(booth: Booth) -> None:
    booth.serve({"fr": BOB, "de": CARL})
    said = await booth.say(voice_seconds=5.0)
    await booth.go_on(2.0)
    booth.room.leave("bob")
    booth.serve({"de": CARL})
    await booth.go_on(0.1)
    assert booth.tracks == ["alice-de"]
    booth.serve({"de": CARL})
    await booth.go_on(6.0)
    assert booth.heard("carl", "de") == [said]


@in_a_booth()
async def test_a_voice_that_is_not_heard_is_told_with_its_language(booth: Booth) -> None:
    booth.serve({"fr": BOB, "de": CARL})
    booth.room.broken_frames = range(1, 200)
    await booth.say()
    await booth.go_on(30.0)
    assert {(missed.speaker, missed.language) for missed in booth.missed} == {
        ("alice", "fr"),
        ("alice", "de"),
    }
    unspoken = [one for one in booth.room.captions if not one.spoken]
    assert {(one.language, one.readers) for one in unspoken} == {("fr", BOB), ("de", CARL)}


@in_a_booth()
async def test_a_speaker_whose_stt_is_closed_has_no_stream_and_is_tried_again(booth: Booth) -> None:
    booth.serve_bob()
    await booth.go_on(0.5)
    await booth.stt.aclose()
    await booth.go_on(0.1)
    assert booth.states == ["started", "failed"]
    await booth.go_on(3.0)
    assert booth.states == ["started", "failed", "started"]


# While silence is not sent


@in_a_booth(skips_silence=True)
async def test_a_silent_speaker_is_hardly_sent(booth: Booth) -> None:
    booth.serve_bob()
    await booth.go_on(300.0)
    (stream,) = booth.azure.open
    assert stream.heard_seconds < 1.5 + 300.0 / 100


@in_a_booth(skips_silence=True, policy=RoutePolicy(catch_up=False, max_lag_seconds=5.0))
async def test_speech_after_a_long_silence_is_not_late(booth: Booth) -> None:
    booth.serve_bob()
    said = []
    for _ in range(3):
        await booth.go_on(100.0)
        said.append(await booth.say())
    await booth.go_on(5.0)
    assert booth.heard("bob") == said
    assert [booth.heard_seconds(number) for number in said] == pytest.approx([1.0] * 3, abs=0.01)
    assert booth.missed == []


@in_a_booth(skips_silence=True)
async def test_a_language_that_changes_in_a_silence_is_the_next_utterances(booth: Booth) -> None:
    booth.serve_bob()
    first = await booth.say()
    await booth.go_on(60.0)
    booth.serve({"de": BOB})
    await booth.go_on(60.0)
    second = await booth.say()
    await booth.go_on(5.0)
    assert (booth.heard("bob", "fr"), booth.heard("bob", "de")) == ([first], [second])
    (stream,) = booth.azure.open
    assert stream.languages == {"de"}


@in_a_booth(skips_silence=True)
async def test_speech_that_azure_could_not_hear_is_kept_through_a_silence(booth: Booth) -> None:
    booth.serve_bob()
    await booth.go_on(10.0)
    booth.azure_goes()
    said = await booth.say()
    await booth.go_on(20.0)
    booth.azure_comes_back()
    await booth.go_on(20.0)
    assert booth.heard("bob") == [said]


# The speaker's choice of a voice


@in_a_booth()
async def test_another_voice_has_another_stream_and_nothing_is_lost(booth: Booth) -> None:
    booth.serve_bob()
    first = await booth.say()
    booth.choose("prebuilt")
    second = await booth.say()
    await booth.go_on(6.0)
    assert [stream.voices["fr"] for stream in booth.azure.streams] == ["personal-voice", "fr-XX-OtherNeural"]
    assert booth.heard("bob") == [first, second]
    assert booth.states == ["started"]


@in_a_booth()
async def test_a_voice_that_is_withdrawn_amid_an_outage_is_never_asked_for_again(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    before = await booth.say()
    booth.choose("prebuilt")
    tried = len(booth.azure.streams)
    after = await booth.say()
    await booth.go_on(10.0)
    booth.azure_comes_back()
    await booth.go_on(60.0)
    assert {stream.voices["fr"] for stream in booth.azure.streams[tried:]} == {"fr-XX-OtherNeural"}
    assert sorted(booth.heard("bob")) == [before, after]


@in_a_booth()
async def test_a_state_tells_the_voice_of_the_last_translation(booth: Booth) -> None:
    booth.serve_bob()
    await booth.go_on(0.5)
    await booth.say(voice_seconds=3.0)
    await booth.go_on(2.0)
    state = booth.interpreter.state
    assert (state.is_moving, state.still_listening) == (True, 1)
    await booth.go_on(6.0)
    booth.choose("prebuilt")
    await booth.go_on(1.0)
    assert booth.interpreter.state.languages["fr"].voice == "own"
    await booth.say()
    await booth.go_on(5.0)
    state = booth.interpreter.state
    assert (state.languages["fr"].voice, state.is_moving, state.still_listening) == ("prebuilt", False, 0)
