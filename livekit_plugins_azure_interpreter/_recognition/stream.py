"""One speech stream: frames in, speech events out, over as many connections as it takes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, APIStatusError, stt, utils
from livekit.agents.stt import RecognitionUsage, SpeechEvent, SpeechEventType

from .._livekit_private import AnyRateStream
from .._options.languages import in_language, target
from .._sdk import events
from .._sdk.connection import Connection
from .._sdk.errors import to_api_error
from .._sdk.wall_clock import ClockSetBackError, WallClock
from .._voices.ledgers import Ledgers
from .._voices.meter import Meter, RecognitionTimings
from .._voices.utterance import Utterance
from ..log import logger
from ..options import Options
from ..reports import UtteranceRecognized
from .active_connection import ActiveConnection
from .option_timeline import OptionChange, OptionMark
from .placement import Placement
from .replay_buffer import Piece
from .side_streams import OpenSide, SideStream, SideStreams
from .stream_audio import StreamAudio
from .streams import OpenStream, Streams
from .transcripts import Transcriber, Transcript

_USAGE_SECONDS = 5.0
_LOOK_SECONDS = 0.2
"""After so much audio the clock is looked at, and usage is reported if it is due."""
_CONNECT_SHARE = 0.9
"""A share of the connect timeout: an attempt that lasts as long would reset LiveKit's retry count."""
_RECONNECT_SHARE = 0.7
"""A share of the same: the SDK's retries take longer than the pauses between them, and have to end before."""
_MOST_DOUBLINGS = 2
"""Each attempt without a result doubles the time that Azure has to answer: a slow service may need it."""
_MOST_REASONS = 20
"""How many reasons for a missing translation are logged, each once."""
_FLUSH_ANSWER_SECONDS = 0.7
"""A service that ends utterances on request gives a result within this time."""
_FLUSH_SILENCE_SECONDS = 2.0
"""Ends an utterance of any other service. LiveKit sends as much at a commit if the STT takes no flushes."""
_NO_ANSWERS = (events.Connected, events.Disconnected, events.TurnStarted, events.Finished, events.Failed)


class _SeparateVoicesError(Exception):
    """Each spoken language needs a connection of its own; the message says why."""


