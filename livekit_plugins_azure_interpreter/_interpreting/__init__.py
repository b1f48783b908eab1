"""Runs an STT and a TTS together, for one session or one speaker."""
