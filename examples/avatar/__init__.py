"""An avatar for an agent: a drawn face that speaks what the agent says.

session.py   FaceAvatar, the agent's half: its voice goes to the avatar, not to the room
             perform, the avatar's half: a participant with a microphone and a camera
renderer.py  the voice in; the same voice out, in step with frames of the face
mouth.py     how far the mouth is open, from how loud the voice is
face.py      the drawing
"""

from .session import FaceAvatar, perform

__all__ = ["FaceAvatar", "perform"]
