"""Limits of requests per caller, as token buckets in memory."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from recsys.http_api.errors import ApiError


@dataclass(frozen=True)
class Limit:
    """A number of requests at once, and how many a second are added to them."""

    burst: float
    per_second: float


LIMITS = {
    "light": Limit(200, 100),  # lists, feedback and the list of models take milliseconds
    "heavy": Limit(10, 0.5),  # replays and explanations take seconds
    "failure": Limit(20, 0.2),  # tokens that do not exist, by address
}
MOST_CALLERS = 10_000


class RateLimiter:
    """The buckets of all callers; those used last are kept, and one that is forgotten was full again long before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._lock = clock, Lock()
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, kind: str, caller: str, count: float = 1) -> None:
        """Take from a caller's bucket; an ApiError with 429 says when there is enough in it again. With count 0 it only looks."""
        limit, now = LIMITS[kind], self._clock()
        with self._lock:
            left, since = self._buckets.get((kind, caller), (limit.burst, now))
            left = min(limit.burst, left + (now - since) * limit.per_second)
            enough = left >= max(count, 1)
            self._buckets[kind, caller] = (left - count if enough else left, now)
            self._buckets.move_to_end((kind, caller))
            if len(self._buckets) > MOST_CALLERS:
                self._buckets.popitem(last=False)
        if not enough:
            seconds = math.ceil((1 - left) / limit.per_second)
            raise ApiError(429, f"too many requests; try again in {seconds} s", {"retry-after": str(seconds)})


def group_address(address: str) -> str:
    """Return the key of an address: a network of 64 bits of IPv6 belongs to one caller."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:80]
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
