"""A meeting that people join with a browser: the page, the endpoint for tokens, and what they need."""

from .admission import Admission, Admitted, InviteAdmission, Needs, OpenAdmission, PasswordAdmission, Visitor
from .endpoint import LiveKit, Meeting
from .invites import Invites
from .reach import Reach
from .refusals import Refusal
from .server import create_app

__all__ = [
    "Admission",
    "Admitted",
    "InviteAdmission",
    "Invites",
    "LiveKit",
    "Meeting",
    "Needs",
    "OpenAdmission",
    "PasswordAdmission",
    "Reach",
    "Refusal",
    "Visitor",
    "create_app",
]
