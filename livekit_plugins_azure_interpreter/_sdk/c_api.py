"""Reads the SDK's events directly from its C library.

The SDK's Python layer copies all 115 properties of a result. Results come many times a second, so this module
reads only the properties that are used.
"""

# pyright: reportPrivateUsage=false
# The SDK's Python layer wraps only a part of its C library, and keeps the rest to itself.

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import azure.cognitiveservices.speech as speechsdk
from azure.cognitiveservices.speech import interop

from . import events
from .result_watch import RESULT_PATH


class EventKind(NamedTuple):
    """A kind of event.

    Args:
        set_callback, release: The library's functions for it. No `release`: the object read from it frees it.
        handles: How many handles its callback takes; the event's is the last.
        needs: Other functions of the library that reading it needs.
    """

    set_callback: str
    release: str | None
    handles: int
    needs: tuple[str, ...] = ()


CONNECTED = EventKind("connection_connected_set_callback", "recognizer_event_handle_release", 1)
DISCONNECTED = EventKind("connection_disconnected_set_callback", "recognizer_event_handle_release", 1)
SPEECH_STARTED = EventKind(
    "recognizer_speech_start_detected_set_callback", "recognizer_event_handle_release", 2
)
SPEECH_STOPPED = EventKind(
    "recognizer_speech_end_detected_set_callback", "recognizer_event_handle_release", 2
)
RECOGNIZING = EventKind("recognizer_recognizing_set_callback", "recognizer_event_handle_release", 2)
RECOGNIZED = EventKind("recognizer_recognized_set_callback", "recognizer_event_handle_release", 2)
SYNTHESIZING = EventKind("translator_synthesizing_audio_set_callback", "recognizer_event_handle_release", 2)
CANCELED = EventKind("recognizer_canceled_set_callback", "recognizer_event_handle_release", 2)
MESSAGE_RECEIVED = EventKind(
    "connection_message_received_set_callback",
    "connection_message_received_event_handle_release",
    1,
    (
        "connection_message_received_event_get_message",
        "connection_message_get_property_bag",
        "connection_message_get_data_size",
        "connection_message_get_data",
        "connection_message_handle_release",
    ),
)
"""Every message of the service; the SDK's Python layer does not wrap this event."""


VOICE_START_PATH = "audio.start"


class ServiceMessage(NamedTuple):
    """A message of the service.

    Args:
        path: What kind of message it is.
        request_id: Its turn.
        stream_id: The stream of a voice; empty if it names none.
        body: Its content, if it is a result or the start of a voice.
    """

    path: str
    request_id: str = ""
    stream_id: str = ""
    body: bytes = b""


class Signal:
    """Replaces the SDK's `EventSignal`, which swallows errors of the callback and of reading the event.

    An event that comes after `disconnect_all` is released unread; then the signal may be dropped.

    Args:
        source: The SDK's recognizer, synthesizer or connection; it is not kept alive.
        kind: The kind of events.
        received: Called on the SDK's thread with the handle of an event, which is valid during the call.
        failed: Called on that thread with an exception of `received`.

    Raises:
        AttributeError: This version of the SDK lacks a function.
    """

    def __init__(
        self,
        source: Any,
        kind: EventKind,
        received: Callable[[int], None],
        failed: Callable[[Exception], None],
    ) -> None:
        library = interop._sdk_lib
        self._set_callback = getattr(library, kind.set_callback)
        for name in kind.needs:
            getattr(library, name)  # a missing function raises here, not in the callback
        self.kind = kind
        self._callback = _callback(kind)
        self._received, self._failed = received, failed
        self._number = next(_numbers)
        self._source = weakref.ref(source)

    def connect(self) -> None:
        _connected[self._number] = self
        self._set(self._callback)

    def disconnect_all(self) -> None:
        self._set(None)
        _connected.pop(self._number, None)

    def is_connected(self) -> bool:
        return self._number in _connected

    def receive(self, event: int) -> None:
        """Called by the library, with the handle of an event."""
        try:
            self._received(event)
        except Exception as error:
            self._failed(error)

    def _set(self, callback: Any) -> None:
        if (source := self._source()) is not None:
            number = ctypes.c_void_p(self._number)
            interop._call_hr_fn(source._handle, callback, number, fn=self._set_callback)


