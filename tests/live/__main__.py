"""Speak a recording to Azure, tell what it answered to what is not known of it, and keep the exchange.

python -m live [RECORDING] [--to fr] [--voice personal-voice] [--out live]
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import platform
import sys
import textwrap
import wave
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from demo.file_audio import SAMPLE_RATE_HZ
from demo.sample_session import RECORDING_HELP, read
from livekit.agents.language import LanguageCode

from livekit_plugins_azure_interpreter._options.languages import same_speech
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.emulator import Exchange, Voice
from livekit_plugins_azure_interpreter.emulator.recording import redaction
from livekit_plugins_azure_interpreter.options import PERSONAL_VOICE

from .interpreted import VOICE_RATE_HZ, Heard, interpret
from .observations import (
    NOT_SEEN,
    OF_A_CONVERSATION,
    OF_SEVERAL_LANGUAGES,
    OF_SPEECH_IN_THE_TARGET_LANGUAGE,
    Observation,
    Seen,
)
from .proxy import RecordingProxy
from .unknowns import UNKNOWNS

_PREBUILT_VOICE = "fr-FR-DeniseNeural"
_WITHOUT_A_KEY = """\
Nothing was sent: no key. To speak a sample to Azure, and to see what it answers, set

  AZURE_SPEECH_KEY      the key of a Speech resource
  AZURE_SPEECH_REGION   its region, e.g. westeurope; or AZURE_SPEECH_ENDPOINT, a whole wss:// address

and run it again. It takes about a minute, and costs about a minute of Live Interpreter."""
_FURTHER = ("de", "es")
"""Languages whose voices are asked for beside the target."""
_NO_LANGUAGES = ("", "und", "unknown")
_WIDTH = 100


class Failure(Exception):
    """The run did not come to its end; the message is for the user."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m live",
        description="Speak a recording to Azure Speech, and tell what it answers. " + redaction.KEPT,
    )
    add = parser.add_argument
    add("recording", nargs="?", type=Path, help=RECORDING_HELP)
    add("--to", default="fr", metavar="LANGUAGE", help="target language (default: %(default)s)")
    add("--voice", default=PERSONAL_VOICE, help="(default: %(default)s)")
    add(
        "--prebuilt-voice",
        default=_PREBUILT_VOICE,
        help="asked for where no personal voice comes (default: %(default)s)",
    )
    add("--out", type=Path, default=Path("live"), help="folder of the exchanges (default: %(default)s)")
    return parser


class Run:
    """What is said to the service, one conversation after another."""

    def __init__(self, credentials: Credentials, recording: Voice, out: Path) -> None:
        self._credentials = credentials
        self._recording = recording
        self._out = out

    async def converse(
        self, name: str, *, target: str, voice: str, also: str | None = None
    ) -> tuple[Exchange, Heard]:
        """Have the recording interpreted, and write the exchange.

        Raises:
            Failure: The service could not be reached.
        """
        assert self._credentials.key is not None
        languages = target if also is None else f"{target} and {also}"
        print(f"{name}: {self._recording.seconds:.0f} s to {languages}, voice {voice} ...", flush=True)
        async with RecordingProxy(self._credentials.endpoint) as proxy:
            heard = await self._interpret(proxy, target=target, voice=voice, also=also)
        sdk = version("azure-cognitiveservices-speech")
        exchange = proxy.exchange(
            {"target": target, "voice": voice, "sdk": sdk, "python": platform.python_version()}
        )
        path = self._out / f"{name}.json"
        written = redaction.checked(exchange, proxy.secrets | {self._credentials.key})
        path.write_text(written, encoding="utf-8")
        _tell_heard(heard, path)
        return exchange, heard

    async def _interpret(self, proxy: RecordingProxy, *, target: str, voice: str, also: str | None) -> Heard:
        assert self._credentials.key is not None
        key, endpoint = self._credentials.key, proxy.endpoint
        hearing = asyncio.create_task(
            interpret(self._recording, endpoint=endpoint, key=key, target=target, voice=voice, also=also)
        )
        failing = asyncio.create_task(proxy.unreachable.wait())
        try:
            await asyncio.wait({hearing, failing}, return_when=asyncio.FIRST_COMPLETED)
            if not hearing.done():
                raise Failure(f"Azure Speech could not be reached: {proxy.reason}")
            return hearing.result()
        finally:
            hearing.cancel()
            failing.cancel()
            await asyncio.gather(hearing, failing, return_exceptions=True)


