"""Runs the emulator as a command."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import signal
import sys
from pathlib import Path
from typing import get_args

from .behaviour import Behaviour
from .faults.parser import describe_faults, parse_fault
from .recognition.acknowledgement import Acknowledges
from .recording.exchange import load_exchange
from .recording.recorder import MOST_BYTES, Recorder
from .revisions import Revisions
from .script import load_script
from .server import Emulator
from .transport.channel import MOST_IDLE_SECONDS, MOST_MESSAGE_BYTES, MOST_SENDING_SECONDS
from .transport.doorkeeper import MOST_ASKING_SECONDS, MOST_BODY_SECONDS, MOST_CONNECTIONS
from .watching.happenings import Watcher
from .watching.narrator import Narrator, as_json, as_line

_EPILOG = """\
Point an agent at it (it accepts any key, unless --key sets one):

  AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2 AZURE_SPEECH_KEY=any python agent.py start

Nothing is recognized or translated. With a script, the words and the voices are the script's; without one,
each stretch of speech is numbered, and comes back as it was said: "(your voice, echoed)".
A script is JSON; voices are 16 bit mono WAV files, found from the script's folder:

  {"lines": [{"language": "en-US", "text": "Good morning.",
              "translations": {"fr": "Bonjour."}, "voices": {"fr": "bonjour.wav"}}]}

Faults, as often as you want:

  --fault "drop at_seconds=5 code=1011" --fault "no-voice utterance=2" --fault "refuse status=503 times=3"

Positions count in a session's audio, utterances count from 1. A fault happens once, or as often as its
times= says (times=always), and to every utterance if it names none:

"""
_LIMITS = f"""

Its limits, so that it can be left running:

  {MOST_CONNECTIONS} connections at the same time; more are reset
  {MOST_ASKING_SECONDS:.0f} s for a whole request to come, else the connection is reset
  {MOST_BODY_SECONDS:.0f} s for the body of a request to come, else the connection is reset
  {MOST_MESSAGE_BYTES >> 10} kB for a message, else close code 1009
  {MOST_IDLE_SECONDS:.0f} s without a message of the client, then close code 1000
  {MOST_SENDING_SECONDS:.0f} s in which a client reads nothing, then the connection is reset
  {MOST_BYTES >> 20} MB for a recording, which then grows no more