_connected: dict[int, Signal] = {}
"""By the number that the library gives back with each event."""
_numbers = itertools.count(1)


@functools.cache
def _callback(kind: EventKind) -> Any:
    """The C callback of all signals of a kind.

    It lives as long as the process: a thread of the library may be about to call it when a signal is
    disconnected, and a call into freed memory would end the process.
    """
    release = getattr(interop._sdk_lib, kind.release) if kind.release else _leave

    def callback(*arguments: int) -> None:
        event, number = arguments[kind.handles - 1], arguments[-1]
        try:
            if (signal := _connected.get(number)) is not None:
                signal.receive(event)
        finally:
            release(ctypes.c_void_p(event))

    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (kind.handles + 1))(callback)


def offset_seconds(event: int) -> float:
    """The position of an event in the audio."""
    offset = ctypes.c_uint64()
    _check(_held().recognizer_recognition_event_get_offset(event, offset))
    return _seconds(offset.value)


def phrase(event: int) -> events.RawPhrase:
    """The phrase of a result; the service's message has all of it."""
    held = _held()
    offset, duration = ctypes.c_uint64(), ctypes.c_uint64()
    with _result(event) as result:
        _check(held.result_get_offset(result, offset))
        _check(held.result_get_duration(result, duration))
        body = _property(result, speechsdk.PropertyId.SpeechServiceResponse_JsonResult)
    return events.RawPhrase(_seconds(offset.value), _seconds(duration.value), body)


def is_nothing(event: int) -> bool:
    """Whether a final result says that nothing was recognized."""
    with _result(event) as result:
        reason = _number(result, _held().result_get_reason)
    return speechsdk.ResultReason(reason) is speechsdk.ResultReason.NoMatch


def end(event: int) -> events.Finished | events.Failed:
    """How a recognizer ended."""
    held = _held()
    with _result(event) as result:
        reason = _number(result, held.result_get_reason_canceled)
        if reason == speechsdk.CancellationReason.EndOfStream.value:
            return events.Finished()
        code = speechsdk.CancellationErrorCode(_number(result, held.result_get_canceled_error_code))
        details = _property(result, speechsdk.PropertyId.SpeechServiceResponse_JsonErrorDetails)
    return events.Failed(code.name, details)


def voice(event: int) -> bytes | None:
    """A piece of a voice; it is empty when the voice is complete."""
    size = ctypes.c_size_t()
    with _result(event) as result:
        reason = _number(result, _held().result_get_reason)
        if reason == speechsdk.ResultReason.SynthesizingAudioCompleted.value:
            return b""
        if reason != speechsdk.ResultReason.SynthesizingAudio.value:
            return None
        # Without a buffer the function gives the size, and an error for the missing room.
        _held().translation_synthesis_result_get_audio_data(result, None, size)
        audio = ctypes.create_string_buffer(size.value)
        _check(_held().translation_synthesis_result_get_audio_data(result, audio, size))
        return audio.raw


def message(event: int) -> ServiceMessage:
    """A message, with the parts that are used."""
    held, received = _held(), ctypes.c_void_p()
    _check(held.connection_message_received_event_get_message(event, received))
    try:
        with _properties(received, held.connection_message_get_property_bag) as properties:
            path = _text(properties, -1, b"connection.message.path")
            if path.startswith("audio"):
                body = _body(received) if path == VOICE_START_PATH else b""
                return ServiceMessage(path, stream_id=_text(properties, -1, b"X-StreamId"), body=body)
            body = _body(received) if path == RESULT_PATH else b""
            return ServiceMessage(path, request_id=_text(properties, -1, b"X-RequestId"), body=body)
    finally:
        held.connection_message_handle_release(received)


