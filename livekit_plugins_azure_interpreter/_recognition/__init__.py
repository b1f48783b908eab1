"""Turns audio frames into speech events, over as many connections as it takes."""
