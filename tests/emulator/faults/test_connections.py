"""Reasons of closed connections; what these faults do is tested where they happen."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

import pytest

from livekit_plugins_azure_interpreter.emulator import faults


@pytest.mark.parametrize("refuse", [partial(faults.Drop, 1.0, code=1011), faults.RefuseTurn])
def test_a_reason_that_no_close_frame_can_hold_is_refused(refuse: Any) -> None:
    assert refuse(reason="é" * 61).reason
    with pytest.raises(ValueError, match="at most 123 bytes"):
        refuse(reason="é" * 62)


@pytest.mark.parametrize("status", get_args(faults.ErrorName))
def test_every_error_of_the_service_can_be_told(status: faults.ErrorName) -> None:
    assert faults.ErrorStatus(1.0, status).status == status


def test_an_error_that_the_service_does_not_have_is_refused() -> None:
    unknown: Any = "Bad"
    with pytest.raises(ValueError, match="TooManyRequests"):
        faults.ErrorStatus(1.0, unknown)
