"""Texts in, frames out."""
