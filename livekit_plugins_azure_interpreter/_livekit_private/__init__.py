"""Adapters to private names of LiveKit: sessions, sample rates, one warning."""
