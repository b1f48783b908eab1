"""Each speaker has an interpreter for as long as somebody wants to hear them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from fakes.clock import in_virtual_time
from fakes.meeting import FakeRoom, Utterance
from fakes.running_meeting import ALICE_FR, BOB_EN, Meeting, in_a_meeting
from fakes.tts import ToneTTS

from livekit_plugins_azure_interpreter._meeting.floor import FreeFloor
from livekit_plugins_azure_interpreter._meeting.planner import Audience, Person, Plan, Route
from livekit_plugins_azure_interpreter._meeting.speakers import Speakers


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


class Speaker:
    """An interpreter of a speaker, and what it was asked for."""

    def __init__(self) -> None:
        self.hears, self.open_streams, self.further_streams = True, 2, 1
        self.is_idle, self.voice, self.closed = False, "own", 0
        self.everyone: frozenset[str] = frozenset()
        self.routes: dict[str, Any] = {}
        self.served: list[dict[str, Any]] = []

    def serve(self, audiences: dict[str, Audience], **served: Any) -> None:
        self.served.append({"audiences": audiences, **served})

    def is_interpreted_into(self, language: str) -> bool:
        return language == "fr"

    async def aclose(self) -> None:
        self.closed += 1


class Stage:
    """Speakers who are interpreted for bob, and all of their interpreters."""

    def __init__(self) -> None:
        room: Any = SimpleNamespace(listen=FakeRoom.listen)
        self.made: list[Speaker] = []
        self.speakers = Speakers(room, FreeFloor(), self._interpret)

    def serve(self, *speaking: str, people: Sequence[str] = ("alice", "bob")) -> None:
        """These speakers have a stream."""
        wanted = {Route(one, "fr"): Audience(frozenset({"bob"})) for one in speaking}
        self.speakers.serve(
            Plan(wanted, speaking, ()),
            {one: Person(one) for one in people},
            dict.fromkeys(people, ()),
            lambda identity: f"a place for {identity}",  # type: ignore[arg-type, return-value]
        )

    def _interpret(self, identity: str) -> Any:
        self.made.append(Speaker())
        return self.made[-1]


@in_virtual_time
async def test_an_interpreter_is_made_once_and_learns_who_has_come() -> None:
    stage = Stage()
    stage.serve("alice")
    stage.serve("alice", people=("alice", "bob", "carl"))
    (alice,) = stage.made
    first, second = alice.served
    assert (first["come"], second["come"]) == ({"alice", "bob"}, {"carl"})
    assert second["present"] == {"alice", "bob", "carl"}
    assert (second["active"], second["voice"], second["place"]) == (True, "own", "a place for alice")
    await stage.speakers.aclose()
    assert alice.closed == 1


@in_virtual_time
async def test_the_streams_of_an_interpreter_count_until_it_is_closed() -> None:
    stage = Stage()
    stage.serve("alice")
    assert (stage.speakers.hearing, stage.speakers.further_streams) == (["alice"], 1)
    stage.serve()
    assert (stage.speakers.hearing, stage.speakers.open_streams) == ([], 2)
    await stage.speakers.aclose()
    assert (stage.speakers.open_streams, stage.made[0].closed) == (0, 1)


@in_virtual_time
async def test_an_interpreter_with_listeners_left_stays_when_its_speaker_has_gone() -> None:
    stage = Stage()
    stage.serve("alice")
    stage.made[0].everyone = frozenset({"bob"})
    stage.serve(people=("bob",))
    last = stage.made[0].served[-1]
    assert (last["active"], last["voice"], last["audiences"]) == (False, None, {})
    assert stage.speakers.voice_of("alice") == "own"
    stage.serve(people=())
    assert stage.speakers.voice_of("alice") is None
    await stage.speakers.aclose()


@in_virtual_time
async def test_a_speaker_counts_as_spoken_until_their_interpreter_knows_better() -> None:
    stage = Stage()
    assert stage.speakers.is_spoken(Route("alice", "de"))
    stage.serve("alice")
    assert stage.speakers.is_spoken(ALICE_FR)
    assert not stage.speakers.is_spoken(Route("alice", "de"))
    await stage.speakers.aclose()
