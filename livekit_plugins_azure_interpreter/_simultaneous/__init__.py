"""What is certain of a translation that is still being said. Pure: no SDK, no LiveKit, no asyncio."""
