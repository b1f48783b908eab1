"""What an error says of the resource that it came from."""

from __future__ import annotations

from livekit.agents import APIConnectionError, APIError, APIStatusError

from .resource_reports import RefusalReason

_REASONS: dict[int, RefusalReason] = {
    401: "rejected",
    404: "rejected",
    403: "quota",
    429: "quota",
    408: "outage",
}
"""By status. Any other from 400 to 499 is about the request: another resource would answer the same."""


def refusal_of(error: APIError) -> RefusalReason | None:
    """Why the resource is to rest, and the stream to go on at another one; None: it is not the resource."""
    if isinstance(error, APIStatusError):
        if error.status_code == 401 and error.retryable:
            return None  # another token of the same resource may do
        return "outage" if error.status_code >= 500 else _REASONS.get(error.status_code)
    return "outage" if isinstance(error, APIConnectionError) else None


def no_place() -> APIStatusError:
    """All places at all resources are taken."""
    error = APIStatusError(
        "all places at the Azure resources are taken: raise max_streams to what Azure allows, or add a "
        "Resource",
        status_code=429,
    )
    error.retryable = True  # the constructor makes some statuses final
    return error
