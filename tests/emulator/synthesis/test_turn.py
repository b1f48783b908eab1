from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, synthesize
from livekit_plugins_azure_interpreter.emulator.synthesis.request import SynthesisRequest
from livekit_plugins_azure_interpreter.emulator.synthesis.ssml import Document
from livekit_plugins_azure_interpreter.emulator.synthesis.turn import SynthesisTurn
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message


class Begun:
    """A turn, and what it sent."""

    def __init__(self, context: Message, **behaviour: Any) -> None:
        self.sent: list[Message] = []
        self.shares: list[float] = []
        self.turn = SynthesisTurn("r1", SynthesisRequest.parse(context), Behaviour(**behaviour), self._take)

    async def speak(self, text: str) -> None:
        await self.turn.speak(Document(text), self._fail)

    @property
    def audio(self) -> bytes:
        return b"".join(message.body for message in self.sent if message.path == "audio")

    async def _take(self, message: Message, binary: bool) -> None:
        assert binary is (message.path == "audio")
        self.sent.append(message)

    async def _fail(self, share: float) -> None:
        self.shares.append(share)


class TestSynthesisTurn:
    async def test_it_carries_its_id_from_beginning_to_end(self, write: Any) -> None:
        begun = Begun(write.context())
        await begun.turn.start()
        await begun.turn.respond()
        await begun.speak("Hello")
        await begun.turn.end()
        assert {message.request_id for message in begun.sent} == {"r1"}
        paths = list(dict.fromkeys(message.path for message in begun.sent))
        assert paths == ["turn.start", "response", "audio", "turn.end"]

    async def test_it_joins_what_it_speaks(self, write: Any) -> None:
        begun = Begun(write.context())
        for text in ("One.", "", "Two."):
            await begun.speak(text)
        spoken = await begun.turn.end()
        assert spoken.text == "One. Two."
        assert (
            begun.audio
            == spoken.voice.pcm
            == b"".join(synthesize(text, 0.5, 16000).pcm for text in ("One.", "Two."))
        )

    async def test_it_reports_words_by_their_place_in_the_whole_audio(self, write: Any) -> None:
        begun = Begun(write.context(wordBoundaryEnabled=True, sessionEndEnabled=True))
        for text in ("One", "Two"):
            await begun.speak(text)
        await begun.turn.end()
        told = [message.json()["Metadata"] for message in begun.sent if message.path == "audio.metadata"]
        places = [(entry["Type"], entry["Data"]["Offset"]) for entries in told for entry in entries]
        assert places == [("WordBoundary", 0), ("WordBoundary", 5_000_000), ("SessionEnd", 10_000_000)]

    async def test_it_tells_how_much_it_sent_so_that_it_can_fail(self, write: Any) -> None:
        begun = Begun(write.context(), chunk_bytes=4000)
        await begun.speak("Hello")
        assert begun.shares == pytest.approx([0.0, 0.25, 0.5, 0.75])
