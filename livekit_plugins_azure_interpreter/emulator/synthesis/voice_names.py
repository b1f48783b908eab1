"""Tells what can be the name of a voice from what cannot."""

from __future__ import annotations

import re

from ..transport.wire import WireError

_LONGEST_NAME = 100
_LOCALE = r"[a-z]{2,3}(-[a-z]{4})?-([a-z]{2}|\d{3})(-[a-z]+)?"
_VOICE = r"[\w-]*(neural\w*|:[\w.-]+)"
_NAMES = re.compile(
    rf"{_LOCALE}-{_VOICE}"  # en-US-AvaMultilingualNeural, en-US-Ava:DragonHDLatestNeural
    rf"|Microsoft Server Speech Text to Speech Voice \({_LOCALE}, {_VOICE}\)"
    r"|\w+LatestNeural",  # a base model that speaks as a person: DragonLatestNeural
    re.IGNORECASE,
)


def check_voice_name(name: str) -> None:
    """Refuse a name that no voice of Azure can have.

    Azure has hundreds of voices and gets new ones each month, so any name of their form is accepted.

    Raises:
        WireError: It has another form.
    """
    if len(name) > _LONGEST_NAME or not _NAMES.fullmatch(name):
        raise WireError(f"Unsupported voice {name[:_LONGEST_NAME]}.")
