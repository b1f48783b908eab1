"""All private names of LiveKit that the package uses. No other module names one.

`tests/test_livekit_private.py` lists them, so it shows which of them a new version of LiveKit has moved. Not
here: what LiveKit declares abstract (`_run`, `_recognize_impl`). Each plugin defines that.

A class here is a base class: it gives LiveKit's private names to its subclasses under names of our own.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Sequence
from contextvars import ContextVar
from types import ModuleType
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, CloseReason, stt, tts
from livekit.agents.stt import SpeechEvent, STTCapabilities
from livekit.agents.tts import AudioEmitter, TTSError
from livekit.agents.utils.aio import Chan
from livekit.agents.voice import agent_activity, audio_recognition
from livekit.rtc._ffi_client import FfiClient
from opentelemetry.trace import Span

_Event = TypeVar("_Event")

# Recognition


class KeytermsSTT(stt.STT[_Event]):
    """An STT that takes the keyterms of a session.

    Args:
        capabilities: As LiveKit's.
        session_keyterms: Called with all of them when they change.
    """

    def __init__(
        self, *, capabilities: STTCapabilities, session_keyterms: Callable[[Sequence[str]], None]
    ) -> None:
        super().__init__(capabilities=capabilities)
        self._take_session_keyterms = session_keyterms

    def _update_session_keyterms(self, keyterms: list[str]) -> None:
        self._take_session_keyterms(keyterms)


class AnyRateStream(stt.RecognizeStream):
    """A stream whose frames may change their sample rate at any time.

    LiveKit's `push_frame` raises ValueError once the rate changes, since the base class has one resampler
    for all frames. A stream that resamples by itself needs no such check: LiveKit compares with the rate of
    the frame before, which is always unknown here.
    """

    @property
    def _pushed_sr(self) -> int:
        return 0

    @_pushed_sr.setter
    def _pushed_sr(self, sample_rate: int) -> None:
        pass

    @property
    def _all_attempts(self) -> asyncio.Task[None]:
        """Ends when the stream does."""
        return self._task

    @property
    def _pushed_items(self) -> Chan[Any]:
        """The frames, with a sentinel for each flush; closed at the end of the input."""
        return self._input_ch

    def _tell(self, events: Iterable[SpeechEvent]) -> None:
        for event in events:
            self._event_ch.send_nowait(event)

    def _tell_connected(self, seconds: float) -> None:
        self._report_connection_acquired(seconds, connection_reused=False)

    @property
    def _is_probed(self) -> bool:
        """A FallbackAdapter tries just now whether its STT has recovered, with a stream that nobody hears."""
        listeners = self._stt._events.get("metrics_collected", ())
        adapters = [getattr(listener, "__self__", None) for listener in listeners]
        return any(
            one is self._stt and status.recovering_stream_task is not None
            for adapter in adapters
            if isinstance(adapter, stt.FallbackAdapter)
            for one, status in zip(adapter._stt_instances, adapter._status, strict=True)
        )


class UnreportedStream(AnyRateStream):
    """A stream that reports no error, no connection and no usage, because its owner does."""

    def _emit_error(self, api_error: Exception, recoverable: bool) -> None:
        pass

    def _report_connection_acquired(self, acquire_time: float, connection_reused: bool) -> None:
        pass

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[SpeechEvent]) -> None:
        await _leave(event_aiter)


# Synthesis


class SynthesizeStream(tts.SynthesizeStream):
    """A stream that speaks the texts that are pushed."""

    def __init__(self, *, tts: tts.TTS[Any], conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, conn_options=conn_options)

    @property
    def _pushed_texts(self) -> Chan[Any]:
        """The same objects, with a sentinel for each flush; closed at the end of the input."""
        return self._input_ch

    def _text_is_sent(self) -> None:
        """From now on LiveKit counts the time to the first sound."""
        self._mark_started()


class UnmeteredSynthesizeStream(SynthesizeStream):
    """A stream that does not report its own metrics, because its player does."""

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[Any]) -> None:
        await _leave(event_aiter)


class UnmeteredChunkedStream(tts.ChunkedStream):
    """A stream of one whole text that does not report its own metrics, because its player does."""

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[Any]) -> None:
        await _leave(event_aiter)


def when_ended(
    stream: tts.SynthesizeStream | tts.ChunkedStream, ended: Callable[[Span | None, bool], None]
) -> None:
    """Report the end of a stream.

    Args:
        stream: A stream that has just been made.
        ended: Called with LiveKit's span, and whether the stream was cancelled.
    """
    task = stream._task if isinstance(stream, tts.SynthesizeStream) else stream._synthesize_task
    task.add_done_callback(lambda done: ended(stream._tts_request_span, done.cancelled()))


def note_request_id(emitter: AudioEmitter, request_id: str) -> None:
    """Note the service's request id for LiveKit's traces."""
    emitter._note_provider_request_id(request_id)


async def _leave(events: AsyncIterable[Any]) -> None:
    """Read no more than the first event: LiveKit then spends nothing on this reader any more."""
    async with contextlib.aclosing(cast(AsyncGenerator[Any, None], events)):
        async for _ in events:
            return


# Adapters


def stts_in(adapter: stt.FallbackAdapter) -> Sequence[stt.STT[Any]]:
    """The STTs of an adapter, the first choice first."""
    return adapter._stt_instances


def ttss_in(adapter: tts.FallbackAdapter) -> Sequence[tts.TTS[Any]]:
    """The TTSs of an adapter, the first choice first."""
    return adapter._tts_instances


def tts_in(adapter: tts.StreamAdapter) -> tts.TTS[Any]:
    """The TTS that an adapter gives sentences to."""
    return adapter._wrapped_tts


# Sessions: the session that a task works for. With a version of LiveKit that lacks these names, the package
# works as if there were no session.

_scopes: WeakKeyDictionary[AgentSession[Any], object] = WeakKeyDictionary()


def scope_of(session: AgentSession[Any]) -> object:
    """An object that stands for a session without keeping it alive."""
    return _scopes.setdefault(session, object())


def hearing_scope() -> object | None:
    """The scope of the session whose `stt_node` opens a stream in this task; None without a session."""
    pipeline = _of_task(audio_recognition, "_STTPipelineContextVar")
    is_closing = getattr(pipeline, "_is_closing", None)
    return _scope(getattr(is_closing, "__self__", None))


def speaking_scope() -> object | None:
    """The scope of the session that speaks in this task; None without a session."""
    return _scope(getattr(activity(), "session", None))


def activity() -> object | None:
    """LiveKit's activity of the agent that this task works for; None if there is none."""
    return _of_task(agent_activity, "_AgentActivityContextVar")


