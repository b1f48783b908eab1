"""Who is to hear what was said where."""

from __future__ import annotations

from livekit_plugins_azure_interpreter._meeting.listener_timeline import ListenerTimeline


def test_a_change_is_for_what_is_said_after_it() -> None:
    audience = ListenerTimeline({"alice"})
    audience.change({"bob"}, 2.0)
    assert audience.at(1.9) == {"alice"}
    assert audience.at(2.0) == {"bob"}
    assert audience.latest == {"bob"}


def test_a_new_listener_may_hear_what_was_said_before() -> None:
    audience = ListenerTimeline({"alice"})
    audience.change({"alice", "bob"}, 2.0, at_once={"bob"})
    assert audience.at(1.0) == {"alice", "bob"}


def test_several_changes_each_have_their_place() -> None:
    audience = ListenerTimeline({"alice"})
    audience.change({"alice", "bob"}, 2.0)
    audience.change({"bob"}, 3.0)
    assert [audience.at(position) for position in (0.0, 2.5, 9.0)] == [{"alice"}, {"alice", "bob"}, {"bob"}]


def test_heard_speech_is_forgotten() -> None:
    audience = ListenerTimeline({"alice"})
    audience.change({"bob"}, 2.0)
    assert audience.everyone == {"alice", "bob"}
    audience.spoken(2.0)
    assert audience.everyone == {"bob"}
    assert audience.at(0.0) == {"bob"}


def test_no_change_leaves_no_mark() -> None:
    audience = ListenerTimeline({"alice"})
    audience.change({"alice"}, 2.0)
    audience.change({"bob"}, 3.0)
    assert audience.at(2.5) == {"alice"}
