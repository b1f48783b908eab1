"""Reads what a client asks for in the address of its connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SECONDS = re.compile("[1-9][0-9]{0,7}")
_MODE = re.compile("/speech/recognition/(interactive|conversation|dictation)/")
_COMMIT_FEATURE = "forcecommit"


@dataclass(frozen=True)
class Address:
    """A client's address: its path and its parameters.

    Args:
        mode: The mode in its path (`/speech/recognition/interactive/…`): a client that is given a host
            names none in its `speech.context`. Empty: none.
        connection_seconds: The age at which the client wants its connection closed
            (`maxConnectionDurationSecs`); None: it does not say.
        commits: It wants its commits answered (`setfeature=forcecommit`).
    """

    mode: str = ""
    connection_seconds: float | None = None
    commits: bool = False

    @classmethod
    def parse(cls, path: str, query: Mapping[str, str]) -> Address:
        """Read an address; a parameter that is not as Azure wants it is as if it were not there."""
        mode = _MODE.search(path)
        seconds = query.get("maxConnectionDurationSecs", "")
        features = query.get("setfeature", "").split(",")
        return cls(
            mode[1] if mode else "",
            float(seconds) if _SECONDS.fullmatch(seconds) else None,
            _COMMIT_FEATURE in features,
        )
