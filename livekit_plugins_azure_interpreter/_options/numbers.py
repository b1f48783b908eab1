"""Numbers as users give them: seconds, rates, counts. Pure."""

from __future__ import annotations

import math
import numbers


def check_number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    least: float | None = None,
    most: float | None = None,
    whole: bool = False,
    or_none: bool = False,
) -> None:
    """Check that an argument is a finite number within its bounds; a bool or a text is not a number.

    Args:
        name: Of the argument, for the message.
        value: What was given.
        above: It must be more than this.
        least: It must be at least this.
        most: It must be at most this.
        whole: It must be a whole number.
        or_none: None is allowed, too.

    Raises:
        ValueError: It is not such a number.
    """
    if value is None and or_none:
        return
    number = _number(value, whole)
    if number is None or not (
        (above is None or number > above)
        and (least is None or number >= least)
        and (most is None or number <= most)
    ):
        kind = "a whole number " if whole else "a number " if number is None else ""
        or_else = ", or None" if number is None and or_none else ""
        wanted = f"{kind}{_bounds(above, least, most)}{or_else}"
        raise ValueError(f"{name} must be {wanted}, not {_shown(value)}")


def _number(value: object, whole: bool) -> float | None:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral if whole else numbers.Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _bounds(above: float | None, least: float | None, most: float | None) -> str:
    if above is not None:
        return f"more than {above}"
    return f"at least {least}" if most is None else f"between {least} and {most}"


def _shown(value: object) -> str:
    """A number itself; for any other value, which may be a misplaced secret, only its type."""
    return repr(value) if isinstance(value, (int, float)) else f"a {type(value).__name__}"
