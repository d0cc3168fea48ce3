"""What `santorio status` counts."""

import datetime as dt

from santorio.cli.status import count_records
from santorio.storage.event_log import UNDATED, Event, write_events


def test_events_without_a_day_do_not_count_for_the_first_day(database, person):
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
        counts = count_records(connection, person)
        assert (counts["events"], counts["first_day"], counts["last_day"]) == (
            3, dt.date(2026, 3, 1), dt.date(2026, 3, 2),
        )  # fmt: skip


def test_a_night_belongs_to_the_day_of_waking_and_a_plan_is_not_a_day(database, person):
    evening, planned = dt.datetime(2026, 3, 1, 22, tzinfo=dt.UTC), dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
    hour = dt.timedelta(hours=1)
    night = Event(
        person.user_id, evening, hour, "garmin.sleep", "garmin", "7/2026-03-02", {}, {"day": "2026-03-02"}
    )
    plan = Event(person.user_id, planned, None, "trial.protocol", "trial", "tea", {"trial": "tea"})
    recorded = Event(
        person.user_id, evening + 48 * hour, None, "trial.day", "trial", "tea/1", {"trial": "tea"}
    )
    with database.connect() as connection:
        write_events(connection, [night, plan, recorded])
        counts = count_records(connection, person)
    assert (counts["first_day"], counts["last_day"]) == (dt.date(2026, 3, 2), dt.date(2026, 3, 3))
