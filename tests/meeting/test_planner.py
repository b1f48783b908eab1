"""The plan of a meeting: who is interpreted into what, and for whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._meeting.planner import Audience, Person, Plan, Planner, Route


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


def both(*identities: str) -> Audience:
    """They listen and read."""
    return Audience(frozenset(identities), frozenset(identities))


def test_two_who_do_not_share_a_language_are_two_routes() -> None:
    found = plan(person("alice", "en"), person("bob", "fr"))
    assert found.audiences == {Route("alice", "fr"): both("bob"), Route("bob", "en"): both("alice")}
    assert found.streams == ("alice", "bob")


def test_listeners_of_one_language_share_a_route() -> None:
    found = plan(person("alice", "en"), person("bob", "fr"), person("carl", "fr"))
    assert found.audiences[Route("alice", "fr")] == both("bob", "carl")
    assert Route("bob", "fr") not in found.audiences


def test_all_languages_of_a_speaker_share_a_stream() -> None:
    quiet = {"publishes": False, "audible": False}
    found = plan(person("alice", "en"), *(person(one, one, **quiet) for one in ("fr", "de", "ja")))
    assert found.streams == ("alice",)
    assert found.audiences_of("alice") == {one: both(one) for one in ("fr", "de", "ja")}
    assert found.audiences_of("fr") == {}


@pytest.mark.parametrize(("spoken", "wanted"), [("en", "en"), ("en-GB", "en"), ("pt-PT", "pt")])
def test_a_listener_of_the_speakers_language_needs_no_interpretation(spoken: str, wanted: str) -> None:
    assert plan(person("alice", spoken), person("bob", wanted)).streams == ()


def test_a_room_without_listeners_has_no_stream() -> None:
    assert plan(person("alice", "en")).streams == ()
    assert plan(person("alice", "en"), person("bob", None)).streams == ("bob",)


def test_a_member_may_speak_another_language_than_they_want_to_hear() -> None:
    found = plan(person("alice", "en", speaks="de"), person("bob", "en"), person("carl", "de"))
    assert set(found.audiences_of("alice")) == {"en"}


def test_a_speaker_of_any_language_is_interpreted_for_all() -> None:
    assert plan(person("alice", None), person("bob", "en")).streams == ("alice",)


def test_a_muted_speaker_keeps_the_listeners_and_has_no_stream() -> None:
    found = plan(person("alice", "en", audible=False), person("bob", "fr", audible=False))
    assert Route("alice", "fr") in found.audiences
    assert found.streams == ()


def test_a_member_who_publishes_nothing_is_not_listened_to() -> None:
    assert plan(person("alice", "en", publishes=False, audible=False), person("bob", "fr")).audiences == {
        Route("bob", "en"): both("alice")
    }


def test_the_last_to_come_waits_beyond_the_ceiling() -> None:
    planner = Planner(2)
    alice, bob, carl = person("alice", "en"), person("bob", "fr"), person("carl", "de")
    assert planner.plan([alice, bob]).waiting == ()
    found = planner.plan([alice, bob, carl])
    assert (found.streams, found.waiting) == (("alice", "bob"), ("carl",))
    assert set(found.waiting_routes) == {Route("carl", "en"), Route("carl", "fr")}


def test_the_one_who_waits_longest_gets_the_next_place() -> None:
    planner = Planner(1)
    alice, bob, carl = person("alice", "en"), person("bob", "fr"), person("carl", "de")
    planner.plan([alice, carl])
    assert planner.plan([alice, bob, carl]).waiting == ("carl", "bob")
    found = planner.plan([person("alice", "en", audible=False), bob, carl])
    assert (found.streams, found.waiting) == (("carl",), ("bob",))


def test_a_stream_that_ends_keeps_its_place_until_it_is_closed() -> None:
    planner = Planner(1)
    alice, bob = person("alice", "en"), person("bob", "fr")
    found = planner.plan([alice, bob])
    assert (found.streams, found.waiting) == (("alice",), ("bob",))
    people = [person("alice", "en", audible=False), bob]
    assert planner.plan(people, hearing=found.streams).streams == ()
    assert planner.plan(people, further=1).streams == ()
    assert planner.plan(people).streams == found.waiting


def test_a_language_is_read_in_place_of_the_one_that_is_heard() -> None:
    found = plan(person("alice", "en"), person("bob", "fr", reads="de", publishes=False, audible=False))
    assert found.audiences == {
        Route("alice", "fr"): Audience(listeners=frozenset({"bob"})),
        Route("alice", "de"): Audience(readers=frozenset({"bob"})),
    }


def test_a_reader_who_hears_the_original_needs_a_stream_too() -> None:
    found = plan(person("alice", "en"), Person("bob", reads="fr"))
    assert found.audiences == {Route("alice", "fr"): Audience(readers=frozenset({"bob"}))}
    assert found.streams == ("alice",)


@pytest.mark.parametrize(("spoken", "read"), [("en-GB", "en"), ("zh-CN", "zh-Hans")])
def test_a_reader_of_the_speakers_language_needs_no_translation(spoken: str, read: str) -> None:
    assert plan(person("alice", spoken), Person("bob", reads=read)).audiences == {}


def test_another_script_of_the_speakers_language_is_a_translation_to_read() -> None:
    assert list(plan(person("alice", "zh-CN"), Person("bob", reads="zh-Hant")).audiences) == [
        Route("alice", "zh-Hant")
    ]


LANGUAGES = st.sampled_from([None, "en", "fr", "de", "zh-Hans"])
PEOPLE = st.lists(
    st.builds(
        Person,
        identity=st.sampled_from("abcdefgh"),
        hears=LANGUAGES,
        reads=LANGUAGES,
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
    before: tuple[str, ...] = ()
    for people in steps:
        found = planner.plan(people)
        needed = {
            speaker.identity
            for speaker in people
            for other in people
            if speaker.audible
            and speaker is not other
            and {other.hears, other.reads} - {None, speaker.speaks}
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
    assert list(Planner(9).plan(people).audiences) == ([Route("alice", wanted)] if routed else [])


def test_a_track_is_named_after_its_route() -> None:
    assert Route("alice", "fr").name == "alice-fr"


def test_a_translation_that_no_voice_speaks_is_only_read() -> None:
    planner = Planner(10, lambda voice, language: voice == "own" or language == "fr")
    people = [person("alice", "en", voice="prebuilt"), person("bob", "fr"), person("carl", "de")]
    found = planner.plan(people)
    assert found.audiences_of("alice") == {"fr": both("bob"), "de": Audience(readers=frozenset({"carl"}))}
    assert found.audiences_of("bob") == {"en": both("alice"), "de": both("carl")}


class TestTwoLanguagesAtOneDevice:
    TABLE = person("table", between=("en", "fr"))
    OF_BOTH = Audience(frozenset({"table"}), frozenset({"table"}), {"table": ("en", "fr")})

    def test_a_device_hears_what_is_said_at_it(self) -> None:
        found = plan(self.TABLE)
        assert found.audiences == {Route("table", "en"): self.OF_BOTH, Route("table", "fr"): self.OF_BOTH}
        assert found.streams == ("table",)

    @pytest.mark.parametrize(
        ("spoken", "heard"), [("en-GB", {"fr"}), ("fr", {"en"}), ("de", {"en"}), (None, {"en", "fr"})]
    )
    def test_a_device_hears_others_in_the_language_that_they_do_not_speak(
        self, spoken: str | None, heard: set[str]
    ) -> None:
        audiences = plan(self.TABLE, person("alice", speaks=spoken)).audiences
        assert {route.language for route in audiences if route.speaker == "alice"} == heard

    def test_others_hear_what_is_said_at_the_device(self) -> None:
        audiences = plan(self.TABLE, person("alice", "de"), person("bob", "fr")).audiences
        assert audiences[Route("table", "de")] == both("alice")
        heard = audiences[Route("table", "fr")]
        assert (heard.listeners, set(heard.between)) == ({"bob", "table"}, {"table"})

    def test_a_device_may_read_one_language(self) -> None:
        audiences = plan(replace(self.TABLE, reads="de"), person("alice", "en")).audiences
        assert audiences[Route("alice", "de")] == Audience(readers=frozenset({"table"}))
        assert not audiences[Route("table", "en")].readers - {"alice"}


class TestReplacedOriginals:
    def test_listeners_of_what_is_spoken_need_no_original(self) -> None:
        found = plan(person("alice", "en"), person("bob", "fr"), person("carl", "de"))
        replaced = found.replaced_originals(lambda route: route.language != "de")
        assert replaced == {"alice": {"bob"}, "bob": {"alice"}, "carl": {"alice", "bob"}}

    def test_readers_hear_the_original(self) -> None:
        found = plan(person("alice", "en"), person("bob", reads="fr"))
        assert found.replaced_originals(lambda route: True) == {"bob": {"alice"}}

    def test_the_original_of_a_speaker_who_waits_is_heard(self) -> None:
        found = plan(person("alice", "en"), person("bob", "fr"), max_streams=1)
        assert found.replaced_originals(lambda route: True) == {"alice": {"bob"}}

    def test_a_device_of_two_languages_hears_the_original(self) -> None:
        found = plan(person("alice", "en"), person("table", between=("en", "fr")))
        assert found.replaced_originals(lambda route: True) == {"table": {"alice"}}


def test_speakers_without_a_place_at_a_resource_wait_before_those_beyond_the_ceiling() -> None:
    found = plan(
        *(person(one, language) for one, language in zip("abcd", ("en", "fr", "de", "ja"), strict=True)),
        max_streams=3,
    )
    limited = found.limited_to({"a"}, lambda speaker: speaker == "b")
    assert limited.streams == ("a",)
    # The place of "c" is about to come.
    assert limited.waiting == ("b", "d")
    assert limited.audiences == found.audiences
