from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from fakes.azure import heard
from fakes.limits import LIMIT_SECONDS, within
from fakes.recognizer import FakeService
from livekit.agents import APIConnectionError, APITimeoutError

from livekit_plugins_azure_interpreter._sdk import connection as _connection
from livekit_plugins_azure_interpreter._sdk.connection import Connection, Recognizer
from livekit_plugins_azure_interpreter._sdk.events import (
    CALLBACK_FAILED,
    LANGUAGES_REFUSED,
    PLACE_LOST,
    TIMED_OUT,
    Connected,
    Disconnected,
    Event,
    Failed,
    Finished,
    MessageReceived,
    Recognized,
    TurnEnded,
    WordsRecognized,
)
from livekit_plugins_azure_interpreter._sdk.watchdog import Watchdog
from livekit_plugins_azure_interpreter.credentials import Credentials, TokenError
from livekit_plugins_azure_interpreter.options import Options

Until = Callable[[Callable[[], object]], Awaitable[None]]

OPTIONS = Options(
    credentials=Credentials(endpoint="wss://example.com", key="a-key"), target_languages=("fr",)
)

_SECOND = bytes(32000)


def connect(service: FakeService, connect_seconds: float = LIMIT_SECONDS) -> Connection:
    return Connection(service, OPTIONS, connect_seconds=connect_seconds)


async def all_of(connection: Connection) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for event in connection]

    return await within(collect())


