"""The thread half of recognition: the only module that uses the Azure SDK's recognizer.

The SDK calls from a thread of its own, swallows what a callback raises and delays everything
behind a slow one. So a callback copies native fields into an event, posts it, and does nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import azure.cognitiveservices.speech as speechsdk

from .._options.languages import target
from ..options import Latency, Options
from . import c_api, events
from .packetizer import message_bytes
from .result_watch import ResultWatch
from .tcp_nodelay import set_tcp_nodelay

Post = Callable[[events.Event], None]

TAKES_COMMITS = hasattr(speechsdk.audio.PushAudioInputStream, "commit")
"""Whether the SDK can ask for the end of an utterance: version 1.52 and later."""

_RETRY_INTERVAL_MS = 250
_TURN_BEGINS_SECONDS = 0.3
"""For so long after the first audio, or after something from the service, a turn may be about to begin."""
_SDK_SETTINGS = {
    # Seconds. How long a stop waits for the end of the turn; the service may take its time.
    "SPEECH-StopRecognitionTimeoutInSeconds": 0,
    "SPEECH-Error-RetryDurationMS": _RETRY_INTERVAL_MS,
    # Kept audio is sent again at once, not at twice the pace of speech.
    "SPEECH-TransmitLengthBeforThrottleMs": 60000,
}
_POLLING_MS: Mapping[Latency, int] = {"lowest": 5, "low": 10, "balanced": 15, "relaxed": 10}
"""How often the SDK looks for work; its default is 10."""
_MESSAGES_SECONDS = 1.0
"""The interval of `MessageReceived`; one event for each message of a voice would burden the loop."""
_WORDS_ALONE = ("speech.fragment", "speech.tentative.phrase", "speech.hypothesis", "speech.phrase")
"""Messages with words alone, which may come beside those with translations."""
_PROFANITY = {
    "masked": speechsdk.ProfanityOption.Masked,
    "removed": speechsdk.ProfanityOption.Removed,
    "raw": speechsdk.ProfanityOption.Raw,
}


class AzureRecognizer:
    """One TranslationRecognizer, from start to close. It cannot be started again.

    Making, starting and closing it can block; `write` only copies. Events are posted from the SDK's
    thread, none after `close` has returned.

    Args:
        options: What to recognize and translate.
        post: Takes each event, on any thread.

    Raises:
        RuntimeError: The SDK refused the options.
    """

    def __init__(self, options: Options, post: Post) -> None:
        audio_format = speechsdk.audio.AudioStreamFormat(options.sample_rate, 16, 1)
        self._audio = speechsdk.audio.PushAudioInputStream(audio_format)
        self._recognizer = _make(options, speechsdk.audio.AudioConfig(stream=self._audio))
        self.session_id = self._recognizer.properties.get_property(speechsdk.PropertyId.Speech_SessionId)
        self._connection = speechsdk.Connection.from_recognizer(self._recognizer)
        self._credentials = options.credentials
        self._peer = _peer(options)
        self._post = post
        self._has_audio = False
        self._closed = False
        self._letting_go = threading.Lock()
        self._callbacks = _RecognizerCallbacks(post)
        self._signals = self._connect(self._callbacks)
        self.sees_messages = any(signal.kind is c_api.MESSAGE_RECEIVED for signal in self._signals)
        for signal in self._signals:
            signal.connect()

    def start(self) -> None:
        """Begin; failures are reported as `Failed`."""
        self._recognizer.start_continuous_recognition_async().get()

    def write(self, pcm: bytes) -> None:
        """Copy 16 bit mono PCM at the rate of the options, to be sent.

        The SDK sends whole messages; smaller pieces only wake its threads.
        """
        if not self._has_audio:
            self._has_audio = True
            self._callbacks.active_at = time.monotonic()
        self._audio.write(pcm)

    def commit(self) -> None:
        """Ask Azure to end the utterance here. The SDK drops a request within 0.1 s of the one before."""
        self._audio.commit()

    def change_languages(self, before: Options, after: Options) -> None:
        """Go over to other languages and voices from the next utterance on, over the same connection.

        It blocks while the SDK waits to reconnect.
        """
        with self._letting_go:
            if self._closed:
                return
            voices = {language: after.voices.get(language, "") for language in after.targets}
            known = {language: before.voices.get(language, "") for language in before.targets}
            changed = [language for language in voices if voices[language] != known.get(language)]
            for language in changed:
                self._recognizer.properties.set_property_by_name(_voice_property(language), voices[language])
            for language in changed:
                # Of a language that is a target already, this tells the service its voice.
                self._recognizer.add_target_language(language)
            for language in known.keys() - voices.keys():
                self._recognizer.remove_target_language(language)

    def set_voices(self, options: Options) -> None:
        """Ask for these voices when the SDK reconnects. It can block."""
        with self._letting_go:
            if self._closed:
                return
            properties, voices = self._recognizer.properties, options.voices
            if not options.spoken_languages:
                voice_id = speechsdk.PropertyId.SpeechServiceConnection_TranslationVoice
                properties.set_property(voice_id, voices.get(options.spoken[0], ""))
            for language in map(target, options.spoken_languages):
                properties.set_property_by_name(_voice_property(language), voices.get(language, ""))

    def end_audio(self) -> None:
        """End the audio: process the written audio, then report `Finished`."""
        self._audio.close()
        if not self._has_audio:
            self._post(events.Finished())  # the SDK reports no end of an empty input

    def set_tcp_nodelay(self) -> None:
        """Set TCP_NODELAY on the current connection. It can block."""
        set_tcp_nodelay(*self._peer)

    def renew_token(self) -> None:
        """Set a fresh token for the SDK's next connection. It can block."""
        token = self._credentials.token()
        with self._letting_go:
            if token and not self._closed:
                self._recognizer.authorization_token = token

    def close(self) -> None:
        """Stop at once, and release everything native."""
        # A recognizer that a callback keeps alive until the interpreter ends aborts the process.
        for signal in self._signals:
            signal.disconnect_all()
        # A stop tears down what the SDK's network thread uses. A turn that it begins just then meets a null
        # pointer, which ends the process. One begins with the first audio, and one with the rest of the audio
        # when the service ends a turn, as it does after the last voice.
        time.sleep(max(0.0, self._callbacks.active_at + _TURN_BEGINS_SECONDS - time.monotonic()))
        self._recognizer.stop_continuous_recognition_async().get()
        with self._letting_go:
            self._closed = True
            del self._connection, self._recognizer, self._audio

    def _connect(self, reporter: _RecognizerCallbacks) -> list[c_api.Signal]:
        recognizer, connection = self._recognizer, self._connection
        wiring: list[tuple[Any, c_api.EventKind, Callable[[int], None]]] = [
            (connection, c_api.CONNECTED, reporter.connected),
            (connection, c_api.DISCONNECTED, reporter.disconnected),
            (recognizer, c_api.SPEECH_STARTED, reporter.speech_started),
            (recognizer, c_api.SPEECH_STOPPED, reporter.speech_stopped),
            (recognizer, c_api.RECOGNIZING, reporter.recognizing),
            (recognizer, c_api.RECOGNIZED, reporter.recognized),
            (recognizer, c_api.SYNTHESIZING, reporter.synthesizing),
            (recognizer, c_api.CANCELED, reporter.canceled),
        ]
        signals = [c_api.Signal(source, kind, call, reporter.failed) for source, kind, call in wiring]
        messages = _message_signals(connection, reporter)
        return [*messages, *signals]


