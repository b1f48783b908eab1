"""The assistant of `voice_live_agent.py` without a room: what it hears, and what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.limits import within
from fakes.managed_identity import ManagedIdentity
from fakes.session import Microphone, Speaker
from fakes.voice_live import Exchange, VoiceLive

_UTTERANCE = bytes([0, 16]) * 16000 + bytes(2 * 16000)
"""A second of sound, and one of silence after it, at 16 kHz."""
_ASIDE = Exchange("Where is the coffee?")
_ASKED = Exchange("Nova, where is the coffee?", "In the hall.", bytes([0, 16]) * 24000)
_ASKED_AGAIN = Exchange("Thank you, nova. And the tea?", "There, too.", bytes([0, 8]) * 12000)


@pytest.fixture
async def identity(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ManagedIdentity]:
    async with ManagedIdentity() as identity:
        for name, value in identity.environment.items():
            monkeypatch.setenv(name, value)
        yield identity


@pytest.fixture
async def service(
    request: Any, identity: ManagedIdentity, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[VoiceLive]:
    async with VoiceLive(request.param, let_in=identity.is_current) as service:
        monkeypatch.setenv("AZURE_VOICE_LIVE_ENDPOINT", service.endpoint)
        yield service


class Conversation:
    """Somebody talks with the assistant."""

    def __init__(self, until: Any) -> None:
        self.microphone, self.speaker = Microphone(), Speaker()
        self.transcripts: list[str] = []
        self._until = until

    async def say(self) -> None:
        """Say the next utterance of the script, until it is understood."""
        count = len(self.transcripts) + 1
        self.microphone.push(_UTTERANCE)
        await self._until(lambda: len(self.transcripts) == count)

    async def hear(self, count: int) -> None:
        """Wait until so many answers were heard."""
        await self._until(lambda: len(self.speaker.heard) >= count)


@pytest.fixture
async def conversation(service: VoiceLive, until: Any) -> AsyncIterator[Conversation]:
    # It imports OpenAI's package: that takes a second, which those need not spend who only collect.
    from voice_live_agent import Assistant, new_session  # noqa: PLC0415

    conversation = Conversation(until)
    session = new_session()
    session.input.audio, session.output.audio = conversation.microphone, conversation.speaker
    session.on(
        "user_input_transcribed",
        lambda heard: conversation.transcripts.append(heard.transcript) if heard.is_final else None,
    )
    await within(session.start(Assistant()))
    yield conversation
    await within(session.aclose())


def _seconds(pcm: bytes) -> float:
    return len(pcm) / 2 / 16000


@pytest.mark.parametrize("service", [[_ASIDE, _ASKED]], indirect=True)
async def test_the_assistant_answers_what_is_said_to_it_and_nothing_else(
    conversation: Conversation, service: VoiceLive
) -> None:
    await conversation.say()
    await conversation.say()
    await conversation.hear(1)
    assert service.answered == [_ASKED]
    assert _seconds(conversation.speaker.heard[0]) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("service", [[]], indirect=True)
async def test_the_assistant_asks_azure_for_turns_without_answers(
    conversation: Conversation, service: VoiceLive, until: Any
) -> None:
    await until(lambda: service.sessions)
    turns = service.sessions[0]["turn_detection"]
    assert turns["type"] == "azure_semantic_vad_multilingual"
    assert turns["create_response"] is False


@pytest.mark.parametrize("service", [[_ASKED, _ASKED_AGAIN]], indirect=True)
async def test_the_assistant_comes_back_with_a_new_token_when_azure_ends_the_connection(
    conversation: Conversation, service: VoiceLive, identity: ManagedIdentity, until: Any
) -> None:
    await conversation.say()
    await conversation.hear(1)
    identity.expire()
    await service.end_connections()
    await until(lambda: len(service.tokens) == 2)
    await conversation.say()
    await conversation.hear(2)
    assert service.answered == [_ASKED, _ASKED_AGAIN]
    first, second = service.tokens
    assert first != second
    assert set(identity.resources) == {"https://ai.azure.com"}
