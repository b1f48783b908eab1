"""A recording, interpreted by the pair: what it heard, and in which voices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS, Transcript, VoiceLost
from livekit_plugins_azure_interpreter.emulator import Voice

VOICE_RATE_HZ = 16000
SPEED = 1.0
"""The recording is said so many times faster than it was spoken; the tests of this say it faster."""
_FRAME_SECONDS = 0.02
_SILENCE_SECONDS = 1.0
"""Behind the recording, so that its last utterance ends as one does in a conversation."""
_LIMIT_SECONDS = 60.0
"""After the recording; the pair has shorter limits of its own."""


@dataclass
class Heard:
    """What the pair made of a recording.

    Attributes:
        utterances: Every final, in order.
        voices: What was heard of each that was translated: 16 bit mono, 16 kHz; empty, if nothing.
        lost: The voices that were lost.
        error: What ended it early; empty, if nothing did.
    """

    utterances: list[Transcript] = field(default_factory=list)
    voices: list[bytes] = field(default_factory=list)
    lost: list[VoiceLost] = field(default_factory=list)
    error: str = ""

    @property
    def texts(self) -> list[str]:
        return [utterance.text for utterance in self.utterances]


async def interpret(
    recording: Voice, *, endpoint: str, key: str, target: str, voice: str, also: str | None = None
) -> Heard:
    """Say a recording to the service, at the pace of speech, and have its translations spoken.

    `also`: a second language whose voices are asked for over the same connection.
    """
    heard = Heard()
    targets = [target] if also is None else [target, also]
    stt = STT(
        target_languages=targets,
        spoken_languages=None if also is None else targets,
        voice=voice,
        speech_key=key,
        speech_endpoint=endpoint,
    )
    stt.on("utterance_recognized", lambda recognized: heard.utterances.append(recognized.transcript))
    stt.on("voice_lost", heard.lost.append)
    tts = TTS(stt, sample_rate=VOICE_RATE_HZ)
    stream = stt.stream(conn_options=APIConnectOptions(max_retry=1, timeout=10.0))
    translations: asyncio.Queue[str | None] = asyncio.Queue()
    tasks = [
        asyncio.create_task(_speak(recording, stream)),
        asyncio.create_task(_listen(stream, translations)),
        asyncio.create_task(_say(tts, translations, heard)),
    ]
    try:
        limit = recording.seconds + _LIMIT_SECONDS
        done, late = await asyncio.wait(tasks, timeout=limit, return_when=asyncio.FIRST_EXCEPTION)
        failed = [error for task in done if (error := task.exception()) is not None]
        if failed:
            heard.error = _words(failed)
        elif late:
            heard.error = f"the service did not come to an end {_LIMIT_SECONDS:.0f} s after the recording"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await stream.aclose()
        await stt.aclose()
        await tts.aclose()
    return heard


def _words(failed: Sequence[BaseException]) -> str:
    """What the service's error says. It closes the stream, which may be another error for the speaker."""
    for error in failed:
        if isinstance(error, APIError):
            return error.message
    raise failed[0]


async def _speak(recording: Voice, stream: Any) -> None:
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    samples = round(recording.sample_rate * _FRAME_SECONDS)
    pcm = recording.pcm + bytes(round(_SILENCE_SECONDS * recording.sample_rate) * 2)
    for number, frame in enumerate(_frames(pcm, samples), 1):
        stream.push_frame(rtc.AudioFrame(frame, recording.sample_rate, 1, samples))
        await asyncio.sleep(began_at + number * _FRAME_SECONDS / SPEED - loop.time())
    stream.end_input()


def _frames(pcm: bytes, samples: int) -> Sequence[bytes]:
    size = samples * 2
    return [pcm[at : at + size].ljust(size, b"\0") for at in range(0, len(pcm), size)]


async def _listen(stream: AsyncIterator[Any], translations: asyncio.Queue[str | None]) -> None:
    async for event in stream:
        if event.type is SpeechEventType.FINAL_TRANSCRIPT:
            final = event.alternatives[0]
            if (final.metadata or {}).get("translated"):
                translations.put_nowait(final.text)
    translations.put_nowait(None)


async def _say(tts: TTS, translations: asyncio.Queue[str | None], heard: Heard) -> None:
    while (text := await translations.get()) is not None:
        async with tts.stream() as stream:
            stream.push_text(text)
            stream.end_input()
            heard.voices.append(b"".join([bytes(audio.frame.data) async for audio in stream]))
