"""The public class: a meeting is started once, tells its events, and is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from fakes.clock import VirtualLoop, run
from fakes.fixtures import Until
from fakes.livekit_room import FakeLiveKitRoom, FakeServer
from fakes.meeting import FIRST_UTTERANCE, FakeAzure, FakeRoom, Utterance
from fakes.record import MemoryRecord
from fakes.running_meeting import ALICE_FR, BOB_EN
from livekit import rtc
from livekit.agents import JobContext
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import MeetingInterpreter
from livekit_plugins_azure_interpreter import meeting as _meeting
from livekit_plugins_azure_interpreter._meeting import rivals as _rivals
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter._meeting.rivals import ALIVE_METHOD

ONE_MEETING = "a MeetingInterpreter is for one meeting: make another one"


def made(**options: Any) -> MeetingInterpreter:
    return MeetingInterpreter(**{"speech_key": "a-key", "speech_region": "westeurope", **options})


@pytest.fixture
def interpreter() -> MeetingInterpreter:
    return made()


def events_of(interpreter: MeetingInterpreter) -> list[str]:
    """The names of the events, as they come."""
    told: list[str] = []
    for name in ("interpretation_changed", "speaker_interpreted", "speech_missed"):
        interpreter.on(name, lambda _, name=name: told.append(name))  # type: ignore[arg-type]
    interpreter.on("closed", lambda: told.append("closed"))
    return told


class Stage:
    """A started interpreter in virtual time; alice speaks English, and bob French."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.room = FakeRoom(loop)
        self.azure = FakeAzure(self.room, loop, seed=1)
        self.interpreter = made(_open_recognizer=self.azure, max_lag_seconds=0.001)
        self.told = events_of(self.interpreter)
        self.interpreter._start(self.room, MeetingRecording(None))
        for identity, language in (("alice", "en"), ("bob", "fr")):
            self.room.join(identity, language=language)
            self.room.publish_microphone(identity, f"{identity}-mic")

    async def alice_speaks(self) -> None:
        now = self.room._loop.time()
        self.room.say(Utterance(FIRST_UTTERANCE + 1, "alice", "en", "alice-mic", now, now + 1.0, 1.0))
        await self.room.go_on(5.0)


