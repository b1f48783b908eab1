"""Has one speaker's audio recognized by an STT stream, and by another one when that fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from livekit import rtc
from livekit.agents import APIConnectOptions
from livekit.agents.stt import SpeechEvent

from .._recognition.option_timeline import OptionChange
from .._recognition.stream_audio import StreamAudio
from .._recognition.stream_factory import StreamFactory
from .._recognition.streams import OpenStream
from .._within import within
from ..stt import STT


class StreamSuccession:
    """The streams of one speaker, one at a time. Each first hears the unrecognized audio of the one before.

    Args:
        stt: The STT that opens the streams.
        conn_options: The options of each stream.
        retry: Called when a stream fails: how many seconds to wait before another one takes its place;
            None if none does.
        resumed: Called when another stream has taken its place; it hears first so many seconds of audio.
        connected: Called when a stream has a connection to the service.
    """

    def __init__(
        self,
        stt: STT,
        conn_options: APIConnectOptions,
        *,
        retry: Callable[[BaseException | None], float | None],
        resumed: Callable[[float], None],
        connected: Callable[[], None] = lambda: None,
    ) -> None:
        self._conn_options = conn_options
        self._connected = connected
        self._retry, self._resumed = retry, resumed
        self._now = asyncio.get_running_loop().time
        self._factory = StreamFactory.of(stt)
        self._options = self._factory.options
        self._opened = self._open()
        self._input_ended = asyncio.Event()
        self._input_ended_at = float("inf")
        self._is_waiting = False

    @property
    def is_waiting(self) -> bool:
        """Whether a stream has failed and was not replaced yet."""
        return self._is_waiting

    @property
    def is_input_ended(self) -> bool:
        """Whether the speech has ended."""
        return self._input_ended.is_set()

    def push(self, frame: rtc.AudioFrame) -> None:
        """Add speech; it is kept for the next stream if there is none."""
        if self._opened.ended.is_set():
            self._keep_change()
            self._opened.audio.keep(frame)
        else:
            self._opened.stream.push_frame(frame)

    def end_input(self) -> None:
        """End the speech. Earlier speech is still recognized."""
        if self._input_ended.is_set():
            return
        self._input_ended.set()
        self._input_ended_at = self._now()
        if not self._opened.ended.is_set():
            self._opened.stream.end_input()

    def withdraw_own_voice(self) -> None:
        """From now on ask for the present voices of the STT instead of the speaker's own.

        That is also so for speech that is sent again, by this stream or by one that replaces it.
        """
        self._opened.withdraw_own_voice(self._factory.options)

    async def listen(self, heard: Callable[[SpeechEvent], None]) -> None:
        """Call `heard` with each event of the streams, until there is no stream any more.

        Raises:
            Exception: The error of the last stream, if it failed.
        """
        while True:
            error = await self._listen_to_stream(heard)
            if error is None and self._input_ended.is_set():
                return
            if not await self._another_is_due(error):
                self._opened.audio.simultaneous.end()
                if error is not None:
                    raise error
                return
            self._go_on()

    async def aclose(self) -> None:
        """Close the stream. Nobody calls `listen` any more."""
        await self._opened.stream.aclose()
        self._opened.audio.simultaneous.end()

    async def _listen_to_stream(self, heard: Callable[[SpeechEvent], None]) -> Exception | None:
        try:
            async for event in self._opened.stream:
                heard(event)
        except Exception as error:
            return error
        return None

    async def _another_is_due(self, error: Exception | None) -> bool:
        """Wait until a failed stream should be replaced. Returns False if it should not."""
        await self._opened.stream.aclose()
        self._is_waiting = True
        seconds = self._retry(error)
        if seconds is None:
            return False
        due_at = self._now() + seconds
        with contextlib.suppress(asyncio.TimeoutError):
            await within(self._input_ended.wait(), seconds)
        if not self._input_ended.is_set():
            return True
        if not self._opened.audio.replay_buffer.speech_seconds:
            return False
        if due_at - self._input_ended_at > self._factory.streams.kept_audio_seconds:
            self._factory.streams.give_up(self._opened.audio)
            return False
        await asyncio.sleep(due_at - self._now())
        return True

    def _keep_change(self) -> None:
        """The options have changed while no stream is open: speech from here on has the other ones."""
        before, self._options = self._options, self._factory.options
        changes = {
            name: value for name, value in vars(self._options).items() if value != vars(before).get(name)
        }
        if changes:
            self._opened.audio.keep(OptionChange(changes))

    def _open(self, audio: StreamAudio | None = None) -> OpenStream:
        """Open a stream; with the audio of a failed one, it replaces that one."""
        self._options = self._factory.options
        stream = self._factory.open(self._conn_options, audio=audio)
        opened = self._factory.streams.open[stream]
        opened.connected = self._connected
        opened.is_succeeded = True
        return opened

    def _go_on(self) -> None:
        kept_seconds = self._opened.audio.replay_buffer.kept_seconds
        self._opened = self._open(self._opened.audio)
        if self._input_ended.is_set():
            self._opened.stream.end_input()
        self._is_waiting = False
        self._resumed(kept_seconds)
