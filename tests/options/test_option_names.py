"""The names of options that are passed on."""

from __future__ import annotations

import re
from typing import Any

import pytest

from livekit_plugins_azure_interpreter._options.option_names import argument_names, check_names


def takes_options(first: int, *, second: int = 2, _port: int = 3, **options: Any) -> None: ...


def test_known_names_pass() -> None:
    check_names(["second", "_port"], argument_names(takes_options), "it")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=re.escape("it has no option 'secnd'; the nearest is 'second'")):
        check_names(["first", "secnd"], argument_names(takes_options), "it")


def test_a_private_name_is_never_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"the nearest is '(first|second)'"):
        check_names(["port"], argument_names(takes_options), "it")


def test_the_names_of_arguments_do_not_include_the_options_passed_on() -> None:
    assert argument_names(takes_options) == ["first", "second", "_port"]
