"""What is heard and said by one session, or of one speaker: an STT and a TTS at work."""
