"""The quarantine, `ops.rejected_records`: records that were rejected or repaired, and those resolved since."""

import datetime as dt

import psycopg

from santorio.people import Person
from santorio.storage.parse_result import Rejection


def add(
    connection: psycopg.Connection, person: Person, name: str, sha256: str | None, rejection: Rejection
) -> None:
    """Quarantine a record: one row, however often it is imported.

    Parameters
    ----------
    name
        Name of the file.
    sha256
        Hash of its original in the object store; None where no original is kept.
    """
    location = rejection.location
    if sha256 is None:
        # Without a hash only the name distinguishes two files.
        location = f"{name}: {rejection.location or 'the whole file'}"
    connection.execute(
        """
        insert into ops.rejected_records (user_id, source_name, code, reason, object_sha256, location, status)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (user_id, object_sha256, source_name, code, location)
        do update set last_seen_at = now(), reason = excluded.reason, status = excluded.status
        """,
        [person.user_id, name, rejection.code, rejection.reason, sha256, location, rejection.status],
    )


def resolve(
    connection: psycopg.Connection, person: Person, sha256: str, since: dt.datetime | None = None
) -> None:
    """Close a file's open rejections that did not occur again.

    Parameters
    ----------
    since
        When the import began; None for the current transaction.
    """
    connection.execute(
        """
        update ops.rejected_records set status = 'retried', last_seen_at = now()
        where user_id = %s and object_sha256 = %s and status = 'open' and last_seen_at < coalesce(%s, now())
        """,
        [person.user_id, sha256, since],
    )
