"""What else works in a session: STTs that do not translate, and LLMs."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    NotGivenOr,
    llm,
    stt,
    vad,
)
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType, STTCapabilities

from livekit_plugins_azure_interpreter.emulator.recognition.vad import EnergyVad, SpeechEnded


class OtherSTT(stt.STT):
    """Hears each stretch of speech as the next of its texts, in English, and translates nothing.

    Attributes:
        heard: The texts it has given.
    """

    def __init__(self, *texts: str) -> None:
        super().__init__(capabilities=STTCapabilities(streaming=True, interim_results=False))
        self.heard: list[str] = []
        self._texts = list(texts)
        self._live: set[_OtherSpeech] = set()

    @property
    def live(self) -> int:
        """How many of its streams hear."""
        return len(self._live)

    def fail(self) -> None:
        """All its streams fail."""
        for stream in tuple(self._live):
            stream.fail()

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        return _OtherSpeech(stt=self, conn_options=conn_options)

    async def _recognize_impl(self, *arguments: Any, **more: Any) -> SpeechEvent:
        raise NotImplementedError

    def next_text(self) -> str:
        self.heard.append(self._texts[len(self.heard)])
        return self.heard[-1]


class _OtherSpeech(stt.RecognizeStream):
    _stt: OtherSTT
    _failed = False

    def fail(self) -> None:
        self._failed = True
        self.flush()

    async def _run(self) -> None:
        listener = EnergyVad(16000)
        self._stt._live.add(self)
        try:
            async for item in self._input_ch:
                if self._failed:
                    raise APIConnectionError("the other STT failed", retryable=False)
                if isinstance(item, rtc.AudioFrame):
                    for event in listener.hear(bytes(item.data)):
                        if isinstance(event, SpeechEnded):
                            self._final(self._stt.next_text())
        finally:
            self._stt._live.discard(self)

    def _final(self, text: str) -> None:
        data = SpeechData(language=LanguageCode("en"), text=text)
        for kind in (
            SpeechEventType.START_OF_SPEECH,
            SpeechEventType.FINAL_TRANSCRIPT,
            SpeechEventType.END_OF_SPEECH,
        ):
            self._event_ch.send_nowait(SpeechEvent(type=kind, alternatives=[data]))


class _NoVAD(vad.VAD):
    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.1))

    def stream(self) -> vad.VADStream:
        raise NotImplementedError


def cut_by_a_vad(whole: stt.STT) -> stt.STT:
    """An STT behind LiveKit's adapter for those that do not stream; it cannot be heard with."""
    return stt.StreamAdapter(stt=whole, vad=_NoVAD())


class EchoLLM(llm.LLM):
    """Answers with what it was told.

    Attributes:
        told: What it was told, turn by turn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **more: Any,
    ) -> llm.LLMStream:
        last = next(message for message in reversed(chat_ctx.messages()) if message.role == "user")
        self.told.append(last.text_content or "")
        return _Echo(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Echo(llm.LLMStream):
    _llm: EchoLLM

    async def _run(self) -> None:
        for word in self._llm.told[-1].split(" "):
            delta = llm.ChoiceDelta(role="assistant", content=word + " ")
            self._event_ch.send_nowait(llm.ChatChunk(id="echo", delta=delta))


class SlowLLM(llm.LLM):
    """Answers in two parts.

    Attributes:
        goes_on: Set, it gives the second part, and ends.
    """

    def __init__(self, first: str, second: str) -> None:
        super().__init__()
        self.parts = first, second
        self.goes_on = asyncio.Event()

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **more: Any,
    ) -> llm.LLMStream:
        return _Slow(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Slow(llm.LLMStream):
    _llm: SlowLLM

    async def _run(self) -> None:
        first, second = self._llm.parts
        self._give(first)
        await self._llm.goes_on.wait()
        self._give(second)

    def _give(self, part: str) -> None:
        delta = llm.ChoiceDelta(role="assistant", content=part)
        self._event_ch.send_nowait(llm.ChatChunk(id="slow", delta=delta))