def _tell_heard(heard: Heard, path: Path) -> None:
    voiced = sum(map(bool, heard.voices))
    print(f"  the pair: {len(heard.utterances)} utterances, {voiced} voices; {path}")
    for lost in heard.lost:
        print(f"  voice lost: {lost.reason}")
    if heard.error:
        print(f"  ended by: {heard.error}")


async def _ask(options: argparse.Namespace, run: Run) -> bool:
    """Whether the pair heard the recording to its end."""
    exchange, heard = await run.converse("conversation", target=options.to, voice=options.voice)
    seen = Seen(exchange)
    observed = _observe(seen, OF_A_CONVERSATION)
    _write_wav(options.out / "heard.wav", b"".join(heard.voices))
    language = _language(heard)
    if language is not None and any(heard.voices):
        same, _ = await run.converse("same_language", target=language, voice=options.voice)
        observed |= _observe(Seen(same), OF_SPEECH_IN_THE_TARGET_LANGUAGE)
    if any(heard.voices):
        also = next(one for one in _FURTHER if not same_speech(one, options.to))
        several, _ = await run.converse(
            "several_languages", target=options.to, voice=options.voice, also=also
        )
        observed |= _observe(Seen(several), OF_SEVERAL_LANGUAGES)
    if options.voice == PERSONAL_VOICE and not any(heard.voices):
        other, _ = await run.converse("prebuilt_voice", target=options.to, voice=options.prebuilt_voice)
        print(f"  with a prebuilt voice: {_observe(Seen(other), OF_A_CONVERSATION)['voiced'].counted}")
    _tell(observed)
    return not heard.error


def _language(heard: Heard) -> str | None:
    """The one language of the recording; None: it has several, or Azure did not tell."""
    spoken = {LanguageCode(utterance.source_language).language for utterance in heard.utterances}
    (language,) = spoken if len(spoken) == 1 else [""]
    return None if language in _NO_LANGUAGES else language


def _observe(seen: Seen, kinds: Mapping[str, Callable[[Seen], Observation]]) -> dict[str, Observation]:
    return {name: observe(seen) for name, observe in kinds.items()}


def _tell(observed: Mapping[str, Observation]) -> None:
    for number, (name, unknown) in enumerate(UNKNOWNS.items(), 1):
        observation = observed.get(name, Observation(NOT_SEEN))
        answer = unknown.answers.get(observation.answer)
        print(f"\n{number}. {unknown.question}")
        if answer is None:
            _paragraph("observed", f"nothing that tells ({observation.counted or 'it did not happen'})")
            continue
        _paragraph("observed", f"{answer.seen} ({observation.counted})")
        _paragraph("for you", answer.means)
        for test in answer.tests:
            print(f"   test      {test}")


def _paragraph(name: str, text: str) -> None:
    lines = textwrap.wrap(text, _WIDTH - 13)
    print(f"   {name:<9} " + f"\n{'':13}".join(lines))


def _write_wav(path: Path, pcm: bytes) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(VOICE_RATE_HZ)
        wav.writeframes(pcm)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if not os.environ.get("AZURE_SPEECH_KEY"):
        print(_WITHOUT_A_KEY)
        return 0
    try:
        credentials = Credentials.resolve()
        recording = Voice(read(options.recording).pcm, SAMPLE_RATE_HZ)
        options.out.mkdir(parents=True, exist_ok=True)
        complete = asyncio.run(_ask(options, Run(credentials, recording, options.out)))
    except (ValueError, OSError) as error:
        print(f"python -m live: {error}", file=sys.stderr)
        return 2
    except (Failure, redaction.SecretFound) as error:
        print(f"python -m live: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(f"\nKept in {options.out}/: {redaction.KEPT}")
    conversation = options.out / "conversation.json"
    print(f"Say it again: python -m livekit_plugins_azure_interpreter.emulator --replay {conversation}")
    return 0 if complete else 1


if __name__ == "__main__":
    # LiveKit warns of each attempt; what matters of it is told once.
    logging.disable(logging.ERROR)
    sys.exit(main())