def is_closing(session: AgentSession[Any]) -> bool:
    """Whether it has begun to close."""
    return session._is_closing()


def close_with(session: AgentSession[Any], error: TTSError) -> None:
    """Close a session that cannot work, as LiveKit does after its own errors."""
    session._close_soon(reason=CloseReason.ERROR, error=error)


def _of_task(module: ModuleType, name: str) -> object | None:
    variable: ContextVar[object] | None = getattr(module, name, None)
    return None if variable is None else variable.get(None)


def _scope(session: object) -> object | None:
    return scope_of(session) if isinstance(session, AgentSession) else None


# The room


class OwnAudioStream(rtc.AudioStream):
    """The audio of a track.

    LiveKit hands each frame of a track to all audio streams of the process, each of which drops those of
    the other tracks: with twelve tracks in frames of 40 ms, 3,600 a second in place of 300. This one is
    handed its own.
    """

    def __init__(self, track: rtc.Track, **options: Any) -> None:
        super().__init__(track, **options)
        own, queue = self._ffi_handle.handle, FfiClient.instance.queue

        def is_own(event: Any) -> bool:
            return bool(event.audio_stream_event.stream_handle == own)

        with queue._lock:
            at = [events for events, _, _ in queue._subscribers].index(self._ffi_queue)
            events, loop, _ = queue._subscribers[at]
            queue._subscribers[at] = events, loop, is_own


# A warning

NOT_ANSWERED = "skipping reply to user input, current speech generation cannot be interrupted"


class UnansweredTurns(logging.Filter):
    """Drops LiveKit's warning that a turn gets no reply, if one kind of agent hears the turn.

    An interpreter replies to no turn, so the warning says nothing; it comes for each utterance that ends
    while a translation plays, and hides the warnings that matter. LiveKit 1.8.9 has no option that avoids
    it: interruptible speech would be interrupted, and without turns nothing reports when somebody speaks. The
    warnings of other agents in the same process stay: the record is made in the task of the turn.
    """

    def __init__(self, kind: type[Agent]) -> None:
        super().__init__()
        self._kind = kind

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg != NOT_ANSWERED:
            return True
        return not isinstance(getattr(activity(), "agent", None), self._kind)
