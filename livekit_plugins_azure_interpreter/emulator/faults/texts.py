"""Faults as a text is spoken, over a WebSocket."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from .base import TextFault


@dataclass(frozen=True)
class RefuseText(TextFault):
    """The connection is closed instead of an answer, as Azure does for an unknown voice.

    The SDK gives up.

    Args:
        code: The code of the WebSocket's close, 1000 to 4999.
    """

    code: int = dataclasses.field(default=1007, kw_only=True)


@dataclass(frozen=True)
class MuteText(TextFault):
    """The service sends nothing more after a share of the voice; at 0, it sends nothing at all.

    Args:
        after: The share, 0 to 1.
    """

    after: float = dataclasses.field(default=0.0, kw_only=True)


@dataclass(frozen=True)
class DropText(TextFault):
    """The connection is reset when a share of the voice was sent.

    Before the first sound the SDK asks once more on a new connection; after it, it gives up.

    Args:
        after: The share, 0 to 1.
    """

    after: float = dataclasses.field(default=0.5, kw_only=True)
