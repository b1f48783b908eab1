"""Which errors are about the resource, and which about the request."""

from __future__ import annotations

import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from livekit_plugins_azure_interpreter._fleet.resource_refusals import no_place, refusal_of


def _status(code: int, *, retryable: bool = False) -> APIError:
    error = APIStatusError("refused", status_code=code)
    error.retryable = retryable
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (_status(401), "rejected"),
        (_status(404), "rejected"),
        (_status(403), "quota"),
        (_status(429), "quota"),
        (_status(408), "outage"),
        (_status(503), "outage"),
        (APIConnectionError("away"), "outage"),
        (APITimeoutError("late"), "outage"),
        (_status(400), None),
        (_status(415), None),
        (_status(401, retryable=True), None),
        (APIError("something else"), None),
    ],
)
def test_an_error_has_the_reason(error: APIError, reason: str | None) -> None:
    assert refusal_of(error) == reason


def test_a_stream_without_a_place_may_be_tried_again() -> None:
    assert no_place().retryable
