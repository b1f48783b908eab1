"""One speaker's speech, from its first frame to its end, recognized by the streams of an `STT`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, utils
from livekit.agents.stt import SpeechEvent

from .._fleet.resource_places import Place
from .._recognition.stream_factory import StreamFactory
from ..stt import STT
from .speech_presence import SpeechPresence
from .stream_succession import StreamSuccession

_SEGMENTATION_SILENCE_MS = 500
"""Azure's default."""
_MARGIN_SECONDS = 0.1
"""The stream hears a pause later by some frames."""


def open_connections(stt: STT) -> int:
    """How many connections to Azure the speeches of an STT have.

    A speech has one, or one for each spoken language if the service voices one language per connection.
    """
    return StreamFactory.of(stt).streams.open_connections


def reserve_place(stt: STT, place: Place) -> None:
    """The next stream of an STT connects at this place of one of its resources."""
    places = StreamFactory.of(stt).streams.places
    assert places is not None
    places.reserve(place)


def give_back_reserved(stt: STT) -> None:
    """No stream takes what was reserved for an STT."""
    if (places := StreamFactory.of(stt).streams.places) is not None:
        places.close()


class RecognizedSpeech:
    """Frames in, events out, over one stream after another. Made on a running loop.

    Args:
        stt: It opens the streams; several speeches may share it. `aclose` leaves it open.
        heard: Called with each event.
        ended: Called when it is over, with the error that ended it before its time.
        retry: Called when a stream fails: how many seconds to wait before another one takes its place, and
            hears first what that one has not recognized; None: it is over.
        resumed: Called when another stream has taken its place.
        connected: Called when a stream has a connection to the service.
    """

    def __init__(
        self,
        stt: STT,
        *,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        heard: Callable[[SpeechEvent], None],
        ended: Callable[[BaseException | None], None],
        retry: Callable[[BaseException | None], float | None] = lambda error: None,
        resumed: Callable[[], None] = lambda: None,
        connected: Callable[[], None] = lambda: None,
    ) -> None:
        self._factory = StreamFactory.of(stt)
        self._heard, self._ended = heard, ended
        self._retry, self._resumed = retry, resumed
        self._presence = SpeechPresence()
        self._streams = StreamSuccession(
            stt, conn_options, retry=self._failed, resumed=self._replaced, connected=connected
        )
        self._is_over = False
        self._listening = asyncio.create_task(self._streams.listen(self._take))
        self._listening.add_done_callback(self._listened)

    @property
    def pushed_seconds(self) -> float:
        """How much audio was pushed: where in the stream's time the next frame will be."""
        return self._presence.pushed_seconds

    @property
    def is_open(self) -> bool:
        """It has a stream; not while it waits for another one."""
        return not (self._streams.is_waiting or self._is_over)

    @property
    def is_over(self) -> bool:
        """It will have no stream any more, and no event comes."""
        return self._is_over

    @property
    def is_speaking(self) -> bool:
        """Azure hears somebody speak."""
        return self._presence.is_told and not self._is_over

    @property
    def is_recognized(self) -> bool:
        """Nobody speaks, and all that was said has its result."""
        # What may be speech is waited for: a listener who goes too early would miss what was said.
        return self._is_over or not self._presence.is_speech

    @property
    def is_silent(self) -> bool:
        """All that was said has its result, and a change of the options takes effect with the next frame."""
        segmentation_ms = self._factory.options.segmentation_silence_timeout_ms or _SEGMENTATION_SILENCE_MS
        pause_seconds = segmentation_ms / 1000 + _MARGIN_SECONDS
        return self.is_recognized and self._presence.quiet_seconds >= pause_seconds

    def is_recognized_until(self, position: float) -> bool:
        """Whether all that was said before this position, in seconds, has its result."""
        return self.is_recognized or self._presence.covered_until >= position

    def push(self, frame: rtc.AudioFrame) -> None:
        """What is said next: frames of any rate and channels. Ignored once it has ended."""
        if not (self._streams.is_input_ended or self._is_over):
            self._streams.push(frame)
            self._presence.push(frame)

    def withdraw_own_voice(self) -> None:
        """No connection asks for the speaker's own voice from now on; voices that are under way go on.

        The present voices of the STT take its place.
        """
        self._streams.withdraw_own_voice()

    def end_input(self) -> None:
        """Nothing more will be said. What was said is still recognized."""
        self._streams.end_input()

    async def aclose(self) -> None:
        """Stop at once, whatever is under way."""
        await utils.aio.cancel_and_wait(self._listening)
        await self._streams.aclose()
        self._over(None)

    def _take(self, event: SpeechEvent) -> None:
        self._presence.heard(event)
        self._heard(event)

    def _failed(self, error: BaseException | None) -> float | None:
        self._presence.stream_failed()
        return self._retry(error)

    def _replaced(self, kept_seconds: float) -> None:
        self._presence.stream_replaced(kept_seconds)
        self._resumed()

    def _listened(self, listening: asyncio.Task[None]) -> None:
        if not listening.cancelled():
            self._over(listening.exception())

    def _over(self, error: BaseException | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._ended(error)