_Handle, _Out = ctypes.c_void_p, ctypes.POINTER
_GETTERS: Mapping[str, Sequence[Any]] = {
    "recognizer_recognition_event_get_offset": (_Handle, _Out(ctypes.c_uint64)),
    "recognizer_recognition_event_get_result": (_Handle, _Out(_Handle)),
    "recognizer_result_handle_release": (_Handle,),
    "result_get_offset": (_Handle, _Out(ctypes.c_uint64)),
    "result_get_duration": (_Handle, _Out(ctypes.c_uint64)),
    "result_get_reason": (_Handle, _Out(ctypes.c_int)),
    "result_get_reason_canceled": (_Handle, _Out(ctypes.c_int)),
    "result_get_canceled_error_code": (_Handle, _Out(ctypes.c_int)),
    "result_get_property_bag": (_Handle, _Out(_Handle)),
    "property_bag_get_string": (_Handle, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p),
    "property_bag_free_string": (ctypes.c_void_p,),
    "property_bag_release": (_Handle,),
    "translation_synthesis_result_get_audio_data": (_Handle, ctypes.c_char_p, _Out(ctypes.c_size_t)),
    "connection_message_received_event_get_message": (_Handle, _Out(_Handle)),
    "connection_message_get_property_bag": (_Handle, _Out(_Handle)),
    "connection_message_get_data_size": (_Handle,),
    "connection_message_get_data": (_Handle, ctypes.c_char_p, ctypes.c_uint32),
    "connection_message_handle_release": (_Handle,),
}
"""The library's functions that read an event, and the types of their arguments."""
_RESULTS: Mapping[str, Any] = {
    "property_bag_get_string": ctypes.c_void_p,
    "connection_message_get_data_size": ctypes.c_uint32,
}
"""What they return, where that is no error code."""


@functools.cache
def _held() -> Any:
    """The library, for calls that keep Python's lock (GIL).

    They only read, and return at once. A callback that gave the lock away for each of them would wait for the
    event loop each time to get it back.
    """
    library = ctypes.PyDLL(interop._sdk_lib._name, handle=interop._sdk_lib._handle)
    # Another version of the SDK may lack some; `Signal` does without them.
    for name in filter(functools.partial(hasattr, library), _GETTERS):
        function = getattr(library, name)
        function.argtypes = _GETTERS[name]
        function.restype = _RESULTS.get(name, ctypes.c_size_t)
    return library


def _check(error_code: int) -> None:
    """Raise the SDK's error, with its text."""
    if error_code:
        # It takes the number that the library returned, whatever its annotation says.
        interop._raise_if_failed(cast(Any, error_code))


def _body(received: ctypes.c_void_p) -> bytes:
    size = _held().connection_message_get_data_size(received)
    data = ctypes.create_string_buffer(size)
    _check(_held().connection_message_get_data(received, data, size))
    return data.raw


@contextlib.contextmanager
def _result(event: int) -> Generator[ctypes.c_void_p, None, None]:
    result = ctypes.c_void_p()
    _check(_held().recognizer_recognition_event_get_result(event, result))
    try:
        yield result
    finally:
        _held().recognizer_result_handle_release(result)


@contextlib.contextmanager
def _properties(source: ctypes.c_void_p, function: Any) -> Generator[ctypes.c_void_p, None, None]:
    properties = ctypes.c_void_p()
    _check(function(source, properties))
    try:
        yield properties
    finally:
        _held().property_bag_release(properties)


def _number(result: ctypes.c_void_p, function: Any) -> int:
    value = ctypes.c_int()
    _check(function(result, value))
    return value.value


def _property(result: ctypes.c_void_p, name: speechsdk.PropertyId) -> str:
    with _properties(result, _held().result_get_property_bag) as properties:
        return _text(properties, name.value, None)


def _text(properties: ctypes.c_void_p, number: int, name: bytes | None) -> str:
    """A property, by its number or (-1) by its name; empty if it is not there."""
    held = _held()
    address = held.property_bag_get_string(properties, number, name, b"")
    if address is None:
        return ""
    try:
        return ctypes.string_at(address).decode(errors="replace")
    finally:
        held.property_bag_free_string(address)


def _seconds(ticks: int) -> float:
    return ticks / events.TICKS_PER_SECOND


def _leave(_: object) -> None:
    """Release nothing: the object read from the event frees it."""
