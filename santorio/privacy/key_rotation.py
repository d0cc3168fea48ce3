"""The master key in use: who seals and who changes the key keep out of each other's way."""

from uuid import UUID

import psycopg

from santorio.errors import file_errors
from santorio.privacy.encryption import ONCE_READ, MasterKey, known_keys, unwrap, wrap, writing_key
from santorio.privacy.secrets import keep_names, make_secret, secret_in
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import Lock, lock_session, lock_transaction_shared


def sealing_key(connection: psycopg.Connection, settings: Settings) -> MasterKey:
    """Return the master key for what is sealed in this transaction; it does not change before its end.

    Raises
    ------
    MasterKeyMissing
        If the key's file is gone, and something in the database was sealed under it: a new one in its place would
        keep the old one from being brought back.
    """
    lock_transaction_shared(connection, Lock.MASTER_KEY)
    _refuse_a_second_key(connection, settings)
    return writing_key(settings)


def rotate_master_key(database: Database, settings: Settings) -> int:
    """Seal every person's data key under a new master key, all or none, and say how many.

    The new key is `SANTORIO_MASTER_KEY` where it is set; the old one is then `SANTORIO_PREVIOUS_MASTER_KEY` or the
    key file. Without settings a new key file takes the place of the old one. Killed at any point, it leaves every
    data key openable, and run again it finishes.

    Raises
    ------
    MasterKeyMissing
        If a data key opens with none of the keys there are; then nothing is changed.
    """
    with database.connect(autocommit=True) as connection:
        lock_session(connection, Lock.MASTER_KEY)
        _refuse_a_second_key(connection, settings)
        old = known_keys(settings)
        new = writing_key(settings) if settings.master_key is not None else _next_key(settings)
        with connection.transaction():
            rows = _wrapped(connection)
            for user_id, wrapped in rows:
                connection.execute(
                    "update ops.garmin_accounts set wrapped_key = %s where user_id = %s",
                    [wrap(new, unwrap([*old, new], user_id, wrapped)), user_id],
                )
        # Only now does the old key go: until here a data key might be under either.
        if settings.master_key is None:
            with file_errors(settings.master_key_path):
                settings.next_master_key_path.replace(settings.master_key_path)
                keep_names(settings.master_key_path.parent)
    return len(rows)


def _refuse_a_second_key(connection: psycopg.Connection, settings: Settings) -> None:
    if settings.master_key is None and not settings.master_key_path.exists():
        for user_id, wrapped in _wrapped(connection):
            unwrap(known_keys(settings), user_id, wrapped)


def _next_key(settings: Settings) -> MasterKey:
    make_secret(settings.next_master_key_path)
    return MasterKey.of(secret_in(settings.next_master_key_path, once_read=ONCE_READ))


def _wrapped(connection: psycopg.Connection) -> list[tuple[UUID, bytes]]:
    return connection.execute(
        "select user_id, wrapped_key from ops.garmin_accounts where wrapped_key is not null "
        "order by user_id for update"
    ).fetchall()
