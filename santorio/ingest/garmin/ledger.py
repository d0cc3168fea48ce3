"""The rows that fetching writes to the coverage ledger: every call leaves some, also an empty response or a failure.

The rows that come from files, and what is read from the ledger, are in `santorio/ingest/coverage/`.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from santorio.ingest.garmin.endpoints import ENDPOINTS
from santorio.ingest.garmin.sync_plan import (
    SETTLED,
    Call,
    FetchedActivity,
    ListedActivity,
    Status,
    status_of_answer,
)
from santorio.people import Person

DAY_KINDS = [endpoint.kind for endpoint in ENDPOINTS if endpoint.grain == "days"]
# A change in the summary of a settled day shows that a watch synced it late.
LATE_SYNC_MARKER = "daily_summary"

type Statuses = dict[tuple[str, dt.date], Status]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for a day: the JSON documents, and their hash (None where there are none)."""

    digest: bytes | None
    documents: Sequence[str] = field(repr=False)


def statuses(
    connection: psycopg.Connection,
    person: Person,
    first: dt.date,
    last: dt.date,
    *,
    not_due_for: dt.timedelta = dt.timedelta(),
) -> Statuses:
    """Return the status of each kind and day that was requested from Garmin.

    Days that only a file brought are not in it: an export may lack what the account has. A provisional day that was
    requested less than `not_due_for` ago is returned as `fetched`.
    """
    rows = connection.execute(
        """
        select kind, day,
               case when status = 'provisional' and requested_at > clock_timestamp() - %s::interval then 'fetched'
                    else status end
        from ops.coverage where user_id = %s and day between %s and %s and requested_at is not null
        """,
        [not_due_for, person.user_id, first, last],
    ).fetchall()
    return {(kind, day): status for kind, day, status in rows}


def record_days(
    connection: psycopg.Connection,
    person: Person,
    call: Call,
    answers: Mapping[dt.date, Answer],
    today: dt.date,
    error: str | None,
) -> None:
    """Record the answer for each day.

    With an `error`, part of the response was rejected: a day without any document has failed then.
    """
    previous_rows = _previous_rows(connection, person.user_id, call)
    empty_days = _empty_days(connection, answers)
    changed: list[dt.date] = []
    rows: dict[dt.date, _Row] = {}
    for day, answer in answers.items():
        previous = previous_rows.get(day)
        is_same: bool | None = None
        if previous is not None:
            is_same = previous.digest == answer.digest
            if previous.status in SETTLED and not is_same:
                changed.append(day)
        status = status_of_answer(
            endpoint=call.endpoint, day=day, today=today, is_empty=day in empty_days, is_same=is_same
        )
        if error is not None and not answer.documents:
            status = "failed"
        rows[day] = _Row(status, answer.digest)
    _write_rows(connection, person.user_id, call.endpoint.kind, rows, error)
    if call.endpoint.kind == LATE_SYNC_MARKER:
        mark_provisional(connection, person.user_id, changed)


@dataclass(frozen=True, slots=True)
class _Row:
    status: Status
    digest: bytes | None


def _previous_rows(connection: psycopg.Connection, user_id: UUID, call: Call) -> dict[dt.date, _Row]:
    rows = connection.execute(
        "select day, status, content_hash from ops.coverage where user_id = %s and kind = %s"
        " and day between %s and %s and requested_at is not null and status <> 'failed'",
        [user_id, call.endpoint.kind, call.first, call.last],
    ).fetchall()
    return {day: _Row(status, digest) for day, status, digest in rows}


def _empty_days(connection: psycopg.Connection, answers: Mapping[dt.date, Answer]) -> set[dt.date]:
    """Return the days of which no document has any value."""
    days: list[dt.date] = []
    documents: list[str] = []
    for day, answer in answers.items():
        days += [day] * len(answer.documents)
        documents += answer.documents
    filled = connection.execute(
        "select distinct day from unnest(%s::date[], %s::text[]) as answer (day, document)"
        " where not ops.is_empty_payload(document::jsonb)",
        [days, documents],
    ).fetchall()
    return set(answers) - {day for (day,) in filled}


def _write_rows(
    connection: psycopg.Connection, user_id: UUID, kind: str, rows: Mapping[dt.date, _Row], error: str | None
) -> None:
    """Write rows. A failure keeps the hash of the answer before it: that is still in the log."""
    connection.execute(
        """
        insert into ops.coverage as ledger
          (user_id, kind, day, status, last_error, content_hash, fetched_at, requested_at)
        select %(user_id)s, %(kind)s, day, status, case when status = 'failed' then %(error)s end, digest,
               clock_timestamp(), clock_timestamp()
        from unnest(%(days)s::date[], %(statuses)s::text[], %(digests)s::bytea[]) as new (day, status, digest)
        on conflict (user_id, kind, day) do update set
          status = excluded.status, last_error = excluded.last_error, attempts = ledger.attempts + 1,
          content_hash = case when excluded.status = 'failed' then ledger.content_hash else excluded.content_hash end,
          fetched_at = case when excluded.status = 'failed' then ledger.fetched_at else excluded.fetched_at end,
          requested_at = excluded.requested_at
        """,
        {
            "user_id": user_id,
            "kind": kind,
            "error": error,
            "days": list(rows),
            "statuses": [row.status for row in rows.values()],
            "digests": [row.digest for row in rows.values()],
        },
    )


