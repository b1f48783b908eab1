"""The plan of a meeting: who is interpreted into what, and for whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._meeting.planner import Person, Plan, Planner, Route


def person(identity: str, language: str | None = None, **more: object) -> Person:
    """Somebody who speaks what they want to hear, with an open microphone."""
    return Person(
        **{
            "identity": identity,
            "hears": language,
            "speaks": language,
            "publishes": True,
            "audible": True,
            **more,
        }
    )


def plan(*people: Person, max_streams: int = 100) -> Plan:
    return Planner(max_streams).plan(people)


def test_two_who_do_not_share_a_language_are_two_routes() -> None:
    found = plan(person("alice", "en"), person("bob", "fr"))
    assert found.listeners == {Route("alice", "fr"): {"bob"}, Route("bob", "en"): {"alice"}}
    assert set(found.streams) == {Route("alice", "fr"), Route("bob", "en")}


def test_listeners_of_one_language_share_a_stream() -> None:
    found = plan(person("alice", "en"), person("bob", "fr"), person("carl", "fr"))
    assert found.listeners[Route("alice", "fr")] == {"bob", "carl"}
    assert Route("bob", "fr") not in found.listeners


@pytest.mark.parametrize(("spoken", "wanted"), [("en", "en"), ("en-GB", "en"), ("pt-PT", "pt")])
def test_a_listener_of_the_speakers_language_needs_no_interpretation(spoken: str, wanted: str) -> None:
    assert plan(person("alice", spoken), person("bob", wanted)).streams == ()


def test_a_room_without_listeners_has_no_stream() -> None:
    assert plan(person("alice", "en")).streams == ()
    assert plan(person("alice", "en"), person("bob", None)).streams == (Route("bob", "en"),)


def test_a_member_may_speak_another_language_than_they_want_to_hear() -> None:
    found = plan(person("alice", "en", speaks="de"), person("bob", "en"), person("carl", "de"))
    assert Route("alice", "en") in found.streams
    assert Route("alice", "de") not in found.streams


def test_a_speaker_of_any_language_is_interpreted_for_all() -> None:
    assert plan(person("alice", None), person("bob", "en")).streams == (Route("alice", "en"),)


def test_a_muted_speaker_keeps_the_listeners_and_has_no_stream() -> None:
    found = plan(person("alice", "en", audible=False), person("bob", "fr", audible=False))
    assert Route("alice", "fr") in found.listeners
    assert found.streams == ()


def test_a_member_who_publishes_nothing_is_not_listened_to() -> None:
    assert plan(person("alice", "en", publishes=False, audible=False), person("bob", "fr")).listeners == {
        Route("bob", "en"): {"alice"}
    }


def test_the_last_to_come_waits_beyond_the_ceiling() -> None:
    planner = Planner(2)
    alice, bob, carl = person("alice", "en"), person("bob", "fr"), person("carl", "de", audible=False)
    assert planner.plan([alice, bob]).waiting == ()
    found = planner.plan([alice, bob, carl])
    assert set(found.streams) == {Route("alice", "fr"), Route("bob", "en")}
    assert found.waiting == (Route("alice", "de"), Route("bob", "de"))


def test_the_one_who_waits_longest_gets_the_next_place() -> None:
    planner = Planner(2)
    alice, bob, carl = person("alice", "en"), person("bob", "fr"), person("carl", "de")
    planner.plan([alice, bob])
    first, *_ = planner.plan([alice, bob, carl]).waiting
    found = planner.plan([alice, person("bob", "fr", audible=False), carl])
    assert first in found.streams
    assert len(found.streams) == 2


def test_a_stream_that_ends_keeps_its_place_until_it_is_closed() -> None:
    planner = Planner(1)
    alice, bob = person("alice", "en"), person("bob", "fr")
    found = planner.plan([alice, bob])
    assert (found.streams, found.waiting) == ((Route("alice", "fr"),), (Route("bob", "en"),))
    people = [person("alice", "en", audible=False), bob]
    assert planner.plan(people, hearing=found.streams).streams == ()
    assert planner.plan(people, ending=1).streams == ()
    assert planner.plan(people).streams == found.waiting


LANGUAGES = st.sampled_from([None, "en", "fr", "de", "zh-Hans"])
PEOPLE = st.lists(
    st.builds(
        Person,
        identity=st.sampled_from("abcdefgh"),
        hears=LANGUAGES,
        speaks=LANGUAGES,
        publishes=st.just(True),
        audible=st.booleans(),
    ),
    unique_by=lambda one: one.identity,
    max_size=8,
)


@given(steps=st.lists(PEOPLE, max_size=6), ceiling=st.integers(1, 12))
def test_the_number_of_streams_is_what_is_needed_and_allowed(steps: list[list[Person]], ceiling: int) -> None:
    planner = Planner(ceiling)
    before: tuple[Route, ...] = ()
    for people in steps:
        found = planner.plan(people)
        needed = {
            Route(speaker.identity, listener.hears)
            for speaker in people
            for listener in people
            if speaker.audible and speaker is not listener and listener.hears not in (None, speaker.speaks)
        }
        assert {*found.streams, *found.waiting} == needed
        assert len(found.streams) == min(ceiling, len(needed))
        assert not set(before) & set(found.waiting), "who has a place keeps it"
        before = found.streams


@pytest.mark.parametrize(
    ("spoken", "wanted", "routed"),
    [
        ("zh-HK", "zh-Hans", True),
        ("zh-CN", "yue", True),
        ("zh-TW", "zh-Hans", False),
        ("pt-BR", "pt-PT", False),
        ("nb-NO", "nb", False),
        ("gsw", "de", True),
    ],
)
def test_a_listener_who_understands_the_speaker_wants_no_route(
    spoken: str, wanted: str, routed: bool
) -> None:
    people = [person("alice", "en", speaks=spoken), person("bob", wanted, publishes=False, audible=False)]
    assert list(Planner(9).plan(people).listeners) == ([Route("alice", wanted)] if routed else [])


def test_a_track_is_named_after_its_route() -> None:
    assert Route("alice", "fr").name == "alice-fr"
