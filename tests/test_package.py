from __future__ import annotations

import importlib.metadata
import importlib.resources
import json
import re
import subprocess
import sys

import pytest
from livekit.agents import Plugin, stt, tts

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.personal_voice import PersonalVoiceStream


@pytest.mark.parametrize("name", [name for name in azure_interpreter.__all__ if name != "__version__"])
def test_each_public_name_exists_and_is_documented(name: str) -> None:
    assert getattr(azure_interpreter, name).__doc__


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


_IMPORTED_ALONE = """
import json, sys
sys.modules["livekit.agents.beta.translation"] = None
from livekit.plugins import azure_interpreter as package
package.STT(target_languages="fr", speech_key="key", speech_region="westeurope")
print(json.dumps({"names": dir(package), "modules": list(sys.modules)}))
"""


@pytest.fixture(scope="module")
def imported_alone() -> dict[str, list[str]]:
    """What a process has that imports the package alone, where LiveKit has no translation sessions."""
    process = subprocess.run([sys.executable, "-c", _IMPORTED_ALONE], stdout=subprocess.PIPE, check=True)
    found: dict[str, list[str]] = json.loads(process.stdout)
    return found


def test_the_package_works_where_livekit_has_no_translation_sessions(
    imported_alone: dict[str, list[str]],
) -> None:
    assert "TranslationModel" in imported_alone["names"]


@pytest.mark.parametrize("name", ["azure.cognitiveservices.speech", "azure.core"])
def test_an_stt_that_has_no_stream_has_not_loaded_the_sdk(
    imported_alone: dict[str, list[str]], name: str
) -> None:
    """It takes 40 ms, which a worker's main process need not spend."""
    assert name not in imported_alone["modules"]


@pytest.mark.parametrize("name", ["meeting", "personal_voice", "record", "translation"])
def test_importing_it_does_not_import_what_a_session_does_not_use(
    imported_alone: dict[str, list[str]], name: str
) -> None:
    assert f"{azure_interpreter.__name__}.{name}" not in imported_alone["modules"]


@pytest.mark.parametrize("name", ["emulator", "web"])
def test_importing_it_does_not_import_what_stands_beside_it(
    imported_alone: dict[str, list[str]], name: str
) -> None:
    assert f"{azure_interpreter.__name__}.{name}" not in imported_alone["modules"]


def test_a_missing_translation_model_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"{azure_interpreter.__name__}.translation", raising=False)
    monkeypatch.setitem(sys.modules, "livekit.agents.beta.translation", None)
    with pytest.raises(ImportError, match=r"TranslationModel needs livekit\.agents\.beta\.translation"):
        _ = azure_interpreter.TranslationModel


def test_a_name_that_the_package_does_not_have_is_an_attribute_error() -> None:
    assert not hasattr(azure_interpreter, "TranslationModels")
