"""What the endpoint answers to a request that it does not grant."""

from __future__ import annotations


class Refusal(Exception):
    """A request that is not granted.

    Args:
        message: What happened and what to do, in words for the person who joins.
        code: The same for a program, such as "invite_expired". A page shows its own words for it.
        status: The HTTP status, 4xx or 5xx.
        retry_seconds: After this time the same request may be granted.
    """

    def __init__(
        self, message: str, *, code: str, status: int = 403, retry_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.code, self.status = message, code, status
        self.retry_seconds = retry_seconds
