"""A meeting that people join with a browser: the page, the endpoint for tokens, and all that they need."""

from .admission import Admission, Admitted, InviteAdmission, Needs, OpenAdmission, PasswordAdmission, Visitor
from .refusals import Refusal
from .server import LiveKit, Meeting, create_app

__all__ = [
    "Admission",
    "Admitted",
    "InviteAdmission",
    "LiveKit",
    "Meeting",
    "Needs",
    "OpenAdmission",
    "PasswordAdmission",
    "Refusal",
    "Visitor",
    "create_app",
]
