"""Events of the SDK's C library, read without its Python layer.

That copies all 115 properties of a result. What comes many times a second is read here: what is used of it.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import azure.cognitiveservices.speech as speechsdk
from azure.cognitiveservices.speech import interop

from . import _events as events


class Kind(NamedTuple):
    """A kind of event.

    Args:
        set_callback, release: The library's functions for it.
        handles: How many handles its callback takes; the event's is the last.
        needs: Other functions of the library with which it is read.
    """

    set_callback: str
    release: str
    handles: int
    needs: tuple[str, ...] = ()


RECOGNIZING = Kind("recognizer_recognizing_set_callback", "recognizer_event_handle_release", 2)
SYNTHESIZING = Kind("translator_synthesizing_audio_set_callback", "recognizer_event_handle_release", 2)
MESSAGE_RECEIVED = Kind(
    "connection_message_received_set_callback",
    "connection_message_received_event_handle_release",
    1,
    (
        "connection_message_received_event_get_message",
        "connection_message_get_property_bag",
        "connection_message_handle_release",
    ),
)
"""Every message of the service, whatever it says: the SDK's Python layer does not wrap this one."""


class Signal:
    """As the SDK's `EventSignal`; what is received is the handle of an event, valid during the call.

    Args:
        source: The SDK's recognizer or connection; it is not kept alive.
        kind: Which events.
        received: Called on the SDK's thread.

    Raises:
        AttributeError: This version of the SDK does not have them.
    """

    def __init__(self, source: Any, kind: Kind, received: Callable[[int], None]) -> None:
        library = interop._sdk_lib
        release = getattr(library, kind.release)
        self._set_callback = getattr(library, kind.set_callback)
        for name in kind.needs:
            getattr(library, name)  # what is missing is missed here, not in the callback
        self._source = weakref.ref(source)

        def callback(*handles: int) -> None:
            event = handles[kind.handles - 1]
            try:
                received(event)
            finally:
                release(ctypes.c_void_p(event))

        # The library keeps no reference, and may be inside it while it is disconnected.
        self._callback = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (kind.handles + 1))(callback)
        self._connected = False

    def connect(self) -> None:
        self._set(self._callback)

    def disconnect_all(self) -> None:
        self._set(None)

    def is_connected(self) -> bool:
        return self._connected

    def _set(self, callback: Any) -> None:
        if (source := self._source()) is not None:
            interop._call_hr_fn(source._handle, callback, None, fn=self._set_callback)
        self._connected = callback is not None


def phrase(event: int) -> events.RawPhrase:
    """The phrase of an interim result: all of it is in the service's message."""
    library, call = interop._sdk_lib, interop._call_hr_fn
    properties, offset, duration = ctypes.c_void_p(), ctypes.c_uint64(), ctypes.c_uint64()
    result = _result(event)
    try:
        call(result, ctypes.byref(offset), fn=library.result_get_offset)
        call(result, ctypes.byref(duration), fn=library.result_get_duration)
        call(result, ctypes.byref(properties), fn=library.result_get_property_bag)
        body = speechsdk.PropertyCollection(properties).get_property(
            speechsdk.PropertyId.SpeechServiceResponse_JsonResult
        )
    finally:
        library.recognizer_result_handle_release(result)
    return events.RawPhrase(seconds(offset.value), seconds(duration.value), "", body=body)


def voice(event: int) -> bytes | None:
    """A piece of a voice; nothing in it: the voice is complete."""
    library, call = interop._sdk_lib, interop._call_hr_fn
    reason, size = ctypes.c_int(), ctypes.c_size_t()
    result = _result(event)
    try:
        call(result, ctypes.byref(reason), fn=library.result_get_reason)
        if reason.value == speechsdk.ResultReason.SynthesizingAudioCompleted.value:
            return b""
        if reason.value != speechsdk.ResultReason.SynthesizingAudio.value:
            return None
        # Without a buffer it tells the size, and says that there was no room.
        library.translation_synthesis_result_get_audio_data(result, None, ctypes.byref(size))
        audio = ctypes.create_string_buffer(size.value)
        call(result, audio, ctypes.byref(size), fn=library.translation_synthesis_result_get_audio_data)
        return audio.raw
    finally:
        library.recognizer_result_handle_release(result)


def message(event: int) -> tuple[str, str]:
    """The path of a message, and the stream that it is of (empty where it names none)."""
    library, call = interop._sdk_lib, interop._call_hr_fn
    received, properties = ctypes.c_void_p(), ctypes.c_void_p()
    call(
        ctypes.c_void_p(event),
        ctypes.byref(received),
        fn=library.connection_message_received_event_get_message,
    )
    try:
        call(received, ctypes.byref(properties), fn=library.connection_message_get_property_bag)
        named = speechsdk.PropertyCollection(properties).get_property_by_name
        path = named("connection.message.path")
        return path, named("X-StreamId") if path.startswith("audio") else ""
    finally:
        library.connection_message_handle_release(received)


def seconds(ticks: int) -> float:
    return ticks / events.TICKS_PER_SECOND


def _result(event: int) -> ctypes.c_void_p:
    result = ctypes.c_void_p()
    function = interop._sdk_lib.recognizer_recognition_event_get_result
    interop._call_hr_fn(ctypes.c_void_p(event), ctypes.byref(result), fn=function)
    return result
