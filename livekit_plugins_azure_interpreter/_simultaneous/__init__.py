"""What is certain of a translation while it is being said. Pure: no SDK, no LiveKit, no asyncio; time is an argument."""
