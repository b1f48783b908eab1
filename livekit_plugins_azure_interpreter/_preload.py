"""All that a job may need. LiveKit's forkserver imports this once, and each job begins with it loaded."""

from . import meeting, personal_voice
from ._sdk import recognizer, synthesizer
from ._simultaneous import policy

__all__ = ["meeting", "personal_voice", "policy", "recognizer", "synthesizer"]
