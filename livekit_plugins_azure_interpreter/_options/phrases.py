"""Builds Azure's phrase list from a user's phrases and a session's keyterms. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .strings import unsendable

MOST_PHRASES = 2000
"""Azure's limit, by its documentation. Long lists cost quality and time."""


def phrases(value: Sequence[str] | None) -> tuple[str, ...]:
    """A phrase list as a tuple: each phrase once and on one line. Markup is treated as words.

    Raises:
        ValueError: It is a single string, has too many phrases, or a character that cannot be sent to Azure.
    """
    if value is None:
        return ()
    if isinstance(value, str) or not all(isinstance(phrase, str) for phrase in value):
        raise ValueError("phrase_list takes a list of phrases, e.g. ['Contoso', 'LiveKit']")
    cleaned = _cleaned(value)
    for phrase in cleaned:
        if (character := unsendable(phrase)) is not None:
            raise ValueError(
                f"phrase_list has a phrase with the character U+{ord(character):04X}, "
                "which cannot be sent to Azure"
            )
    if len(cleaned) > MOST_PHRASES:
        raise ValueError(
            f"phrase_list takes at most {MOST_PHRASES} phrases ({len(cleaned)} given), which is Azure's limit"
        )
    return cleaned


def with_keyterms(given: Sequence[str], keyterms: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """The phrases of a user, followed by the keyterms of a session.

    Returns:
        As many phrases as Azure takes, and how many keyterms were left out.
    """
    several = _cleaned([*given, *keyterms])
    sendable = [phrase for phrase in several if unsendable(phrase) is None][:MOST_PHRASES]
    return tuple(sendable), len(several) - len(sendable)


def _cleaned(several: Iterable[str]) -> tuple[str, ...]:
    on_one_line = (" ".join(phrase.split()) for phrase in several)
    return tuple(dict.fromkeys(filter(None, on_one_line)))
