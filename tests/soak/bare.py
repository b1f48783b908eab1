"""The Azure SDK alone, asked for what the pair asks it for, with callbacks that do nothing."""

from __future__ import annotations

import threading
from typing import Any

import azure.cognitiveservices.speech as speechsdk

_LIMIT_SECONDS = 10.0
_SETTINGS = {
    "SPEECH-StopRecognitionTimeoutInSeconds": "0",
    "SPEECH-Error-RetryDurationMS": "250",
    "SPEECH-Error-MaxRetryCount": "32",
    "SPEECH-TransmitLengthBeforThrottleMs": "60000",
}


def interpret(endpoint: str, pcm: bytes) -> bool:
    """Open a recognizer, say an utterance, wait for its final and its voice, close; whether both came."""
    audio = speechsdk.audio.PushAudioInputStream(speechsdk.audio.AudioStreamFormat(16000, 16, 1))
    recognizer = _recognizer(endpoint, audio)
    connection = speechsdk.Connection.from_recognizer(recognizer)
    final, voiced = threading.Event(), threading.Event()

    def recognized(event: Any) -> None:
        final.set()

    def synthesizing(event: Any) -> None:
        if event.result.reason is speechsdk.ResultReason.SynthesizingAudioCompleted:
            voiced.set()

    signals = {
        connection.connected: _nothing,
        connection.disconnected: _nothing,
        recognizer.speech_start_detected: _nothing,
        recognizer.speech_end_detected: _nothing,
        recognizer.recognizing: _nothing,
        recognizer.recognized: recognized,
        recognizer.synthesizing: synthesizing,
        recognizer.canceled: _nothing,
    }
    for signal, callback in signals.items():
        signal.connect(callback)
    recognizer.start_continuous_recognition_async().get()
    audio.write(pcm)
    heard = final.wait(_LIMIT_SECONDS) and voiced.wait(_LIMIT_SECONDS)
    for signal in signals:
        signal.disconnect_all()
    recognizer.stop_continuous_recognition_async().get()
    return heard


def _nothing(event: Any) -> None:
    pass


def _recognizer(endpoint: str, audio: Any) -> Any:
    config = speechsdk.translation.SpeechTranslationConfig(subscription="any", endpoint=endpoint)
    config.add_target_language("fr")
    config.voice_name = "personal-voice"
    config.set_property(speechsdk.PropertyId.SpeechServiceConnection_LanguageIdMode, "Continuous")
    for name, value in _SETTINGS.items():
        config.set_property_by_name(name, value)
    return speechsdk.translation.TranslationRecognizer(
        translation_config=config,
        audio_config=speechsdk.audio.AudioConfig(stream=audio),
        auto_detect_source_language_config=speechsdk.languageconfig.AutoDetectSourceLanguageConfig(),
    )
