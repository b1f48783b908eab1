"""Which meeting an interpreter goes on with."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from .._within import within
from ..log import logger
from .entries import Joined
from .record import Record, RecordError

CONTINUE_SECONDS = 15 * 60.0
"""A meeting that was recorded so recently is the same one, if somebody of it is in the room."""
_LOOK_UP_SECONDS = 2.0


async def meeting_to_continue(
    record: Record, *, sid: str, room: str, people: Collection[str], now: float
) -> str:
    """The id of the meeting that goes on in a room, or of a new one, which is the sid of the room.

    The sid stays the same while the room lasts. A LiveKit server that was restarted makes the room anew, with
    another sid: then the last meeting of a room of this name goes on, if it was recorded until
    recently, and somebody who took part in it is here. Others begin a meeting of their own: they do not
    see what was said before.

    Args:
        record: Where the meetings are; while it is away, the meeting is a new one.
        sid: The sid of the room.
        room: The name of the room.
        people: The identities of those in it.
        now: The time, in Unix seconds.
    """
    looking = _meeting_to_continue(record, sid, room, frozenset(people), now)
    try:
        return await within(looking, _LOOK_UP_SECONDS)
    except asyncio.TimeoutError:
        reason = f"it gave no answer for {_LOOK_UP_SECONDS:.0f} s"
    except RecordError as error:
        reason = str(error)
    except Exception as error:
        # A record of the user's may raise anything; the meeting goes on.
        reason = type(error).__name__
    logger.warning("the record does not say which meeting goes on, so a new one begins: %s", reason)
    return sid


async def _meeting_to_continue(
    record: Record, sid: str, room: str, people: frozenset[str], now: float
) -> str:
    last = await record.latest(room)
    if last is None or last.id == sid or now - last.last_at > CONTINUE_SECONDS:
        return sid
    joined = {entry.person for entry in await record.read(last.id) if isinstance(entry, Joined)}
    return last.id if joined & people else sid
