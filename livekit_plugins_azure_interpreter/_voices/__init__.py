"""Which audio belongs to which translation. Pure: no SDK, no LiveKit, no asyncio; time is an argument."""
