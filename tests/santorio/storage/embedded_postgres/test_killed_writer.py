"""A writer that is killed in the middle leaves nothing half-done; run again, everything is there once."""

import datetime as dt
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from santorio.people import ensure_person
from santorio.settings import Settings
from santorio.storage.database.connect import open_database
from santorio.storage.event_log import Event, WriteResult, write_events

EVENTS = 200

WRITE = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_killed_writer import batch
from santorio.storage.database.connect import open_database
from santorio.storage.event_log import write_events
from santorio.people import ensure_person
from santorio.settings import Settings
with open_database(Settings(home=Path(sys.argv[1]))) as database, database.connect() as connection:
    me = ensure_person(connection, "me", "UTC")
    events = batch(me.user_id)
    connection.commit()
    write_events(connection, events[:100])
    if sys.argv[2] == "after the first batch":
        connection.commit()
    print("written", flush=True)
    write_events(connection, events[100:])
    time.sleep(600)
"""


def batch(user_id: uuid.UUID) -> list[Event]:
    first = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    return [
        Event(
            user_id=user_id, time=first + dt.timedelta(minutes=number), utc_offset=None, event_type="mood",
            source="log", natural_key=str(number), data={"rating": number},
        )
        for number in range(EVENTS)
    ]  # fmt: skip


@pytest.mark.parametrize("committed", ["nothing", "after the first batch"])
def test_after_a_kill_everything_is_there_once_when_it_is_run_again(home: Path, committed: str) -> None:
    command = [sys.executable, "-c", WRITE, home, committed, Path(__file__).parent]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.kill()
    with open_database(Settings(home=home)) as database:
        with database.connect() as connection:
            me = ensure_person(connection, "me", "UTC")
            result = write_events(connection, batch(me.user_id))
        known = 0 if committed == "nothing" else 100
        assert result == WriteResult(new=EVENTS - known, unchanged=known)
        with database.connect() as connection:
            counts = connection.execute(
                "select count(*), count(distinct event_id) from raw.events"
            ).fetchone()
        assert counts == (EVENTS, EVENTS)
