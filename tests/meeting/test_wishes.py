"""What the participants of a meeting want to hear and to read."""

from __future__ import annotations

import logging
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from livekit_plugins_azure_interpreter._meeting.planner import Person
from livekit_plugins_azure_interpreter._meeting.room import Member
from livekit_plugins_azure_interpreter._meeting.wishes import AttributeNames, Wishes


def member(identity: str = "alice", **attributes: str) -> Member:
    participant = cast(rtc.RemoteParticipant, SimpleNamespace(identity=identity, attributes=attributes))
    return Member(identity, attributes, publishes=True, tracks=("TR_a",), participant=participant)


def telephone(language: str) -> Member:
    """One whose SIP trunk passes on the header X-Language."""
    return member("telephone", **{"sip.phoneNumber": "+1", "sip.h.x-language": language})


def by_header(participant: rtc.RemoteParticipant) -> str | None:
    return participant.attributes.get("sip.h.x-language")


def read(wishes: Wishes, one: Member) -> Person:
    (person,) = wishes.read([one])
    return person


def languages(person: Person) -> tuple[str | None, str | None, str | None]:
    return person.hears, person.reads, person.speaks


class TestAttributes:
    def test_the_attributes_name_what_is_heard_read_and_spoken(self) -> None:
        alice = member(language="français", read_language="de-AT", spoken_language="gsw")
        assert languages(read(Wishes(), alice)) == ("fr", "de", "gsw")

    def test_the_attribute_of_what_is_heard_names_what_is_spoken_too(self) -> None:
        assert languages(read(Wishes(), member(language="fr"))) == ("fr", None, "fr")

    def test_the_attributes_may_have_other_names(self) -> None:
        names = AttributeNames(hears="a", reads="b", speaks="c")
        assert languages(read(Wishes(names), member(a="fr", b="de", c="it"))) == ("fr", "de", "it")

    def test_a_person_publishes_what_the_member_does(self) -> None:
        person = read(Wishes(), member())
        assert (person.identity, person.publishes, person.audible) == ("alice", True, True)

    def test_an_attribute_that_is_not_understood_is_told_once_and_ignored(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        wishes = Wishes()
        for _ in range(2):
            assert languages(read(wishes, member(language="xx"))) == (None, None, None)
        assert wishes.refused == {"alice": wishes.refused["alice"]}
        assert wishes.refused["alice"].startswith("the attribute 'language' is ignored: 'xx' is not")
        assert len(caplog.records) == 1
        read(wishes, member(language="fr"))
        assert wishes.refused == {}


class TestLanguageOf:
    def test_a_telephone_has_the_language_of_its_sip_header(self) -> None:
        assert languages(read(Wishes(language_of=by_header), telephone("fr-CA"))) == ("fr-CA", None, "fr-CA")

    def test_the_attribute_comes_first(self) -> None:
        alice = member(language="de", **{"sip.h.x-language": "fr"})
        assert languages(read(Wishes(language_of=by_header), alice)) == ("de", None, "de")

    def test_a_reader_hears_the_original(self) -> None:
        alice = member(read_language="de", **{"sip.h.x-language": "fr"})
        wishes = Wishes(language_of=by_header, default_language="fr")
        assert languages(read(wishes, alice)) == (None, "de", None)

    def test_an_answer_that_is_no_language_is_told_and_the_default_is_heard(self) -> None:
        wishes = Wishes(language_of=by_header, default_language="en")
        assert languages(read(wishes, telephone("xx"))) == ("en", None, None)
        assert wishes.refused["telephone"].startswith("the answer of language_of is ignored: 'xx' is not")

    @pytest.mark.parametrize("answer", [None, "", " "])
    def test_no_answer_is_no_language(self, answer: str | None) -> None:
        wishes = Wishes(language_of=lambda _: answer)
        assert languages(read(wishes, member())) == (None, None, None)
        assert not wishes.refused

    def test_an_error_is_logged_once_until_it_is_over(self, caplog: pytest.LogCaptureFixture) -> None:
        answers: list[Any] = [KeyError("it"), KeyError("it"), "fr", KeyError("it")]

        def fails(_: rtc.RemoteParticipant) -> str | None:
            if isinstance(answer := answers.pop(0), Exception):
                raise answer
            return cast(str, answer)

        wishes = Wishes(language_of=fails, default_language="en")
        with caplog.at_level(logging.ERROR):
            assert [read(wishes, member()).hears for _ in range(4)] == ["en", "en", "fr", "en"]
        assert [one.getMessage() for one in caplog.records] == [
            "language_of failed for 'alice', who counts as without one"
        ] * 2


class TestDefaultLanguage:
    def test_the_default_is_heard_and_says_nothing_of_what_they_speak(self) -> None:
        assert languages(read(Wishes(default_language="English"), member())) == ("en", None, None)
        spoken = member(spoken_language="de")
        assert languages(read(Wishes(default_language="en"), spoken)) == ("en", None, "de")

    def test_an_agent_hears_no_default(self) -> None:
        agent = replace(member(), is_agent=True)
        assert read(Wishes(default_language="en"), agent).hears is None
        assert read(Wishes(language_of=lambda _: "fr", default_language="en"), agent).hears == "fr"

    def test_a_default_without_translation_is_refused(self) -> None:
        with pytest.raises(ValueError, match="default_language: 'xx' is not a language"):
            Wishes(default_language="xx")
