"""Azure Speech's Live Interpreter for LiveKit Agents: any language in, the speaker's own voice out.

stt = azure_interpreter.STT(target_languages="fr")
tts = azure_interpreter.TTS(stt)
session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
await session.start(azure_interpreter.InterpreterAgent(), room=ctx.room)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from livekit.agents import Plugin

from ._meeting.reports import InterpretationChanged, SpeechMissed
from ._recognition.stream import SpeechStream
from ._recognition.transcripts import Transcript
from ._voices.meter import UtteranceMetrics
from .agent import InterpreterAgent, room_options, session_options
from .log import logger
from .meeting import MeetingInterpreter
from .personal_voice import PersonalVoiceTTS
from .reports import Counts, SpeechForgotten, UtteranceRecognized, VoiceLost, VoicesSeparated
from .stt import STT
from .tts import TTS, SynthesizeStream
from .version import __version__

if TYPE_CHECKING:
    from .translation import TranslationModel, TranslationModelSession

__all__ = [
    "STT",
    "TTS",
    "Counts",
    "InterpretationChanged",
    "InterpreterAgent",
    "MeetingInterpreter",
    "PersonalVoiceTTS",
    "SpeechForgotten",
    "SpeechMissed",
    "SpeechStream",
    "SynthesizeStream",
    "Transcript",
    "TranslationModel",
    "TranslationModelSession",
    "UtteranceMetrics",
    "UtteranceRecognized",
    "VoiceLost",
    "VoicesSeparated",
    "__version__",
    "room_options",
    "session_options",
]

if not TYPE_CHECKING:  # type checkers would take any name from `__getattr__`

    def __getattr__(name: str) -> Any:
        """Import what LiveKit calls beta when it is asked for: without it, the rest of the package works."""
        if name not in ("TranslationModel", "TranslationModelSession"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return getattr(import_module(".translation", __name__), name)
        except ModuleNotFoundError as error:
            raise ImportError(
                f"{name} needs {error.name}, which this version of livekit-agents does not have: "
                "install one that has it, such as 1.8.9"
            ) from error

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


class _AzureInterpreterPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(_AzureInterpreterPlugin())