"""


def _parser() -> argparse.ArgumentParser:
    default = Behaviour()
    parser = argparse.ArgumentParser(
        prog="python -m livekit_plugins_azure_interpreter.emulator",
        description="Azure Speech's Live Interpreter, emulated: agents are tried without an account.",
        epilog=_EPILOG + describe_faults() + _LIMITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=8765, help="the port on which it listens (default: %(default)s)")
    add(
        "--listen",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where it listens; 0.0.0.0: everywhere, for the names of --allow-host (default: %(default)s)",
    )
    add("--script", type=Path, help="what it understands and says (JSON)")
    add("--json", action="store_true", help="show what happens as JSON, an object a line")
    add("--quiet", action="store_true", help="do not show what happens")
    add("--record", type=Path, help="record the speech connections to this file; --replay plays it")
    add("--key", help="accept only this key; others get 401, as with a wrong key")
    add(
        "--allow-origin",
        action="append",
        default=[],
        metavar="URL",
        help="let in web pages of this origin (default: those of this machine)",
    )
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which clients find it (default: localhost, 127.0.0.1, ::1)",
    )
    add("--no-interim", action="store_true", help="send no interim results")
    add(
        "--interim-interval-ms",
        type=int,
        default=default.interim_interval_ms,
        help="speech that causes another interim result (default: %(default)s)",
    )
    add(
        "--revised-share",
        type=float,
        help="tell interim results as a recognizer does: so large a share of the words is another at first, "
        "e.g. 0.1, and words come late (default: the first words of the final)",
    )
    add(
        "--recognition-delay-ms",
        type=int,
        default=default.recognition_delay_ms,
        help="end of speech to final",
    )
    add("--voice-delay-ms", type=int, default=default.voice_delay_ms, help="final to first byte of the voice")
    add(
        "--several-voices",
        choices=("all", "first", "refused"),
        default=default.several_voices,
        help="a client's wish for voices in several languages: all come, the first only, or it is refused "
        "(default: %(default)s)",
    )
    add("--voice-speed", type=float, help="seconds of voice sent per second (default: at once)")
    add("--chunk-bytes", type=int, default=default.chunk_bytes, help="size of a voice message")
    add("--riff", choices=("first", "every", "none"), default=default.riff, help="chunks with a RIFF header")
    add(
        "--acknowledges",
        choices=get_args(Acknowledges),
        default=default.acknowledges,
        help="what acknowledges audio: results, headers, or both (default: %(default)s)",
    )
    add(
        "--commits",
        choices=("answered", "ignored", "refused"),
        help="a client's wish to end an utterance now (default: answered if its address asks for that)",
    )
    add("--silence-ms", type=int, default=default.silence_ms, help="silence that ends an utterance")
    add("--utterances-per-turn", type=int, help="end the turn after so many (default: one turn)")
    add(
        "--silent-turn-seconds",
        type=float,
        default=default.silent_turn_seconds,
        help="silence that ends a turn, unless the client chooses (default: %(default)s)",
    )
    add(
        "--longest-seconds",
        type=float,
        default=default.longest_seconds,
        help="a longer utterance is cut (default: %(default)s)",
    )
    add("--connection-seconds", type=float, help="close each connection after so long (default: never)")
    add(
        "--token-seconds",
        type=float,
        help="accept only tokens of POST /sts/v1.0/issueToken, for so long (default: keys)",
    )
    add(
        "--replay",
        type=Path,
        help="say again what the service said in a recording (of --record, or of nox -s live)",
    )
    add(
        "--fault",
        action="append",
        default=[],
        metavar='"NAME KEY=VALUE …"',
        help="something that goes wrong, see below; can be given again",
    )
    return parser


def _behaviour(options: argparse.Namespace) -> Behaviour:
    return Behaviour(
        script=load_script(options.script) if options.script else (),
        key=options.key,
        interim_interval_ms=None if options.no_interim else options.interim_interval_ms,
        revisions=None if options.revised_share is None else Revisions(share=options.revised_share),
        recognition_delay_ms=options.recognition_delay_ms,
        voice_delay_ms=options.voice_delay_ms,
        several_voices=options.several_voices,
        voice_speed=options.voice_speed,
        chunk_bytes=options.chunk_bytes,
        riff=options.riff,
        acknowledges=options.acknowledges,
        commits=options.commits,
        silence_ms=options.silence_ms,
        utterances_per_turn=options.utterances_per_turn,
        silent_turn_seconds=options.silent_turn_seconds,
        longest_seconds=options.longest_seconds,
        connection_seconds=options.connection_seconds,
        token_seconds=options.token_seconds,
        faults=tuple(parse_fault(text) for text in options.fault),
        replay=load_exchange(options.replay) if options.replay else None,
    )


def _watchers(options: argparse.Namespace) -> list[Watcher]:
    watchers: list[Watcher] = []
    if not options.quiet:
        # A text may have half an emoji, and a console may know fewer letters than the text has.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        written = as_json if options.json else as_line
        watchers.append(Narrator(lambda event: print(written(event), flush=True)))
    if options.record:
        watchers.append(Recorder(options.record))
    return watchers


async def _serve(emulator: Emulator) -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt
            loop.add_signal_handler(number, done.set)
    async with emulator:
        print(f"Azure Speech emulator at {emulator.endpoint} (Ctrl-C ends it)", flush=True)
        await done.wait()


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        emulator = Emulator(
            _behaviour(options),
            port=options.port,
            origins=options.allow_origin,
            hosts=options.allow_host,
            listen=options.listen,
            watchers=_watchers(options),
            kept_seconds=0.0,
        )
        asyncio.run(_serve(emulator))
    except (ValueError, OSError, OverflowError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
