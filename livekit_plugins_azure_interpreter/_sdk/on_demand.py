"""Loads the Azure SDK with the first recognizer or synthesizer, on the thread that makes it.

It takes 40 ms and more. A worker's main process never needs it, and the loop of a job need not wait for it.
LiveKit's forkserver loads it ahead of the first job (`_preload.py`).
"""

# ruff: noqa: PLC0415 - to import it late is what this module is for

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..options import Options, SpeakingOptions
from .events import Event, SynthesisEvent

if TYPE_CHECKING:
    from .recognizer import AzureRecognizer
    from .synthesizer import AzureSynthesizer


def open_recognizer(options: Options, post: Callable[[Event], None]) -> AzureRecognizer:
    """Make a recognizer; it can block."""
    from .recognizer import AzureRecognizer

    return AzureRecognizer(options, post)


def open_synthesizer(options: SpeakingOptions, post: Callable[[SynthesisEvent], None]) -> AzureSynthesizer:
    """Make a synthesizer; it can block."""
    from .synthesizer import AzureSynthesizer

    return AzureSynthesizer(options, post)


def takes_commits() -> bool:
    """Whether the SDK can ask for the end of an utterance."""
    from .recognizer import TAKES_COMMITS

    return TAKES_COMMITS
