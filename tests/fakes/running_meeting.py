"""A running meeting in virtual time, with a microphone for everybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from livekit_plugins_azure_interpreter import (
    InterpretationChanged,
    MeetingInterpreter,
    Resource,
    SpeechResources,
)
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter._meeting.reports import Report
from livekit_plugins_azure_interpreter._meeting.running_meeting import RunningMeeting
from livekit_plugins_azure_interpreter._meeting.settings import MeetingSettings
from livekit_plugins_azure_interpreter.record.scribe import Scribe

from .client_contract import as_objects, broken_rules, sent_too_soon
from .clock import VirtualLoop, run
from .meeting import FIRST_UTTERANCE, SEGMENTATION_MS, FakeAzure, FakeRoom, Utterance
from .record import MemoryRecord

ALICE_FR = Route("alice", "fr")
BOB_EN = Route("bob", "en")


def settings_of(azure: FakeAzure | None = None, **options: Any) -> MeetingSettings:
    """The settings of a `MeetingInterpreter` with these arguments, in front of a fake Azure."""
    ours: dict[str, Any] = {
        "catch_up": "none",
        "speech_key": "a-key",
        "speech_region": "westeurope",
        "segmentation_silence_timeout_ms": SEGMENTATION_MS,
        "_open_recognizer": azure,
    }
    return MeetingInterpreter(**{**ours, **options})._settings


def of_resources(*max_streams: int) -> dict[str, Any]:
    """The options of a meeting with several resources."""
    resources = [
        Resource(speech_key="a-key", speech_region=region, max_streams=most)
        for region, most in zip(("westeurope", "northeurope"), max_streams, strict=False)
    ]
    return {"speech_key": None, "speech_region": None, "speech_resources": SpeechResources(resources)}


class Meeting:
    """A meeting with a microphone for everybody, and all that it told.

    `alice` speaks English, `bob` French and `carl` German.

    Attributes:
        told_of: The events.
        gone: How often it told that its room is gone.
    """

    def __init__(self, loop: VirtualLoop, record: MemoryRecord | None = None, **options: Any) -> None:
        self.loop = loop
        self.room = FakeRoom(loop)
        self.azure = FakeAzure(self.room, loop, seed=1)
        self.told_of: list[Report] = []
        self.gone = 0
        recording = MeetingRecording(record)
        if record is not None:
            recording._scribe = Scribe(record, "RM_one", "standup")
        self.running = RunningMeeting(
            self.room,
            settings_of(self.azure, **options),
            recording,
            tell=self.told_of.append,
            gone=self._go,
        )
        self._number = FIRST_UTTERANCE

    @property
    def changes(self) -> list[InterpretationChanged]:
        return [one for one in self.told_of if isinstance(one, InterpretationChanged)]

    def join(self, identity: str, language: str, **attributes: str) -> None:
        self.room.join(identity, language=language, **attributes)
        self.room.publish_microphone(identity, f"{identity}-mic")

    async def say(
        self, speaker: str, language: str = "en", seconds: float = 1.0, *, voice_seconds: float = 1.0
    ) -> int:
        """Somebody says something; its number, once it was said."""
        self._number += 1
        now = self.loop.time()
        said = Utterance(self._number, speaker, language, f"{speaker}-mic", now, now + seconds, voice_seconds)
        self.room.say(said)
        await self.go_on(seconds)
        return said.number

    async def go_on(self, seconds: float) -> None:
        """Time passes."""
        await self.room.go_on(seconds)

    def heard(self, listener: str) -> list[tuple[int, str]]:
        """The utterances that somebody heard, in order, with the language."""
        pieces = [(piece.number, piece.language) for piece in self.room.played if listener in piece.listeners]
        return list(dict.fromkeys(pieces))

    def states(self, route: Route) -> list[str]:
        return [change.state for change in self.changes if (change.speaker, change.language) == route]

    def told(self, speaker: str) -> dict[str, Any]:
        """What any client is told of a speaker's interpretations; empty: nothing."""
        return as_objects(self.room.attributes).get(f"interpretation_state.{speaker}", {})

    def language_states(self, speaker: str) -> dict[str, str]:
        return {language: one["state"] for language, one in self.told(speaker).get("languages", {}).items()}

    @property
    def voices(self) -> dict[str, str]:
        """The voices that Azure is asked for by the streams that hear, by language."""
        return {language: voice for one in self.azure.hearing for language, voice in one.voices.items()}

    @property
    def tracks(self) -> list[str]:
        return sorted(output.route.name for output in self.room.outputs)

    def _go(self) -> None:
        self.gone += 1


def in_a_meeting(
    record: MemoryRecord | None = None, **options: Any
) -> Callable[[Callable[[Meeting], Awaitable[None]]], Callable[[], None]]:
    """Run a test in virtual time, and close the meeting after it.

    Args:
        record: The meeting is recorded here from its beginning.
        options: Those of a `MeetingInterpreter`.
    """

    def decorate(test: Callable[[Meeting], Awaitable[None]]) -> Callable[[], None]:
        async def held(loop: VirtualLoop) -> None:
            meeting = Meeting(loop, record, **options)
            await test(meeting)
            await meeting.running.aclose()
            assert not meeting.azure.open
            assert not meeting.room.outputs
            assert meeting.room.closed
            assert [rules for _, told in meeting.room.told for rules in broken_rules(told)] == []
            assert sent_too_soon(meeting.room.told) == []

        def decorated() -> None:
            loop = VirtualLoop()
            run(loop, held(loop))

        decorated.__name__, decorated.__doc__ = test.__name__, test.__doc__
        return decorated

    return decorate
