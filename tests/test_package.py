from __future__ import annotations

import importlib.metadata
import importlib.resources
import json
import re
import subprocess
import sys

import pytest
from fakes.findings import assert_none
from fakes.limits import LONG_LIMIT_SECONDS
from livekit.agents import Plugin, stt, tts

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.personal_voice import PersonalVoiceStream


def test_each_public_name_exists_and_is_documented() -> None:
    names = [name for name in azure_interpreter.__all__ if name != "__version__"]
    assert_none(name for name in names if not getattr(azure_interpreter, name).__doc__)


def test_the_classes_are_livekits() -> None:
    assert issubclass(azure_interpreter.STT, stt.STT)
    assert issubclass(azure_interpreter.SpeechStream, stt.SpeechStream)
    assert issubclass(azure_interpreter.TTS, tts.TTS)
    assert issubclass(azure_interpreter.PersonalVoiceTTS, tts.TTS)
    assert issubclass(azure_interpreter.SynthesizeStream, tts.SynthesizeStream)


def test_the_streams_implement_only_run() -> None:
    for stream in (azure_interpreter.SpeechStream, azure_interpreter.SynthesizeStream, PersonalVoiceStream):
        own = set(vars(stream))
        assert "_run" in own
        assert not own & {"_main_task", "__aiter__", "__anext__", "push_frame", "push_text", "end_input"}
        # What a stream notes of where it was placed, and no more.
        assert {name for name in own if not name.startswith("_")} <= {"start_time_offset"}


def test_the_version_is_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", azure_interpreter.__version__)


def test_an_installed_package_has_the_same_version() -> None:
    try:
        installed = importlib.metadata.version("livekit-plugins-azure-interpreter")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the source tree is tested, not an installed package")
    assert installed == azure_interpreter.__version__


def test_the_plugin_is_registered() -> None:
    (plugin,) = (one for one in Plugin.registered_plugins if one.title == azure_interpreter.__name__)
    assert plugin.version == azure_interpreter.__version__
    assert plugin.logger is not None
    assert plugin.logger.name == "livekit.plugins.azure_interpreter"


def test_the_package_is_typed() -> None:
    assert importlib.resources.files(azure_interpreter).joinpath("py.typed").is_file()


_STEPS = """
import json, sys

def modules():
    own = "livekit_plugins_azure_interpreter."
    return [name.removeprefix(own) for name in sys.modules if name.startswith((own, "azure."))]

sys.modules["redis"] = sys.modules["livekit.agents.beta.translation"] = None
from livekit.plugins import azure_interpreter as package
package.STT(target_languages="fr", speech_key="key", speech_region="westeurope")
steps = {"names": dir(package), "stt": modules()}
package.MeetingInterpreter
steps["meeting"] = modules()
from livekit.plugins.azure_interpreter.record import SQLiteRecord
print(json.dumps(steps))
"""


@pytest.mark.slow
def test_an_stt_a_meeting_and_a_record_import_no_more_than_they_need() -> None:
    """In one process, as each costs seconds: an STT first, then a meeting, then a record.

    The process has no Redis client, and its LiveKit no translation sessions.
    """
    process = subprocess.run(
        [sys.executable, "-c", _STEPS], stdout=subprocess.PIPE, check=True, timeout=LONG_LIMIT_SECONDS
    )
    steps: dict[str, set[str]] = {step: set(names) for step, names in json.loads(process.stdout).items()}
    assert "TranslationModel" in steps["names"]
    # The SDK takes 40 ms, which a worker's main process need not spend.
    assert steps["stt"] & {"azure.cognitiveservices.speech", "azure.core"} == set()
    # A session uses none of the first four, and nothing the others, which stand beside it.
    unused = {"meeting", "personal_voice", "record", "translation", "emulator", "web"}
    assert steps["stt"] & unused == set()
    # Tracing costs nothing for those who do not ask for it.
    assert "meeting" in steps["meeting"]
    assert "tracing" not in steps["meeting"]


def test_a_missing_translation_model_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"{azure_interpreter.__name__}.translation", raising=False)
    monkeypatch.setitem(sys.modules, "livekit.agents.beta.translation", None)
    with pytest.raises(ImportError, match=r"TranslationModel needs livekit\.agents\.beta\.translation"):
        _ = azure_interpreter.TranslationModel


def test_a_name_that_the_package_does_not_have_is_an_attribute_error() -> None:
    assert not hasattr(azure_interpreter, "TranslationModels")
