"""The emulated service: what stands behind one port."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import TracebackType

from aiohttp import web

from .behaviour import Behaviour
from .faults import Fault
from .faults.schedule import FaultSchedule
from .recognition.capabilities import Unknown
from .recognition.service import RecognitionService
from .rest.service import SpeechToTextService
from .spoken import KeptVoices, Spoken
from .synthesis.service import SynthesisService
from .synthesis.speech import Synthesized
from .transport.access import Access
from .transport.channel import Channel, Tap
from .transport.doorkeeper import Doorkeeper
from .transport.listener import LOOPBACK, Listener
from .transport.visitors import Visitors
from .watching.happenings import Struck, Unserved, Watch, Watcher

_PATH = "/speech/universal/v2"
_SYNTHESIS_PATH = "/tts/cognitiveservices/websocket/v1"
_SYNTHESIS_HTTP_PATH = "/cognitiveservices/v1"
_TOKEN_PATH = "/sts/v1.0/issueToken"


class Emulator:
    """An Azure Speech service (Live Interpreter) on loopback, for the real Azure SDK. ::

        async with Emulator(Behaviour(script=lines)) as emulator:
            stt = STT(target_languages="fr", speech_key="any", speech_endpoint=emulator.endpoint)

    A client that only wants the words (the SDK's SpeechRecognizer) gets those, on the same endpoint.

    Args:
        behaviour: What it understands, how it answers, and its faults.
        port: The port on which it listens; 0 finds a free one.
        tap: Sees every message.
        origins: Web pages that are let in beside those of this machine, e.g. "https://example.com".
        hosts: Names under which clients may find it beside those of this machine.
        listen: The address on which it listens; "0.0.0.0": on all addresses of this machine. Clients
            elsewhere must find it under one of `hosts`.
        watchers: Are told what happens (`Happening`), on its event loop.
        kept_seconds: How much voice `spoken` and `synthesized` keep, each.

    Attributes:
        spoken: Every voice that was sent completely, in order, with its samples: the last `kept_seconds` of
            them, without those of a replay.
        synthesized: Every voice of a text that was sent completely: the last `kept_seconds` of them.
        faults: The faults that will still happen.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        port: int = 0,
        tap: Tap | None = None,
        origins: Collection[str] = (),
        hosts: Collection[str] = (),
        listen: str = LOOPBACK,
        watchers: Sequence[Watcher] = (),
        kept_seconds: float = 3600.0,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.tap = tap or Tap()
        self.spoken: KeptVoices[Spoken] = KeptVoices(kept_seconds)
        self.synthesized: KeptVoices[Synthesized] = KeptVoices(kept_seconds)
        self.faults = FaultSchedule(self.behaviour.faults, struck=self._struck)
        self._watch = Watch(*watchers)
        self._channels = 0
        self._visitors = Visitors(origins, hosts)
        self._access = Access(self.behaviour.key, self.behaviour.token_seconds)
        self._listener = Listener(Doorkeeper(self._watch), listen, port)
        self._recognition = RecognitionService(
            self.behaviour,
            self.faults,
            lets_in=self._access.lets_in,
            accept=self._accept,
            unknown=Unknown(self._unserved),
            spoken=self.spoken.keep,
            go_away=self._listener.go_away,
        )
        self._synthesis = SynthesisService(
            self.behaviour, self._access.lets_in, self._accept, self.synthesized.keep, self.faults
        )
        self._rest = SpeechToTextService(self.behaviour, self._access.lets_in, self._recognition.session)

    @property
    def endpoint(self) -> str:
        """The value for `speech_endpoint` (AZURE_SPEECH_ENDPOINT)."""
        return f"ws://{self._listener.address}{_PATH}"

    @property
    def handshakes(self) -> int:
        """How often a client tried to connect."""
        return self._recognition.handshakes

    @property
    def connections(self) -> int:
        """How many WebSockets were opened."""
        return self._recognition.connections

    @property
    def turns(self) -> int:
        """How many turns (Azure's request ids) were begun."""
        return self._recognition.turns

    @property
    def sessions(self) -> list[str]:
        """The ids of the latest sessions (Azure's X-ConnectionId), in the order in which they began."""
        return list(self._recognition.sessions)

    @property
    def synthesis_connections(self) -> int:
        """How many WebSockets were opened for text to speech."""
        return self._synthesis.connections

    @property
    def synthesis_endpoint(self) -> str:
        """The endpoint for the SDK's SpeechSynthesizer; `PersonalVoiceTTS` finds it itself."""
        return f"ws://{self._listener.address}{_SYNTHESIS_PATH}"

    @property
    def synthesis_url(self) -> str:
        """Text to speech over HTTP, as the official `livekit-plugins-azure` asks for it."""
        return f"http://{self._listener.address}{_SYNTHESIS_HTTP_PATH}"

    def issue_token(self) -> str:
        """A token (`speech_auth_token`) that is valid for `Behaviour.token_seconds`; from any thread.

        `POST /sts/v1.0/issueToken` gives one to a client with the key, as Azure does.
        """
        return self._access.issue_token()

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The port is taken.
        """
        app = web.Application()
        self._visitors.receive(app)
        app.router.add_post(_TOKEN_PATH, self._access.answer_token)
        for service in (self._recognition, self._synthesis, self._rest):
            service.receive(app.router)
        await self._listener.start(app)

    async def aclose(self) -> None:
        """Drop all connections and stop listening."""
        await self._listener.aclose()

    async def __aenter__(self) -> Emulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _accept(self, request: web.Request) -> Channel:
        self._channels += 1
        return await Channel.accept(request, number=self._channels, tap=self.tap, watch=self._watch)

    def _unserved(self, what: str) -> None:
        self._watch(Unserved(what=what))

    def _struck(self, fault: Fault) -> None:
        self._watch(Struck(fault=fault))
