"""A watch that was silent for days and then uploads: the days since its upload before are due again."""

import datetime as dt
import zoneinfo
from typing import Any

import psycopg

from santorio.ingest.formats.garmin.timestamps import MAX_EPOCH_MS, MIN_EPOCH_MS
from santorio.ingest.garmin import ledger
from santorio.ingest.garmin.sync_plan import Window
from santorio.ingest.garmin.throttle import classify_failure
from santorio.people import Person
from santorio.storage.database.locks import lock_person


def mark_days_since_upload(
    connection: psycopg.Connection, person: Person, client: Any, window: Window, interval: dt.timedelta
) -> None:
    """Make the days since the upload before the latest one provisional and due: the watch may have brought them all.

    Parameters
    ----------
    interval
        How long a provisional day is otherwise not requested again.
    """
    try:
        uploaded_at = _upload_time(client.get_device_last_used())
    except Exception as error:
        # The time of the upload is only a hint: the sync goes on without it.
        if classify_failure(error) in {"not_found", "client_error", "transient"}:
            return
        raise
    if uploaded_at is None:
        return
    with connection.transaction():
        lock_person(connection, person.user_id)
        row = connection.execute(
            "select device_uploaded_at from ops.garmin_syncs where user_id = %s for update", [person.user_id]
        ).fetchone()
        previous = row[0] if row else None
        if previous is not None and previous < uploaded_at:
            previous_day = previous.astimezone(zoneinfo.ZoneInfo(person.timezone)).date()
            since = max(previous_day, window.first)
            days = [since + dt.timedelta(days=offset) for offset in range((window.today - since).days + 1)]
            ledger.mark_provisional(connection, person.user_id, days)
            ledger.mark_due(connection, person.user_id, interval)
        connection.execute(
            "update ops.garmin_syncs set device_uploaded_at = greatest(device_uploaded_at, %s) where user_id = %s",
            [uploaded_at, person.user_id],
        )


def _upload_time(response: object) -> dt.datetime | None:
    if not isinstance(response, dict):
        return None
    upload_ms = response.get("lastUsedDeviceUploadTime")
    if not isinstance(upload_ms, int | float) or not MIN_EPOCH_MS < upload_ms < MAX_EPOCH_MS:
        return None
    return dt.datetime.fromtimestamp(upload_ms / 1000, dt.UTC)
