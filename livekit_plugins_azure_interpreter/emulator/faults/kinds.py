"""All kinds of faults. Each is an option of `Behaviour`.

Their docstrings say how the Azure SDK reacts if that is not obvious; it was seen with version 1.53.
"""

from __future__ import annotations

from . import connections, results, texts, voices
from .base import Fault

KINDS: tuple[type[Fault], ...] = tuple(
    kind
    for module in (connections, results, voices, texts)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Fault) and kind.__module__ == module.__name__
)
"""In the order in which they happen to a client."""
