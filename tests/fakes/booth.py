"""The interpreter of one speaker in virtual time, and all that it told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from livekit_plugins_azure_interpreter import STT, TTS, InterpretationChanged, SpeechMissed
from livekit_plugins_azure_interpreter._meeting.client_contract import HeardIn
from livekit_plugins_azure_interpreter._meeting.planner import Audience, Route
from livekit_plugins_azure_interpreter._meeting.route import RoutePolicy
from livekit_plugins_azure_interpreter._meeting.route_voices import RouteVoices
from livekit_plugins_azure_interpreter._meeting.speaker import SpeakerInterpreter
from livekit_plugins_azure_interpreter._meeting.speaker_input import SpeakerInput
from livekit_plugins_azure_interpreter._meeting.voice_choice import VoiceChoice
from livekit_plugins_azure_interpreter._sdk.events import Failed

from .clock import VirtualLoop, run
from .meeting import FIRST_UTTERANCE, SEGMENTATION_MS, FakeAzure, FakeRoom, Utterance

BOB, CARL = frozenset({"bob"}), frozenset({"carl"})
NOBODY: frozenset[str] = frozenset()
UNCHANGED = RoutePolicy(catch_up=False)


class _Voices:
    """The personal voice in all languages.

    Args:
        tts: Makes the TTS of a route.
        refused: The languages that have no fallback.
    """

    def __init__(self, tts: Callable[..., TTS], refused: tuple[str, ...]) -> None:
        self._tts, self._refused = tts, refused

    def azure_voice(self, choice: VoiceChoice, language: str) -> str | None:
        return {"own": "personal-voice", "prebuilt": f"{language}-XX-OtherNeural", "text": None}[choice]

    def heard_in(self, choice: VoiceChoice, language: str) -> HeardIn:
        return choice

    def prepare(self, language: str) -> Callable[[STT], TTS]:
        if language in self._refused:
            raise RuntimeError("there is no fallback")
        return lambda stt: self._tts(stt, language=language)


class Booth:
    """An interpreter of what alice says; bob and carl are there, too.

    Attributes:
        changes, missed: What it told.
        voice: What alice has chosen.
        freed: How often it told that something has ended.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        *,
        room: type[FakeRoom] = FakeRoom,
        policy: RoutePolicy = UNCHANGED,
        tts: Callable[..., TTS] = TTS,
        refused: tuple[str, ...] = (),
        skips_silence: bool = False,
        **options: Any,
    ) -> None:
        self.loop = loop
        self.room = room(loop)
        self.azure = FakeAzure(self.room, loop, seed=1)
        self.changes: list[InterpretationChanged] = []
        self.missed: list[SpeechMissed] = []
        self.freed = 0
        self.sounds: list[tuple[str, bool]] = []
        self.stt = STT(
            target_languages="en",
            spoken_languages="en",
            speech_key="a-key",
            speech_region="westeurope",
            segmentation_silence_timeout_ms=SEGMENTATION_MS,
            _open_recognizer=self.azure,
            **options,
        )
        self.interpreter = SpeakerInterpreter(
            "alice",
            self.room,
            self.stt,
            cast(RouteVoices, _Voices(tts, refused)),
            policy=policy,
            open_detector=(lambda: is_sound) if skips_silence else None,
            report=self.changes.append,
            missed=self.missed.append,
            admitted=self._admit,
            moved=lambda: None,
            sounds=lambda route, is_heard: self.sounds.append((route.language, is_heard)),
            freed=self._free,
        )
        self._audiences: Mapping[str, Audience] = {}
        self._active = False
        self.voice: VoiceChoice = "own"
        for identity in ("alice", "bob", "carl"):
            self.room.join(identity)
        self.room.publish_microphone("alice", "mic")
        self._hearing = SpeakerInput(self.room, self.interpreter.push)
        self._hearing.listen_to(["mic"])
        self._number = FIRST_UTTERANCE

    def serve(
        self,
        listeners: Mapping[str, frozenset[str]],
        *,
        read: Mapping[str, frozenset[str]] | None = None,
        come: frozenset[str] = NOBODY,
        between: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """These want to hear alice, who has an open microphone.

        Args:
            listeners: The listeners of each language; they read it, too.
            read: Those who only read a language.
            come: Those who have just come.
            between: The two languages of listeners who have two.
        """
        read = read or {}
        self._audiences = {
            language: Audience(
                listeners.get(language, NOBODY),
                listeners.get(language, NOBODY) | read.get(language, NOBODY),
                between or {},
            )
            for language in [*listeners, *(one for one in read if one not in listeners)]
        }
        self._active = True
        self._serve(come)

    def serve_bob(self) -> None:
        """Bob comes, and wants to hear alice in French."""
        self.serve({"fr": BOB}, come=BOB)

    def hear(self, active: bool) -> None:
        """Alice is unmuted or muted."""
        self._active = active
        self._serve()

    def choose(self, voice: VoiceChoice) -> None:
        """Alice chooses a voice."""
        self.voice = voice
        self._serve()

    def leave(self) -> None:
        """Nobody wants her any more; all are still there."""
        self._audiences, self._active = {}, False
        self._serve()

    async def say(self, voice_seconds: float = 1.0, language: str = "en") -> int:
        """Alice speaks for a second; the number of what she said."""
        self._number += 1
        now = self.loop.time()
        self.room.say(Utterance(self._number, "alice", language, "mic", now, now + 1.0, voice_seconds))
        await self.go_on(1.0)
        return self._number

    async def say_every(self, seconds: float, times: int) -> list[int]:
        """Alice speaks for a second again and again; the numbers of what she said."""
        said = []
        for _ in range(times):
            said.append(await self.say())
            await self.go_on(seconds - 1.0)
        return said

    def azure_goes(self, reason: str = "ConnectionFailure") -> None:
        """Azure goes away, for every stream."""
        self.azure.failing = lambda stream: True
        self.azure.failure = Failed(reason, "away")
        for stream in self.azure.open:
            stream.fail()

    def azure_comes_back(self) -> None:
        self.azure.failing = lambda stream: False

    async def go_on(self, seconds: float) -> None:
        await self.room.go_on(seconds)

    def heard_seconds(self, number: int) -> float:
        """How much of the voice of an utterance was heard, however often."""
        return sum(played.seconds for played in self.room.played if played.number == number)

    def heard(self, listener: str, language: str = "fr") -> list[int]:
        """The utterances that somebody heard in a language, in order."""
        played = (one for one in self.room.played if one.route.language == language)
        return list(dict.fromkeys(one.number for one in played if listener in one.listeners))

    def read(self, reader: str) -> list[str]:
        """The final captions that somebody got, in order."""
        return [one.text for one in self.room.captions if one.final and reader in one.readers]

    @property
    def states(self) -> list[str]:
        return [change.state for change in self.changes]

    def states_of(self, language: str) -> list[str]:
        return [change.state for change in self.changes if change.language == language]

    @property
    def tracks(self) -> list[str]:
        return sorted(output.route.name for output in self.room.outputs)

    async def aclose(self) -> None:
        await self._hearing.aclose()
        await self.interpreter.aclose()

    def _serve(self, come: frozenset[str] = NOBODY) -> None:
        present = frozenset(self.room.people)
        self.interpreter.serve(
            self._audiences, voice=self.voice, active=self._active, come=come, present=present
        )

    def _admit(self) -> None:
        routes = self.interpreter.routes.values()
        self.room.admit({Route("alice", route.route.language): route.listeners for route in routes})

    def _free(self) -> None:
        self.freed += 1


def is_sound(pcm: bytes) -> bool:
    """A voice detector for utterances that are numbers."""
    return any(pcm)


def in_a_booth(**options: Any) -> Callable[[Callable[[Booth], Awaitable[None]]], Callable[[], None]]:
    """Run a test in virtual time; after it nothing is left open. Options are the booth's."""

    def decorate(test: Callable[[Booth], Awaitable[None]]) -> Callable[[], None]:
        async def held(loop: VirtualLoop) -> None:
            booth = Booth(loop, **options)
            await test(booth)
            await booth.aclose()
            assert not booth.azure.open
            assert not booth.room.outputs

        def decorated() -> None:
            loop = VirtualLoop()
            run(loop, held(loop))

        decorated.__name__, decorated.__doc__ = test.__name__, test.__doc__
        return decorated

    return decorate
