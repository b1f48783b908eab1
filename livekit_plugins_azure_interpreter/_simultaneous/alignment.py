"""Finds what a later text has otherwise than the words that were said, and where it goes on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_EDIT = 1000
"""The cost of a word too many, too few, or another. One word more that is the same makes up for none."""
_MOST_APART = 16
"""By how many words a word may have moved. It bounds the work for each interim result."""
_NEVER = 1 << 40


@dataclass(frozen=True)
class Change:
    """Neighbouring words that the text has otherwise; an empty range: it has none there, or has more.

    Args:
        said: Their range in what was said.
        text: The range in the text that stands for them.
    """

    said: range
    text: range


@dataclass(frozen=True)
class Alignment:
    """What was said, found in a text.

    Args:
        end: How many words of the text it stands for; the rest was not said yet.
        changes: What the text has otherwise, in order.
    """

    end: int
    changes: tuple[Change, ...] = ()

    def places(self) -> list[int]:
        """For each word of the text up to `end`: which word was said there."""
        found: list[int] = []
        said = 0
        for change in self.changes:
            found += range(said, change.said.start)
            last = max(change.said.stop - 1, 0)
            found += [min(change.said.start + at, last) for at in range(len(change.text))]
            said = change.said.stop
        return [*found, *range(said, said + self.end - len(found))]


def align(said: Sequence[str], text: Sequence[str]) -> Alignment:
    """Find what was said at the beginning of a text, with as few edits as possible (Levenshtein).

    Of several ways it takes that with the most equal words, and of those the shortest: a word that was
    perhaps said counts as not said.
    """
    same = _common_prefix(said, text)
    if same == len(said):
        return Alignment(same)
    costs = _costs(said[same:], text[same : len(said) + _MOST_APART])
    last = costs[-1]
    end = min(range(len(last)), key=lambda at: (last[at], at))
    pairs = _pairs(costs, said[same:], text[same:], end)
    return Alignment(same + end, tuple(_changes(pairs, same, len(said), same + end)))


def _common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    at = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        at += 1
    return at


def _costs(said: Sequence[str], text: Sequence[str]) -> list[list[int]]:
    """The cost to make the first words of `said` (row) the first words of `text` (column)."""
    rows = [[at * _EDIT for at in range(len(text) + 1)]]
    back = _MOST_APART + max(0, len(said) - len(text))
    for number, word in enumerate(said):
        above = rows[-1]
        row = [_NEVER] * len(above)
        row[0] = above[0] + _EDIT
        for at in range(max(0, number - back), min(len(text), number + _MOST_APART)):
            kept = above[at] + (-1 if word == text[at] else _EDIT)
            row[at + 1] = min(kept, above[at + 1] + _EDIT, row[at] + _EDIT)
        rows.append(row)
    return rows


def _pairs(
    costs: list[list[int]], said: Sequence[str], text: Sequence[str], end: int
) -> list[tuple[int, int]]:
    """The words that are the same, by their places, from the end."""
    pairs = []
    row, column = len(said), end
    while row and column:
        same = said[row - 1] == text[column - 1]
        if costs[row][column] == costs[row - 1][column - 1] + (-1 if same else _EDIT):
            row, column = row - 1, column - 1
            if same:
                pairs.append((row, column))
        elif costs[row][column] == costs[row - 1][column] + _EDIT:
            row -= 1
        else:
            column -= 1
    return pairs


def _changes(pairs: list[tuple[int, int]], same: int, said: int, text: int) -> list[Change]:
    """What stands between the words that are the same."""
    changes = []
    row, column = same, same
    for next_row, next_column in [(same + one, same + other) for one, other in reversed(pairs)] + [
        (said, text)
    ]:
        if (row, column) != (next_row, next_column):
            changes.append(Change(range(row, next_row), range(column, next_column)))
        row, column = next_row + 1, next_column + 1
    return changes
