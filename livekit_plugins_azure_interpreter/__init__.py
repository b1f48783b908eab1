"""Azure Speech's Live Interpreter for LiveKit Agents: any language in, the speaker's own voice out.

stt = azure_interpreter.STT(target_languages="fr")
tts = azure_interpreter.TTS(stt)
session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
await session.start(azure_interpreter.InterpreterAgent(), room=ctx.room)
"""

from livekit.agents import Plugin

from ._meeting.route import InterpretationChanged, SpeechMissed
from ._recognition.stream import SpeechStream
from ._recognition.transcripts import Transcript
from ._voices.meter import UtteranceMetrics
from .agent import InterpreterAgent, session_options
from .log import logger
from .meeting import MeetingInterpreter
from .personal_voice import PersonalVoiceTTS
from .reports import Counts, SpeechForgotten, UtteranceRecognized, VoiceLost
from .stt import STT
from .translation import TranslationModel, TranslationModelSession
from .tts import TTS, SynthesizeStream
from .version import __version__

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
    "__version__",
    "session_options",
]


class _AzureInterpreterPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(_AzureInterpreterPlugin())
