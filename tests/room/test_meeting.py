"""A MeetingInterpreter in the room: everybody hears the others in their own language."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.client_contract import as_objects, broken_rules
from fakes.fixtures import Until
from livekit import api
from livekit.api.room_service import RoomService

from livekit_plugins_azure_interpreter import MeetingInterpreter
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .comparing import WINDOW_SECONDS, find_windows
from .hearing import assert_heard
from .participant import RATE_HZ
from .speech import Sentence, known_by_sound, recorded, sentences, silence

_SAID = sentences()
_SILENCE_MS = 700
"""Longer than the gaps in which a busy machine sends no sound, and shorter than those between sentences."""


def _sentence(number: int, language: str, text: str, **translations: tuple[str, bytes]) -> Sentence:
    texts = {language: translation for language, (translation, _) in translations.items()}
    voices = {language: Voice(pcm) for language, (_, pcm) in translations.items()}
    return Sentence(_SAID[number], Line(text, language, texts, voices))


_ALICES = _sentence(
    5,
    "en-US",
    "The train is late.",
    fr=("Le train a du retard.", recorded("french_5.wav")),
    de=("Der Zug hat Verspätung.", _SAID[3]),
)
_BOBS = _sentence(
    0,
    "fr-FR",
    "Bonjour.",
    en=("Good morning.", recorded("french_1.wav", seconds=2.4)),
    de=("Guten Morgen.", recorded("french_3.wav", seconds=2.2)),
)
_CAROLS = _sentence(
    4,
    "de-DE",
    "Es gibt Kaffee.",
    en=("There is coffee.", recorded("french_2.wav", seconds=2.0)),
    fr=("Il y a du café.", recorded("french_4.wav", seconds=2.3)),
)


_OTHER_SENTENCES = [
    _sentence(
        number,
        "en-US",
        f"Sentence {number}.",
        fr=(f"Phrase {number}.", recorded(french, seconds=1.8)),
        de=(f"Satz {number}.", recorded(german, seconds=1.8)),
    )
    for number, french, german in ((0, "french_1.wav", "french_2.wav"), (5, "french_3.wav", "french_4.wav"))
]


@pytest.fixture
async def emulator(request: Any) -> AsyncIterator[Emulator]:
    script = known_by_sound(getattr(request, "param", [_ALICES, _BOBS, _CAROLS]))
    behaviour = Behaviour(script=script, silence_ms=_SILENCE_MS, interim_interval_ms=None)
    async with Emulator(behaviour) as emulator:
        yield emulator


@pytest.fixture
async def interpreter(
    request: Any, server: Any, meeting: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MeetingInterpreter]:
    options = getattr(request, "param", {})
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    joined = await meeting.join("interpreter", deaf=True)
    interpreter = MeetingInterpreter(speech_key="any", speech_endpoint=emulator.endpoint, **options)
    await interpreter.start(joined.room)
    yield interpreter
    await interpreter.aclose()


def _voice(sentence: Sentence, language: str) -> bytes:
    return sentence.line.voices[language].pcm


def _voiced(emulator: Emulator, language: str) -> list[bytes]:
    return [spoken.voice.pcm for spoken in emulator.spoken if spoken.language == language]


async def test_three_people_hear_and_read_the_others_in_their_own_language(
    meeting: Any, interpreter: Any
) -> None:
    alice, bob, carol = [
        await meeting.join(identity, {"language": language}, microphone=True)
        for identity, language in (("alice", "en"), ("bob", "fr"), ("carol", "de"))
    ]
    spoken = {alice: _ALICES, bob: _BOBS, carol: _CAROLS}
    languages = {alice: "en", bob: "fr", carol: "de"}
    pairs = [(speaker, listener) for speaker in spoken for listener in spoken if speaker is not listener]
    for speaker, listener in pairs:
        await listener.ear(f"{speaker.identity}-{languages[listener]}")
    # All at the same time.
    await asyncio.gather(*(who.say(sentence.pcm + silence(1.0)) for who, sentence in spoken.items()))
    for speaker, listener in pairs:
        language = languages[listener]
        await assert_heard(listener, f"{speaker.identity}-{language}", [_voice(spoken[speaker], language)])
    for listener in spoken:
        language, others = languages[listener], [one for one in spoken if one is not listener]
        for other in others:
            assert listener.read_of(other.identity) == [spoken[other].line.text]
        translations = sorted(spoken[other].line.translations[language] for other in others)
        # A caption may come after the end of the voice.
        assert sorted(await listener.read("interpreter", len(translations))) == translations
        # Beside the originals they are let in on what they asked for, and on nothing else.
        tracks = {name for identity, name in listener.tracks if identity == "interpreter"}
        assert tracks == {f"{other.identity}-{language}" for other in others}


@pytest.mark.parametrize("emulator", [_OTHER_SENTENCES], indirect=True, ids=["English"])
async def test_people_come_and_go_in_mid_speech(meeting: Any, interpreter: Any, emulator: Any) -> None:
    first, second = _OTHER_SENTENCES
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"})
    await bob.ear("alice-fr")
    original = await bob.ear("microphone")
    talking = asyncio.create_task(alice.say(first.pcm + silence(1.0)))
    await bob.until(lambda: original.loud_seconds > 0.3)
    carol = await meeting.join("carol", {"language": "de"})
    german = await carol.ear("alice-de")
    await talking
    await assert_heard(bob, "alice-fr", [_voice(first, "fr")])
    # A language that nobody heard before is spoken from the next sentence on, over the same connection.
    assert german.loud_seconds == 0.0
    assert emulator.connections == 1
    # Now the listener goes in mid-speech, and then the speaker.
    await original.forget()
    talking = asyncio.create_task(alice.say(second.pcm))
    await bob.until(lambda: original.loud_seconds > 0.3)
    await bob.leave()
    await talking
    await alice.leave()
    await assert_heard(carol, "alice-de", [_voice(second, "de")])
    assert interpreter.open_streams == 0
    assert interpreter.interpretations == {}


@pytest.mark.parametrize("emulator", [_OTHER_SENTENCES], indirect=True, ids=["English"])
@pytest.mark.parametrize("interpreter", [{"skip_silence": True}], indirect=True, ids=["silence skipped"])
async def test_sentences_between_silences_that_are_not_sent_are_heard_whole(
    meeting: Any, interpreter: Any, emulator: Emulator
) -> None:
    first, second = _OTHER_SENTENCES
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"})
    await bob.ear("alice-fr")
    pause_seconds = 4.0
    await alice.say(first.pcm + silence(pause_seconds) + second.pcm + silence(2.0))
    await assert_heard(bob, "alice-fr", [_voice(first, "fr"), _voice(second, "fr")])
    one, other = emulator.spoken
    assert other.start_seconds - one.end_seconds < pause_seconds - 1.0


@pytest.mark.parametrize("emulator", [_OTHER_SENTENCES], indirect=True, ids=["English"])
@pytest.mark.parametrize("interpreter", [{"silent_track_seconds": 5.0}], indirect=True, ids=["short"])
async def test_a_sentence_after_a_long_silence_is_heard_whole_on_a_track_of_its_own(
    meeting: Any, interpreter: Any, emulator: Any
) -> None:
    first, second = _OTHER_SENTENCES
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"})
    await bob.ear("alice-fr")
    await alice.say(first.pcm + silence(1.0))
    await assert_heard(bob, "alice-fr", [_voice(first, "fr")])
    people = bob.room.remote_participants
    await bob.until(lambda: not people["interpreter"].track_publications)
    before = len(bob.ears_of("alice-fr"))
    await alice.say(second.pcm + silence(1.0))
    await bob.until(lambda: len(bob.ears_of("alice-fr")) > before)
    await assert_heard(bob, "alice-fr", [_voice(second, "fr")])
    assert await bob.read("interpreter", 2) == [one.line.translations["fr"] for one in _OTHER_SENTENCES]


async def test_a_film_in_a_shared_screen_is_not_interpreted_as_its_presenters_words(
    meeting: Any, interpreter: Any, emulator: Emulator
) -> None:
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    await alice.share_screen()
    bob = await meeting.join("bob", {"language": "fr"})
    await bob.ear("alice-fr")
    film = await bob.ear("screen")
    await alice.show_film(_CAROLS.pcm + silence(1.0))
    await bob.until(lambda: film.loud_seconds > 0.3)
    await alice.say(_ALICES.pcm + silence(1.0))
    await assert_heard(bob, "alice-fr", [_voice(_ALICES, "fr")])
    assert bob.read_of("alice") == [_ALICES.line.text]
    assert len(emulator.spoken) == 1


@pytest.mark.parametrize("emulator", [_OTHER_SENTENCES], indirect=True, ids=["English"])
async def test_voices_wait_while_the_server_is_started_again(
    own_server: Any, meeting: Any, interpreter: Any, emulator: Any
) -> None:
    first, second = _OTHER_SENTENCES
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"})
    before = await bob.ear("alice-fr")
    # One voice was heard, at least in part, and the room has heard nothing of the next.
    await alice.say(first.pcm + silence(1.0) + second.pcm)
    await bob.until(lambda: len(_voiced(emulator, "fr")) == 2 and before.loud_seconds > 0.2)
    await meeting.restart(own_server)
    after = await assert_heard(bob, "alice-fr", [_voice(second, "fr")], more_before=True)
    # No part of the first is missing, wherever the restart cut it, and no more than a part is heard twice.
    cut = _voice(first, "fr")
    parts = [find_windows(heard, cut, RATE_HZ) for heard in (bytes(before.pcm), after)]
    assert all(any(window) for window in zip(*parts, strict=True)), parts
    assert WINDOW_SECONDS * sum(all(window) for window in zip(*parts, strict=True)) <= 0.6, parts


@pytest.mark.parametrize("emulator", [_OTHER_SENTENCES], indirect=True, ids=["English"])
@pytest.mark.parametrize("interpreter", [{"interpret_agents": True}], indirect=True, ids=["agents, too"])
async def test_an_assistant_is_heard_in_each_language_and_another_interpreter_in_none(
    meeting: Any, interpreter: Any, emulator: Emulator
) -> None:
    first, _ = _OTHER_SENTENCES
    bob = await meeting.join("bob", {"language": "fr"})
    another = await meeting.join("another", {"interpreter": "ready"}, microphone=True, kind="agent")
    await another.say(_CAROLS.pcm + silence(1.0))
    assistant = await meeting.join("assistant", microphone=True, kind="agent")
    await bob.ear("assistant-fr")
    await assistant.say(first.pcm + silence(1.0))
    await assert_heard(bob, "assistant-fr", [_voice(first, "fr")])
    assert interpreter.interpretations == {("assistant", "fr"): {"bob"}}
    assert emulator.connections == 1


async def test_a_member_who_asks_for_the_impossible_is_told_until_they_ask_for_the_possible(
    meeting: Any, interpreter: Any, emulator: Emulator
) -> None:
    await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "xx"})

    def told() -> str:
        attributes = bob.room.remote_participants["interpreter"].attributes
        return attributes.get("interpretation_refused.bob", "")

    await bob.until(told)
    assert "'xx' is not a language that Azure translates to" in told()
    assert emulator.connections == 0
    await bob.room.local_participant.set_attributes({"language": "français"})
    await bob.ear("alice-fr")
    await bob.until(lambda: not told())


async def test_the_meeting_goes_on_when_the_server_is_started_again(
    own_server: Any, meeting: Any, interpreter: Any
) -> None:
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"}, microphone=True)
    await bob.ear("alice-fr")
    await alice.say(_ALICES.pcm + silence(1.0))
    await assert_heard(bob, "alice-fr", [_voice(_ALICES, "fr")])
    await meeting.restart(own_server)
    await asyncio.gather(alice.say(_ALICES.pcm + silence(1.0)), bob.say(_BOBS.pcm + silence(1.0)))
    await assert_heard(bob, "alice-fr", [_voice(_ALICES, "fr")])
    await assert_heard(alice, "bob-en", [_voice(_BOBS, "en")])
    # No track of before is left, and each says what it carries.
    its = bob.room.remote_participants["interpreter"]
    tracks = its.track_publications
    assert sorted(track.name for track in tracks.values()) == ["alice-fr", "bob-en"]
    told = {
        "interpreter",
        "interpreter.offer",
        "interpreter.since",
        *(f"interpretation.{sid}" for sid in tracks),
        *(f"interpretation_state.{identity}" for identity in ("alice", "bob")),
    }
    await bob.until(lambda: its.attributes.keys() == told)


async def test_a_recorder_subscribes_to_all_and_who_is_hidden_to_no_interpretation(
    meeting: Any, interpreter: Any
) -> None:
    await meeting.join("alice", {"language": "en"}, microphone=True)
    recorder = await meeting.join("recorder", hidden=True, recorder=True)
    hidden = await meeting.join("hidden", hidden=True)
    bob = await meeting.join("bob", {"language": "fr"})
    await bob.ear("alice-fr")
    await recorder.until(lambda: ("interpreter", "alice-fr") in recorder.tracks)
    await hidden.until(lambda: ("alice", "microphone") in hidden.tracks)
    assert ("interpreter", "alice-fr") not in hidden.tracks
    assert bob.room.remote_participants["interpreter"].attributes["interpreter"] == "ready"


@pytest.mark.parametrize("emulator", [_OTHER_SENTENCES], indirect=True, ids=["English"])
async def test_speech_during_an_outage_is_interpreted_afterwards(
    meeting: Any, interpreter: Any, emulator: Any
) -> None:
    failed = asyncio.Event()
    interpreter.on("interpretation_changed", lambda change: change.state == "failed" and failed.set())
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"})
    await bob.ear("alice-fr")
    await emulator.aclose()
    said = 0
    # LiveKit's attempts end meanwhile.
    while not failed.is_set() and said < 12:
        await alice.say(_OTHER_SENTENCES[said % 2].pcm + silence(1.0))
        said += 1
    await emulator.start()
    translations = [_OTHER_SENTENCES[number % 2].line.translations["fr"] for number in range(said)]
    assert await bob.read("interpreter", said) == translations
    assert failed.is_set()


async def test_a_client_reads_what_the_contract_says(meeting: Any, interpreter: Any, until: Until) -> None:
    alice = await meeting.join("alice", {"language": "en-GB"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr-FR", "voice": "robot"})
    told = bob.room.remote_participants["interpreter"]

    def state() -> Any:
        return as_objects(told.attributes).get("interpretation_state.alice", {})

    await bob.ear("alice-fr")
    await until(lambda: state().get("languages", {}).get("fr", {}).get("listeners") == 1)
    await alice.say(_ALICES.pcm + silence(1.0))
    await until(lambda: state().get("still_listening") == 1)
    await until(lambda: state().get("still_listening") == 0)
    assert broken_rules(told.attributes) == []
    assert "'robot' is not on offer" in told.attributes["interpretation_refused.bob"]
    (translation,) = await bob.read("interpreter", 1)
    (caption,) = [one for one in bob.captions if one.text == translation]
    assert (caption.attributes["language"], caption.attributes["translated"]) == ("fr-FR", "true")
    assert not any("translated" in one.attributes for one in bob.captions if one.text != translation)


_BY_HEADER = {
    "originals": "replace",
    "language_of": lambda participant: participant.attributes.get("sip.h.x-language"),
}


@pytest.mark.parametrize("emulator", [[_ALICES, _BOBS]], indirect=True, ids=["English and French"])
async def test_two_people_at_one_device_hear_each_other(meeting: Any, interpreter: Any) -> None:
    table = await meeting.join("table", {"between": "en,fr"}, microphone=True)
    for track in ("table-fr", "table-en"):
        await table.ear(track)
    await table.say(_ALICES.pcm + silence(1.0))
    await assert_heard(table, "table-fr", [_voice(_ALICES, "fr")])
    await table.say(_BOBS.pcm + silence(1.0))
    await assert_heard(table, "table-en", [_voice(_BOBS, "en")])
    translations = [_ALICES.line.translations["fr"], _BOBS.line.translations["en"]]
    assert await table.read("interpreter", 2) == translations


@pytest.mark.parametrize("emulator", [[_ALICES, _BOBS, _CAROLS]], indirect=True, ids=["three languages"])
@pytest.mark.parametrize("interpreter", [{"mode": "consecutive"}], indirect=True, ids=["consecutive"])
async def test_others_wait_while_an_interpretation_is_heard_and_everybody_sees_whose_turn_it_is(
    meeting: Any, interpreter: Any, emulator: Emulator
) -> None:
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"}, microphone=True)
    carol = await meeting.join("carol", {"language": "de"}, microphone=True)
    heard = await bob.ear("alice-fr")
    await carol.ear("alice-de")
    await alice.ear("bob-en")

    def turn() -> Any:
        attributes = alice.room.remote_participants["interpreter"].attributes
        return json.loads(attributes.get("interpreter.turn", "null"))

    assert turn() is None
    saying = asyncio.create_task(alice.say(_ALICES.pcm + silence(1.0)))
    await alice.until(lambda: turn() == {"speaker": "alice", "phase": "speaking"})
    await saying
    await bob.until(lambda: heard.loud_seconds > 0.2)
    # Carol speaks too early, and bob when the floor is free.
    await carol.say(_CAROLS.pcm[: len(silence(0.5))])
    await alice.until(lambda: turn() == {"speaker": "alice", "phase": "interpretation"})
    await alice.until(lambda: turn() is None)
    await bob.say(_BOBS.pcm + silence(1.0))
    await assert_heard(bob, "alice-fr", [_voice(_ALICES, "fr")])
    await assert_heard(alice, "bob-en", [_voice(_BOBS, "en")])
    assert {spoken.text for spoken in emulator.spoken} == {_ALICES.line.text, _BOBS.line.text}


class Requests:
    """What LiveKit's server was asked for, and has answered: who, which tracks, whether to subscribe."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answered: list[tuple[str, str, bool]] = []
        send = RoomService.update_subscriptions

        async def noted(service: RoomService, request: api.UpdateSubscriptionsRequest) -> Any:
            answer = await send(service, request)
            self.answered += [(request.identity, track, request.subscribe) for track in request.track_sids]
            return answer

        monkeypatch.setattr(RoomService, "update_subscriptions", noted)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    return Requests(monkeypatch)


