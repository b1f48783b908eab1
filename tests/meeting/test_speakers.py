"""Each speaker has an interpreter for as long as somebody wants to hear them."""

from __future__ import annotations

from fakes.meeting import Utterance
from fakes.running_meeting import ALICE_FR, BOB_EN, Meeting, in_a_meeting
from fakes.tts import ToneTTS

from livekit_plugins_azure_interpreter._meeting.planner import Route


@in_a_meeting()
async def test_a_member_who_is_alone_costs_nothing(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("ann", "en-GB")
    await meeting.say("alice")
    assert not meeting.azure.streams
    assert not meeting.tracks


@in_a_meeting()
async def test_a_muted_speaker_has_a_track_and_no_stream(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = await meeting.say("alice")
    meeting.room.mute("alice", "alice-mic")
    await meeting.go_on(5.0)
    assert meeting.azure.languages == ["en"]
    assert meeting.heard("bob") == [(said, "fr")], "what was said just before"
    assert "alice-fr" in meeting.tracks
    meeting.room.mute("alice", "alice-mic", muted=False)
    again = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(said, "fr"), (again, "fr")]


@in_a_meeting()
async def test_a_speaker_who_leaves_is_heard_to_the_end(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = await meeting.say("alice")
    meeting.room.leave("alice")
    await meeting.go_on(5.0)
    assert meeting.heard("bob") == [(said, "fr")]
    assert not meeting.tracks
    assert not meeting.azure.open


@in_a_meeting()
async def test_the_interpretation_ends_at_once_when_the_last_listener_leaves(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.say("alice")
    meeting.room.leave("bob")
    await meeting.go_on(0.2)
    assert not meeting.tracks
    assert not meeting.azure.open


@in_a_meeting()
async def test_another_track_is_heard_in_the_same_stream(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.room.mute("bob", "bob-mic")
    meeting.room.publish_microphone("alice", "alice-screen")
    first = await meeting.say("alice")
    meeting.room.unpublish("alice", "alice-mic")
    now = meeting.loop.time()
    meeting.room.say(Utterance(1900, "alice", "en", "alice-screen", now, now + 1.0, 1.0))
    await meeting.go_on(6.0)
    assert meeting.heard("bob") == [(first, "fr"), (1900, "fr")]
    assert [stream.languages for stream in meeting.azure.streams] == [{"fr"}]


@in_a_meeting()
async def test_a_speaker_has_one_stream_whatever_the_languages(meeting: Meeting) -> None:
    languages = {"alice": "en", "bob": "fr", "carl": "de", "dora": "ja", "erik": "es"}
    for identity, language in languages.items():
        meeting.join(identity, language)
    said = await meeting.say("alice")
    await meeting.go_on(5.0)
    assert meeting.running.open_streams == len(meeting.azure.streams) == 5
    assert len(meeting.tracks) == 20
    for identity, language in languages.items():
        assert meeting.heard(identity) == ([] if identity == "alice" else [(said, language)])


@in_a_meeting()
async def test_a_change_of_language_opens_no_stream(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr", spoken_language="fr")
    await meeting.say("alice")
    for language in ("de", "ja", "es"):
        meeting.room.set("bob", language=language)
        await meeting.go_on(0.5)
        await meeting.say("alice")
    await meeting.go_on(5.0)
    assert [language for _, language in meeting.heard("bob")] == ["fr", "de", "ja", "es"]
    assert meeting.azure.languages == ["en", "es"]
    assert len(meeting.azure.streams) == 2
    assert meeting.tracks == ["alice-es", "bob-en"]


@in_a_meeting()
async def test_one_that_fails_touches_no_other_and_comes_back(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    meeting.join("carl", "de")
    await meeting.go_on(0.5)
    others = [stream for stream in meeting.azure.open if stream.languages != {"de", "fr"}]
    (failing,) = [stream for stream in meeting.azure.open if stream.languages == {"de", "fr"}]
    failing.fail()
    await meeting.go_on(0.2)
    failed = [change for change in meeting.changes if change.state == "failed"]
    assert [(one.speaker, one.language) for one in failed] == [("alice", "fr"), ("alice", "de")]
    assert all(one.error is not None and 0.5 <= (one.retry_seconds or 0.0) <= 1.0 for one in failed)
    await meeting.go_on(1.0)
    assert all(stream.open for stream in others)
    assert meeting.azure.languages == ["de en", "de fr", "en fr"]
    assert meeting.states(ALICE_FR) == ["started", "failed", "started"]
    assert meeting.states(Route("alice", "de")) == ["started", "failed", "started"]
    said = await meeting.say("alice", "en")
    await meeting.go_on(5.0)
    assert (said, "fr") in meeting.heard("bob")
    assert (said, "de") in meeting.heard("carl")


@in_a_meeting()
async def test_an_interpretation_that_fails_repeatedly_is_tried_less_often(meeting: Meeting) -> None:
    meeting.azure.failing = lambda stream: stream.languages == {"fr"}
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(300.0)
    waits = [change.retry_seconds or 0.0 for change in meeting.changes if change.state == "failed"]
    longest = [min(2.0**n, 60.0) for n in range(len(waits))]
    assert longest[-1] == 60.0
    assert all(limit / 2 <= wait <= limit for limit, wait in zip(longest, waits, strict=True))
    meeting.azure.failing = lambda stream: False
    await meeting.go_on(60.0)
    assert meeting.azure.languages == ["en", "fr"]


@in_a_meeting()
async def test_the_meeting_tells_who_hears_what(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    await meeting.go_on(0.5)
    assert meeting.running.interpretations == {ALICE_FR: {"bob"}, BOB_EN: {"alice"}}
    assert meeting.running.open_streams == 2


def none_for_french(language: str) -> ToneTTS:
    if language == "fr":
        raise RuntimeError("there is none")
    return ToneTTS()


@in_a_meeting(fallback=none_for_french)
async def test_a_speaker_who_cannot_be_interpreted_stops_nobody(meeting: Meeting) -> None:
    meeting.join("alice", "en")
    meeting.join("bob", "fr")
    said = await meeting.say("bob", "fr")
    await meeting.go_on(5.0)
    assert meeting.heard("alice") == [(said, "en")]
    assert set(meeting.states(ALICE_FR)) == {"failed"}
