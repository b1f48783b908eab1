"""Reads what a client asks for in the address of its connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SECONDS = re.compile("[1-9][0-9]{0,7}")
_COMMIT_FEATURE = "forcecommit"


@dataclass(frozen=True)
class Address:
    """The parameters of a client's address.

    Args:
        connection_seconds: The age at which the client wants its connection closed
            (`maxConnectionDurationSecs`); None: it does not say.
        commits: It wants its commits answered (`setfeature=forcecommit`).
    """

    connection_seconds: float | None = None
    commits: bool = False

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Address:
        """Read the parameters; one that is not as Azure wants it is as if it were not there."""
        seconds = query.get("maxConnectionDurationSecs", "")
        features = query.get("setfeature", "").split(",")
        return cls(
            float(seconds) if _SECONDS.fullmatch(seconds) else None,
            _COMMIT_FEATURE in features,
        )
