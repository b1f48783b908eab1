"""An Azure Speech service on loopback that the real Azure SDK talks to.

It stands in for the Live Interpreter: it listens to the audio that it is really sent, finds
speech, and answers with results and voices, from a script or with the speaker's own samples.
Everything that can go wrong is an option, too (`faults`).
`python -m livekit_plugins_azure_interpreter.emulator --help` runs it beside any agent.
"""

from . import faults
from .conversation import Behaviour, Spoken
from .script import Line, Script, Voice, load_script
from .server import Emulator, Tap
from .synthesis import synthesize

__all__ = [
    "Behaviour",
    "Emulator",
    "Line",
    "Script",
    "Spoken",
    "Tap",
    "Voice",
    "faults",
    "load_script",
    "synthesize",
]
