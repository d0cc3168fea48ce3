"""The active master key and its rotation; a lock keeps encryption and rotation apart."""

from uuid import UUID

import psycopg

from santorio.errors import file_errors
from santorio.privacy.encryption import (
    COMPROMISED_KEY_HINT,
    MasterKey,
    active_master_key,
    available_master_keys,
    unwrap,
    wrap,
)
from santorio.privacy.secrets import create_secret, fsync_directory, read_secret_file
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import Lock, lock_session, lock_transaction_shared


def encryption_key(connection: psycopg.Connection, settings: Settings) -> MasterKey:
    """Return the master key for this transaction; it cannot be rotated before the transaction ends.

    Raises
    ------
    MasterKeyMissing
        If the key's file is missing, and the database has data keys that were wrapped with it. A new file would make
        the missing one harder to restore.
    """
    lock_transaction_shared(connection, Lock.MASTER_KEY)
    _refuse_second_key(connection, settings)
    return active_master_key(settings)


def rotate_master_key(database: Database, settings: Settings) -> int:
    """Wrap all data keys with a new master key, in one transaction, and return their number.

    The new key is `SANTORIO_MASTER_KEY` if set; the old one is then `SANTORIO_PREVIOUS_MASTER_KEY` or the key file.
    Without settings a new key file replaces the old one. If the process is killed at any point, every data key can
    still be unwrapped, and a further call completes the rotation.

    Raises
    ------
    MasterKeyMissing
        If none of the available master keys unwraps a data key; then nothing changes.
    """
    with database.connect(autocommit=True) as connection:
        lock_session(connection, Lock.MASTER_KEY)
        _refuse_second_key(connection, settings)
        old_keys = available_master_keys(settings)
        new_key = _new_key(settings)
        with connection.transaction():
            rows = _wrapped_keys(connection)
            for user_id, wrapped in rows:
                # An interrupted rotation may have wrapped it with the new key already.
                data_key = unwrap([*old_keys, new_key], user_id, wrapped)
                connection.execute(
                    "update ops.garmin_accounts set wrapped_key = %s where user_id = %s",
                    [wrap(new_key, data_key), user_id],
                )
        # Remove the old key last: before the commit, data keys may still be wrapped with it.
        if settings.master_key is None:
            with file_errors(settings.master_key_path):
                settings.next_master_key_path.replace(settings.master_key_path)
                fsync_directory(settings.master_key_path.parent)
    return len(rows)


def _refuse_second_key(connection: psycopg.Connection, settings: Settings) -> None:
    """Raise MasterKeyMissing if a new key file would be created although data keys are wrapped with a missing one."""
    if settings.master_key is None and not settings.master_key_path.exists():
        for user_id, wrapped in _wrapped_keys(connection):
            unwrap(available_master_keys(settings), user_id, wrapped)


def _new_key(settings: Settings) -> MasterKey:
    """Return the key to rotate to: the setting's, otherwise that of the next key's file, created if missing."""
    if settings.master_key is not None:
        return active_master_key(settings)
    create_secret(settings.next_master_key_path)
    return MasterKey.of(read_secret_file(settings.next_master_key_path, if_exposed=COMPROMISED_KEY_HINT))


def _wrapped_keys(connection: psycopg.Connection) -> list[tuple[UUID, bytes]]:
    return connection.execute(
        "select user_id, wrapped_key from ops.garmin_accounts where wrapped_key is not null "
        "order by user_id for update"
    ).fetchall()
