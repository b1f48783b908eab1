"""The streams for the voices of further languages, opened, fed and closed with the stream they serve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from fakes.clock import VirtualLoop, run
from fakes.limits import within
from fakes.side_streams import FakeSides
from livekit.agents import APIError

from livekit_plugins_azure_interpreter._recognition.side_streams import SideStreams
from livekit_plugins_azure_interpreter._voices.utterance import Utterance
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import Options

OPTIONS = Options(
    credentials=Credentials(endpoint="wss://example.com", key="a-key"),
    target_languages=("fr", "de", "ja"),
    spoken_languages=("fr", "de", "ja"),
    separate_voices=True,
)
A_SECOND = bytes(32000)
TWO = replace(OPTIONS, spoken_languages=("fr", "de"))


@pytest.fixture
def opened() -> FakeSides:
    return FakeSides()


@pytest.fixture
def came() -> list[tuple[str, str]]:
    """The language and the text of each utterance."""
    return []


@pytest.fixture
async def sides(opened: FakeSides, came: list[tuple[str, str]]) -> AsyncIterator[SideStreams]:
    sides = SideStreams(opened, lambda language, utterance: came.append((language, utterance.text)))
    yield sides
    sides.close()
    await turn_of_the_loop()


def heard_seconds(opened: FakeSides) -> list[float]:
    return [len(one.heard) / 32000 for one in opened.opened]


def in_virtual_time(main: Coroutine[Any, Any, None]) -> None:
    run(VirtualLoop(), main)


async def turn_of_the_loop() -> None:
    """What is due happens: a stream that has ended is noticed."""
    for _ in range(10):
        await asyncio.sleep(0)


class TestWithdrawOwnVoice:
    async def test_each_stream_asks_for_another_voice_at_once(
        self, sides: SideStreams, opened: FakeSides
    ) -> None:
        sides.serve(OPTIONS, 0.0)
        sides.withdraw_own_voice(
            replace(OPTIONS, voice=(("fr", None), ("de", "de-DE-KatjaNeural"), ("ja", None)))
        )
        assert [one.options[-1].voices for one in opened.opened] == [{"de": "de-DE-KatjaNeural"}, {}]

    def test_a_stream_that_is_opened_again_does_not_ask_for_it(self, opened: FakeSides) -> None:
        async def fail_and_come_back() -> None:
            sides = SideStreams(opened, lambda language, utterance: None)
            sides.serve(TWO, 0.0)
            sides.withdraw_own_voice(replace(TWO, voice=None))
            opened.of("de").end(APIError("gone"))
            await turn_of_the_loop()
            await asyncio.sleep(6.0)
            sides.push(0.0, A_SECOND)
            assert [one.options[0].voices for one in opened.opened] == [{"de": "personal-voice"}, {}]
            sides.close()
            await turn_of_the_loop()

        in_virtual_time(fail_and_come_back())


class TestServe:
    async def test_each_further_language_has_a_stream_from_its_place_on(
        self, sides: SideStreams, opened: FakeSides
    ) -> None:
        sides.serve(OPTIONS, 2.0)
        assert [one.options[0].target_languages for one in opened.opened] == [("de",), ("ja",)]
        assert [one.start_seconds for one in opened.opened] == [2.0, 2.0]

    async def test_voices_over_one_connection_need_none(self, sides: SideStreams, opened: FakeSides) -> None:
        sides.serve(replace(OPTIONS, separate_voices=False), 0.0)
        sides.push(0.0, A_SECOND)
        sides.flush()
        await within(sides.finish())
        assert (opened.opened, sides.take_pushed_seconds()) == ([], 0.0)

    async def test_utterances_are_told_with_their_language(
        self, sides: SideStreams, opened: FakeSides, came: list[tuple[str, str]]
    ) -> None:
        sides.serve(OPTIONS, 0.0)
        opened.of("ja").came(Utterance("1", "はい", 0.0))
        opened.of("de").came(Utterance("2", "ja", 0.0))
        assert came == [("ja", "はい"), ("de", "ja")]

    async def test_the_same_options_change_nothing(self, sides: SideStreams, opened: FakeSides) -> None:
        sides.serve(OPTIONS, 0.0)
        sides.serve(OPTIONS, 3.0)
        assert [len(one.options) for one in opened.opened] == [1, 1]

    async def test_other_options_are_told_to_the_stream_that_is_open(
        self, sides: SideStreams, opened: FakeSides
    ) -> None:
        sides.serve(TWO, 0.0)
        sides.serve(replace(TWO, phrase_list=("LiveKit",)), 3.0)
        assert [options.phrase_list for options in opened.of("de").options] == [(), ("LiveKit",)]
        assert len(opened.opened) == 1

    async def test_a_language_that_is_not_spoken_any_more_gets_no_more_audio(
        self, sides: SideStreams, opened: FakeSides
    ) -> None:
        sides.serve(OPTIONS, 0.0)
        sides.push(0.0, A_SECOND)
        sides.serve(TWO, 1.0)
        sides.push(1.0, A_SECOND)
        assert (heard_seconds(opened), opened.of("ja").input_ended) == ([2.0, 1.0], True)
        await turn_of_the_loop()
        assert opened.of("ja").closed


class TestPush:
    async def test_all_audio_is_heard_once(self, sides: SideStreams, opened: FakeSides) -> None:
        sides.serve(TWO, 0.0)
        sides.push(0.0, A_SECOND)
        sides.push(1.0, A_SECOND)
        sides.push(0.0, A_SECOND)  # another attempt of the stream sends it again
        sides.push(1.0, A_SECOND)
        sides.push(2.0, A_SECOND)
        assert heard_seconds(opened) == [3.0]

    async def test_the_audio_of_each_is_counted(self, sides: SideStreams) -> None:
        sides.serve(OPTIONS, 0.0)
        sides.push(0.0, A_SECOND)
        assert (sides.take_pushed_seconds(), sides.take_pushed_seconds()) == (2.0, 0.0)

    async def test_a_flush_ends_the_utterance_of_each(self, sides: SideStreams, opened: FakeSides) -> None:
        sides.serve(OPTIONS, 0.0)
        sides.push(0.0, A_SECOND)
        sides.flush()
        assert [one.flushed for one in opened.opened] == [[32000], [32000]]

    async def test_a_stream_that_has_just_ended_is_passed_over(
        self, sides: SideStreams, opened: FakeSides
    ) -> None:
        sides.serve(OPTIONS, 0.0)
        opened.of("de").end()
        sides.push(0.0, A_SECOND)
        sides.flush()
        assert heard_seconds(opened) == [0.0, 1.0]
        assert sides.take_pushed_seconds() == 1.0


class TestFailure:
    """A side stream ends before its stream does."""

    def test_a_failed_stream_is_opened_again_after_a_while(
        self, sides: SideStreams, opened: FakeSides, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def main() -> None:
            sides.serve(OPTIONS, 0.0)
            opened.of("de").end(APIError("no quota"))
            await turn_of_the_loop()
            assert opened.opened[0].closed
            sides.push(0.0, A_SECOND)
            assert len(opened.opened) == 2
            await asyncio.sleep(5.0)
            sides.push(1.0, A_SECOND)
            assert (opened.of("de").start_seconds, heard_seconds(opened)) == (1.0, [0.0, 2.0, 1.0])
            sides.close()
            await turn_of_the_loop()

        in_virtual_time(main())
        assert "the voices in de are interrupted: no quota" in caplog.text

    async def test_a_new_attempt_of_the_stream_opens_it_at_once(
        self, sides: SideStreams, opened: FakeSides, caplog: pytest.LogCaptureFixture
    ) -> None:
        sides.serve(TWO, 0.0)
        opened.of("de").end()
        await turn_of_the_loop()
        sides.serve(TWO, 1.0)
        assert [one.start_seconds for one in opened.opened] == [0.0, 1.0]
        assert not caplog.records

    async def test_a_stream_that_has_just_ended_can_leave(
        self, sides: SideStreams, opened: FakeSides
    ) -> None:
        sides.serve(OPTIONS, 0.0)
        opened.of("ja").end()
        sides.serve(TWO, 1.0)
        await turn_of_the_loop()
        assert opened.of("ja").closed
        opened.of("de").end()
        await turn_of_the_loop()
        await within(sides.finish())


class TestEnd:
    async def test_the_end_waits_for_the_last_voices(self, sides: SideStreams, opened: FakeSides) -> None:
        sides.serve(TWO, 0.0)
        opened.of("de").waits_at_end = True
        finishing = asyncio.create_task(sides.finish())
        await turn_of_the_loop()
        assert (opened.of("de").input_ended, finishing.done()) == (True, False)
        opened.of("de").end()
        await within(finishing)
        assert opened.of("de").closed

    def test_the_end_gives_up_on_voices_that_never_come(self, sides: SideStreams, opened: FakeSides) -> None:
        async def main() -> None:
            sides.serve(TWO, 0.0)
            opened.of("de").waits_at_end = True
            began_at = asyncio.get_running_loop().time()
            await sides.finish()
            assert asyncio.get_running_loop().time() - began_at == 30.0
            assert not opened.of("de").closed
            sides.close()
            await turn_of_the_loop()
            assert opened.of("de").closed

        in_virtual_time(main())

    async def test_a_close_waits_for_nothing(self, sides: SideStreams, opened: FakeSides) -> None:
        sides.serve(OPTIONS, 0.0)
        opened.of("ja").waits_at_end = True
        sides.serve(TWO, 1.0)
        await turn_of_the_loop()
        sides.close()
        sides.push(1.0, A_SECOND)
        assert (len(opened.opened), opened.of("de").input_ended) == (2, False)
        await turn_of_the_loop()
        assert all(one.closed for one in opened.opened)
