from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.clock import VirtualLoop, run
from fakes.record import MEETING, MemoryRecord, utterance

from livekit_plugins_azure_interpreter.record import Claim, Corrected, Ended, Entry, Joined, Started
from livekit_plugins_azure_interpreter.record import webhook_delivery as _webhook_delivery
from livekit_plugins_azure_interpreter.record.webhook_backlog import Backlog
from livekit_plugins_azure_interpreter.record.webhook_call import Answer, Post
from livekit_plugins_azure_interpreter.record.webhook_delivery import Delivery, Limits, Tally
from livekit_plugins_azure_interpreter.record.webhook_messages import EVENTS, Message

FAILED, REFUSED, GONE = (
    Answer("failed", "HTTP 500"),
    Answer("refused", "HTTP 400"),
    Answer("gone", "HTTP 410"),
)
ENDED = Ended(id="end", meeting=MEETING, at=1000.0)


class Receiver:
    """Answers as a test wants; without an answer it delivers."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.got: list[Message] = []
        self.tries: list[str] = []
        self.takes_seconds = 0.0

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Post]:
        yield self._post

    @property
    def numbers(self) -> list[int]:
        return [json.loads(one.body)["data"]["number"] for one in self.got]

    async def _post(self, message: Message) -> Answer:
        self.tries.append(message.id)
        await asyncio.sleep(self.takes_seconds)
        answer = self.answers.pop(0) if self.answers else Answer("delivered")
        if answer.means == "delivered":
            self.got.append(message)
        return answer


class Scene:
    """A meeting whose record is kept, and one that delivers it."""

    def __init__(self) -> None:
        self.record, self.receiver, self.tally = MemoryRecord(), Receiver(), Tally("example.com")
        self.record.deliver_to("receiver")
        self.limits = Limits(EVENTS, 3600.0, 7200.0, 10_000)
        self.tasks: list[asyncio.Task[None]] = []

    @property
    def delivered(self) -> int:
        return self.record.delivered["receiver", MEETING]

    def delivery(self, holder: str = "mine", **options: Any) -> Delivery:
        backlog = Backlog(self.record, Claim("receiver", MEETING, holder))
        delivery = Delivery(backlog, self.receiver, self.limits, self.tally, **options)  # type: ignore[arg-type]
        self.tasks.append(asyncio.create_task(delivery.run()))
        return delivery

    async def keep(self, *entries: Entry) -> None:
        await self.record.append(entries)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Scene], Awaitable[None]]], None]:
    """Run a test in virtual time, which begins at 1000 as the meeting does."""

    def play(test: Callable[[Scene], Awaitable[None]]) -> None:
        loop = VirtualLoop()
        monkeypatch.setattr(_webhook_delivery, "time", SimpleNamespace(time=loop.time))
        monkeypatch.setattr(asyncio, "to_thread", _at_once)  # virtual time does not wait for threads

        async def held() -> None:
            scene = Scene()
            await test(scene)
            for task in scene.tasks:
                task.cancel()
            await asyncio.gather(*scene.tasks, return_exceptions=True)

        run(loop, held())

    return play


async def _at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


Play = Callable[[Callable[[Scene], Awaitable[None]]], None]


def test_a_meeting_is_delivered_in_order_until_its_end(play: Play) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(Started(id="start", meeting=MEETING, at=1000.0), utterance(1))
        delivery = scene.delivery()
        await delivery.until_idle()
        assert scene.receiver.numbers == [1, 2]
        await scene.keep(utterance(2), Joined(id="j", meeting=MEETING, at=1000.0), ENDED)
        delivery.tell()
        await delivery.until_idle()
        assert scene.receiver.numbers == [1, 2, 3, 5]
        await asyncio.gather(*scene.tasks)
        assert (scene.tally.delivered, scene.tally.dropped, scene.delivered) == (4, 0, 5)
        assert await scene.record.unfinished("receiver") == []

    play(test)


def test_a_long_meeting_is_delivered_with_each_correction(play: Play) -> None:
    async def test(scene: Scene) -> None:
        for number in range(300):
            said = utterance(number)
            frame = {"meeting": MEETING, "at": said.at, "utterance": said.id, "language": "fr"}
            await scene.keep(said, Corrected(id=f"c{number}", text=f"bon {number}", **frame))
        await scene.delivery().until_idle()
        texts = [json.loads(one.body)["data"]["translations"]["fr"] for one in scene.receiver.got]
        assert texts == [f"bon {number}" for number in range(300)]

    play(test)


def test_a_meeting_waits_for_an_event_that_fails(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(utterance(1), utterance(2))
        scene.receiver.answers = [FAILED] * 5
        began = asyncio.get_running_loop().time()
        await scene.delivery().until_idle()
        assert scene.receiver.numbers == [1, 2]
        assert len({*scene.receiver.tries}) == 2
        assert len(scene.receiver.tries) == 7
        assert 15.5 <= asyncio.get_running_loop().time() - began <= 31

    caplog.set_level(logging.INFO)
    play(test)
    told = [one.getMessage() for one in caplog.records if one.name.startswith("livekit.plugins")]
    assert told == [
        "a webhook to example.com failed, and is tried again: HTTP 500",
        "webhooks reach example.com again",
    ]


def test_a_meeting_is_held_while_an_event_fails_for_long(play: Play) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(utterance(1))
        scene.receiver.answers = [FAILED] * 20 + [Answer("failed", "HTTP 503", 600.0)]
        delivery = scene.delivery()
        for _ in range(1500):
            await asyncio.sleep(1.0)
            assert await scene.record.unfinished("receiver") == []
        await delivery.until_idle()
        assert scene.receiver.numbers == [1]

    play(test)


def test_a_quiet_meeting_is_held(play: Play) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(utterance(1))
        scene.delivery()
        for _ in range(300):
            await asyncio.sleep(1.0)
            assert await scene.record.unfinished("receiver") == []

    play(test)


def test_utterances_that_are_too_old_are_dropped_but_not_the_end(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(Started(id="start", meeting=MEETING, at=1000.0), utterance(1), utterance(2), ENDED)
        await asyncio.sleep(4000)
        await scene.delivery().until_idle()
        assert scene.receiver.numbers == [1, 4]
        assert scene.tally.dropped == 2

    play(test)
    assert caplog.text.count("webhooks to example.com are dropped") == 1


def test_an_event_is_dropped_once_it_was_tried_for_long(play: Play) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(utterance(1), ENDED)
        scene.receiver.answers = [FAILED] * 10_000
        await scene.delivery().until_idle()
        assert (scene.receiver.got, scene.tally.dropped) == ([], 2)
        assert 3600 + 3600 <= asyncio.get_running_loop().time() - 1000 <= 7200 + 61

    play(test)


def test_an_event_that_is_refused_again_and_again_does_not_hold_up_the_others(play: Play) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(utterance(1), utterance(2))
        scene.receiver.answers = [REFUSED] * 5
        await scene.delivery().until_idle()
        assert (scene.receiver.numbers, scene.tally.dropped) == ([2], 1)

    play(test)


def test_the_end_is_tried_however_often_it_is_refused(play: Play) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(ENDED)
        scene.receiver.answers = [REFUSED] * 20
        await scene.delivery().until_idle()
        assert (scene.receiver.numbers, scene.tally.dropped) == ([1], 0)

    play(test)


def test_a_receiver_that_is_gone_gets_nothing_more(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(utterance(1), utterance(2), ENDED)
        scene.receiver.answers = [GONE]
        await scene.delivery().until_idle()
        await asyncio.gather(*scene.tasks)
        assert (len(scene.receiver.tries), scene.delivered) == (1, 0)
        await scene.delivery("theirs").until_idle()
        assert len(scene.receiver.tries) == 1

    play(test)
    assert caplog.text.count("wants no webhooks any more (HTTP 410)") == 1


def test_events_that_are_not_wanted_are_not_delivered(play: Play) -> None:
    async def test(scene: Scene) -> None:
        scene.limits = Limits(("meeting.ended",), 3600.0, 7200.0, 10_000)
        await scene.keep(utterance(1), ENDED)
        await scene.delivery().until_idle()
        assert (scene.receiver.numbers, scene.delivered) == ([2], 2)

    play(test)


def test_a_meeting_whose_process_froze_is_delivered_by_another(play: Play) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(utterance(1), utterance(2))
        scene.receiver.takes_seconds = 100.0  # in which the first one does not renew its claim
        scene.delivery("frozen")
        await asyncio.sleep(40)
        scene.receiver.takes_seconds = 0.0
        other = scene.delivery("other")
        await other.until_idle()
        assert scene.receiver.numbers == [1, 2]
        await asyncio.sleep(200)
        assert scene.receiver.numbers == [1, 2, 1], "what was under way is repeated"
        assert scene.delivered == 2

    play(test)


class TestLeft:
    """Meetings that another process has left behind."""

    def test_a_meeting_is_delivered_and_left_again(self, play: Play) -> None:
        async def test(scene: Scene) -> None:
            await scene.keep(utterance(1), utterance(2))
            await scene.delivery(is_left=True).until_idle()
            await asyncio.gather(*scene.tasks)
            assert scene.receiver.numbers == [1, 2]
            await asyncio.sleep(1)
            assert await scene.record.unfinished("receiver") == [MEETING], "it has no end yet"

        play(test)

    def test_a_meeting_that_nobody_takes_up_gets_its_end(self, play: Play) -> None:
        async def test(scene: Scene) -> None:
            await scene.keep(Started(id="start", meeting=MEETING, at=1000.0), utterance(1))
            await asyncio.sleep(700)
            await scene.delivery(is_left=True).until_idle()
            assert scene.receiver.numbers == [1, 2, 3]
            assert json.loads(scene.receiver.got[-1].body)["type"] == "meeting.ended"
            await asyncio.gather(*scene.tasks)
            assert await scene.record.unfinished("receiver") == []

        play(test)

    def test_a_meeting_that_was_delivered_whole_gets_only_its_end(self, play: Play) -> None:
        async def test(scene: Scene) -> None:
            await scene.keep(utterance(1))
            delivery = scene.delivery()
            await delivery.until_idle()
            scene.tasks.pop().cancel()
            await asyncio.sleep(700)
            await scene.delivery("other", is_left=True).until_idle()
            assert scene.receiver.numbers == [1, 2]

        play(test)

    def test_a_meeting_with_its_end_is_finished(self, play: Play) -> None:
        async def test(scene: Scene) -> None:
            await scene.keep(ENDED)
            backlog = Backlog(scene.record, Claim("receiver", MEETING, "killed"))
            await backlog.take(patiently=True)
            await backlog.keep(1)
            await asyncio.sleep(40)
            await scene.delivery(is_left=True).until_idle()
            assert scene.receiver.got == []
            assert await scene.record.unfinished("receiver") == []

        play(test)

    def test_a_meeting_that_is_deleted_is_finished(self, play: Play) -> None:
        async def test(scene: Scene) -> None:
            await scene.keep(utterance(1))
            scene.record.entries.clear()
            await scene.delivery(is_left=True).until_idle()
            assert await scene.record.unfinished("receiver") == []

        play(test)

    def test_a_meeting_that_somebody_delivers_is_left_alone(self, play: Play) -> None:
        async def test(scene: Scene) -> None:
            await scene.keep(utterance(1))
            await scene.delivery().until_idle()
            await scene.delivery("other", is_left=True).until_idle()
            assert scene.receiver.numbers == [1]

        play(test)

    def test_a_meeting_that_is_left_is_free_at_once(self, play: Play) -> None:
        async def test(scene: Scene) -> None:
            await scene.keep(utterance(1))
            delivery = scene.delivery()
            await delivery.until_idle()
            await delivery.leave()
            await asyncio.sleep(0.01)
            assert await scene.record.unfinished("receiver") == [MEETING]

        play(test)


def test_news_is_seen_until_it_is_looked_at(play: Play) -> None:
    async def test(scene: Scene) -> None:
        await scene.keep(utterance(1))
        delivery = scene.delivery()
        delivery.tell()
        assert delivery.has_news
        await delivery.until_idle()
        assert not delivery.has_news

    play(test)
