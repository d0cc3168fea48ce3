"""The ledger is settled by runs, by `santorio coverage` and by every answer of Garmin's, at the same time."""

import datetime as dt
import threading
import time

import pytest

from santorio.ingest.coverage import settlement
from santorio.ingest.garmin import fetch as garmin_fetch
from santorio.ingest.garmin import ledger
from santorio.ingest.garmin.endpoints import BY_KIND
from santorio.ingest.garmin.sync_plan import Call

DAY, TODAY = dt.date(2026, 3, 16), dt.date(2026, 3, 20)


def test_an_answer_that_reopens_its_day_and_settling_wait_for_each_other(
    my_home, monkeypatch: pytest.MonkeyPatch
) -> None:
    [me] = my_home.people
    for _ in range(2):
        my_home.sync(since=DAY, until=DAY, kinds=("daily_summary", "body_battery"))
    with my_home.database.connect() as connection:
        # As if Garmin had had nothing of either, and a file had come later.
        connection.execute(
            "update ops.coverage set status = 'empty', content_hash = null,"
            " requested_at = requested_at - interval '9 hours'"
        )
        connection.execute("update raw.events set ingested_at = clock_timestamp()")
    settled: list[object] = []
    mark_provisional = ledger.mark_provisional

    def settle() -> None:
        with my_home.database.connect() as connection:
            settled.append(settlement.settle(connection, me.user_id, days=None, today=TODAY))

    def reopen_slowly(*arguments: object) -> object:
        other.start()
        time.sleep(0.7)  # long enough for the other to take its locks
        return mark_provisional(*arguments)  # type: ignore[arg-type]

    other = threading.Thread(target=settle)
    monkeypatch.setattr(ledger, "mark_provisional", reopen_slowly)
    [(summary,)] = my_home.rows("select data from raw.events where event_type = 'garmin.daily_summary'")
    with my_home.database.connect(autocommit=True) as connection:
        fetcher = garmin_fetch.Fetcher(connection, my_home.store, me, None, None, TODAY, my_home.server.now)
        outcome = fetcher._store(Call(BY_KIND["daily_summary"], DAY, DAY), [summary])
    other.join()
    assert (outcome.error, len(settled)) == (None, 1)


@pytest.mark.parametrize("odd", ["cut \ud83d", 2**70])
def test_an_answer_that_holds_what_no_json_can_is_refused_and_stops_nothing(my_home, odd: object) -> None:
    [me] = my_home.people
    answer = [
        {
            "activityId": 5,
            "startTimeGMT": "2026-03-16 10:00:00",
            "startTimeLocal": "2026-03-16 12:00:00",
            "activityName": odd,
        }
    ]
    with my_home.database.connect(autocommit=True) as connection:
        fetcher = garmin_fetch.Fetcher(connection, my_home.store, me, None, None, TODAY, my_home.server.now)
        outcome = fetcher._store(Call(BY_KIND["activity"], DAY, DAY), answer)
    assert outcome.error is not None
    assert my_home.rows("select count(*) from ops.rejected_records") == [(1,)]
