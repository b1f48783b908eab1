"""The package's logger."""

import logging

logger = logging.getLogger("livekit.plugins.azure_interpreter")