class SpeechStream(AnyRateStream):
    """Frames in, speech events out. Made by `STT.stream()`.

    An attempt uses one connection to Azure after another: a change of the options opens the next,
    while the one before is still answering. Their events are taken in the order of the audio.
    """

    _can_be_spoken = True
    """Whether a TTS may ask for its translations."""

    def __init__(
        self,
        *,
        stt: stt.STT[Any],
        owner: Streams,
        options: Options,
        own: frozenset[str],
        ledgers: Ledgers,
        conn_options: APIConnectOptions,
        open_side: OpenSide,
        audio: StreamAudio | None = None,
    ) -> None:
        # No sample_rate for the base class: it resamples before it mixes down.
        super().__init__(stt=stt, conn_options=conn_options)
        self._owner = owner
        self._limits = conn_options
        # A little less than connecting may take: then a refusal ends with the service's own reason.
        options = replace(options, reconnect_seconds=_RECONNECT_SHARE * conn_options.timeout)
        self._own = own
        self._placement: Placement | None = None
        if owner.places is not None:
            self._placement = Placement(owner.places, wait_seconds=_CONNECT_SHARE * conn_options.timeout)
        self._ledgers = ledgers
        ledgers.speak(options.spoken)
        self._sides = SideStreams(partial(self._open_side, open_side), self._relayed)
        self._timer: asyncio.TimerHandle | None = None
        self._unheard_attempts = 0
        self._counts_anew = False
        self._renewed = False
        self._answered = self._refused = False
        self._now = asyncio.get_running_loop().time
        self._clock = WallClock(time.time(), time.monotonic())
        self._look_at = 0.0
        self._failure_reasons: set[str] = set()
        self._active_connections: deque[ActiveConnection] = deque()
        self._received_at = float("-inf")
        self._untranslated = False
        self._placed_at: float | None = None
        self._first_offset: float | None = None
        self._is_probe = False
        self._transcriber = Transcriber(options)
        if audio is None:
            audio = StreamAudio(options, max_seconds=owner.kept_audio_seconds, now=self._now)
        else:
            audio.options.want(OptionChange(vars(options)))  # they may have changed since
        self._audio = audio
        self._all_attempts.add_done_callback(self._ended)
        self._opened = OpenStream(self, ledgers, audio, self._update, self._withdraw_own_voice)
        self._audio.simultaneous.begun = partial(owner.emit, "translation_begun")
        owner.add(self._opened, claimable=self._can_be_spoken)

    @property
    def start_time_offset(self) -> float:
        """Where the stream's audio begins on the session's clock, in seconds; the stream's owner sets it."""
        return super().start_time_offset

    @start_time_offset.setter
    def start_time_offset(self, value: float) -> None:
        cast(property, stt.SpeechStream.start_time_offset).__set__(self, value)
        self._placed_at = value

    def _update(self, changes: Mapping[str, Any]) -> None:
        """From the next utterance on, hear and speak with other options."""
        changes = {name: value for name, value in changes.items() if name not in self._own}
        if not self._active_connections and self._pushed_items.empty():
            self._audio.options.begin(changes)
        elif not self._pushed_items.closed:
            # The change has its place in the audio: frames that were pushed before it keep their options.
            self._pushed_items.send_nowait(OptionChange(changes))

    def _withdraw_own_voice(self, instead: Options) -> None:
        """No connection asks for the speaker's own voice from now on, also not if one reconnects.

        Voices that are under way go on. `instead` has the voices that are asked for instead.
        """
        self._audio.options.withdraw_own_voice(instead)
        for active in self._active_connections:
            active.connection.set_voices(active.options.without_own_voice(instead).of_main_connection())
        self._sides.withdraw_own_voice(instead)

    # An attempt

    async def _run(self) -> None:
        if self._first_offset is None:
            # Not the base class's: each attempt adds wall-clock time to that, which is not a position in
            # the audio. The first one, too, adds the time since the stream was made.
            self._first_offset = self._placed_at or 0.0
            self._is_probe = self._owner.began(
                self,
                placed=self._placed_at is not None and self._can_be_spoken,
                has_retries=self._limits.max_retry > 0,
                probed=self._is_probed,
            )
            self._audio.simultaneous.is_heard = self._can_be_spoken and not self._is_probe
        while True:
            try:
                return await self._attempt()
            except _SeparateVoicesError as error:
                self._audio.options.change_all({"separate_voices": True})
                self._owner.sharing.refused(str(error))
                self._unheard_attempts = max(0, self._unheard_attempts - 1)
            except ClockSetBackError as error:
                logger.warning(
                    "%s: for so long the Azure Speech SDK receives nothing; connecting again", error
                )
                self._unheard_attempts = max(0, self._unheard_attempts - 1)
            except APIError as error:
                if self._placement is None or not await self._placement.goes_on(error):
                    raise
                self._unheard_attempts = max(0, self._unheard_attempts - 1)

    async def _attempt(self) -> None:
        self._clock.look(time.time(), time.monotonic())
        self._ledgers.reconnected(self._now())
        self._audio.simultaneous.restarted()
        self._report_forgotten()
        self._active_connections.clear()
        place, *later = self._audio.options.of_retained()
        first = self._next_connection(*place)
        self._unheard_attempts += 1
        began_at = self._now()
        try:
            async with contextlib.AsyncExitStack() as stack:
                await self._open(first, stack)
                await self._interpret(first, later, stack)
        except APIError as error:
            self._counts_anew |= self._now() - began_at >= self._limits.timeout
            spent = 0 < self._limits.max_retry < self._unheard_attempts
            if self._counts_anew and spent and not first.connection.answered:
                # LiveKit resets its count after an attempt that outlived its timeout. Waiting for an answer
                # to speech takes as long, so a silent service would never be an error.
                error.retryable = False
            raise
        finally:
            self._tell(self._transcriber.ended())
            if first.connected:
                self._report_usage(0.0)

    def _next_connection(self, start_seconds: float, options: Options) -> ActiveConnection:
        options = self._audio.options.permitted(options)
        waits = 2 ** min(self._unheard_attempts, _MOST_DOUBLINGS)
        connection = Connection(
            self._owner.open_recognizer,
            options.of_main_connection(),
            connect_seconds=_CONNECT_SHARE * self._limits.timeout,
            peer_timeout_seconds=self._owner.peer_timeout_seconds * waits,
            is_noise=self._audio.replay_buffer.is_noise,
            take_place=None if self._placement is None else self._placement.take,
        )
        self._active_connections.append(ActiveConnection(connection, [(start_seconds, options)], self._now()))
        self._sides.serve(options, start_seconds)
        return self._active_connections[-1]

    async def _open(self, active: ActiveConnection, stack: contextlib.AsyncExitStack) -> None:
        await stack.enter_async_context(active.connection)
        if active is self._active_connections[0]:
            self._transcriber.request_id = active.connection.session_id
        self._check_that_voices_are_named(active, active.options)

    def _check_that_voices_are_named(self, active: ActiveConnection, options: Options) -> None:
        if options.shares_connection and not active.connection.sees_messages:
            raise _SeparateVoicesError(
                "this version of the Azure Speech SDK does not tell the languages of voices"
            )

    async def _interpret(
        self, first: ActiveConnection, later: Sequence[OptionMark], stack: contextlib.AsyncExitStack
    ) -> None:
        self._take_from(first)
        sending = asyncio.create_task(self._send(first, later, stack))
        receiving = asyncio.create_task(self._receive())
        try:
            await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            await receiving
            await self._sides.finish()
        finally:
            await utils.aio.cancel_and_wait(sending, receiving)

    async def _receive(self) -> None:
        while True:
            active = self._active_connections[0]
            self._take_from(active)
            async for event in active.connection:
                # The next connection's events may have come earlier than they are taken.
                self._received_at = max(self._received_at, active.connection.received_at)
                self._handle(event, active)
                self._arm()
            await active.connection.aclose()
            if len(self._active_connections) == 1:
                return
            self._active_connections.popleft()
            # It has finished: an utterance without a voice must not get a voice of the next connection.
            self._ledgers.finish_connection(self._received_at)

    def _take_from(self, active: ActiveConnection) -> None:
        assert self._first_offset is not None
        self._transcriber.offset_seconds = self._first_offset + active.start_seconds
        self._transcriber.options = active.options
        self._transcriber.request_id = active.connection.session_id
        options = active.options
        self._ledgers.connected(options.spoken, options.voices, separate=options.separate_voices)

    async def _send(
        self, first: ActiveConnection, later: Sequence[OptionMark], stack: contextlib.AsyncExitStack
    ) -> None:
        connection = await self._send_again(first.connection, later, stack)
        self._audio.align(connection.uncommitted_bytes)
        async for item in self._pushed_items:
            if isinstance(item, OptionChange):
                self._audio.options.want(item)
                continue
            if not isinstance(item, rtc.AudioFrame):
                await self._flush(connection)
                continue
            if not (message := self._audio.take(item)):
                continue
            place, is_quiet = None, False
            if self._audio.options.is_due:
                is_quiet, place = self._audio.options.is_quiet, self._audio.options.take_place()
            piece = self._keep(message)
            self._audio.note_pushed(item, self._pushed_items.qsize())
            if place is not None:
                connection = await self._change(connection, place, stack, is_quiet=is_quiet)
            self._pass_on(connection, piece)
            if place is not None:
                self._audio.align(connection.uncommitted_bytes)
            if piece.position >= self._look_at:
                self._look(piece.position)
        self._pass_on(connection, self._keep(self._audio.flush()))
        connection.end_audio()
        self._report_usage(0.0)

    async def _send_again(
        self, connection: Connection, later: Sequence[OptionMark], stack: contextlib.AsyncExitStack
    ) -> Connection:
        """Send the retained audio, each part to a connection with its own options, and flush where it was."""
        places, flushes = deque(later), deque(self._audio.flush_marks.of_retained())
        for piece in self._audio.replay_buffer.pieces():
            if flushes and flushes[0] <= piece.position:
                flushes.popleft()
                await connection.commit()
            while places and places[0][0] <= piece.position:
                connection = await self._change_over(connection, places.popleft(), stack)
            self._pass_on(connection, piece)
        if flushes:
            await self._commit(connection)
        for place in places:
            connection = await self._change_over(connection, place, stack)
        return connection

    async def _change(
        self,
        connection: Connection,
        place: OptionMark,
        stack: contextlib.AsyncExitStack,
        *,
        is_quiet: bool,
    ) -> Connection:
        """Go over to other options at a place, on the same connection if that can be."""
        active = self._active_connections[-1]
        options = self._audio.options.permitted(place[1])
        if not (is_quiet and active.options.differs_in_languages_alone(options)):
            return await self._change_over(connection, place, stack)
        self._check_that_voices_are_named(active, options)
        await connection.change_languages(options)
        active.places.append((place[0], options))
        if active is self._active_connections[0]:
            self._transcriber.options = options
            self._ledgers.speak(options.spoken)
        return connection

    async def _change_over(
        self, old: Connection, place: OptionMark, stack: contextlib.AsyncExitStack
    ) -> Connection:
        is_ended = self._placement is not None and not await self._placement.has_another()
        if is_ended:
            old.end_audio()  # as it closes, it gives its place to the next one
        active = self._next_connection(*place)
        await self._open(active, stack)
        if not is_ended:
            old.end_audio()
        return active.connection

    def _keep(self, pcm: bytes) -> Piece:
        buffer = self._audio.replay_buffer
        return Piece(buffer.end_seconds, pcm, buffer.add(pcm) if pcm else 0.0)

    def _pass_on(self, connection: Connection, piece: Piece) -> None:
        if piece.pcm:
            connection.write(piece.pcm, piece.power)
            self._sides.push(piece.position, piece.pcm)

    def _look(self, position: float) -> None:
        """Do what is due now and then, but not at each frame."""
        self._look_at = position + _LOOK_SECONDS
        self._clock.check(time.time(), time.monotonic())
        self._report_usage(_USAGE_SECONDS)

    async def _flush(self, connection: Connection) -> None:
        """End the utterance here, unless the input ends, which does so itself."""
        if not (self._pushed_items.closed and self._pushed_items.empty()):
            self._pass_on(connection, self._keep(self._audio.flush()))
            self._audio.flush_marks.add()
            self._sides.flush()
            await self._commit(connection)
            self._audio.align(connection.uncommitted_bytes)
        self._report_usage(0.0)

    async def _commit(self, connection: Connection) -> None:
        await connection.commit()
        if self._active_connections[-1].options.manual_flush:
            loop = asyncio.get_running_loop()
            loop.call_later(_FLUSH_ANSWER_SECONDS, self._end_by_silence, connection, self._retained_place)

    def _end_by_silence(self, connection: Connection, flushed_place: tuple[float, float]) -> None:
        """End the utterance with silence if the service ignores the flush, and the microphone is off.

        Then neither a result nor audio has come since the flush.
        """
        buffer, active = self._audio.replay_buffer, self._active_connections[-1]
        is_current = connection is active.connection and not self._pushed_items.closed
        if is_current and self._retained_place == flushed_place and buffer.speech_seconds:
            silence = bytes(2 * round(_FLUSH_SILENCE_SECONDS * active.options.sample_rate))
            self._pass_on(connection, self._keep(silence))

    @property
    def _retained_place(self) -> tuple[float, float]:
        """A final moves its start, and audio its end."""
        return self._audio.replay_buffer.start_seconds, self._audio.replay_buffer.end_seconds

    def _report_forgotten(self) -> None:
        self._owner.report_forgotten(self._audio)

    def _report_usage(self, least_seconds: float) -> None:
        buffer = self._audio.replay_buffer
        seconds = buffer.end_seconds - self._audio.reported_seconds
        if seconds < least_seconds:
            return
        self._audio.reported_seconds = buffer.end_seconds
        # Azure counts the audio of each connection.
        if (sent_seconds := seconds + self._sides.take_pushed_seconds()) > 0:
            usage = SpeechEvent(
                type=SpeechEventType.RECOGNITION_USAGE,
                request_id=self._transcriber.request_id,
                recognition_usage=RecognitionUsage(audio_duration=sent_seconds),
            )
            self._tell([usage])

    def _handle(self, event: events.Event, active: ActiveConnection) -> None:
        self._answered |= not isinstance(event, _NO_ANSWERS)
        if isinstance(event, events.SpeechStarted):
            self._tell(self._transcriber.speech_started())
        elif isinstance(event, events.SpeechStopped):
            self._tell(self._transcriber.speech_stopped())
        elif isinstance(event, events.Recognizing):
            say = partial(self._audio.simultaneous.interim, now=self._received_at)
            self._tell(self._transcriber.interim(event.phrase.read(), say))
        elif isinstance(event, events.Recognized):
            self._recognized(event.phrase.read(), active)
        elif isinstance(event, events.ResultUnread):
            self._result_unread(active)
        elif isinstance(event, events.NothingRecognized):
            self._audio.simultaneous.nothing()
            self._tell(self._transcriber.ended())
        elif isinstance(event, events.VoiceEvent):
            self._voice(event, active)
        elif isinstance(event, events.Disconnected):
            self._ledgers.reconnected(self._received_at)
            self._audio.simultaneous.restarted()
        elif isinstance(event, events.Connected):
            self._renewed = False
            self._report_connected(active)
        elif isinstance(event, events.Finished):
            self._ledgers.finished(self._received_at)
            self._audio.simultaneous.end()
        elif isinstance(event, events.Failed):
            self._check_that_voices_are_not_refused(event, active)
            raise self._failure(event, active)

    def _report_connected(self, active: ActiveConnection) -> None:
        if not active.connected:
            active.connected = True
            self._tell_connected(active.connection.received_at - active.opened_at)
            self._opened.connected()

    def _check_that_voices_are_not_refused(self, failed: events.Failed, active: ActiveConnection) -> None:
        may_share = active.options.shares_connection and not self._owner.sharing.is_shared
        if failed.code == "BadRequest" and may_share:
            raise _SeparateVoicesError("it refused the request for voices in several languages")

    def _failure(self, failed: events.Failed, active: ActiveConnection) -> APIError:
        renewed = active.connection.is_renewable and not self._renewed
        self._renewed = True
        error = to_api_error(
            failed,
            session_id=self._transcriber.request_id,
            renewed=renewed,
            answered=self._answered and not self._refused,
            manual_flush=active.options.manual_flush,
        )
        # After a refusal that was tried again, a result has to come before another one is.
        self._refused |= isinstance(error, APIStatusError) and error.status_code == 400
        return error

    def _recognized(self, phrase: events.Phrase, active: ActiveConnection) -> None:
        self._unheard_attempts = 0
        self._counts_anew = False
        self._refused = False
        if phrase == active.last_phrase:
            # The same words at the same place: the result came twice, and its voice comes once.
            logger.warning("Azure sent a result twice; the second is ignored")
            return
        active.last_phrase = phrase
        start = active.start_seconds + phrase.offset_seconds
        if self._ledgers.has_stray_voice(start) and not self._untranslated and self._may_send_again():
            raise to_api_error(events.Failed(events.RESULT_LOST, ""))
        if not phrase.text and not phrase.translations:
            # Nothing was said, or its words were lost; in that case a voice without a result will show it.
            self._audio.simultaneous.nothing()
            self._tell(self._transcriber.ended())
            return
        self._audio.replay_buffer.cover(active.start_seconds + phrase.end_seconds)
        options = active.options_of(phrase)
        transcript = self._transcriber.transcript(phrase, options)
        self._untranslated = not transcript.translated
        self._tell_once(transcript.failure_reason)
        if not (transcript.translated or self._is_probe):
            self._ledgers.untranslated.append(transcript.text)
        utterances = self._expect_voices(phrase, transcript, start, options)
        self._expect_early_voices(phrase, transcript, start, active)
        transcript = transcript.with_translations(
            {language: utterance.translation for language, utterance in utterances.items()}
        )
        self._tell(self._transcriber.final(transcript))
        if not self._is_probe:
            self._measure(phrase, transcript, utterances, active)

    def _expect_voices(
        self, phrase: events.Phrase, transcript: Transcript, start: float, options: Options
    ) -> dict[str, Utterance]:
        """The utterance in each language that it is to be spoken in; its voice is still to come."""
        written = {target(language): language for language in transcript.translations}
        said = {code: transcript.translations[written[code]] for code in options.spoken if code in written}
        # Between two languages, Azure may voice the one that was spoken, too.
        unsaid = {
            code: text
            for code in options.spoken
            if code not in said and (text := in_language(phrase.translations, code))
        }
        times = transcript.start_time, transcript.end_time
        utterances = self._ledgers.recognized(
            {**said, **unsaid},
            self._received_at,
            voiced=options.voices,
            start=start,
            times=times,
            same_language=[code for code in (*said, *unsaid) if transcript.is_in(code)],
            name=self._audio.simultaneous.name_of(*times),
        )
        for code in unsaid:
            self._ledgers.let_go(utterances.pop(code))
        for code, utterance in utterances.items():
            utterance.corrected = written[code] in transcript.uncorrected_texts
        expected = {written[code]: utterance for code, utterance in utterances.items()}
        return self._audio.simultaneous.final(expected, times, self._ledgers, self._received_at)

    def _expect_early_voices(
        self, phrase: events.Phrase, transcript: Transcript, start: float, active: ActiveConnection
    ) -> None:
        """The service takes a change at once, so it may voice what was said just before it: for nobody."""
        before, latest = active.options_of(phrase), active.options
        if before is latest:
            return
        early = {
            language: text
            for language in latest.voices
            if language not in before.voices
            and not transcript.is_in(language)
            and (text := in_language(phrase.translations, language))
        }
        for utterance in self._ledgers.recognized(
            early, self._received_at, voiced=latest.voices, start=start
        ).values():
            self._ledgers.let_go(utterance)

    def _measure(
        self,
        phrase: events.Phrase,
        transcript: Transcript,
        utterances: Mapping[str, Utterance],
        active: ActiveConnection,
    ) -> None:
        """Report the utterance, and measure it in each spoken language."""
        name = next((one.id for one in utterances.values()), "") or utils.shortuuid("untranslated-")
        timings = self._timings(name, phrase, transcript, active)
        unix = time.time() - self._now()
        self._owner.recognized(
            UtteranceRecognized(name, transcript, timings.began_at + unix, timings.ended_at + unix)
        )
        if not utterances:
            self._begin(Meter(), timings, will_be_spoken=False)
        for language, utterance in utterances.items():
            code = target(language)
            speaks = self._owner.speaks(code, is_main=language == transcript.language)
            self._begin(
                utterance.meter,
                self._audio.simultaneous.measured(
                    replace(timings, target_language=language, corrected=utterance.corrected)
                ),
                will_be_spoken=(speaks or utterance.is_being_said) and self._can_be_spoken,
            )

    def _begin(self, meter: Meter, timings: RecognitionTimings, *, will_be_spoken: bool) -> None:
        meter.begin(timings, self._owner.utterance_ended)
        if not will_be_spoken:
            meter.end("not_spoken")

    def _tell_once(self, failure_reason: str) -> None:
        known = self._failure_reasons
        if failure_reason and failure_reason not in known and len(known) < _MOST_REASONS:
            known.add(failure_reason)
            logger.warning("Azure recognized speech but did not translate it: %s", failure_reason)

    def _timings(
        self, name: str, phrase: events.Phrase, transcript: Transcript, active: ActiveConnection
    ) -> RecognitionTimings:
        return RecognitionTimings(
            id=name,
            session_id=active.connection.session_id,
            source_language=transcript.source_language,
            target_language="",
            speech_seconds=phrase.duration_seconds,
            began_at=self._audio.push_clock.at(active.start_seconds + phrase.offset_seconds),
            ended_at=self._audio.push_clock.at(active.start_seconds + phrase.end_seconds),
            recognized_at=self._received_at,
        )

    def _result_unread(self, active: ActiveConnection) -> None:
        if self._may_send_again():
            raise to_api_error(events.Failed(events.RESULT_LOST, ""))
        logger.error("a result of Azure could not be read; its speech is not translated")
        self._audio.simultaneous.nothing()
        self._ledgers.unread(self._received_at, voiced=active.options.voices)

    def _may_send_again(self) -> bool:
        """Whether the audio of a missing result is sent again; that happens only once."""
        audio = self._audio
        first_time = audio.replay_buffer.start_seconds >= audio.sent_again_until
        audio.sent_again_until = max(audio.sent_again_until, audio.replay_buffer.end_seconds)
        return first_time and self._limits.max_retry > 0

    def _voice(self, event: events.VoiceEvent, active: ActiveConnection) -> None:
        ledgers, received_at = self._ledgers, self._received_at
        position = active.start_seconds + active.connection.written_seconds
        if isinstance(event, events.TurnStarted):
            ledgers.turn_started()
        elif isinstance(event, events.VoiceAnnounced):
            ledgers.voice_announced(event.stream_id, _code(event.language), received_at)
        elif isinstance(event, events.VoiceChunk):
            ledgers.chunk(event.data, received_at, stream_id=event.stream_id, position=position)
        else:
            ledgers.completed(received_at, stream_id=event.stream_id, told=event.told, position=position)

    def _open_side(
        self, open_side: OpenSide, options: Options, position: float, came: Callable[[Utterance], None]
    ) -> SideStream:
        assert self._first_offset is not None
        return open_side(options, self._first_offset + position, came)

    def _relayed(self, language: str, voice: Utterance) -> None:
        self._ledgers.relayed(language, voice, self._now())
        self._arm()

    def _arm(self) -> None:
        """Set a timer for the ledgers' next deadline. One that is set already may be early: then it looks."""
        deadline = self._ledgers.deadline
        if deadline is None or (self._timer is not None and self._timer.when() <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        connection = self._active_connections[0].connection
        if connection.is_behind:
            # The loop was blocked: events that came meanwhile may have come in time, and go first.
            self._timer = asyncio.get_running_loop().call_later(0.0, self._expire)
            return
        stray = self._ledgers.has_stray_voice(float("inf"))
        self._ledgers.expire(self._now())
        self._arm()
        gone = stray and not self._ledgers.has_stray_voice(float("inf"))
        # Speech that is not translated may have a voice as well; its result is not missing.
        if gone and not self._untranslated and self._may_send_again():
            connection.fail(events.Failed(events.RESULT_LOST, ""))

    def _ended(self, attempts: asyncio.Task[None]) -> None:
        self._sides.close()
        if self._timer is not None:
            self._timer.cancel()
        self._ledgers.end(self._now())
        if self._placement is not None:
            self._placement.close()
        if not self._opened.is_succeeded:
            self._audio.simultaneous.end()
        while not (attempts.cancelled() or self._pushed_items.empty()):
            # Another stream may take the place of this one.
            item = self._pushed_items.recv_nowait()
            self._audio.keep(item, items_behind=self._pushed_items.qsize())
        self._owner.ended(self)


def _code(language: str | None) -> str | None:
    """The language of a voice as the ledgers name it; None if that cannot be told."""
    try:
        return None if language is None else target(language)
    except ValueError:
        return None
