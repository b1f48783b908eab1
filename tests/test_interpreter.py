"""One route in virtual time: who hears it while streams come, fail and go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fakes.clock import VirtualLoop, run
from fakes.meeting import FIRST_UTTERANCE, FakeAzure, FakeRoom, Utterance

from livekit_plugins_azure_interpreter import STT, TTS, InterpretationChanged
from livekit_plugins_azure_interpreter._hearing import Hearing
from livekit_plugins_azure_interpreter._interpreter import Interpreter
from livekit_plugins_azure_interpreter._plan import Route

ROUTE = Route("alice", "fr")
BOB, CARL = frozenset({"bob"}), frozenset({"carl"})
NOBODY: frozenset[str] = frozenset()


class Booth:
    """An interpreter of what alice says into French, and all that it told."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.room = FakeRoom(loop)
        self.azure = FakeAzure(self.room, loop, seed=1)
        self.changes: list[InterpretationChanged] = []
        self.freed = 0
        stt = STT(
            target_languages="fr",
            speech_key="a-key",
            speech_region="westeurope",
            _open_recognizer=self.azure,
        )
        self.interpreter = Interpreter(
            ROUTE,
            self.room,
            stt,
            TTS(stt),
            report=self.changes.append,
            admitted=lambda: self.room.admit({ROUTE: self.interpreter.listeners}),
            freed=self._freed,
        )
        for identity in ("alice", "bob", "carl"):
            self.room.join(identity)
        self.room.publish_microphone("alice", "mic")
        self._hearing = Hearing(self.room, self.interpreter.push)
        self._hearing.listen_to(["mic"])
        self._number = FIRST_UTTERANCE

    def _freed(self) -> None:
        self.freed += 1

    async def say(self) -> int:
        """Alice speaks for a second; the number of what she said."""
        self._number += 1
        now = self.loop.time()
        self.room.say(Utterance(self._number, "alice", "en", "mic", now, now + 1.0, 1.0))
        await self.go_on(1.0)
        return self._number

    async def go_on(self, seconds: float) -> None:
        await self.room.go_on(seconds)

    def heard(self, listener: str) -> list[int]:
        return list(dict.fromkeys(one.number for one in self.room.played if listener in one.listeners))

    @property
    def states(self) -> list[str]:
        return [change.state for change in self.changes]

    async def aclose(self) -> None:
        await self._hearing.aclose()
        await self.interpreter.aclose()


def in_a_booth(test: Callable[[Booth], Awaitable[None]]) -> Callable[[], None]:
    """Run a test in virtual time; after it nothing is left open."""

    async def held(loop: VirtualLoop) -> None:
        booth = Booth(loop)
        await test(booth)
        await booth.aclose()
        assert booth.interpreter.over
        assert not booth.azure.open
        assert not booth.room.outputs

    def decorated() -> None:
        loop = VirtualLoop()
        run(loop, held(loop))

    decorated.__name__, decorated.__doc__ = test.__name__, test.__doc__
    return decorated


@in_a_booth
async def test_what_is_said_is_heard_by_who_wants_it(booth: Booth) -> None:
    booth.interpreter.serve(BOB, at_once=BOB)
    booth.interpreter.hear(True)
    said = await booth.say()
    await booth.go_on(5.0)
    assert (booth.heard("bob"), booth.heard("carl")) == ([said], [])
    assert booth.states == ["started"]


@in_a_booth
async def test_who_comes_for_the_next_word_hears_it_from_there(booth: Booth) -> None:
    booth.interpreter.serve(BOB, at_once=BOB)
    booth.interpreter.hear(True)
    first = await booth.say()
    booth.interpreter.serve(CARL, at_once=NOBODY)
    booth.interpreter.serve(CARL, at_once=NOBODY)
    assert booth.interpreter.everyone == BOB | CARL
    second = await booth.say()
    await booth.go_on(6.0)
    assert (booth.heard("bob"), booth.heard("carl")) == ([first], [second])
    assert booth.interpreter.listeners == CARL


@in_a_booth
async def test_streams_follow_one_another_and_are_spoken_in_order(booth: Booth) -> None:
    booth.interpreter.serve(BOB, at_once=BOB)
    booth.interpreter.hear(True)
    first = await booth.say()
    booth.interpreter.hear(False)
    assert (booth.interpreter.hears, booth.interpreter.ending_streams) == (False, 1)
    booth.interpreter.hear(True)
    second = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [first, second]
    assert booth.states == ["started", "ended", "started"]
    assert (booth.interpreter.open_streams, booth.freed) == (1, 1)


@in_a_booth
async def test_one_that_leaves_is_heard_to_the_end(booth: Booth) -> None:
    booth.interpreter.serve(BOB, at_once=BOB)
    booth.interpreter.hear(True)
    said = await booth.say()
    booth.interpreter.leave()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]
    assert booth.interpreter.over
    assert booth.freed == 2


@in_a_booth
async def test_a_stream_that_fails_is_replaced_after_a_while(booth: Booth) -> None:
    booth.azure.failing = lambda stream: len(booth.azure.streams) < 3
    booth.interpreter.serve(BOB, at_once=BOB)
    booth.interpreter.hear(True)
    await booth.go_on(5.0)
    waits = [change.retry_seconds or 0.0 for change in booth.changes if change.state == "failed"]
    assert len(waits) == 2
    assert all(2.0**n / 2 <= wait <= 2.0**n for n, wait in enumerate(waits))
    said = await booth.say()
    await booth.go_on(5.0)
    assert booth.heard("bob") == [said]


@in_a_booth
async def test_who_is_muted_is_not_tried_again(booth: Booth) -> None:
    booth.azure.failing = lambda stream: True
    booth.interpreter.serve(BOB, at_once=BOB)
    booth.interpreter.hear(True)
    await booth.go_on(0.3)
    booth.interpreter.hear(False)
    await booth.go_on(5.0)
    assert booth.states == ["started", "failed"]


@in_a_booth
async def test_a_room_that_refuses_the_track_is_asked_again(booth: Booth) -> None:
    booth.room.refusals = 1
    booth.interpreter.serve(BOB, at_once=BOB)
    booth.interpreter.hear(True)
    said = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]
    assert "failed" in booth.states


@in_a_booth
async def test_both_languages_can_be_read(booth: Booth) -> None:
    booth.interpreter.serve(BOB, at_once=BOB)
    booth.interpreter.hear(True)
    said = await booth.say()
    await booth.go_on(5.0)
    assert [(one.text, one.listeners) for one in booth.room.captions] == [
        (f"{said}", BOB),
        (f"{said} in fr", BOB),
    ]
