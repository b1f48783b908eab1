"""Redacts the reasons that the service gives: they may hold a secret, or what somebody said."""

from __future__ import annotations

import re

_LONGEST = 120
_LEFT_OUT = "..."
_UNTOLD = re.compile(
    r"\w+://\S+"  # an address, whose query may hold a key
    r"|[\w.+/=-]{24,}"  # a key or a token
    r"|'(?!{code}')[^']*'|\"(?!{code}\")[^\"]*\"".replace("{code}", r"[A-Za-z]{2,3}-[\w-]{2,40}")
)
"""A quoted text may be somebody's words, unless it is a language or a voice."""


def redact(reason: str) -> str:
    """Make a reason of the service safe for a log, an error or a listener."""
    kept = _UNTOLD.sub(_LEFT_OUT, " ".join(reason.split()))
    return kept if len(kept) <= _LONGEST else kept[:_LONGEST] + _LEFT_OUT