def mark_provisional(connection: psycopg.Connection, user_id: UUID, days: Sequence[dt.date]) -> int:
    """Make settled days provisional in every kind: a watch may have synced them late. Returns how many rows."""
    if not days:
        return 0
    return connection.execute(
        "update ops.coverage set status = 'provisional' where user_id = %s and day = any(%s) and kind = any(%s)"
        " and requested_at is not null and status in ('empty', 'final')",
        [user_id, list(days), DAY_KINDS],
    ).rowcount


def mark_due(connection: psycopg.Connection, user_id: UUID, interval: dt.timedelta) -> None:
    """Make provisional days due now, by setting their last request back by the interval between requests.

    It is written to the rows, so that it holds if the sync ends early. Days of a recent reload request are not
    due: an upload of the watch does not bring them sooner.
    """
    connection.execute(
        "update ops.coverage ledger set requested_at = requested_at - %(interval)s"
        " where user_id = %(user_id)s and status = 'provisional' and not exists ("
        "   select from ops.garmin_reloads reload where reload.user_id = ledger.user_id and reload.day = ledger.day"
        "   and reload.requested_at > clock_timestamp() - %(interval)s)",
        {"interval": interval, "user_id": user_id},
    )


def record_failure(connection: psycopg.Connection, person: Person, call: Call, code: str) -> None:
    """Record that a call failed: its days keep what they have, and are due again."""
    if call.activity is not None:
        record_activity(connection, person, call, is_empty=False, error=code)
        return
    previous_rows = _previous_rows(connection, person.user_id, call)
    rows: dict[dt.date, _Row] = {}
    for day in call.days:
        previous = previous_rows.get(day)
        # A settled day that a range call merely included has not failed.
        if previous is None or previous.status not in SETTLED:
            rows[day] = _Row("failed", None)
    _write_rows(connection, person.user_id, call.endpoint.kind, rows, code)


def listed_activities(
    connection: psycopg.Connection, person: Person, first: dt.date, last: dt.date
) -> list[ListedActivity]:
    """Return the activities of some days that the account lists, each as it was last listed."""
    rows = connection.execute(
        """
        select distinct on (event_id) (data ->> 'activityId')::bigint, (metadata ->> 'day')::date, content_hash
        from raw.events newest
        where user_id = %s and event_type = 'garmin.activity' and (metadata ->> 'day')::date between %s and %s
          and jsonb_typeof(data -> 'activityId') = 'number'
          and not exists (
            select from raw.events deletion
            where deletion.user_id = newest.user_id and deletion.event_type = 'deleted'
              and deletion.data ->> 'event_id' = newest.event_id::text
          )
        order by event_id, ingested_at desc
        """,
        [person.user_id, first, last],
    ).fetchall()
    # A file may have the same activity under another account, or none: each number is listed once.
    by_number = {number: ListedActivity(number, day, digest) for number, day, digest in rows}
    return list(by_number.values())


def fetched_activities(
    connection: psycopg.Connection, person: Person, first: dt.date, last: dt.date
) -> dict[tuple[int, str], FetchedActivity]:
    """Return the status of each kind of the activities of some days, by number and kind."""
    rows = connection.execute(
        "select activity_id, kind, status, listing_hash from ops.garmin_activities"
        " where user_id = %s and day between %s and %s",
        [person.user_id, first, last],
    ).fetchall()
    fetched: dict[tuple[int, str], FetchedActivity] = {}
    for activity, kind, status, listing_hash in rows:
        fetched[activity, kind] = FetchedActivity(status, listing_hash)
    return fetched


def record_activity(
    connection: psycopg.Connection, person: Person, call: Call, *, is_empty: bool, error: str | None
) -> None:
    """Record the answer for an activity, and derive the status of its day."""
    listed = listed_activities(connection, person, call.last, call.last)
    listing_hash = b""
    for entry in listed:
        if entry.activity == call.activity:
            listing_hash = entry.listing_hash
    status: Status = "empty" if is_empty else "final"
    if error:
        status = "failed"
    connection.execute(
        """
        insert into ops.garmin_activities as fetched
          (user_id, activity_id, kind, day, status, listing_hash, last_error)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (user_id, activity_id, kind) do update set
          day = excluded.day, status = excluded.status, listing_hash = excluded.listing_hash,
          last_error = excluded.last_error, attempts = fetched.attempts + 1, requested_at = clock_timestamp()
        """,
        [person.user_id, call.activity, call.endpoint.kind, call.last, status, listing_hash, error],
    )
    rows = connection.execute(
        "select status from ops.garmin_activities where user_id = %s and day = %s and kind = %s",
        [person.user_id, call.last, call.endpoint.kind],
    ).fetchall()
    day_status = _status_of_day([status for (status,) in rows], listed=len(listed))
    _write_rows(connection, person.user_id, call.endpoint.kind, {call.last: _Row(day_status, None)}, error)


def _status_of_day(statuses: Sequence[Status], *, listed: int) -> Status:
    """Return the status of a day from those of its activities, of which `listed` are expected."""
    if len(statuses) < listed:
        return "provisional"
    if "failed" in statuses:
        return "failed"
    return "final" if "final" in statuses else "empty"
