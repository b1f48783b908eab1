"""Texts of any kind, for properties that hold of all: also halves of characters."""

from __future__ import annotations

from hypothesis import strategies as st

ANY_CHARACTER = st.characters(exclude_categories=())
ANY_TEXT = st.text(ANY_CHARACTER | st.sampled_from("\ud83d\ude00"))
