"""The worker of the page, for `python -m livekit.agents start`; it logs when it begins to play a voice."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

import numpy as np
from livekit import rtc
from livekit.agents import AgentServer, JobContext

from livekit_plugins_azure_interpreter._meeting.output_track import OutputTrack
from livekit_plugins_azure_interpreter.web import worker
from livekit_plugins_azure_interpreter.web.tokens import AGENT_NAME

_LOUD = 300
_APART_SECONDS = 0.6
_logger = logging.getLogger("livekit.agents.timed")
_Play = Callable[[OutputTrack, rtc.AudioFrame], Awaitable[None]]


def began(language: str) -> str:
    """What the log says before the time at which a voice in this language began, in seconds since 1970."""
    return f"a voice began in {language} at"


server = AgentServer(
    load_fnc=worker.load,
    load_threshold=1.0,
    num_idle_processes=1,
    initialize_process_timeout=60.0,
    port=0,
)


@server.rtc_session(agent_name=AGENT_NAME)
async def entrypoint(ctx: JobContext) -> None:
    OutputTrack.play = _timed(OutputTrack.play)  # type: ignore[method-assign]
    await worker.entrypoint(ctx)


def _timed(play: _Play) -> _Play:
    loud_until: dict[int, float] = {}

    async def timed_play(track: OutputTrack, frame: rtc.AudioFrame) -> None:
        samples = np.frombuffer(frame.data, dtype=np.int16)
        (loud,) = np.nonzero(np.abs(samples.astype(np.int32)) > _LOUD)
        if len(loud):
            starts = time.time() + track._source.queued_duration  # what is queued is played before it
            at = starts + loud[0] / frame.sample_rate
            if at - loud_until.get(id(track), 0.0) > _APART_SECONDS:
                _logger.info("%s %.3f", began(track.route.language), at)
            loud_until[id(track)] = starts + loud[-1] / frame.sample_rate
        await play(track, frame)

    return timed_play
