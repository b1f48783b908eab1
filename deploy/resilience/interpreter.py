"""The agent: what the pair interprets is heard in the speaker's own voice, anything else through an LLM."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, UserInputTranscribedEvent, llm
from livekit.agents.language import LanguageCode

import livekit_plugins_azure_interpreter as azure_interpreter


class ResilientInterpreter(azure_interpreter.InterpreterAgent):
    """Says each translation of the pair; what was heard but not translated, the `translator` translates.

    That is what another STT heard while Azure's interpreter is away, and what Azure did not translate.

    Args:
        translator: An LLM.
        language: What everything is translated to, e.g. "fr".
    """

    def __init__(self, translator: llm.LLM[Any], *, language: str) -> None:
        super().__init__()
        self._translator = translator
        self._language = LanguageCode(language)

    async def on_enter(self) -> None:
        await super().on_enter()
        self.session.on("user_input_transcribed", self._heard)

    async def on_exit(self) -> None:
        self.session.off("user_input_transcribed", self._heard)
        await super().on_exit()

    def _heard(self, event: UserInputTranscribedEvent) -> None:
        # A final transcript of the pair is the translation, and says so. InterpreterAgent has queued it.
        translated = event.language is not None and event.language.language == self._language.language
        if event.is_final and not translated:
            # Queued behind what is being said, and begun as soon as the LLM has said its first sentence.
            self.session.say(
                self._translation(event.transcript), allow_interruptions=False, add_to_chat_ctx=False
            )

    async def _translation(self, text: str) -> AsyncIterable[str]:
        context = llm.ChatContext.empty()
        language = self._language.to_language_name() or self._language
        task = f"Translate to {language}. Answer with the translation only."
        context.add_message(role="system", content=task)
        context.add_message(role="user", content=text)
        async for part in self._translator.chat(chat_ctx=context).to_str_iterable():
            yield part


class Verbatim(llm.LLM[Any]):
    """The last resort among translators: it gives back what was said, and cannot fail.

    Half of an audience understands the original. Nobody understands silence.
    """

    @property
    def provider(self) -> str:
        return "none"

    @property
    def model(self) -> str:
        return "verbatim"

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **options: Any,
    ) -> llm.LLMStream:
        return _Verbatim(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Verbatim(llm.LLMStream):
    async def _run(self) -> None:
        said = self._chat_ctx.messages()[-1].text_content or ""
        delta = llm.ChoiceDelta(role="assistant", content=said)
        self._event_ch.send_nowait(llm.ChatChunk(id="verbatim", delta=delta))
