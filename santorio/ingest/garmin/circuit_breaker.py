"""The circuit breaker: after a 429 no process sends Garmin a request for a while, even after a restart.

Closed, it lets all requests pass. A 429 opens it: every request waits, and the pause doubles with each 429 in a row.
When the pause is over it is half open: one request goes out as a probe, and a response closes the circuit.
"""

import datetime as dt

import psycopg

from santorio.errors import GarminRateLimited

FIRST_PAUSE = dt.timedelta(minutes=1)
MAX_PAUSE = dt.timedelta(hours=6)
# Longer than a request may take: the others wait while the probe is under way.
PROBE_TIMEOUT = dt.timedelta(seconds=20)
# How long the others wait before they check again while a probe is under way.
PROBE_WAIT_SECONDS = 1.0


def pause_after(
    trips: int, retry_after: dt.timedelta | None, first_pause: dt.timedelta = FIRST_PAUSE
) -> dt.timedelta:
    """Return how long the circuit stays open.

    Parameters
    ----------
    trips
        How many 429s came in a row, from 1.
    retry_after
        The wait that Garmin requested; the pause is never shorter, except for `MAX_PAUSE`.
    first_pause
        After a first 429 without `Retry-After`.
    """
    # Bounded before it is multiplied: a timedelta overflows after some forty doublings.
    doublings: int = 2 ** min(trips - 1, 16)
    backoff = min(MAX_PAUSE, first_pause * doublings)
    if retry_after is None:
        return backoff
    if trips == 1:
        return min(retry_after, MAX_PAUSE)
    # Garmin's first request was followed and did not help: the pause grows all the same.
    return min(max(retry_after, backoff), MAX_PAUSE)


def open_circuit(
    connection: psycopg.Connection, retry_after: dt.timedelta | None, first_pause: dt.timedelta = FIRST_PAUSE
) -> dt.datetime:
    """Record a 429; returns until when the circuit is open. 429s of requests already under way count once."""
    with connection.transaction():
        row = connection.execute(
            "select trips, open_until > clock_timestamp() and tripped_at > clock_timestamp() - interval '2 seconds',"
            " open_until from ops.garmin_breaker for update"
        ).fetchone()
        assert row is not None  # noqa: S101 - a migration inserted the only row
        trips, is_recorded, open_until = row
        if is_recorded:
            return open_until  # type: ignore[no-any-return]
        pause = pause_after(trips + 1, retry_after, first_pause)
        updated = connection.execute(
            "update ops.garmin_breaker set trips = trips + 1, tripped_at = clock_timestamp(),"
            " open_until = clock_timestamp() + %s returning open_until",
            [pause],
        ).fetchone()
    assert updated is not None  # noqa: S101 - the table has exactly one row
    return updated[0]  # type: ignore[no-any-return]


def wait_seconds(connection: psycopg.Connection) -> float:
    """Return the seconds until a request may go out; 0 lets this one pass.

    A half-open circuit lets only the first request pass, as the probe.
    """
    row = connection.execute(
        "select trips, extract(epoch from open_until - clock_timestamp())::float from ops.garmin_breaker"
    ).fetchone()
    assert row is not None  # noqa: S101 - a migration inserted the only row
    trips, seconds_left = row
    if trips == 0:
        return 0.0
    if seconds_left is not None and seconds_left > 0:
        return float(seconds_left)
    # Of several processes the update succeeds for one: its request is the probe.
    is_probe = connection.execute(
        "update ops.garmin_breaker set open_until = clock_timestamp() + %s, tripped_at = null"
        " where open_until is null or open_until <= clock_timestamp() returning true",
        [PROBE_TIMEOUT],
    ).fetchone()
    return 0.0 if is_probe else PROBE_WAIT_SECONDS


def open_seconds(connection: psycopg.Connection) -> float:
    """Return how long the circuit is still open, without claiming the probe."""
    row = connection.execute(
        "select extract(epoch from open_until - clock_timestamp())::float from ops.garmin_breaker where trips > 0"
    ).fetchone()
    if row is None or row[0] is None:
        return 0.0
    return max(0.0, float(row[0]))


def record_success(connection: psycopg.Connection) -> None:
    """Close the circuit: Garmin answered."""
    connection.execute("update ops.garmin_breaker set trips = 0, open_until = null where trips > 0")


def rate_limited(seconds: float) -> GarminRateLimited:
    """Return the error of an open circuit; it states until when the circuit is open."""
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return GarminRateLimited(
        f"Garmin asked for fewer requests; the next one goes out after {until:%Y-%m-%d %H:%M} UTC.",
        hint="What was fetched is kept: run `santorio sync` again after that.",
        details={"until": until.isoformat(timespec="seconds")},
    )
