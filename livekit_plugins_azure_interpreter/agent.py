"""The agent that interprets: it says each translation as it becomes final, and takes no turns."""

from __future__ import annotations

import copy
import time
from collections import deque
from collections.abc import AsyncIterable, Mapping
from functools import partial
from typing import Any, ClassVar, Literal
from weakref import WeakKeyDictionary

from livekit.agents import (
    Agent,
    AgentSession,
    CloseEvent,
    ModelSettings,
    StopResponse,
    UserInputTranscribedEvent,
    llm,
)
from livekit.agents.log import logger as livekit_logger
from livekit.agents.utils import is_given
from livekit.agents.voice import SpeechHandle

from ._catch_up import Backlog, faster
from ._interpreting_stts import InterpretingSTTs
from ._option_names import check_option_names
from ._reports import UtteranceRecognized
from ._unanswered_turns import UnansweredTurns
from ._utterances import Translation
from .log import logger
from .tts import TTS

_SESSION_OPTIONS: dict[str, Any] = {
    "turn_handling": {
        "turn_detection": "stt",
        "endpointing": {"min_delay": 0.0, "max_delay": 0.0},
        "interruption": {
            "enabled": False,
            "discard_audio_if_uninterruptible": False,
            # Where nothing is interrupted, LiveKit would only warn that an output cannot pause.
            "resume_false_interruption": False,
        },
    },
    "aec_warmup_duration": None,
    "tts_text_transforms": None,
    "vad": None,
}

_MAX_LEFT = 10_000
_MAX_UNTRANSLATED = 100


def session_options(**overrides: Any) -> dict[str, Any]:
    """The options of an `AgentSession` under which nothing is cut, dropped or silenced.

    With LiveKit's defaults a new utterance interrupts the translation of the one before, the
    microphone is silenced while the agent speaks, and markdown in a translation is changed.

    Args:
        **overrides: Any option of `AgentSession`; mappings are merged deeply, anything else replaces.

    Returns:
        Keyword arguments for `AgentSession`.

    Raises:
        TypeError: `AgentSession` has no such option.
    """
    check_option_names(overrides)
    return _merged(copy.deepcopy(_SESSION_OPTIONS), overrides)