class _RecognizerCallbacks:
    """The callbacks. They hold no reference to the recognizer, so no cycle keeps it alive.

    Attributes:
        active_at: When audio began, or the service last said something, by the monotonic clock; -inf: before
            that, and after the end.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self.active_at = float("-inf")
        self._message_at = float("-inf")
        self._results = ResultWatch()
        self._path = self._stream_id = ""

    def connected(self, _: int) -> None:
        self._report(events.Connected())

    def disconnected(self, _: int) -> None:
        self._report(events.Disconnected())

    def message(self, event: int) -> None:
        message = c_api.message(event)
        if self._results.came(message.path, message.request_id, message.body):
            self._post(events.ResultUnread())
        # The next event is the one that this message causes; it names no stream.
        self._path, self._stream_id = message.path, message.stream_id
        if message.path == "turn.start":
            self._post(events.TurnStarted())
        elif message.path == "turn.end":
            self._post(events.TurnEnded())
        elif message.path == c_api.VOICE_START_PATH:
            self._post(events.VoiceAnnounced(message.stream_id, message.body.decode(errors="replace")))
        now = self.active_at = time.monotonic()
        if now - self._message_at >= _MESSAGES_SECONDS:
            self._message_at = now
            self._post(events.MessageReceived())

    def speech_started(self, event: int) -> None:
        self._report(events.SpeechStarted(c_api.offset_seconds(event)))

    def speech_stopped(self, event: int) -> None:
        self._report(events.SpeechStopped(c_api.offset_seconds(event)))

    def recognizing(self, event: int) -> None:
        if self._path not in _WORDS_ALONE:
            self._report(events.Recognizing(c_api.phrase(event)))

    def recognized(self, event: int) -> None:
        is_words_alone = self._path in _WORDS_ALONE
        if not c_api.is_nothing(event):
            report = events.WordsRecognized if is_words_alone else events.Recognized
            self._report(report(c_api.phrase(event)))
        elif not is_words_alone:
            self._report(events.NothingRecognized())

    def synthesizing(self, event: int) -> None:
        audio = c_api.voice(event)
        if audio:
            self._report(events.VoiceChunk(audio, self._stream_id))
        elif audio is not None:
            self._report(events.VoiceCompleted(self._stream_id, told=self._path == "audio.end"))

    def canceled(self, event: int) -> None:
        self._report(c_api.end(event))
        self.active_at = float("-inf")  # no turn begins any more

    def failed(self, error: Exception) -> None:
        """Report that a callback raised, without its message, which may quote speech."""
        self._post(events.Failed(events.CALLBACK_FAILED, type(error).__name__))

    def _report(self, event: events.Event) -> None:
        self.active_at = time.monotonic()
        self._results.reported()
        self._post(event)


def _message_signals(
    connection: Any, reporter: _RecognizerCallbacks, kind: c_api.EventKind = c_api.MESSAGE_RECEIVED
) -> list[c_api.Signal]:
    try:
        return [c_api.Signal(connection, kind, reporter.message, reporter.failed)]
    except AttributeError:  # another version of the SDK: use only the typed events
        return []


def _make(options: Options, audio: Any) -> Any:
    config = _config(options)
    endpoints = dict(options.custom_endpoints)
    detection = None
    if len(options.source_languages) == 1 and not options.spoken_languages:
        (language,) = options.source_languages
        config.speech_recognition_language = language
        if language in endpoints:
            config.set_property(speechsdk.PropertyId.SpeechServiceConnection_EndpointId, endpoints[language])
    else:
        detection = _detection(options.source_languages, endpoints)
    recognizer = speechsdk.translation.TranslationRecognizer(
        translation_config=config, audio_config=audio, auto_detect_source_language_config=detection
    )
    if options.phrase_list:
        phrases = speechsdk.PhraseListGrammar.from_recognizer(recognizer)
        for phrase in options.phrase_list:
            phrases.addPhrase(phrase)
        phrases.setWeight(options.phrase_list_weight)
    return recognizer


# The SDK asks for several voices only if it detects the language, be it among a single candidate.
def _detection(languages: Sequence[str], endpoints: Mapping[str, str]) -> Any:
    detect = speechsdk.languageconfig.AutoDetectSourceLanguageConfig
    if not languages:
        return detect()  # the open range: any language
    if endpoints.keys().isdisjoint(languages):
        return detect(languages=list(languages))
    configured = [
        speechsdk.languageconfig.SourceLanguageConfig(language, endpoints.get(language))
        for language in languages
    ]
    return detect(sourceLanguageConfigs=configured)


def _config(options: Options) -> Any:
    credentials = options.credentials
    config = speechsdk.translation.SpeechTranslationConfig(
        subscription=credentials.key,
        endpoint=credentials.endpoint,
    )
    if token := credentials.token():
        config.authorization_token = token
    # The service voices the first target if `voice_name` names the voice.
    for language in options.targets:
        config.add_target_language(language)
    if not options.spoken_languages and (voice := options.voices.get(options.spoken[0])):
        config.voice_name = voice
    if options.translation_category is not None:
        config.set_custom_model_category_id(options.translation_category)
    if (proxy := options.proxy) is not None:
        config.set_proxy(proxy.host, proxy.port, proxy.user, proxy.password)
    if options.profanity:
        config.set_profanity(_PROFANITY[options.profanity])
    query = speechsdk.ServicePropertyChannel.UriQueryParameter
    if options.explicit_punctuation:
        config.set_service_property("punctuation", "explicit", query)
    if options.manual_flush:
        # Undocumented. Without it the service ignores commits.
        config.set_service_property("setfeature", "forcecommit", query)
    for name, value in _properties(options).items():
        config.set_property(name, str(value))
    # Two loops share the retries. The SDK's loop reconnects within an attempt, and sends unrecognized audio
    # again; it tries for as long as an attempt may last. Then LiveKit's base class begins the next attempt,
    # up to its max_retry, and the stream sends the audio that it kept.
    retries = max(1, int(options.reconnect_seconds * 1000 / _RETRY_INTERVAL_MS))
    undocumented_settings: dict[str, object] = {
        **_SDK_SETTINGS,
        **latency_settings(options.latency, options.sample_rate),
        "SPEECH-Error-MaxRetryCount": retries,
    }
    if options.spoken_languages:
        undocumented_settings.update(
            (_voice_property(language), voice) for language, voice in options.voices.items()
        )
    if not options.silence_ends_turns:
        undocumented_settings["Continuous-LegacyDefaultDisconnectSilenceTimeout"] = "false"
    for undocumented, setting in undocumented_settings.items():
        config.set_property_by_name(undocumented, str(setting))
    return config


def _voice_property(language: str) -> str:
    """The SDK's property, undocumented, for the voice of one of several spoken languages."""
    return f"{language}TRANSLATION-Voice"


