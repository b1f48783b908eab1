"""The record of a meeting, for those who are in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ..record import Entry, Joined, Record, RecordError, export
from ..record.export import FORMATS, Format
from .refusals import Refusal
from .tokens import Guest

_TYPES = {
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "txt": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
}
_MOST_OF_A_LANGUAGE = 20


@dataclass(frozen=True)
class Transcript:
    """A file.

    Attributes:
        text: What is in it.
        content_type: What it is, as HTTP names it.
    """

    text: str
    content_type: str


@dataclass(frozen=True)
class TranscriptRequest:
    """What somebody wants.

    Attributes:
        format: One of the formats of `export`.
        language: The language of the texts; None: the originals.
        bilingual: The originals and their translations.
    """

    format: Format
    language: str | None = None
    bilingual: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str]) -> TranscriptRequest:
        """Check what a client asks for.

        Raises:
            Refusal: It is no format.
        """
        wanted, language = query.get("format", ""), query.get("language", "")
        if wanted not in FORMATS:
            raise Refusal(f"format must be one of {', '.join(FORMATS)}", code="malformed", status=400)
        if len(language) > _MOST_OF_A_LANGUAGE:
            raise Refusal("This is no language", code="malformed", status=400)
        return cls(cast(Format, wanted), language or None, query.get("bilingual") == "true")


class Transcripts:
    """Writes what was said in meetings.

    Args:
        record: Has it.
    """

    def __init__(self, record: Record) -> None:
        self._record = record

    async def write(self, guest: Guest, asked: TranscriptRequest) -> Transcript:
        """What was said in the meeting in which somebody is; they must be in its room now.

        Raises:
            Refusal: Nothing is recorded of it yet, the language is none, or the record is away.
        """
        try:
            entries = await self._meeting_of(guest)
        except RecordError as error:
            raise Refusal(
                "The record cannot be read now: try again",
                code="record_unreachable",
                status=503,
                retry_seconds=5.0,
            ) from error
        try:
            # In a thread: a long meeting takes long to write, and others wait for their tokens.
            text = await asyncio.to_thread(
                export, entries, asked.format, language=asked.language, bilingual=asked.bilingual
            )
        except ValueError as error:
            raise Refusal("This is no language", code="malformed", status=400) from error
        return Transcript(text, _TYPES[asked.format])

    async def _meeting_of(self, guest: Guest) -> Sequence[Entry]:
        """The entries of the meeting. A room of this name may have had others before, with other people."""
        ids = [one.id for one in await self._record.meetings() if one.room == guest.room_name]
        entries = await self._record.read(ids[-1]) if ids else ()
        # Nobody guesses an identity, so this is them, and not somebody of an earlier meeting.
        if not any(isinstance(entry, Joined) and entry.person == guest.identity for entry in entries):
            raise Refusal(
                "Nothing is recorded of this meeting yet: try again",
                code="nothing_recorded",
                status=409,
                retry_seconds=5.0,
            )
        return entries
