"""How often one address may ask."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

_MOST_ADDRESSES = 10_000
_ROUNDING_SECONDS = 1e-5
"""Sums of fractions of a second are this exact at the present time, counted from 1970."""
_HOME_OF_IPV6 = 64
"""One household or server has as many IPv6 addresses as it likes, with the same first bits."""


class RateLimit:
    """Lets each address ask so often, and a number of times in a row.

    Its memory is bounded: of very many addresses, it forgets the one that was let in longest ago.

    Args:
        burst: How many requests of one address may come at once.
        per_second: How many may come in the long run.
    """

    def __init__(self, *, burst: int, per_second: float) -> None:
        self._interval_seconds = 1 / per_second
        self._ahead_seconds = (burst - 1) * self._interval_seconds
        # When each address would be even: in the future, the more the more it has asked for.
        self._even_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._even_at)

    def wait_seconds(self, address: str, *, now: float) -> float:
        """After what time this address may ask again; 0 if it may now.

        Args:
            address: Where the request comes from.
            now: The time, in seconds.
        """
        even_at = self._even_at.get(_home(address), now)
        wait_seconds = even_at - now - self._ahead_seconds
        return wait_seconds if wait_seconds > _ROUNDING_SECONDS else 0.0

    def count(self, address: str, *, now: float) -> None:
        """Note a request.

        Args:
            address: Where it comes from.
            now: The time, in seconds.
        """
        home = _home(address)
        self._even_at[home] = max(now, self._even_at.get(home, now)) + self._interval_seconds
        self._even_at.move_to_end(home)
        if len(self._even_at) > _MOST_ADDRESSES:
            self._even_at.popitem(last=False)


def _home(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), _HOME_OF_IPV6), strict=False))