def _merged(options: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in overrides.items():
        current = options.get(name)
        if isinstance(current, dict) and isinstance(value, Mapping):
            _merged(current, value)
        else:
            options[name] = value
    return options


class InterpreterAgent(Agent):
    """Says each translation of the session's `STT` as it becomes final.

    What the STT hears but does not translate is not spoken. Hand-over to another InterpreterAgent
    loses nothing: translations that become final meanwhile are said by the next one.

    Args:
        instructions: Of no effect without an LLM; kept for tools that show them.
        skip_same_language: Speech that is in the target language already is not said again. An
            interpreter that hears itself would otherwise repeat itself for ever.
        catch_up: What is done while translations take longer than the speech. "none": each voice is
            heard as it is, sample for sample; "time_stretch": voices are played up to 1.25 times
            faster, at their pitch, until the listener is behind no more (`backlog_seconds`).
        other_stt_translates: What another STT in a `stt.FallbackAdapter` hears is a translation, too, and
            is said: by the `fallback` of `TTS`. Else it is a transcript, and is not.
        **options: Any other option of `livekit.agents.Agent`.

    Raises:
        ValueError: `catch_up` is neither.
    """

    def __init__(
        self,
        *,
        instructions: str = "Interpret what is said.",
        skip_same_language: bool = True,
        catch_up: Literal["none", "time_stretch"] = "none",
        other_stt_translates: bool = False,
        **options: Any,
    ) -> None:
        if catch_up not in ("none", "time_stretch"):
            raise ValueError(f'catch_up must be "none" or "time_stretch", not {catch_up!r}')
        super().__init__(instructions=instructions, **options)
        self._skip_same_language = skip_same_language
        self._catch_up = catch_up
        self._other_stt_translates = other_stt_translates

    @property
    def backlog_seconds(self) -> float:
        """About how much voice waits to be heard or is still to be played; 0.0 while it is not active.

        It grows while translations take longer to say than the speech.
        """
        interpretation = _Interpretation.with_floor(self)
        return 0.0 if interpretation is None else interpretation.backlog.seconds(time.monotonic())

    def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> Any:
        """LiveKit's node of the voice; with `catch_up="time_stretch"` it may be played faster."""
        node = Agent.default.tts_node(self, text, model_settings)
        if self._catch_up == "none":
            return node
        return faster(node, _Interpretation.of(self.session).backlog)

    async def on_enter(self) -> None:
        """It has the floor: what became final since the last interpreter had it is said first."""
        livekit_logger.addFilter(_UNANSWERED_TURNS)
        _Interpretation.of(self.session).resume(self)

    async def on_exit(self) -> None:
        """It gives the floor away: what becomes final is left to the next agent."""
        # In a hand-over the session already names the next agent.
        followed = isinstance(self.session.current_agent, InterpreterAgent)
        _Interpretation.of(self.session).pause(followed=followed)

    async def on_user_turn_completed(self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:
        """Nothing is answered: an interpreter takes no turns."""
        raise StopResponse()


_UNANSWERED_TURNS = UnansweredTurns(InterpreterAgent)


class _Interpretation:
    """What is said in one session, over the hand-overs between its agents.

    An agent that is being replaced cannot speak any more while its last speech plays; what becomes
    final then waits for the next agent. While one that does not interpret has the floor, translations
    are left to it.
    """

    _of_session: ClassVar[WeakKeyDictionary[AgentSession[Any], _Interpretation]] = WeakKeyDictionary()

    @classmethod
    def of(cls, session: AgentSession[Any]) -> _Interpretation:
        known = cls._of_session.get(session)
        if known is None:
            known = cls._of_session[session] = cls()
            session.on("user_input_transcribed", known._transcribed)
            session.on("close", known._closed)
        return known

    @classmethod
    def with_floor(cls, agent: InterpreterAgent) -> _Interpretation | None:
        """The one in which this agent interprets now."""
        return next((one for one in cls._of_session.values() if one._agent is agent), None)

    def __init__(self) -> None:
        self.backlog = Backlog()
        self._agent: InterpreterAgent | None = None
        self._interpreters = InterpretingSTTs(None)
        self._unsaid: deque[str] = deque()
        # What ours recognized but did not translate, until the session tells of it.
        self._untranslated: deque[str] = deque(maxlen=_MAX_UNTRANSLATED)
        self._left: deque[Translation] = deque(maxlen=_MAX_LEFT)
        self._followed = True

    def resume(self, agent: InterpreterAgent) -> None:
        self._agent = agent
        while self._left:
            self._let_go(self._left.popleft())
        self._listen_to(InterpretingSTTs(agent.stt if is_given(agent.stt) else agent.session.stt))
        self._check(agent.tts if is_given(agent.tts) else agent.session.tts)
        self._say()

    def pause(self, *, followed: bool) -> None:
        """The agent cannot speak any more; `followed`: another interpreter will say the rest."""
        self._agent = None
        self._followed = followed

    def _closed(self, _: CloseEvent) -> None:
        # A listener of an STT may know the session, which is not forgotten while it is known from here.
        self._agent = None
        self._listen_to(InterpretingSTTs(None))
        self._unsaid.clear()
        self._left.clear()
        self.backlog.clear()

    def _listen_to(self, interpreters: InterpretingSTTs) -> None:
        for stt in self._interpreters:
            stt.off("utterance_recognized", self._recognized)
        self._interpreters = interpreters
        for stt in interpreters:
            stt.on("utterance_recognized", self._recognized)

    def _check(self, tts: object) -> None:
        """A mistake that would be heard as voices that are all lost is told at once."""
        if isinstance(tts, TTS) and not set(self._interpreters) <= set(tts._interpreters):
            logger.error(
                "the TTS of this session speaks the translations of another STT: make it of the session's "
                "own, TTS(stt), or of its whole FallbackAdapter, TTS(adapter)"
            )

    def _recognized(self, event: UtteranceRecognized) -> None:
        if not event.transcript.translated:
            self._untranslated.append(event.transcript.text)

    def _transcribed(self, event: UserInputTranscribedEvent) -> None:
        if not event.is_final:
            return
        mine = self._agent is not None or self._followed
        translation = self._interpreters.next_translation(event.transcript)
        if translation is not None:
            (self._unsaid if mine else self._left).append(translation)
        elif event.transcript in self._untranslated:
            self._untranslated.remove(event.transcript)
        elif mine and event.transcript:
            self._unsaid.append(event.transcript)
        self._say()

    def _say(self) -> None:
        while self._agent is not None and self._unsaid:
            text = self._unsaid.popleft()
            if isinstance(text, Translation):
                self._say_translation(self._agent, text)
            elif self._agent._other_stt_translates:
                self._agent.session.say(text, allow_interruptions=False, add_to_chat_ctx=False)

    def _say_translation(self, agent: InterpreterAgent, translation: Translation) -> None:
        if agent._skip_same_language and translation.utterance.same_language:
            self._let_go(translation)
            return
        speech = agent.session.say(translation, allow_interruptions=False, add_to_chat_ctx=False)
        self.backlog.queued(translation, time.monotonic())
        speech.add_done_callback(partial(self._said, translation))

    def _said(self, translation: Translation, _: SpeechHandle) -> None:
        self.backlog.over(translation, time.monotonic())
        # One that was interrupted before its turn, or said without sound, has not taken its voice.
        self._let_go(translation)

    def _let_go(self, translation: Translation) -> None:
        self._interpreters.let_go(translation)
