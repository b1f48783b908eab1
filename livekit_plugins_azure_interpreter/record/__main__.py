"""Lists, exports and deletes recorded meetings as a command, and delivers webhooks that are left."""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timezone

from .export import FORMATS, export
from .record import Meeting, Record, RecordError
from .redis_record import RedisRecord
from .sqlite_record import SQLiteRecord
from .webhooks import Webhooks

SECRET = "WEBHOOK_SECRET"
_PROGRAM = "python -m livekit_plugins_azure_interpreter.record"
_EPILOG = f"""\
{_PROGRAM} meetings --sqlite meetings.db
{_PROGRAM} export standup --format vtt --language fr --sqlite meetings.db > standup.vtt
{_PROGRAM} delete standup --person alice --redis redis://localhost
{_PROGRAM} deliver https://example.com/hook --sqlite meetings.db

{SECRET}: the secret of the receiver, for `deliver`; two with a blank between them while it changes.
"""


class _NoSuchMeetingError(Exception):
    """The message names it."""


class _LeftError(Exception):
    """Not all was delivered."""


def _parser() -> argparse.ArgumentParser:
    where = argparse.ArgumentParser(add_help=False)
    record = where.add_mutually_exclusive_group(required=True)
    record.add_argument("--sqlite", metavar="PATH", help="the record is this file")
    record.add_argument("--redis", metavar="URL", help="the record is in this Redis")
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="The record of meetings: list, export and delete.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("meetings", parents=[where], help="list the meetings")
    exported = commands.add_parser("export", parents=[where], help="write a meeting to standard output")
    _add_meeting(exported)
    exported.add_argument("--format", choices=FORMATS, required=True)
    languages = exported.add_mutually_exclusive_group()
    languages.add_argument("--language", metavar="LANGUAGE", help="this language (default: the originals)")
    languages.add_argument("--bilingual", action="store_true", help="the originals and their translations")
    deleted = commands.add_parser("delete", parents=[where], help="delete a meeting, or a person's words")
    _add_meeting(deleted)
    deleted.add_argument("--person", metavar="IDENTITY", help="only the entries about this participant")
    delivered = commands.add_parser(
        "deliver", parents=[where], help="deliver the webhooks that processes have left"
    )
    delivered.add_argument("url", metavar="URL", help="the address of the receiver, as it was recorded with")
    delivered.add_argument(
        "--seconds", type=float, default=60.0, help="for how long to try (default: %(default)s)"
    )
    return parser


def _add_meeting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("meeting", metavar="MEETING", help="its id, or the name of its room")


async def _run(options: argparse.Namespace) -> str:
    record: Record = SQLiteRecord(options.sqlite) if options.sqlite else RedisRecord(options.redis)
    try:
        if options.command == "deliver":
            return await _deliver(options, record)
        if options.command == "meetings":
            return "".join(map(_row, await record.meetings()))
        meeting = _found(options.meeting, await record.meetings())
        if options.command == "delete":
            return f"{await record.delete(meeting, person=options.person)} entries were deleted\n"
        entries = await record.read(meeting)
        return export(entries, options.format, language=options.language, bilingual=options.bilingual)
    finally:
        await record.aclose()


async def _deliver(options: argparse.Namespace, record: Record) -> str:
    webhooks = Webhooks(options.url, os.environ.get(SECRET, "").split())
    is_all = await webhooks.deliver_left(record, options.seconds)
    told = f"{webhooks.delivered} webhooks were delivered"
    if webhooks.dropped:
        told += f", and {webhooks.dropped} were dropped"
    if not is_all:
        raise _LeftError(f"{told}; some are left: run it again")
    return f"{told}\n"


def _found(name: str, meetings: Sequence[Meeting]) -> str:
    """The id of a meeting, by its id or by the name of its room."""
    found = [one.id for one in meetings if name == one.id] or [one.id for one in meetings if name == one.room]
    if not found:
        raise _NoSuchMeetingError(f"there is no meeting {name!r}: `meetings` lists them")
    if len(found) > 1:
        raise _NoSuchMeetingError(f"the room {name!r} had several meetings: name one of {', '.join(found)}")
    return found[0]


def _row(meeting: Meeting) -> str:
    started = datetime.fromtimestamp(meeting.started_at, timezone.utc).isoformat(timespec="seconds")
    minutes = (meeting.last_at - meeting.started_at) / 60
    return f"{meeting.id}  {started}  {minutes:6.1f} min  {meeting.entries:6} entries  {meeting.room}\n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Returns its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        written = asyncio.run(_run(options))
    except (_NoSuchMeetingError, RecordError, ValueError, ImportError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except _LeftError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Subtitles are UTF-8 everywhere; a text may have half an emoji.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
    sys.stdout.write(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
