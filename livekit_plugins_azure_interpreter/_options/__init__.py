"""Parses and checks what users write: languages, phrases, names, terms."""
