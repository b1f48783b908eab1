"""The port: leases that all processes of a fleet take from."""

from __future__ import annotations

from typing import Protocol


class LeasesError(Exception):
    """The leases cannot be reached; the message says why."""


class Leases(Protocol):
    """Bounds how many holders have something at the same time.

    A lease ends when it is released, or `seconds` after it was taken or renewed last: with its holder.
    """

    async def take(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        """Take a lease, or renew it.

        Args:
            name: What is leased.
            holder: Who holds it; the same holder renews the lease.
            most: How many holders there may be.
            seconds: How long the lease lasts if it is not renewed.

        Returns:
            Whether the holder has the lease; False: so many others have one.

        Raises:
            LeasesError: The leases cannot be reached.
        """
        ...

    async def release(self, name: str, holder: str) -> None:
        """Give a lease back. One that is not held changes nothing.

        Raises:
            LeasesError: The leases cannot be reached.
        """
        ...
