"""Advisory locks of PostgreSQL: every lock that Santorio takes, with its number, and the functions that take it.

The numbers never change: a process of an earlier version may run beside this one. Functions in the database take locks
too: `raw.downsample_samples` the lock of a person's writers, `intraday.refresh` number 1618.

A lock of a transaction is released when the transaction ends, one of a session at the latest when its connection
closes, also when its process is killed.
"""

import enum
from uuid import UUID

import psycopg


class Lock(enum.IntEnum):
    """Locks of a database."""

    # Two processes that start must not both create the database.
    CREATE_DATABASE = 1614
    MIGRATE = 1615
    # Shared by those who encrypt, so that the master key does not change meanwhile.
    MASTER_KEY = 1616
    BUILD = 1614_0007
    # A second build of the past would mix its tables with the first's, so it is refused.
    BUILD_AS_OF = 1614_0008
    # Two processes would write metrics of the same activities.
    ACTIVITY_METRICS = 1614_0009


class PersonLock(enum.IntEnum):
    """Locks of one person, as seeds of the hash of their id."""

    WRITE = 1614
    SYNC = 1615


def lock_session(connection: psycopg.Connection, lock: Lock) -> None:
    """Wait for a lock; the connection holds it until `unlock_session`, or until it closes."""
    connection.execute("select pg_advisory_lock(%s)", [int(lock)])


def try_lock_session(connection: psycopg.Connection, lock: Lock) -> bool:
    """Take a lock for the connection if it is free, and return whether it was."""
    return connection.execute("select pg_try_advisory_lock(%s)", [int(lock)]).fetchone() == (True,)


def unlock_session(connection: psycopg.Connection, lock: Lock) -> None:
    """Release a lock of the connection."""
    connection.execute("select pg_advisory_unlock(%s)", [int(lock)])


def lock_transaction_shared(connection: psycopg.Connection, lock: Lock) -> None:
    """Wait until no other connection holds a lock exclusively, and share it until the transaction ends."""
    connection.execute("select pg_advisory_xact_lock_shared(%s)", [int(lock)])


def lock_person(connection: psycopg.Connection, user_id: UUID) -> None:
    """Wait until no other transaction writes events of this person; held until the caller's transaction ends.

    Take it before anything is read. Without it two imports of the same files store a version twice, or deadlock.
    """
    connection.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, %s))", [str(user_id), int(PersonLock.WRITE)]
    )


def try_lock_sync(connection: psycopg.Connection, user_id: UUID) -> bool:
    """Take the lock of a person's sync for the connection if it is free, and return whether it was."""
    row = connection.execute(
        "select pg_try_advisory_lock(hashtextextended(%s, %s))", [str(user_id), int(PersonLock.SYNC)]
    ).fetchone()
    return row == (True,)


def unlock_sync(connection: psycopg.Connection, user_id: UUID) -> None:
    """Release the lock of a person's sync."""
    connection.execute(
        "select pg_advisory_unlock(hashtextextended(%s, %s))", [str(user_id), int(PersonLock.SYNC)]
    )


def lock_analysis(connection: psycopg.Connection, user_id: UUID, kind: str, target: str) -> None:
    """Wait until no other transaction publishes this analysis; held until the caller's transaction ends."""
    connection.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"analysis {user_id} {kind} {target}"]
    )
