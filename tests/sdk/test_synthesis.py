"""A synthesizer on the loop: its texts, its deadlines, and the end of everything that was begun."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fakes.fixtures import Until
from fakes.limits import LIMIT_SECONDS, within
from fakes.synthesizer import OPTIONS, SPOKEN, FakeSpeech, left, spoken
from livekit.agents import APIConnectionError

from livekit_plugins_azure_interpreter._sdk import synthesis as _synthesis
from livekit_plugins_azure_interpreter._sdk.events import (
    BUSY,
    TIMED_OUT,
    Connected,
    Disconnected,
    Failed,
    SynthesisChunk,
    SynthesisCompleted,
    SynthesisStarted,
    WordBoundary,
)
from livekit_plugins_azure_interpreter._sdk.synthesis import Synthesis
from livekit_plugins_azure_interpreter._sdk.synthesizer_pool import SynthesizerPool
from livekit_plugins_azure_interpreter.credentials import TokenError

Open = Callable[..., SynthesizerPool]
Make = Callable[..., tuple[Synthesis, list[Synthesis]]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """A synthesis without a pool, and a list that it comes to when it is dropped."""
    made: list[tuple[FakeSpeech, Synthesis]] = []

    def make(azure: FakeSpeech, **options: Any) -> tuple[Synthesis, list[Synthesis]]:
        dropped: list[Synthesis] = []
        made.append((azure, Synthesis(azure, OPTIONS, dropped.append, **options)))
        return made[-1][1], dropped

    yield make
    for azure, synthesis in made:
        azure.let_go()
        await within(synthesis.aclose())
        azure.shut_down()


class TestSpeaking:
    async def test_the_events_of_a_text_come_in_order_to_its_end(self, open_at: Open) -> None:
        azure = FakeSpeech()
        assert await spoken(open_at(azure).take()) == list(SPOKEN)
        assert azure.texts == ["<speak/>"]
        assert azure.last.options is OPTIONS

    async def test_nothing_that_can_block_runs_on_the_loop(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech()
        synthesizers = open_at(azure)
        synthesizers.warm()
        await spoken(synthesizers.take())
        await synthesizers.aclose()
        assert set(azure.last.threads) == {"make", "open", "speak", "close"}
        assert threading.main_thread() not in azure.last.threads.values()

    async def test_a_failure_ends_it(self, open_at: Open) -> None:
        failed = Failed("ServiceError", "")
        synthesis = open_at(FakeSpeech([SynthesisStarted("r1"), failed])).take()
        assert (await spoken(synthesis))[-1] == failed
        assert (synthesis.usable, synthesis.failed) == (False, True)

    async def test_words_of_another_text_are_not_taken_for_its_own(self, open_at: Open) -> None:
        late, own = WordBoundary("late", 0.0, 0.1, "r0"), WordBoundary("own", 0.0, 0.1, "r1")
        reply = [SynthesisStarted("r1"), late, own, SynthesisCompleted()]
        assert await spoken(open_at(FakeSpeech(reply)).take()) == [reply[0], own, reply[3]]

    async def test_a_late_word_of_one_text_is_not_taken_for_the_next_ones(self, open_at: Open) -> None:
        late, next_one = WordBoundary("late", 0.0, 0.1, "r1"), [SynthesisStarted("r2"), SynthesisCompleted()]
        synthesis = open_at(FakeSpeech(SPOKEN, [late, *next_one])).take()
        assert await spoken(synthesis) == list(SPOKEN)
        assert await spoken(synthesis) == next_one

    async def test_a_service_that_is_mute_has_so_long(self, open_at: Open) -> None:
        synthesis = open_at(FakeSpeech([SynthesisStarted("r1")])).take()
        (_, failed) = await spoken(synthesis, 0.05)
        assert isinstance(failed, Failed)
        assert failed.code == TIMED_OUT

    async def test_words_and_connections_do_not_make_up_for_sound(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech([SynthesisStarted("r1")])
        speaking = asyncio.create_task(spoken(open_at(azure).take(), 0.2))
        await until(lambda: azure.texts)
        for _ in range(10):
            azure.last.post(WordBoundary("word", 0.0, 0.1, "r1"), Disconnected())
            await asyncio.sleep(0.04)
        assert isinstance((await speaking)[-1], Failed)

    async def test_sound_that_goes_on_may_take_long(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech([SynthesisStarted("r1")])
        speaking = asyncio.create_task(spoken(open_at(azure).take(), 0.2))
        await until(lambda: azure.texts)
        for _ in range(8):
            azure.last.post(SynthesisChunk(b"12"))
            await asyncio.sleep(0.04)
        azure.last.post(SynthesisCompleted())
        assert isinstance((await speaking)[-1], SynthesisCompleted)

    async def test_opening_counts(self, open_at: Open) -> None:
        azure = FakeSpeech()
        azure.hold("make")
        (failed,) = await spoken(open_at(azure).take(), 0.05)
        assert isinstance(failed, Failed)
        assert failed.code == TIMED_OUT

    async def test_a_reader_that_leaves_as_sound_comes_has_left(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech([SynthesisStarted("r1")])
        synthesis = open_at(azure).take()
        speaking = asyncio.create_task(spoken(synthesis))
        await until(lambda: azure.texts and azure.last.idle)
        synthesis._take(SynthesisChunk(b"12"))
        speaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await within(speaking)

    async def test_a_loop_that_was_blocked_does_not_miss_the_sound(
        self, open_at: Open, until: Until, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        azure = FakeSpeech([SynthesisStarted("r1")])
        speaking = asyncio.create_task(spoken(open_at(azure).take(), 0.5 * LIMIT_SECONDS))
        await until(lambda: azure.texts and azure.last.idle)
        azure.last.post(SynthesisChunk(b"12"), SynthesisCompleted())
        while not azure.last.idle:
            time.sleep(0.001)  # noqa: ASYNC251 - as a careless user does
        loop = asyncio.get_running_loop()
        blocked_until = loop.time() + 0.75 * LIMIT_SECONDS
        monkeypatch.setattr(loop, "time", lambda: blocked_until)
        assert (await speaking)[1:] == [SynthesisChunk(b"12"), SynthesisCompleted()]

    async def test_no_token_is_told_in_words_without_secrets(self, open_at: Open) -> None:
        azure = FakeSpeech()
        azure.fails["make"] = TokenError("speech_auth_token() raised OSError")
        with pytest.raises(APIConnectionError, match="speech_auth_token"):
            await spoken(open_at(azure).take())

    @pytest.mark.parametrize("where", ["make", "open", "speak"])
    async def test_an_error_of_the_sdk_is_a_failure_without_its_words(
        self, open_at: Open, where: str
    ) -> None:
        azure = FakeSpeech([])
        azure.fails[where] = RuntimeError("a secret")
        synthesizers = open_at(azure)
        synthesizers.warm()
        assert await spoken(synthesizers.take()) == [Failed("RuntimeError", "RuntimeError")]

    async def test_a_text_waits_for_the_connection_that_is_being_made(self, open_at: Open) -> None:
        azure = FakeSpeech()
        azure.connects = False
        synthesizers = open_at(azure)
        synthesizers.warm()
        speaking = asyncio.create_task(spoken(synthesizers.take()))
        await asyncio.sleep(0.1)
        assert not azure.texts
        azure.last.post(Connected())
        assert await speaking == list(SPOKEN)

    async def test_a_text_does_not_wait_for_ever_for_a_warm_connection(
        self, open_at: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_synthesis, "_CONNECTING_SECONDS", 0.05)
        azure = FakeSpeech()
        azure.connects = False
        synthesizers = open_at(azure)
        synthesizers.warm()
        assert await spoken(synthesizers.take()) == list(SPOKEN)

    async def test_one_that_goes_on_with_the_stopped_text_is_busy(
        self, open_at: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_synthesis, "_BUSY_SECONDS", 0.05)
        azure = FakeSpeech(SPOKEN[:2], [SynthesisStarted("r2")])
        synthesis = open_at(azure).take()
        await left(synthesis)
        *_, failed = await spoken(synthesis)
        assert isinstance(failed, Failed)
        assert (failed.code, synthesis.usable, synthesis.failed) == (BUSY, False, True)


class TestAfterAText:
    async def test_one_that_was_left_in_the_middle_was_stopped_until_the_next_text_begins(
        self, open_at: Open
    ) -> None:
        synthesis = open_at(FakeSpeech(SPOKEN[:2], SPOKEN)).take()
        await left(synthesis)
        stopped = [synthesis.was_stopped]
        await spoken(synthesis)
        assert [*stopped, synthesis.was_stopped] == [True, False]

    async def test_events_of_the_stopped_text_are_not_of_the_next(self, open_at: Open) -> None:
        azure = FakeSpeech(SPOKEN[:2], [SynthesisChunk(b"late"), *SPOKEN])
        synthesis = open_at(azure).take()
        await left(synthesis)
        assert (await spoken(synthesis), azure.last.stops) == (list(SPOKEN), 1)

    async def test_one_that_cannot_be_stopped_is_dropped_and_that_is_logged_without_the_words(
        self, make: Make, until: Until, caplog: pytest.LogCaptureFixture
    ) -> None:
        azure = FakeSpeech(SPOKEN[:2])
        azure.fails["stop"] = RuntimeError("a secret")
        synthesis, dropped = make(azure)
        await left(synthesis)
        await until(lambda: dropped == [synthesis])
        assert not synthesis.usable
        assert "did not stop speaking" in caplog.text
        assert "a secret" not in caplog.text


class TestConnection:
    async def test_one_that_cannot_be_opened_ahead_is_dropped_and_closed(
        self, make: Make, until: Until
    ) -> None:
        azure = FakeSpeech()
        azure.fails["open"] = RuntimeError("a secret")
        synthesis, dropped = make(azure, ahead=True)
        await until(lambda: dropped == [synthesis])
        assert (synthesis.usable, azure.last.closed) == (False, True)

    async def test_one_whose_connection_is_closed_while_it_speaks_nothing_is_dropped(
        self, make: Make, until: Until
    ) -> None:
        azure = FakeSpeech()
        synthesis, dropped = make(azure)
        await spoken(synthesis)
        azure.last.post(Disconnected())
        await until(lambda: dropped == [synthesis])
        assert not synthesis.usable

    async def test_one_was_steady_once_its_connection_has_lived_for_a_while(
        self, make: Make, until: Until, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        azure = FakeSpeech()
        synthesis, _ = make(azure, ahead=True)
        await spoken(synthesis)
        steady = [synthesis.was_steady]
        monkeypatch.setattr(_synthesis, "_STEADY_SECONDS", 0.0)
        assert [*steady, synthesis.was_steady] == [False, True]

    async def test_one_without_a_connection_was_not_steady(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_synthesis, "_STEADY_SECONDS", 0.0)
        synthesis, _ = make(FakeSpeech())
        await spoken(synthesis)
        assert not synthesis.was_steady


class TestAbandoning:
    async def test_one_that_is_open_is_closed(self, make: Make) -> None:
        azure = FakeSpeech()
        synthesis, _ = make(azure)
        await spoken(synthesis)
        closing = synthesis.abandon()
        assert closing is not None
        await within(closing)
        assert (azure.last.closed, synthesis.usable) == (True, False)

    async def test_one_that_could_not_be_opened_has_nothing_to_close(self, make: Make) -> None:
        azure = FakeSpeech()
        azure.fails["make"] = RuntimeError()
        synthesis, _ = make(azure)
        await spoken(synthesis)
        assert synthesis.abandon() is None

    async def test_one_that_is_still_being_opened_has_nothing_to_close(self, make: Make) -> None:
        azure = FakeSpeech()
        azure.hold("make")
        synthesis, _ = make(azure)
        assert (synthesis.abandon(), synthesis.usable) == (None, False)


class TestClosing:
    @pytest.mark.parametrize("at", ["open", "connection", "speak", "sound"])
    async def test_a_waiting_text_is_told_of_the_closing(self, open_at: Open, until: Until, at: str) -> None:
        azure = FakeSpeech(SPOKEN[:1])
        azure.connects = at != "connection"
        synthesizers = open_at(azure)
        held = at in ("open", "speak")
        if held:
            azure.hold(at)
        synthesizers.warm()
        synthesis = synthesizers.take()
        speaking = asyncio.create_task(spoken(synthesis))
        reached = {"connection": "open", "sound": "speak"}.get(at, at)
        await until(lambda: azure.synthesizers and reached in azure.last.threads)
        closing = asyncio.create_task(synthesizers.aclose())
        await asyncio.sleep(0.02)
        if held:
            azure.release(at)
        await within(closing)
        with pytest.raises(APIConnectionError, match="closed"):
            await speaking
        assert azure.last.closed
        synthesizers.give_back(synthesis)  # as its speaker does now

    async def test_events_after_closing_are_ignored(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech()
        synthesizers = open_at(azure)
        await spoken(synthesizers.take())
        await synthesizers.aclose()
        azure.last.post(*SPOKEN, Disconnected())
        await until(lambda: azure.last.idle)

    async def test_an_event_that_is_taken_after_closing_is_ignored(self, make: Make) -> None:
        azure = FakeSpeech()
        synthesis, dropped = make(azure)
        await spoken(synthesis)
        azure.last.post(Disconnected())
        while not azure.last.idle:
            time.sleep(0.001)  # noqa: ASYNC251 - the loop must not take it yet
        await synthesis.aclose()
        assert dropped == []

    async def test_one_that_hangs_is_left_behind_with_an_error(
        self, open_at: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(_synthesis, "CLOSE_SECONDS", 0.05)
        azure = FakeSpeech()
        synthesizers = open_at(azure)
        await spoken(synthesizers.take())
        azure.hold("close")
        await within(synthesizers.aclose())
        assert "did not stop within" in caplog.text
        azure.release("close")

    async def test_an_error_in_closing_is_logged_without_its_words(
        self, open_at: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        azure = FakeSpeech()
        azure.fails["close"] = RuntimeError("a secret")
        synthesizers = open_at(azure)
        await spoken(synthesizers.take())
        await synthesizers.aclose()
        assert "did not stop cleanly: RuntimeError" in caplog.text
        assert "a secret" not in caplog.text

    async def test_closing_twice_is_closing_once(self, open_at: Open) -> None:
        synthesis = Synthesis(azure := FakeSpeech(), OPTIONS, lambda _: None)
        await synthesis.aclose()
        await synthesis.aclose()
        assert azure.last.closed
        azure.shut_down()

    async def test_a_second_close_waits_for_the_first(self, open_at: Open, until: Until) -> None:
        azure = FakeSpeech()
        synthesis = open_at(azure).take()
        await spoken(synthesis)
        azure.hold("close")
        first, second = asyncio.create_task(synthesis.aclose()), asyncio.create_task(synthesis.aclose())
        await until(lambda: "close" in azure.last.threads)
        assert {first.done(), second.done()} == {False}
        azure.release("close")
        await within(second)
        assert azure.last.closed
        await within(first)
