"""The agent that interprets: it says each translation as it becomes final, and takes no turns."""

from __future__ import annotations

import copy
import time
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any, Literal

from livekit import rtc
from livekit.agents import Agent, ModelSettings, StopResponse, llm
from livekit.agents.log import logger as livekit_logger
from livekit.agents.stt import SpeechEvent
from livekit.agents.voice.room_io import AudioInputOptions, AudioOutputOptions, RoomOptions

from ._interpreting.measured_speech import MeasuredSpeech
from ._interpreting.session import SessionInterpreter
from ._livekit_private import UnansweredTurns
from ._options.numbers import check_number
from ._options.option_names import argument_names, check_names
from ._options.session_option_names import check_option_names
from ._sound.voice_track import voice_track_options
from ._speaking.catch_up import faster

_SESSION_OPTIONS: dict[str, Any] = {
    "turn_handling": {
        "turn_detection": "stt",
        "endpointing": {"min_delay": 0.0, "max_delay": 0.0},
        "interruption": {
            "enabled": False,
            "discard_audio_if_uninterruptible": False,
            # Without interruptions, LiveKit would only warn that an output cannot pause.
            "resume_false_interruption": False,
        },
    },
    "aec_warmup_duration": None,
    "tts_text_transforms": None,
    "vad": None,
}
_RATE_HZ = 16000
"""Of Azure's audio and of its voices."""
_FRAME_MS = 40
"""Two messages to Azure. Of LiveKit's 50 ms, half a message waits for the next frame; less costs more CPU."""


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


def room_options(**overrides: Any) -> RoomOptions:
    """The options of a session in a room with which interpretations are heard earlier, at no cost.

    LiveKit's default is frames of 50 ms at 24 kHz, and the end of an utterance waits until its frame is full.
    These are frames of 40 ms, at the rate of Azure. The track of the voices has 72 kbit/s, at which Opus
    takes less CPU. ::

        await session.start(InterpreterAgent(), room=ctx.room, room_options=room_options())

    Args:
        **overrides: Any field of LiveKit's `RoomOptions`, in place of the value here.

    Raises:
        TypeError: `RoomOptions` has no such field; the message names the nearest.
    """
    check_names(overrides, argument_names(RoomOptions), "RoomOptions")
    options: dict[str, Any] = {
        "audio_input": AudioInputOptions(sample_rate=_RATE_HZ, frame_size_ms=_FRAME_MS),
        "audio_output": AudioOutputOptions(
            sample_rate=_RATE_HZ,
            track_publish_options=voice_track_options(source=rtc.TrackSource.SOURCE_MICROPHONE),
        ),
    }
    return RoomOptions(**{**options, **overrides})


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

    With `STT(pace="simultaneous")` it says it while the sentence is still being spoken.

    Speech without a translation is not spoken. A hand-over to another InterpreterAgent loses nothing: the
    next one says translations that become final meanwhile. An `stt_node` of a subclass may change the text
    of finals: the agent still says the original translation.

    `session.shutdown()` (`drain=True`) hears nothing more, and waits until all that was said is heard;
    `session.aclose()` does not. A session in which nothing could be heard, such as one whose `TTS` is of
    another `STT`, is closed with an error when the agent enters it.

    Args:
        instructions: Of no effect without an LLM; kept for tools that show them.
        skip_same_language: Speech that is in the target language already is not said again. An
            interpreter that hears itself would otherwise repeat itself for ever.
        catch_up: How voices play while translations take longer than the speech. "none": each voice is
            heard as it is, sample for sample; "time_stretch": voices are played up to 1.25 times
            faster, at their pitch, until the listener is no longer behind (`backlog_seconds`).
        other_stt_translates: Another STT in a `stt.FallbackAdapter` translates, too, and the `fallback` of
            `TTS` speaks its translations. By default its results are transcripts, which nobody speaks.
        drain_timeout_seconds: How long a session that is shut down waits for the last translations and
            their voices.
        **options: Any other option of `livekit.agents.Agent`.

    Raises:
        ValueError: `catch_up` has another value, or `drain_timeout_seconds` is negative.
    """

    def __init__(
        self,
        *,
        instructions: str = "Interpret what is said.",
        skip_same_language: bool = True,
        catch_up: Literal["none", "time_stretch"] = "none",
        other_stt_translates: bool = False,
        drain_timeout_seconds: float = 30.0,
        **options: Any,
    ) -> None:
        if catch_up not in ("none", "time_stretch"):
            raise ValueError(f'catch_up must be "none" or "time_stretch", not {catch_up!r}')
        check_number("drain_timeout_seconds", drain_timeout_seconds, least=0)
        super().__init__(instructions=instructions, **options)
        self._skip_same_language = skip_same_language
        self._catch_up = catch_up
        self._other_stt_translates = other_stt_translates
        self._drain_timeout_seconds = drain_timeout_seconds
        if type(self).stt_node is not Agent.stt_node:
            # LiveKit looks the node up at the agent. If it is the default one, the class must keep it;
            # else a hand-over would reconnect.
            self.stt_node = self._observed_stt_node  # type: ignore[method-assign]

    @property
    def backlog_seconds(self) -> float:
        """About how much voice waits to be heard or is still to be played; 0.0 while it is not active.

        It grows while translations take longer to say than the speech.
        """
        interpretation = SessionInterpreter.with_floor(self)
        return 0.0 if interpretation is None else interpretation.backlog.seconds(time.monotonic())

    def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> Any:
        """LiveKit's node of the voice; with `catch_up="time_stretch"` it may be played faster."""
        interpretation = SessionInterpreter.with_floor(self)
        if interpretation is not None and interpretation.measures:
            speech = MeasuredSpeech()
            node = speech.sound(Agent.default.tts_node(self, speech.text(text), model_settings))
        else:
            node = Agent.default.tts_node(self, text, model_settings)
        if self._catch_up == "none":
            return node
        return faster(node, SessionInterpreter.of(self.session).backlog)

    async def on_enter(self) -> None:
        """Become active: first say translations that became final since the last interpreter was active."""
        livekit_logger.addFilter(_UNANSWERED_TURNS)
        SessionInterpreter.of(self.session).resume(
            self,
            skip_same_language=self._skip_same_language,
            other_stt_translates=self._other_stt_translates,
        )

    async def on_exit(self) -> None:
        """Become inactive: the next agent says later translations."""
        # In a hand-over the session already names the next agent.
        followed = isinstance(self.session.current_agent, InterpreterAgent)
        interpretation = SessionInterpreter.of(self.session)
        try:
            if interpretation.drains:
                await interpretation.finish(self, timeout=self._drain_timeout_seconds)
        finally:
            interpretation.pause(followed=followed)

    def _observed_stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[SpeechEvent]:
        node = type(self).stt_node(self, audio, model_settings)
        return SessionInterpreter.of(self.session).transcripts.observe(node)

    async def on_user_turn_completed(self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:
        """Do not answer: an interpreter takes no turns."""
        raise StopResponse()


_UNANSWERED_TURNS = UnansweredTurns(InterpreterAgent)
