"""The master key can be changed at any time: all opens under the new one, or nothing has changed."""

import os
import signal
import subprocess
import sys
import time
import uuid

import psycopg
import pytest
from pydantic import SecretStr

from santorio.people import ensure_person
from santorio.privacy.encryption import (
    DataKey,
    MasterKey,
    MasterKeyMissing,
    active_master_key,
    available_master_keys,
    new_data_key,
    unwrap,
    wrap,
)
from santorio.privacy.key_rotation import encryption_key, rotate_master_key
from santorio.settings import Settings
from santorio.storage.database.engine import Database


def keep(database: Database, settings: Settings, name: str) -> DataKey:
    with database.connect() as connection:
        key = new_data_key(ensure_person(connection, name, "UTC").user_id)
        connection.execute(
            "insert into ops.garmin_accounts (user_id, state, wrapped_key) values (%s, 'needs_login', %s)",
            [key.user_id, wrap(encryption_key(connection, settings), key)],
        )
    return key


def wrapped(database: Database) -> dict[uuid.UUID, bytes]:
    with database.connect() as connection:
        return dict(connection.execute("select user_id, wrapped_key from ops.garmin_accounts").fetchall())


def opened(database: Database, settings: Settings) -> list[DataKey]:
    return [
        unwrap(available_master_keys(settings), who, key) for who, key in sorted(wrapped(database).items())
    ]


def with_keys(settings: Settings, **keys: str) -> Settings:
    return settings.model_copy(update={name: SecretStr(key) for name, key in keys.items()})


@pytest.fixture
def kept(database: Database, settings: Settings) -> list[DataKey]:
    return sorted((keep(database, settings, name) for name in ("a", "b", "c")), key=lambda key: key.user_id)


def test_a_new_key_file_takes_the_place_of_the_old_one(
    database: Database, settings: Settings, kept: list[DataKey]
) -> None:
    old = active_master_key(settings)
    assert rotate_master_key(database, settings) == 3
    assert active_master_key(settings) != old
    assert opened(database, settings) == kept
    for who, key in wrapped(database).items():
        with pytest.raises(MasterKeyMissing):
            unwrap([old], who, key)
    assert [file.name for file in settings.master_key_path.parent.iterdir()] == ["master.key"]


def test_a_key_goes_from_the_file_to_the_setting_and_from_setting_to_setting(
    database: Database, settings: Settings, kept: list[DataKey]
) -> None:
    first = with_keys(settings, master_key="1" * 32)
    assert rotate_master_key(database, first) == 3
    settings.master_key_path.unlink()
    assert opened(database, first) == kept
    second = with_keys(settings, master_key="2" * 32, previous_master_key="1" * 32)
    assert rotate_master_key(database, second) == 3
    assert opened(database, with_keys(settings, master_key="2" * 32)) == kept


def test_without_the_old_key_nothing_changes(
    database: Database, settings: Settings, kept: list[DataKey]
) -> None:
    before, old = wrapped(database), settings.master_key_path.read_bytes()
    settings.master_key_path.unlink()
    with pytest.raises(MasterKeyMissing):
        rotate_master_key(database, with_keys(settings, master_key="2" * 32))
    assert wrapped(database) == before
    settings.master_key_path.write_bytes(old)
    settings.master_key_path.chmod(0o600)
    assert opened(database, settings) == kept


def test_one_damaged_key_keeps_all_under_the_old_one(
    database: Database, settings: Settings, kept: list[DataKey]
) -> None:
    with database.connect() as connection:
        connection.execute(
            "update ops.garmin_accounts set wrapped_key = wrapped_key || 'x' where user_id = %s",
            [kept[2].user_id],
        )
    before = wrapped(database)
    with pytest.raises(Exception, match="damaged"):
        rotate_master_key(database, settings)
    assert wrapped(database) == before
    assert unwrap(available_master_keys(settings), kept[0].user_id, before[kept[0].user_id]) == kept[0]


def test_a_rotation_that_ended_before_the_files_changed_places_is_finished_by_the_next(
    database: Database, settings: Settings, kept: list[DataKey]
) -> None:
    settings.next_master_key_path.write_text("n" * 40)
    settings.next_master_key_path.chmod(0o600)
    with database.connect() as connection:
        connection.execute(
            "update ops.garmin_accounts set wrapped_key = %s where user_id = %s",
            [wrap(MasterKey.of(b"n" * 40), kept[0]), kept[0].user_id],
        )
    assert opened(database, settings) == kept
    late = keep(database, settings, "late")
    assert rotate_master_key(database, settings) == 4
    assert active_master_key(settings) == MasterKey.of(b"n" * 40)
    assert sorted(opened(database, settings), key=str) == sorted([*kept, late], key=str)


ROTATOR = """
import sys
from pathlib import Path
from santorio.storage.database.engine import Database
from santorio.privacy.key_rotation import rotate_master_key
from santorio.settings import Settings
url, home = sys.argv[1:]
print("ready", flush=True)
while True:
    rotate_master_key(Database(url, url), Settings(home=Path(home)))
"""


def test_killed_at_any_point_a_rotation_leaves_every_key_openable(
    database: Database, settings: Settings, kept: list[DataKey]
) -> None:
    for milliseconds in (3, 17, 41, 60):
        rotating = subprocess.Popen(
            [sys.executable, "-c", ROTATOR, database.url, str(settings.home)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert rotating.stdout is not None
        assert rotating.stdout.readline() == "ready\n"
        time.sleep(milliseconds / 1000)
        os.kill(rotating.pid, signal.SIGKILL)
        rotating.communicate()
        assert opened(database, settings) == kept


def test_encryption_during_a_rotation_waits_for_the_new_key(
    database: Database, settings: Settings, kept: list[DataKey]
) -> None:
    with database.connect() as encrypting:
        key = encryption_key(encrypting, settings)
        with psycopg.connect(database.url) as other:
            taken = other.execute("select pg_try_advisory_xact_lock(1616)").fetchone()
        assert taken == (False,)
        assert active_master_key(settings) == key
    assert rotate_master_key(database, settings) == 3
    with database.connect() as encrypting:
        assert encryption_key(encrypting, settings) != key


def test_a_lost_key_is_not_replaced_by_a_new_one(
    database: Database, settings: Settings, kept: list[DataKey]
) -> None:
    settings.master_key_path.unlink()
    for _ in range(2):
        with pytest.raises(MasterKeyMissing, match="Restore secrets"), database.connect() as connection:
            encryption_key(connection, settings)
        with pytest.raises(MasterKeyMissing):
            rotate_master_key(database, settings)
    assert list(settings.master_key_path.parent.iterdir()) == []
