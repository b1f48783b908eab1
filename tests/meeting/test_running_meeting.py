"""One meeting, in virtual time: what people and Azure do, and what the room gets of it."""

from __future__ import annotations

import json
import logging
from itertools import pairwise

import pytest
from fakes.client_contract import as_objects
from fakes.record import MemoryRecord
from fakes.running_meeting import ALICE_FR, BOB_EN, Meeting, in_a_meeting, of_resources
from fakes.tts import ToneTTS

from livekit_plugins_azure_interpreter._sdk.events import Failed
from livekit_plugins_azure_interpreter.record import Missed, minutes


@in_a_meeting()
async def test_each_hears_the_other_in_their_language(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    first = await meeting.say("alice", "en")
    second = await meeting.say("bob", "fr")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(first, "fr")]
    assert meeting.heard("alice") == [(second, "en")]
    assert meeting.tracks == ["alice-fr", "bob-en"]


@in_a_meeting()
async def test_a_change_of_language_goes_for_what_is_said_after_it(meeting: Meeting) -> None:
    for identity, language in {"alice": "en", "bob": "fr", "carl": "de", "dora": "de"}.items():
        meeting.join(identity, language)
    before = await meeting.say("alice")
    meeting.room.set("carl", language="fr")
    after = await meeting.say("alice")
    await meeting.go_on(6.0)
    assert meeting.heard("carl") == [(before, "de"), (after, "fr")]
    assert meeting.heard("dora") == [(before, "de"), (after, "de")]
    assert meeting.heard("bob") == [(before, "fr"), (after, "fr")]