def latency_settings(latency: Latency, sample_rate: int) -> dict[str, int]:
    """The SDK's properties, all undocumented, for a latency."""
    polling_ms = _POLLING_MS[latency]
    return {
        "SPEECH-BytesPerFrame": message_bytes(latency, sample_rate),
        "SPEECH-USPRunPollingInterval": polling_ms,
        "SPEECH-USPPollingInterval": polling_ms,
    }


def _peer(options: Options) -> tuple[str, int]:
    if options.proxy is not None:
        return options.proxy.host, options.proxy.port
    endpoint = urlsplit(options.credentials.endpoint)
    return endpoint.hostname or "", endpoint.port or (80 if endpoint.scheme == "ws" else 443)


def _properties(options: Options) -> dict[Any, object]:
    names, segmentation = speechsdk.PropertyId, options.segmentation
    wanted = {
        names.SpeechServiceConnection_LanguageIdMode: "Continuous",
        names.Speech_SegmentationSilenceTimeoutMs: segmentation.silence_timeout_ms,
        names.Speech_SegmentationMaximumTimeMs: segmentation.max_time_ms,
        names.Speech_SegmentationStrategy: segmentation.strategy,
        names.SpeechServiceResponse_PostProcessingOption: (
            "TrueText" if options.true_text_post_processing else None
        ),
    }
    return {name: value for name, value in wanted.items() if value is not None}
