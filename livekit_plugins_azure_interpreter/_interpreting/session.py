"""Decides what the InterpreterAgents of one AgentSession say."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterable
from functools import partial
from typing import Any, ClassVar, Literal
from weakref import WeakKeyDictionary

from livekit.agents import Agent, AgentSession, APIError, CloseEvent, ErrorEvent, UserInputTranscribedEvent
from livekit.agents.stt import SpeechData
from livekit.agents.tts import TTSError
from livekit.agents.utils import is_given
from livekit.agents.voice import SpeechHandle

from .._livekit_private import close_with, is_closing, scope_of
from .._speaking.catch_up import Backlog
from .._voices.utterance import Translation
from .._within import within
from ..log import logger
from .pairing import PairingError, check_pairing, has_other_stt, says_other_text, speaks_translations
from .stt_group import STTGroup
from .transcript_matcher import TranscriptMatcher

_MAX_LEFT = 10_000
_ON_ITS_WAY_SECONDS = 0.1
"""The last frames of a microphone reach the STT within this time."""
_UNTOLD_SECONDS = 1.0
"""A final that the session does not report within this time after the stream's end was left out."""


class SessionInterpreter:
    """Says the translations of one session, across hand-overs between its agents.

    An agent that is being replaced cannot speak any more while its last speech plays; new finals
    wait for the next agent. While an agent that does not interpret is active, the translations
    are left to it.

    Attributes:
        backlog: How much waits to be said.
        told: The finals as an `stt_node` of the agent returns them.
        drains: The session shuts down, and translations still wait to be heard.
        measures: The TTS does not measure what it says of a translation.
    """

    _of_session: ClassVar[WeakKeyDictionary[AgentSession[Any], SessionInterpreter]] = WeakKeyDictionary()

    @classmethod
    def of(cls, session: AgentSession[Any]) -> SessionInterpreter:
        known = cls._of_session.get(session)
        if known is None:
            known = cls._of_session[session] = cls(scope_of(session))
            session.on("user_input_transcribed", known._transcribed)
            session.on("close", known._closed)
            known._watch_shutdown(session)
        return known

    @classmethod
    def with_floor(cls, agent: Agent) -> SessionInterpreter | None:
        """The SessionInterpreter in which this agent interprets now."""
        return next((one for one in cls._of_session.values() if one._agent is agent), None)

    def __init__(self, scope: object) -> None:
        self.backlog = Backlog()
        self.transcripts = TranscriptMatcher()
        self.drains = self.measures = False
        self._scope = scope
        self._agent: Agent | None = None
        self._skip_same_language = self._other_stt_translates = False
        self._stt_group = STTGroup(None)
        self._has_other_stt = self._other_told = False
        self._unsaid: deque[str] = deque()
        self._left: deque[Translation] = deque(maxlen=_MAX_LEFT)
        self._speeches: set[SpeechHandle] = set()
        self._followed = True

    def resume(self, agent: Agent, *, skip_same_language: bool, other_stt_translates: bool) -> None:
        """The agent becomes active. A session that could not be heard is closed with an error.

        Args:
            agent: The agent that speaks from now on.
            skip_same_language, other_stt_translates: As `InterpreterAgent` takes them.
        """
        stt, tts, model = _models(agent)
        try:
            check_pairing(
                stt,
                tts,
                model,
                other_stt_translates=other_stt_translates,
                audible=_audible(agent.session),
            )
        except PairingError as error:
            self._refuse(agent, error)
            return
        self._agent = agent
        self._skip_same_language = skip_same_language
        self._other_stt_translates = other_stt_translates
        while self._left:
            self._stt_group.let_go(self._left.popleft())
        self._stt_group, self._has_other_stt = STTGroup(stt), has_other_stt(stt)
        self.measures = self._stt_group.are_simultaneous and not speaks_translations(tts)
        if self.measures:
            self._stt_group.are_spoken()
        self._say()

    def pause(self, *, followed: bool) -> None:
        """The agent cannot speak any more; `followed`: another interpreter will say the rest."""
        self._agent = None
        self._followed = followed

    async def finish(self, agent: Agent, *, timeout: float) -> None:
        """Stop listening; say all translations, or stop after `timeout` seconds."""
        agent.session.input.audio = None
        try:
            await within(self._finish(), timeout)
        except asyncio.TimeoutError:
            logger.warning("the session is closed before all was said: it took longer than %.1f s", timeout)
            for speech in tuple(self._speeches):
                speech.interrupt(force=True)

    async def _finish(self) -> None:
        await asyncio.sleep(_ON_ITS_WAY_SECONDS)
        streams = self._stt_group.streams(self._scope)
        for opened in streams:
            with contextlib.suppress(RuntimeError):  # it has ended
                opened.stream.end_input()
        for opened in streams:
            await opened.ended.wait()
        until = time.monotonic() + _UNTOLD_SECONDS
        while self.transcripts.open_nodes or (self._has_untold and time.monotonic() < until):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # a node that leaves a final out does not report it
        while self._speeches:
            await asyncio.wait({asyncio.ensure_future(_done(speech)) for speech in self._speeches})

    @property
    def _has_untold(self) -> bool:
        return self._stt_group.has_untold(self._scope)

    def _watch_shutdown(self, session: AgentSession[Any]) -> None:
        """Note a shutdown with `drain=True`, which LiveKit passes to no event, agent or callback."""
        shutdown = session.shutdown

        def noted(*, drain: bool = True) -> None:
            self.drains |= drain and not is_closing(session)
            shutdown(drain=drain)

        session.shutdown = noted  # type: ignore[method-assign]

    def _closed(self, _: CloseEvent) -> None:
        # A listener of an STT may refer to the session; a reference from here would keep it alive.
        self._agent = None
        self._stt_group.let_go_of_all(self._scope, "closed")
        self._stt_group = STTGroup(None)
        self._unsaid.clear()
        self._left.clear()
        self.transcripts.clear()
        self.backlog.clear()
        self.drains = False

    def _refuse(self, agent: Agent, refusal: PairingError) -> None:
        logger.error("%s The session is closed.", refusal)
        error = TTSError(timestamp=time.time(), label=agent.label, error=refusal, recoverable=False)
        agent.session.emit("error", ErrorEvent(error=error, source=agent))
        close_with(agent.session, error)

    def _transcribed(self, event: UserInputTranscribedEvent) -> None:
        if not event.is_final:
            self._say_running(event.transcript)
            return
        text = self._heard(event.transcript)
        if not text:
            return
        if self._agent is not None or self._followed:
            self._unsaid.append(text)
            self._say()
        elif isinstance(text, Translation):
            self._left.append(text)

    def _heard(self, text: str) -> str:
        """The text to say for a final: a translation, another text, or nothing."""
        if (data := self.transcripts.take(text)) is not None and (meant := self._meant(data)) is not None:
            return meant
        if (translation := self._stt_group.next_translation(text, self._scope)) is not None:
            return translation.utterance.unsaid
        is_known = (self._stt_group.take_untranslated, self._stt_group.take_being_said)
        return "" if any(take(text, self._scope) for take in is_known) else text

    def _meant(self, data: SpeechData) -> str | None:
        """The translation of a final, even if its text was changed; None if the final does not show it."""
        metadata = data.metadata or {}
        if metadata.get("translated") is False:
            self._stt_group.take_untranslated(data.text, self._scope)
            return ""
        found = (
            data.text.utterance
            if isinstance(data.text, Translation)
            else self._stt_group.heard_as(metadata.get("id"), data.start_time, data.end_time, self._scope)
        )
        if found is None:
            return None
        if found.handed_out:
            return ""  # a final that was cut in two has one voice
        found.handed_out = True
        return found.unsaid

    @property
    def _speaker(self) -> Agent | None:
        """The agent that may say something now.

        A session that closes without a drain has interrupted its speeches, and would wait for the voice of
        another one.
        """
        agent = self._agent
        is_over = agent is not None and is_closing(agent.session) and not self.drains
        return None if is_over else agent

    def _say(self) -> None:
        while self._unsaid and (agent := self._speaker) is not None:
            text = self._unsaid.popleft()
            if isinstance(text, Translation):
                self._say_translation(agent, text)
            else:
                self._say_other(agent, text)

    def _say_running(self, interim: str) -> None:
        """Say what is certain of a sentence that is still being spoken; its final is not said again.

        The session reports in order. So the finals of all sentences before it have been reported if this is
        one of its interims; or if there is no other final to report.
        """
        if (agent := self._speaker) is None:
            return
        for one in self._stt_group.running(self._scope):
            if interim not in one.interims and self._has_untold:
                continue
            if one.take(skip_same_language=self._skip_same_language):
                self._speak(agent, one.translation, one)

    def _say_translation(self, agent: Agent, translation: Translation) -> None:
        if self._skip_same_language and translation.utterance.same_language:
            self._stt_group.let_go(translation)
            return
        self._speak(agent, translation, translation)

    def _speak(self, agent: Agent, translation: Translation, text: str | AsyncIterable[str]) -> None:
        self.backlog.queued(translation, time.monotonic())
        self._queue(agent, text).add_done_callback(partial(self._said, translation, agent.session))

    def _say_other(self, agent: Agent, text: str) -> None:
        """Say a final that is not our translation: from another STT, or changed beyond recognition."""
        _, tts, _ = _models(agent)
        if self._has_other_stt and not self._other_stt_translates:
            self._tell_of_other_stt()
        elif not _audible(agent.session) or says_other_text(tts) or self._stt_group.says(text, self._scope):
            self._queue(agent, text)
        else:
            logger.error(
                "a final transcript is not said: stt_node has changed it beyond recognition. "
                "Keep its metadata or times, or give the session TTS(stt, fallback=...)"
            )
            _report_unsaid(tts)

    def _tell_of_other_stt(self) -> None:
        if not self._other_told:
            self._other_told = True
            logger.warning(
                "another STT of the FallbackAdapter is active, and its transcripts are not spoken; if it "
                "translates, make the agent InterpreterAgent(other_stt_translates=True)"
            )

    def _queue(self, agent: Agent, text: str | AsyncIterable[str]) -> SpeechHandle:
        speech = agent.session.say(text, allow_interruptions=False, add_to_chat_ctx=False)
        self._speeches.add(speech)
        speech.add_done_callback(self._speeches.discard)
        return speech

    def _said(self, translation: Translation, session: AgentSession[Any], _: SpeechHandle) -> None:
        self.backlog.over(translation, time.monotonic())
        # A speech that was interrupted before its turn, or had no sound, has not taken its voice.
        outcome: Literal["closed", "not_spoken"] = "closed" if is_closing(session) else "not_spoken"
        meter = translation.utterance.meter
        if meter.outcome is None and meter.by_fallback:
            meter.end("fallback")  # of a TTS that does not measure it
        self._stt_group.let_go(translation, outcome)


def _models(agent: Agent) -> tuple[object, Any, object]:
    """The STT, TTS and LLM of an agent: its own, or its session's."""
    session = agent.session
    return (
        agent.stt if is_given(agent.stt) else session.stt,
        agent.tts if is_given(agent.tts) else session.tts,
        agent.llm if is_given(agent.llm) else session.llm,
    )


def _audible(session: AgentSession[Any]) -> bool:
    return session.output.audio is not None and session.output.audio_enabled


def _report_unsaid(tts: Any) -> None:
    error = APIError("a final transcript has no voice: its text was changed", retryable=False)
    tts.emit("error", TTSError(timestamp=time.time(), label=tts.label, error=error, recoverable=True))


async def _done(speech: SpeechHandle) -> None:
    await speech
