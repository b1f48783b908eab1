"""Interprets the participants of a room for one another."""
