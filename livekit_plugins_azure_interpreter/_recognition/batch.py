"""Translates a whole recording."""

from __future__ import annotations

from livekit.agents.stt import SpeechEvent, SpeechEventType
from livekit.agents.utils import AudioBuffer

from .._livekit_private import UnreportedStream
from .stream import SpeechStream
from .transcripts import joined_transcript


class BatchStream(UnreportedStream, SpeechStream):
    """The stream of one attempt. `STT.recognize` reports its errors and its usage once."""

    _can_be_spoken = False

    async def transcribe(self, buffer: AudioBuffer) -> SpeechEvent:
        """All utterances of the recording as one final transcript.

        Raises:
            APIError: The attempt failed.
        """
        for frame in buffer if isinstance(buffer, list) else [buffer]:
            self.push_frame(frame)
        self.end_input()
        final = SpeechEventType.FINAL_TRANSCRIPT
        finals = [event.alternatives[0] async for event in self if event.type is final]
        return joined_transcript(finals, self._transcriber.request_id)
