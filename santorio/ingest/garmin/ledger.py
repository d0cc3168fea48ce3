"""What fetching notes in the coverage ledger: every call leaves rows, an empty answer and a failure too.

The ledger itself, and what reads it, is in `santorio/ingest/coverage/gaps.py`.
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
# A change in the summary of a settled day says that a watch synced it late.
LATE_SYNC_MARKER = "daily_summary"


type Statuses = dict[tuple[str, dt.date], Status]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came for one day: its hash (None of nothing) and the documents."""

    digest: bytes | None
    documents: Sequence[str] = field(repr=False)


def statuses(
    connection: psycopg.Connection,
    person: Person,
    first: dt.date,
    last: dt.date,
    *,
    rests_for: dt.timedelta = dt.timedelta(),
) -> Statuses:
    """Return the ledger of some days, as far as Garmin was asked.

    What is known from files alone is not in it: an export's day may lack what the account has. A provisional day
    that was asked for less than `rests_for` ago is given as `fetched`.
    """
    rows = connection.execute(
        """
        select kind, day,
               case when status = 'provisional' and requested_at > clock_timestamp() - %s::interval then 'fetched'
                    else status end
        from ops.coverage where user_id = %s and day between %s and %s and requested_at is not null
        """,
        [rests_for, person.user_id, first, last],
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
    """Note what came for each day; a day without anything, of an answer of which a part was refused, failed."""
    before = _before(connection, person.user_id, call)
    empty = _empty_days(connection, answers)
    changed: list[dt.date] = []
    rows: dict[dt.date, _Row] = {}
    for day, answer in answers.items():
        old = before.get(day)
        is_same = None if old is None else old.digest == answer.digest
        status = status_of_answer(
            endpoint=call.endpoint, day=day, today=today, is_empty=day in empty, is_same=is_same
        )
        has_failed = error is not None and not answer.documents
        if old is not None and old.status in SETTLED and not is_same:
            changed.append(day)
        rows[day] = _Row("failed" if has_failed else status, answer.digest)
    _note(connection, person.user_id, call.endpoint.kind, rows, error)
    if call.endpoint.kind == LATE_SYNC_MARKER:
        mark_provisional(connection, person.user_id, changed)


@dataclass(frozen=True, slots=True)
class _Row:
    status: Status
    digest: bytes | None


def _before(connection: psycopg.Connection, user_id: UUID, call: Call) -> dict[dt.date, _Row]:
    rows = connection.execute(
        "select day, status, content_hash from ops.coverage where user_id = %s and kind = %s"
        " and day between %s and %s and requested_at is not null and status <> 'failed'",
        [user_id, call.endpoint.kind, call.first, call.last],
    ).fetchall()
    return {day: _Row(status, digest) for day, status, digest in rows}


def _empty_days(connection: psycopg.Connection, answers: Mapping[dt.date, Answer]) -> set[dt.date]:
    pairs = [(day, document) for day, answer in answers.items() for document in answer.documents]
    filled = connection.execute(
        "select distinct day from unnest(%s::date[], %s::text[]) as one (day, document)"
        " where not ops.is_empty_payload(document::jsonb)",
        [[day for day, _ in pairs], [document for _, document in pairs]],
    ).fetchall()
    return set(answers) - {day for (day,) in filled}


def _note(
    connection: psycopg.Connection, user_id: UUID, kind: str, rows: Mapping[dt.date, _Row], error: str | None
) -> None:
    """Write rows. A failure leaves the hash of what came before it: that is still in the log."""
    connection.execute(
        """
        insert into ops.coverage as known
          (user_id, kind, day, status, last_error, content_hash, fetched_at, requested_at)
        select %(user_id)s, %(kind)s, day, status, case when status = 'failed' then %(error)s end, digest,
               clock_timestamp(), clock_timestamp()
        from unnest(%(days)s::date[], %(statuses)s::text[], %(digests)s::bytea[]) as one (day, status, digest)
        on conflict (user_id, kind, day) do update set
          status = excluded.status, last_error = excluded.last_error, attempts = known.attempts + 1,
          content_hash = case when excluded.status = 'failed' then known.content_hash else excluded.content_hash end,
          fetched_at = case when excluded.status = 'failed' then known.fetched_at else excluded.fetched_at end,
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
    """Make settled days provisional in every kind: a watch may have synced them late. Counts the rows."""
    if not days:
        return 0
    return connection.execute(
        "update ops.coverage set status = 'provisional' where user_id = %s and day = any(%s) and kind = any(%s)"
        " and requested_at is not null and status in ('empty', 'final')",
        [user_id, list(days), DAY_KINDS],
    ).rowcount


def mark_due(connection: psycopg.Connection, user_id: UUID, rest: dt.timedelta) -> None:
    """Let no provisional day rest any longer; noted in the rows, so that it holds if the sync ends early.

    But for days that Garmin was just asked to bring back, which an upload of the watch does not hasten.
    """
    connection.execute(
        "update ops.coverage known set requested_at = requested_at - %(rest)s"
        " where user_id = %(user_id)s and status = 'provisional' and not exists ("
        "   select from ops.garmin_reloads reload where reload.user_id = known.user_id and reload.day = known.day"
        "   and reload.requested_at > clock_timestamp() - %(rest)s)",
        {"rest": rest, "user_id": user_id},
    )


def record_failure(connection: psycopg.Connection, person: Person, call: Call, code: str) -> None:
    """Note that a call failed: what was known of its days stays known, but is asked for again."""
    if call.activity is not None:
        record_activity(connection, person, call, is_empty=False, error=code)
        return
    before = _before(connection, person.user_id, call)
    # A settled day that only stood in the way of a range has not failed.
    rows = {
        day: _Row("failed", None)
        for day in call.days
        if (old := before.get(day)) is None or old.status not in SETTLED
    }
    _note(connection, person.user_id, call.endpoint.kind, rows, code)


def listed_activities(
    connection: psycopg.Connection, person: Person, first: dt.date, last: dt.date
) -> list[ListedActivity]:
    """Return the activities of some days that the account's list names, each as it was last listed."""
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
    # An import from another place may know the same activity under another account, or none.
    return list({row[0]: ListedActivity(*row) for row in rows}.values())


def known_activities(
    connection: psycopg.Connection, person: Person, first: dt.date, last: dt.date
) -> dict[tuple[int, str], FetchedActivity]:
    """Return what was fetched of the activities of some days."""
    rows = connection.execute(
        "select activity_id, kind, status, listing_hash from ops.garmin_activities"
        " where user_id = %s and day between %s and %s",
        [person.user_id, first, last],
    ).fetchall()
    return {
        (activity, kind): FetchedActivity(status, listing_hash)
        for activity, kind, status, listing_hash in rows
    }


def record_activity(
    connection: psycopg.Connection, person: Person, call: Call, *, is_empty: bool, error: str | None
) -> None:
    """Note what came of one activity, and what that makes of its day."""
    listed = listed_activities(connection, person, call.last, call.last)
    listing_hash = next((one.listing_hash for one in listed if one.activity == call.activity), b"")
    status: Status = "failed" if error else "empty" if is_empty else "final"
    connection.execute(
        """
        insert into ops.garmin_activities as known
          (user_id, activity_id, kind, day, status, listing_hash, last_error)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (user_id, activity_id, kind) do update set
          day = excluded.day, status = excluded.status, listing_hash = excluded.listing_hash,
          last_error = excluded.last_error, attempts = known.attempts + 1, requested_at = clock_timestamp()
        """,
        [person.user_id, call.activity, call.endpoint.kind, call.last, status, listing_hash, error],
    )
    statuses_of_day = [
        row[0]
        for row in connection.execute(
            "select status from ops.garmin_activities where user_id = %s and day = %s and kind = %s",
            [person.user_id, call.last, call.endpoint.kind],
        )
    ]
    best: Status = (
        "failed" if "failed" in statuses_of_day else "final" if "final" in statuses_of_day else "empty"
    )
    if len(statuses_of_day) < len(listed):
        best = "provisional"
    _note(connection, person.user_id, call.endpoint.kind, {call.last: _Row(best, None)}, error)
