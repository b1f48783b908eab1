"""Terms that Azure translates wrongly, corrected by a glossary, over the real SDK."""

from __future__ import annotations

from typing import Any

from fakes.limits import within

from livekit_plugins_azure_interpreter import UtteranceMetrics
from livekit_plugins_azure_interpreter.emulator import Behaviour, Line

from .conftest import OpenPair

_TERMS = {"fr": {"live kit": "LiveKit"}, "ja": {"ライブキット": "LiveKit"}}
_ONE = ((0.4, 1.0),)
_TWO = ((0.4, 1.0), (1.8, 2.6))


def _lines(audio: Any) -> list[Line]:
    voices = [{"fr": audio.voice(0.5, seed=seed)} for seed in (1, 2)]
    return [
        Line(
            "LiveKit is ready.",
            translations={"fr": "Live kit est prêt.", "ja": "ライブキットは準備完了。"},
            voices=voices[0],
        ),
        Line("It runs.", translations={"fr": "Il marche."}, voices=voices[1]),
    ]


async def test_transcripts_are_corrected_and_tell_what_the_voice_says(
    open_pair: OpenPair, audio: Any
) -> None:
    lines = _lines(audio)
    pair = await open_pair(Behaviour(script=lines), target_languages=["fr", "ja"], glossary=_TERMS)
    recognized: list[Any] = []
    pair.stt.on("utterance_recognized", recognized.append)
    voices = await pair.interpret(audio.speech(*_TWO, end=3.6))
    first, second = pair.finals
    assert (first.text, first.target_texts) == (
        "LiveKit est prêt.",
        ["LiveKit est prêt.", "LiveKitは準備完了。"],
    )
    uncorrected = {"fr": "Live kit est prêt.", "ja": "ライブキットは準備完了。"}
    assert first.metadata["uncorrected_texts"] == uncorrected == recognized[0].transcript.uncorrected_texts
    assert first.source_texts == ["LiveKit is ready."]
    assert (second.text, "uncorrected_texts" in second.metadata) == ("Il marche.", False)
    assert [audio.same(*pair_of) for pair_of in zip(voices, _voices(lines), strict=True)] == [True, True]
    assert (pair.lost, pair.errors) == ([], [])


async def test_an_interim_is_corrected_as_soon_as_the_term_is_whole(open_pair: OpenPair, audio: Any) -> None:
    pair = await open_pair(Behaviour(script=_lines(audio)), glossary=_TERMS)
    await pair.interpret(audio.speech(*_ONE, end=2.0))
    texts = [event.alternatives[0].text for event in pair.of("interim_transcript")]
    assert any(text.startswith("LiveKit") for text in texts)
    assert not any("Live kit" in text for text in texts)


async def test_a_correction_finds_its_voice_by_its_words(open_pair: OpenPair, audio: Any) -> None:
    lines = _lines(audio)
    pair = await open_pair(Behaviour(script=lines), glossary=_TERMS)
    pair.push(audio.speech(*_ONE, end=2.0))
    pair.stream.end_input()
    await pair.listen_until("final_transcript")
    assert audio.same(await pair.say("LiveKit est prêt."), _voices(lines)[0])


async def test_a_session_says_a_correction_by_the_fallback_and_in_order(
    open_pair: OpenPair, enter_room: Any, audio: Any, other_voice: Any
) -> None:
    lines = _lines(audio)
    pair = await open_pair(
        Behaviour(script=lines, silence_ms=200),
        fallback=other_voice,
        fallback_speaks_corrections=True,
        glossary=_TERMS,
    )
    told: list[UtteranceMetrics] = []
    pair.stt.on("utterance_metrics_collected", told.append)
    room = await enter_room(pair=pair)
    room.microphone.speak(audio.speech(*_TWO, end=3.6))
    await room.speaker.until_played(2)
    assert room.heard([other_voice.pcm("LiveKit est prêt."), _voices(lines)[1]])
    assert other_voice.texts == ["LiveKit est prêt."]
    assert [one.outcome for one in told] == ["fallback", "voiced"]
    assert (room.lost, room.errors) == ([], [])


async def test_a_recording_is_corrected(open_pair: OpenPair, audio: Any) -> None:
    pair = await open_pair(Behaviour(script=_lines(audio)), glossary=_TERMS)
    event = await within(pair.stt.recognize(audio.frames(audio.speech(*_ONE, end=2.0))))
    assert event.alternatives[0].text == "LiveKit est prêt."


async def test_a_glossary_that_changes_is_that_of_the_next_utterance(open_pair: OpenPair, audio: Any) -> None:
    lines = _lines(audio)
    pair = await open_pair(Behaviour(script=[lines[0], lines[0]]))
    pair.push(audio.speech(*_ONE, end=2.0))
    await pair.listen_until("final_transcript")
    pair.stt.update_options(glossary=_TERMS)
    pair.push(audio.speech(*_ONE, end=2.0))
    pair.stream.end_input()
    await pair.listen_until("final_transcript", 2)
    assert [final.text for final in pair.finals] == ["Live kit est prêt.", "LiveKit est prêt."]


def _voices(lines: list[Line]) -> list[bytes]:
    return [line.voices["fr"].pcm for line in lines]