@in_a_meeting()
async def test_a_member_may_read_another_language_than_they_hear(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr", read_language="Deutsch")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(said, "fr")]
    assert meeting.azure.languages == ["(de) fr"]
    assert [one.text for one in meeting.room.captions] == [f"{said}", f"{said} in de"]
    assert meeting.running.interpretations == {ALICE_FR: {"bob"}, ("alice", "de"): frozenset()}


@in_a_meeting(reading_attribute="captions")
async def test_a_member_who_only_reads_hears_nothing(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", captions="fr")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert not meeting.tracks
    assert meeting.azure.languages == ["(fr)"]
    assert [(one.text, one.readers) for one in meeting.room.captions] == [
        (f"{said}", frozenset({"bob"})),
        (f"{said} in fr", frozenset({"bob"})),
    ]
    meeting.room.set("bob", captions="")
    await meeting.go_on(5.0)
    assert not meeting.azure.open
    assert meeting.states(ALICE_FR) == ["started", "ended"]


@in_a_meeting()
async def test_a_room_that_refuses_a_track_is_asked_again(meeting: Meeting) -> None:
    meeting.room.refusals = 1
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = {"alice": await meeting.say("alice", "en"), "bob": await meeting.say("bob", "fr")}
    await meeting.go_on(6.0)
    assert meeting.heard("bob") == [(said["alice"], "fr")]
    assert meeting.heard("alice") == [(said["bob"], "en")]


@in_a_meeting()
async def test_captions_are_for_those_who_listen_in_both_languages(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    captions = [(one.original, one.text, one.language, one.final) for one in meeting.room.captions]
    assert captions == [(True, f"{said}", "en-XX", True), (False, f"{said} in fr", "fr", True)]
    assert {one.readers for one in meeting.room.captions} == {frozenset({"bob"})}
    assert len({one.id for one in meeting.room.captions}) == 2


@in_a_meeting()
async def test_a_speaker_who_speaks_the_wanted_language_after_all_is_not_repeated(meeting: Meeting) -> None:
    meeting.room.join("alice")
    meeting.room.publish_microphone("alice", "alice-mic")
    meeting.join("bob", "fr")
    await meeting.say("alice", "fr")
    await meeting.go_on(6.0)
    assert not meeting.heard("bob")
    assert [one.original for one in meeting.room.captions] == [True]


@pytest.mark.parametrize("value", ["fr", "FR", " fr ", "fr_FR", "fr-FR", "français", "French"])
def test_a_language_may_be_wanted_by_any_of_its_names(value: str) -> None:
    @in_a_meeting()
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.join("bob", value)
        await meeting.say("alice")
        await meeting.go_on(1.0)
        assert "alice-fr" in meeting.tracks
        assert not meeting.room.refused

    meet()


@pytest.mark.parametrize("value", ["xx", "fr,de", "gsw", "no language at all"])
def test_a_wanted_language_without_translation_is_reported_once(
    caplog: pytest.LogCaptureFixture, value: str
) -> None:
    @in_a_meeting()
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.join("bob", value)
        await meeting.go_on(1.0)
        meeting.join("carl", "en")
        await meeting.go_on(1.0)
        assert [stream.languages for stream in meeting.azure.streams] == [{"en"}], "none into bob's"
        assert list(meeting.room.refused) == ["bob"]
        assert value in meeting.room.refused["bob"]
        meeting.room.set("bob", language="fr")
        await meeting.go_on(1.0)
        assert not meeting.room.refused

    with caplog.at_level(logging.WARNING):
        meet()
    assert sum("'bob' is not served as they ask" in record.message for record in caplog.records) == 1


@in_a_meeting()
async def test_cantonese_and_mandarin_are_interpreted_both_ways(meeting: Meeting) -> None:
    meeting.join("alice", "zh-HK")
    meeting.join("bob", "zh-Hans")
    meeting.join("carl", "zh-TW")
    await meeting.go_on(1.0)
    assert set(meeting.running.interpretations) == {
        ("alice", "zh-Hans"),
        ("alice", "zh-Hant"),
        ("bob", "yue"),
        ("carl", "yue"),
    }


@in_a_meeting()
async def test_two_people_at_one_device_hear_each_other_and_are_heard(meeting: Meeting) -> None:
    meeting.room.join("table", between="en,fr")
    meeting.room.publish_microphone("table", "table-mic")
    english = await meeting.say("table", "en")
    await meeting.go_on(3.0)
    french = await meeting.say("table", "fr")
    await meeting.go_on(8.0)  # whether the English words have an English voice is not known yet
    assert meeting.heard("table") == [(english, "fr"), (french, "en")]
    # A third language is heard in the first of the two, and by others in theirs.
    meeting.room.join("bob", language="fr")
    await meeting.go_on(1.0)
    german = await meeting.say("table", "de")
    await meeting.go_on(5.0)
    assert meeting.heard("table")[2:] == [(german, "en")]
    assert meeting.heard("bob") == [(german, "fr")]
    assert len(meeting.azure.streams) == 1


@in_a_meeting(originals="replace")
async def test_a_device_of_two_languages_hears_the_originals_too(meeting: Meeting) -> None:
    meeting.room.join("table", between="en,fr")
    meeting.room.publish_microphone("table", "table-mic")
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    said = await meeting.say("alice", "en")
    await meeting.go_on(3.0)
    assert meeting.heard("table") == [(said, "fr")]
    assert meeting.room.replaced == {"alice": {"bob"}, "bob": {"alice"}, "table": {"alice", "bob"}}


@in_a_meeting(originals="replace")
async def test_listeners_do_not_hear_the_original_while_they_have_an_interpretation(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.room.join("carl", read_language="fr")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {"alice": {"bob"}, "bob": {"alice"}}
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(5.0)
    assert meeting.room.replaced["alice"] == {"bob"}, "so that the first word is not heard twice"
    meeting.room.set("bob", language="en")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {}


@in_a_meeting()
async def test_originals_are_kept_by_default(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {}


@in_a_meeting(originals="replace")
async def test_the_original_is_heard_while_its_interpretation_has_failed(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    await meeting.go_on(0.5)
    (stream,) = meeting.azure.open
    meeting.azure.failing = lambda stream: True
    stream.fail()
    await meeting.go_on(0.2)
    assert meeting.states(ALICE_FR) == ["started", "failed"]
    assert meeting.room.replaced == {}
    meeting.azure.failing = lambda stream: False
    await meeting.go_on(60.0)
    assert meeting.room.replaced == {"alice": {"bob"}}


@in_a_meeting(originals="replace", max_streams=1)
async def test_the_original_of_a_speaker_who_waits_is_heard(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {"alice": {"bob"}}


@in_a_meeting(originals="replace", voice=None)
async def test_the_original_of_an_interpretation_without_a_voice_is_heard(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert meeting.room.replaced == {}


def test_same_language_speech_is_spoken_if_the_original_is_not_heard() -> None:
    fallback = ToneTTS()

    @in_a_meeting(originals="replace", fallback=lambda language: fallback)
    async def meet(meeting: Meeting) -> None:
        meeting.join("alice", "en")
        meeting.room.join("bob", language="fr")
        said = await meeting.say("alice", "fr")
        await meeting.go_on(8.0)
        assert fallback.texts == [f"{said} in fr"], "Azure's voice of what is in the language already"

    meet()


@in_a_meeting(**of_resources(1, 1))
async def test_speakers_are_heard_at_the_resources_that_have_a_place(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(1.0)
    assert len(meeting.azure.open) == 2
    assert [change.state for change in meeting.changes] == ["started", "started"]


def turns(meeting: Meeting) -> list[dict[str, str] | None]:
    """Whose turn it was, as everybody was told; None: nobody's."""
    told = [one["interpreter.turn"] for _, one in meeting.room.told if "interpreter.turn" in one]
    return [json.loads(turn) if turn else None for turn in told]


@in_a_meeting(mode="consecutive")
async def test_others_wait_while_an_interpretation_is_heard_and_then_they_are_interpreted(
    meeting: Meeting,
) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    first = await meeting.say("alice", voice_seconds=4.0)
    await meeting.go_on(2.0)
    await meeting.say("bob", "fr")  # amid the interpretation of what alice has said
    await meeting.go_on(5.0)
    second = await meeting.say("bob", "fr")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(first, "fr")]
    assert meeting.heard("alice") == [(second, "en")]
    assert turns(meeting) == [
        {"speaker": "alice", "phase": "speaking"},
        {"speaker": "alice", "phase": "interpretation"},
        None,
        {"speaker": "bob", "phase": "speaking"},
        {"speaker": "bob", "phase": "interpretation"},
        None,
    ]
    times = [at for at, told in meeting.room.told if "interpreter.turn" in told]
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))


@in_a_meeting(mode="consecutive")
async def test_a_speaker_who_began_before_the_interpretation_finishes(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    first = await meeting.say("alice", voice_seconds=4.0)
    second = await meeting.say("bob", "fr", seconds=3.0)
    await meeting.go_on(8.0)
    assert meeting.heard("bob") == [(first, "fr")]
    assert meeting.heard("alice") == [(second, "en")]
    heard = sum(piece.seconds for piece in meeting.room.played if piece.number == second)
    assert heard == pytest.approx(1.0, abs=0.05), "all of it"


@in_a_meeting()
async def test_nobody_waits_by_default(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.say("alice", voice_seconds=4.0)
    await meeting.go_on(2.0)
    said = await meeting.say("bob", "fr")
    await meeting.go_on(5.0)
    assert meeting.heard("alice") == [(said, "en")]
    assert turns(meeting) == []


# Whose voice is heard

PREBUILT = {"fr": "fr-FR-DeniseNeural"}


@in_a_meeting(prebuilt_voices=PREBUILT)
async def test_each_speaker_has_the_voice_of_their_choice(meeting: Meeting) -> None:
    for identity, voice in {"alice": "own", "ann": " Prebuilt", "amy": "text", "abe": ""}.items():
        meeting.join(identity, "en", voice=voice)
    meeting.room.join("bob", language="fr")
    await meeting.go_on(0.5)
    asked = sorted(stream.voices.get("fr", "none") for stream in meeting.azure.open)
    assert asked == ["fr-FR-DeniseNeural", "none", "personal-voice", "personal-voice"]
    assert meeting.tracks == ["abe-fr", "alice-fr", "ann-fr"]


@in_a_meeting(prebuilt_voices=PREBUILT, default_voice="prebuilt")
async def test_the_default_is_the_voice_of_those_who_choose_none(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    await meeting.go_on(0.5)
    assert meeting.voices == PREBUILT


@in_a_meeting(prebuilt_voices=PREBUILT)
async def test_a_language_without_a_prebuilt_voice_is_only_read(meeting: Meeting) -> None:
    meeting.join("alice", "en", voice="prebuilt")
    meeting.room.join("bob", language="fr")
    meeting.room.join("carl", language="de")
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert (meeting.tracks, meeting.voices) == (["alice-fr"], PREBUILT)
    assert meeting.heard("bob") == [(said, "fr")]
    assert {one.text for one in meeting.room.captions if "carl" in one.readers and not one.original} == {
        f"{said} in de"
    }


def _hum(language: str) -> ToneTTS:
    """A fallback that sounds like no number."""
    fallback = ToneTTS()
    fallback.tone = bytes(len(fallback.tone))
    return fallback


@in_a_meeting(fallback=_hum)
async def test_a_language_without_a_prebuilt_voice_is_spoken_by_the_fallback(meeting: Meeting) -> None:
    meeting.join("alice", "en", voice="prebuilt")
    meeting.room.join("bob", language="fr")
    await meeting.say("alice")
    await meeting.go_on(5.0)
    assert (meeting.tracks, meeting.voices) == (["alice-fr"], {})
    assert meeting.told("alice")["languages"]["fr"]["voice"] == "fallback"


@in_a_meeting(prebuilt_voices=PREBUILT)
async def test_a_change_of_the_voice_counts_from_the_next_word_on_and_loses_nothing(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    before = await meeting.say("alice")
    meeting.room.set("alice", voice="prebuilt")
    await meeting.go_on(0.1)
    assert meeting.voices == PREBUILT
    after = await meeting.say("alice")
    await meeting.go_on(0.5)
    meeting.room.set("alice", voice="text")
    last = await meeting.say("alice")
    await meeting.go_on(8.0)
    assert meeting.heard("bob") == [(before, "fr"), (after, "fr")]
    read = [one.text for one in meeting.room.captions if one.final and not one.original]
    assert read == [f"{said} in fr" for said in (before, after, last)]
    assert meeting.tracks == []


@in_a_meeting(prebuilt_voices=PREBUILT)
async def test_a_speaker_who_comes_back_without_their_attribute_has_not_said_yes(meeting: Meeting) -> None:
    meeting.join("alice", "en", voice="prebuilt")
    meeting.room.join("bob", language="fr")
    await meeting.say("alice")
    meeting.room.leave("alice")
    await meeting.go_on(5.0)
    meeting.join("alice", "en")
    await meeting.say("alice")
    assert [stream.voices for stream in meeting.azure.streams] == [PREBUILT, PREBUILT]


@in_a_meeting(voices=["own"], language_attribute="hears", voice_attribute="my_voice")
async def test_a_refused_voice_is_never_the_own_one_and_is_told_beside_a_refused_language(
    meeting: Meeting,
) -> None:
    meeting.room.join("alice", hears="Elvish", my_voice="prebuilt")
    meeting.room.publish_microphone("alice", "alice-mic")
    meeting.room.join("bob", hears="fr")
    await meeting.go_on(0.5)
    assert (meeting.voices, meeting.azure.languages) == ({}, ["(fr)"])
    language, voice = meeting.room.refused["alice"].split("; the attribute ")
    assert "Azure does not translate to 'Elvish'" in language
    assert voice == (
        "'my_voice' is ignored: 'prebuilt' is not on offer, choose \"own\"; "
        "until then the translations are only text"
    )
    meeting.room.set("alice", hears="en", my_voice="own")
    await meeting.go_on(0.5)
    assert (meeting.room.refused, meeting.voices) == ({}, {"fr": "personal-voice"})


# What any client is told


@in_a_meeting(prebuilt_voices=PREBUILT, default_voice="text")
async def test_clients_are_told_what_is_on_offer(meeting: Meeting) -> None:
    await meeting.go_on(0.1)
    offered = as_objects(meeting.room.attributes)["interpreter.offer"]
    assert {"fr", "de", "zh-Hans"} <= set(offered.pop("languages"))
    assert offered == {
        "voices": ["own", "prebuilt", "text"],
        "voice": "text",
        "mode": "simultaneous",
        "originals": "keep",
    }


@in_a_meeting()
async def test_clients_are_told_what_becomes_of_a_speaker(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    meeting.room.join("carl", read_language="de")
    await meeting.go_on(2.0)
    assert meeting.told("alice") == {
        "languages": {
            "de": {"state": "interpreted", "voice": "text", "backlog_seconds": 0.0, "listeners": 1},
            "fr": {"state": "interpreted", "voice": "own", "backlog_seconds": 0.0, "listeners": 1},
        },
        "still_listening": 0,
    }
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(2.0)
    assert meeting.told("alice") == {}


@in_a_meeting()
async def test_a_speaker_is_told_how_many_still_listen(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    for identity, language in {"bob": "fr", "ben": "fr", "carl": "de"}.items():
        meeting.room.join(identity, language=language)
    await meeting.go_on(1.0)
    await meeting.say("alice", voice_seconds=6.0)
    await meeting.go_on(3.0)
    told = meeting.told("alice")
    assert told["still_listening"] == 3
    assert 1.0 <= told["languages"]["fr"]["backlog_seconds"] <= 6.0
    await meeting.go_on(10.0)
    told = meeting.told("alice")
    assert (told["still_listening"], told["languages"]["fr"]["backlog_seconds"]) == (0, 0.0)


@in_a_meeting()
async def test_clients_are_told_what_fails_in_words_and_that_it_works_again(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    await meeting.go_on(2.0)
    meeting.azure.failing = lambda stream: True
    meeting.azure.failure = Failed("ConnectionFailure", "wss://a-host?key=a-secret")
    for stream in meeting.azure.open:
        stream.fail()
    await meeting.go_on(30.0)
    told = meeting.told("alice")
    assert (told["error"], meeting.language_states("alice")) == (
        "Azure could not be reached",
        {"fr": "failed"},
    )
    assert 0.0 < told["retry_seconds"] <= 5.0
    meeting.azure.failing = lambda stream: False
    await meeting.go_on(20.0)
    assert meeting.language_states("alice") == {"fr": "interpreted"}
    assert "error" not in meeting.told("alice")


@in_a_meeting()
async def test_clients_are_told_of_a_track_that_fails_and_that_it_works_again(meeting: Meeting) -> None:
    meeting.room.refusals = 2
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    await meeting.go_on(0.3)
    assert meeting.language_states("alice") == {"fr": "failed"}
    assert meeting.told("alice")["error"] == "the voice cannot be played at the moment"
    await meeting.go_on(6.0)
    assert meeting.language_states("alice") == {"fr": "interpreted"}
    assert "error" not in meeting.told("alice")


def _no_french(language: str) -> ToneTTS:
    if language == "fr":
        raise RuntimeError("a-secret")
    return ToneTTS()


@in_a_meeting(fallback=_no_french)
async def test_clients_are_told_of_one_language_that_fails(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    meeting.room.join("carl", language="de")
    await meeting.go_on(2.0)
    assert meeting.language_states("alice") == {"de": "interpreted", "fr": "failed"}
    assert meeting.told("alice")["error"] == "the interpreter has failed"


@in_a_meeting()
async def test_a_meeting_that_is_stopped_plans_tells_and_admits_nothing_more(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.room.join("bob", language="fr")
    await meeting.say("alice", voice_seconds=4.0)
    await meeting.go_on(2.0)
    meeting.room.set("bob", language="de")
    await meeting.go_on(0.2)
    admitted, told = meeting.room.admitted, len(meeting.room.told)
    assert admitted[ALICE_FR] == {"bob"}, "who still hears the rest"
    meeting.running.stop()
    meeting.join("carl", "es")
    await meeting.go_on(8.0)
    assert (meeting.room.admitted, len(meeting.room.told)) == (admitted, told)
    assert meeting.azure.languages == ["de"]


@in_a_meeting()
async def test_a_room_that_is_gone_is_told(meeting: Meeting) -> None:
    meeting.room.vanish()
    assert meeting.gone == 1


@in_a_meeting()
async def test_a_meeting_knows_who_hears_what(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.room.join("carl", read_language="de")
    await meeting.go_on(0.5)
    assert meeting.running.interpretations == {
        ALICE_FR: {"bob"},
        BOB_EN: {"alice"},
        ("alice", "de"): frozenset(),
        ("bob", "de"): frozenset(),
    }
    assert meeting.running.open_streams == 2


@in_a_meeting()
async def test_a_quiet_meeting_tells_nothing_again_and_again(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(2.0)
    told = len(meeting.room.told)
    await meeting.go_on(120.0)
    assert len(meeting.room.told) == told
    assert not any("in fr" in value for _, one in meeting.room.told for value in one.values())


class TestRecord:
    def test_the_record_says_who_heard_what(self) -> None:
        record = MemoryRecord()

        @in_a_meeting(record, fallback=lambda language: ToneTTS())
        async def held(meeting: Meeting) -> None:
            meeting.join("alice", "en")
            meeting.join("bob", "fr")
            meeting.join("eve", "fr")
            await meeting.say("alice", "en")
            await meeting.go_on(5.0)
            meeting.room.leave("bob")
            await meeting.say("alice", "en")
            await meeting.go_on(5.0)
            meeting.room.set("eve", language="de")
            await meeting.go_on(1.0)

        held()
        first, second = sorted(minutes(record.entries).said, key=lambda said: said.utterance.number)
        assert (first.utterance.person, first.utterance.text) == ("alice", "1001")
        assert first.translations["fr"] == "1001 in fr"
        assert first.heard["fr"].outcome == "voiced"
        assert first.heard["fr"].voice == "personal-voice"
        assert first.heard["fr"].listeners == ("bob", "eve")
        assert second.heard["fr"].listeners == ("eve",)
        kinds = [entry.kind for entry in record.entries if entry.kind not in ("utterance", "heard")]
        assert kinds == ["started", "joined", "joined", "joined", "left", "languages_changed", "ended"]

    def test_speech_that_is_too_late_was_heard_by_nobody(self) -> None:
        record = MemoryRecord()

        @in_a_meeting(record, max_lag_seconds=0.001)
        async def held(meeting: Meeting) -> None:
            meeting.join("alice", "en")
            meeting.join("bob", "fr")
            await meeting.say("alice", "en")
            await meeting.go_on(5.0)

        held()
        (said,) = minutes(record.entries).said
        assert (said.heard["fr"].outcome, said.heard["fr"].listeners) == ("late", ())
        assert [entry.reason for entry in record.entries if isinstance(entry, Missed)] == ["late"]

    def test_a_record_that_is_away_changes_nothing_for_the_listeners(self) -> None:
        heard = []

        async def held(meeting: Meeting) -> None:
            meeting.join("alice", "en")
            meeting.join("bob", "fr")
            for _ in range(5):
                await meeting.say("alice", "en")
                await meeting.go_on(1.0)
            await meeting.go_on(5.0)
            heard.append([(piece.number, piece.at) for piece in meeting.room.played])

        away = MemoryRecord()
        away.go_away()
        hanging = MemoryRecord()
        hanging.answers.clear()
        in_a_meeting()(held)()
        for record in (MemoryRecord(), away, hanging):
            in_a_meeting(record)(held)()
        assert len(heard[0]) > 5
        assert heard == heard[:1] * 4, "to the millisecond"
