"""How requests go out to Garmin: a token bucket for each person, retries with backoff and jitter, a circuit breaker.

All of the client's methods that read go through its `connectapi` or `download`, and reload requests through `post`.
Those three are throttled, so that each page of a list counts as a request.
"""

import datetime as dt
import email.utils
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import psycopg

from santorio.errors import SantorioError
from santorio.ingest.garmin import circuit_breaker

FailureKind = Literal["rate_limited", "unauthorized", "not_found", "transient", "client_error"]
# A longer `Retry-After` is not taken seriously; the breaker's own maximum is shorter still.
MAX_RETRY_AFTER_SECONDS = 86_400
# Added to the wait for an open circuit, so that its pause is over when the wait is.
WAIT_MARGIN_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class RequestPolicy:
    """How fast and how often requests go out for one person.

    Parameters
    ----------
    per_second
        Sustained rate: the token bucket refills at it.
    burst
        Capacity of the token bucket.
    attempts
        How often a request is made that fails for a transient reason.
    first_backoff_seconds, max_backoff_seconds
        Wait before the second attempt, and at most.
    first_pause
        How long the circuit is open after a first 429 without `Retry-After`.
    breaker_timeout_seconds
        How long a sync waits for an open circuit before it stops for now.
    """

    per_second: float = 1.0
    burst: int = 40
    attempts: int = 4
    first_backoff_seconds: float = 1.0
    max_backoff_seconds: float = 30.0
    first_pause: dt.timedelta = circuit_breaker.FIRST_PAUSE
    breaker_timeout_seconds: float = 120.0


class BudgetSpent(SantorioError):
    """As many requests were made as were allowed."""

    code = "budget_spent"


@dataclass(slots=True)
class Throttle:
    """Lets one person's requests out at their rate, and counts them."""

    connection: psycopg.Connection = field(repr=False)
    user_id: UUID
    policy: RequestPolicy
    max_requests: int | None = None
    requests: int = 0
    sleep: Callable[[float], None] = time.sleep

    def attach(self, client: Any) -> None:
        """Let every request of a client go through the throttle."""
        # The library logs URLs, which name the account, and Garmin's responses.
        logging.getLogger("garminconnect").setLevel(logging.CRITICAL)
        # The library's own retries would bypass the bucket and the breaker.
        client.retry_attempts = 0
        client.connectapi = self._throttled(client.connectapi)
        client.download = self._throttled(client.download)
        client.client.post = self._throttled(client.client.post)

    def _throttled(self, call: Callable[..., object]) -> Callable[..., object]:
        import tenacity

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: classify_failure(error) == "transient"),
            wait=tenacity.wait_exponential_jitter(
                multiplier=self.policy.first_backoff_seconds,
                max=self.policy.max_backoff_seconds,
                jitter=self.policy.first_backoff_seconds,
            ),
            stop=tenacity.stop_after_attempt(self.policy.attempts),
            sleep=self.sleep,
            reraise=True,
        )

        def throttled(*arguments: object, **options: object) -> object:
            return retrying(self._request, call, arguments, options)

        return throttled

    def _request(
        self, call: Callable[..., object], arguments: tuple[object, ...], options: Mapping[str, object]
    ) -> object:
        self._wait_for_turn()
        self.requests += 1
        try:
            response = call(*arguments, **options)
        except Exception as error:
            failure = classify_failure(error)
            if failure == "rate_limited":
                circuit_breaker.open_circuit(self.connection, retry_after(error), self.policy.first_pause)
                # Garmin counts refused requests too: this one is made again only after the pause.
                return self._request(call, arguments, options)
            if failure in {"not_found", "client_error"}:
                # Garmin answers; it does not have what was requested.
                circuit_breaker.record_success(self.connection)
            raise
        circuit_breaker.record_success(self.connection)
        return response

    def _wait_for_turn(self) -> None:
        if self.max_requests is not None and self.requests >= self.max_requests:
            raise BudgetSpent("As many requests were made as were allowed.")
        waited = 0.0
        while (seconds := circuit_breaker.wait_seconds(self.connection)) > 0:
            if waited + seconds > self.policy.breaker_timeout_seconds:
                raise circuit_breaker.rate_limited(seconds)
            self.sleep(seconds + WAIT_MARGIN_SECONDS)
            waited += seconds
        seconds = acquire_token(self.connection, self.user_id, self.policy)
        if seconds > 0:
            self.sleep(seconds)


def acquire_token(connection: psycopg.Connection, user_id: UUID, policy: RequestPolicy) -> float:
    """Take a token from a person's bucket; returns how many seconds to wait until it is there.

    The balance may be negative: the next request waits longer then, so that all processes together keep to the rate.
    """
    row = connection.execute(
        """
        insert into ops.garmin_rate_limit as bucket (user_id, tokens) values (%(user_id)s, %(burst)s - 1)
        on conflict (user_id) do update set
          tokens = least(%(burst)s, bucket.tokens + greatest(0,
            extract(epoch from clock_timestamp() - bucket.counted_at)) * %(rate)s) - 1,
          counted_at = clock_timestamp()
        returning tokens
        """,
        {"user_id": user_id, "burst": float(policy.burst), "rate": policy.per_second},
    ).fetchone()
    assert row is not None  # noqa: S101 - the statement returns the row that it writes
    return max(0.0, -float(row[0]) / policy.per_second)


def classify_failure(error: BaseException) -> FailureKind | None:
    """Classify an error of the library by its HTTP status; None for any other error."""
    from garminconnect import (
        GarminConnectAuthenticationError,
        GarminConnectConnectionError,
        GarminConnectTooManyRequestsError,
    )

    if isinstance(error, GarminConnectTooManyRequestsError):
        return "rate_limited"
    if isinstance(error, GarminConnectAuthenticationError):
        return "unauthorized"
    if not isinstance(error, GarminConnectConnectionError):
        return None
    return _classify_status(status_of(error))


def _classify_status(status: int | None) -> FailureKind:
    if status == 429:
        return "rate_limited"
    if status == 404:
        return "not_found"
    # No status means no response, and 408 is a timeout: the same request may succeed.
    if status is None or status == 408:
        return "transient"
    return "client_error" if 400 <= status < 500 else "transient"


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status of the response behind an error."""
    status = getattr(response_of(error), "status_code", None)
    return status if isinstance(status, int) else None


def response_of(error: BaseException) -> object | None:
    """Find the response behind an error: of a 429 only the error that it was raised from has it."""
    for cause in _causes(error):
        response: object = getattr(cause, "response", None)
        if response is not None:
            return response
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def retry_after(error: BaseException) -> dt.timedelta | None:
    """Return the wait that `Retry-After` states: seconds or an HTTP date; None where it is missing or invalid."""
    headers = getattr(response_of(error), "headers", None)
    if headers is None:
        return None
    header = headers.get("Retry-After")
    if not isinstance(header, str):
        return None
    if header.strip().isdecimal():
        return dt.timedelta(seconds=min(int(header), MAX_RETRY_AFTER_SECONDS))
    try:
        until = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    return max(dt.timedelta(), until - dt.datetime.now(dt.UTC))


def error_code(error: BaseException) -> str:
    """Return the code of a failed call for the ledger. It never quotes the response."""
    status = status_of(error)
    if status is not None and status >= 400:
        return f"http_{status}"
    names = " ".join(type(cause).__name__ for cause in _causes(error))
    if "JSON" in names:
        return "not_json"
    return "timeout" if "Timeout" in names else "no_answer"
