"""For type checkers: what runs is `livekit_plugins_azure_interpreter.emulator`."""

from livekit_plugins_azure_interpreter.emulator import *  # noqa: F403