@pytest.mark.parametrize("emulator", [_OTHER_SENTENCES], indirect=True, ids=["English"])
@pytest.mark.parametrize("interpreter", [_BY_HEADER], indirect=True, ids=["originals replaced"])
async def test_a_telephone_hears_the_interpretation_in_place_of_the_original(
    meeting: Any, requests: Requests, interpreter: Any, until: Until
) -> None:
    first, second = _OTHER_SENTENCES
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    telephone = await meeting.join("telephone", {"sip.h.x-language": "fr"}, kind="sip")
    ann = await meeting.join("ann", {"language": "en"})

    async def taken() -> None:
        """The telephone does not get alice's microphone any more; LiveKit's SDK does not say so."""
        (microphone,) = alice.room.local_participant.track_publications
        # A client subscribes by itself, perhaps after the first request.
        await until(lambda: requests.answered.count(("telephone", microphone, False)) == 2)
        requests.answered.clear()

    async def says(sentence: Sentence) -> None:
        original, everything = telephone.latest("microphone"), ann.latest("microphone")
        await original.forget()
        await alice.say(silence(0.5) + sentence.pcm + silence(1.0))
        await assert_heard(telephone, "alice-fr", [_voice(sentence, "fr")])
        assert original.loud_seconds == 0.0
        assert everything.loud_seconds > 0.5

    await telephone.ear("alice-fr")
    await taken()
    await says(first)
    # A microphone that is published again is another track.
    await alice.republish()
    await ann.until(lambda: len(ann.ears) == 2)
    await taken()
    await says(second)
    # A listener who comes back is subscribed to everything.
    await telephone.leave()
    telephone = await meeting.join("telephone", {"sip.h.x-language": "fr"}, kind="sip")
    await telephone.ear("microphone")
    await telephone.ear("alice-fr")
    await taken()
    await says(first)
    # The interpretation ends for this listener, and then for everybody.
    await telephone.room.local_participant.set_attributes({"language": "en"})
    await telephone.until(lambda: len(telephone.ears_of("microphone")) == 2)
    await telephone.room.local_participant.set_attributes({"language": "fr"})
    await taken()
    await interpreter.aclose()
    await telephone.until(lambda: len(telephone.ears_of("microphone")) == 3)
    await alice.say(second.pcm)
    await telephone.until(lambda: telephone.latest("microphone").loud_seconds > 0.5)
