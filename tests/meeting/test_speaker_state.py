"""What is told of a speaker: each language, who still listens, and what does not work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from livekit_plugins_azure_interpreter._meeting.client_contract import (
    Failure,
    HeardIn,
    LanguageState,
    SpeakerState,
)
from livekit_plugins_azure_interpreter._meeting.planner import Audience
from livekit_plugins_azure_interpreter._meeting.speaker_state import speaker_state

BOB, CARL, BOTH = frozenset({"bob"}), frozenset({"carl"}), frozenset({"bob", "carl"})
HEARD = {"fr": Audience(BOB, BOB)}


@dataclass
class Route:
    listeners: frozenset[str] = BOB
    voice: HeardIn | None = None
    is_broken: bool = False
    has_backlog: bool = False
    backlog_seconds: float = 0.0


def state(audiences: Any, routes: Any = None, **more: Any) -> SpeakerState:
    usual = {"started": ("fr", "de"), "failures": {}, "next_voice": lambda language: "own", "is_paused": True}
    return speaker_state(audiences, routes or {}, **{**usual, **more})


def test_a_language_has_its_next_voice_until_one_was_heard() -> None:
    assert state(HEARD, {"fr": Route()}).languages == {"fr": LanguageState("interpreted", "own", 1)}
    told = state(HEARD, {"fr": Route(voice="fallback")})
    assert told.languages == {"fr": LanguageState("interpreted", "fallback", 1)}


def test_a_language_that_is_only_read_counts_its_readers() -> None:
    told = state({"fr": Audience(readers=BOTH)})
    assert told.languages == {"fr": LanguageState("interpreted", "text", 2)}


def test_a_language_that_is_not_interpreted_is_not_told() -> None:
    assert state(HEARD, {"fr": Route()}, started=()) == SpeakerState({})


def test_a_language_that_is_still_heard_is_told_although_nobody_wants_it_any_more() -> None:
    told = state({}, {"fr": Route(voice="own", has_backlog=True, backlog_seconds=2.0)}, started=())
    assert told == SpeakerState({"fr": LanguageState("interpreted", "own", 1, 2.0, is_moving=True)}, 1)


def test_a_speaker_who_speaks_is_not_told_who_listens() -> None:
    routes = {"fr": Route(has_backlog=True), "de": Route(BOTH, has_backlog=True), "ja": Route(CARL)}
    assert state(HEARD, routes).still_listening == 2
    assert state(HEARD, routes, is_paused=False).still_listening == 0


def test_a_failure_of_the_stream_is_one_of_each_language() -> None:
    failure = Failure("Azure could not be reached", 5.0)
    told = state({**HEARD, "de": Audience(CARL, CARL)}, started=(), failures={None: failure})
    assert {one.state for one in told.languages.values()} == {"failed"}
    assert told.failure == failure


def test_a_failure_of_one_language_leaves_the_others() -> None:
    audiences = {**HEARD, "de": Audience(CARL, CARL)}
    told = state(audiences, failures={"fr": Failure("no")})
    assert {language: one.state for language, one in told.languages.items()} == {
        "fr": "failed",
        "de": "interpreted",
    }
    told = state(audiences, {"fr": Route(), "de": Route(CARL, is_broken=True)})
    assert {language: one.state for language, one in told.languages.items()} == {
        "fr": "interpreted",
        "de": "failed",
    }
    assert told.failure is not None
