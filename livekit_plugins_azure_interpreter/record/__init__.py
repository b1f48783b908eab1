"""The record of a meeting: what was said, by whom, in which languages, and what was heard of it. ::

    from livekit_plugins_azure_interpreter.record import SQLiteRecord

    MeetingInterpreter(record=SQLiteRecord("meetings.db"))

Nothing is recorded unless a record is given.
"""

from .deliveries import Claim, Deliveries
from .entries import (
    Corrected,
    Ended,
    Entry,
    Gap,
    Heard,
    Joined,
    LanguagesChanged,
    Left,
    Missed,
    Started,
    UnreadableEntryError,
    Utterance,
    from_json,
    to_json,
)
from .export import export
from .keeper import Keeper
from .minutes import Minutes, Said, minutes
from .opening import open_record
from .record import Meeting, Record, RecordError
from .redis_record import RedisRecord
from .scribe import Source
from .sessions import Session, record_session
from .sqlite_record import SQLiteRecord
from .webhooks import Webhooks

__all__ = [
    "Claim",
    "Corrected",
    "Deliveries",
    "Ended",
    "Entry",
    "Gap",
    "Heard",
    "Joined",
    "Keeper",
    "LanguagesChanged",
    "Left",
    "Meeting",
    "Minutes",
    "Missed",
    "Record",
    "RecordError",
    "RedisRecord",
    "SQLiteRecord",
    "Said",
    "Session",
    "Source",
    "Started",
    "UnreadableEntryError",
    "Utterance",
    "Webhooks",
    "export",
    "from_json",
    "minutes",
    "open_record",
    "record_session",
    "to_json",
]
