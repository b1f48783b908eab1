"""Two people and one microphone: what is said in one language is heard in the other, over the real SDK."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fakes.room import Audio, by_pitch

from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop, Line

_AUDIO = Audio()
_EVERY_SECONDS = 1.0
_BETWEEN = {"target_languages": (), "between": ("en", "fr")}
_CONVERSATION = ("en-US", "fr-FR", "en-GB", "en-US", "fr-CA", "fr-FR")


def _line(number: int, language: str) -> Line:
    """A line with a voice in both languages: also in its own, which Azure may send."""
    return Line(
        f"what was said {number}",
        language,
        {code: f"{code} {number}" for code in ("en", "fr")},
        {code: _AUDIO.voice(0.3, seed=10 * number + at) for at, code in enumerate(("en", "fr"))},
    )


def _lines(languages: Sequence[str]) -> list[Line]:
    return [_line(number, language) for number, language in enumerate(languages)]


def _behaviour(lines: Sequence[Line], **more: Any) -> Behaviour:
    """Each line is known by its pitch, on whatever connection it is heard."""
    script = by_pitch({300 + 130 * number: line for number, line in enumerate(lines)})
    return Behaviour(script=script, silence_ms=200, **more)


def _speech(lines: Sequence[Line]) -> bytes:
    bursts = [(_EVERY_SECONDS * number, _EVERY_SECONDS * number + 0.4) for number in range(len(lines))]
    return _AUDIO.speech(*bursts, end=_EVERY_SECONDS * len(lines) + 0.6)


def _other(line: Line) -> str:
    """The language in which a line is to be heard; of a third language, that is the first."""
    return "fr" if line.language.startswith("en") else "en"


def _texts(lines: Sequence[Line]) -> list[str]:
    return [line.translations[_other(line)] for line in lines]


def _voices(lines: Sequence[Line]) -> list[bytes]:
    return [line.voices[_other(line)].pcm for line in lines]


def _heard(voices: Sequence[bytes], lines: Sequence[Line]) -> bool:
    return len(voices) == len(lines) and all(map(_AUDIO.same, voices, _voices(lines)))


class TestPair:
    async def test_each_utterance_is_heard_in_the_language_that_it_was_not_said_in(
        self, open_pair: Any
    ) -> None:
        lines = _lines(_CONVERSATION)
        pair = await open_pair(_behaviour(lines), **_BETWEEN)
        voices = await pair.interpret(_speech(lines))
        assert [data.text for data in pair.finals] == _texts(lines)
        assert [data.language for data in pair.finals] == [_other(line) for line in lines]
        assert [data.target_texts for data in pair.finals] == [[text] for text in _texts(lines)]
        assert _heard(voices, lines)
        assert (pair.lost, pair.errors, pair.emulator.connections) == ([], [], 1)

    async def test_a_third_language_is_heard_in_the_first(self, open_pair: Any) -> None:
        lines = _lines(("de-DE", "en-US", "de-DE"))
        pair = await open_pair(_behaviour(lines), **_BETWEEN)
        voices = await pair.interpret(_speech(lines))
        assert [data.language for data in pair.finals] == ["en", "fr", "en"]
        assert _heard(voices, lines)

    async def test_nothing_is_lost_when_the_connection_is(self, open_pair: Any) -> None:
        lines = _lines(_CONVERSATION)
        pair = await open_pair(_behaviour(lines, faults=[Drop(at_seconds=2.2)]), **_BETWEEN)
        voices = await pair.interpret(_speech(lines))
        assert [data.text for data in pair.finals] == _texts(lines)
        assert pair.emulator.connections == 2
        # The drop is in the third utterance, so that has no result before it. Voices of what was said before
        # may be lost, the last one even if all is quick; no other.
        wanted, before = _voices(lines), round(2.2 // _EVERY_SECONDS)
        assert sum(map(_AUDIO.same, voices, wanted)) >= len(wanted) - len(pair.lost)
        assert len(pair.lost) <= before
        assert all(map(_AUDIO.same, voices[before:], wanted[before:]))

    async def test_a_service_that_refuses_two_voices_gets_two_connections(self, open_pair: Any) -> None:
        lines = _lines(_CONVERSATION)
        pair = await open_pair(_behaviour(lines, several_voices="refused"), **_BETWEEN)
        assert _heard(await pair.interpret(_speech(lines)), lines)
        assert (pair.lost, pair.emulator.connections) == ([], 3)

    async def test_each_language_can_have_a_voice_of_its_own(self, open_pair: Any) -> None:
        voices = {"en": "en-US-JennyNeural", "fr": "fr-FR-DeniseNeural"}
        lines = _lines(("en-US", "fr-FR"))
        pair = await open_pair(_behaviour(lines), **_BETWEEN, voice=voices)
        assert _heard(await pair.interpret(_speech(lines)), lines)


class TestSession:
    async def test_a_conversation_is_heard_whole_and_in_order(self, enter_room: Any) -> None:
        lines = _lines(_CONVERSATION)
        room = await enter_room(_behaviour(lines), pair_options=_BETWEEN)
        room.microphone.speak(_speech(lines))
        await room.speaker.until_played(len(lines))
        assert room.heard(_voices(lines))
        assert (room.speaker.cut, room.lost, room.errors) == (0, [], [])
        metrics = room.stt.counts.outcomes
        assert metrics["voiced"] == len(lines)

    async def test_a_service_that_voices_one_of_them_gets_two_connections(
        self, enter_room: Any, other_voice: Any
    ) -> None:
        lines = _lines((_CONVERSATION * 2)[:9])
        pair_options = {**_BETWEEN, "voice_timeout_seconds": 1.0}
        behaviour = _behaviour(lines, several_voices="first")
        room = await enter_room(behaviour, pair_options=pair_options, fallback=other_voice, speed=1.0)
        room.microphone.speak(_speech(lines))
        await room.speaker.until_played(len(lines))
        # Until it is known, the fallback speaks what has no voice. Nobody's voice is another's.
        voices = dict(zip(_texts(lines), _voices(lines), strict=True))
        voices.update((text, other_voice.pcm(text)) for text in other_voice.texts)
        assert room.heard([voices[text] for text in _texts(lines)])
        assert set(other_voice.texts).isdisjoint(_texts(lines[6:]))

    async def test_the_languages_change_while_the_session_runs(self, enter_room: Any) -> None:
        lines = [
            _line(0, "en-US"),
            Line("zwei", "de-DE", {"en": "en two"}, {"en": _AUDIO.voice(0.3, seed=91)}),
            Line("three", "en-US", {"de": "de three"}, {"de": _AUDIO.voice(0.3, seed=92)}),
        ]
        room = await enter_room(_behaviour(lines), pair_options=_BETWEEN)
        speech = _speech(lines)
        first = round(_EVERY_SECONDS * 32000)
        room.microphone.speak(speech[:first])
        await room.speaker.until_played(1)
        room.stt.update_options(between=("en", "de"))
        room.microphone.speak(_AUDIO.silence(0.6) + speech[first:])
        await room.speaker.until_played(3)
        voices = [lines[0].voices["fr"].pcm, lines[1].voices["en"].pcm, lines[2].voices["de"].pcm]
        assert room.heard(voices)
