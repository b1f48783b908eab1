"""Speech to text over HTTP: what the emulator answers at which path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from ..behaviour import Behaviour
from ..recognition.conversation import Conversation
from .fast_transcription import FastTranscription
from .refusals import RefusalError
from .short_audio import ShortAudio

_SHORT_AUDIO = [
    f"{prefix}/speech/recognition/{mode}/cognitiveservices/v1"
    for prefix in ("", "/stt")
    for mode in ("conversation", "dictation", "interactive")
]
_FAST_TRANSCRIPTION = "/speechtotext/transcriptions:transcribe"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SpeechToTextService:
    """Short audio, and fast transcription.

    Args:
        behaviour: What is understood.
        lets_in: Whether to accept a client.
        conversation: Finds the session of an id.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        lets_in: Callable[[web.Request], bool],
        conversation: Callable[[str], Conversation],
    ) -> None:
        self._lets_in = lets_in
        self._short_audio = ShortAudio(conversation)
        self._fast_transcription = FastTranscription(lambda: Conversation(behaviour))

    def receive(self, router: web.UrlDispatcher) -> None:
        """Answer at Azure's paths."""
        for path in _SHORT_AUDIO:
            router.add_post(path, self._guarded(self._short_audio.recognize))
        router.add_post(_FAST_TRANSCRIPTION, self._guarded(self._fast_transcription.transcribe))

    def _guarded(self, answer: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if self._lets_in(request):
                return await answer(request)
            message = "Access denied due to invalid subscription key or wrong API endpoint."
            return RefusalError(401, message).of_gateway()

        return handle
