"""How long an example goes on while a service does not answer, and what it tells; time is virtual."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from demo.service_watch import Failure, ServiceWatch
from fakes.clock import VirtualLoop, run
from fakes.other import EchoLLM, OtherSTT
from fakes.tts import ToneTTS
from livekit.agents import AgentSession, APIConnectionError, ErrorEvent, llm, stt, tts
from livekit.agents.metrics import STTMetrics


class Watched:
    """The watch of a session, whose services answer and fail as they are told.

    Attributes:
        told: What the watch has told.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self._stt = OtherSTT()
        self._session = AgentSession[None](stt=self._stt, llm=EchoLLM(), tts=ToneTTS(), vad=None)
        self.watch = ServiceWatch(self._session, self.told.append)

    def connects(self) -> None:
        self._measures(acquire_time=0.2)

    def hears(self) -> None:
        self._measures(acquire_time=0.0)

    def fails(
        self, words: str, *, kind: type = stt.STTError, recoverable: bool = True, retryable: bool = True
    ) -> None:
        cause = APIConnectionError(words, retryable=retryable)
        error = kind(timestamp=time.time(), label="", error=cause, recoverable=recoverable)
        self._session.emit("error", ErrorEvent(error=error, source=self._stt))

    async def until_given_up(self) -> tuple[float, str]:
        """After how many seconds, and with which words."""
        began_at = asyncio.get_running_loop().time()
        try:
            while True:
                await self.watch.until_next_check()
        except Failure as failure:
            return asyncio.get_running_loop().time() - began_at, str(failure)

    def _measures(self, *, acquire_time: float) -> None:
        metrics = STTMetrics(
            label="",
            request_id="",
            timestamp=time.time(),
            duration=0.0,
            audio_duration=1.0,
            streamed=True,
            acquire_time=acquire_time,
        )
        self._stt.emit("metrics_collected", metrics)


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


def test_a_first_connection_that_does_not_come_ends_it_within_ten_seconds(loop: VirtualLoop) -> None:
    async def main() -> None:
        seconds, words = await Watched().until_given_up()
        assert seconds == pytest.approx(10.0, abs=0.2)
        assert words == "Azure Speech does not answer"

    run(loop, main())


def test_the_watch_ends_with_the_last_error(loop: VirtualLoop) -> None:
    async def main() -> None:
        watched = Watched()
        watched.fails("no route")
        watched.fails("no answer")
        assert (await watched.until_given_up())[1] == "no answer"
        assert watched.told == ["no route (trying again)", "no answer (trying again)"]

    run(loop, main())


@pytest.mark.parametrize("kind", [stt.STTError, llm.LLMError, tts.TTSError])
def test_a_service_that_has_answered_may_be_away_for_a_minute(loop: VirtualLoop, kind: type) -> None:
    async def main() -> None:
        watched = Watched()
        watched.connects()
        watched.fails("away", kind=kind)
        await asyncio.sleep(30)
        watched.fails("still away", kind=kind)
        seconds, words = await watched.until_given_up()
        assert seconds == pytest.approx(30.0, abs=0.2)
        assert words == "still away"

    run(loop, main())


def test_a_service_that_comes_back_has_a_whole_minute_again(loop: VirtualLoop) -> None:
    async def main() -> None:
        watched = Watched()
        watched.connects()
        watched.fails("away")
        await asyncio.sleep(50)
        watched.connects()
        assert watched.watch.all_answer
        watched.fails("away again")
        seconds, _ = await watched.until_given_up()
        assert seconds == pytest.approx(60.0, abs=0.2)

    run(loop, main())


def test_audio_that_is_sent_is_no_answer(loop: VirtualLoop) -> None:
    async def main() -> None:
        watched = Watched()
        watched.hears()
        assert not watched.watch.all_answer
        watched.connects()
        assert watched.watch.all_answer

    run(loop, main())


def test_an_error_that_cannot_be_recovered_from_ends_it_at_once(loop: VirtualLoop) -> None:
    async def main() -> None:
        watched = Watched()
        watched.fails("refused", recoverable=False)
        with pytest.raises(Failure, match="refused"):
            watched.watch.check()
        assert watched.told == []

    run(loop, main())


def test_a_single_loss_is_reported_and_is_no_trouble(loop: VirtualLoop) -> None:
    async def main() -> None:
        watched = Watched()
        watched.connects()
        watched.fails("one voice is lost", retryable=False)
        assert watched.watch.all_answer
        assert watched.told == ["one voice is lost"]

    run(loop, main())