class TestEvents:
    async def test_events_come_in_order_up_to_finished(self, service: FakeService) -> None:
        async with connect(service) as connection:
            service.last.post(heard("un"), heard("deux"), Finished(), heard("trois"))
            assert await all_of(connection) == [Connected(), heard("un"), heard("deux"), Finished()]

    async def test_a_failure_is_the_last_event(self, service: FakeService) -> None:
        failed = Failed("ServiceError", "it broke")
        async with connect(service) as connection:
            service.last.post(failed, Finished())
            assert await all_of(connection) == [Connected(), failed]

    async def test_one_that_cannot_be_taken_is_a_failure(
        self, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def raise_what_was_said(_: Watchdog) -> None:
            raise ValueError("what was said")

        async with connect(service) as connection:
            monkeypatch.setattr(Watchdog, "answered", raise_what_was_said)
            service.last.post(heard("un"))
            assert await all_of(connection) == [
                Connected(),
                heard("un"),
                Failed(CALLBACK_FAILED, "ValueError"),
            ]

    async def test_one_came_when_it_was_reported_even_if_the_loop_was_blocked(
        self, service: FakeService, until: Until
    ) -> None:
        async with connect(service) as connection:
            await until(lambda: connection.is_behind)
            service.last.post(Finished())
            time.sleep(0.1)  # noqa: ASYNC251 - the loop is blocked
            unblocked_at = asyncio.get_running_loop().time()
            assert await all_of(connection) == [Connected(), Finished()]
            assert not connection.is_behind
            assert connection.received_at < unblocked_at - 0.05

    async def test_events_of_the_constructor_are_not_lost(self, service: FakeService) -> None:
        def open_early(options: Options, post: Callable[[Event], None]) -> Recognizer:
            post(Disconnected())
            return service(options, post)

        async with Connection(open_early, OPTIONS, connect_seconds=LIMIT_SECONDS) as connection:
            service.last.post(Finished())
            assert await all_of(connection) == [Disconnected(), Connected(), Finished()]

    async def test_events_posted_after_closing_are_ignored(self, service: FakeService, until: Until) -> None:
        async with connect(service) as connection:
            await until(lambda: connection.is_behind)  # Connected
        service.last.post(heard("late"), Finished())
        await until(lambda: service.last.idle)
        await asyncio.sleep(0)  # the loop runs what the thread handed it
        assert not connection.answered

    async def test_events_handed_to_the_loop_before_closing_and_taken_later_are_ignored(
        self, service: FakeService
    ) -> None:
        async with connect(service) as connection:
            service.last.post(heard("late"))
            while not service.last.idle:
                time.sleep(0.001)  # noqa: ASYNC251 - the loop is blocked, so it has not taken the event
            await connection.aclose()
            assert not connection.answered

    async def test_a_thread_that_reports_after_the_loop_is_closed_survives(self) -> None:
        service = FakeService()

        def run_a_loop() -> None:
            async def live() -> None:
                await connect(service).__aenter__()

            asyncio.run(live())
            service.last.post(heard("late"), heard("later"))
            service.shut_down()

        await asyncio.to_thread(run_a_loop)
        assert service.last.idle


class TestWordsAlone:
    _WORDS = heard("un").phrase

    async def test_words_wait_for_their_translation(self, service: FakeService) -> None:
        async with connect(service) as connection:
            service.last.post(WordsRecognized(self._WORDS), heard("un"), TurnEnded(), Finished())
            assert await all_of(connection) == [Connected(), heard("un"), Finished()]

    async def test_words_wait_no_longer_than_a_translation_takes(
        self, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_connection, "_TRANSLATION_SECONDS", 0.02)
        async with connect(service) as connection:
            service.last.post(WordsRecognized(self._WORDS))
            events = aiter(connection)
            assert await within(anext(events)) == Connected()
            assert await within(anext(events)) == Recognized(self._WORDS)


class TestOpening:
    async def test_the_recognizer_is_made_and_started_in_one_thread_that_is_not_the_loops(
        self, service: FakeService
    ) -> None:
        async with connect(service):
            threads = service.last.threads
        assert threads["make"] is threads["start"]
        assert threads["make"] is not threading.current_thread()
        assert threads["make"].daemon

    async def test_the_loop_goes_on_while_it_blocks(self, service: FakeService, until: Until) -> None:
        service.hold("start")
        opening = asyncio.ensure_future(connect(service).__aenter__())
        await until(lambda: service.entered == ["make", "start"])
        assert not opening.done()
        service.release("start")
        connection = await within(opening)
        await connection.aclose()

    async def test_an_error_of_the_constructor_is_raised(self, service: FakeService) -> None:
        service.refuses = RuntimeError("a malformed endpoint")
        with pytest.raises(RuntimeError, match="a malformed endpoint"):
            await connect(service).__aenter__()

    async def test_one_that_does_not_start_is_closed(self, service: FakeService) -> None:
        service.start_fails = RuntimeError("it did not start")
        with pytest.raises(RuntimeError, match="it did not start"):
            await connect(service).__aenter__()
        assert service.last.closed

    async def test_one_that_blocks_for_ever_is_a_timeout_and_is_closed_when_it_is_open(
        self, service: FakeService, until: Until, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_connection, "CLOSE_SECONDS", 0.02)
        service.hold("start")
        with pytest.raises(APITimeoutError, match="could not be reached"):
            await within(connect(service, 0.02).__aenter__())
        service.release("start")
        await until(lambda: service.recognizers and service.last.closed)

    async def test_a_cancelled_one_is_closed(self, service: FakeService, until: Until) -> None:
        service.hold("start")
        opening = asyncio.ensure_future(connect(service).__aenter__())
        await until(lambda: "start" in service.entered)
        opening.cancel()
        asyncio.get_running_loop().call_soon(service.release, "start")
        with pytest.raises(asyncio.CancelledError):
            await within(opening)
        assert service.last.closed

    async def test_a_connection_that_does_not_come_is_a_failure(self, service: FakeService) -> None:
        service.replies = [[]]
        async with connect(service, 0.02) as connection:
            (failed,) = await all_of(connection)
        assert isinstance(failed, Failed)
        assert failed.code == TIMED_OUT
        assert "could not be reached" in failed.details

    async def test_the_failure_tells_the_whole_limit_however_late_the_loop_is(
        self, service: FakeService
    ) -> None:
        service.replies = [[]]

        def open_late(options: Options, post: Callable[[Event], None]) -> Recognizer:
            loop.call_soon_threadsafe(time.sleep, 0.15)
            return service(options, post)

        loop = asyncio.get_running_loop()
        async with Connection(open_late, OPTIONS, connect_seconds=0.1) as connection:
            (failed,) = await all_of(connection)
        assert failed == Failed(TIMED_OUT, "Azure Speech could not be reached within 0.1 s")

    async def test_a_connection_that_came_while_the_loop_was_blocked_is_no_failure(
        self, service: FakeService
    ) -> None:
        service.replies = [[]]
        async with connect(service, 0.1) as connection:
            service.last.post(Connected())
            time.sleep(0.2)  # noqa: ASYNC251 - a blocked loop
            service.last.post(Finished())
            assert await all_of(connection) == [Connected(), Finished()]

    async def test_the_end_of_the_audio_does_not_prolong_it(self, service: FakeService) -> None:
        service.replies, service.finishes = [[]], False
        async with connect(service, 0.02) as connection:
            connection.write(bytes(32000))
            connection.end_audio()
            (failed,) = await all_of(connection)
        assert isinstance(failed, Failed)
        assert "could not be reached" in failed.details

    async def test_a_connection_ends_its_limit(self, service: FakeService, until: Until) -> None:
        async with connect(service, 0.05) as connection:
            await until(lambda: connection.is_behind)  # Connected
            await asyncio.sleep(0.1)
            service.last.post(Finished())
            assert await all_of(connection) == [Connected(), Finished()]


class TestAudio:
    async def test_audio_reaches_the_recognizer_in_order(self, service: FakeService) -> None:
        async with connect(service) as connection:
            connection.write(b"\x01\x02")
            connection.write(b"\x03\x04")
            assert service.last.written == b"\x01\x02\x03\x04"
            assert not service.last.audio_ended
            connection.end_audio()
            assert service.last.audio_ended

    async def test_audio_goes_nowhere_after_closing(self, service: FakeService) -> None:
        async with connect(service) as connection:
            pass
        connection.write(b"\x01\x02")
        connection.end_audio()
        assert not service.last.written
        assert not service.last.audio_ended


class TestCommit:
    @pytest.fixture
    async def connection(self, service: FakeService) -> AsyncIterator[Connection]:
        options = replace(OPTIONS, manual_flush=True)
        async with Connection(service, options, connect_seconds=LIMIT_SECONDS) as connection:
            yield connection

    async def test_a_commit_comes_after_the_audio_before_it(
        self, service: FakeService, connection: Connection
    ) -> None:
        connection.write(_SECOND)
        await within(connection.commit())
        connection.write(_SECOND)
        assert service.last.commits == [len(_SECOND)]

    async def test_audio_is_uncommitted_until_it_is_committed(self, connection: Connection) -> None:
        for _ in range(2):
            connection.write(_SECOND)
        assert connection.uncommitted_bytes == 2 * len(_SECOND)
        await within(connection.commit())
        connection.write(_SECOND)
        assert connection.uncommitted_bytes == len(_SECOND)

    async def test_a_commit_that_the_sdk_would_drop_commits_nothing(self, connection: Connection) -> None:
        connection.write(_SECOND[:640])
        await within(connection.commit())
        assert connection.uncommitted_bytes == 640

    async def test_a_commit_is_none_unless_the_options_say_so(self, service: FakeService) -> None:
        async with connect(service) as connection:
            connection.write(_SECOND)
            await within(connection.commit())
        assert service.last.commits == []

    async def test_a_commit_goes_nowhere_after_closing(
        self, service: FakeService, connection: Connection
    ) -> None:
        connection.write(_SECOND)
        await connection.aclose()
        await within(connection.commit())
        assert service.last.commits == []


class TestLanguages:
    _OTHER = replace(OPTIONS, target_languages=("fr", "de"), spoken_languages=("fr", "de"))

    async def test_other_languages_reach_the_recognizer_in_a_thread_that_is_not_the_loops(
        self, service: FakeService
    ) -> None:
        async with connect(service) as connection:
            assert connection.sees_messages
            await connection.change_languages(self._OTHER)
            assert service.last.options == self._OTHER
            assert service.last.threads["languages"] is not threading.current_thread()

    async def test_languages_that_the_sdk_refuses_are_a_failure_without_its_words(
        self, service: FakeService
    ) -> None:
        service.languages_refused = RuntimeError("a secret")
        async with connect(service) as connection:
            await connection.change_languages(self._OTHER)
            failed = (await all_of(connection))[-1]
        details = "the Azure Speech SDK did not take other languages (RuntimeError)"
        assert failed == Failed(LANGUAGES_REFUSED, details)

    async def test_languages_that_the_sdk_does_not_take_in_time_are_a_failure(
        self, service: FakeService
    ) -> None:
        async with connect(service, connect_seconds=1.0) as connection:
            assert await within(anext(aiter(connection))) == Connected()
            service.hold("languages")
            await connection.change_languages(self._OTHER)
            service.release("languages")
            failed = (await all_of(connection))[-1]
        assert isinstance(failed, Failed)
        assert (failed.code, "did not take other languages" in failed.details) == (TIMED_OUT, True)

    async def test_languages_go_nowhere_after_closing(self, service: FakeService) -> None:
        async with connect(service) as connection:
            pass
        await connection.change_languages(self._OTHER)
        assert service.last.options == OPTIONS
        assert not connection.sees_messages


class TestSetVoices:
    _OTHER = replace(OPTIONS, voice="fr-FR-DeniseNeural")

    async def test_other_voices_reach_the_recognizer_in_a_thread_that_is_not_the_loops(
        self, service: FakeService, until: Until
    ) -> None:
        async with connect(service) as connection:
            connection.set_voices(self._OTHER)
            await until(lambda: service.last.next_voices == {"fr": "fr-FR-DeniseNeural"})
            assert service.last.threads["voices"] is not threading.current_thread()

    async def test_a_recognizer_that_still_opens_gets_them_when_it_has(
        self, service: FakeService, until: Until
    ) -> None:
        service.hold("start")
        connection = connect(service)
        opening = asyncio.create_task(connection.__aenter__())
        await until(lambda: service.recognizers)
        connection.set_voices(self._OTHER)
        service.release("start")
        await within(opening)
        await until(lambda: service.last.next_voices == {"fr": "fr-FR-DeniseNeural"})
        await connection.aclose()


class TestDraining:
    async def test_silence_after_the_end_of_the_audio_is_a_failure(
        self, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_connection, "_DRAIN_SECONDS", 0.05)
        service.finishes = False
        async with connect(service) as connection:
            connection.end_audio()
            connected, failed = await all_of(connection)
        assert connected == Connected()
        assert isinstance(failed, Failed)
        assert failed.code == TIMED_OUT
        assert "did not answer after the end of the audio" in failed.details

    async def test_draining_goes_on_as_long_as_it_progresses(
        self, service: FakeService, until: Until, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_connection, "_DRAIN_SECONDS", 2.0)
        service.finishes = False
        async with connect(service) as connection:
            collecting = asyncio.ensure_future(all_of(connection))
            await until(lambda: connection._connected)
            connection.end_audio()
            first = connection._watchdog
            service.last.post(heard("un"))
            await until(lambda: connection._watchdog is not first)
            assert first is not None
            assert first.cancelled()
            service.last.post(Finished())
            assert (await collecting)[-1] == Finished()

    async def test_audio_that_was_written_faster_than_it_is_spoken_has_its_time(
        self, service: FakeService, until: Until, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_connection, "_DRAIN_SECONDS", 0.05)
        service.finishes = False
        loop = asyncio.get_running_loop()
        async with connect(service) as connection:
            await until(lambda: connection.is_behind)  # Connected
            began_at = loop.time()
            connection.write(bytes(16000))
            connection.end_audio()
            _, failed = await all_of(connection)
            assert isinstance(failed, Failed)
            assert loop.time() - began_at > 0.4


class TestClosing:
    async def test_closing_is_done_in_a_thread_that_is_not_the_loops(self, service: FakeService) -> None:
        async with connect(service):
            pass
        assert service.last.closed
        assert service.last.threads["close"] is not threading.current_thread()

    async def test_closing_again_does_nothing(self, service: FakeService) -> None:
        async with connect(service) as connection:
            await connection.aclose()
            await connection.aclose()
        assert service.entered.count("close") == 1

    async def test_a_second_close_waits_for_the_first(self, service: FakeService, until: Until) -> None:
        connection = await connect(service).__aenter__()
        service.hold("close")
        first, second = asyncio.create_task(connection.aclose()), asyncio.create_task(connection.aclose())
        await until(lambda: "close" in service.entered)
        assert {first.done(), second.done()} == {False}
        service.release("close")
        await within(second)
        assert service.last.closed
        await within(first)

    async def test_a_close_that_is_cancelled_ends_with_the_recognizer_all_the_same(
        self, service: FakeService, until: Until
    ) -> None:
        connection = await connect(service).__aenter__()
        service.hold("close")
        closing = asyncio.create_task(connection.aclose())
        await until(lambda: "close" in service.entered)
        closing.cancel()
        await asyncio.wait({closing}, timeout=0)
        service.release("close")
        with pytest.raises(asyncio.CancelledError):
            await within(closing)
        assert service.last.closed

    async def test_closing_before_opening_does_nothing(self, service: FakeService) -> None:
        await connect(service).aclose()
        assert not service.entered

    async def test_closing_during_opening_waits_for_the_recognizer_and_closes_it(
        self, service: FakeService, until: Until
    ) -> None:
        service.hold("start")
        connection = connect(service)
        opening = asyncio.ensure_future(connection.__aenter__())
        await until(lambda: "start" in service.entered)
        closing = asyncio.ensure_future(connection.aclose())
        await asyncio.sleep(0)  # closing has begun
        service.release("start")
        await within(closing)
        assert service.last.closed
        with pytest.raises(RuntimeError, match="closed while it was opening"):
            await within(opening)
        connection.write(b"\x01\x02")
        assert not service.last.written

    async def test_one_that_hangs_is_left_behind_with_an_error(
        self, service: FakeService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(_connection, "CLOSE_SECONDS", 0.02)
        connection = await connect(service).__aenter__()
        service.hold("close")
        with caplog.at_level(logging.ERROR):
            await within(connection.aclose())
        assert "did not stop within" in caplog.text

    async def test_one_that_fails_is_logged_without_its_words(
        self, service: FakeService, caplog: pytest.LogCaptureFixture
    ) -> None:
        service.close_fails = RuntimeError("wss://example.com?key=secret")
        async with connect(service):
            pass
        assert "did not stop cleanly: RuntimeError" in caplog.text
        assert "secret" not in caplog.text


SPEECH = (1000).to_bytes(2, "little") * 320
SPEECH_POWER = 1000.0**2
SILENCE = bytes(640)


class TestDeadPeer:
    def connect(self, service: FakeService, options: Options = OPTIONS, **changes: Any) -> Connection:
        arguments = {"connect_seconds": LIMIT_SECONDS, "peer_timeout_seconds": 0.05, **changes}
        return Connection(service, options, **arguments)

    async def test_speech_that_nothing_answers_is_a_failure(self, service: FakeService) -> None:
        async with self.connect(service) as connection:
            await anext(aiter(connection))
            connection.write(SPEECH, SPEECH_POWER)
            assert (await all_of(connection))[-1] == Failed(
                TIMED_OUT, "Azure Speech did not answer to speech within 0.1 s"
            )
            assert not connection.answered

    async def test_silence_needs_no_answer(self, service: FakeService) -> None:
        async with self.connect(service) as connection:
            await anext(aiter(connection))
            connection.write(SILENCE)
            await asyncio.sleep(0.15)
            service.last.post(Finished())
            assert await all_of(connection) == [Finished()]

    async def test_speech_that_turns_out_to_be_noise_needs_no_answer(self, service: FakeService) -> None:
        async with self.connect(service, is_noise=lambda power: power <= SPEECH_POWER) as connection:
            await anext(aiter(connection))
            connection.write(SPEECH, SPEECH_POWER)
            await asyncio.sleep(0.15)
            service.last.post(Finished())
            assert await all_of(connection) == [Finished()]

    async def test_speech_over_noise_needs_one(self, service: FakeService) -> None:
        async with self.connect(service, is_noise=lambda power: power <= SPEECH_POWER) as connection:
            await anext(aiter(connection))
            connection.write(SPEECH, SPEECH_POWER)
            connection.write(SPEECH, 16 * SPEECH_POWER)
            assert isinstance((await all_of(connection))[-1], Failed)

    @pytest.mark.parametrize("answer", [MessageReceived(), heard("un")], ids=["any message", "a result"])
    async def test_an_answer_ends_the_wait(self, service: FakeService, until: Until, answer: Event) -> None:
        async with self.connect(service, peer_timeout_seconds=0.3) as connection:
            await anext(aiter(connection))
            connection.write(SPEECH, SPEECH_POWER)
            service.last.post(answer)
            await until(lambda: connection.answered)
            await asyncio.sleep(0.4)
            service.last.post(Finished())
            assert Failed not in map(type, await all_of(connection))

    async def test_messages_are_not_told_to_the_stream(self, service: FakeService) -> None:
        async with self.connect(service) as connection:
            service.last.post(MessageReceived(), Finished())
            assert await all_of(connection) == [Connected(), Finished()]

    async def test_a_reconnect_begins_the_wait_anew(self, service: FakeService, until: Until) -> None:
        async with self.connect(service, peer_timeout_seconds=0.2) as connection:
            events = aiter(connection)
            await anext(events)
            connection.write(SPEECH, SPEECH_POWER)
            service.last.post(Disconnected())
            await anext(events)
            await asyncio.sleep(0.3)
            service.last.post(Connected())
            assert await anext(events) == Connected()
            assert isinstance(await within(anext(events)), Failed)

    async def test_the_peer_has_the_time_of_the_longest_utterance_if_messages_cannot_be_seen(
        self, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_connection, "_AFTER_SEGMENT_SECONDS", -19.9)
        service.sees_messages = False
        options = replace(OPTIONS, segmentation_max_time_ms=20000)
        async with self.connect(service, options, peer_timeout_seconds=1000) as connection:
            await anext(aiter(connection))
            connection.write(SPEECH, SPEECH_POWER)
            assert isinstance((await all_of(connection))[-1], Failed)


class TestHaste:
    async def test_every_connection_sends_at_once(self, service: FakeService, until: Until) -> None:
        async with connect(service):
            await until(lambda: service.last.hastened == 1)
            service.last.post(Disconnected(), Connected())
            await until(lambda: service.last.hastened == 2)
            assert service.last.threads["hasten"] is not threading.main_thread()

    async def test_a_connection_that_is_open_before_the_recognizer_starts_sends_at_once_too(
        self, service: FakeService, until: Until
    ) -> None:
        service.hold("start")
        service.replies = [[Connected()]]
        opening = asyncio.create_task(connect(service).__aenter__())
        await until(lambda: "start" in service.entered)
        service.last.post(Connected())
        await until(lambda: service.last.idle)
        service.replies = [[]]
        service.release("start")
        async with await opening:
            await until(lambda: service.last.hastened == 1)


class TestRenewal:
    OPTIONS = replace(
        OPTIONS, credentials=Credentials(endpoint="wss://example.com", auth_token=lambda: "a-token")
    )

    async def test_a_lost_connection_renews_a_renewable_token(
        self, service: FakeService, until: Until
    ) -> None:
        async with Connection(service, self.OPTIONS, connect_seconds=LIMIT_SECONDS):
            service.last.post(Connected(), Disconnected())
            await until(lambda: service.last.renewals == 1)
            assert service.last.threads["renew"] is not threading.main_thread()

    async def test_a_key_is_never_renewed(self, service: FakeService, until: Until) -> None:
        async with connect(service) as connection:
            events = aiter(connection)
            service.last.post(Connected(), Disconnected())
            while not isinstance(await anext(events), Disconnected):
                pass
            assert service.last.renewals == 0

    async def test_a_renewal_that_fails_is_a_warning(
        self, service: FakeService, until: Until, caplog: pytest.LogCaptureFixture
    ) -> None:
        service.renewal_fails = TokenError("speech_auth_token() raised OSError")
        async with Connection(service, self.OPTIONS, connect_seconds=LIMIT_SECONDS):
            service.last.post(Connected(), Disconnected())
            await until(lambda: "not renewed: speech_auth_token() raised OSError" in caplog.text)

    async def test_a_renewal_that_fails_after_closing_is_no_warning(
        self, service: FakeService, until: Until, caplog: pytest.LogCaptureFixture
    ) -> None:
        service.renewal_fails = TokenError("speech_auth_token() raised OSError")
        service.hold("renew")
        async with Connection(service, self.OPTIONS, connect_seconds=LIMIT_SECONDS):
            service.last.post(Connected(), Disconnected())
            await until(lambda: "renew" in service.entered)
        renewing = service.last.threads["renew"]
        service.release("renew")
        await until(lambda: not renewing.is_alive())
        await asyncio.sleep(0)  # what the thread has posted is taken
        assert "not renewed" not in caplog.text

    async def test_no_token_to_begin_with_is_an_error_that_is_retried(self, service: FakeService) -> None:
        service.refuses = TokenError("speech_auth_token() raised OSError")
        with pytest.raises(APIConnectionError, match="raised OSError") as raised:
            await connect(service).__aenter__()
        assert raised.value.retryable


class _FakePlace:
    """A place at a resource, and what it was told."""

    def __init__(self, *, has_alternative: bool = False) -> None:
        self.credentials = Credentials(endpoint="wss://resource", key="its-key")
        self.has_alternative = has_alternative
        self.told: list[str] = []
        self.lost: Callable[[], None] = lambda: None

    def on_lost(self, lost: Callable[[], None]) -> None:
        self.lost = lost

    def served(self) -> None:
        self.told.append("served")

    def failed(self) -> None:
        self.told.append("failed")

    def release(self) -> None:
        self.told.append("released")

    async def take(self) -> _FakePlace:
        return self


def connect_at(service: FakeService, place: _FakePlace, connect_seconds: float = LIMIT_SECONDS) -> Connection:
    return Connection(service, OPTIONS, connect_seconds=connect_seconds, take_place=place.take)


class TestPlaces:
    async def test_a_connection_has_the_credentials_of_its_place_until_it_has_closed(
        self, service: FakeService
    ) -> None:
        place = _FakePlace()
        async with connect_at(service, place) as connection:
            assert service.last.options.credentials.key == "its-key"
            assert not connection.is_renewable
            assert place.told == []
        assert place.told == ["released"]

    async def test_a_place_is_told_once_that_the_service_answers(self, service: FakeService) -> None:
        place = _FakePlace()
        async with connect_at(service, place) as connection:
            service.last.post(heard("un"), heard("deux"), Finished())
            await all_of(connection)
        assert place.told == ["served", "released"]

    @pytest.mark.parametrize(("code", "told"), [("ServiceError", ["failed"]), (CALLBACK_FAILED, [])])
    async def test_a_place_is_told_of_a_failure_of_the_service(
        self, service: FakeService, code: str, told: list[str]
    ) -> None:
        place = _FakePlace()
        async with connect_at(service, place) as connection:
            service.last.post(Failed(code, "it broke"))
            await all_of(connection)
        assert place.told == [*told, "released"]

    async def test_a_place_that_cannot_be_reached_is_given_back(self, service: FakeService) -> None:
        place = _FakePlace()
        service.hold("make")
        with pytest.raises(APITimeoutError):
            await within(connect_at(service, place, 0.01).__aenter__())
        service.release("make")
        assert place.told == ["failed", "released"]

    async def test_another_resource_shortens_the_time_to_connect(self, service: FakeService) -> None:
        place = _FakePlace(has_alternative=True)
        options = replace(OPTIONS, reconnect_seconds=8.0)
        async with Connection(service, options, connect_seconds=9.0, take_place=place.take):
            assert service.last.options.reconnect_seconds == 1.0

    async def test_a_place_that_is_lost_ends_the_connection(self, service: FakeService) -> None:
        place = _FakePlace()
        async with connect_at(service, place) as connection:
            place.lost()
            assert (await all_of(connection))[-1] == Failed(PLACE_LOST, "")
        assert place.told == ["released"]

    async def test_a_place_that_cannot_be_had_is_an_error(self, service: FakeService) -> None:
        async def take() -> _FakePlace:
            raise APITimeoutError("none is free")

        with pytest.raises(APITimeoutError, match="none is free"):
            await Connection(service, OPTIONS, connect_seconds=9.0, take_place=take).__aenter__()
