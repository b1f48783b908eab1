"""What the benchmarks have in common."""

from __future__ import annotations

from livekit_plugins_azure_interpreter._sdk.recognizer import latency_settings
from livekit_plugins_azure_interpreter.options import DEFAULT_LATENCY

SDK_SETTINGS = latency_settings(DEFAULT_LATENCY, 16000)
"""The message size and polling of the pair's default, for a bare SDK that is compared with it."""
SDK_DEFAULTS: dict[str, int] = {}
