"""Who may ask for how much: pictures in a request, requests in a second, samples that wait."""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from honmono.errors import Refused


OWN_NAMES = {"localhost", "127.0.0.1", "::1"}  # of this machine, which others cannot reach
MOST_CLIENTS = 10_000  # whose rates are remembered


@dataclass(frozen=True)
class Limits:
    """pictures: in one request. queue: samples that may wait. rate: requests of a client in a second; None: any."""

    pictures: int = 64
    queue: int = 1_024
    rate: float | None = None

    def __post_init__(self) -> None:
        if self.pictures < 1:
            raise Refused(f"--most-pictures {self.pictures}: give at least 1")
        if self.queue < self.pictures:
            raise Refused(f"--queue {self.queue}: give at least as many as --most-pictures ({self.pictures})")
        if self.rate is not None and not 0 < self.rate < math.inf:
            raise Refused(f"--rate {self.rate}: give a number of requests per second above 0, or omit it")


class Rates:
    """A bucket of tokens for each client: a request takes one, `rate` come back in a second, and no more are kept."""

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when they were counted

    def wait(self, client: str, now: float | None = None) -> int:
        """Takes a token and returns 0, or returns the whole seconds until there is one.

        now: in seconds, of a clock that never goes back.
        """
        if self.rate is None:
            return 0
        now = time.monotonic() if now is None else now
        most = max(self.rate, 1.0)
        tokens, counted = self._buckets.pop(client, (most, now))
        tokens = min(tokens + (now - counted) * self.rate, most)
        allowed = tokens >= 1
        self._buckets[client] = (tokens - allowed, now)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((1 - tokens) / self.rate)
