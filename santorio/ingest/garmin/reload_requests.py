"""Old days whose series Garmin has put away: the sums are there, the samples are not, until it is asked for them.

Each such day is asked back once, so many a sync; the answer comes within hours, so the day is provisional again.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from santorio.errors import SantorioError
from santorio.ingest.garmin.sync_plan import SURELY_SETTLED_DAYS, Window
from santorio.ingest.garmin.throttle import classify_failure
from santorio.people import Person

# Garmin does not say how many it takes; each brings six calls of the next sync with it.
MAX_RELOADS_PER_SYNC = 50
# What comes back: all that holds a series within the day.
KINDS = (
    "heart_rate", "stress", "respiration", "spo2", "steps_intervals", "floors", "intensity_minutes",
    "body_battery_events",
)  # fmt: skip
# A series, and a sum that cannot be without it.
MARKER_FIELDS = {
    "heart_rate": ("heartRateValues", "maxHeartRate"),
    "stress": ("stressValuesArray", "maxStressLevel"),
    "respiration": ("respirationValuesArray", "highestRespirationValue"),
}


def is_archived(kind: str, payload: Mapping[str, object]) -> bool:
    """Whether a day's payload has the sum of a series, and not the series."""
    if kind not in MARKER_FIELDS:
        return False
    series, highest = (payload.get(key) for key in MARKER_FIELDS[kind])
    # Of stress -1 and -2 say that nothing was measured.
    return not series and isinstance(highest, int | float) and highest > 0


def notice(connection: psycopg.Connection, person: Person, day: dt.date, today: dt.date) -> None:
    """Remember a day that came without its series; a young one is only not yet told whole."""
    if (today - day).days >= SURELY_SETTLED_DAYS:
        connection.execute(
            "insert into ops.garmin_reloads (user_id, day) values (%s, %s) on conflict do nothing",
            [person.user_id, day],
        )


def request_reloads(connection: psycopg.Connection, person: Person, client: Any, window: Window) -> int:
    """Ask for the newest days that wait, and let the next sync fetch them again. Counts the days.

    Raises
    ------
    GarminRateLimited, BudgetSpent
        If no request may be made now; the days wait on.
    """
    asked = 0
    for day in _waiting(connection, person, window):
        try:
            client.request_reload(day.isoformat())
        except (SantorioError, psycopg.Error):
            raise
        except Exception as error:  # noqa: BLE001 - the library raises anything where an answer has another shape
            if classify_failure(error) not in {"absent", "refused"}:
                return asked  # in passing: with the next sync
            _note(connection, person, day, ())  # Garmin will not: what there is must do
        else:
            _note(connection, person, day, KINDS)
            asked += 1
    return asked


def _waiting(connection: psycopg.Connection, person: Person, window: Window) -> list[dt.date]:
    rows = connection.execute(
        "select day from ops.garmin_reloads where user_id = %s and day between %s and %s and requested_at is null"
        " order by day desc limit %s",
        [person.user_id, window.first, window.last, MAX_RELOADS_PER_SYNC],
    ).fetchall()
    return [day for (day,) in rows]


def _note(connection: psycopg.Connection, person: Person, day: dt.date, kinds: Sequence[str]) -> None:
    """Note that a day was asked back; its rows rest from now on, for Garmin takes a while."""
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
