"""Adapters to private names of LiveKit: sessions, sample rates and one warning."""
