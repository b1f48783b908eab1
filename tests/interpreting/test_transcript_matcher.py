"""What a session tells, which is only a text, is paired with the final transcript that it is of."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter._interpreting.transcript_matcher import TranscriptMatcher


async def _node(*texts: str) -> AsyncIterator[SpeechEvent]:
    for text in texts:
        data = SpeechData(language=LanguageCode("fr"), text=text)
        yield SpeechEvent(type=SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data])


async def _awaited(*texts: str) -> AsyncIterator[SpeechEvent]:
    return _node(*texts)


async def _none() -> None:
    return None


async def _given(*events: SpeechEvent) -> AsyncIterator[SpeechEvent]:
    for event in events:
        yield event


class _Bare:
    """A node that is only an iterator: somebody's own `stt_node` need not return a generator."""

    def __init__(self, *texts: str) -> None:
        self._events = _node(*texts)

    def __aiter__(self) -> AsyncIterator[SpeechEvent]:
        return self._events


class TestToldFinals:
    @pytest.mark.parametrize("node", [_node, _awaited], ids=["a generator", "one that is awaited"])
    async def test_a_text_is_that_of_the_oldest_final_with_it(self, node: object) -> None:
        told = TranscriptMatcher()
        given = [event.alternatives[0] async for event in told.observe(node("Oui.", "Oui.", "Non."))]  # type: ignore[operator]
        assert [told.take(text) for text in ("Oui.", "Oui.", "Non.", "Oui.")] == [*given, None]

    async def test_finals_before_one_that_was_told_are_not_told_any_more(self) -> None:
        told = TranscriptMatcher()
        _, second = [event.alternatives[0] async for event in told.observe(_node("Oui.", "Non."))]
        assert (told.take("Non."), told.take("Oui.")) == (second, None)

    async def test_a_node_is_open_until_its_end(self) -> None:
        told = TranscriptMatcher()
        assert [told.open_nodes async for _ in told.observe(_node("Oui."))] == [1]
        assert told.open_nodes == 0

    async def test_no_node_gives_nothing(self) -> None:
        assert [event async for event in TranscriptMatcher().observe(_none())] == []

    async def test_a_cleared_final_is_not_told(self) -> None:
        told = TranscriptMatcher()
        assert [event.type.value async for event in told.observe(_node("Oui."))] == ["final_transcript"]
        told.clear()
        assert told.take("Oui.") is None

    async def test_an_event_that_is_no_final_is_passed_on_and_not_told(self) -> None:
        data = SpeechData(language=LanguageCode("fr"), text="Ou")
        interim = SpeechEvent(type=SpeechEventType.INTERIM_TRANSCRIPT, alternatives=[data])
        silent = SpeechEvent(type=SpeechEventType.FINAL_TRANSCRIPT)
        told = TranscriptMatcher()
        assert [event async for event in told.observe(_given(interim, silent))] == [interim, silent]
        assert told.take("Ou") is None

    async def test_a_node_that_cannot_be_closed_is_observed(self) -> None:
        told = TranscriptMatcher()
        given = [event.alternatives[0] async for event in told.observe(_Bare("Oui."))]
        assert [told.take("Oui.")] == given

    async def test_a_node_that_is_not_read_to_its_end_is_closed(self) -> None:
        node = _node("Oui.", "Non.")
        observed = TranscriptMatcher().observe(node)
        await anext(observed)
        await observed.aclose()  # type: ignore[attr-defined]
        assert [event async for event in node] == []
