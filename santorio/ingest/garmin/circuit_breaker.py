"""The circuit breaker: after a 429 nobody asks Garmin anything for a while, over restarts and in every process.

The pause doubles with each refusal in a row; after it one request goes out to try, and an answer ends it all.
"""

import datetime as dt

import psycopg

from santorio.errors import GarminRateLimited

FIRST_PAUSE = dt.timedelta(minutes=1)
MAX_PAUSE = dt.timedelta(hours=6)
# Longer than a request may take: while one tries, the others wait.
HALF_OPEN_PROBE = dt.timedelta(seconds=20)


def pause_after(
    trips: int, retry_after: dt.timedelta | None, first_pause: dt.timedelta = FIRST_PAUSE
) -> dt.timedelta:
    """Return how long to be silent after so many refusals in a row (from 1), never shorter than Garmin asked."""
    doubled = min(MAX_PAUSE, first_pause * 2 ** min(trips - 1, 16))
    return (
        doubled
        if retry_after is None
        else min(max(retry_after, doubled if trips > 1 else retry_after), MAX_PAUSE)
    )


def trip(
    connection: psycopg.Connection, retry_after: dt.timedelta | None, first_pause: dt.timedelta = FIRST_PAUSE
) -> dt.datetime:
    """Note a refusal; returns until when nobody asks. Refusals of calls already under way count as one."""
    with connection.transaction():
        row = connection.execute(
            "select trips, open_until > clock_timestamp() and tripped_at > clock_timestamp() - interval '2 seconds',"
            " open_until from ops.garmin_breaker for update"
        ).fetchone()
        assert row is not None  # noqa: S101 - the migration put it there
        trips, is_known, until = row
        if is_known:
            return until  # type: ignore[no-any-return]
        pause = pause_after(trips + 1, retry_after, first_pause)
        found = connection.execute(
            "update ops.garmin_breaker set trips = trips + 1, tripped_at = clock_timestamp(),"
            " open_until = clock_timestamp() + %s returning open_until",
            [pause],
        ).fetchone()
    assert found is not None  # noqa: S101 - one row
    return found[0]  # type: ignore[no-any-return]


def wait_seconds(connection: psycopg.Connection) -> float:
    """Seconds until a request may go out; 0 when it may now. After a pause only the first to ask is let through."""
    row = connection.execute(
        "select trips, extract(epoch from open_until - clock_timestamp())::float from ops.garmin_breaker"
    ).fetchone()
    assert row is not None  # noqa: S101 - the migration put it there
    trips, left = row
    if trips == 0:
        return 0.0
    if left is not None and left > 0:
        return float(left)
    taken = connection.execute(
        "update ops.garmin_breaker set open_until = clock_timestamp() + %s, tripped_at = null"
        " where open_until is null or open_until <= clock_timestamp() returning true",
        [HALF_OPEN_PROBE],
    ).fetchone()
    return 0.0 if taken else 1.0


def open_seconds(connection: psycopg.Connection) -> float:
    """Seconds until Garmin may be asked again; asking this takes nobody's turn."""
    row = connection.execute(
        "select extract(epoch from open_until - clock_timestamp())::float from ops.garmin_breaker where trips > 0"
    ).fetchone()
    return max(0.0, row[0] or 0.0) if row else 0.0


def answered(connection: psycopg.Connection) -> None:
    """Note that Garmin answered: whoever waits may go on."""
    connection.execute("update ops.garmin_breaker set trips = 0, open_until = null where trips > 0")


def rate_limited(seconds: float) -> GarminRateLimited:
    """Say until when nothing is asked."""
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return GarminRateLimited(
        f"Garmin asked for fewer requests; nothing is asked before {until:%Y-%m-%d %H:%M} UTC.",
        hint="What was fetched is kept: run `santorio sync` again after that.",
        details={"until": until.isoformat(timespec="seconds")},
    )
