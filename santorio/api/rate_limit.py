"""How often a token may ask: a bucket of requests for each token, in this process's memory."""

import math
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a caller: requests now, and seconds until the bucket is full again."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int


@dataclass(slots=True)
class _Bucket:
    level: float
    filled_at: float


class RateLimiter:
    """Token buckets: each holds a minute's requests and fills evenly.

    Parameters
    ----------
    per_minute
        Size of a bucket, and how much of it fills in a minute.
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, caller: str) -> Allowance:
        """Take one request out of a caller's bucket, if it holds one."""
        now = time.monotonic()
        with self._lock:
            if len(self._buckets) > 10_000:
                self._forget_full(now)
            bucket = self._buckets.setdefault(caller, _Bucket(self.per_minute, now))
            bucket.level, bucket.filled_at = self._level(bucket, now), now
            allowed = bucket.level >= 1
            if allowed:
                bucket.level -= 1
            missing = self.per_minute - bucket.level
            return Allowance(
                allowed=allowed,
                limit=self.per_minute,
                remaining=int(bucket.level),
                reset_s=math.ceil(missing * 60 / self.per_minute),
                retry_after_s=max(1, math.ceil((1 - bucket.level) * 60 / self.per_minute)),
            )

    def _level(self, bucket: _Bucket, now: float) -> float:
        return min(self.per_minute, bucket.level + (now - bucket.filled_at) * self.per_minute / 60)

    def _forget_full(self, now: float) -> None:
        """Drop buckets that are full again: a new one would be the same."""
        full = [key for key, bucket in self._buckets.items() if self._level(bucket, now) >= self.per_minute]
        for key in full:
            del self._buckets[key]
