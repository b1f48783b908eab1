"""A case in several spoken languages: one stream over one connection, and a TTS for each language."""

from __future__ import annotations

import asyncio
import time

from fakes.room import Microphone, OtherVoice
from livekit.agents.stt import SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter._voices.utterance import Translation
from livekit_plugins_azure_interpreter.emulator import Emulator

from . import speech
from .cases import Case
from .interpreted import STUCK_SECONDS, behaviour
from .interpreted import interpret as interpret_in_session
from .outcome import Final, Outcome, judge_texts, judge_voices


async def interpret(case: Case, *, patience_seconds: float = STUCK_SECONDS) -> dict[str, Outcome]:
    """Run a case, and judge what was heard in each language. One language is spoken in an AgentSession."""
    if len(case.languages) == 1:
        return {case.languages[0]: await interpret_in_session(case, patience_seconds=patience_seconds)}
    async with Emulator(behaviour(case)) as emulator:
        stt = STT(
            target_languages=case.languages,
            spoken_languages=case.languages,
            speech_key="any",
            speech_endpoint=emulator.endpoint,
            **case.stt,
        )
        outcomes = await _Run(case, stt, patience_seconds).outcomes()
        await stt.aclose()
        for outcome in outcomes.values():
            outcome.connections = emulator.connections
        return outcomes


class _Speaker:
    """Says the translations in one language, one after another.

    Attributes:
        heard: The text of each, and its samples.
    """

    def __init__(self, stt: STT, language: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._tts = TTS(stt, language=language, fallback=OtherVoice())
        self._texts: asyncio.Queue[Translation] = asyncio.Queue()

    def say(self, text: Translation) -> None:
        self._texts.put_nowait(text)

    async def speak(self) -> None:
        while True:
            text = await self._texts.get()
            async with self._tts.synthesize(text) as stream:
                pcm = b"".join([bytes(audio.frame.data) async for audio in stream])
            self.heard.append((str(text), pcm))


class _Run:
    def __init__(self, case: Case, stt: STT, patience_seconds: float) -> None:
        self._case = case
        self._patience_seconds = patience_seconds
        self._microphone = Microphone(speed=case.speed)
        self._finals: list[Final] = []
        self._error = ""
        self._speakers = {language: _Speaker(stt, language) for language in case.languages}
        self._stream = stt.stream()

    async def outcomes(self) -> dict[str, Outcome]:
        case = self._case
        self._microphone.speak(speech.conversation(case.count, case.spacing_seconds, case.speech_seconds))
        work = [self._push(), self._listen(), *(speaker.speak() for speaker in self._speakers.values())]
        tasks = [asyncio.create_task(one) for one in work]
        await self._until_heard()
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        errors = [repr(end) for end in ends if isinstance(end, Exception)]
        await self._stream.aclose()
        outcomes = {}
        for language, speaker in self._speakers.items():
            outcome = outcomes[language] = judge_texts(case.count, self._finals, case.spacing_seconds)
            judge_voices(outcome, speaker.heard, lambda number, of=language: self._voices_of(number, of))
            outcome.error = "; ".join(errors)
        return outcomes

    async def _push(self) -> None:
        async for frame in self._microphone:
            self._stream.push_frame(frame)

    async def _listen(self) -> None:
        async for event in self._stream:
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                self._recognized(event)

    def _recognized(self, event: SpeechEvent) -> None:
        said = event.alternatives[0]
        assert self._microphone.began_at is not None
        pushed_at = self._microphone.began_at + said.end_time / self._case.speed
        number = speech.number_of(said.source_texts[0])
        self._finals.append(Final(number, said.start_time, time.monotonic() - pushed_at))
        for language, text in zip(said.target_languages, said.target_texts, strict=True):
            self._speakers[str(language)].say(text)

    def _voices_of(self, number: int, language: str) -> list[bytes]:
        voice = speech.line(number, self._case.voice_seconds, self._case.languages).voices[language].pcm
        return [voice, self._case.heard_as(voice)]

    async def _until_heard(self) -> None:
        """Until all was heard in each language, and a little longer for what should not come; or stuck."""
        seen, since = -1, time.monotonic()
        all_of_it = self._case.count * len(self._speakers)
        while time.monotonic() - since < (self._patience_seconds if seen < all_of_it else 1.0):
            await asyncio.sleep(0.1)
            now = sum(len(speaker.heard) for speaker in self._speakers.values())
            if now != seen:
                seen, since = now, time.monotonic()
