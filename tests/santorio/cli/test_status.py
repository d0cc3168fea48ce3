"""What `santorio status` counts."""

import datetime as dt

from santorio.cli.reading import about
from santorio.events import UNDATED, Event, write_events


def test_what_is_about_no_day_makes_no_first_day(database, person):
    def event(time, offset, key):
        return Event(person.user_id, time, offset, "garmin.x", "garmin", key, {"value": 1})

    evening = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)
    with database.connect() as connection:
        write_events(
            connection,
            [
                event(UNDATED, None, "settings"),
                # in Berlin it is the 2nd already; in Lisbon it is not
                event(evening, None, "at home"),
                event(evening, dt.timedelta(0), "abroad"),
            ],
        )
        told = about(connection, person)
        assert (told["events"], told["first_day"], told["last_day"]) == (
            3, dt.date(2026, 3, 1), dt.date(2026, 3, 2),
        )  # fmt: skip
