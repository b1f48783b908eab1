"""The floor: the SDK's recognizer with empty callbacks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import azure.cognitiveservices.speech as speechsdk
from livekit import rtc

from .stamps import RIFF_BYTES, age_ms
from .streams import Heard


class BareStream:
    """A TranslationRecognizer, set up as the pair does it.

    Args:
        endpoint: The service.
        properties: The SDK's, by name.
        voiced: Called with each piece of a voice, on the SDK's thread.
    """

    def __init__(
        self, endpoint: str, properties: Mapping[str, object], voiced: Callable[[bytes], None]
    ) -> None:
        self.heard = Heard()
        self._voiced = voiced
        config = speechsdk.translation.SpeechTranslationConfig(subscription="any", endpoint=endpoint)
        config.add_target_language("fr")
        config.voice_name = "personal-voice"
        config.set_property(speechsdk.PropertyId.SpeechServiceConnection_LanguageIdMode, "Continuous")
        for name, value in properties.items():
            config.set_property_by_name(name, str(value))
        self._audio = speechsdk.audio.PushAudioInputStream(speechsdk.audio.AudioStreamFormat(16000, 16, 1))
        self._recognizer = speechsdk.translation.TranslationRecognizer(
            translation_config=config,
            audio_config=speechsdk.audio.AudioConfig(stream=self._audio),
            auto_detect_source_language_config=speechsdk.languageconfig.AutoDetectSourceLanguageConfig(),
        )
        self._signals = [
            self._recognizer.recognizing,
            self._recognizer.recognized,
            self._recognizer.canceled,
            self._recognizer.speech_start_detected,
            self._recognizer.speech_end_detected,
            self._recognizer.synthesizing,
        ]
        for signal in self._signals[:-1]:
            signal.connect(_nothing)
        self._signals[-1].connect(self._synthesizing)

    @classmethod
    async def open(
        cls,
        endpoint: str,
        properties: Mapping[str, object],
        voiced: Callable[[bytes], None] = lambda _: None,
    ) -> BareStream:
        stream = cls(endpoint, properties, voiced)
        await asyncio.to_thread(stream._recognizer.start_continuous_recognition_async().get)
        return stream

    def push(self, frame: rtc.AudioFrame) -> None:
        self._audio.write(frame.data.tobytes())

    async def aclose(self) -> None:
        def stop() -> None:
            for signal in self._signals:
                signal.disconnect_all()
            self._recognizer.stop_continuous_recognition_async().get()

        await asyncio.to_thread(stop)
        del self._recognizer, self._signals

    def _synthesizing(self, event: Any) -> None:
        audio: bytes = event.result.audio
        if audio.startswith(b"RIFF"):
            self.heard.voice_ms.append(age_ms(audio, RIFF_BYTES))
            self.heard.finals += 1
        self._voiced(audio)


def _nothing(_: object) -> None:
    pass
