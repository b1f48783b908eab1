"""Samples: mixed, resampled, and told from noise."""
