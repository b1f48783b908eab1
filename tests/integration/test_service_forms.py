"""Forms in which the service answers, or may: the pair hears everything once, in order, in its own voice."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.limits import within
from fault_matrix import speech
from livekit.agents import APIConnectOptions, APIStatusError

from livekit_plugins_azure_interpreter.emulator import Behaviour, Line, Voice, faults

_STRETCHES = ((0.4, 0.9), (1.3, 1.9), (2.3, 2.7), (3.1, 3.8))
_END = 4.4


def _lines(audio: Any, voice_seconds: float = 0.4) -> list[Any]:
    return [
        audio.line(number, voice_seconds + 0.1 * number, start_seconds=start, end_seconds=end)
        for number, (start, end) in enumerate(_STRETCHES, 1)
    ]


async def _holds(open_pair: Any, audio: Any, *, voice_seconds: float = 0.4, **behaviour: Any) -> Any:
    """Say four utterances; each is heard once, at its place, in its own voice."""
    pair, voices = await _understood(open_pair, audio, voice_seconds=voice_seconds, **behaviour)
    lines = _lines(audio, voice_seconds)
    assert all(audio.same(voice, line.voices["fr"].pcm) for voice, line in zip(voices, lines, strict=True))
    assert (pair.lost, pair.errors) == ([], [])
    return pair


async def _understood(
    open_pair: Any, audio: Any, *, voice_seconds: float = 0.4, **behaviour: Any
) -> tuple[Any, list[bytes]]:
    """Say four utterances; each is understood once, at its place. The voices are as they came."""
    lines = _lines(audio, voice_seconds)
    pair = await open_pair(Behaviour(script=lines, **behaviour))
    voices = await pair.interpret(audio.speech(*_STRETCHES, end=_END))
    assert [final.text for final in pair.finals] == [line.translations["fr"] for line in lines]
    times = [(final.start_time, final.end_time) for final in pair.finals]
    assert times == [pytest.approx(stretch, abs=0.001) for stretch in _STRETCHES]
    return pair, voices


class TestAcknowledgement:
    @pytest.mark.parametrize("acknowledges", ["results", "headers"])
    @pytest.mark.parametrize("utterances_per_turn", [None, 1, 2])
    async def test_nothing_is_lost_or_repeated_over_turns(
        self, open_pair: Any, audio: Any, acknowledges: str, utterances_per_turn: int | None
    ) -> None:
        await _holds(open_pair, audio, acknowledges=acknowledges, utterances_per_turn=utterances_per_turn)

    @pytest.mark.parametrize("acknowledges", ["results", "headers"])
    @pytest.mark.parametrize("utterances_per_turn", [None, 2])
    async def test_nothing_is_lost_or_repeated_over_connections(
        self, open_pair: Any, audio: Any, acknowledges: str, utterances_per_turn: int | None
    ) -> None:
        pair, voices = await _understood(
            open_pair,
            audio,
            acknowledges=acknowledges,
            utterances_per_turn=utterances_per_turn,
            faults=[faults.Drop(2.1), faults.Drop(2.95)],
        )
        assert pair.emulator.connections == 3
        # A voice may still be under way when its connection drops: that is told, also of its end alone.
        cut = {
            final.metadata["id"]
            for final, voice, line in zip(pair.finals, voices, _lines(audio), strict=True)
            if not audio.same(voice, line.voices["fr"].pcm)
        }
        assert cut <= {lost.id for lost in pair.lost}


class TestResults:
    @pytest.mark.parametrize(
        "fault",
        [
            faults.EndWithoutOffset(),
            faults.OtherResults(),
            faults.TextInNBest(),
            faults.UnknownFields(),
            faults.BareLanguage(),
            faults.UnsureLanguage(confidence="Unknown"),
            faults.UnsureLanguage(confidence="Low"),
        ],
        ids=repr,
    )
    async def test_a_result_in_another_form_is_heard(
        self, open_pair: Any, audio: Any, fault: faults.Fault
    ) -> None:
        pair = await _holds(open_pair, audio, faults=[fault])
        assert [final.source_texts for final in pair.finals] == [[line.text] for line in _lines(audio)]

    async def test_a_bare_language_is_passed_on(self, open_pair: Any, audio: Any) -> None:
        pair = await _holds(open_pair, audio, faults=[faults.BareLanguage()])
        assert {str(language) for final in pair.finals for language in final.source_languages} == {"en"}


class TestVoices:
    @pytest.mark.parametrize(
        "fault",
        [faults.UnannouncedVoice(), faults.UnannouncedVoice(2), faults.ServiceTurn(), faults.ServiceTurn(2)],
        ids=repr,
    )
    async def test_a_voice_in_another_form_is_heard(
        self, open_pair: Any, audio: Any, fault: faults.Fault
    ) -> None:
        await _holds(open_pair, audio, faults=[fault])

    async def test_a_result_that_cannot_be_read_is_missed_also_after_a_turn_of_the_service(
        self, open_pair: Any
    ) -> None:
        def recognize(samples: Voice) -> Line:
            return speech.line(speech.hear(samples), 0.3)

        faulty = [faults.ServiceTurn(1), faults.BadJson(4)]
        pair = await open_pair(Behaviour(script=recognize, silence_ms=200, faults=faulty))
        await pair.interpret(speech.conversation(4))
        assert [final.text for final in pair.finals] == [
            speech.translation(number) for number in (1, 2, 3, 4)
        ]

    async def test_a_voice_of_zeros_is_told_as_lost_and_moves_no_other(
        self, open_pair: Any, audio: Any
    ) -> None:
        lines = _lines(audio)
        pair = await open_pair(Behaviour(script=lines, faults=[faults.SilentVoice(2)]))
        voices = await pair.interpret(audio.speech(*_STRETCHES, end=_END))
        expected = [line.voices["fr"].pcm for line in lines]
        expected[1] = b""
        assert [len(voice) for voice in voices][1] == 0
        assert all(map(audio.same, voices, expected))
        assert [lost.reason for lost in pair.lost] == ["the voice had no sound"]

    async def test_a_voice_in_one_chunk_of_more_than_100_kb_is_heard(
        self, open_pair: Any, audio: Any
    ) -> None:
        await _holds(open_pair, audio, voice_seconds=4.0, chunk_bytes=1_000_000)


class TestRequest:
    async def test_the_pair_asks_for_nothing_that_the_emulator_does_not_know(
        self, open_pair: Any, audio: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        await _holds(open_pair, audio)
        assert "does nothing about" not in caplog.text


class TestRefusal:
    @pytest.mark.parametrize(
        ("fault", "status", "words"),
        [
            (faults.RefuseTurn(reason="Quota exceeded. Cid: "), 403, "quota"),
            (faults.RefuseTurn(reason="Unsupported voice"), 400, "Unsupported voice"),
            (faults.RefuseTurn(reason="Unsupported language"), 400, "Unsupported language"),
        ],
        ids=["quota", "voice", "language"],
    )
    async def test_a_turn_that_is_refused_is_one_error_that_says_why(
        self, open_pair: Any, audio: Any, fault: faults.Fault, status: int, words: str
    ) -> None:
        with pytest.raises(APIStatusError, match=words) as raised:
            await self._listen(open_pair, audio, fault)
        assert raised.value.status_code == status

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (4429, "the request is throttled because you have exceeded the concurrent request limit"),
            (1012, "Instance is shutting down"),
            (1011, "Internal server error"),
        ],
    )
    async def test_a_turn_that_is_refused_for_a_while_is_tried_again(
        self, open_pair: Any, audio: Any, code: int, reason: str
    ) -> None:
        refuse = faults.RefuseTurn(code=code, reason=reason, times=1)
        lines = _lines(audio)
        pair = await open_pair(Behaviour(script=lines, faults=[refuse]))
        voices = await pair.interpret(audio.speech(*_STRETCHES, end=_END))
        assert all(
            audio.same(voice, line.voices["fr"].pcm) for voice, line in zip(voices, lines, strict=True)
        )
        assert all(error.recoverable for error in pair.errors)

    async def _listen(self, open_pair: Any, audio: Any, fault: faults.Fault) -> None:
        pair = await open_pair(Behaviour(faults=[fault]))
        await pair.stream.aclose()  # this one is less patient
        stream = pair.stt.stream(conn_options=APIConnectOptions(max_retry=3, timeout=2.0))
        for frame in audio.frames(audio.speech((0.2, 0.7), end=1.0)):
            stream.push_frame(frame)

        async def to_the_end() -> None:
            async for _ in stream:
                pass

        try:
            await within(to_the_end())
        finally:
            await stream.aclose()
