"""The list of what could not be taken in, `ops.rejected_records`: note it, and close what was mended since."""

import datetime as dt

import psycopg

from santorio.people import Person
from santorio.storage.parse_result import Rejection


def note_rejection(
    connection: psycopg.Connection, person: Person, name: str, sha256: str | None, rejection: Rejection
) -> None:
    """Note it once, however often it is met; `name` is the file's, `sha256` of its original where it is kept."""
    connection.execute(
        """
        insert into ops.rejected_records (user_id, source_name, code, reason, object_sha256, location, status)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (user_id, object_sha256, source_name, code, location)
        do update set last_seen_at = now(), reason = excluded.reason, status = excluded.status
        """,
        [person.user_id, name, rejection.code, rejection.reason, sha256,
         rejection.location if sha256 else f"{name}: {rejection.location or 'the whole file'}", rejection.status],
    )  # fmt: skip


def close_mended(
    connection: psycopg.Connection, person: Person, sha256: str, since: dt.datetime | None = None
) -> None:
    """Close what was refused of a file before and was not met again since (without: in this transaction)."""
    connection.execute(
        """
        update ops.rejected_records set status = 'retried', last_seen_at = now()
        where user_id = %s and object_sha256 = %s and status = 'open' and last_seen_at < coalesce(%s, now())
        """,
        [person.user_id, sha256, since],
    )
