"""SynthesizerPool that are kept warm, and whose loop they belong to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from fakes.fixtures import Until
from fakes.limits import within
from fakes.synthesizer import OPTIONS, SPOKEN, FakeSpeech, left, spoken
from livekit.agents import APIConnectionError

from livekit_plugins_azure_interpreter._sdk import synthesis as _synthesis
from livekit_plugins_azure_interpreter._sdk.events import (
    Disconnected,
    Failed,
    SynthesisChunk,
    SynthesisStarted,
)
from livekit_plugins_azure_interpreter._sdk.synthesizer_pool import SynthesizerPool

Open = Callable[..., SynthesizerPool]


class TestWarmth:
    async def test_one_is_opened_ahead_once(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech()
        synthesizers = open_at(azure)
        synthesizers.warm()
        synthesizers.warm()
        await until(lambda: azure.synthesizers and "open" in azure.last.threads)
        assert await spoken(synthesizers.take())
        assert len(azure.synthesizers) == 1

    async def test_one_text_after_another_is_spoken_with_the_same(self, open_at: Open) -> None:
        azure = FakeSpeech()
        synthesizers = open_at(azure)
        for _ in range(3):
            synthesis = synthesizers.take()
            await spoken(synthesis)
            synthesizers.give_back(synthesis)
        assert (len(azure.synthesizers), len(azure.texts)) == (1, 3)

    async def test_two_at_once_have_one_each_and_one_is_kept(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech()
        synthesizers = open_at(azure)
        both = synthesizers.take(), synthesizers.take()
        await asyncio.gather(*map(spoken, both))
        for synthesis in both:
            synthesizers.give_back(synthesis)
        await until(lambda: [one.closed for one in azure.synthesizers].count(True) == 1)
        await spoken(synthesizers.take())
        assert len(azure.synthesizers) == 2

    async def test_one_that_was_left_in_the_middle_is_stopped_and_speaks_the_next_text(
        self, open_at: Open
    ) -> None:
        azure = FakeSpeech(SPOKEN[:2], SPOKEN)
        synthesizers = open_at(azure)
        synthesis = synthesizers.take()
        await left(synthesis)
        azure.last.post(SynthesisChunk(b"late"), Failed("NoError", "stopped"))
        synthesizers.give_back(synthesis)
        assert await spoken(synthesizers.take()) == list(SPOKEN)
        assert (len(azure.synthesizers), azure.last.stops) == (1, 1)

    async def test_a_synthesizer_left_after_a_busy_one_is_replaced_by_a_warm_one(
        self, open_at: Open, until: Until, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_synthesis, "_BUSY_SECONDS", 0.05)
        azure = FakeSpeech(SPOKEN[:2], [SynthesisStarted("r2")], SPOKEN[:2])
        synthesizers = open_at(azure)
        for speak in (left, spoken, left):
            synthesis = synthesizers.take()
            await speak(synthesis)
            synthesizers.give_back(synthesis)
        await until(lambda: len(azure.synthesizers) == 3 and "open" in azure.last.threads)
        await until(lambda: azure.synthesizers[1].closed)

    async def test_one_that_cannot_be_stopped_is_replaced(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech(SPOKEN[:2], SPOKEN)
        azure.fails["stop"] = RuntimeError("a secret")
        synthesizers = open_at(azure)
        synthesis = synthesizers.take()
        await left(synthesis)
        synthesizers.give_back(synthesis)
        await until(lambda: azure.synthesizers[0].closed)
        assert await spoken(synthesizers.take()) == list(SPOKEN)

    async def test_one_that_failed_is_not_replaced_ahead(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech([Failed("ServiceError", "")])
        synthesizers = open_at(azure)
        synthesis = synthesizers.take()
        await spoken(synthesis)
        synthesizers.give_back(synthesis)
        await until(lambda: azure.last.closed)
        assert len(azure.synthesizers) == 1

    @pytest.mark.parametrize("steady", [True, False])
    async def test_one_whose_connection_was_closed_is_replaced_unless_that_was_at_once(
        self, open_at: Open, until: Until, monkeypatch: pytest.MonkeyPatch, steady: bool
    ) -> None:
        monkeypatch.setattr(_synthesis, "_STEADY_SECONDS", 0.0 if steady else 60.0)
        azure = FakeSpeech()
        synthesizers = open_at(azure)
        synthesizers.warm()
        await until(lambda: azure.synthesizers and azure.last.idle)
        first = azure.last
        first.post(Disconnected())
        await until(lambda: first.closed)
        await asyncio.sleep(0.02)
        assert len(azure.synthesizers) == (2 if steady else 1)
        await spoken(synthesizers.take())
        assert not first.texts

    async def test_one_that_could_not_be_opened_is_not_kept(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech()
        azure.fails["open"] = RuntimeError()
        synthesizers = open_at(azure)
        synthesizers.warm()
        await until(lambda: azure.synthesizers and azure.last.closed)
        await asyncio.sleep(0.02)
        del azure.fails["open"]
        assert await spoken(synthesizers.take()) == list(SPOKEN)

    async def test_one_that_was_closed_as_a_text_ended_is_not_kept(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech()
        synthesizers = open_at(azure)
        synthesis = synthesizers.take()
        await spoken(synthesis)
        azure.last.post(Disconnected())
        await until(lambda: not synthesis.usable)
        synthesizers.give_back(synthesis)
        await until(lambda: azure.synthesizers[0].closed)


class TestClosing:
    async def test_all_are_closed_and_there_are_no_more(self, open_at: Open) -> None:
        azure = FakeSpeech()
        synthesizers = open_at(azure)
        synthesizers.take(), synthesizers.take()
        synthesizers.warm()
        await within(synthesizers.aclose())
        assert [one.closed for one in azure.synthesizers] == [True] * 3
        synthesizers.warm()
        with pytest.raises(APIConnectionError, match="closed"):
            synthesizers.take()
        assert len(azure.synthesizers) == 3


class TestLoops:
    def test_the_next_loop_closes_what_an_ended_loop_has_left(self) -> None:
        azure = FakeSpeech()
        synthesizers = SynthesizerPool(azure, OPTIONS)

        async def speak() -> None:
            synthesis = synthesizers.take()
            assert await spoken(synthesis) == list(SPOKEN)
            synthesizers.give_back(synthesis)

        async def speak_and_close() -> None:
            await speak()
            await synthesizers.aclose()

        asyncio.run(speak())
        asyncio.run(speak_and_close())
        assert [one.closed for one in azure.synthesizers] == [True, True]
        azure.shut_down()

    def test_one_that_could_not_be_opened_leaves_nothing_to_close(self) -> None:
        azure = FakeSpeech()
        azure.fails["make"] = RuntimeError()
        synthesizers = SynthesizerPool(azure, OPTIONS)

        async def fail() -> None:
            assert await spoken(synthesizers.take()) == [Failed("RuntimeError", "RuntimeError")]

        asyncio.run(fail())
        asyncio.run(synthesizers.aclose())
        azure.shut_down()

    def test_one_that_does_not_stop_cleanly_is_told_of_without_its_words(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        azure = FakeSpeech()
        azure.fails["close"] = RuntimeError("a secret")
        synthesizers = SynthesizerPool(azure, OPTIONS)

        async def speak() -> None:
            await spoken(synthesizers.take())

        asyncio.run(speak())
        asyncio.run(synthesizers.aclose())
        assert "did not stop cleanly: RuntimeError" in caplog.text
        assert "a secret" not in caplog.text
        azure.shut_down()

    async def test_closing_closes_those_of_other_loops(self, until: Until) -> None:
        azure = FakeSpeech()
        synthesizers = SynthesizerPool(azure, OPTIONS)

        async def speak() -> None:
            synthesizers.warm()
            await until(lambda: azure.synthesizers and azure.last.closed)

        speaking = asyncio.create_task(asyncio.to_thread(asyncio.run, speak()))
        await until(lambda: azure.synthesizers and "open" in azure.last.threads)
        await within(synthesizers.aclose())
        await within(speaking)
        azure.shut_down()
