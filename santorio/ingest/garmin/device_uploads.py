"""A watch that was silent and then uploads: the days since its upload before are asked for again."""

import datetime as dt
import zoneinfo
from typing import Any

import psycopg

from santorio.ingest.garmin import ledger
from santorio.ingest.garmin.sync_plan import Window
from santorio.ingest.garmin.throttle import classify_failure
from santorio.people import Person
from santorio.storage.event_log import lock_person


def notice(
    connection: psycopg.Connection, person: Person, client: Any, window: Window, rest: dt.timedelta
) -> None:
    """Open again the days since the upload before the last: a watch brought them all at once."""
    try:
        uploaded_at = _moment(client.get_device_last_used())
    except Exception as error:
        # Only a help: whatever else is wrong, the calls that matter will tell.
        if classify_failure(error) in {"absent", "refused", "passing"}:
            return
        raise
    if uploaded_at is None:
        return
    with connection.transaction():
        lock_person(connection, person.user_id)
        row = connection.execute(
            "select device_uploaded_at from ops.garmin_syncs where user_id = %s for update", [person.user_id]
        ).fetchone()
        before = row[0] if row else None
        if before is not None and before < uploaded_at:
            since = max(before.astimezone(zoneinfo.ZoneInfo(person.timezone)).date(), window.first)
            days = [since + dt.timedelta(days=offset) for offset in range((window.today - since).days + 1)]
            ledger.mark_provisional(connection, person.user_id, days)
            ledger.mark_due(connection, person.user_id, rest)
        connection.execute(
            "update ops.garmin_syncs set device_uploaded_at = greatest(device_uploaded_at, %s) where user_id = %s",
            [uploaded_at, person.user_id],
        )


def _moment(answer: object) -> dt.datetime | None:
    stated = answer.get("lastUsedDeviceUploadTime") if isinstance(answer, dict) else None
    if not isinstance(stated, int | float) or not 9.4e11 < stated < 4e12:
        return None
    return dt.datetime.fromtimestamp(stated / 1000, dt.UTC)
