"""How requests behave: one token bucket a person, backoff with jitter, the breaker; whatever method is called.

Every method that reads goes through the client's `connectapi` or `download`: those are paced, so that the pages of
a list count one by one; and so is `post`, by which old days are asked back.
"""

import datetime as dt
import email.utils
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import psycopg

from santorio.errors import SantorioError
from santorio.ingest.garmin import circuit_breaker

FailureKind = Literal["rate_limited", "refused_login", "absent", "passing", "refused"]


@dataclass(frozen=True, slots=True)
class RequestPolicy:
    """How fast a person's account is asked.

    Parameters
    ----------
    per_second
        Requests a second in the long run.
    burst
        Requests that may go out at once after a rest.
    attempts
        How often a request is made that fails in passing.
    first_backoff_seconds, max_backoff_seconds
        Wait before the second attempt, and at most.
    first_pause
        What the breaker waits after a first refusal without `Retry-After`.
    breaker_timeout_seconds
        How long a sync waits for the breaker before it stops for now.
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


class CallFailed(SantorioError):
    """One call failed for good; the others may not. `code` goes to the ledger, nothing of the answer does."""

    def __init__(self, code: str) -> None:
        super().__init__("Garmin did not answer one call as it should.")
        self.code = code


@dataclass(slots=True)
class Throttle:
    """Makes the requests of one person in time; counts them."""

    connection: psycopg.Connection = field(repr=False)
    user_id: UUID
    policy: RequestPolicy
    max_requests: int | None = None
    requests: int = 0
    sleep: Callable[[float], None] = time.sleep

    def attach(self, client: Any) -> None:
        """Let every request of a client go through here."""
        # It logs addresses, which name the account, and what Garmin answered.
        logging.getLogger("garminconnect").setLevel(logging.CRITICAL)
        client.retry_attempts = 0  # ours wait in the bucket and ask the breaker; the library's would not
        for name in ("connectapi", "download"):
            setattr(client, name, self._paced(getattr(client, name)))
        client.client.post = self._paced(client.client.post)

    def _paced(self, call: Callable[..., object]) -> Callable[..., object]:
        import tenacity

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: classify_failure(error) == "passing"),
            wait=tenacity.wait_exponential_jitter(
                multiplier=self.policy.first_backoff_seconds,
                max=self.policy.max_backoff_seconds,
                jitter=self.policy.first_backoff_seconds,
            ),
            stop=tenacity.stop_after_attempt(self.policy.attempts),
            sleep=self.sleep,
            reraise=True,
        )

        def paced(*arguments: object, **options: object) -> object:
            return retrying(self._once, call, arguments, options)

        return paced

    def _once(
        self, call: Callable[..., object], arguments: tuple[object, ...], options: Mapping[str, object]
    ) -> object:
        self._wait_for_turn()
        self.requests += 1
        try:
            answer = call(*arguments, **options)
        except Exception as error:
            if classify_failure(error) == "rate_limited":
                circuit_breaker.trip(self.connection, retry_after(error), self.policy.first_pause)
                # Garmin counts the refused ones too: the same call is made again only after the pause.
                return self._once(call, arguments, options)
            if classify_failure(error) in {"absent", "refused"}:
                circuit_breaker.answered(self.connection)
            raise
        circuit_breaker.answered(self.connection)
        return answer

    def _wait_for_turn(self) -> None:
        if self.max_requests is not None and self.requests >= self.max_requests:
            raise BudgetSpent("As many requests were made as were allowed.")
        waited = 0.0
        while (seconds := circuit_breaker.wait_seconds(self.connection)) > 0:
            if waited + seconds > self.policy.breaker_timeout_seconds:
                raise circuit_breaker.rate_limited(seconds)
            self.sleep(seconds + 0.01)
            waited += seconds
        if (seconds := acquire_token(self.connection, self.user_id, self.policy)) > 0:
            self.sleep(seconds)


def acquire_token(connection: psycopg.Connection, user_id: UUID, policy: RequestPolicy) -> float:
    """Take a token from a person's bucket; returns how many seconds to wait until it is there.

    The bucket may owe tokens: whoever asks next waits longer, so processes that share it keep the pace together.
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
    assert row is not None  # noqa: S101 - it returns the row it wrote
    return max(0.0, -float(row[0]) / policy.per_second)


def classify_failure(error: BaseException) -> FailureKind | None:
    """What a failed call means: of the library's errors, by their HTTP status; None of any other."""
    from garminconnect import (
        GarminConnectAuthenticationError,
        GarminConnectConnectionError,
        GarminConnectTooManyRequestsError,
    )

    if isinstance(error, GarminConnectTooManyRequestsError):
        return "rate_limited"
    if isinstance(error, GarminConnectAuthenticationError):
        return "refused_login"
    if not isinstance(error, GarminConnectConnectionError):
        return None
    status = status_of(error)
    if status == 429:
        return "rate_limited"
    if status == 404:
        return "absent"
    return "refused" if status is not None and 400 <= status < 500 and status != 408 else "passing"


def status_of(error: BaseException) -> int | None:
    """HTTP status of the answer behind an error."""
    status = getattr(response_of(error), "status_code", None)
    return status if isinstance(status, int) else None


def response_of(error: BaseException) -> object | None:
    """Find the answer behind an error: of a 429 only the error it was raised from has it."""
    seen: BaseException | None = error
    while seen is not None:
        if (response := getattr(seen, "response", None)) is not None:
            return response  # type: ignore[no-any-return]
        seen = seen.__cause__
    return None


def retry_after(error: BaseException) -> dt.timedelta | None:
    """How long Garmin asked to wait: seconds or a date; None where it did not say, or nonsense."""
    headers = getattr(response_of(error), "headers", None)
    stated = headers.get("Retry-After") if headers is not None else None
    if not isinstance(stated, str):
        return None
    if stated.strip().isdecimal():
        return dt.timedelta(seconds=min(int(stated), 86_400))
    try:
        moment = email.utils.parsedate_to_datetime(stated)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(dt.timedelta(), moment - dt.datetime.now(dt.UTC))


def error_code(error: BaseException) -> str:
    """Code of a failed call for the ledger: what Garmin's server did, never what it said."""
    if (status := status_of(error)) is not None and status >= 400:
        return f"http_{status}"
    causes: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        causes.append(type(seen).__name__)
        seen = seen.__cause__
    names = " ".join(causes)
    if "JSON" in names:
        return "not_json"
    return "timeout" if "Timeout" in names else "no_answer"
