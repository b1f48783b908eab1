"""An Azure Speech service on loopback that the real Azure SDK talks to.

It replaces the Live Interpreter: it listens to the audio that it receives, finds
speech, and answers with results and voices, from a script or with the speaker's own samples.
Everything that can go wrong is an option, too (`Behaviour.faults`).
`python -m livekit_plugins_azure_interpreter.emulator --help` runs it beside any agent.
"""

from . import faults
from .behaviour import Behaviour
from .exchange import Exchange, RecordedConnection, RecordedMessage, load_exchange
from .faults import (
    Away,
    BadJson,
    BlackHole,
    Drop,
    DropInVoice,
    DropText,
    EarlyVoice,
    EmptyChunk,
    ErrorStatus,
    Fault,
    GarbageFrame,
    HangHandshake,
    LongVoice,
    LyingHeader,
    MissingFields,
    Mute,
    MuteText,
    NoTranslation,
    NoVoice,
    OddChunks,
    Refuse,
    RefuseText,
    RegionKeyed,
    SlowVoice,
    SplitHeader,
    StallVoice,
    UnknownLanguage,
    VoiceError,
    VoiceFormat,
    VoiceNeverEnds,
    WrongRequestId,
)
from .script import ECHOED, Line, Script, Voice, load_script
from .server import Emulator
from .sockets import Tap
from .spoken import Spoken
from .synthesis.service import Synthesized, synthesize
from .thread import EmulatorThread
from .wire import Message

__all__ = [
    "ECHOED",
    "Away",
    "BadJson",
    "Behaviour",
    "BlackHole",
    "Drop",
    "DropInVoice",
    "DropText",
    "EarlyVoice",
    "EmptyChunk",
    "Emulator",
    "EmulatorThread",
    "ErrorStatus",
    "Exchange",
    "Fault",
    "GarbageFrame",
    "HangHandshake",
    "Line",
    "LongVoice",
    "LyingHeader",
    "Message",
    "MissingFields",
    "Mute",
    "MuteText",
    "NoTranslation",
    "NoVoice",
    "OddChunks",
    "RecordedConnection",
    "RecordedMessage",
    "Refuse",
    "RefuseText",
    "RegionKeyed",
    "Script",
    "SlowVoice",
    "SplitHeader",
    "Spoken",
    "StallVoice",
    "Synthesized",
    "Tap",
    "UnknownLanguage",
    "Voice",
    "VoiceError",
    "VoiceFormat",
    "VoiceNeverEnds",
    "WrongRequestId",
    "faults",
    "load_exchange",
    "load_script",
    "synthesize",
]
