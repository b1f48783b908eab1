"""The asyncio half of recognition: one recognizer's life and its deadlines.

Events cross from the SDK's thread to the loop here, and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from livekit.agents import APIConnectionError

from ..credentials import Credentials, TokenError
from ..log import logger
from ..options import Options
from .closing import begin_to_close, until_closed
from .commits import Commits
from .errors import to_api_error
from .events import (
    CALLBACK_FAILED,
    LANGUAGES_REFUSED,
    NO_FAULT_OF_THE_SERVICE,
    PLACE_LOST,
    TIMED_OUT,
    Connected,
    Disconnected,
    Event,
    Failed,
    Finished,
    MessageReceived,
    WordsRecognized,
)
from .threads import in_thread, post_to, use_batch_scheduling
from .watchdog import Watchdog
from .words_alone import WordsAlone

CLOSE_SECONDS = 2.5
"""Stopping takes some 0.3 s; after this time an error is logged and the thread abandoned."""
_DRAIN_SECONDS = 10.0
"""How long Azure may be silent after the end of the audio before it counts as gone."""
_LONGEST_SEGMENT_MS = 70000
"""Azure's maximum for segmentation_max_time_ms."""
_AFTER_SEGMENT_SECONDS = 5.0
_ALTERNATIVE_SECONDS = 3.0
_ALTERNATIVE_RECONNECT_SECONDS = 1.0
"""How long a resource may take to be reached, and to be reached again, if another one can serve."""
_TRANSLATION_SECONDS = 2.0
"""How long the words of a final result wait for their translation."""


class Recognizer(Protocol):
    """The port: the parts of a recognizer that a connection uses. `AzureRecognizer` is the real one.

    Attributes:
        sees_messages: Every message of the service is reported, not only those that the SDK explains.
        session_id: Azure's id of the connection (X-ConnectionId), which its support asks for.
    """

    sees_messages: bool
    session_id: str

    def start(self) -> None: ...

    def write(self, pcm: bytes) -> None: ...

    def commit(self) -> None: ...

    def change_languages(self, before: Options, after: Options) -> None: ...

    def set_voices(self, options: Options) -> None: ...

    def end_audio(self) -> None: ...

    def set_tcp_nodelay(self) -> None: ...

    def renew_token(self) -> None: ...

    def close(self) -> None: ...


OpenRecognizer = Callable[[Options, Callable[[Event], None]], Recognizer]


class Place(Protocol):
    """The port: a place at one of several resources. `_fleet.resource_places.Place` is the real one."""

    @property
    def credentials(self) -> Credentials: ...

    @property
    def has_alternative(self) -> bool: ...

    def on_lost(self, lost: Callable[[], None]) -> None: ...

    def served(self) -> None: ...

    def failed(self) -> None: ...

    def release(self) -> None: ...


TakePlace = Callable[[], Awaitable[Place]]


def _never(_: float) -> bool:
    """No speech turns out to be noise; the default."""
    return False