def on_stage(test: Callable[[Stage], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test in virtual time, and close the interpreter after it."""

    async def held(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        await test(stage)
        await stage.interpreter.aclose()
        assert not stage.azure.open
        assert stage.room.closed
        assert stage.told.count("closed") == 1

    def decorated() -> None:
        loop = VirtualLoop()
        run(loop, held(loop))

    decorated.__name__, decorated.__doc__ = test.__name__, test.__doc__
    return decorated


@on_stage
async def test_everything_ends_when_the_room_is_gone(stage: Stage) -> None:
    await stage.alice_speaks()
    stage.room.vanish()
    await stage.room.go_on(3.0)
    assert stage.told[-1] == "closed"
    assert not stage.azure.open


@on_stage
async def test_the_meeting_tells_who_hears_what(stage: Stage) -> None:
    assert stage.interpreter.interpretations == {}
    await stage.room.go_on(0.5)
    assert stage.interpreter.interpretations == {ALICE_FR: {"bob"}, BOB_EN: {"alice"}}
    assert stage.interpreter.open_streams == 2


@on_stage
async def test_each_event_has_its_name(stage: Stage) -> None:
    await stage.alice_speaks()
    assert set(stage.told) == {"interpretation_changed", "speaker_interpreted", "speech_missed"}


@on_stage
async def test_closing_as_somebody_comes_begins_nothing(stage: Stage) -> None:
    await stage.interpreter.aclose()
    await stage.room.go_on(1.0)
    assert not stage.azure.streams
    assert not stage.room.told


def test_an_interpreter_that_was_not_started_interprets_nobody(interpreter: MeetingInterpreter) -> None:
    assert interpreter.interpretations == {}
    assert interpreter.open_streams == 0


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> list[FakeServer]:
    """The clients of the server's API that were opened."""
    opened: list[FakeServer] = []

    def open_api() -> FakeServer:
        opened.append(FakeServer())
        return opened[-1]

    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.setenv(name, "set")
    monkeypatch.setattr(_meeting, "open_api", open_api)
    return opened


@pytest.fixture
def room() -> Any:
    return FakeLiveKitRoom()


def another_comes(room: Any, *, answers: bool) -> None:
    """Another interpreter is there, which serves for longer."""
    another = room.join("another", interpreter="ready", **{"interpreter.since": "1.0"})
    another.kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    if not answers:
        room.local_participant.rpc_errors["another"] = None


class TestOneMeeting:
    """An interpreter serves one meeting; what is refused opens nothing."""

    async def test_a_second_start_is_refused_before_anything_is_opened(
        self, room: Any, servers: list[FakeServer]
    ) -> None:
        interpreter = made(originals="replace")
        await interpreter.start(room)
        with pytest.raises(RuntimeError, match=ONE_MEETING):
            await interpreter.start(room)
        assert len(servers) == 1
        await interpreter.aclose()
        assert servers[0].closed

    async def test_the_second_of_two_starts_at_once_is_refused(
        self, room: Any, servers: list[FakeServer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_rivals, "_ANSWER_SECONDS", 0.01)
        another_comes(room, answers=False)
        interpreter = made(originals="replace")
        starts = await asyncio.gather(
            interpreter.start(room), interpreter.start(room), return_exceptions=True
        )
        assert [str(start) for start in starts] == ["None", ONE_MEETING]
        await interpreter.aclose()
        assert [server.closed for server in servers] == [True]

    async def test_a_start_after_the_end_is_refused(self, interpreter: MeetingInterpreter, room: Any) -> None:
        await interpreter.aclose()
        with pytest.raises(RuntimeError, match=ONE_MEETING):
            await interpreter.start(room)
        assert not room.local_participant.attributes

    async def test_a_start_that_has_failed_may_be_tried_again(
        self, interpreter: MeetingInterpreter, room: Any, until: Until
    ) -> None:
        room.connected = False
        with pytest.raises(RuntimeError, match="the room is not connected"):
            await interpreter.start(room)
        room.connected = True
        await interpreter.start(room)
        await until(lambda: room.local_participant.attributes.get("interpreter") == "ready")
        await interpreter.aclose()

    async def test_an_interpreter_that_is_closed_as_it_starts_opens_nothing(
        self, room: Any, servers: list[FakeServer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_rivals, "_ANSWER_SECONDS", 0.01)
        another_comes(room, answers=False)
        interpreter = made(originals="replace")
        told = events_of(interpreter)
        starting = asyncio.create_task(interpreter.start(room))
        await asyncio.sleep(0)
        await interpreter.aclose()
        await starting
        assert (told, servers) == (["closed"], [])
        assert not room.local_participant.attributes
        assert not room.local_participant.rpc_methods

    async def test_a_record_that_is_opened_as_its_interpreter_is_closed_ends(self, room: Any) -> None:
        room.sid = asyncio.get_running_loop().create_future()
        record = MemoryRecord()
        interpreter = made(record=record)
        starting = asyncio.create_task(interpreter.start(room))
        await asyncio.sleep(0)
        await interpreter.aclose()
        room.sid.set_result("RM_one")
        await starting
        assert [entry.kind for entry in record.entries][-1:] == ["ended"]
        assert not room.local_participant.attributes


class TestRivals:
    async def test_an_interpreter_that_gives_way_as_it_starts_leaves_nothing_open(
        self, room: Any, servers: list[FakeServer], until: Until
    ) -> None:
        another_comes(room, answers=True)
        interpreter = made(originals="replace")
        told = events_of(interpreter)
        await interpreter.start(room)
        await until(lambda: told)
        await interpreter.aclose()
        assert (told, servers) == (["closed"], [])
        assert not room.local_participant.attributes
        assert not room.local_participant.rpc_methods
        with pytest.raises(RuntimeError, match=ONE_MEETING):
            await interpreter.start(room)

    async def test_an_interpreter_that_gives_way_later_closes_what_it_has_opened(
        self, room: Any, servers: list[FakeServer], until: Until
    ) -> None:
        interpreter = made(originals="replace")
        told = events_of(interpreter)
        await interpreter.start(room)
        another_comes(room, answers=True)
        room.emit("participant_connected", room.remote_participants["another"])
        await until(lambda: told)
        assert told == ["closed"]
        assert [server.closed for server in servers] == [True]
        assert await room.local_participant.rpc_methods[ALIVE_METHOD](None) == "leaving"


class TestInAJob:
    @pytest.fixture
    def job(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobContext]:
        """A job whose room is not connected yet."""
        room: Any = FakeLiveKitRoom(connected=False)

        async def connect(**_: Any) -> None:
            room.connected = True

        with fake_job_context(room=room) as job:
            monkeypatch.setattr(job, "connect", connect)
            yield job

    async def test_the_jobs_room_is_connected(
        self, interpreter: MeetingInterpreter, job: JobContext, until: Until
    ) -> None:
        await interpreter.start(job.room)
        await until(lambda: job.room.local_participant.attributes.get("interpreter") == "ready")
        assert job.room.isconnected()
        await interpreter.aclose()

    async def test_another_room_is_interpreted_and_the_jobs_room_is_left_alone(
        self, interpreter: MeetingInterpreter, job: JobContext, until: Until
    ) -> None:
        other: Any = FakeLiveKitRoom()
        await interpreter.start(other)
        await until(lambda: other.local_participant.attributes.get("interpreter") == "ready")
        assert not job.room.isconnected()
        await interpreter.aclose()

    async def test_the_job_ends_when_its_interpreter_gives_way(
        self, interpreter: MeetingInterpreter, job: JobContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reasons: list[str] = []
        monkeypatch.setattr(job, "shutdown", reasons.append)
        another_comes(job.room, answers=True)
        await interpreter.start(job.room)
        await interpreter.aclose()
        assert reasons == ["another interpreter serves the room"]

    async def test_another_room_that_is_not_connected_is_refused(
        self, interpreter: MeetingInterpreter, job: JobContext
    ) -> None:
        with pytest.raises(RuntimeError, match="the room is not connected"):
            await interpreter.start(FakeLiveKitRoom(connected=False))  # type: ignore[arg-type]


class TestOutsideAJob:
    async def test_a_meeting_outside_a_job_ends_with_the_room(
        self, interpreter: MeetingInterpreter, until: Until
    ) -> None:
        over: list[bool] = []
        interpreter.on("closed", lambda: over.append(True))
        room = FakeLiveKitRoom()
        await interpreter.start(room)  # type: ignore[arg-type]
        room.connected = False
        room.emit("disconnected", None)
        await until(lambda: over == [True])

    async def test_replacing_originals_without_a_key_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("LIVEKIT_URL", "LIVEKIT_TOKEN", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
            monkeypatch.delenv(name, raising=False)
        interpreter = MeetingInterpreter(speech_key="a-key", speech_region="eu", originals="replace")
        with pytest.raises(RuntimeError, match="set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET"):
            await interpreter.start(FakeLiveKitRoom())  # type: ignore[arg-type]

    async def test_a_room_that_is_not_connected_is_refused(self, interpreter: MeetingInterpreter) -> None:
        with pytest.raises(RuntimeError, match="the room is not connected"):
            await interpreter.start(FakeLiveKitRoom(connected=False))  # type: ignore[arg-type]

    async def test_one_that_was_never_started_can_be_closed(self, interpreter: MeetingInterpreter) -> None:
        over: list[bool] = []
        interpreter.on("closed", lambda: over.append(True))
        await interpreter.aclose()
        assert over == [True]


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("sample_rte", "MeetingInterpreter has no option 'sample_rte'; the nearest is 'sample_rate'"),
        ("max_stream", "MeetingInterpreter has no option 'max_stream'; the nearest is 'max_streams'"),
        ("target_languages", "MeetingInterpreter takes no target_languages: each listener's attribute"),
        ("spoken_languages", "MeetingInterpreter takes no spoken_languages: each listener's attribute"),
    ],
)
def test_a_wrong_name_of_an_option_is_told_with_what_was_meant(option: str, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        MeetingInterpreter(**{"speech_key": "a-key", "speech_region": "westeurope", option: "fr"})
