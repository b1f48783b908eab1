"""Mixes and resamples audio, and tells speech from noise."""
