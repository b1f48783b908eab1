"""Frames in, speech events out, over as many connections as it takes."""
