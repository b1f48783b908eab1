"""Keys, tokens and passwords are shown nowhere: not by an object, an error or a log at level DEBUG."""

from __future__ import annotations

import gc
import logging
from collections import deque
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import pytest
from fakes.findings import assert_none
from fakes.limits import within
from fakes.room import Audio
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError

from livekit_plugins_azure_interpreter import (
    STT,
    TTS,
    MeetingInterpreter,
    PersonalVoiceTTS,
    TranslationModel,
)
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator

SECRET = "s3cr3t"
PACKAGE = "livekit_plugins_azure_interpreter"
SOMEWHERE = "ws://127.0.0.1:9/speech/universal/v2"
ONCE = APIConnectOptions(max_retry=0, timeout=5.0)
CREDENTIALS: dict[str, dict[str, Any]] = {
    "key": {"speech_key": SECRET, "speech_endpoint": SOMEWHERE},
    "token": {"speech_auth_token": SECRET, "speech_endpoint": SOMEWHERE},
    "function": {"speech_auth_token": lambda: SECRET, "speech_endpoint": SOMEWHERE},
    "Entra ID": {
        "token_credential": SimpleNamespace(get_token=lambda *_: None, secret=SECRET),
        "speech_endpoint": SOMEWHERE,
    },
    "endpoint": {"speech_key": "any", "speech_endpoint": f"{SOMEWHERE}?Ocp-Apim-Subscription-Key={SECRET}"},
    "proxy": {
        "speech_key": "any",
        "speech_endpoint": SOMEWHERE,
        "proxy": f"http://me:{SECRET}@127.0.0.1:9",
    },
}
OBJECTS: dict[str, Callable[..., Any]] = {
    "STT": lambda **credentials: STT(target_languages="fr", **credentials),
    "TTS": lambda **credentials: TTS(STT(target_languages="fr", **credentials)),
    "PersonalVoiceTTS": lambda **credentials: PersonalVoiceTTS(voice="fr-FR-DeniseNeural", **credentials),
    "TranslationModel": lambda **credentials: TranslationModel(target_language="fr", **credentials),
    "MeetingInterpreter": MeetingInterpreter,
}


def _ours(root: object) -> Iterator[object]:
    """It, and every object of this package that it holds."""
    seen, waiting = {id(root)}, deque([root])
    while waiting:
        one = waiting.popleft()
        if type(one).__module__.startswith(PACKAGE):
            yield one
        for held in gc.get_referents(one):
            if id(held) not in seen and not isinstance(held, (type, ModuleType, FunctionType)):
                seen.add(id(held))
                waiting.append(held)


async def test_no_object_shows_one_nor_does_what_it_holds() -> None:
    held = {
        f"{name} with {kind}": list(_ours(make(**credentials)))
        for name, make in OBJECTS.items()
        for kind, credentials in CREDENTIALS.items()
    }
    assert all(held.values())
    assert_none(
        f"{made}: {type(one)}" for made, all_held in held.items() for one in all_held if _shows_a_secret(one)
    )


def _shows_a_secret(one: object) -> bool:
    shows_itself = type(one).__repr__ is not object.__repr__
    return SECRET in repr(one if shows_itself else vars(one))


def test_the_emulators_key_is_in_no_repr() -> None:
    assert SECRET not in repr(Behaviour(key=SECRET))


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("livekit").setLevel(logging.DEBUG)
    return caplog


def _everything(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, with all that formatters could make of it."""
    return caplog.text + "".join(repr(vars(record)) for record in caplog.records)


async def test_a_whole_run_logs_none(logged: pytest.LogCaptureFixture, audio: Audio) -> None:
    async with Emulator(Behaviour(silence_ms=100, key=SECRET)) as emulator:
        where = {"speech_key": SECRET, "speech_endpoint": f"{emulator.endpoint}?secret={SECRET}"}
        voice = PersonalVoiceTTS(voice="fr-FR-DeniseNeural", **where)
        stt = STT(target_languages="fr", **where)
        tts = TTS(stt, fallback=voice)
        stream = stt.stream()
        for frame in audio.frames(audio.speech((0.2, 0.5), end=1.0)):
            stream.push_frame(frame)
        stream.end_input()
        kinds = [event.type.value for event in await within(_all_of(stream))]
        frames = await within(_all_of(tts.synthesize("A greeting.")))
        for one in (stt, tts, voice):
            await one.aclose()
    assert "final_transcript" in kinds
    assert frames
    logging.getLogger("livekit.plugins.azure_interpreter").debug("the log is looked at")
    assert "the log is looked at" in logged.text
    assert SECRET not in _everything(logged)


@pytest.mark.parametrize(
    "credentials",
    [{"speech_key": SECRET}, {"speech_auth_token": SECRET}, {"speech_auth_token": lambda: SECRET}],
    ids=["key", "token", "function"],
)
async def test_refused_ones_are_in_no_error_and_no_log(
    credentials: dict[str, Any], logged: pytest.LogCaptureFixture, audio: Audio
) -> None:
    told: list[object] = []
    async with Emulator(Behaviour(key="another", token_seconds=30)) as emulator:
        where = {**credentials, "speech_endpoint": f"{emulator.endpoint}?secret={SECRET}"}
        stt = STT(target_languages="fr", **where)
        voice = PersonalVoiceTTS(voice="fr-FR-DeniseNeural", **where)
        for one in (stt, voice):
            one.on("error", told.append)
        stream = stt.stream(conn_options=ONCE)
        stream.push_frame(audio.frames(bytes(640))[0])
        for refused in (stream, voice.synthesize("Bonjour.", conn_options=ONCE)):
            with pytest.raises(APIStatusError) as caught:
                await within(_all_of(refused))
            told += [caught.value, vars(caught.value), caught.value.__cause__, caught.value.__context__]
        for one in (stt, voice):
            await one.aclose()
    assert len(told) == 10
    assert SECRET not in f"{told!r} {list(map(str, told))} {_everything(logged)}"


async def test_a_function_that_fails_tells_none(logged: pytest.LogCaptureFixture, audio: Audio) -> None:
    def fail() -> str:
        raise OSError(SECRET)

    stt = STT(target_languages="fr", speech_auth_token=fail, speech_endpoint=SOMEWHERE)
    stream = stt.stream(conn_options=ONCE)
    stream.push_frame(audio.frames(bytes(640))[0])
    with pytest.raises(APIConnectionError, match="raised OSError") as caught:
        await within(_all_of(stream))
    await stt.aclose()
    assert SECRET not in f"{caught.value!r} {caught.value} {_everything(logged)}"


async def _all_of(stream: Any) -> list[Any]:
    return [one async for one in stream]
