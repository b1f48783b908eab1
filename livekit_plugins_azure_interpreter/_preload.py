"""All that a job may need. LiveKit's forkserver imports this once, and each job begins with it loaded."""

from . import meeting, personal_voice
from ._sdk import recognizer, synthesizer

__all__ = ["meeting", "personal_voice", "recognizer", "synthesizer"]
