"""Old days whose series Garmin has archived: the totals are there, the samples are not, until a reload is requested.

A reload is requested once for each such day, a limited number in a sync. Garmin answers within hours, so the day is
provisional again until then.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from santorio.errors import SantorioError
from santorio.ingest.garmin.sync_plan import SURELY_SETTLED_DAYS, Window
from santorio.ingest.garmin.throttle import classify_failure
from santorio.people import Person

# Garmin publishes no limit; each day costs the next sync eight calls.
MAX_RELOADS_PER_SYNC = 50
# What a reload brings back: every kind with a series within the day.
KINDS = (
    "heart_rate",
    "stress",
    "respiration",
    "spo2",
    "steps_intervals",
    "floors",
    "intensity_minutes",
    "body_battery_events",
)
# A series, and a total that is only there where the series was measured.
MARKER_FIELDS = {
    "heart_rate": ("heartRateValues", "maxHeartRate"),
    "stress": ("stressValuesArray", "maxStressLevel"),
    "respiration": ("respirationValuesArray", "highestRespirationValue"),
}


def is_archived(kind: str, payload: Mapping[str, object]) -> bool:
    """Whether a day's payload has the total of a series, and not the series."""
    if kind not in MARKER_FIELDS:
        return False
    series_field, highest_field = MARKER_FIELDS[kind]
    highest = payload.get(highest_field)
    # A stress of -1 or -2 means that nothing was measured.
    return not payload.get(series_field) and isinstance(highest, int | float) and highest > 0


def record(connection: psycopg.Connection, person: Person, day: dt.date, today: dt.date) -> None:
    """Record a day that came without its series; a young day is merely not complete yet."""
    if (today - day).days >= SURELY_SETTLED_DAYS:
        connection.execute(
            "insert into ops.garmin_reloads (user_id, day) values (%s, %s) on conflict do nothing",
            [person.user_id, day],
        )


def request_reloads(connection: psycopg.Connection, person: Person, client: Any, window: Window) -> int:
    """Request the newest recorded days, for the next sync to fetch again. Returns how many.

    Raises
    ------
    GarminRateLimited, BudgetSpent
        If no request may be made now; the days stay recorded.
    """
    requested = 0
    for day in _recorded_days(connection, person, window):
        try:
            client.request_reload(day.isoformat())
        except (SantorioError, psycopg.Error):
            raise
        except Exception as error:  # noqa: BLE001 - the library raises anything for a response of another shape
            if classify_failure(error) not in {"not_found", "client_error"}:
                # A transient failure: the next sync tries again.
                return requested
            # Garmin declines: the day keeps what it has, and is not requested again.
            _mark_requested(connection, person, day, ())
        else:
            _mark_requested(connection, person, day, KINDS)
            requested += 1
    return requested


def _recorded_days(connection: psycopg.Connection, person: Person, window: Window) -> list[dt.date]:
    rows = connection.execute(
        "select day from ops.garmin_reloads where user_id = %s and day between %s and %s and requested_at is null"
        " order by day desc limit %s",
        [person.user_id, window.first, window.last, MAX_RELOADS_PER_SYNC],
    ).fetchall()
    return [day for (day,) in rows]


def _mark_requested(
    connection: psycopg.Connection, person: Person, day: dt.date, kinds: Sequence[str]
) -> None:
    """Mark a day as requested; its kinds are provisional, and not due for a while: Garmin needs hours."""
    with connection.transaction():
        connection.execute(
            "update ops.garmin_reloads set requested_at = clock_timestamp() where user_id = %s and day = %s",
            [person.user_id, day],
        )
        connection.execute(
            "update ops.coverage set status = 'provisional', requested_at = clock_timestamp()"
            " where user_id = %s and day = %s and kind = any(%s) and requested_at is not null",
            [person.user_id, day, list(kinds)],
        )
