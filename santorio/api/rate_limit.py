"""Rate limits: requests of a caller within the last minute, counted in this process's memory.

The counters of `limits` are its synchronous ones. In memory there is nothing to wait for, and the asynchronous storage
moves its bookkeeping to threads, which takes three to ten times the processor time (18 to 73 µs a request instead of 6
to 12).
"""

import math
import threading
import time
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """What a caller has left.

    Attributes
    ----------
    limit, remaining
        Requests allowed in a minute, and requests left now.
    reset_seconds
        Seconds until the oldest request of the window no longer counts.
    """

    is_allowed: bool
    limit: int
    remaining: int
    reset_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """Headers of draft-ietf-httpapi-ratelimit-headers (version 8 and later), and those of earlier releases."""
        return {
            "RateLimit-Policy": f'"requests";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"requests";r={self.remaining};t={self.reset_seconds}',
            # Deprecated; to be removed after the next release.
            "X-Rate-Limit-Limit": str(self.limit),
            "X-Rate-Limit-Remaining": str(self.remaining),
            "X-Rate-Limit-Reset": str(self.reset_seconds),
        }


class RepeatingTimer(threading.Timer):
    """A timer that calls its function again and again."""

    def run(self) -> None:
        """Call the function every `interval` seconds."""
        while not self.finished.wait(self.interval):
            self.function()


def memory_storage() -> MemoryStorage:
    """Create a storage that forgets old requests once a second.

    By default it starts a timer, which is a thread, with nearly every request: a tenth of the API's time.
    """
    storage = MemoryStorage()
    storage.timer = RepeatingTimer(1.0, storage.timer.function)
    storage.timer.daemon = True
    storage.timer.start()
    return storage


class RateLimiter:
    """A moving window of one minute for each caller.

    Parameters
    ----------
    requests_per_minute
        Requests that a caller may make within any minute.
    """

    def __init__(self, requests_per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(requests_per_minute)
        self._strategy = MovingWindowRateLimiter(memory_storage())

    def hit(self, caller: str) -> RateLimitStatus:
        """Count a request of a caller, unless the limit is reached."""
        is_allowed = self._strategy.hit(self._limit, caller)
        window = self._strategy.get_window_stats(self._limit, caller)
        return RateLimitStatus(
            is_allowed=is_allowed,
            limit=self._limit.amount,
            remaining=window.remaining,
            reset_seconds=max(1, math.ceil(window.reset_time - time.time())),
        )
