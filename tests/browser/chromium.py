"""Chromium, and what is missing where there is none."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

MISSING = (
    "no Chromium: install it (on Debian: apt-get install chromium), or set CHROMIUM to the path of one; the "
    "Python packages playwright and axe-playwright-python are needed, too"
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 60.0


def find_chromium(environment: Mapping[str, str] = os.environ) -> str | None:
    """The path of a Chromium to start; None if there is none, or nothing to start it with.

    Raises:
        ValueError: CHROMIUM names no program.
    """
    if importlib.util.find_spec("playwright") is None:
        return None
    if wanted := environment.get("CHROMIUM"):
        if (found := shutil.which(wanted)) is None:
            raise ValueError(f"CHROMIUM: {wanted} is no program")
        return found
    return next(filter(None, (shutil.which(name, path=environment.get("PATH")) for name in _NAMES)), None)


async def launch(playwright: Playwright, *, says: Path | None = None) -> Browser:
    """A browser without a window, whose microphone plays a recording again and again.

    Args:
        playwright: Starts it.
        says: A WAV file; without one the microphone beeps, as Chromium's own fake does.
    """
    arguments = ["--disable-gpu", "--use-fake-device-for-media-stream"]
    if says is not None:
        arguments.append(f"--use-file-for-fake-audio-capture={says}")
    return await playwright.chromium.launch(
        executable_path=find_chromium(), args=arguments, timeout=_SECONDS * 1000
    )
