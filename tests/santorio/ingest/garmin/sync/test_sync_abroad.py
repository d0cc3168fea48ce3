"""Abroad, the night just slept is there in the morning: a sync goes by the clock on the wrist."""

import datetime as dt

import pytest

from santorio.people import Person, ensure_person
from santorio.simulator.files import simulate
from santorio.simulator.server import Account
from santorio.storage.database.engine import Database

DAY = dt.date(2026, 3, 20)
# Half past eight in the morning in Tokyo, where the person is; half past six the evening before in New York.
MORNING = dt.datetime(2026, 3, 19, 23, 30, tzinfo=dt.UTC)
SEED = 4
KINDS = ["daily_summary", "sleep", "hrv", "heart_rate"]


@pytest.fixture(scope="session")
def account() -> Account:
    """Somebody who lives by the clock of Tokyo."""
    life = simulate(days=12, seed=SEED, last_day=DAY + dt.timedelta(days=1), timezone="Asia/Tokyo")
    return Account("me@example.org", "correct-horse", life)


@pytest.fixture
def person(database: Database) -> Person:
    """The settings have them at home in New York."""
    with database.connect() as connection:
        return ensure_person(connection, "me", "America/New_York")


def test_the_night_just_slept_east_of_home_is_fetched_in_the_morning(my_home) -> None:
    home = my_home
    # The evening before, the zone of the settings was all that was known.
    home.server.now = MORNING - dt.timedelta(hours=12)
    [report] = home.sync(since=dt.date(2026, 3, 16), kinds=KINDS)
    assert report.status == "done"
    assert max(home.ledger("sleep")) == dt.date(2026, 3, 19)

    home.server.now = MORNING
    [report] = home.sync(kinds=KINDS)
    assert report.status == "done"
    assert max(home.ledger("sleep")) == DAY
    [(offset, woke_ms)] = home.rows(
        "select utc_offset, data -> 'dailySleepDTO' ->> 'sleepEndTimestampGMT' from raw.events"
        " where event_type = 'garmin.sleep' and metadata ->> 'day' = %s",
        str(DAY),
    )
    assert offset == dt.timedelta(hours=9)
    assert MORNING - dt.timedelta(hours=12) < dt.datetime.fromtimestamp(int(woke_ms) / 1000, dt.UTC) < MORNING
