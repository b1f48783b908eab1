"""Azure Speech's Live Interpreter for LiveKit Agents: any language in, the speaker's own voice out.

stt = azure_interpreter.STT(target_languages="fr")
tts = azure_interpreter.TTS(stt)
session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
await session.start(azure_interpreter.InterpreterAgent(), room=ctx.room)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from livekit.agents import Plugin

from ._fleet.resource_reports import ResourceChanged, ResourceState
from ._recognition.running_translation import RunningTranslation
from ._recognition.stream import SpeechStream
from ._recognition.transcripts import Transcript
from ._voices.meter import UtteranceMetrics
from .agent import InterpreterAgent, room_options, session_options
from .log import logger
from .reports import Counts, SpeechForgotten, UtteranceRecognized, VoiceLost, VoicesSeparated
from .speech_resources import Resource, SpeechResources
from .stt import STT
from .tts import TTS, SynthesizeStream
from .version import __version__

if TYPE_CHECKING:
    from ._fleet.redis_leases import RedisLeases
    from ._meeting.reports import InterpretationChanged, SpeakerInterpreted, SpeechMissed
    from .meeting import MeetingInterpreter
    from .meeting_watch import MeetingWatch
    from .personal_voice import PersonalVoiceTTS
    from .tracing import UtteranceTraces
    from .translation import TranslationModel, TranslationModelSession

__all__ = [
    "STT",
    "TTS",
    "Counts",
    "InterpretationChanged",
    "InterpreterAgent",
    "MeetingInterpreter",
    "MeetingWatch",
    "PersonalVoiceTTS",
    "RedisLeases",
    "Resource",
    "ResourceChanged",
    "ResourceState",
    "RunningTranslation",
    "SpeakerInterpreted",
    "SpeechForgotten",
    "SpeechMissed",
    "SpeechResources",
    "SpeechStream",
    "SynthesizeStream",
    "Transcript",
    "TranslationModel",
    "TranslationModelSession",
    "UtteranceMetrics",
    "UtteranceRecognized",
    "UtteranceTraces",
    "VoiceLost",
    "VoicesSeparated",
    "__version__",
    "room_options",
    "session_options",
]

if not TYPE_CHECKING:  # type checkers would take any name from `__getattr__`
    _ON_DEMAND = {
        "InterpretationChanged": "._meeting.reports",
        "MeetingInterpreter": ".meeting",
        "MeetingWatch": ".meeting_watch",
        "PersonalVoiceTTS": ".personal_voice",
        "RedisLeases": "._fleet.redis_leases",
        "SpeakerInterpreted": "._meeting.reports",
        "SpeechMissed": "._meeting.reports",
        "TranslationModel": ".translation",
        "TranslationModelSession": ".translation",
        "UtteranceTraces": ".tracing",
    }

    def __getattr__(name: str) -> Any:
        """Import what a session with an STT and a TTS does not need only when it is asked for.

        Translation models need what LiveKit calls beta: without it, the rest of the package works.
        """
        if name not in _ON_DEMAND:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return getattr(import_module(_ON_DEMAND[name], __name__), name)
        except ModuleNotFoundError as error:
            raise ImportError(
                f"{name} needs {error.name}, which this version of livekit-agents does not have: "
                "install one that has it, such as 1.8.9"
            ) from error

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


class _AzureInterpreterPlugin(Plugin):
    def __init__(self) -> None:
        # The third is what LiveKit's forkserver imports ahead of the first job.
        super().__init__(__name__, __version__, f"{__name__}._preload", logger)


Plugin.register_plugin(_AzureInterpreterPlugin())