class Connection:
    """One attempt: a recognizer, opened and closed off the loop, and its events, on the loop.

        async with Connection(AzureRecognizer, options, connect_seconds=9) as connection:
            connection.write(pcm)
            async for event in connection: ...

    Iteration ends after `Finished` or `Failed`. Events after closing are ignored.

    Args:
        open_recognizer: Makes the recognizer.
        options: What to recognize and translate.
        connect_seconds: If there is no connection by then, or it is lost for as long, the event is
            `Failed`. If the recognizer is not open by then, `APITimeoutError` is raised.
        peer_timeout_seconds: If the service sends nothing for as long while it gets speech, the event is
            `Failed`. If messages cannot be seen, the limit is longer than the longest utterance.
        is_noise: Whether what was taken for speech of a power is known to be noise by now.
        take_place: Takes a place at a resource, whose credentials are used instead of those of the options.
            It is given back when the connection has closed.

    Attributes:
        answered: The service said something on this connection.
        received_at: When the event that was iterated last came, on the loop's clock; the loop may have been
            blocked since.
    """

    def __init__(
        self,
        open_recognizer: OpenRecognizer,
        options: Options,
        *,
        connect_seconds: float,
        peer_timeout_seconds: float = 15.0,
        is_noise: Callable[[float], bool] = _never,
        take_place: TakePlace | None = None,
    ) -> None:
        self._open_recognizer = open_recognizer
        self._take_place = take_place
        self._place: Place | None = None
        self._options = options
        self._connect_seconds = connect_seconds
        self._peer_watchdog = Watchdog(peer_timeout_seconds)
        self._is_noise = is_noise
        self._peer_timer: asyncio.TimerHandle | None = None
        self.answered = False
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[tuple[Event, float]] = asyncio.Queue()
        self.received_at = self._loop.time()
        self._posted: deque[tuple[Event, float]] = deque()
        self._wakes = False
        self._opening: asyncio.Future[Recognizer] | None = None
        self._recognizer: Recognizer | None = None
        self._next_voices: Options | None = None
        self._session_id = ""
        self._closed = False
        self._closing: asyncio.Task[None] | None = None
        self._connected = False
        self._draining = False
        self._written_bytes = self._committed_bytes = 0
        self._commits: Commits | None = None
        self._opened_at = 0.0
        self._watchdog: asyncio.TimerHandle | None = None
        self._words_alone = WordsAlone()
        self._words_timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Connection:
        if self._take_place is not None:
            self._go_to(await self._take_place())
        deadline = self._loop.time() + self._connect_seconds
        opening = self._opening = in_thread(self._open, name="azure-interpreter-open")
        try:
            await asyncio.wait({opening}, timeout=self._connect_seconds)
            if not opening.done():
                raise to_api_error(_timed_out(self._connect_seconds, "could not be reached"))
            try:
                recognizer = opening.result()
            except TokenError as error:
                raise APIConnectionError(str(error)) from None
            if self._closed:
                raise RuntimeError("the connection was closed while it was opening")
            self._recognizer = recognizer
            self._session_id = recognizer.session_id
            if self._options.manual_flush:
                self._commits = Commits(recognizer.commit, lambda: self.written_seconds)
            if not recognizer.sees_messages:
                longest_ms = self._options.segmentation.max_time_ms or _LONGEST_SEGMENT_MS
                self._peer_watchdog.limit_seconds = longest_ms / 1000 + _AFTER_SEGMENT_SECONDS
        except BaseException as error:
            if self._place is not None and isinstance(error, APIConnectionError):
                self._place.failed()
            await self.aclose()
            raise
        self._opened_at = self._loop.time()
        if self._next_voices is not None:
            self.set_voices(self._next_voices)
        if self._connected:
            self._set_tcp_nodelay(recognizer)
        else:
            self._watch(deadline, self._connect_seconds, "could not be reached")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            event, self.received_at = await self._events.get()
            if isinstance(event, MessageReceived):
                continue
            yield event
            if isinstance(event, (Finished, Failed)):
                return

    def write(self, pcm: bytes, power: float = 0.0) -> None:
        """Send 16 bit mono PCM at the rate of the options, with possible speech of a power, or without."""
        if self._recognizer is not None:
            self._recognizer.write(pcm)
            if power:
                self._spoken(power)
            self._written_bytes += len(pcm)

    async def commit(self) -> None:
        """Ask Azure to end the utterance at the end of the written audio, if the options say so."""
        if self._commits is not None and await self._commits.commit():
            self._committed_bytes = self._written_bytes

    async def change_languages(self, after: Options) -> None:
        """Go over to other languages and voices from the next utterance on.

        If the SDK refuses them, the event is `Failed`: another connection can begin with them.
        """
        recognizer, before = self._recognizer, self._options
        if recognizer is None:
            return
        changing = in_thread(
            lambda: recognizer.change_languages(before, after), name="azure-interpreter-languages"
        )
        await asyncio.wait({changing}, timeout=self._connect_seconds)
        if not changing.done():
            self.fail(_timed_out(self._connect_seconds, "did not take other languages"))
        elif (error := changing.exception()) is not None:
            details = f"the Azure Speech SDK did not take other languages ({type(error).__name__})"
            self.fail(Failed(LANGUAGES_REFUSED, details))
        else:
            self._options = replace(after, credentials=before.credentials)

    def set_voices(self, options: Options) -> None:
        """Have the SDK ask for other voices when it reconnects; until then the voices are as they are."""
        self._next_voices = options
        if (recognizer := self._recognizer) is not None:
            in_thread(lambda: recognizer.set_voices(options), name="azure-interpreter-voices")

    def end_audio(self) -> None:
        """End the audio. The connection waits for results and voices while they progress."""
        if self._recognizer is not None:
            self._recognizer.end_audio()
            self._draining = True
            if self._connected:
                self._watch_draining()

    @property
    def is_renewable(self) -> bool:
        """New credentials can be got after Azure refused the old ones."""
        return self._options.credentials.renewable

    @property
    def sees_messages(self) -> bool:
        """The recognizer reports every message, so that each voice has its language."""
        return self._recognizer is not None and self._recognizer.sees_messages

    @property
    def session_id(self) -> str:
        """The id that Azure's support asks for; empty while the recognizer is not open."""
        return self._session_id

    @property
    def is_behind(self) -> bool:
        """Some events were not iterated yet."""
        return not self._closed and not self._events.empty()

    @property
    def written_seconds(self) -> float:
        """How much audio was written."""
        return self._written_bytes / 2 / self._options.sample_rate

    @property
    def uncommitted_bytes(self) -> int:
        """How much was written since the last commit."""
        return self._written_bytes - self._committed_bytes

    def fail(self, failed: Failed) -> None:
        """End it, as if the recognizer had given up."""
        self._take(failed)

    async def aclose(self) -> None:
        """Stop at once. Returns when it has closed, within `CLOSE_SECONDS`."""
        if not self._closed:
            self._closed = True
            for timer in (self._watchdog, self._peer_timer, self._words_timer):
                if timer is not None:
                    timer.cancel()
            if self._commits is not None:
                self._commits.close()
            opening, self._opening, self._recognizer = self._opening, None, None
            if opening is not None:
                self._closing = begin_to_close(_close(opening), "an Azure recognizer", CLOSE_SECONDS)
        try:
            if self._closing is not None:
                await until_closed(self._closing)
        finally:
            if self._place is not None:
                self._place.release()

    def _go_to(self, place: Place) -> None:
        """Connect to the resource of this place; not for long if another one can serve."""
        self._place = place
        place.on_lost(lambda: self.fail(Failed(PLACE_LOST, "")))
        options, reconnect_seconds = self._options, self._options.reconnect_seconds
        if place.has_alternative:
            self._connect_seconds = min(_ALTERNATIVE_SECONDS, self._connect_seconds)
            reconnect_seconds = min(_ALTERNATIVE_RECONNECT_SECONDS, reconnect_seconds)
        self._options = replace(options, credentials=place.credentials, reconnect_seconds=reconnect_seconds)

    def _open(self) -> Recognizer:
        use_batch_scheduling()
        recognizer = self._open_recognizer(self._options, self._post)
        try:
            recognizer.start()
        except BaseException:
            recognizer.close()
            raise
        return recognizer

    def _post(self, event: Event) -> None:
        """Called on the SDK's thread."""
        if self._closed:
            return
        self._posted.append((event, self._loop.time()))
        if not self._wakes:
            # A burst wakes the loop once. The flag is cleared before the events are taken, so none is missed.
            self._wakes = True
            post_to(self._loop, self._take_posted)

    def _take_posted(self) -> None:
        self._wakes = False
        while self._posted:
            try:
                self._take(*self._posted.popleft())
            except Exception as error:
                self.fail(Failed(CALLBACK_FAILED, type(error).__name__))

    def _take(self, event: Event, received_at: float | None = None) -> None:
        if self._closed:
            return
        self._put(self._words_alone.take(event), self._loop.time() if received_at is None else received_at)
        if isinstance(event, WordsRecognized):
            self._watch_words()
        if isinstance(event, Disconnected) and self._connected:
            self._connected = False
            seconds = self._connect_seconds
            self._watch(self._loop.time() + seconds, seconds, "could not be reached again")
            self._renew_token()
        elif isinstance(event, Connected):
            self._connected = True
            if self._recognizer is not None:
                self._set_tcp_nodelay(self._recognizer)
            self._peer_watchdog.reconnected(self._loop.time())
            self._watch_peer()
        elif isinstance(event, Failed):
            if self._place is not None and event.code not in NO_FAULT_OF_THE_SERVICE:
                self._place.failed()
        else:
            if self._place is not None and not self.answered:
                self._place.served()
            self.answered = True
            self._peer_watchdog.answered()
        if self._connected and not isinstance(event, Failed):
            self._watch_draining()

    def _put(self, events: Sequence[Event], received_at: float) -> None:
        for event in events:
            self._events.put_nowait((event, received_at))

    def _watch_words(self) -> None:
        if self._words_timer is not None:
            self._words_timer.cancel()
        if self._words_alone.is_waiting:
            self._words_timer = self._loop.call_later(_TRANSLATION_SECONDS, self._release_words)

    def _release_words(self) -> None:
        self._put(self._words_alone.release(), self._loop.time())

    def _spoken(self, power: float) -> None:
        is_first = not self._peer_watchdog.unanswered
        self._peer_watchdog.spoken(self._loop.time(), power)
        if is_first:
            self._watch_peer()

    def _watch_peer(self) -> None:
        """Watch the peer's deadline; a deadline that has moved is checked again."""
        if self._peer_timer is not None:
            self._peer_timer.cancel()
            self._peer_timer = None
        deadline = self._peer_watchdog.deadline
        if deadline is None or not self._connected:
            return
        if deadline > self._loop.time():
            self._peer_timer = self._loop.call_at(deadline, self._watch_peer)
        elif self._is_noise(self._peer_watchdog.loudest):
            # New noise was taken for speech, and needs no answer. Without this check a silent session would
            # end when somebody switches on a fan.
            self._peer_watchdog.answered()
        else:
            self._take(_timed_out(self._peer_watchdog.limit_seconds, "did not answer to speech"))

    def _set_tcp_nodelay(self, recognizer: Recognizer) -> None:
        in_thread(recognizer.set_tcp_nodelay, name="azure-interpreter-socket")

    def _renew_token(self) -> None:
        """Renew the token before the SDK reconnects, because the old one may have expired."""
        recognizer = self._recognizer
        if recognizer is not None and self._options.credentials.renewable:
            renewing = in_thread(recognizer.renew_token, name="azure-interpreter-token")
            renewing.add_done_callback(self._report_renewal)

    def _report_renewal(self, renewing: asyncio.Future[None]) -> None:
        error = renewing.exception()
        if error is not None and not self._closed:
            logger.warning("the token for Azure was not renewed: %s", error)

    def _watch_draining(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._draining:
            # The SDK sends at the pace of speech at least, however fast audio was written.
            now = self._loop.time()
            seconds = _DRAIN_SECONDS + max(0.0, self.written_seconds - (now - self._opened_at))
            self._watch(now + seconds, seconds, "did not answer after the end of the audio")

    def _watch(self, deadline: float, limit_seconds: float, otherwise: str) -> None:
        """Fail at the deadline, unless an event comes; the message names `limit_seconds`, the whole wait."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._watchdog = self._loop.call_at(deadline, self._take, _timed_out(limit_seconds, otherwise))


def _timed_out(seconds: float, otherwise: str) -> Failed:
    return Failed(TIMED_OUT, f"Azure Speech {otherwise} within {seconds:.1f} s")


async def _close(opening: asyncio.Future[Recognizer]) -> None:
    try:
        recognizer = await opening
    except Exception:  # the opener got this error
        return
    await in_thread(recognizer.close, name="azure-interpreter-close")
