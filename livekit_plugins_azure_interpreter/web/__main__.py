"""Runs a meeting as a command: all that it needs on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import sys
import time

from aiohttp import web

from ..record import open_record
from .children import Children
from .endpoint import Meeting
from .invites import Invites
from .launch import Launch, add_options
from .local_services import start_services
from .server import create_app

_PROGRAM = "python -m livekit_plugins_azure_interpreter.web"
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_CLOSE_SECONDS = 2.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="A meeting in which everybody hears the others in their own language, in a browser.",
        epilog="MEETING_PASSWORD: the password that people need. Without it everybody may join who reaches "
        "the page on this machine; elsewhere, people need an invite, and the first one is printed. "
        "MEETING_RECORD: as --record; other users of this machine do not see it.",
    )
    add_options(parser)
    options = parser.parse_args(arguments)
    try:
        launch = Launch.read(options, os.environ)
        with _listen(options.listen, options.port) as listening:
            asyncio.run(_run(options, launch, listening))
    except (ValueError, OSError, ImportError) as error:
        print(f"{_PROGRAM}: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # Windows, which knows no handlers of signals in a loop
        pass
    return 0


def _listen(address: str, port: int) -> socket.socket:
    """Take the port before anything starts."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except (OSError, OverflowError) as error:
        raise OSError(
            f"cannot listen on {address}, port {port} ({error}): choose another with --port"
        ) from error


async def _run(options: argparse.Namespace, launch: Launch, listening: socket.socket) -> None:
    """Run until a signal comes, or one of the programs ends."""
    serving = asyncio.create_task(_serve(options, launch, listening))
    stopped = asyncio.Event()
    for name in _SIGNALS:
        with contextlib.suppress(NotImplementedError, AttributeError):  # Windows
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), stopped.set)
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopped.is_set():
            _tell("Ending …")
    finally:
        stopping.cancel()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def _serve(options: argparse.Namespace, launch: Launch, listening: socket.socket) -> None:
    output = sys.stdout.buffer.write if options.verbose else len
    async with Children(output) as children:
        livekit = await start_services(
            launch.needs, children, mode=options.mode, record=launch.record, tell=_tell
        )
        meeting = Meeting(options.room, is_emulated=launch.needs.is_emulated)
        record = open_record(launch.record) if launch.record else None
        app = create_app(livekit, launch.admission, meeting=meeting, reach=launch.reach, record=record)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_SECONDS)
        await runner.setup()
        try:
            await web.SockSite(runner, listening, ssl_context=launch.tls).start()
            host, port = listening.getsockname()[:2]
            host = socket.getfqdn() if ipaddress.ip_address(host).is_unspecified else host
            name = f"[{host}]" if ":" in host else host
            page = launch.reach.page_url("https" if launch.tls else "http", f"{name}:{port}", "/")
            if launch.admission.needs == "invite":
                invite, _ = Invites(livekit.secret).make(options.room, now=time.time())
                page += f"#invite={invite}"
            _tell(f"\n    The meeting is at {page}\n    Ctrl-C ends it.\n")
            await children.until_one_ends()
        finally:
            await runner.cleanup()
            if record is not None:
                await record.aclose()


def _tell(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
