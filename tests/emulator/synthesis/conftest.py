"""What a client writes to have a text spoken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, Fault
from livekit_plugins_azure_interpreter.emulator.faults.schedule import FaultSchedule
from livekit_plugins_azure_interpreter.emulator.synthesis.connection import SynthesisConnection
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message


class Write:
    """The messages of a client, for request `r1` unless told."""

    raw_16 = "raw-16khz-16bit-mono-pcm"

    def document(self, content: str = "Hello", voice: str = "en-US-AvaMultilingualNeural") -> str:
        return (
            '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" '
            'xmlns:mstts="http://www.w3.org/2001/mstts" xml:lang="en-US">'
            f'<voice name="{voice}">{content}</voice></speak>'
        )

    def context(self, form: str = raw_16, request_id: str = "r1", **metadata: Any) -> Message:
        return self.synthesis({"audio": {"outputFormat": form, "metadataOptions": metadata}}, request_id)

    def synthesis(self, synthesis: Any, request_id: str = "r1") -> Message:
        body = json.dumps({"synthesis": synthesis}).encode()
        return Message("synthesis.context", {"X-RequestId": request_id}, body)

    def ssml(self, content: str = "Hello", request_id: str = "r1", **document: str) -> Message:
        body = self.document(content, **document).encode()
        return Message("ssml", {"X-RequestId": request_id}, body)


@pytest.fixture
def write() -> Write:
    return Write()


class Asked:
    """A SynthesisConnection, what it sent, and how it hung up."""

    def __init__(self, *, faults: Sequence[Fault] = (), any_voice: bool = False, **behaviour: Any) -> None:
        self.sent: list[Message] = []
        self.synthesized: list[Any] = []
        self.ends: list[tuple[int | None, str]] = []
        self._own = SynthesisConnection(
            Behaviour(**behaviour),
            self._take,
            self._hang_up,
            self.synthesized.append,
            any_voice=any_voice,
            faults=FaultSchedule(faults),
        )

    async def say(self, *messages: Message) -> None:
        for message in messages:
            await self._own.take(message)

    async def is_refused(self, *messages: Message) -> tuple[int | None, str]:
        """Say what ends the connection; the code and the reason."""
        with pytest.raises(ConnectionResetError):
            await self.say(*messages)
        (end,) = self.ends
        return end

    @property
    def paths(self) -> list[str]:
        return [message.path for message in self.sent]

    @property
    def audio(self) -> bytes:
        return b"".join(message.body for message in self.sent if message.path == "audio")

    @property
    def metadata(self) -> list[dict[str, Any]]:
        told = [message.json()["Metadata"] for message in self.sent if message.path == "audio.metadata"]
        return [entry for entries in told for entry in entries]

    async def _take(self, message: Message, binary: bool) -> None:
        assert binary is (message.path == "audio")
        self.sent.append(message)

    async def _hang_up(self, code: int | None, reason: str) -> None:
        self.ends.append((code, reason))


@pytest.fixture
def asked() -> type[Asked]:
    return Asked
