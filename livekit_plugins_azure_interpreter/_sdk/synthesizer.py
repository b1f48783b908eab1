"""The thread half of synthesis: the only module that uses the Azure SDK's synthesizer.

As with the recognizer, a callback copies native fields into an event, posts it, and does nothing else.
"""

from __future__ import annotations

import atexit
import ctypes
import weakref
from collections.abc import Callable
from typing import Any

import azure.cognitiveservices.speech as speechsdk

from ..options import SpeakingOptions
from . import c_api, events

Post = Callable[[events.SynthesisEvent], None]

_FORMATS = {
    16000: speechsdk.SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm,
    24000: speechsdk.SpeechSynthesisOutputFormat.Raw24Khz16BitMonoPcm,
    48000: speechsdk.SpeechSynthesisOutputFormat.Raw48Khz16BitMonoPcm,
}


class AzureSynthesizer:
    """One SpeechSynthesizer and its one connection, from open to close. It speaks one text after another.

    Everything can block. Events are posted from the SDK's threads (words from another than the rest), none
    after `close` has returned.

    Args:
        options: The options of every text.
        post: Takes each event, on the SDK's thread.

    Raises:
        RuntimeError: The SDK refused the options.
        TokenError: There is no token.
    """

    def __init__(self, options: SpeakingOptions, post: Post) -> None:
        self._synthesizer = speechsdk.SpeechSynthesizer(_config(options), audio_config=None)
        self._connection = speechsdk.Connection.from_speech_synthesizer(self._synthesizer)
        self._signals = self._connect(_SynthesizerCallbacks(post))
        self._closed = False
        _open.add(self)

    def open(self) -> None:
        """Connect ahead of the first text. The first text reports a failure as `Failed`."""
        self._connection.open(True)

    def speak(self, ssml: str) -> None:
        """Begin to speak; the voice and its end are reported, failures as `Failed`."""
        self._synthesizer.start_speaking_ssml_async(ssml).get()

    def stop(self) -> None:
        """Stop the current text; the connection stays open for the next one."""
        self._synthesizer.stop_speaking_async().get()

    def close(self) -> None:
        """Stop at once, and release everything native."""
        if self._closed:
            return
        self._closed = True
        # As with the recognizer: if a callback keeps it alive, it could abort the process at its end.
        for signal in self._signals:
            signal.disconnect_all()
        self._synthesizer.stop_speaking_async().get()
        self._connection.close()
        del self._connection, self._synthesizer

    def _connect(self, reporter: _SynthesizerCallbacks) -> list[c_api.Signal]:
        synthesizer, connection = self._synthesizer, self._connection
        wiring: list[tuple[Any, c_api.EventKind, Callable[[int], None]]] = [
            (connection, c_api.CONNECTED, reporter.connected),
            (connection, c_api.DISCONNECTED, reporter.disconnected),
            (synthesizer, _kind("started"), lambda event: reporter.begun(_synthesis(event))),
            (synthesizer, _kind("synthesizing"), lambda event: reporter.chunk(_synthesis(event))),
            (synthesizer, _kind("word_boundary"), lambda event: reporter.word(_word(event))),
            (synthesizer, _kind("completed"), lambda event: reporter.completed(_synthesis(event))),
            (synthesizer, _kind("canceled"), lambda event: reporter.canceled(_synthesis(event))),
        ]
        signals = [c_api.Signal(source, kind, call, reporter.failed) for source, kind, call in wiring]
        for signal in signals:
            signal.connect()
        return signals


def _kind(name: str) -> c_api.EventKind:
    return c_api.EventKind(f"synthesizer_{name}_set_callback", None, 2)


def _synthesis(event: int) -> Any:
    return speechsdk.SpeechSynthesisEventArgs(ctypes.c_void_p(event))


def _word(event: int) -> Any:
    return speechsdk.SpeechSynthesisWordBoundaryEventArgs(ctypes.c_void_p(event))


_open: weakref.WeakSet[AzureSynthesizer] = weakref.WeakSet()


@atexit.register
def close_all() -> None:
    """Close all that are open: a callback at the end of the interpreter would abort the process."""
    for synthesizer in tuple(_open):
        synthesizer.close()


class _SynthesizerCallbacks:
    """The callbacks. They hold no reference to the synthesizer, so no cycle keeps it alive."""

    def __init__(self, post: Post) -> None:
        self._post = post

    def connected(self, _: Any) -> None:
        self._post(events.Connected())

    def disconnected(self, _: Any) -> None:
        self._post(events.Disconnected())

    def failed(self, error: Exception) -> None:
        """Report that a callback raised, without its message, which may quote the text."""
        self._post(events.Failed(events.CALLBACK_FAILED, type(error).__name__))

    def begun(self, event: Any) -> None:
        self._post(events.SynthesisStarted(event.result.result_id))

    def chunk(self, event: Any) -> None:
        self._post(events.SynthesisChunk(event.result.audio_data))

    def word(self, event: Any) -> None:
        offset_seconds = event.audio_offset / events.TICKS_PER_SECOND
        duration_seconds = event.duration.total_seconds()
        self._post(events.WordBoundary(event.text, offset_seconds, duration_seconds, event.result_id))

    def completed(self, _: Any) -> None:
        self._post(events.SynthesisCompleted())

    def canceled(self, event: Any) -> None:
        details = event.result.cancellation_details
        self._post(events.Failed(details.error_code.name, details.error_details))


def _config(options: SpeakingOptions) -> Any:
    credentials = options.credentials
    config = speechsdk.SpeechConfig(
        subscription=credentials.key,
        endpoint=credentials.endpoint,
    )
    if token := credentials.token():
        config.authorization_token = token
    config.set_speech_synthesis_output_format(_FORMATS[options.sample_rate])
    if (proxy := options.proxy) is not None:
        config.set_proxy(proxy.host, proxy.port, proxy.user, proxy.password)
    config.set_property_by_name("SpeechSynthesis_KeepConnectionAfterStopping", "true")
    wanted = "true" if options.word_timings else "false"
    for name in (
        speechsdk.PropertyId.SpeechServiceResponse_RequestWordBoundary,
        speechsdk.PropertyId.SpeechServiceResponse_RequestPunctuationBoundary,
    ):
        config.set_property(name, wanted)
    return config
